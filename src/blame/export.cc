#include "blame/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "blame/line_runs_internal.h"
#include "seal/hash.h"
#include "seal/sha1.h"

namespace cofferdam::blame {
namespace {

// A UUID (RFC 9562, version 8) that the same words give again.
std::string UuidOf(std::string_view words) {
  std::string hex = ToHex(seal::Sha256(words)).substr(0, 32);
  hex[12] = '8';
  hex[16] = 'a';
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4),
                     hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
}

// "2026-11-21T07:10:00Z".
std::string SecondsText(int64_t micros) {
  return FormatTime(micros).substr(0, 19) + "Z";
}

std::string_view ContributorOf(LineClass line_class) {
  switch (line_class) {
    case LineClass::kModel:
      return "ai";
    case LineClass::kMixed:
      return "mixed";
    case LineClass::kHuman:
      return "human";
    case LineClass::kUnknown:
      break;
  }
  return "unknown";
}

void WriteRange(const evidence::LineRange& lines, JsonWriter* json) {
  json->BeginObject()
      .Field("start_line", uint64_t{lines.begin})
      .Field("end_line", uint64_t{lines.end})
      .EndObject();
}

// One contributor of a file, and the lines that are his.
void WriteConversation(const BlamedFile& file, const std::vector<LineRun>& runs,
                       JsonWriter* json) {
  const LineRun& first = runs.front();
  const evidence::Origin* origin = OriginOf(file, first.origin);
  json->BeginObject().Key("contributor").BeginObject();
  json->Field("type", ContributorOf(first.line_class));
  if (origin != nullptr && first.line_class != LineClass::kHuman)
    json->FieldIfSet("model_id", ModelId(*origin).substr(0, 250));
  json->EndObject().Key("ranges").BeginArray();
  for (const LineRun& run : runs) WriteRange(run.lines, json);
  json->EndArray();
  if (origin != nullptr && !origin->exchange.empty()) {
    json->Key("related")
        .BeginArray()
        .BeginObject()
        .Field("type", "exchange")
        .Field("url", "urn:cofferdam:exchange:" + origin->exchange)
        .EndObject()
        .EndArray();
  }
  json->EndObject();
}

policy::Verdict VerdictOf(const LineRun& run, const evidence::Origin* origin,
                          const ExportOptions& options) {
  if (run.line_class == LineClass::kHuman) return policy::Verdict::kClean;
  // A claim is a hint, whatever its model's terms are.
  if (run.basis != Basis::kContent || origin == nullptr)
    return policy::Verdict::kAmbiguous;
  return policy::VerdictFor(origin->terms_class, options.purpose,
                            options.organisation_trains_models)
      .verdict;
}

void WriteMaskOrigin(const evidence::Origin& origin, JsonWriter* json) {
  json->Key("origin")
      .BeginObject()
      .FieldIfSet("provider", origin.provider)
      .FieldIfSet("model", origin.model)
      .FieldIfSet("contract", origin.contract)
      .FieldIfSet("tool", origin.tool)
      .FieldIfSet("exchange", origin.exchange)
      .EndObject();
}

// "src/my file.c" -> "\"src/my file.c\"", as the standard asks.
std::string NotePath(const std::string& path) {
  return path.find_first_of(" \t\n") == std::string::npos ? path
                                                          : "\"" + path + "\"";
}

// The lines of one commit by path and key, and what the keys mean.
struct CommitNote {
  std::map<std::string, std::map<std::string, std::vector<uint32_t>>> lines;
  std::map<std::string, const evidence::Origin*> sessions;
};

std::string HexOf(std::string_view words) {
  return ToHex(seal::Sha256(words)).substr(0, 14);
}

std::string RangesText(std::vector<uint32_t> lines) {
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  std::string text;
  for (size_t i = 0; i < lines.size();) {
    size_t last = i;
    while (last + 1 < lines.size() && lines[last + 1] == lines[last] + 1)
      ++last;
    if (!text.empty()) text += ',';
    text += last == i ? fmt::format("{}", lines[i])
                      : fmt::format("{}-{}", lines[i], lines[last]);
    i = last + 1;
  }
  return text;
}

std::string NoteText(const std::string& commit, const CommitNote& note,
                     const ExportOptions& options) {
  std::string text;
  for (const auto& [path, keys] : note.lines) {
    text += NotePath(path) + "\n";
    for (const auto& [key, lines] : keys)
      text += fmt::format("  {} {}\n", key, RangesText(lines));
  }
  text += "---\n";
  JsonWriter json;
  json.BeginObject()
      .Field("schema_version", "authorship/3.0.0")
      .Field("generator", "cofferdam " + options.version)
      .Field("base_commit_sha", commit)
      .Key("prompts")
      .BeginObject()
      .EndObject()
      .Key("sessions")
      .BeginObject();
  for (const auto& [session, origin] : note.sessions) {
    json.Key(session)
        .BeginObject()
        .Key("agent_id")
        .BeginObject()
        .Field("tool", origin->tool.empty() ? "unknown" : origin->tool)
        .Field("id",
               origin->session.empty() ? origin->exchange : origin->session)
        .Field("model", origin->model.empty() ? "unknown" : origin->model)
        .EndObject()
        .EndObject();
  }
  json.EndObject().EndObject();
  return text + json.text() + "\n";
}

}  // namespace

std::optional<ExportFormat> ParseExportFormat(std::string_view name) {
  if (name == "git-ai") return ExportFormat::kGitAi;
  if (name == "agent-trace") return ExportFormat::kAgentTrace;
  if (name == "spdx") return ExportFormat::kSpdx;
  if (name == "mask") return ExportFormat::kMask;
  return std::nullopt;
}

std::vector<LineRun> RunsOf(const BlamedFile& file) {
  std::vector<LineRun> runs;
  uint32_t number = 0;
  for (const BlamedLine& line : file.lines) {
    ++number;
    if (line.line_class == LineClass::kUnknown) continue;
    LineRun* last = runs.empty() ? nullptr : &runs.back();
    if (last != nullptr && last->lines.end + 1 == number &&
        last->line_class == line.line_class && last->basis == line.basis &&
        last->origin == line.origin) {
      last->lines.end = number;
    } else {
      runs.push_back(
          {{number, number}, line.line_class, line.basis, line.origin});
    }
  }
  return runs;
}

const evidence::Origin* OriginOf(const BlamedFile& file, uint32_t origin) {
  return origin < file.origins.size() ? &file.origins[origin].origin : nullptr;
}

std::string ModelId(const evidence::Origin& origin) {
  if (origin.model.empty() || origin.provider.empty() ||
      origin.model.find('/') != std::string::npos)
    return origin.model;
  return origin.provider + "/" + origin.model;
}

std::vector<GitAiNote> ExportGitAi(const RepositoryBlame& blame,
                                   const ExportOptions& options) {
  std::map<std::string, CommitNote> commits;
  for (size_t i = 0; i < blame.files.size(); ++i) {
    const BlamedFile& file = blame.files[i];
    for (size_t line = 0; line < file.lines.size(); ++line) {
      const BlamedLine& blamed = file.lines[line];
      const evidence::Origin* origin = OriginOf(file, blamed.origin);
      if (blamed.line_class != LineClass::kModel ||
          blamed.basis != Basis::kContent || origin == nullptr)
        continue;
      const corpus::LineSource& source = blame.history.files[i].lines[line];
      const std::string& commit = blame.history.commits[source.commit].id;
      if (commit.empty()) continue;
      CommitNote& note = commits[commit];
      const std::string session =
          "s_" + HexOf(fmt::format("{}:{}", origin->tool,
                                   origin->session.empty() ? origin->exchange
                                                           : origin->session));
      note.sessions.emplace(session, origin);
      note.lines[blame.history.paths[source.path]]
                [session + "::t_" + HexOf(origin->exchange)]
                    .push_back(source.line);
    }
  }
  std::vector<GitAiNote> notes;
  for (const auto& [commit, note] : commits)
    notes.push_back({commit, NoteText(commit, note, options)});
  return notes;
}

std::string ExportAgentTrace(const RepositoryBlame& blame,
                             const ExportOptions& options) {
  JsonWriter files;
  files.BeginArray();
  for (const BlamedFile& file : blame.files) {
    std::map<std::pair<LineClass, uint32_t>, std::vector<LineRun>> by_author;
    for (const LineRun& run : RunsOf(file))
      by_author[{run.line_class, run.origin}].push_back(run);
    if (by_author.empty()) continue;
    files.BeginObject().Field("path", file.path).Key("conversations");
    files.BeginArray();
    for (const auto& [author, runs] : by_author)
      WriteConversation(file, runs, &files);
    files.EndArray().EndObject();
  }
  files.EndArray();
  const std::string& revision = blame.history.repository.head_commit;
  JsonWriter json;
  json.BeginObject()
      .Field("version", "0.1.0")
      .Field("id", UuidOf(revision + files.text()))
      .Field("timestamp", SecondsText(options.now_micros));
  if (!revision.empty()) {
    json.Key("vcs")
        .BeginObject()
        .Field("type", "git")
        .Field("revision", revision)
        .EndObject();
  }
  json.Key("tool")
      .BeginObject()
      .Field("name", "cofferdam")
      .Field("version", options.version)
      .EndObject()
      .Key("files")
      .Raw(files.text())
      .EndObject();
  return std::move(json).Take() + "\n";
}

std::string ExportMask(const RepositoryBlame& blame,
                       const ExportOptions& options) {
  std::string text;
  for (size_t i = 0; i < blame.files.size(); ++i) {
    const BlamedFile& file = blame.files[i];
    const std::string blob = seal::GitBlobId(blame.history.files[i].text);
    std::map<std::tuple<LineClass, Basis, uint32_t>, std::vector<LineRun>>
        by_author;
    for (const LineRun& run : RunsOf(file))
      by_author[{run.line_class, run.basis, run.origin}].push_back(run);
    for (const auto& [key, runs] : by_author) {
      const evidence::Origin* origin = OriginOf(file, runs.front().origin);
      JsonWriter json;
      json.BeginObject()
          .Field("blob", blob)
          .Field("path", file.path)
          .Field("class", LineClassName(runs.front().line_class))
          .Field("basis", BasisName(runs.front().basis))
          .Field("verdict",
                 policy::VerdictName(VerdictOf(runs.front(), origin, options)))
          .Key("ranges")
          .BeginArray();
      for (const LineRun& run : runs) {
        json.BeginArray().Int(run.lines.begin).Int(run.lines.end).EndArray();
      }
      json.EndArray();
      if (origin != nullptr) WriteMaskOrigin(*origin, &json);
      json.EndObject();
      text += json.text() + "\n";
    }
  }
  return text;
}

}  // namespace cofferdam::blame
