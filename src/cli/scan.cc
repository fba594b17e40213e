#include "scan/scan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
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
#include "cli/named_paths.h"
#include "cli/person_names.h"
#include "cli/scan_attest.h"
#include "cli/scan_outputs.h"
#include "cli/scan_write.h"
#include "cli/shipped_background.h"
#include "console/sealed_mark.h"
#include "console/stores.h"
#include "corpus/source.h"
#include "evidence/dataset_catalogue.h"
#include "policy/verdict.h"
#include "scan/progress.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

constexpr int64_t kThreadsMax = 1024;
constexpr int64_t kMemoryMin = 1;
constexpr int64_t kMemoryMax = 1'000'000'000;
constexpr size_t kDatasetsBytesMax = size_t{16} << 20;

// The ledger of a scan, which takes long to open: where the index covers all
// that it holds it is opened when something of it is asked for, which most
// scans never do.
class ScanLedger {
 public:
  explicit ScanLedger(const Config& config) : config_(config) {}

  // Seals what is recorded, so that the index covers it; the folder.
  Result<std::string> RefreshIndex() {
    if (console::IsSealed(config_.data_folder))
      return console::IndexFolder(config_.data_folder);
    TRY_ASSIGN(console::Admin * admin, Open());
    TRY_ASSIGN(std::string answer, admin->Call("POST", "index/build"));
    TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(answer));
    return std::string(report["folder"].StringOrEmpty());
  }

  Result<console::Admin*> Open() {
    if (admin_ == nullptr) {
      TRY_ASSIGN(console::StoresOptions stores, StoresOptionsOf(config_));
      TRY_ASSIGN(admin_, console::Admin::Open(stores, CommandLogger()));
    }
    return admin_.get();
  }

  // Empty where it is not known; Close says why it could not be asked.
  std::string PersonName(std::string_view id) {
    if (!std::exchange(names_asked_, true)) names_status_ = ReadNames();
    auto found = names_.find(std::string(id));
    return found == names_.end() ? std::string() : found->second;
  }

  Status Close() {
    if (admin_ != nullptr) TRY(admin_->Close());
    return names_status_;
  }

 private:
  Status ReadNames() {
    TRY_ASSIGN(console::Admin * admin, Open());
    TRY_ASSIGN(names_, PersonNames(admin));
    return {};
  }

  const Config& config_;
  std::unique_ptr<console::Admin> admin_;
  bool names_asked_ = false;
  std::map<std::string, std::string> names_;
  Status names_status_;
};

// The folder of --index, which some ledger sealed; no ledger is opened, so many
// machines may scan with copies of it.
Result<std::string> SealedIndex(const Invocation& call) {
  std::string folder = call.Text("--index");
  if (call.Has("--show")) {
    return Error(Code::kInvalid,
                 "scan: --show asks the ledger for texts, which --index leaves "
                 "alone");
  }
  if (access((folder + "/manifest.json").c_str(), F_OK) != 0) {
    if (errno != ENOENT) return Error::FromErrno(errno, "--index " + folder);
    return Error(Code::kNotFound,
                 fmt::format("--index {}: holds no manifest.json; cofferdam "
                             "index build says where a ledger's index is",
                             folder));
  }
  return folder;
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
  const int64_t memory = call.Number("--memory").value_or(kMemoryMin);
  if (memory < kMemoryMin || memory > kMemoryMax) {
    return Error(Code::kInvalid,
                 fmt::format("--memory: must be {} to {} megabytes", kMemoryMin,
                             kMemoryMax));
  }
  if (call.Has("--memory"))
    options.index_memory_bytes = static_cast<uint64_t>(memory) * 1'000'000;
  options.source.fields = Words(call.Text("--field"));
  options.source.revision = call.Text("--rev");
  if (call.Has("--history")) {
    if (options.source.revision.empty())
      return Error(Code::kInvalid, "--history: say --rev R, too");
    options.source.revision_scope = corpus::RevisionScope::kHistory;
  }
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
  const int64_t now = SystemClock().WallMicros();
  if (!call.Has("--datasets")) {
    // Terms of a company's own are read now, to say what is wrong with them.
    std::optional<policy::TermsTable> terms;
    if (!config.terms_file.empty() || !config.contracts.empty()) {
      TRY_ASSIGN(terms, LoadTerms(config));
    }
    catalogue = evidence::DatasetCatalogue::BuiltInBy(std::move(terms), now);
    return catalogue;
  }
  const std::string name = call.Text("--datasets");
  TRY_ASSIGN(const std::string text, ReadFile(name, kDatasetsBytesMax));
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  TRY_ASSIGN(catalogue,
             evidence::DatasetCatalogue::Parse(text, name, terms, now));
  return catalogue;
}

// A path that is not there is said before anything is opened.
Status CheckPaths(const Invocation& call) {
  for (const std::string& path : call.positionals()) {
    if (corpus::IsPipe(path)) {
      if (call.Has("--resume")) {
        return Error(Code::kInvalid,
                     fmt::format("--resume: {} cannot be read again; name a "
                                 "file",
                                 path == "-" ? "stdin" : path));
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
  const char* terminal = std::getenv("TERM");
  if (call.Has("--no-progress") || isatty(STDERR_FILENO) == 0 ||
      (terminal != nullptr && std::string_view(terminal) == "dumb")) {
    return std::nullopt;
  }
  return scan::Progress(
      [](std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stderr);
      },
      SystemClock(), [] { return WindowColumns(STDERR_FILENO); });
}

Result<int> Scan(const Invocation& call) {
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  TRY_ASSIGN(scan::ScanOptions options, OptionsFor(call, config));
  TRY_ASSIGN(const auto catalogue, CatalogueFor(call, config));
  if (catalogue) options.datasets = &*catalogue;
  TRY(CheckPaths(call));
  TRY(CheckScanFiles(call));
  TRY_ASSIGN(const evidence::Background background, LoadBackground(config));
  // Bits are those of text from before models wrote, for exchanges of any time.
  const evidence::BackgroundModel model(background,
                                        evidence::kHumanBeforeMicros);
  options.background = options.judgement.background = &background;
  options.token_model = &model;
  std::optional<ScanLedger> ledger;  // none with --index
  console::Admin* admin = nullptr;   // of the ledger, where flags need it
  if (call.Has("--index")) {
    TRY_ASSIGN(options.index_folder, SealedIndex(call));
  } else {
    ledger.emplace(config);
    TRY_ASSIGN(options.index_folder, ledger->RefreshIndex());
    if (call.Has("--show")) {
      TRY_ASSIGN(admin, ledger->Open());
    } else if (call.Has("--attest")) {
      auto opened = ledger->Open();
      if (opened.ok()) {
        admin = *opened;
      } else {
        // As with --index; a data folder may be read-only.
        Say("cofferdam: --attest: without the ledger's checkpoint: " +
            opened.error().message());
      }
    }
  }
  ScanWords words = {
      .corpus = fmt::format("{}", fmt::join(call.positionals(), " ")),
      .purpose =
          std::string(policy::ScanPurposeName(options.judgement.purpose)),
      .time = SystemClock().WallMicros()};
  words.person_name = [&ledger](std::string_view id) {
    return ledger ? ledger->PersonName(id) : std::string();
  };
  if (call.Has("--show")) {
    std::string reason =
        call.Has("--reason") ? call.Text("--reason") : "scan --show";
    words.fetch_text = TextFetcher(admin, reason);
  }
  std::optional<scan::Progress> progress = ProgressFor(call);
  if (progress) {
    options.progress = &*progress;
    options.source.total = corpus::TotalBytes::kCount;
  }
  words.print = [&progress](std::string_view text) {
    if (progress) progress->Clear();
    Print(text);
  };
  Interrupt interrupt;
  options.stop = interrupt.stopped();
  TRY_ASSIGN(std::unique_ptr<ScanWriter> writer,
             ScanWriter::Begin(call, options.source));
  TRY_ASSIGN(std::unique_ptr<Attestation> attestation,
             Attestation::Begin(call, config, options));
  TRY_ASSIGN(ScanOutputs outputs, ScanOutputs::Open(call, words));
  if (writer != nullptr) outputs.sink()->Add(writer->sink());
  NamedPaths named(call.positionals());
  outputs.sink()->Add(&named);
  outputs.WatchFiles([&interrupt] { interrupt.Stop(); });
  auto scanned = scan::Scan(call.positionals(), options, outputs.sink());
  if (Status files = outputs.FilesStatus(); !scanned.ok() && !files.ok())
    return std::move(files).error().Within(scanned.error().message());
  TRY_ASSIGN(scan::ScanReport report, std::move(scanned));
  if (writer != nullptr) TRY(writer->Write(call, options, &report));
  if (attestation != nullptr) {
    TRY(attestation->Finish(report, writer == nullptr ? "" : writer->to(),
                            admin));
  }
  TRY(outputs.Close(report));
  // What it is good for is done.
  if (!options.journal.empty()) unlink(options.journal.c_str());
  if (ledger) TRY(ledger->Close());
  for (const std::string& notice : report.notices) {
    Say("cofferdam: " + notice);
  }
  if (!named.Tell()) return 2;
  return report.NotAllowed() ? 1 : 0;
}

}  // namespace

std::vector<Command> ScanCommands() {
  Command command = {
      "scan",
      "find what models wrote in files, with every origin; exit 1 if any may "
      "not be used, 2 if a PATH cannot be read",
      {{"PATH", Count::kMany,
        "files, folders, s3://BUCKET/KEY: text, JSONL, JSON arrays, Parquet, "
        "Arrow, tar, notebooks; gzip, zstd, bzip2, xz; or alone - for stdin or "
        "a pipe"}},
      {{"--for", Takes::kText, "training (default) or evaluation"},
       {"--field", Takes::kText,
        "fields of records that hold text, as text or messages[].content, with "
        "commas between; without it they are found"},
       {"--rev", Takes::kText, "the files of this git revision of PATH"},
       {"--history", Takes::kNothing,
        "with --rev: every blob that its commits reach, each once"},
       {"--index", Takes::kText,
        "a folder of a sealed index, such as DATA/index or a copy of it, "
        "instead of the ledger's own; the ledger is not opened"},
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
       {"--memory", Takes::kNumber,
        "megabytes of the index to look into at once; of a larger one the "
        "corpus is read in passes; half of the machine's if absent"},
       {"--no-progress", Takes::kNothing, "draw no progress on a terminal"}},
      false,
      Scan};
  for (const auto& flags : {ScanOutputFlags(), ScanWriteFlags(), AttestFlags()})
    command.flags.insert(command.flags.end(), flags.begin(), flags.end());
  return {std::move(command)};
}

}  // namespace cofferdam::cli
