// The entry point of libcofferdam_arrow.so, and what every call of it has in
// common: nothing is thrown across, what fails is said in words.

#include <arrow/c/bridge.h>
#include <arrow/config.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/io_util.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "corpus/arrow/plugin_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

Outcome OutcomeOf(const arrow::Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return Outcome::kTooLarge;
    case arrow::StatusCode::NotImplemented:
      return Outcome::kUnsupported;
    case arrow::StatusCode::IOError: {
      // Without a number of the system it is what a decoder says of bytes.
      const int number = arrow::internal::ErrnoFromStatus(status);
      if (number == ENOENT) return Outcome::kNotFound;
      return number == 0 && status.detail() == nullptr ? Outcome::kInvalid
                                                       : Outcome::kUnavailable;
    }
    case arrow::StatusCode::UnknownError:
      return Outcome::kInternal;
    default:
      return Outcome::kInvalid;
  }
}

constexpr char kParquetMagic[] = "PAR1";
constexpr char kParquetEncryptedMagic[] = "PARE";
constexpr char kArrowFileMagic[] = "ARROW1";

arrow::Result<std::unique_ptr<Table>> Open(const File& file,
                                           const TableLimits& limits) {
  char head[8] = {};
  ARROW_ASSIGN_OR_RAISE(const int64_t read,
                        file.bytes->ReadAt(0, sizeof(head), head));
  const std::string_view begin(head, static_cast<size_t>(read));
  if (begin.starts_with(kParquetEncryptedMagic))
    return arrow::Status::NotImplemented("its footer is encrypted");
  if (begin.starts_with(kParquetMagic)) return OpenParquet(file, limits);
  return OpenArrow(file, limits,
                   begin.starts_with(kArrowFileMagic) ? Format::kArrowFile
                                                      : Format::kArrowStream);
}

Outcome TableOpen(File* file, const TableLimits* limits, Table** table,
                  TableInfo* info, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto opened, Open(*file, *limits));
    if (static_cast<uint64_t>(opened->schema->num_fields()) >
        limits->columns_max)
      return arrow::Status::CapacityError("it has more columns than ",
                                          limits->columns_max);
    opened->info.parts = opened->parts.size();
    *info = opened->info;
    *table = opened.release();
    return arrow::Status::OK();
  });
}

Outcome TableSchema(Table* table, ArrowSchema* schema, Failure* failure) {
  return Guard(failure,
               [&] { return arrow::ExportSchema(*table->schema, schema); });
}

void TablePart(const Table* table, uint64_t part, PartInfo* info) {
  *info = part < table->parts.size() ? table->parts[part] : PartInfo{};
}

void TableClose(Table* table) { delete table; }

Outcome PartOpen(Table* table, uint64_t part, const uint32_t* columns,
                 uint32_t column_count, Part** opened, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    const std::vector<int> wanted(columns, columns + column_count);
    if (part >= table->parts.size() ||
        !std::is_sorted(wanted.begin(), wanted.end()) ||
        (!wanted.empty() && wanted.back() >= table->schema->num_fields()))
      return arrow::Status::UnknownError("no such part or column");
    ARROW_ASSIGN_OR_RAISE(auto made, table->OpenPart(part, wanted));
    *opened = made.release();
    return arrow::Status::OK();
  });
}

Outcome PartNext(Part* part, ArrowArray* rows, Failure* failure) {
  rows->release = nullptr;
  return Guard(failure, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto batch, part->Next());
    if (batch == nullptr) return arrow::Status::OK();
    return arrow::ExportRecordBatch(*batch, rows);
  });
}

void PartClose(Part* part) { delete part; }

Outcome RewriteOpen(Table* table, Output* output, Rewrite** rewrite,
                    Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto made, table->OpenRewrite(output));
    *rewrite = made.release();
    return arrow::Status::OK();
  });
}

Outcome RewritePart(Rewrite* rewrite, uint64_t part, const PartEdits* edits,
                    Failure* failure) {
  return Guard(failure, [&] { return rewrite->Write(part, *edits); });
}

Outcome RewriteFinish(Rewrite* rewrite, Failure* failure) {
  return Guard(failure, [&] { return rewrite->Finish(); });
}

void RewriteClose(Rewrite* rewrite) { delete rewrite; }

constexpr Api kApi = {
    .version = kVersion,
    .bytes = sizeof(Api),
    .arrow_version = ARROW_VERSION_STRING,
    .store_open = StoreOpen,
    .store_close = StoreClose,
    .store_list = StoreList,
    .file_open = FileOpen,
    .file_adopt = FileAdopt,
    .file_borrow = FileBorrow,
    .file_bytes = FileBytes,
    .file_read = FileRead,
    .file_close = FileClose,
    .output_open = OutputOpen,
    .output_write = OutputWrite,
    .output_finish = OutputFinish,
    .output_close = OutputClose,
    .table_open = TableOpen,
    .table_schema = TableSchema,
    .table_part = TablePart,
    .table_close = TableClose,
    .part_open = PartOpen,
    .part_next = PartNext,
    .part_close = PartClose,
    .rewrite_open = RewriteOpen,
    .rewrite_part = RewritePart,
    .rewrite_finish = RewriteFinish,
    .rewrite_close = RewriteClose,
};

}  // namespace

Outcome Fail(const arrow::Status& status, Failure* failure) noexcept {
  try {
    const std::string message = status.message();
    const size_t bytes = std::min(message.size(), sizeof(failure->message) - 1);
    std::memcpy(failure->message, message.data(), bytes);
    failure->message[bytes] = '\0';
    return OutcomeOf(status);
  } catch (...) {
    failure->message[0] = '\0';
    return Outcome::kInternal;
  }
}

}  // namespace cofferdam::corpus::arrow_abi

extern "C" __attribute__((visibility("default")))
const cofferdam::corpus::arrow_abi::Api*
cofferdam_arrow_api(uint32_t version) {
  namespace abi = cofferdam::corpus::arrow_abi;
  return version == abi::kVersion ? &abi::kApi : nullptr;
}
