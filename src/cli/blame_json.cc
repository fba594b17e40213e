#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "cli/blame_output.h"

namespace cofferdam::cli {
namespace {

using blame::BlamedFile;
using blame::BlamedLine;
using blame::LineCounts;

void WriteCounts(const LineCounts& counts, JsonWriter* json) {
  json->BeginObject()
      .Field("all", counts.lines)
      .Field("model", counts.model)
      .Field("mixed", counts.mixed)
      .Field("human", counts.human)
      .Field("unknown", counts.unknown)
      .EndObject();
}

void WriteRange(evidence::LineRange lines, JsonWriter* json) {
  json->BeginObject()
      .Field("begin", int64_t{lines.begin})
      .Field("end", int64_t{lines.end})
      .EndObject();
}

// To one digit; the rest is not known that well.
double Rounded(double value) { return std::round(value * 10) / 10; }

void WriteOrigin(const evidence::FoundOrigin& found, const BlameWords& words,
                 JsonWriter* json) {
  const evidence::Origin& origin = found.origin;
  json->BeginObject()
      .FieldIfSet("exchange", origin.exchange)
      .FieldIfSet("kind", origin.kind)
      .FieldIfSet("path", origin.path)
      .FieldIfSet("route", origin.route)
      .FieldIfSet("provider", origin.provider)
      .FieldIfSet("model", origin.model)
      .FieldIfSet("contract", origin.contract)
      .FieldIfSet("tool", origin.tool)
      .FieldIfSet("session", origin.session)
      .FieldIfSet("team", origin.team)
      .FieldIfSet("repo", origin.repo);
  if (words.person_name && !origin.person.empty()) {
    json->Field("person", origin.person);
    if (origin.route != "claim")
      json->FieldIfSet("person_name", words.person_name(origin.person));
  }
  if (origin.route != "claim") {
    json->Field("part", int64_t{origin.part})
        .Field("context", evidence::ContextName(found.context))
        .Field("bits", Rounded(found.content.token_bits))
        .Field("tokens", int64_t{found.tokens});
    json->Key("document_lines");
    WriteRange(found.document_lines, json);
    json->Key("output_lines");
    WriteRange(found.output_lines, json);
    if (origin.time != 0) json->Field("time", origin.time);
  }
  json->EndObject();
}

// Lines [begin, end) of a file that are alike and came together.
size_t EndOfRun(const BlamedFile& file, const corpus::FileLines& sources,
                size_t begin, size_t limit) {
  const auto key = [&](size_t i) {
    const BlamedLine& line = file.lines[i];
    const corpus::LineSource& source = sources.lines[i];
    return std::tuple(line.line_class, line.basis, line.origin, line.matched,
                      line.bits, source.commit, source.path,
                      int64_t{source.line} - static_cast<int64_t>(i));
  };
  size_t end = begin + 1;
  while (end < limit && key(end) == key(begin)) ++end;
  return end;
}

void WriteLines(const blame::RepositoryBlame& blame, size_t number,
                const BlameWords& words, JsonWriter* json) {
  const BlamedFile& file = blame.files[number];
  const corpus::FileLines& sources = blame.history.files[number];
  const size_t first = words.lines ? words.lines->begin - 1 : 0;
  const size_t limit =
      words.lines ? std::min<size_t>(words.lines->end, file.lines.size())
                  : file.lines.size();
  json->Key("blame").BeginArray();
  for (size_t i = first; i < limit;) {
    const size_t end = EndOfRun(file, sources, i, limit);
    const BlamedLine& line = file.lines[i];
    const corpus::LineSource& source = sources.lines[i];
    json->BeginObject()
        .Field("begin", uint64_t{i + 1})
        .Field("end", uint64_t{end})
        .Field("class", blame::LineClassName(line.line_class))
        .Field("basis", blame::BasisName(line.basis));
    if (line.origin != blame::kNone)
      json->Field("origin", int64_t{line.origin});
    if (line.basis == blame::Basis::kContent) {
      json->Field("bits", Rounded(line.bits))
          .Field("matched", std::round(line.matched * 1000) / 1000);
    }
    json->FieldIfSet("commit", blame.history.commits[source.commit].id)
        .Field("path", blame.history.paths[source.path])
        .Field("line", int64_t{source.line})
        .EndObject();
    i = end;
  }
  json->EndArray();
}

void WriteFile(const blame::RepositoryBlame& blame, size_t number,
               BlameDetail detail, const BlameWords& words, JsonWriter* json) {
  const BlamedFile& file = blame.files[number];
  LineCounts counts;
  for (const BlamedLine& line : file.lines) counts.Add(line.line_class);
  json->BeginObject().Field("path", file.path).Key("lines");
  WriteCounts(counts, json);
  if (detail == BlameDetail::kLines) {
    WriteLines(blame, number, words, json);
    json->Key("origins").BeginArray();
    for (const evidence::FoundOrigin& found : file.origins)
      WriteOrigin(found, words, json);
    json->EndArray();
  }
  json->Key("disagreements").BeginArray();
  for (const blame::Disagreement& one : file.disagreements) {
    json->BeginObject()
        .Field("begin", int64_t{one.lines.begin})
        .Field("end", int64_t{one.lines.end})
        .Field("left", one.left)
        .Field("left_says", one.left_says)
        .Field("right", one.right)
        .Field("right_says", one.right_says)
        .EndObject();
  }
  json->EndArray().EndObject();
}

void WriteCommits(const blame::RepositoryBlame& blame, const BlameWords& words,
                  JsonWriter* json) {
  json->Key("commits").BeginArray();
  for (const corpus::HistoryCommit& commit : blame.history.commits) {
    if (commit.id.empty()) continue;
    json->BeginObject()
        .Field("id", commit.id)
        .Field("authored", commit.authored_micros)
        .Field("committed", commit.committed_micros)
        .Field("summary", commit.summary);
    if (commit.boundary) json->Field("boundary", true);
    if (words.person_name) {
      json->Field("author", commit.author)
          .Field("author_mail", commit.author_mail);
    }
    json->EndObject();
  }
  json->EndArray();
}

// Lines by their model and tool.
void WriteModels(const blame::RepositoryBlame& blame, JsonWriter* json) {
  struct Sums {
    uint64_t model = 0;
    uint64_t mixed = 0;
    uint64_t claimed = 0;
  };
  std::map<std::tuple<std::string, std::string, std::string>, Sums> models;
  for (const BlamedFile& file : blame.files) {
    for (const BlamedLine& line : file.lines) {
      const bool model = line.line_class == blame::LineClass::kModel;
      if (!model && line.line_class != blame::LineClass::kMixed) continue;
      const evidence::Origin none;
      const evidence::Origin& origin =
          line.origin == blame::kNone ? none : file.origins[line.origin].origin;
      Sums& sums = models[{origin.provider, origin.model, origin.tool}];
      ++(model ? sums.model : sums.mixed);
      sums.claimed += line.basis == blame::Basis::kClaim;
    }
  }
  json->Key("models").BeginArray();
  for (const auto& [name, sums] : models) {
    json->BeginObject()
        .Field("provider", std::get<0>(name))
        .Field("model", std::get<1>(name))
        .Field("tool", std::get<2>(name))
        .Field("lines", sums.model)
        .Field("mixed", sums.mixed)
        .Field("claimed", sums.claimed)
        .EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string BlameJson(const blame::RepositoryBlame& blame, BlameDetail detail,
                      const BlameWords& words) {
  JsonWriter json;
  json.BeginObject()
      .Field("repository", blame.repository)
      .Field("commit", blame.history.repository.head_commit)
      .Field("covered_sequence", blame.covered_sequence)
      .Key("lines");
  WriteCounts(CountLines(blame, words), &json);
  WriteModels(blame, &json);
  json.Key("files").BeginArray();
  for (size_t i = 0; i < blame.files.size(); ++i)
    WriteFile(blame, i, detail, words, &json);
  json.EndArray();
  if (detail == BlameDetail::kLines) WriteCommits(blame, words, &json);
  json.Key("passed_over").BeginArray();
  for (const corpus::PassedOver& passed : blame.history.passed) {
    json.BeginObject()
        .Field("path", passed.path)
        .Field("reason", corpus::ReasonName(passed.reason))
        .FieldIfSet("detail", passed.detail)
        .EndObject();
  }
  json.EndArray().Key("notices").BeginArray();
  for (const std::string& notice : blame.notices) json.String(notice);
  json.EndArray().EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::cli
