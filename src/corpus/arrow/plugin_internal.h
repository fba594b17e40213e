#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>
#include <parquet/exception.h>

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/arrow_abi_internal.h"

namespace cofferdam::corpus::arrow_abi {

inline std::string_view View(Text text) {
  return {text.data, static_cast<size_t>(text.bytes)};
}
inline std::string String(Text text) { return std::string(View(text)); }

// Fills `failure` and says what kind it is.
Outcome Fail(const arrow::Status& status, Failure* failure) noexcept;

// Runs `body`, which gives an arrow::Status; nothing is thrown out of it.
template <typename Body>
Outcome Guard(Failure* failure, Body&& body) noexcept {
  try {
    const arrow::Status status = body();
    return status.ok() ? Outcome::kOk : Fail(status, failure);
  } catch (const parquet::ParquetStatusException& thrown) {
    return Fail(thrown.status(), failure);
  } catch (const std::bad_alloc&) {
    return Fail(arrow::Status::OutOfMemory("not enough memory"), failure);
  } catch (const std::exception& thrown) {
    return Fail(arrow::Status::Invalid(thrown.what()), failure);
  } catch (...) {
    return Fail(arrow::Status::UnknownError("unknown exception"), failure);
  }
}

// Memory that counts for itself and refuses beyond a limit. It is never freed,
// but lent again once all that was taken from it has come back: a thread of
// Arrow's, or a writer that keeps a dictionary, may give back late.
class Allowance {
 public:
  // One of nothing taken so far.
  static Allowance* Lend(uint64_t bytes_max);
  void GiveBack();

  arrow::MemoryPool* pool() { return &capped_; }

 private:
  explicit Allowance(uint64_t bytes_max)
      : bytes_max_(bytes_max),
        counted_(arrow::system_memory_pool()),
        capped_(&counted_, static_cast<int64_t>(bytes_max)) {}

  const uint64_t bytes_max_;
  arrow::ProxyMemoryPool counted_;
  arrow::CappedMemoryPool capped_;
};
struct AllowanceGivesBack {
  void operator()(Allowance* allowance) const { allowance->GiveBack(); }
};
using LentAllowance = std::unique_ptr<Allowance, AllowanceGivesBack>;

struct File {
  std::shared_ptr<arrow::io::RandomAccessFile> bytes;
  int64_t size = 0;
  // Each read costs a request.
  bool remote = false;
};

struct Output {
  std::shared_ptr<arrow::io::OutputStream> stream;
  // A local file is written under another name until it is finished.
  std::string path;
  std::string unfinished_path;
};

// The new values of one column of some rows, and which rows go.
struct BatchEdits {
  const PartEdits* edits;
  uint64_t first_row;  // of the batch, within the part
};

// `batch` without the rows that go, and with the values that change.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> Apply(
    const BatchEdits& edits, const std::shared_ptr<arrow::RecordBatch>& batch);

struct Part {
  explicit Part(uint64_t bytes_max) : allowance(Allowance::Lend(bytes_max)) {}
  virtual ~Part() = default;
  // The next rows; null at the end.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;

  LentAllowance allowance;  // of all that it reads
};

struct Rewrite {
  virtual ~Rewrite() = default;
  virtual arrow::Status Write(uint64_t part, const PartEdits& edits) = 0;
  virtual arrow::Status Finish() = 0;
};

struct Table {
  virtual ~Table() = default;
  // Columns in ascending order.
  virtual arrow::Result<std::unique_ptr<Part>> OpenPart(
      uint64_t part, const std::vector<int>& columns) = 0;
  virtual arrow::Result<std::unique_ptr<Rewrite>> OpenRewrite(
      Output* output) = 0;

  TableLimits limits;
  TableInfo info;
  std::vector<PartInfo> parts;
  std::shared_ptr<arrow::Schema> schema;
};

arrow::Result<std::unique_ptr<Table>> OpenParquet(const File& file,
                                                  const TableLimits& limits);
arrow::Result<std::unique_ptr<Table>> OpenArrow(const File& file,
                                                const TableLimits& limits,
                                                Format format);

// What the entry point's table holds, one group for each file.
Outcome StoreOpen(Text bucket, Text endpoint, Store** store, Failure* failure);
void StoreClose(Store* store);
Outcome StoreList(Store* store, Text prefix, OnObject on_object, void* context,
                  Failure* failure);
arrow::Result<std::shared_ptr<arrow::io::RandomAccessFile>> StoreRead(
    Store* store, std::string_view name);
arrow::Result<std::shared_ptr<arrow::io::OutputStream>> StoreWrite(
    Store* store, std::string_view name);

Outcome FileOpen(Store* store, Text name, File** file, Failure* failure);
Outcome FileAdopt(int descriptor, File** file, Failure* failure);
Outcome FileBorrow(Text bytes, File** file, Failure* failure);
uint64_t FileBytes(const File* file);
Outcome FileRead(File* file, uint64_t offset, void* to, uint64_t bytes,
                 uint64_t* read, Failure* failure);
void FileClose(File* file);
Outcome OutputOpen(Store* store, Text path, Output** output, Failure* failure);
Outcome OutputWrite(Output* output, const void* from, uint64_t bytes,
                    Failure* failure);
Outcome OutputFinish(Output* output, Failure* failure);
void OutputClose(Output* output);

}  // namespace cofferdam::corpus::arrow_abi
