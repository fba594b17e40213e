#pragma once

#include <parquet/arrow/reader.h>
#include <parquet/metadata.h>

#include <memory>
#include <vector>

#include "corpus/arrow/plugin_internal.h"

namespace cofferdam::corpus::arrow_abi {

struct ParquetTable : Table {
  // A reader of its own for each part: they share the file and its footer.
  arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> Reader(
      arrow::MemoryPool* pool) const;
  arrow::Result<std::unique_ptr<Part>> OpenPart(
      uint64_t part, const std::vector<int>& columns) override;
  arrow::Result<std::unique_ptr<Rewrite>> OpenRewrite(Output* output) override;

  File file;
  LentAllowance allowance;  // of the footer
  std::shared_ptr<parquet::FileMetaData> metadata;
};

}  // namespace cofferdam::corpus::arrow_abi
