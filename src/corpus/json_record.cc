#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "corpus/json_record_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr size_t kArenaBlockBytes = size_t{64} << 10;
// What the arena keeps from record to record.
constexpr size_t kArenaKeptBytes = size_t{4} << 20;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool IsNumberPart(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
         c == 'e' || c == 'E';
}

// Whether white space stands near the begin, escaped or not.
bool HasSpace(const JsonString& string) {
  std::string_view head = string.raw.substr(0, kUnnamedTextBytesMin);
  for (size_t i = 0; i < head.size(); ++i) {
    if (IsSpace(head[i])) return true;
    if (head[i] == '\\' && i + 1 < head.size()) {
      char c = head[++i];
      if (c == 'n' || c == 't' || c == 'r') return true;
    }
  }
  // Scripts that write no spaces.
  return std::any_of(head.begin(), head.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0xe0;
  });
}

}  // namespace

void TextArena::Clear() {
  // A huge record must not keep its memory for ever.
  if (blocks_.size() > 1 ||
      (!blocks_.empty() && blocks_[0].capacity > kArenaKeptBytes)) {
    std::erase_if(blocks_, [](const Block& block) {
      return block.capacity > kArenaKeptBytes;
    });
    while (blocks_.size() > kArenaKeptBytes / kArenaBlockBytes)
      blocks_.pop_back();
  }
  block_ = 0;
  used_ = 0;
}

char* TextArena::Take(size_t bytes) {
  while (block_ < blocks_.size() && blocks_[block_].capacity - used_ < bytes) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    size_t capacity = std::max(bytes, kArenaBlockBytes);
    blocks_.push_back(
        {std::make_unique_for_overwrite<char[]>(capacity), capacity});
  }
  char* taken = blocks_[block_].bytes.get() + used_;
  used_ += bytes;
  return taken;
}

std::string_view TextArena::Keep(std::string_view text) {
  char* kept = Take(text.size());
  std::copy(text.begin(), text.end(), kept);
  return {kept, text.size()};
}

JsonRecordReader::JsonRecordReader(std::vector<FieldPattern> patterns)
    : patterns_(std::move(patterns)) {}

bool JsonRecordReader::Fail(Reason reason, std::string detail) {
  failure_ = PassedOver{"", reason, std::move(detail)};
  return false;
}

void JsonRecordReader::SkipSpace() {
  while (p_ < end_ && IsSpace(*p_)) ++p_;
}

std::optional<PassedOver> JsonRecordReader::Read(std::string_view json,
                                                 Record* record) {
  begin_ = p_ = json.data();
  end_ = p_ + json.size();
  depth_ = 0;
  path_.clear();
  failure_.reset();
  fields_.clear();
  raw_.clear();
  claims_.clear();
  texts_.Clear();
  names_.Clear();
  record_ = record;
  record->path_hint = record->language_hint = {};
  record->fields = {};
  record->claims = {};
  SkipSpace();
  // A line that is a string is a text without a name.
  if (Value({.text = true})) {
    SkipSpace();
    if (p_ != end_)
      Fail(Reason::kBroken, fmt::format("not JSON at byte {}: more than one "
                                        "value",
                                        p_ - begin_));
  }
  if (failure_) return std::move(failure_);
  record->fields = fields_;
  record->claims = claims_;
  return std::nullopt;
}

bool JsonRecordReader::Value(MemberKind kind) {
  if (p_ == end_) return Fail(Reason::kBroken, "not JSON: it ends early");
  switch (*p_) {
    case '{':
      return Object();
    case '[':
      return Array(kind);
    case '"': {
      JsonString string;
      const char* close = ReadJsonString(p_ + 1, end_, &string);
      if (close == nullptr)
        return Fail(Reason::kBroken, "not JSON: it ends within a string");
      p_ = close + 1;
      return Text(string, kind);
    }
    default:
      return Scalar(kind);
  }
}

bool JsonRecordReader::Object() {
  if (++depth_ > kJsonDepthMax) {
    return Fail(Reason::kTooDeep,
                fmt::format("JSON nested deeper than {}", kJsonDepthMax));
  }
  ++p_;
  SkipSpace();
  path_.push_back({});
  if (p_ < end_ && *p_ == '}') {
    ++p_;
  } else {
    for (;;) {
      JsonString key;
      const char* close = p_ < end_ && *p_ == '"'
                              ? ReadJsonString(p_ + 1, end_, &key)
                              : nullptr;
      if (close == nullptr) return Broken("a member's name");
      p_ = close + 1;
      std::string_view name = key.raw;
      if (key.escaped) {
        char* out = names_.Take(name.size() + kJsonPaddingBytes);
        char* out_end = DecodeJsonString(name, out);
        if (out_end == nullptr) return Broken("an escape");
        name = {out, static_cast<size_t>(out_end - out)};
      }
      path_.back().name = name;
      SkipSpace();
      if (p_ == end_ || *p_ != ':') return Broken("a colon");
      ++p_;
      SkipSpace();
      if (!Value(KindOfMember(name))) return false;
      SkipSpace();
      if (p_ == end_) return Broken("a comma");
      char next = *p_++;
      if (next == '}') break;
      if (next != ',') return Broken("a comma");
      SkipSpace();
    }
  }
  path_.pop_back();
  --depth_;
  return true;
}

bool JsonRecordReader::Array(MemberKind kind) {
  if (++depth_ > kJsonDepthMax) {
    return Fail(Reason::kTooDeep,
                fmt::format("JSON nested deeper than {}", kJsonDepthMax));
  }
  ++p_;
  SkipSpace();
  path_.push_back({.is_index = true});
  if (p_ < end_ && *p_ == ']') {
    ++p_;
  } else {
    for (;;) {
      if (!Value(kind)) return false;
      ++path_.back().index;
      SkipSpace();
      if (p_ == end_) return Broken("a comma");
      char next = *p_++;
      if (next == ']') break;
      if (next != ',') return Broken("a comma");
      SkipSpace();
    }
  }
  path_.pop_back();
  --depth_;
  return true;
}

bool JsonRecordReader::Broken(std::string_view wanted) {
  return Fail(Reason::kBroken,
              fmt::format("not JSON at byte {}: no {}", p_ - begin_, wanted));
}

bool JsonRecordReader::Scalar(MemberKind kind) {
  const char* begin = p_;
  if (*p_ == '-' || (*p_ >= '0' && *p_ <= '9')) ++p_;
  if (p_ > begin && (p_ == end_ || *p_ != 'I')) {
    while (p_ < end_ && IsNumberPart(*p_)) ++p_;
  } else {
    while (p_ < end_ && ((*p_ | 0x20) >= 'a' && (*p_ | 0x20) <= 'z')) ++p_;
    std::string_view word(begin, static_cast<size_t>(p_ - begin));
    if (word != "true" && word != "false" && word != "null" && word != "NaN" &&
        word != "Infinity" && word != "-Infinity") {
      p_ = begin;
      return Broken("value");
    }
    if (word == "null") return true;
  }
  std::string_view value(begin, static_cast<size_t>(p_ - begin));
  if (kind.claim && value.size() <= kClaimBytesMax) AddClaim(value, kind);
  return true;
}

bool JsonRecordReader::IsText(const JsonString& string, MemberKind kind) const {
  if (!patterns_.empty()) {
    return std::any_of(
        patterns_.begin(), patterns_.end(),
        [&](const FieldPattern& pattern) { return pattern.Names(path_); });
  }
  if (kind.text) return true;
  return string.raw.size() >= kUnnamedTextBytesMin && HasSpace(string);
}

bool JsonRecordReader::Text(const JsonString& string, MemberKind kind) {
  if (string.raw.empty()) return true;
  bool is_claim = kind.claim && string.raw.size() <= kClaimBytesMax;
  bool is_text = IsText(string, kind);
  if (!is_claim && !is_text) return true;
  std::string_view text = string.raw;
  if (string.escaped) {
    char* out = texts_.Take(text.size() + kJsonPaddingBytes);
    char* out_end = DecodeJsonString(text, out);
    if (out_end == nullptr) return Broken("an escape before it");
    text = {out, static_cast<size_t>(out_end - out)};
  }
  if (is_claim) AddClaim(text, kind);
  if (!is_text) return true;
  if (fields_.size() == kFieldsMax) {
    return Fail(Reason::kTooLarge,
                fmt::format("more than {} texts in one record", kFieldsMax));
  }
  fields_.push_back({.name = Name(), .text = text, .language_hint = {}});
  raw_.push_back(string.raw);
  return true;
}

void JsonRecordReader::AddClaim(std::string_view value, MemberKind kind) {
  if (kind.path && record_->path_hint.empty()) record_->path_hint = value;
  if (kind.language && record_->language_hint.empty())
    record_->language_hint = value;
  if (claims_.size() < kClaimsMax)
    claims_.push_back({.name = Name(), .value = value});
}

std::string_view JsonRecordReader::Name() {
  if (path_.size() == 1 && !path_[0].is_index &&
      path_[0].name.size() <= kFieldNameBytesMax) {
    return path_[0].name;
  }
  name_.clear();
  for (const PathStep& step : path_) {
    if (step.is_index) {
      fmt::format_to(std::back_inserter(name_), "[{}]", step.index);
    } else {
      if (!name_.empty()) name_ += '.';
      name_ += step.name.substr(0, kFieldNameBytesMax);
    }
    if (name_.size() > kFieldNameBytesMax) {
      name_.resize(kFieldNameBytesMax);
      break;
    }
  }
  return names_.Keep(name_);
}

}  // namespace cofferdam::corpus
