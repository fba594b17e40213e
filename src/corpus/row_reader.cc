#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "corpus/row_reader_internal.h"

namespace cofferdam::corpus {
namespace {

using Kind = Column::Kind;

// Lengths and offsets of arrays are the plugin's promise (arrow_abi:
// part_next).
bool IsNull(const ArrowArray& array, int64_t index) {
  if (array.n_buffers == 0 || array.buffers[0] == nullptr) return false;
  const auto* bits = static_cast<const uint8_t*>(array.buffers[0]);
  const int64_t at = array.offset + index;
  return (bits[at / 8] >> (at % 8) & 1) == 0;
}

template <typename T>
T ValueAt(const ArrowArray& array, int64_t index) {
  T value;
  std::memcpy(&value,
              static_cast<const T*>(array.buffers[1]) + array.offset + index,
              sizeof(value));
  return value;
}

template <typename Offset>
std::string_view TextAt(const ArrowArray& array, int64_t index) {
  const auto begin = ValueAt<Offset>(array, index);
  const auto end = ValueAt<Offset>(array, index + 1);
  if (begin >= end) return {};
  return {static_cast<const char*>(array.buffers[2]) + begin,
          static_cast<size_t>(end - begin)};
}

// A view has its length, and its bytes if they are few, else where they are.
std::string_view ViewAt(const ArrowArray& array, int64_t index) {
  constexpr int32_t kInlineMax = 12;
  struct View {
    int32_t size;
    char head[4];
    int32_t buffer;
    int32_t offset;
  };
  const auto* at = static_cast<const char*>(array.buffers[1]) +
                   (array.offset + index) * int64_t{sizeof(View)};
  View view;
  std::memcpy(&view, at, sizeof(view));
  if (view.size <= 0) return {};
  if (view.size <= kInlineMax)
    return {at + sizeof(int32_t), static_cast<size_t>(view.size)};
  return {
      static_cast<const char*>(array.buffers[2 + view.buffer]) + view.offset,
      static_cast<size_t>(view.size)};
}

int64_t IndexAt(Kind kind, const ArrowArray& array, int64_t index) {
  switch (kind) {
    case Kind::kInt8:
      return ValueAt<int8_t>(array, index);
    case Kind::kUint8:
      return ValueAt<uint8_t>(array, index);
    case Kind::kInt16:
      return ValueAt<int16_t>(array, index);
    case Kind::kUint16:
      return ValueAt<uint16_t>(array, index);
    case Kind::kInt32:
      return ValueAt<int32_t>(array, index);
    case Kind::kUint32:
      return ValueAt<uint32_t>(array, index);
    case Kind::kInt64:
      return ValueAt<int64_t>(array, index);
    default:
      return static_cast<int64_t>(ValueAt<uint64_t>(array, index));
  }
}

bool IsScalar(Kind kind) {
  return kind >= Kind::kBool && kind <= Kind::kTimestamp;
}

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// As the rule for texts under unknown names wants it (field_rules.h).
bool LooksWritten(std::string_view text) {
  if (text.size() < kUnnamedTextBytesMin) return false;
  const std::string_view head = text.substr(0, kUnnamedTextBytesMin);
  return std::any_of(head.begin(), head.end(), [](char c) {
    return IsSpace(c) || static_cast<unsigned char>(c) >= 0xe0;
  });
}

// "2024-05-06T07:08:09Z" of days since 1970 and seconds of the day, after
// Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
std::string Date(int64_t days, int64_t second_of_day) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1'460 +
                               day_of_era / 36'524 - day_of_era / 146'096) /
                              365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month =
      month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  const std::string date = fmt::format("{:04}-{:02}-{:02}", year, month, day);
  if (second_of_day < 0) return date;
  return fmt::format("{}T{:02}:{:02}:{:02}Z", date, second_of_day / 3'600,
                     second_of_day / 60 % 60, second_of_day % 60);
}

std::string TimeAt(int64_t ticks, int64_t per_second) {
  constexpr int64_t kDaySeconds = 86'400;
  const int64_t seconds = ticks / per_second - (ticks % per_second < 0 ? 1 : 0);
  const int64_t days =
      seconds / kDaySeconds - (seconds % kDaySeconds < 0 ? 1 : 0);
  return Date(days, seconds - days * kDaySeconds);
}

std::string ScalarAt(const Column& column, const ArrowArray& array,
                     int64_t index) {
  switch (column.kind) {
    case Kind::kBool: {
      const auto* bits = static_cast<const uint8_t*>(array.buffers[1]);
      const int64_t at = array.offset + index;
      return (bits[at / 8] >> (at % 8) & 1) != 0 ? "true" : "false";
    }
    case Kind::kFloat:
      return fmt::format("{}", ValueAt<float>(array, index));
    case Kind::kDouble:
      return fmt::format("{}", ValueAt<double>(array, index));
    case Kind::kDate32:
      return Date(ValueAt<int32_t>(array, index), -1);
    case Kind::kTimestamp:
      return TimeAt(ValueAt<int64_t>(array, index), column.per_second);
    case Kind::kUint64:
      return fmt::format("{}", ValueAt<uint64_t>(array, index));
    default:
      return fmt::format("{}", IndexAt(column.kind, array, index));
  }
}

}  // namespace

RowReader::RowReader(std::vector<FieldPattern> patterns)
    : patterns_(std::move(patterns)) {}

bool RowReader::Wants(const Column& column, MemberKind kind,
                      std::vector<PathStep>* path) const {
  switch (column.kind) {
    case Kind::kIgnored:
      return false;
    case Kind::kText32:
    case Kind::kText64:
    case Kind::kTextView:
      return !column.bytes || kind.text || kind.claim ||
             std::any_of(patterns_.begin(), patterns_.end(),
                         [&](const FieldPattern& pattern) {
                           return pattern.Names(*path);
                         });
    case Kind::kDictionary:
      return Wants(column.children[0], kind, path);
    case Kind::kList32:
    case Kind::kList64:
    case Kind::kFixedList: {
      path->push_back({.is_index = true});
      const bool wants = Wants(column.children[0], kind, path);
      path->pop_back();
      return wants;
    }
    case Kind::kStruct:
      return std::any_of(column.children.begin(), column.children.end(),
                         [&](const Column& child) {
                           path->push_back({.name = child.name});
                           const bool wants =
                               Wants(child, KindOfMember(child.name), path);
                           path->pop_back();
                           return wants;
                         });
    default:
      return kind.claim;
  }
}

std::vector<uint32_t> RowReader::Wanted(
    const std::vector<Column>& columns) const {
  std::vector<uint32_t> wanted;
  for (uint32_t i = 0; i < columns.size(); ++i) {
    std::vector<PathStep> path = {{.name = columns[i].name}};
    if (Wants(columns[i], KindOfMember(columns[i].name), &path))
      wanted.push_back(i);
  }
  return wanted;
}

std::optional<PassedOver> RowReader::Read(const std::vector<Column>& columns,
                                          const std::vector<uint32_t>& wanted,
                                          const ArrowArray& rows, int64_t row,
                                          size_t record_bytes_max,
                                          Record* record) {
  path_.assign(1, {});
  steps_.clear();
  bytes_left_ = record_bytes_max;
  failure_.reset();
  fields_.clear();
  claims_.clear();
  ways_.clear();
  all_steps_.clear();
  texts_.Clear();
  names_.Clear();
  record_ = record;
  record->path_hint = record->language_hint = {};
  for (size_t i = 0; i < wanted.size() && !failure_; ++i) {
    const Column& column = columns[wanted[i]];
    column_ = wanted[i];
    path_[0].name = column.name;
    Value(column, *rows.children[i], rows.offset + row,
          KindOfMember(column.name));
  }
  if (failure_) return std::move(failure_);
  record->fields = fields_;
  record->claims = claims_;
  return std::nullopt;
}

RowReader::Place RowReader::PlaceOfField(size_t index) const {
  const Way& way = ways_[index];
  return {way.column,
          {all_steps_.begin() + static_cast<ptrdiff_t>(way.begin),
           all_steps_.begin() + static_cast<ptrdiff_t>(way.end)}};
}

bool RowReader::Value(const Column& column, const ArrowArray& array,
                      int64_t index, MemberKind kind) {
  if (column.kind == Kind::kIgnored || IsNull(array, index)) return true;
  switch (column.kind) {
    case Kind::kText32:
      return Text(column, TextAt<int32_t>(array, index), kind);
    case Kind::kText64:
      return Text(column, TextAt<int64_t>(array, index), kind);
    case Kind::kTextView:
      return Text(column, ViewAt(array, index), kind);
    case Kind::kDictionary:
      return Value(column.children[0], *array.dictionary,
                   IndexAt(column.index, array, index), kind);
    case Kind::kList32:
      return List(column, array, ValueAt<int32_t>(array, index),
                  ValueAt<int32_t>(array, index + 1), kind);
    case Kind::kList64:
      return List(column, array, ValueAt<int64_t>(array, index),
                  ValueAt<int64_t>(array, index + 1), kind);
    case Kind::kFixedList: {
      const int64_t begin = (array.offset + index) * column.fixed_size;
      return List(column, array, begin, begin + column.fixed_size, kind);
    }
    case Kind::kStruct:
      return Struct(column, array, array.offset + index);
    default:
      Scalar(column, array, index, kind);
      return true;
  }
}

bool RowReader::List(const Column& column, const ArrowArray& array,
                     int64_t begin, int64_t end, MemberKind kind) {
  const Column& element = column.children[0];
  // An embedding has a thousand numbers, and no claim among them.
  if (element.kind == Kind::kIgnored || (IsScalar(element.kind) && !kind.claim))
    return true;
  path_.push_back({.is_index = true});
  steps_.push_back(0);
  bool going = true;
  for (int64_t i = begin; i < end && going; ++i) {
    path_.back().index = static_cast<size_t>(i - begin);
    steps_.back() = static_cast<uint32_t>(i - begin);
    going = Value(element, *array.children[0], i, kind);
  }
  path_.pop_back();
  steps_.pop_back();
  return going;
}

bool RowReader::Struct(const Column& column, const ArrowArray& array,
                       int64_t index) {
  path_.push_back({});
  steps_.push_back(0);
  bool going = true;
  for (uint32_t i = 0; i < column.children.size() && going; ++i) {
    const Column& child = column.children[i];
    path_.back().name = child.name;
    steps_.back() = i;
    going = Value(child, *array.children[i], index, KindOfMember(child.name));
  }
  path_.pop_back();
  steps_.pop_back();
  return going;
}

bool RowReader::IsText(const Column& column, std::string_view text,
                       MemberKind kind) const {
  if (!patterns_.empty()) {
    return std::any_of(
        patterns_.begin(), patterns_.end(),
        [&](const FieldPattern& pattern) { return pattern.Names(path_); });
  }
  return kind.text || (!column.bytes && LooksWritten(text));
}

bool RowReader::Text(const Column& column, std::string_view text,
                     MemberKind kind) {
  if (text.empty()) return true;
  if (kind.claim && text.size() <= kClaimBytesMax) AddClaim(text, kind);
  if (!IsText(column, text, kind)) return true;
  if (fields_.size() == kFieldsMax) {
    failure_ =
        PassedOver{"", Reason::kTooLarge,
                   fmt::format("more than {} texts in one record", kFieldsMax)};
    return false;
  }
  if (text.size() > bytes_left_) {
    failure_ = PassedOver{"", Reason::kTooLarge, "a row's texts"};
    return false;
  }
  bytes_left_ -= text.size();
  fields_.push_back({.name = Name(), .text = text, .language_hint = {}});
  const size_t begin = all_steps_.size();
  all_steps_.insert(all_steps_.end(), steps_.begin(), steps_.end());
  ways_.push_back({column_, begin, all_steps_.size()});
  return true;
}

void RowReader::Scalar(const Column& column, const ArrowArray& array,
                       int64_t index, MemberKind kind) {
  if (kind.claim) AddClaim(texts_.Keep(ScalarAt(column, array, index)), kind);
}

void RowReader::AddClaim(std::string_view value, MemberKind kind) {
  if (kind.path && record_->path_hint.empty()) record_->path_hint = value;
  if (kind.language && record_->language_hint.empty())
    record_->language_hint = value;
  if (claims_.size() < kClaimsMax)
    claims_.push_back({.name = Name(), .value = value});
}

std::string_view RowReader::Name() {
  if (path_.size() == 1) return path_[0].name;
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
