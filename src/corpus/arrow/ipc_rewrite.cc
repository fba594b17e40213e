// An Arrow file or stream written anew: the same schema, batches, compression
// and metadata.

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <numeric>

#include "corpus/arrow/ipc_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

class IpcRewrite : public Rewrite {
 public:
  IpcRewrite(IpcTable* table, Output* output)
      : table_(*table), output_(*output) {}

  arrow::Status Open() {
    columns_.resize(static_cast<size_t>(table_.schema->num_fields()));
    std::iota(columns_.begin(), columns_.end(), 0);
    auto options = arrow::ipc::IpcWriteOptions::Defaults();
    options.memory_pool = arrow::system_memory_pool();
    options.use_threads = false;
    if (table_.messages.codec.has_value()) {
      ARROW_ASSIGN_OR_RAISE(options.codec,
                            arrow::util::Codec::Create(*table_.messages.codec));
    }
    if (table_.info.format == Format::kArrowStream) {
      return arrow::ipc::MakeStreamWriter(output_.stream, table_.schema,
                                          options)
          .Value(&writer_);
    }
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(
                                           table_.file.bytes));
    return arrow::ipc::MakeFileWriter(output_.stream, table_.schema, options,
                                      reader->metadata())
        .Value(&writer_);
  }

  arrow::Status Write(uint64_t part, const PartEdits& edits) override {
    ARROW_ASSIGN_OR_RAISE(auto opened, table_.OpenPart(part, columns_));
    auto& rows = static_cast<IpcPart&>(*opened);
    BatchEdits batch_edits = {&edits, 0};
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, rows.Next());
      if (batch == nullptr) return arrow::Status::OK();
      ARROW_ASSIGN_OR_RAISE(auto edited, Apply(batch_edits, batch));
      batch_edits.first_row += static_cast<uint64_t>(batch->num_rows());
      if (edited->num_rows() == 0 && batch->num_rows() > 0) continue;
      ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*edited, rows.metadata));
    }
  }

  arrow::Status Finish() override { return writer_->Close(); }

 private:
  IpcTable& table_;
  Output& output_;
  std::vector<int> columns_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

arrow::Result<std::unique_ptr<Rewrite>> IpcTable::OpenRewrite(Output* output) {
  auto made = std::make_unique<IpcRewrite>(this, output);
  ARROW_RETURN_NOT_OK(made->Open());
  return made;
}

}  // namespace cofferdam::corpus::arrow_abi
