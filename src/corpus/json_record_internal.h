#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/field_rules.h"
#include "corpus/json_text_internal.h"
#include "corpus/passed_over.h"
#include "corpus/record.h"

namespace cofferdam::corpus {

// Texts of one record that must stay where they are until the next one.
class TextArena {
 public:
  void Clear();
  // `bytes` that the caller may write; the same memory until Clear.
  char* Take(size_t bytes);
  std::string_view Keep(std::string_view text);

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t capacity = 0;
  };
  std::vector<Block> blocks_;
  size_t block_ = 0;
  size_t used_ = 0;
};

// Nesting of one record beyond this is kTooDeep.
inline constexpr size_t kJsonDepthMax = 256;
// Names of fields are cut there.
inline constexpr size_t kFieldNameBytesMax = 1024;

// Finds the fields and claims of one JSON value without building a tree of it.
// A text without escapes is a view of the value itself; others are decoded into
// memory that goes from record to record. A little more than RFC 8259 is read,
// since others write it: NaN and Infinity, control characters within strings,
// halves of surrogate pairs. Not checked for being UTF-8. One thread at a time.
class JsonRecordReader {
 public:
  explicit JsonRecordReader(std::vector<FieldPattern> patterns);

  // Fills fields, claims and hints of `record` from `json`, one whole value
  // with white space around it, valid until the next call and as long as
  // `json`, which kJsonPaddingBytes follow. Else why it is no record, with a
  // detail and no path.
  std::optional<PassedOver> Read(std::string_view json, Record* record);

  // Where the string of the field `index` of the last Read stands in its
  // `json`: as written, without quotes.
  std::string_view RawOfField(size_t index) const { return raw_[index]; }

 private:
  // Each reads what stands at p_ and moves behind it; false with failure_ set.
  bool Value(MemberKind kind);
  bool Object();
  bool Array(MemberKind kind);
  bool Text(const JsonString& string, MemberKind kind);
  bool Scalar(MemberKind kind);
  void AddClaim(std::string_view value, MemberKind kind);
  bool IsText(const JsonString& string, MemberKind kind) const;
  bool Fail(Reason reason, std::string detail);
  bool Broken(std::string_view wanted);
  // Of the value at the end of path_.
  std::string_view Name();
  void SkipSpace();

  std::vector<FieldPattern> patterns_;
  const char* begin_ = nullptr;
  const char* p_ = nullptr;
  const char* end_ = nullptr;
  size_t depth_ = 0;
  std::vector<PathStep> path_;
  std::optional<PassedOver> failure_;

  Record* record_ = nullptr;
  std::vector<Field> fields_;
  std::vector<std::string_view> raw_;
  std::vector<Claim> claims_;
  TextArena texts_;
  TextArena names_;
  std::string name_;
};

}  // namespace cofferdam::corpus
