#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "corpus/arrow_plugin_internal.h"
#include "corpus/row_reader_internal.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {

// Memory that one worker may use to decode a table; of its footer and schema;
// and of the rows that are decoded at once, unless one row is larger.
inline constexpr uint64_t kTableDecodeBytesMax = uint64_t{512} << 20;
inline constexpr uint64_t kTableMetadataBytesMax = uint64_t{128} << 20;
inline constexpr uint64_t kTableBatchBytes = uint64_t{4} << 20;
// Row groups or batches, and columns, of one table.
inline constexpr uint64_t kTablePartsMax = 1'000'000;
inline constexpr uint64_t kTableColumnsMax = 100'000;
// A table within an archive is read into memory; a larger one is passed over.
inline constexpr size_t kTableInMemoryBytesMax = size_t{256} << 20;

// A Parquet or Arrow file, its schema read. Any thread may read its parts.
class Table {
 public:
  static Result<std::shared_ptr<const Table>> OpenFile(FileDescriptor file);
  static Result<std::shared_ptr<const Table>> OpenBytes(std::string bytes);
  // Keeps `store` as long as it lives.
  static Result<std::shared_ptr<const Table>> OpenObject(
      std::shared_ptr<arrow_abi::Store> store, std::string_view name);

  uint64_t parts() const { return info_.parts; }
  arrow_abi::PartInfo part(uint64_t number) const;
  arrow_abi::Format format() const { return info_.format; }
  const std::vector<Column>& columns() const { return columns_; }

  // Rows of one part, of the columns `wanted`, which are ascending.
  Result<PartHandle> OpenPart(uint64_t number,
                              const std::vector<uint32_t>& wanted) const;

  const arrow_abi::Api* api() const { return api_; }
  arrow_abi::Table* handle() const { return table_.get(); }

 private:
  static Result<std::shared_ptr<const Table>> Open(const arrow_abi::Api* api,
                                                   std::shared_ptr<void> kept,
                                                   FileHandle file);

  const arrow_abi::Api* api_ = nullptr;
  std::shared_ptr<void> kept_;  // bytes or store
  FileHandle file_;
  TableHandle table_;
  arrow_abi::TableInfo info_ = {};
  std::vector<Column> columns_;
};

// Whether a name says that a file is a table.
bool IsTableName(std::string_view lower_case_name);

// One chunk for each part of the table. Workers add to `done`, if it is not
// null, the bytes of the parts that they have read.
std::unique_ptr<ChunkStream> StreamTable(
    std::shared_ptr<const Table> table, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared,
    std::shared_ptr<std::atomic<uint64_t>> done);

// Of a file on disk; why it cannot be read is what the stream then gives.
std::unique_ptr<ChunkStream> UnpackTableFile(
    FileDescriptor file, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared,
    std::shared_ptr<std::atomic<uint64_t>> done);

// Of one that must be read into memory, now.
std::unique_ptr<ChunkStream> UnpackTable(
    ByteSource* bytes, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared);

}  // namespace cofferdam::corpus
