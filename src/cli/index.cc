#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "console/stores.h"
#include "fingerprint/index.h"
#include "fingerprint/segment.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};

Result<int> Build(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("POST", "index/build"));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(answer));
  PrintLine(fmt::format(
      "{} outputs added; the index covers the ledger up to "
      "sequence {}, in {} segments under {}",
      report["outputs_added"].Int().value_or(0),
      report["covered_sequence"].Int().value_or(0),
      report["segments"].Int().value_or(0), report["folder"].StringOrEmpty()));
  return 0;
}

Result<int> InspectFile(const std::string& file) {
  TRY_ASSIGN(fingerprint::Segment segment,
             fingerprint::Segment::Open(
                 file, fingerprint::Segment::Verify::kContents));
  Print(fingerprint::InspectSegment(segment));
  return 0;
}

Result<int> Inspect(const Invocation& call) {
  if (!call.positional().empty()) return InspectFile(call.positional());
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  std::string folder = console::IndexFolder(config.data_folder);
  TRY_ASSIGN(fingerprint::Index index, fingerprint::Index::Open(folder));
  const fingerprint::Manifest& manifest = index.manifest();
  if (call.json()) {
    JsonWriter json;
    json.BeginObject()
        .Field("folder", folder)
        .Field("covered_sequence", manifest.covered())
        .Key("segments")
        .BeginArray();
    for (const fingerprint::ManifestEntry& entry : manifest.segments) {
      json.BeginObject()
          .Field("file", entry.file)
          .Field("bytes", entry.bytes)
          .Field("first_sequence", entry.covers.first)
          .Field("last_sequence", entry.covers.last)
          .Field("outputs", entry.outputs)
          .Field("fingerprints", entry.fingerprints)
          .Field("tokens", entry.tokens)
          .EndObject();
    }
    json.EndArray().EndObject();
    PrintLine(json.text());
    return 0;
  }
  PrintLine(fmt::format("{}: covers the ledger up to sequence {}", folder,
                        manifest.covered()));
  for (const fingerprint::ManifestEntry& entry : manifest.segments) {
    PrintLine(fmt::format(
        "  {}  sequences {} to {}  {} outputs  {} fingerprints  {} tokens  {} "
        "bytes",
        entry.file, entry.covers.first, entry.covers.last, entry.outputs,
        entry.fingerprints, entry.tokens, entry.bytes));
  }
  return 0;
}

}  // namespace

std::vector<Command> IndexCommands() {
  return {
      {"index build",
       "bring everything that is recorded into the index",
       {},
       {kJson},
       false,
       Build},
      {"index inspect",
       "describe the index, or one segment file",
       {{"FILE", Count::kOptional, "a segment file"}},
       {kJson},
       false,
       Inspect},
  };
}

}  // namespace cofferdam::cli
