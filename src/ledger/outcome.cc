#include "ledger/outcome.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"

namespace cofferdam::ledger {
namespace {

struct ClassField {
  std::string_view name;
  uint64_t LinesByClass::* member;
};
constexpr ClassField kClassFields[] = {{"model", &LinesByClass::model},
                                       {"mixed", &LinesByClass::mixed},
                                       {"human", &LinesByClass::human},
                                       {"unknown", &LinesByClass::unknown}};

void WriteLines(std::string_view name, const LinesByClass& lines,
                JsonWriter* out) {
  out->Key(name).BeginObject();
  for (const ClassField& field : kClassFields) {
    out->Field(field.name, lines.*field.member);
  }
  out->EndObject();
}

void WriteRanges(std::string_view name, const std::vector<OutputLines>& lines,
                 JsonWriter* out) {
  if (lines.empty()) return;
  out->Key(name).BeginArray();
  for (const OutputLines& range : lines) {
    out->BeginArray()
        .Int(static_cast<int64_t>(range.begin))
        .Int(static_cast<int64_t>(range.end))
        .EndArray();
  }
  out->EndArray();
}

Error Wrong(std::string_view name) {
  return Error(Code::kCorrupt,
               "outcome: \"" + std::string(name) + "\" is wrong");
}

Result<uint64_t> ReadCount(const JsonValue& object, std::string_view name) {
  const JsonValue value = object[name];
  if (!value.present()) return uint64_t{0};
  const auto number = value.Int();
  if (!number || *number < 0) return Wrong(name);
  return static_cast<uint64_t>(*number);
}

Result<std::string> ReadText(const JsonValue& object, std::string_view name) {
  const JsonValue value = object[name];
  if (!value.present()) return std::string();
  const auto text = value.String();
  if (!text) return Wrong(name);
  return std::string(*text);
}

Result<LinesByClass> ReadLines(const JsonValue& object, std::string_view name) {
  const JsonValue value = object[name];
  if (!value.is_object()) return Wrong(name);
  LinesByClass lines;
  for (const ClassField& field : kClassFields) {
    TRY_ASSIGN(lines.*field.member, ReadCount(value, field.name));
  }
  return lines;
}

Result<std::vector<OutputLines>> ReadRanges(const JsonValue& object,
                                            std::string_view name) {
  std::vector<OutputLines> lines;
  uint64_t last = 0;
  for (const JsonValue& pair : object[name].Elements()) {
    const auto begin = pair.At(0).Int();
    const auto end = pair.At(1).Int();
    if (!begin || !end || *begin <= 0 || *end < *begin ||
        static_cast<uint64_t>(*begin) <= last) {
      return Wrong(name);
    }
    last = static_cast<uint64_t>(*end);
    lines.push_back({static_cast<uint64_t>(*begin), last});
  }
  return lines;
}

Result<OutcomeSource> ReadSource(const JsonValue& value) {
  OutcomeSource source;
  Result<Ulid> id = Ulid::Parse(value["exchange"].StringOrEmpty());
  if (!id.ok()) return Wrong("exchange");
  source.exchange = *id;
  TRY_ASSIGN(const uint64_t part, ReadCount(value, "part"));
  if (part > UINT16_MAX) return Wrong("part");
  source.part = static_cast<uint32_t>(part);
  TRY_ASSIGN(source.lines, ReadRanges(value, "lines"));
  TRY_ASSIGN(source.alive, ReadRanges(value, "alive"));
  return source;
}

// A commit's id or a digest.
bool IsHexOf(std::string_view text, size_t least, size_t most) {
  if (text.size() < least || text.size() > most) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

Status ReadLists(const JsonValue& root, CommitOutcome* out) {
  for (const JsonValue& value : root["authors"].Elements()) {
    OutcomeAuthor author;
    TRY_ASSIGN(author.person, ReadText(value, "person"));
    TRY_ASSIGN(author.team, ReadText(value, "team"));
    out->authors.push_back(std::move(author));
  }
  if (out->authors.empty() || out->authors.size() > kOutcomeAuthorsMax) {
    return Wrong("authors");
  }
  const std::vector<JsonValue> sources = root["sources"].Elements();
  if (sources.size() > kOutcomeSourcesMax) return Wrong("sources");
  for (const JsonValue& value : sources) {
    TRY_ASSIGN(OutcomeSource source, ReadSource(value));
    out->sources.push_back(std::move(source));
  }
  return {};
}

}  // namespace

LinesByClass& LinesByClass::operator+=(const LinesByClass& more) {
  for (const ClassField& field : kClassFields) {
    this->*field.member += more.*field.member;
  }
  return *this;
}

std::string ToJson(const CommitOutcome& outcome) {
  JsonWriter out;
  out.BeginObject()
      .Field("v", 1)
      .Field("repo", outcome.repo)
      .Field("commit", outcome.commit)
      .Field("time", outcome.time)
      .Field("change", outcome.change);
  out.Key("authors").BeginArray();
  for (const OutcomeAuthor& author : outcome.authors) {
    out.BeginObject()
        .FieldIfSet("person", author.person)
        .FieldIfSet("team", author.team)
        .EndObject();
  }
  out.EndArray();
  WriteLines("added", outcome.added, &out);
  if (outcome.alive) WriteLines("alive", *outcome.alive, &out);
  if (outcome.again > 0) out.Field("again", outcome.again);
  if (outcome.left_out > 0) out.Field("left_out", outcome.left_out);
  if (!outcome.sources.empty()) {
    out.Key("sources").BeginArray();
    for (const OutcomeSource& source : outcome.sources) {
      out.BeginObject()
          .Field("exchange", source.exchange.ToString())
          .Field("part", uint64_t{source.part});
      WriteRanges("lines", source.lines, &out);
      WriteRanges("alive", source.alive, &out);
      out.EndObject();
    }
    out.EndArray();
  }
  out.EndObject();
  return std::move(out).Take();
}

Result<CommitOutcome> OutcomeFromJson(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok()) {
    return Error(Code::kCorrupt, "outcome: " + document.error().message());
  }
  const JsonValue root = document->root();
  if (root["v"].Int() != 1) return Wrong("v");
  CommitOutcome out;
  TRY_ASSIGN(out.repo, ReadText(root, "repo"));
  TRY_ASSIGN(out.commit, ReadText(root, "commit"));
  TRY_ASSIGN(out.change, ReadText(root, "change"));
  if (out.repo.empty()) return Wrong("repo");
  if (!IsHexOf(out.commit, 40, 64)) return Wrong("commit");
  if (!IsHexOf(out.change, 64, 64)) return Wrong("change");
  TRY_ASSIGN(const uint64_t time, ReadCount(root, "time"));
  out.time = static_cast<int64_t>(time);
  TRY_ASSIGN(out.added, ReadLines(root, "added"));
  if (root["alive"].present()) {
    TRY_ASSIGN(out.alive, ReadLines(root, "alive"));
  }
  TRY_ASSIGN(out.again, ReadCount(root, "again"));
  TRY_ASSIGN(out.left_out, ReadCount(root, "left_out"));
  TRY(ReadLists(root, &out));
  return out;
}

LinesByClass ShareOf(const LinesByClass& lines, size_t author, size_t authors) {
  LinesByClass share;
  for (const ClassField& field : kClassFields) {
    const uint64_t all = lines.*field.member;
    share.*field.member = all / authors + (author < all % authors ? 1 : 0);
  }
  return share;
}

std::vector<OutputLines> MakeOutputLines(std::vector<uint64_t> names) {
  std::sort(names.begin(), names.end());
  std::vector<OutputLines> lines;
  for (uint64_t name : names) {
    if (!lines.empty() && name <= lines.back().end) continue;
    if (!lines.empty() && name == lines.back().end + 1) {
      lines.back().end = name;
    } else {
      lines.push_back({name, name});
    }
  }
  return lines;
}

uint64_t CountLines(const std::vector<OutputLines>& lines) {
  uint64_t count = 0;
  for (const OutputLines& range : lines) count += range.end - range.begin + 1;
  return count;
}

std::vector<OutputLines> UniteLines(const std::vector<OutputLines>& a,
                                    const std::vector<OutputLines>& b) {
  std::vector<OutputLines> all;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all),
             [](const OutputLines& x, const OutputLines& y) {
               return x.begin < y.begin;
             });
  std::vector<OutputLines> lines;
  for (const OutputLines& range : all) {
    if (!lines.empty() && range.begin <= lines.back().end + 1) {
      lines.back().end = std::max(lines.back().end, range.end);
    } else {
      lines.push_back(range);
    }
  }
  return lines;
}

}  // namespace cofferdam::ledger
