#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/io/buffered.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <limits>
#include <numeric>
#include <utility>

#include "corpus/arrow/ipc_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

constexpr int64_t kReadAheadBytes = int64_t{1} << 20;
constexpr int64_t kRemoteReadAheadBytes = int64_t{8} << 20;
// "ARROW1" and two bytes of padding; then the stream that a file holds.
constexpr int64_t kFileHeadBytes = 8;

arrow::ipc::IpcReadOptions Options(const std::vector<int>& columns,
                                   arrow::MemoryPool* pool) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  options.included_fields = columns;
  return options;
}

// Texts as bytes, since a text that is not UTF-8 breaks no rule of memory.
std::shared_ptr<arrow::DataType> AsBytes(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
      return arrow::binary();
    case arrow::Type::LARGE_STRING:
      return arrow::large_binary();
    case arrow::Type::STRING_VIEW:
      return arrow::binary_view();
    default:
      return nullptr;
  }
}

// The same array, its texts named bytes. Types of containers keep the names of
// their members, so that the tree stays well formed.
std::shared_ptr<arrow::ArrayData> WithBytes(const arrow::ArrayData& data) {
  auto copy = data.Copy();
  if (auto bytes = AsBytes(*data.type)) {
    copy->type = std::move(bytes);
    return copy;
  }
  const auto child = [&](size_t i) {
    copy->child_data[i] = WithBytes(*data.child_data[i]);
    return copy->child_data[i]->type;
  };
  switch (data.type->id()) {
    case arrow::Type::LIST:
      copy->type = arrow::list(child(0));
      break;
    case arrow::Type::LARGE_LIST:
      copy->type = arrow::large_list(child(0));
      break;
    case arrow::Type::FIXED_SIZE_LIST:
      copy->type = arrow::fixed_size_list(
          child(0),
          static_cast<const arrow::FixedSizeListType&>(*data.type).list_size());
      break;
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (size_t i = 0; i < data.child_data.size(); ++i)
        fields.push_back(
            data.type->field(static_cast<int>(i))->WithType(child(i)));
      copy->type = arrow::struct_(std::move(fields));
      break;
    }
    case arrow::Type::DICTIONARY: {
      const auto& type = static_cast<const arrow::DictionaryType&>(*data.type);
      if (data.dictionary == nullptr) break;
      copy->dictionary = WithBytes(*data.dictionary);
      copy->type = arrow::dictionary(type.index_type(), copy->dictionary->type);
      break;
    }
    default:
      break;
  }
  return copy;
}

// Whether every offset and length of the batch lies within its buffers: what
// reads it later knows nothing of their sizes.
arrow::Status Check(const arrow::RecordBatch& batch) {
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (batch.column_data(i)->length != batch.num_rows())
      return arrow::Status::Invalid("columns of different lengths");
    ARROW_RETURN_NOT_OK(
        arrow::MakeArray(WithBytes(*batch.column_data(i)))->ValidateFull());
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::io::InputStream>> StreamOf(
    const File& file, int64_t begin, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto from_there,
                        arrow::io::RandomAccessFile::GetStream(
                            file.bytes, begin, file.size - begin));
  return arrow::io::BufferedInputStream::Create(
      file.remote ? kRemoteReadAheadBytes : kReadAheadBytes, pool,
      std::move(from_there));
}

// One batch of a file, by its number in the footer, or all of them.
class FilePart : public IpcPart {
 public:
  FilePart(const IpcTable& table, int begin, int end)
      : IpcPart(table.limits.decode_bytes_max), next_(begin), end_(end) {}

  arrow::Status Open(const File& file, const std::vector<int>& columns) {
    ARROW_ASSIGN_OR_RAISE(reader_,
                          arrow::ipc::RecordBatchFileReader::Open(
                              file.bytes, Options(columns, allowance->pool())));
    end_ = std::min(end_, reader_->num_record_batches());
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (next_ >= end_) return nullptr;
    ARROW_ASSIGN_OR_RAISE(auto read,
                          reader_->ReadRecordBatchWithCustomMetadata(next_++));
    ARROW_RETURN_NOT_OK(Check(*read.batch));
    metadata = read.custom_metadata;
    return read.batch;
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader_;
  int next_;
  int end_;
};

// All batches of a stream in turn.
class StreamPart : public IpcPart {
 public:
  explicit StreamPart(const IpcTable& table)
      : IpcPart(table.limits.decode_bytes_max) {}

  arrow::Status Open(const File& file, const std::vector<int>& columns) {
    ARROW_ASSIGN_OR_RAISE(auto stream, StreamOf(file, 0, allowance->pool()));
    ARROW_ASSIGN_OR_RAISE(reader_,
                          arrow::ipc::RecordBatchStreamReader::Open(
                              stream, Options(columns, allowance->pool())));
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto read, reader_->ReadNext());
    if (read.batch == nullptr) return nullptr;
    ARROW_RETURN_NOT_OK(Check(*read.batch));
    metadata = read.custom_metadata;
    return read.batch;
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader_;
};

// One batch of a stream without dictionaries, where it stands.
class MessagePart : public IpcPart {
 public:
  MessagePart(const IpcTable& table, const Messages::Batch& place,
              std::vector<int> columns)
      : IpcPart(table.limits.decode_bytes_max),
        table_(table),
        place_(place),
        columns_(std::move(columns)) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (std::exchange(done_, true)) return nullptr;
    if (static_cast<uint64_t>(place_.bytes) > table_.limits.decode_bytes_max)
      return arrow::Status::CapacityError("a batch of ", place_.bytes,
                                          " bytes");
    ARROW_ASSIGN_OR_RAISE(auto bytes,
                          arrow::io::RandomAccessFile::GetStream(
                              table_.file.bytes, place_.offset, place_.bytes));
    ARROW_ASSIGN_OR_RAISE(
        auto message, arrow::ipc::ReadMessage(bytes.get(), allowance->pool()));
    if (message == nullptr) return arrow::Status::Invalid("a batch is gone");
    ARROW_ASSIGN_OR_RAISE(
        auto batch,
        arrow::ipc::ReadRecordBatch(*message, table_.schema, nullptr,
                                    Options(columns_, allowance->pool())));
    ARROW_RETURN_NOT_OK(Check(*batch));
    if (message->custom_metadata() != nullptr)
      metadata = message->custom_metadata()->Copy();
    return batch;
  }

 private:
  const IpcTable& table_;
  Messages::Batch place_;
  std::vector<int> columns_;
  bool done_ = false;
};

arrow::Status ReadSchema(IpcTable* table) {
  const std::vector<int> all;
  arrow::MemoryPool* pool = arrow::system_memory_pool();
  if (table->info.format == Format::kArrowFile) {
    ARROW_ASSIGN_OR_RAISE(auto reader,
                          arrow::ipc::RecordBatchFileReader::Open(
                              table->file.bytes, Options(all, pool)));
    table->schema = reader->schema();
    // A footer may name batches elsewhere than one after the other.
    table->whole =
        table->whole || reader->num_record_batches() !=
                            static_cast<int>(table->messages.batches.size());
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto stream, StreamOf(table->file, 0, pool));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(
                                         stream, Options(all, pool)));
  table->schema = reader->schema();
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<Part>> IpcTable::OpenPart(
    uint64_t part, const std::vector<int>& columns) {
  // Arrow takes no columns for all of them.
  if (columns.empty())
    return arrow::Status::UnknownError("no column is asked for");
  if (info.format == Format::kArrowFile) {
    const int begin = whole ? 0 : static_cast<int>(part);
    const int end = whole ? std::numeric_limits<int>::max() : begin + 1;
    auto opened = std::make_unique<FilePart>(*this, begin, end);
    ARROW_RETURN_NOT_OK(opened->Open(file, columns));
    return opened;
  }
  if (whole) {
    auto opened = std::make_unique<StreamPart>(*this);
    ARROW_RETURN_NOT_OK(opened->Open(file, columns));
    return opened;
  }
  return std::make_unique<MessagePart>(*this, messages.batches[part], columns);
}

arrow::Result<std::unique_ptr<Table>> OpenArrow(const File& file,
                                                const TableLimits& limits,
                                                Format format) {
  auto table = std::make_unique<IpcTable>();
  table->file = file;
  table->limits = limits;
  table->info.format = format;
  table->whole = file.remote;
  if (!file.remote) {
    ARROW_ASSIGN_OR_RAISE(
        table->messages,
        FindMessages(file, format == Format::kArrowFile ? kFileHeadBytes : 0,
                     limits));
  }
  if (format == Format::kArrowStream && table->messages.dictionaries)
    table->whole = true;
  ARROW_RETURN_NOT_OK(ReadSchema(table.get()));
  if (table->whole) {
    table->parts.push_back({0, 0, static_cast<uint64_t>(file.size)});
    return table;
  }
  // A file's footer tells; a stream has none, and would seem to be whole.
  if (const auto cut = table->messages.cut;
      cut && format == Format::kArrowStream)
    table->messages.batches.push_back({*cut, file.size - *cut, 0});
  uint64_t row = 0;
  for (const Messages::Batch& batch : table->messages.batches) {
    table->parts.push_back({row, static_cast<uint64_t>(batch.rows),
                            static_cast<uint64_t>(batch.bytes)});
    row += static_cast<uint64_t>(batch.rows);
  }
  return table;
}

}  // namespace cofferdam::corpus::arrow_abi
