#include <fmt/format.h>

#include <utility>

#include "corpus/table_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr arrow_abi::TableLimits kLimits = {
    .decode_bytes_max = kTableDecodeBytesMax,
    .metadata_bytes_max = kTableMetadataBytesMax,
    .batch_bytes = kTableBatchBytes,
    .parts_max = kTablePartsMax,
    .columns_max = kTableColumnsMax};

}  // namespace

Result<std::shared_ptr<const Table>> Table::OpenFile(FileDescriptor file) {
  TRY_ASSIGN(const arrow_abi::Api* api, ArrowPlugin());
  arrow_abi::File* opened = nullptr;
  arrow_abi::Failure failure;
  const arrow_abi::Outcome outcome =
      api->file_adopt(file.Release(), &opened, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, "open");
  return Open(api, nullptr, FileHandle(opened, {api}));
}

Result<std::shared_ptr<const Table>> Table::OpenBytes(std::string bytes) {
  TRY_ASSIGN(const arrow_abi::Api* api, ArrowPlugin());
  auto kept = std::make_shared<const std::string>(std::move(bytes));
  arrow_abi::File* opened = nullptr;
  arrow_abi::Failure failure;
  const arrow_abi::Outcome outcome =
      api->file_borrow(ArrowText(*kept), &opened, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, "open");
  return Open(api, std::const_pointer_cast<std::string>(kept),
              FileHandle(opened, {api}));
}

Result<std::shared_ptr<const Table>> Table::OpenObject(
    std::shared_ptr<arrow_abi::Store> store, std::string_view name) {
  TRY_ASSIGN(const arrow_abi::Api* api, ArrowPlugin());
  arrow_abi::File* opened = nullptr;
  arrow_abi::Failure failure;
  const arrow_abi::Outcome outcome =
      api->file_open(store.get(), ArrowText(name), &opened, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, "open");
  return Open(api, std::move(store), FileHandle(opened, {api}));
}

Result<std::shared_ptr<const Table>> Table::Open(const arrow_abi::Api* api,
                                                 std::shared_ptr<void> kept,
                                                 FileHandle file) {
  auto table = std::make_shared<Table>();
  table->api_ = api;
  table->kept_ = std::move(kept);
  table->file_ = std::move(file);
  arrow_abi::Table* opened = nullptr;
  arrow_abi::Failure failure;
  arrow_abi::Outcome outcome = api->table_open(
      table->file_.get(), &kLimits, &opened, &table->info_, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, "table");
  table->table_ = TableHandle(opened, {api});
  ArrowOwned<ArrowSchema> schema;
  outcome = api->table_schema(opened, schema.get(), &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, "schema");
  table->columns_ = ReadColumns(*schema);
  return std::shared_ptr<const Table>(std::move(table));
}

arrow_abi::PartInfo Table::part(uint64_t number) const {
  arrow_abi::PartInfo info;
  api_->table_part(table_.get(), number, &info);
  return info;
}

Result<PartHandle> Table::OpenPart(uint64_t number,
                                   const std::vector<uint32_t>& wanted) const {
  arrow_abi::Part* part = nullptr;
  arrow_abi::Failure failure;
  const arrow_abi::Outcome outcome =
      api_->part_open(table_.get(), number, wanted.data(),
                      static_cast<uint32_t>(wanted.size()), &part, &failure);
  if (outcome != arrow_abi::Outcome::kOk)
    return ArrowError(outcome, failure, fmt::format("part {}", number));
  return PartHandle(part, {api_});
}

}  // namespace cofferdam::corpus
