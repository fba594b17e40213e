#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "corpus/text_file.h"
#include "evidence/constants.h"
#include "evidence/matcher.h"
#include "evidence/repository_grams.h"
#include "http/server.h"
#include "wire/answer.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

// Limits that are not settings yet: shown, so that nobody has to guess them.
std::vector<SettingRow> FixedLimits() {
  const wire::MeterLimits meter;
  const http::ServerOptions server;
  auto row = [](std::string path, auto value, std::string help) {
    return SettingRow{std::move(path), fmt::format("{}", value), "fixed",
                      std::move(help)};
  };
  const evidence::MatchLimits match;
  const evidence::RepositoryLimits repository;
  std::vector<SettingRow> rows = {
      row("limit.json_depth_max", JsonDocument::kDepthMax,
          "levels of nesting in any JSON"),
      row("limit.header_count_max", server.header_count_max,
          "headers of one request"),
      row("limit.request_line_bytes_max", server.request_line_bytes_max,
          "bytes of a request's first line"),
      row("limit.answer_text_bytes_max", meter.text_bytes_max,
          "bytes of text kept of one answer"),
      row("limit.answer_parts_max", meter.parts_max,
          "parts kept of one answer"),
      row("limit.document_bytes_max", corpus::TextLimits{}.document_bytes_max,
          "bytes of one scanned file"),
      row("limit.line_bytes_max", corpus::TextLimits{}.line_bytes_max,
          "bytes of one line of a scanned file"),
      row("limit.match_outputs_max", match.outputs_max,
          "outputs that one document is aligned with"),
      row("limit.match_runs_max", match.runs_max,
          "runs of one output in one document"),
      row("limit.match_candidate_tokens_min", match.candidate_tokens_min,
          "tokens that fingerprints must cover for a closer look"),
      row("limit.repository_outputs_listed_max", repository.listed_max,
          "outputs, the newest, whose repository a scan looks at"),
      row("limit.repository_tokens_max", repository.tokens_max,
          "tokens of one repository's outputs that its texts are compared "
          "with"),
      row("limit.repository_places_max", repository.places_max,
          "places of one gram among them"),
      row("limit.repository_outputs_max", repository.outputs_max,
          "of them, outputs that one document is aligned with"),
  };
  for (const evidence::Constant& constant : evidence::Constants()) {
    rows.push_back(row(fmt::format("evidence.{}", constant.name),
                       constant.value,
                       fmt::format("{}: {}", constant.unit, constant.reason)));
  }
  return rows;
}

Result<int> Check(const Invocation& call) {
  std::string file = call.positional();
  TRY_ASSIGN(Config config,
             file.empty() ? LoadConfigFor(call) : LoadConfig(file));
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  PrintLine(fmt::format("{}: ok ({} upstreams, {} contracts, terms {})",
                        config.file.empty() ? "built-in defaults" : config.file,
                        config.gate.upstreams.size(), config.contracts.size(),
                        terms.version()));
  return 0;
}

Result<int> Show(const Invocation& call) {
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  std::vector<SettingRow> rows = config.rows;
  for (SettingRow& row : FixedLimits()) rows.push_back(std::move(row));
  if (call.json()) {
    JsonWriter json;
    json.BeginObject()
        .Field("file", config.file)
        .Field("data", config.data_folder)
        .Key("settings")
        .BeginArray();
    for (const SettingRow& row : rows) {
      json.BeginObject()
          .Field("name", row.path)
          .Field("value", row.value)
          .Field("source", row.source)
          .Field("help", row.help)
          .EndObject();
    }
    json.EndArray().EndObject();
    PrintLine(json.text());
    return 0;
  }
  size_t width = 0;
  size_t value_width = 0;
  for (const SettingRow& row : rows) {
    width = std::max(width, row.path.size());
    value_width = std::max(value_width, std::min<size_t>(row.value.size(), 32));
  }
  for (const SettingRow& row : rows) {
    PrintLine(fmt::format("{:<{}}  {:<{}}  {:<18}  # {}", row.path, width,
                          row.value, value_width, row.source, row.help));
  }
  return 0;
}

}  // namespace

std::vector<Command> ConfigCommands() {
  return {
      {"config check",
       "say whether the configuration is right, or each line that is not",
       {{"FILE", Count::kOptional, "the file; else as every command"}},
       {},
       false,
       Check},
      {"config show",
       "print every setting and limit, and where it comes from",
       {},
       {{"--json", Takes::kNothing, "print JSON"}},
       false,
       Show},
  };
}

}  // namespace cofferdam::cli
