#include "scan/scan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/interrupt.h"
#include "cli/scan_attest.h"
#include "cli/scan_outputs.h"
#include "cli/scan_write.h"
#include "cli/shipped_background.h"
#include "console/stores.h"
#include "evidence/dataset_catalogue.h"
#include "policy/verdict.h"
#include "scan/progress.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

constexpr int64_t kThreadsMax = 1024;
constexpr size_t kDatasetsBytesMax = size_t{16} << 20;

// Seals what is recorded, so that the index covers it; the folder.
Result<std::string> RefreshIndex(console::Admin& admin) {
  TRY_ASSIGN(std::string answer, admin.Call("POST", "index/build"));
  TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(answer));
  return std::string(report["folder"].StringOrEmpty());
}

// Addresses of people by their opaque ids.
Result<std::map<std::string, std::string>> PersonNames(console::Admin& admin) {
  TRY_ASSIGN(std::string answer, admin.Call("GET", "person"));
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  std::map<std::string, std::string> names;
  for (const JsonValue& row : list["persons"].Elements()) {
    names.emplace(row["id"].StringOrEmpty(), row["email"].StringOrEmpty());
  }
  return names;
}

scan::FetchText TextFetcher(console::Admin* admin, const std::string& reason) {
  return [admin, reason](std::string_view exchange,
                         uint32_t part) -> Result<std::string> {
    JsonWriter body;
    body.BeginObject()
        .Field("exchange", exchange)
        .Field("part", int64_t{part})
        .Field("reason", reason)
        .EndObject();
    TRY_ASSIGN(std::string answer,
               admin->Call("POST", "ledger/text", body.text()));
    TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(answer));
    return std::string(json["text"].StringOrEmpty());
  };
}

// The words of a flag that takes several, with commas between.
std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

Result<scan::ScanOptions> OptionsFor(const Invocation& call,
                                     const Config& config) {
  scan::ScanOptions options;
  options.judgement.organisation_trains_models = config.trains_models;
  if (call.Has("--for")) {
    auto purpose = policy::ParseScanPurpose(call.Text("--for"));
    if (!purpose) {
      return Error(Code::kInvalid,
                   fmt::format("--for: unknown \"{}\", must be training or "
                               "evaluation",
                               call.Text("--for")));
    }
    options.judgement.purpose = *purpose;
  }
  const int64_t threads = call.Number("--threads").value_or(0);
  if (threads < 0 || threads > kThreadsMax) {
    return Error(Code::kInvalid, fmt::format("--threads: must be 1 to {}, or 0 "
                                             "for one a core",
                                             kThreadsMax));
  }
  options.threads = static_cast<size_t>(threads);
  options.source.fields = Words(call.Text("--field"));
  options.source.revision = call.Text("--rev");
  options.journal = call.Text("--resume");
  if (ShowsLines(call)) options.keep_text = evidence::KeepText::kYes;
  return options;
}

// The catalogue by which marks are known; none with --no-marks.
Result<std::optional<evidence::DatasetCatalogue>> CatalogueFor(
    const Invocation& call, const Config& config) {
  std::optional<evidence::DatasetCatalogue> catalogue;
  if (call.Has("--no-marks")) {
    if (!call.Has("--datasets")) return catalogue;
    return Error(Code::kInvalid, "scan: --datasets FILE needs marks");
  }
  std::string name = "data/datasets.toml";
  std::string text(evidence::BuiltInDatasetsText());
  if (call.Has("--datasets")) {
    name = call.Text("--datasets");
    TRY_ASSIGN(text, ReadFile(name, kDatasetsBytesMax));
  }
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  TRY_ASSIGN(catalogue, evidence::DatasetCatalogue::Parse(
                            text, name, terms, SystemClock().WallMicros()));
  return catalogue;
}

// A path that is not there is said before anything is opened.
Status CheckPaths(const Invocation& call) {
  for (const std::string& path : call.positionals()) {
    if (path == "-") {
      if (call.Has("--resume")) {
        return Error(Code::kInvalid,
                     "--resume: stdin cannot be read again; name a file");
      }
      continue;
    }
    if (path.find("://") == std::string::npos &&
        access(path.c_str(), F_OK) != 0) {
      return Error(Code::kNotFound, fmt::format("scan {}: no such file or "
                                                "folder",
                                                path));
    }
  }
  return {};
}

// The progress line, where there is a terminal to draw it on. Whatever is
// printed takes it away first, for stdout may be the same terminal.
std::optional<scan::Progress> ProgressFor(const Invocation& call) {
  if (call.Has("--no-progress") || isatty(STDERR_FILENO) == 0)
    return std::nullopt;
  return scan::Progress(
      [](std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stderr);
      },
      SystemClock(), TerminalColumns(STDERR_FILENO));
}

Result<int> Scan(const Invocation& call) {
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  TRY_ASSIGN(scan::ScanOptions options, OptionsFor(call, config));
  TRY_ASSIGN(const auto catalogue, CatalogueFor(call, config));
  if (catalogue) options.datasets = &*catalogue;
  TRY(CheckPaths(call));
  TRY_ASSIGN(const evidence::Background background, LoadBackground(config));
  // Bits are those of text from before models wrote, for exchanges of any time.
  const evidence::BackgroundModel model(background,
                                        evidence::kHumanBeforeMicros);
  options.background = options.judgement.background = &background;
  options.token_model = &model;
  TRY_ASSIGN(console::StoresOptions stores, StoresOptionsOf(config));
  TRY_ASSIGN(auto admin, console::Admin::Open(stores, CommandLogger()));
  TRY_ASSIGN(options.index_folder, RefreshIndex(*admin));
  TRY_ASSIGN(auto names, PersonNames(*admin));
  ScanWords words = {
      .corpus = fmt::format("{}", fmt::join(call.positionals(), " ")),
      .purpose =
          std::string(policy::ScanPurposeName(options.judgement.purpose)),
      .time = SystemClock().WallMicros()};
  words.person_name = [&names](std::string_view id) {
    auto found = names.find(std::string(id));
    return found == names.end() ? std::string() : found->second;
  };
  if (call.Has("--show")) {
    std::string reason =
        call.Has("--reason") ? call.Text("--reason") : "scan --show";
    words.fetch_text = TextFetcher(admin.get(), reason);
  }
  std::optional<scan::Progress> progress = ProgressFor(call);
  if (progress) options.progress = &*progress;
  words.print = [&progress](std::string_view text) {
    if (progress) progress->Clear();
    Print(text);
  };
  const Interrupt interrupt;
  options.stop = interrupt.stopped();
  TRY_ASSIGN(std::unique_ptr<ScanWriter> writer, ScanWriter::Begin(call));
  TRY_ASSIGN(std::unique_ptr<Attestation> attestation,
             Attestation::Begin(call, config, options));
  TRY_ASSIGN(ScanOutputs outputs, ScanOutputs::Open(call, words));
  if (writer != nullptr) outputs.sink()->Add(writer->sink());
  TRY_ASSIGN(scan::ScanReport report,
             scan::Scan(call.positionals(), options, outputs.sink()));
  if (writer != nullptr) TRY(writer->Write(call, options, &report));
  if (attestation != nullptr) {
    TRY(attestation->Finish(report, writer == nullptr ? "" : writer->to(),
                            *admin));
  }
  TRY(outputs.Close(report));
  // What it is good for is done.
  if (!options.journal.empty()) unlink(options.journal.c_str());
  TRY(admin->Close());
  for (const std::string& notice : report.notices) {
    Say("cofferdam: " + notice);
  }
  return report.NotAllowed() ? 1 : 0;
}

}  // namespace

std::vector<Command> ScanCommands() {
  Command command = {
      "scan",
      "find what models wrote in files, with every origin; exit 1 if any may "
      "not be used",
      {{"PATH", Count::kMany,
        "files and folders: text, JSONL, JSON arrays, tar, notebooks, gzip, "
        "zstd, bzip2, xz; or - for stdin"}},
      {{"--for", Takes::kText, "training (default) or evaluation"},
       {"--field", Takes::kText,
        "fields of records that hold text, as text or messages[].content, with "
        "commas between; without it they are found"},
       {"--rev", Takes::kText, "all blobs of this git revision of PATH"},
       {"--no-marks", Takes::kNothing,
        "look for the ledger's outputs only, not for what says of itself that "
        "a model wrote it"},
       {"--datasets", Takes::kText,
        "a file of datasets instead of data/datasets.toml"},
       {"--show", Takes::kNothing, "show the matching text of both sides"},
       {"--reason", Takes::kText,
        "with --show: why the text is read; the audit keeps it"},
       {"--resume", Takes::kText,
        "keep a journal here, and go on from it after a kill"},
       {"--threads", Takes::kNumber, "threads that read; one a core if absent"},
       {"--no-progress", Takes::kNothing, "draw no progress on a terminal"}},
      false,
      Scan};
  for (const auto& flags : {ScanOutputFlags(), ScanWriteFlags(), AttestFlags()})
    command.flags.insert(command.flags.end(), flags.begin(), flags.end());
  return {std::move(command)};
}

}  // namespace cofferdam::cli
