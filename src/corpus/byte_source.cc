#include "corpus/byte_source.h"

#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace cofferdam::corpus {
namespace {

class DescriptorSource final : public ByteSource {
 public:
  explicit DescriptorSource(FileDescriptor file) : file_(std::move(file)) {}

  Result<size_t> Read(char* into, size_t bytes_max) override {
    if (failure_) return *failure_;
    for (;;) {
      ssize_t got = ::read(file_.get(), into, bytes_max);
      if (got >= 0) {
        taken_ += static_cast<uint64_t>(got);
        return static_cast<size_t>(got);
      }
      if (errno == EINTR) continue;
      failure_ = Error::FromErrno(errno, "read");
      return *failure_;
    }
  }
  uint64_t bytes_taken() const override { return taken_; }

 private:
  FileDescriptor file_;
  uint64_t taken_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<size_t> ReadFully(ByteSource* source, char* into, size_t bytes_max) {
  size_t have = 0;
  while (have < bytes_max) {
    Result<size_t> got = source->Read(into + have, bytes_max - have);
    if (!got.ok() && have == 0) return got;
    if (!got.ok() || *got == 0) break;
    have += *got;
  }
  return have;
}

std::unique_ptr<ByteSource> ReadDescriptor(FileDescriptor file) {
  return std::make_unique<DescriptorSource>(std::move(file));
}

}  // namespace cofferdam::corpus
