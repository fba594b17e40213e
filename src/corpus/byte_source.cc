#include "corpus/byte_source.h"

#include <unistd.h>

#include <algorithm>
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

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  Result<size_t> Read(char* into, size_t bytes_max) override {
    size_t size = std::min(bytes_max, bytes_.size());
    std::copy_n(bytes_.data(), size, into);
    bytes_.remove_prefix(size);
    return size;
  }
  uint64_t bytes_taken() const override { return 0; }

 private:
  std::string_view bytes_;
};

class HeadedSource final : public ByteSource {
 public:
  HeadedSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}

  Result<size_t> Read(char* into, size_t bytes_max) override {
    if (at_ == head_.size()) return rest_->Read(into, bytes_max);
    size_t size = std::min(bytes_max, head_.size() - at_);
    std::copy_n(head_.data() + at_, size, into);
    at_ += size;
    return size;
  }
  uint64_t bytes_taken() const override { return rest_->bytes_taken(); }

 private:
  std::string head_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
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

Result<std::string> ReadUpTo(ByteSource* source, size_t bytes_max) {
  constexpr size_t kFirstBytes = size_t{64} << 10;
  std::string bytes;
  while (bytes.size() < bytes_max) {
    size_t have = bytes.size();
    size_t step = std::min(std::max(kFirstBytes, have), bytes_max - have);
    bytes.resize(have + step);
    TRY_ASSIGN(size_t got, source->Read(bytes.data() + have, step));
    bytes.resize(have + got);
    if (got == 0) break;
  }
  return bytes;
}

std::unique_ptr<ByteSource> ReadDescriptor(FileDescriptor file) {
  return std::make_unique<DescriptorSource>(std::move(file));
}

std::unique_ptr<ByteSource> ReadMemory(std::string_view bytes) {
  return std::make_unique<MemorySource>(bytes);
}

std::unique_ptr<ByteSource> ReadHeaded(std::string head,
                                       std::unique_ptr<ByteSource> rest) {
  return std::make_unique<HeadedSource>(std::move(head), std::move(rest));
}

}  // namespace cofferdam::corpus
