// A Parquet file: a part is a row group, and a worker decodes it in batches of
// a few megabytes, page by page.

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>

#include "corpus/arrow/parquet_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

// Of one column, read ahead of the page that is decoded.
constexpr int64_t kReadAheadBytes = int64_t{1} << 20;
constexpr int64_t kRemoteReadAheadBytes = int64_t{8} << 20;
constexpr int64_t kBatchRowsMax = 8'192;
// Each time that a batch does not fit it is tried with fewer rows.
constexpr int64_t kBatchShrink = 16;
constexpr int32_t kSchemaDepthMax = 64;

void AddLeaves(const parquet::arrow::SchemaField& field,
               std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) AddLeaves(child, leaves);
}

std::vector<int> Leaves(const parquet::arrow::SchemaManifest& manifest,
                        const std::vector<int>& columns) {
  std::vector<int> leaves;
  for (int column : columns)
    AddLeaves(manifest.schema_fields[static_cast<size_t>(column)], &leaves);
  return leaves;
}

class ParquetPart : public Part {
 public:
  ParquetPart(const ParquetTable* table, int group, std::vector<int> columns)
      : Part(table->limits.decode_bytes_max),
        table_(*table),
        group_(group),
        columns_(std::move(columns)) {}

  arrow::Status Open() {
    ARROW_ASSIGN_OR_RAISE(reader_, table_.Reader(allowance->pool()));
    leaves_ = Leaves(reader_->manifest(), columns_);
    auto group = table_.metadata->RowGroup(group_);
    int64_t bytes = 1;
    for (int leaf : leaves_)
      bytes += std::max<int64_t>(
          0, group->ColumnChunk(leaf)->total_uncompressed_size());
    const int64_t rows = std::max<int64_t>(1, group->num_rows());
    const int64_t row_bytes = std::max<int64_t>(1, bytes / rows);
    batch_rows_ = std::clamp<int64_t>(
        static_cast<int64_t>(table_.limits.batch_bytes) / row_bytes, 1,
        kBatchRowsMax);
    return Begin();
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      arrow::Status status = Read(&batch);
      if (status.ok()) {
        given_ += batch == nullptr ? 0 : batch->num_rows();
        return batch;
      }
      if (!(status.IsOutOfMemory() || status.IsCapacityError()) ||
          batch_rows_ == 1)
        return status;
      // Texts may differ in size by much more than their mean tells.
      batch_rows_ = std::max<int64_t>(1, batch_rows_ / kBatchShrink);
      ARROW_RETURN_NOT_OK(Again());
    }
  }

 private:
  arrow::Status Begin() {
    reader_->set_batch_size(batch_rows_);
    ARROW_ASSIGN_OR_RAISE(batches_,
                          reader_->GetRecordBatchReader({group_}, leaves_));
    return arrow::Status::OK();
  }

  arrow::Status Read(std::shared_ptr<arrow::RecordBatch>* batch) {
    // Parquet throws where it reads pages, whatever its signatures say.
    try {
      return batches_->ReadNext(batch);
    } catch (const parquet::ParquetStatusException& thrown) {
      return thrown.status();
    }
  }

  // From the first row that was not given, with smaller batches.
  arrow::Status Again() {
    batches_.reset();
    ARROW_RETURN_NOT_OK(Begin());
    int64_t rows = 0;
    while (rows < given_) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(Read(&batch));
      if (batch == nullptr) return arrow::Status::Invalid("rows went missing");
      rows += batch->num_rows();
      if (rows > given_)
        return arrow::Status::CapacityError("rows are too large");
    }
    return arrow::Status::OK();
  }

  const ParquetTable& table_;
  int group_;
  std::vector<int> columns_;
  std::vector<int> leaves_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  int64_t batch_rows_ = 1;
  int64_t given_ = 0;
};

}  // namespace

arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> ParquetTable::Reader(
    arrow::MemoryPool* pool) const {
  parquet::ReaderProperties properties(pool);
  properties.enable_buffered_stream();
  properties.set_buffer_size(file.remote ? kRemoteReadAheadBytes
                                         : kReadAheadBytes);
  properties.set_schema_depth_limit(kSchemaDepthMax);
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_pre_buffer(false);
  return parquet::arrow::FileReader::Make(
      pool, parquet::ParquetFileReader::Open(file.bytes, properties, metadata),
      arrow_properties);
}

arrow::Result<std::unique_ptr<Part>> ParquetTable::OpenPart(
    uint64_t part, const std::vector<int>& columns) {
  auto opened =
      std::make_unique<ParquetPart>(this, static_cast<int>(part), columns);
  ARROW_RETURN_NOT_OK(opened->Open());
  return opened;
}

arrow::Result<std::unique_ptr<Table>> OpenParquet(const File& file,
                                                  const TableLimits& limits) {
  auto table = std::make_unique<ParquetTable>();
  table->file = file;
  table->limits = limits;
  table->info.format = Format::kParquet;
  table->allowance.reset(Allowance::Lend(limits.metadata_bytes_max));
  ARROW_ASSIGN_OR_RAISE(auto reader, table->Reader(table->allowance->pool()));
  table->metadata = reader->parquet_reader()->metadata();
  ARROW_RETURN_NOT_OK(reader->GetSchema(&table->schema));
  const int groups = table->metadata->num_row_groups();
  if (static_cast<uint64_t>(groups) > limits.parts_max)
    return arrow::Status::CapacityError("it has more row groups than ",
                                        limits.parts_max);
  uint64_t row = 0;
  for (int i = 0; i < groups; ++i) {
    auto group = table->metadata->RowGroup(i);
    if (group->num_rows() < 0)
      return arrow::Status::Invalid("a row group has fewer than no rows");
    const auto rows = static_cast<uint64_t>(group->num_rows());
    const int64_t bytes = group->total_compressed_size() > 0
                              ? group->total_compressed_size()
                              : file.size / groups;
    table->parts.push_back(
        {row, rows, static_cast<uint64_t>(std::min(bytes, file.size))});
    row += rows;
  }
  return table;
}

}  // namespace cofferdam::corpus::arrow_abi
