#include <charconv>
#include <cstring>
#include <map>

#include "corpus/row_reader_internal.h"

namespace cofferdam::corpus {
namespace {

using Kind = Column::Kind;

// Formats of Arrow's C data interface that are one word.
Kind KindOf(std::string_view format, bool* bytes) {
  static const std::map<std::string_view, Kind> kinds = {
      {"u", Kind::kText32},  {"U", Kind::kText64},  {"vu", Kind::kTextView},
      {"z", Kind::kText32},  {"Z", Kind::kText64},  {"vz", Kind::kTextView},
      {"b", Kind::kBool},    {"c", Kind::kInt8},    {"C", Kind::kUint8},
      {"s", Kind::kInt16},   {"S", Kind::kUint16},  {"i", Kind::kInt32},
      {"I", Kind::kUint32},  {"l", Kind::kInt64},   {"L", Kind::kUint64},
      {"f", Kind::kFloat},   {"g", Kind::kDouble},  {"tdD", Kind::kDate32},
      {"+l", Kind::kList32}, {"+L", Kind::kList64}, {"+s", Kind::kStruct},
      {"+m", Kind::kList32}};
  *bytes = format == "z" || format == "Z" || format == "vz";
  const auto found = kinds.find(format);
  return found == kinds.end() ? Kind::kIgnored : found->second;
}

// "tsu:UTC": ticks of a second.
int64_t PerSecond(std::string_view format) {
  if (format.starts_with("tss:")) return 1;
  if (format.starts_with("tsm:")) return 1'000;
  if (format.starts_with("tsu:")) return 1'000'000;
  if (format.starts_with("tsn:")) return 1'000'000'000;
  return 0;
}

Column ReadColumn(const ArrowSchema& schema);

void ReadKind(const ArrowSchema& schema, Column* column) {
  const std::string_view format = schema.format;
  column->kind = KindOf(format, &column->bytes);
  if (format.starts_with("+w:")) {
    const char* end = format.data() + format.size();
    const auto [at, code] =
        std::from_chars(format.data() + 3, end, column->fixed_size);
    if (code == std::errc() && at == end && column->fixed_size >= 0)
      column->kind = Kind::kFixedList;
  } else if (const int64_t ticks = PerSecond(format); ticks > 0) {
    column->kind = Kind::kTimestamp;
    column->per_second = ticks;
  }
}

Column ReadColumn(const ArrowSchema& schema) {
  Column column;
  column.name = schema.name == nullptr ? "" : schema.name;
  ReadKind(schema, &column);
  if (schema.dictionary != nullptr) {
    column.index = column.kind;
    column.kind = Kind::kDictionary;
    column.children.push_back(ReadColumn(*schema.dictionary));
    return column;
  }
  for (int64_t i = 0; i < schema.n_children; ++i)
    column.children.push_back(ReadColumn(*schema.children[i]));
  const bool is_list = column.kind == Kind::kList32 ||
                       column.kind == Kind::kList64 ||
                       column.kind == Kind::kFixedList;
  if (is_list && column.children.size() != 1) column.kind = Kind::kIgnored;
  return column;
}

}  // namespace

std::vector<Column> ReadColumns(const ArrowSchema& schema) {
  return ReadColumn(schema).children;
}

}  // namespace cofferdam::corpus
