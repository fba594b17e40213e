#include <algorithm>
#include <cstring>
#include <utility>

#include "corpus/table_internal.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

// Gives `head` before what follows it.
class HeadedSource final : public ByteSource {
 public:
  HeadedSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}

  Result<size_t> Read(char* into, size_t bytes_max) override {
    if (at_ == head_.size()) return rest_->Read(into, bytes_max);
    size_t size = std::min(bytes_max, head_.size() - at_);
    std::memcpy(into, head_.data() + at_, size);
    at_ += size;
    return size;
  }
  uint64_t bytes_taken() const override { return rest_->bytes_taken(); }

 private:
  std::string head_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

std::optional<Format> FormatOfName(std::string_view path) {
  std::string name = LowerCase(path.substr(path.rfind('/') + 1));
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson"))
    return Format::kJsonLines;
  if (IsTableName(name)) return Format::kTable;
  return std::nullopt;
}

Format FormatOfBytes(std::string_view head) {
  size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || head[begin] != '{')
    return Format::kText;
  // A line that is a whole object; that of a pretty-printed one is not.
  size_t newline = head.find('\n', begin);
  size_t last = head.find_last_not_of(" \t\r\n", newline);
  return newline == std::string_view::npos || head[last] == '}'
             ? Format::kJsonLines
             : Format::kText;
}

std::unique_ptr<ChunkStream> Unpack(std::unique_ptr<ByteSource> bytes,
                                    std::shared_ptr<const FilePlace> place,
                                    std::optional<Format> format,
                                    std::shared_ptr<const Unpacking> shared) {
  if (!format) {
    std::string head(kFormatProbeBytes, '\0');
    // An error shows again where the stream reads.
    Result<size_t> got = ReadFully(bytes.get(), head.data(), head.size());
    head.resize(got.ok() ? *got : 0);
    format = FormatOfBytes(head);
    bytes = std::make_unique<HeadedSource>(std::move(head), std::move(bytes));
  }
  switch (*format) {
    case Format::kJsonLines:
      return UnpackJsonLines(std::move(bytes), std::move(place),
                             std::move(shared));
    case Format::kTable:
      return UnpackTable(std::move(bytes), std::move(place), std::move(shared));
    case Format::kText:
      break;
  }
  return UnpackText(std::move(bytes), std::move(place), std::move(shared));
}

}  // namespace cofferdam::corpus
