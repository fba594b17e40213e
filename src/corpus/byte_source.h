#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::corpus {

// A file, pipe, object or unpacked member, read once from its begin to its end.
// One thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Fills `into` with 1 to `bytes_max` (> 0) bytes; 0 at the end, and on every
  // later call. After an error every call repeats it.
  virtual Result<size_t> Read(char* into, size_t bytes_max) = 0;

  // Bytes taken from the outermost file so far.
  virtual uint64_t bytes_taken() const = 0;
};

// Reads on until `bytes_max` bytes are there, the source ends or it fails,
// which shows only if there is nothing before it; how many.
Result<size_t> ReadFully(ByteSource* source, char* into, size_t bytes_max);

// The first `bytes_max` bytes, or all there are.
Result<std::string> ReadUpTo(ByteSource* source, size_t bytes_max);

// Of an open file or pipe, which it closes.
std::unique_ptr<ByteSource> ReadDescriptor(FileDescriptor file);

// Of memory that must outlive it. Nothing is taken from an outermost file.
std::unique_ptr<ByteSource> ReadMemory(std::string_view bytes);

// `head`, then what `rest` has.
std::unique_ptr<ByteSource> ReadHeaded(std::string head,
                                       std::unique_ptr<ByteSource> rest);

}  // namespace cofferdam::corpus
