#include <algorithm>

#include "corpus/json_record_internal.h"
#include "corpus/rewrite_internal.h"

namespace cofferdam::corpus {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// A JSON string of a record: as written, decoded, and where its bytes are from.
struct DecodedString {
  std::string_view raw;
  std::string text;
  std::vector<size_t> origins;

  bool Decode() {
    text.resize(raw.size() + kJsonPaddingBytes);
    origins.resize(raw.size() + 1);
    char* end = DecodeJsonString(raw, text.data(), origins.data());
    if (end == nullptr) return false;
    text.resize(static_cast<size_t>(end - text.data()));
    return true;
  }
};

// A stretch of the record as written that is replaced.
struct Splice {
  size_t begin;
  size_t end;
  std::string with;
};

std::string Spliced(std::string_view text, std::vector<Splice> splices) {
  std::sort(splices.begin(), splices.end(),
            [](const Splice& a, const Splice& b) { return a.begin < b.begin; });
  std::string out;
  size_t at = 0;
  for (const Splice& splice : splices) {
    out += text.substr(at, splice.begin - at);
    out += splice.with;
    at = splice.end;
  }
  out += text.substr(at);
  return out;
}

// Reads `json` with `patterns`, and gives the strings of its fields by name.
class Strings {
 public:
  Strings(std::string_view json, std::vector<FieldPattern> patterns)
      : json_(json), reader_(std::move(patterns)) {}

  bool Read() { return !reader_.Read(json_, &record_); }

  // Of the first field named `name`, or of the list's elements, in order, where
  // `name` is that of a list.
  std::vector<std::string_view> Find(std::string_view name) const {
    std::vector<std::string_view> found;
    for (size_t i = 0; i < record_.fields.size(); ++i) {
      std::string_view field = record_.fields[i].name;
      if (field == name) return {reader_.RawOfField(i)};
      if (field.starts_with(name) && field.substr(name.size()).starts_with("["))
        found.push_back(reader_.RawOfField(i));
    }
    return found;
  }

 private:
  std::string_view json_;
  JsonRecordReader reader_;
  Record record_;
};

// Adds the splices that take `cuts` out of the text that `raws` form together.
// False where they do not fit.
bool AddSplices(std::string_view json,
                const std::vector<std::string_view>& raws,
                std::vector<std::pair<size_t, size_t>> cuts, CutStyle style,
                std::vector<Splice>* splices) {
  std::vector<DecodedString> parts;
  std::string text;
  for (std::string_view raw : raws) {
    parts.push_back({.raw = raw, .text = {}, .origins = {}});
    if (!parts.back().Decode()) return false;
    text += parts.back().text;
  }
  std::optional<Stretches> stretches = StretchesOf(text, std::move(cuts));
  if (!stretches) return false;
  size_t part_begin = 0;
  for (const DecodedString& part : parts) {
    size_t part_end = part_begin + part.text.size();
    for (const auto& [begin, end] : *stretches) {
      size_t from = std::max(begin, part_begin);
      size_t to = std::min(end, part_end);
      if (from >= to) continue;
      auto place = static_cast<size_t>(part.raw.data() - json.data());
      std::string with;
      if (style == CutStyle::kMask) {
        // White space keeps the form in which it was written.
        for (size_t i = from - part_begin; i < to - part_begin; ++i) {
          if (IsContinuation(part.text[i])) continue;
          if (!IsSpace(part.text[i])) {
            with += '*';
          } else {
            size_t origin = part.origins[i];
            with += part.raw.substr(origin, part.origins[i + 1] - origin);
          }
        }
      }
      splices->push_back({place + part.origins[from - part_begin],
                          place + part.origins[to - part_begin],
                          std::move(with)});
    }
    part_begin = part_end;
  }
  return true;
}

Result<std::string> CutStrings(std::string_view json, const RecordEdit& edit,
                               std::vector<FieldPattern> patterns,
                               CutStyle style) {
  Strings strings(json, std::move(patterns));
  if (!strings.Read()) return Changed(edit);
  std::vector<std::string_view> names;
  for (const Cut& cut : edit.cuts) names.push_back(cut.field);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<Splice> splices;
  for (std::string_view name : names) {
    std::vector<std::pair<size_t, size_t>> cuts;
    for (const Cut& cut : edit.cuts) {
      if (cut.field == name) cuts.push_back({cut.begin, cut.end});
    }
    std::vector<std::string_view> raws = strings.Find(name);
    if (raws.empty() ||
        !AddSplices(json, raws, std::move(cuts), style, &splices))
      return Changed(edit);
  }
  return Spliced(json, std::move(splices));
}

}  // namespace

std::string Masked(std::string_view text) {
  std::string masked;
  for (char c : text) {
    if (IsSpace(c)) {
      masked += c;
    } else if (!IsContinuation(c)) {
      masked += '*';
    }
  }
  return masked;
}

std::optional<Stretches> StretchesOf(
    std::string_view text, std::vector<std::pair<size_t, size_t>> cuts) {
  std::sort(cuts.begin(), cuts.end());
  Stretches stretches;
  for (auto [begin, end] : cuts) {
    if (begin > end || end > text.size()) return std::nullopt;
    if (begin == end) continue;
    while (begin > 0 && IsContinuation(text[begin])) --begin;
    while (end < text.size() && IsContinuation(text[end])) ++end;
    if (!stretches.empty() && begin <= stretches.back().second) {
      stretches.back().second = std::max(stretches.back().second, end);
    } else {
      stretches.push_back({begin, end});
    }
  }
  return stretches;
}

std::string CutText(std::string_view text, const Stretches& stretches,
                    CutStyle style) {
  std::string out;
  size_t at = 0;
  for (const auto& [begin, end] : stretches) {
    out += text.substr(at, begin - at);
    if (style == CutStyle::kMask)
      out += Masked(text.substr(begin, end - begin));
    at = end;
  }
  out += text.substr(at);
  return out;
}

Result<std::string> CutJson(std::string_view json, const RecordEdit& edit,
                            const RewriteOptions& options) {
  return CutStrings(json, edit, FieldPatternsOf(options.source), options.style);
}

Result<std::string> CutNotebook(std::string_view json, const RecordEdit& edit,
                                const RewriteOptions& options) {
  std::vector<FieldPattern> patterns;
  for (const char* name :
       {"cells[].source", "cells[].input", "worksheets[].cells[].source",
        "worksheets[].cells[].input"})
    patterns.push_back(FieldPattern::Parse(name).value());
  return CutStrings(json, edit, std::move(patterns), options.style);
}

}  // namespace cofferdam::corpus
