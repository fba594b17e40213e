#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "base/json.h"
#include "corpus/passed_over_run_internal.h"
#include "corpus/unpack_internal.h"

// Files of JSON that are no lines: a list of records, or records one after the
// other, each over many lines. Where a value ends is found here, by counting
// brackets outside of strings; what is in it the worker finds.

namespace cofferdam::corpus {
namespace {

// A file that is one object, of whose bytes less than a quarter are texts, and
// none of them long, is a configuration or the like, read as one text.
constexpr size_t kObjectBytesPerTextByte = 4;
constexpr size_t kObjectTextBytes = 512;

struct Extent {
  size_t begin = 0;
  size_t end = 0;
};

class JsonValuesBody final : public ChunkBody {
 public:
  JsonValuesBody(std::shared_ptr<const FilePlace> place,
                 std::shared_ptr<const Buffer> buffer,
                 std::vector<Extent> values, uint64_t offset, uint64_t number)
      : place_(std::move(place)),
        buffer_(std::move(buffer)),
        values_(std::move(values)),
        offset_(offset),
        number_(number) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    PassedOverRun passed(place_->path, on_passed);
    Record record;
    record.file = place_.get();
    record.number = number_;
    for (const Extent& extent : values_) {
      std::string_view json(buffer_->data() + extent.begin,
                            extent.end - extent.begin);
      record.begin = offset_ + extent.begin;
      record.end = offset_ + extent.end;
      memory->bytes_read += json.size();
      std::optional<PassedOver> broken = TooLong(json, memory->options.limits);
      if (!broken && !IsUtf8(json))
        broken = PassedOver{"", Reason::kNotUtf8, ""};
      if (!broken) broken = memory->json.Read(json, &record);
      if (broken) {
        passed.Add(*std::move(broken), record.number);
      } else {
        passed.Flush();
        on_record(record);
      }
      ++record.number;
    }
    return {};
  }
  size_t bytes() const override { return buffer_->capacity(); }

 private:
  std::shared_ptr<const FilePlace> place_;
  std::shared_ptr<const Buffer> buffer_;
  std::vector<Extent> values_;
  uint64_t offset_;  // of the buffer in the file
  uint64_t number_;
};

class JsonValuesStream final : public ChunkStream {
 public:
  JsonValuesStream(Packed packed, std::shared_ptr<const Unpacking> shared)
      : packed_(std::move(packed)),
        shared_(std::move(shared)),
        record_bytes_max_(shared_->options.limits.record_bytes_max) {}

  Result<std::optional<Chunk>> Next() override {
    while (ready_.empty() && !as_text_ && !done_) Step();
    if (as_text_) return as_text_->Next();
    if (ready_.empty()) return std::optional<Chunk>();
    Chunk chunk = std::move(ready_.front());
    ready_.pop_front();
    return std::optional<Chunk>(std::move(chunk));
  }

 private:
  // Fills a buffer behind what is left of the last one, and gives the values
  // that end in it.
  void Step() {
    Refill();
    std::vector<Extent> values;
    bool is_json = FindValues(&values);
    if (!decided_ && !Decide(values, is_json)) return;
    bool ended = input_ended_ && at_ == size_;
    if (ended && !skipping_ && in_value_ && is_scalar_) {
      values.push_back({value_begin_, size_});
      in_value_ = false;
    }
    if (!values.empty()) {
      uint64_t first = number_;
      number_ += values.size();
      ready_.push_back(Chunk(std::make_unique<JsonValuesBody>(
          packed_.place, buffer_, std::move(values), offset_, first)));
    }
    if (ended || !is_json) End(is_json);
  }

  // Whether the values are records; if not, the file becomes one text. The
  // first value alone tells nothing: it may be empty, or a heading.
  bool Decide(const std::vector<Extent>& values, bool is_json) {
    decided_ = true;
    size_t good = 0;
    bool has_text = false;
    JsonRecordReader reader(FieldPatternsOf(shared_->options));
    for (const Extent& extent : values) {
      std::string_view json(buffer_->data() + extent.begin,
                            extent.end - extent.begin);
      Record record;
      if (reader.Read(json, &record)) continue;
      ++good;
      size_t text = 0;
      size_t longest = 0;
      for (size_t i = 0; i < record.fields.size(); ++i) {
        const size_t bytes = reader.RawOfField(i).size();
        text += bytes;
        longest = std::max(longest, bytes);
      }
      const bool alone =
          values.size() == 1 && !began_list_ && shared_->options.fields.empty();
      has_text |= text > 0 &&
                  (!alone || text >= json.size() / kObjectBytesPerTextByte ||
                   longest >= kObjectTextBytes);
    }
    // Other languages have brackets and strings, too.
    const bool is_good = good * 2 >= values.size();
    if (has_text && is_good) return true;
    // What goes on may be one huge value, or a list whose texts come later.
    if (is_json && !input_ended_ &&
        (values.empty() || (began_list_ && is_good)))
      return true;
    std::string head(buffer_->data(), size_);
    packed_.bytes = ReadHeaded(std::move(head), std::move(packed_.bytes));
    buffer_.reset();
    as_text_ = UnpackText(std::move(packed_), shared_);
    return false;
  }

  void Refill() {
    size_t keep_from = in_value_ && !skipping_ ? value_begin_ : at_;
    size_t rest = size_ - keep_from;
    size_t capacity =
        std::max(kChunkBytes, std::min(rest * 2, record_bytes_max_ + 1));
    std::shared_ptr<Buffer> buffer = shared_->buffers->Take(capacity);
    if (rest > 0)
      std::memcpy(buffer->data(), buffer_->data() + keep_from, rest);
    offset_ += keep_from;
    at_ -= keep_from;
    value_begin_ = 0;
    buffer_ = std::move(buffer);
    size_ = rest;
    while (size_ < buffer_->capacity() && !input_ended_) {
      Result<size_t> got = packed_.bytes->Read(buffer_->data() + size_,
                                               buffer_->capacity() - size_);
      if (!got.ok()) failure_ = got.error();
      if (!got.ok() || *got == 0) input_ended_ = true;
      if (got.ok()) size_ += *got;
    }
  }

  // Adds the values that end in the buffer from at_ on; false where it stops
  // being JSON.
  bool FindValues(std::vector<Extent>* values) {
    const char* data = buffer_->data();
    while (at_ < size_) {
      if (in_string_) {
        if (!LeaveString()) break;
        if (depth_ == base_depth_ && in_value_) EndValue(values);
        continue;
      }
      char c = data[at_];
      if (in_value_ && is_scalar_) {
        if (!IsEndOfScalar(c)) {
          ++at_;
          continue;
        }
        EndValue(values);
        continue;
      }
      if (!Structural(c, values)) return false;
    }
    if (in_value_ && !skipping_ && size_ - value_begin_ > record_bytes_max_)
      skipping_ = true;
    return true;
  }

  // One character outside of strings and scalars.
  bool Structural(char c, std::vector<Extent>* values) {
    size_t here = at_++;
    if (!in_value_) {
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') return true;
      if (here == 0 && offset_ == 0 && SkipByteOrderMark()) return true;
      if (base_depth_ == 0 && c == '[' && !in_list_) {
        in_list_ = began_list_ = true;
        base_depth_ = depth_ = 1;
        return true;
      }
      if (base_depth_ == 1 && c == ']') {
        in_list_ = false;
        base_depth_ = depth_ = 0;
        return true;
      }
      if (c == ',') return true;
      in_value_ = true;
      value_begin_ = here;
      is_scalar_ = c != '"' && c != '{' && c != '[';
      if (c == '}' || c == ']' || c == ':') return false;
    }
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') {
      --depth_;
      if (depth_ == base_depth_) EndValue(values);
    }
    return true;
  }

  bool SkipByteOrderMark() {
    if (size_ < 3 || std::string_view(buffer_->data(), 3) != "\xef\xbb\xbf")
      return false;
    at_ = 3;
    return true;
  }

  static bool IsEndOfScalar(char c) {
    return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' ||
           c == '\t' || c == '\r';
  }

  // Moves behind the closing quote; false where the buffer ends before it.
  bool LeaveString() {
    const char* data = buffer_->data();
    if (escaped_ && at_ < size_) {
      ++at_;
      escaped_ = false;
    }
    JsonString string;
    const char* close = ReadJsonString(data + at_, data + size_, &string);
    if (close != nullptr) {
      at_ = static_cast<size_t>(close - data) + 1;
      in_string_ = false;
      return true;
    }
    size_t backslashes = 0;
    while (backslashes < size_ - at_ && data[size_ - 1 - backslashes] == '\\')
      ++backslashes;
    escaped_ = backslashes % 2 == 1;
    at_ = size_;
    return false;
  }

  void EndValue(std::vector<Extent>* values) {
    in_value_ = false;
    if (skipping_) {
      // Only the first of a buffer can be one.
      skipping_ = false;
      PassOver();
      return;
    }
    values->push_back({value_begin_, at_});
  }

  // What was too long, as a chunk of its own.
  void PassOver() {
    PassedOver passed = TooLongRecord(shared_->options.limits);
    passed.path = packed_.place->path;
    passed.record = number_++;
    passed.records = 1;
    ready_.push_back(PassedOverChunk(std::move(passed)));
  }

  void End(bool is_json) {
    done_ = true;
    PassedOver passed = {packed_.place->path, Reason::kBroken, ""};
    if (failure_) {
      passed = PassedOverFor(packed_.place->path, *failure_);
    } else if (!is_json) {
      passed.detail = fmt::format("not JSON at byte {}", offset_ + at_ - 1);
    } else if (in_value_ || in_list_) {
      passed.detail = "not JSON: it ends early";
    } else {
      return;
    }
    ready_.push_back(PassedOverChunk(std::move(passed)));
  }

  Packed packed_;
  std::shared_ptr<const Unpacking> shared_;
  const size_t record_bytes_max_;

  std::shared_ptr<Buffer> buffer_;
  size_t size_ = 0;      // filled of the buffer
  size_t at_ = 0;        // looked at of it
  uint64_t offset_ = 0;  // of the buffer in the file
  bool input_ended_ = false;
  std::optional<Error> failure_;

  size_t base_depth_ = 0;  // 1 within the list of records
  size_t depth_ = 0;
  bool in_list_ = false;
  bool began_list_ = false;
  bool in_value_ = false;
  bool is_scalar_ = false;
  bool in_string_ = false;
  bool escaped_ = false;    // the buffer ended behind a backslash
  size_t value_begin_ = 0;  // in the buffer
  bool skipping_ = false;   // a value that is too long

  uint64_t number_ = 1;  // of the next value
  bool decided_ = false;
  std::unique_ptr<ChunkStream> as_text_;
  bool done_ = false;
  std::deque<Chunk> ready_;
};

}  // namespace

std::unique_ptr<ChunkStream> UnpackJson(
    Packed packed, std::shared_ptr<const Unpacking> shared) {
  return std::make_unique<JsonValuesStream>(std::move(packed),
                                            std::move(shared));
}

}  // namespace cofferdam::corpus
