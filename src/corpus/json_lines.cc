#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "corpus/passed_over_run_internal.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Whole lines.
class JsonLinesBody final : public ChunkBody {
 public:
  JsonLinesBody(std::shared_ptr<const FilePlace> place,
                std::shared_ptr<const Buffer> buffer, size_t size,
                uint64_t begin, uint64_t line)
      : place_(std::move(place)),
        buffer_(std::move(buffer)),
        size_(size),
        begin_(begin),
        line_(line) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    std::string_view text(buffer_->data(), size_);
    bool is_utf8 = IsUtf8(text);
    PassedOverRun passed(place_->path, on_passed);
    Record record = {.file = place_.get()};
    size_t at = 0;
    if (begin_ == 0 && text.starts_with(kByteOrderMark))
      at = kByteOrderMark.size();
    for (uint64_t number = line_; at < size_; ++number) {
      const char* newline = static_cast<const char*>(
          std::memchr(text.data() + at, '\n', size_ - at));
      size_t end = newline == nullptr
                       ? size_
                       : static_cast<size_t>(newline - text.data());
      std::string_view line = text.substr(at, end - at);
      record.number = number;
      record.begin = begin_ + at;
      record.end = begin_ + end;
      at = end + 1;
      if (IsBlank(line)) continue;
      memory->bytes_read += line.size() + 1;
      if (auto too_long = TooLong(line, memory->options.limits)) {
        passed.Add(*std::move(too_long), number);
        continue;
      }
      if (!is_utf8 && !IsUtf8(line)) {
        passed.Add({"", Reason::kNotUtf8, ""}, number);
        continue;
      }
      if (auto broken = memory->json.Read(line, &record)) {
        passed.Add(*std::move(broken), number);
        continue;
      }
      passed.Flush();
      on_record(record);
    }
    return {};
  }
  size_t bytes() const override { return buffer_->capacity(); }
  uint64_t shape() const override {
    return Hash64(place_->path, begin_ + size_);
  }

 private:
  std::shared_ptr<const FilePlace> place_;
  std::shared_ptr<const Buffer> buffer_;
  size_t size_;
  uint64_t begin_;
  uint64_t line_;
};

class JsonLinesStream final : public ChunkStream {
 public:
  JsonLinesStream(Packed packed, std::shared_ptr<const Unpacking> shared)
      : bytes_(std::move(packed.bytes)),
        place_(std::move(packed.place)),
        shared_(std::move(shared)) {}

  Result<std::optional<Chunk>> Next() override {
    while (!ended_) {
      std::optional<Chunk> chunk = Step();
      if (chunk) return chunk;
    }
    if (!failure_) return std::optional<Chunk>();
    PassedOver rest = PassedOverFor(place_->path, *failure_);
    failure_.reset();
    return std::optional<Chunk>(PassedOverChunk(std::move(rest)));
  }

 private:
  // Reads one buffer's worth; none where no line has ended yet.
  std::optional<Chunk> Step() {
    const size_t line_max = shared_->options.limits.record_bytes_max;
    // One more, so that a line of the limit still shows its newline.
    size_t capacity =
        std::max(kChunkBytes, std::min(rest_size_ * 2, line_max + 1));
    std::shared_ptr<Buffer> buffer = shared_->buffers->Take(capacity);
    if (rest_size_ > 0)
      std::memcpy(buffer->data(), rest_->data() + rest_at_, rest_size_);
    size_t size =
        rest_size_ + Fill(buffer->data() + rest_size_, capacity - rest_size_);
    std::string_view text(buffer->data(), size);
    if (skipping_) {
      Skip(buffer, text);
      return std::nullopt;
    }
    size_t lines_end = ended_ ? size : text.rfind('\n') + 1;
    KeepRest(buffer, lines_end, size - lines_end);
    if (lines_end == 0) {
      if (size > line_max) return PassOverLine();
      return std::nullopt;
    }
    Chunk chunk(std::make_unique<JsonLinesBody>(place_, buffer, lines_end,
                                                offset_, line_));
    offset_ += lines_end;
    line_ += CountNewlines(text.substr(0, lines_end));
    return chunk;
  }

  void KeepRest(std::shared_ptr<Buffer> buffer, size_t at, size_t size) {
    rest_ = std::move(buffer);
    rest_at_ = at;
    rest_size_ = size;
  }

  std::optional<Chunk> PassOverLine() {
    PassedOver passed = TooLongRecord(shared_->options.limits);
    passed.path = place_->path;
    passed.record = line_;
    passed.records = 1;
    offset_ += rest_size_;
    KeepRest(nullptr, 0, 0);
    skipping_ = true;
    return PassedOverChunk(std::move(passed));
  }

  // Drops what is left of a line that is too long.
  void Skip(std::shared_ptr<Buffer> buffer, std::string_view text) {
    size_t newline = text.find('\n');
    size_t drop = newline == std::string_view::npos ? text.size() : newline + 1;
    offset_ += drop;
    if (newline != std::string_view::npos) {
      skipping_ = false;
      ++line_;
    }
    KeepRest(std::move(buffer), drop, text.size() - drop);
    // What follows is read again as the begin of the next buffer.
    if (rest_size_ > 0) ended_ = false;
  }

  // Sets ended_ where it fills less than `bytes_max`.
  size_t Fill(char* into, size_t bytes_max) {
    size_t have = 0;
    while (have < bytes_max) {
      Result<size_t> got = bytes_->Read(into + have, bytes_max - have);
      if (!got.ok()) failure_ = got.error();
      if (!got.ok() || *got == 0) {
        ended_ = true;
        break;
      }
      have += *got;
    }
    return have;
  }

  std::unique_ptr<ByteSource> bytes_;
  std::shared_ptr<const FilePlace> place_;
  std::shared_ptr<const Unpacking> shared_;
  // Read already, but not yet given: the begin of a line.
  std::shared_ptr<Buffer> rest_;
  size_t rest_at_ = 0;
  size_t rest_size_ = 0;
  uint64_t offset_ = 0;  // of the next byte to give
  uint64_t line_ = 1;
  bool skipping_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;  // of reading, told after what came before it
};

}  // namespace

std::unique_ptr<ChunkStream> UnpackJsonLines(
    Packed packed, std::shared_ptr<const Unpacking> shared) {
  return std::make_unique<JsonLinesStream>(std::move(packed),
                                           std::move(shared));
}

}  // namespace cofferdam::corpus
