#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <optional>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "console/stores.h"
#include "corpus/tree.h"
#include "evidence/label_index.h"
#include "evidence/prompt_labels.h"
#include "fingerprint/index.h"
#include "fingerprint/segment.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};

Result<int> BuildLabel(const Invocation& call);

Result<int> Build(const Invocation& call) {
  if (call.Has("--from") != call.Has("--label")) {
    return Error(Code::kInvalid,
                 "index build: --from PATH and --label LABEL go together");
  }
  if (call.Has("--label")) return BuildLabel(call);
  if (call.Has("--add")) {
    return Error(Code::kInvalid, "index build: --add adds to a --label");
  }
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer,
             admin->Call("POST", "index/build", "", "merge=all"));
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

// What a build passed over, in numbers.
struct PassedOverCounts {
  uint64_t too_short = 0;
  uint64_t too_large = 0;
  uint64_t not_text = 0;
  uint64_t others = 0;
};

Result<PassedOverCounts> AddTree(const std::string& path,
                                 evidence::LabelBuilder* builder) {
  using Added = evidence::LabelBuilder::Added;
  corpus::TreeLimits limits;
  TRY_ASSIGN(corpus::TreeWalk walk, corpus::TreeWalk::Open({path}, limits));
  PassedOverCounts counts;
  std::string text;
  while (auto next = walk.Next()) {
    std::optional<corpus::PassedOver> passed;
    if (auto* over = std::get_if<corpus::PassedOver>(&*next)) {
      passed = *over;
    } else {
      const auto& document = std::get<corpus::Document>(*next);
      passed = corpus::ReadDocument(document, limits.text, &text);
      if (!passed) {
        TRY_ASSIGN(Added added, builder->AddFile(document.path, text));
        counts.too_short += added == Added::kTooShort ? 1 : 0;
        counts.too_large += added == Added::kTooLarge ? 1 : 0;
        continue;
      }
    }
    const bool not_text = passed->reason == corpus::Reason::kBinary ||
                          passed->reason == corpus::Reason::kLongLine;
    ++(passed->reason == corpus::Reason::kTooLarge ? counts.too_large
       : not_text                                  ? counts.not_text
                                                   : counts.others);
  }
  for (const std::string& notice : walk.notices()) {
    Say("cofferdam: " + notice);
  }
  return counts;
}

void AddLabelJson(const evidence::LabelInfo& info, JsonWriter* json) {
  json->Field("label", info.label)
      .Field("edition", info.edition)
      .Field("folder", info.folder)
      .Field("built_at", FormatTime(info.built_at_micros))
      .Field("files", info.files)
      .Field("tokens", info.tokens)
      .Field("fingerprints", info.fingerprints)
      .Field("bytes", info.bytes);
  json->Key("from").BeginArray();
  for (const std::string& from : info.from) json->String(from);
  json->EndArray();
}

std::string LabelLine(const evidence::LabelInfo& info) {
  return fmt::format(
      "label {}  edition {}  {} files  {} tokens  {} fingerprints  {} bytes  "
      "from {}",
      info.label, info.edition, info.files, info.tokens, info.fingerprints,
      info.bytes, fmt::join(info.from, ", "));
}

// The fingerprints of the company's own material, for rules that say what a
// prompt must not contain. A running server takes them up by itself.
Result<int> BuildLabel(const Invocation& call) {
  const std::string label = call.Text("--label");
  TRY(evidence::CheckLabel(label));
  std::error_code error;
  const auto from = std::filesystem::canonical(call.Text("--from"), error);
  if (error) return Error::FromErrno(error.value(), call.Text("--from"));
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  TRY(MakeFolder(config.data_folder, 0700));
  TRY_ASSIGN(evidence::LabelBuilder builder,
             evidence::LabelBuilder::Open(
                 evidence::LabelsFolder(config.data_folder), label,
                 call.Has("--add") ? evidence::LabelBuilder::Mode::kAdd
                                   : evidence::LabelBuilder::Mode::kReplace));
  TRY_ASSIGN(PassedOverCounts passed, AddTree(from.string(), &builder));
  TRY_ASSIGN(evidence::LabelInfo info,
             builder.Finish({from.string()}, SystemClock().WallMicros()));
  if (call.json()) {
    JsonWriter json;
    json.BeginObject();
    AddLabelJson(info, &json);
    json.Key("passed_over")
        .BeginObject()
        .Field("too_short", passed.too_short)
        .Field("too_large", passed.too_large)
        .Field("not_text", passed.not_text)
        .Field("others", passed.others)
        .EndObject()
        .EndObject();
    PrintLine(json.text());
    return 0;
  }
  PrintLine(LabelLine(info));
  PrintLine(fmt::format(
      "passed over: {} shorter than {} tokens, {} too large, {} not text, {} "
      "others (links, special files, not readable)",
      passed.too_short, evidence::PromptLabels::kTokensMin, passed.too_large,
      passed.not_text, passed.others));
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
  TRY_ASSIGN(auto labels,
             evidence::ListLabels(evidence::LabelsFolder(config.data_folder)));
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
    json.EndArray().Key("labels").BeginArray();
    for (const evidence::LabelInfo& info : labels) {
      json.BeginObject();
      AddLabelJson(info, &json);
      json.EndObject();
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
  for (const auto& info : labels) PrintLine(LabelLine(info));
  return 0;
}

}  // namespace

std::vector<Command> IndexCommands() {
  return {
      {"index build",
       "bring everything that is recorded into the index, in as few segments "
       "as may be, or your own material under a label",
       {},
       {{"--from", Takes::kText, "a file, folder or git work tree of your own"},
        {"--label", Takes::kText,
         "what rules call it: prompt_contains = LABEL"},
        {"--add", Takes::kNothing, "keep what the label held before"},
        kJson},
       false,
       Build},
      {"index inspect",
       "describe the index and the labels, or one segment file",
       {{"FILE", Count::kOptional, "a segment file"}},
       {kJson},
       false,
       Inspect},
  };
}

}  // namespace cofferdam::cli
