// Bytes of this machine and of a store, read from any place and written from
// the front.

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>

#include <cstdio>
#include <mutex>
#include <utility>

#include "corpus/arrow/plugin_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

arrow::Status Keep(std::shared_ptr<arrow::io::RandomAccessFile> bytes,
                   std::unique_ptr<File> made, File** file) {
  ARROW_ASSIGN_OR_RAISE(made->size, bytes->GetSize());
  made->bytes = std::move(bytes);
  *file = made.release();
  return arrow::Status::OK();
}

// Allowances that wait to be lent again.
struct Shelf {
  std::mutex mutex;
  std::vector<Allowance*> allowances;
};
Shelf& AllowanceShelf() {
  static Shelf& shelf = *new Shelf;  // outlives Arrow's threads
  return shelf;
}

}  // namespace

Allowance* Allowance::Lend(uint64_t bytes_max) {
  Shelf& shelf = AllowanceShelf();
  const std::lock_guard<std::mutex> lock(shelf.mutex);
  for (auto at = shelf.allowances.begin(); at != shelf.allowances.end(); ++at) {
    if ((*at)->bytes_max_ != bytes_max ||
        (*at)->counted_.bytes_allocated() != 0)
      continue;
    Allowance* lent = *at;
    shelf.allowances.erase(at);
    return lent;
  }
  return new Allowance(bytes_max);
}

void Allowance::GiveBack() {
  Shelf& shelf = AllowanceShelf();
  const std::lock_guard<std::mutex> lock(shelf.mutex);
  shelf.allowances.push_back(this);
}

Outcome FileOpen(Store* store, Text name, File** file, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    auto made = std::make_unique<File>();
    made->remote = true;
    ARROW_ASSIGN_OR_RAISE(auto bytes, StoreRead(store, View(name)));
    return Keep(std::move(bytes), std::move(made), file);
  });
}

Outcome FileAdopt(int descriptor, File** file, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(
        auto bytes,
        arrow::io::ReadableFile::Open(descriptor, arrow::system_memory_pool()));
    return Keep(std::move(bytes), std::make_unique<File>(), file);
  });
}

Outcome FileBorrow(Text bytes, File** file, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    auto reader = std::make_shared<arrow::io::BufferReader>(
        std::make_shared<arrow::Buffer>(
            reinterpret_cast<const uint8_t*>(bytes.data),
            static_cast<int64_t>(bytes.bytes)));
    return Keep(std::move(reader), std::make_unique<File>(), file);
  });
}

uint64_t FileBytes(const File* file) {
  return static_cast<uint64_t>(file->size);
}

Outcome FileRead(File* file, uint64_t offset, void* to, uint64_t bytes,
                 uint64_t* read, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    *read = 0;
    const uint64_t size = FileBytes(file);
    if (offset >= size) return arrow::Status::OK();
    const uint64_t wanted = std::min(bytes, size - offset);
    ARROW_ASSIGN_OR_RAISE(
        const int64_t got,
        file->bytes->ReadAt(static_cast<int64_t>(offset),
                            static_cast<int64_t>(wanted), to));
    *read = static_cast<uint64_t>(got);
    return arrow::Status::OK();
  });
}

void FileClose(File* file) { delete file; }

Outcome OutputOpen(Store* store, Text path, Output** output, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    auto made = std::make_unique<Output>();
    made->path = String(path);
    if (store != nullptr) {
      ARROW_ASSIGN_OR_RAISE(made->stream, StoreWrite(store, View(path)));
    } else {
      made->unfinished_path = made->path + ".unfinished";
      ARROW_ASSIGN_OR_RAISE(made->stream, arrow::io::FileOutputStream::Open(
                                              made->unfinished_path));
    }
    *output = made.release();
    return arrow::Status::OK();
  });
}

Outcome OutputWrite(Output* output, const void* from, uint64_t bytes,
                    Failure* failure) {
  return Guard(failure, [&] {
    return output->stream->Write(from, static_cast<int64_t>(bytes));
  });
}

Outcome OutputFinish(Output* output, Failure* failure) {
  return Guard(failure, [&]() -> arrow::Status {
    if (!output->stream->closed()) ARROW_RETURN_NOT_OK(output->stream->Close());
    if (output->unfinished_path.empty()) return arrow::Status::OK();
    if (std::rename(output->unfinished_path.c_str(), output->path.c_str()) != 0)
      return arrow::Status::IOError("rename to ", output->path, " failed");
    output->unfinished_path.clear();
    return arrow::Status::OK();
  });
}

void OutputClose(Output* output) {
  Failure failure;
  if (output != nullptr && !output->stream->closed()) {
    // An upload that is not finished must not become an object.
    Guard(&failure, [&] { return output->stream->Abort(); });
  }
  if (output != nullptr && !output->unfinished_path.empty())
    std::remove(output->unfinished_path.c_str());
  delete output;
}

}  // namespace cofferdam::corpus::arrow_abi
