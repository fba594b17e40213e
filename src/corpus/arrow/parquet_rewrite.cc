// A Parquet file written anew as another one is laid out: the same schema,
// key-value metadata, codecs, and row groups.

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>

#include <limits>
#include <numeric>

#include "corpus/arrow/parquet_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

struct Layout {
  std::shared_ptr<parquet::WriterProperties> writer;
  std::shared_ptr<parquet::ArrowWriterProperties> arrow;
};

// What of the first row group says how its columns were written.
void CopyColumns(const parquet::RowGroupMetaData& group,
                 parquet::WriterProperties::Builder* builder) {
  bool page_index = false;
  for (int i = 0; i < group.num_columns(); ++i) {
    auto column = group.ColumnChunk(i);
    const auto path = column->path_in_schema();
    builder->compression(path, column->compression());
    if (column->has_dictionary_page())
      builder->enable_dictionary(path);
    else
      builder->disable_dictionary(path);
    if (column->is_stats_set())
      builder->enable_statistics(path);
    else
      builder->disable_statistics(path);
    page_index = page_index || column->GetColumnIndexLocation().has_value();
    for (const parquet::PageEncodingStats& pages : column->encoding_stats()) {
      if (pages.page_type == parquet::PageType::DATA_PAGE_V2)
        builder->data_page_version(parquet::ParquetDataPageVersion::V2);
    }
  }
  if (page_index)
    builder->enable_write_page_index();
  else
    builder->disable_write_page_index();
}

// Writers differ in how they lay out lists, times and decimals. Takes the first
// way of ours that gives the very schema of the file.
arrow::Result<Layout> FindLayout(const parquet::FileMetaData& metadata,
                                 const arrow::Schema& schema) {
  using parquet::ParquetVersion;
  for (const auto version :
       {ParquetVersion::PARQUET_2_6, ParquetVersion::PARQUET_2_4,
        ParquetVersion::PARQUET_1_0}) {
    for (int way = 0; way < 8; ++way) {
      parquet::WriterProperties::Builder builder;
      builder.memory_pool(arrow::system_memory_pool());
      builder.version(version);
      builder.max_row_group_length(std::numeric_limits<int64_t>::max());
      if (metadata.num_row_groups() > 0)
        CopyColumns(*metadata.RowGroup(0), &builder);
      if ((way & 4) != 0) builder.enable_store_decimal_as_integer();
      parquet::ArrowWriterProperties::Builder arrow_builder;
      if ((way & 1) != 0)
        arrow_builder.disable_compliant_nested_types();
      else
        arrow_builder.enable_compliant_nested_types();
      if ((way & 2) != 0) arrow_builder.enable_deprecated_int96_timestamps();
      const Layout layout = {builder.build(), arrow_builder.build()};
      std::shared_ptr<parquet::SchemaDescriptor> made;
      ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(
          &schema, *layout.writer, *layout.arrow, &made));
      if (made->Equals(*metadata.schema())) return layout;
    }
  }
  return arrow::Status::NotImplemented(
      "its schema cannot be written again as it is");
}

class ParquetRewrite : public Rewrite {
 public:
  ParquetRewrite(ParquetTable* table, Output* output)
      : table_(*table), output_(*output) {}

  arrow::Status Open() {
    // The metadata goes in at the end, byte for byte.
    const auto schema = table_.schema->RemoveMetadata();
    ARROW_ASSIGN_OR_RAISE(const Layout layout,
                          FindLayout(*table_.metadata, *schema));
    ARROW_ASSIGN_OR_RAISE(
        writer_, parquet::arrow::FileWriter::Open(
                     *schema, arrow::system_memory_pool(), output_.stream,
                     layout.writer, layout.arrow));
    columns_.resize(static_cast<size_t>(schema->num_fields()));
    std::iota(columns_.begin(), columns_.end(), 0);
    return arrow::Status::OK();
  }

  arrow::Status Write(uint64_t part, const PartEdits& edits) override {
    ARROW_ASSIGN_OR_RAISE(auto rows, table_.OpenPart(part, columns_));
    BatchEdits batch_edits = {&edits, 0};
    bool begun = false;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, rows->Next());
      if (batch == nullptr) return arrow::Status::OK();
      ARROW_ASSIGN_OR_RAISE(auto edited, Apply(batch_edits, batch));
      batch_edits.first_row += static_cast<uint64_t>(batch->num_rows());
      if (edited->num_rows() == 0) continue;
      if (!begun) ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
      begun = true;
      ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*edited));
    }
  }

  arrow::Status Finish() override {
    if (table_.metadata->key_value_metadata() != nullptr)
      ARROW_RETURN_NOT_OK(
          writer_->AddKeyValueMetadata(table_.metadata->key_value_metadata()));
    return writer_->Close();
  }

 private:
  ParquetTable& table_;
  Output& output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<int> columns_;
};

}  // namespace

arrow::Result<std::unique_ptr<Rewrite>> ParquetTable::OpenRewrite(
    Output* output) {
  auto made = std::make_unique<ParquetRewrite>(this, output);
  ARROW_RETURN_NOT_OK(made->Open());
  return made;
}

}  // namespace cofferdam::corpus::arrow_abi
