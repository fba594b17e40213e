#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/index_refresh.h"
#include "cli/law_file.h"
#include "cli/person_names.h"
#include "cli/scan_outputs.h"
#include "cli/shipped_background.h"
#include "corpus/changes.h"
#include "policy/law.h"
#include "policy/protection.h"
#include "scan/change_scan.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;
using policy::ScanPurpose;

// What git may tell a pre-receive hook.
constexpr size_t kUpdatesBytesMax = size_t{32} << 20;
// Findings that are kept to be reported; others are counted.
constexpr size_t kFindingsMax = 10'000;
// Bits of ChangeOptions::watch.
constexpr uint64_t kForTraining = 1;
constexpr uint64_t kForEvaluation = 2;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The repository as git tells its hooks, or as the flag does.
corpus::ChangePlace PlaceOf(const Invocation& call) {
  corpus::ChangePlace place;
  if (call.Has("--repository")) {
    place.path = call.Text("--repository");
    return place;
  }
  const std::string folder = Environment("GIT_DIR");
  if (!folder.empty()) place.path = folder;
  place.index_file = Environment("GIT_INDEX_FILE");
  const std::string quarantine = Environment("GIT_OBJECT_DIRECTORY");
  if (!quarantine.empty()) place.object_folders.push_back(quarantine);
  return place;
}

// What of the repository's paths is protected, and for what.
class Protected {
 public:
  Protected(const std::vector<policy::Protection>& all, std::string_view repo) {
    for (const policy::Protection& one : all) {
      if (policy::Concerns(one, repo)) concerned_.push_back(&one);
    }
  }

  bool empty() const { return concerned_.empty(); }
  uint64_t Watch(std::string_view path) const {
    uint64_t watch = 0;
    for (const policy::Protection* one : concerned_) {
      if (policy::Protects(*one, path)) watch |= Bit(one->purpose);
    }
    return watch;
  }
  // Evaluation is the stricter of the two.
  static ScanPurpose PurposeOf(uint64_t watch) {
    return (watch & kForEvaluation) != 0 ? ScanPurpose::kEvaluation
                                         : ScanPurpose::kTraining;
  }
  // What to do next, by the first that protects the path.
  std::string Ask(std::string_view path) const {
    for (const policy::Protection* one : concerned_) {
      if (policy::Protects(*one, path)) return one->ask;
    }
    return "";
  }

 private:
  static uint64_t Bit(ScanPurpose purpose) {
    return purpose == ScanPurpose::kTraining ? kForTraining : kForEvaluation;
  }
  std::vector<const policy::Protection*> concerned_;
};

// Keeps what is found, so that it is reported once names are known.
class Kept final : public scan::Sink {
 public:
  void OnFinding(const evidence::Finding& finding) override {
    if (findings.size() < kFindingsMax) {
      findings.push_back(finding);
    } else {
      ++more;
    }
  }
  void OnPassedOver(const corpus::PassedOver& one) override {
    passed.push_back(one);
  }

  std::vector<evidence::Finding> findings;
  uint64_t more = 0;
  std::vector<corpus::PassedOver> passed;
};

// The index and all that judging needs, opened when the first file asks: most
// commits touch nothing that is protected.
class Judge {
 public:
  Judge(const Invocation& call, const Config& config)
      : config_(config), lines_(ShowsLines(call)) {}

  Status Scan(const corpus::ChangedFile& file, ScanPurpose purpose,
              scan::Sink* sink) {
    if (scan_ == nullptr) TRY(Open());
    return scan_->Scan(file, purpose, sink);
  }
  // Of nothing where no file asked.
  scan::ScanReport report() const {
    return scan_ == nullptr ? scan::ScanReport() : scan_->report();
  }
  bool opened() const { return scan_ != nullptr; }

 private:
  Status Open() {
    TRY_ASSIGN(const std::string folder, RefreshedIndex(config_));
    TRY_ASSIGN(fingerprint::Index index, fingerprint::Index::Open(folder));
    index_.emplace(std::move(index));
    TRY_ASSIGN(evidence::Background background, LoadBackground(config_));
    background_.emplace(std::move(background));
    model_.emplace(*background_, evidence::kHumanBeforeMicros);
    scan::ScanOptions options;
    options.judgement.organisation_trains_models = config_.trains_models;
    options.background = options.judgement.background = &*background_;
    options.token_model = &*model_;
    if (lines_) options.keep_text = evidence::KeepText::kYes;
    scan_ = std::make_unique<scan::ChangeScan>(*index_, options);
    return {};
  }

  const Config& config_;
  bool lines_;
  std::optional<fingerprint::Index> index_;
  std::optional<evidence::Background> background_;
  std::optional<evidence::BackgroundModel> model_;
  std::unique_ptr<scan::ChangeScan> scan_;
};

Result<std::string> ReadUpdates() {
  std::string text;
  char buffer[65536];
  size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, stdin)) > 0) {
    text.append(buffer, got);
    if (text.size() > kUpdatesBytesMax) {
      return Error(Code::kTooLarge,
                   fmt::format("stdin: more than {} bytes", kUpdatesBytesMax));
    }
  }
  return text;
}

// Which of the three is asked for; none stands for --staged.
enum class Asked { kStaged, kRange, kPush };
Result<Asked> WhatIsAsked(const Invocation& call) {
  const int asked = (call.Has("--staged") ? 1 : 0) +
                    (call.Has("--pre-receive") ? 1 : 0) +
                    (call.positionals().empty() ? 0 : 1);
  if (asked > 1) {
    return Error(Code::kInvalid,
                 "check: one of --staged, --pre-receive and RANGE at a time");
  }
  if (call.Has("--pre-receive")) return Asked::kPush;
  return call.positionals().empty() ? Asked::kStaged : Asked::kRange;
}

void Add(corpus::ChangesRead read, corpus::ChangesRead* all) {
  all->files += read.files;
  for (auto& passed : read.passed) all->passed.push_back(std::move(passed));
  for (auto& notice : read.notices) {
    if (std::find(all->notices.begin(), all->notices.end(), notice) ==
        all->notices.end())
      all->notices.push_back(std::move(notice));
  }
}

// Visits all that is asked for.
Result<corpus::ChangesRead> ReadAll(const Invocation& call, Asked asked,
                                    const corpus::ChangePlace& place,
                                    const corpus::ChangeOptions& options,
                                    const corpus::ChangeVisitor& visitor) {
  if (asked == Asked::kStaged)
    return corpus::ReadStagedChanges(place, options, visitor);
  std::vector<corpus::CommitRange> ranges;
  if (asked == Asked::kRange) {
    TRY_ASSIGN(corpus::CommitRange range,
               corpus::ParseCommitRange(call.positional()));
    ranges.push_back(std::move(range));
  } else {
    TRY_ASSIGN(const std::string text, ReadUpdates());
    TRY_ASSIGN(const auto updates, corpus::ParseRefUpdates(text));
    TRY_ASSIGN(ranges, corpus::RangesOf(place, updates));
  }
  corpus::ChangesRead all;
  for (const corpus::CommitRange& range : ranges) {
    TRY_ASSIGN(corpus::ChangesRead read,
               corpus::ReadChanges(place, range, options, visitor));
    Add(std::move(read), &all);
  }
  return all;
}

// Names where they may be told, for what was found.
std::map<std::string, std::string> NamesFor(const Config& config, Kept* kept) {
  if (!config.individuals) {
    for (evidence::Finding& finding : kept->findings) {
      for (evidence::FoundOrigin& found : finding.origins)
        found.origin.person.clear();
    }
    return {};
  }
  if (kept->findings.empty()) return {};
  const auto stores = StoresOptionsOf(config);
  if (!stores.ok()) return {};
  auto names = PersonNames(*stores);
  if (names.ok()) return *std::move(names);
  Say("cofferdam: people are shown by their ids: " + names.error().message());
  return {};
}

// Says which way out there is: once for each answer, with the paths it is for.
void SayNext(const Kept& kept, const Protected& guard) {
  std::map<std::string, std::vector<std::string>> paths;
  for (const evidence::Finding& finding : kept.findings) {
    if (finding.verdict != policy::Verdict::kForbidden) continue;
    const std::string& path = finding.place.path_in_repository;
    std::vector<std::string>& named = paths[guard.Ask(path)];
    if (std::find(named.begin(), named.end(), path) == named.end() &&
        named.size() < 3)
      named.push_back(path);
  }
  for (const auto& [ask, named] : paths) {
    Say(fmt::format(
        "cofferdam: {}: lines that may not be used so would enter here; {}",
        fmt::join(named, ", "),
        ask.empty() ? "write them without a model, or with one whose terms "
                      "allow it"
                    : ask));
  }
}

Status Report(const Invocation& call, const Config& config,
              const Protected& guard, Kept* kept,
              const scan::ScanReport& report) {
  const auto names = NamesFor(config, kept);
  ScanWords words = {.corpus = "the change",
                     .purpose = "protected paths",
                     .time = SystemClock().WallMicros(),
                     .print = Print};
  if (!names.empty()) {
    words.person_name = [&names](std::string_view id) {
      const auto found = names.find(std::string(id));
      return found == names.end() ? std::string() : found->second;
    };
  }
  const bool files = call.json() || call.Has("--jsonl") ||
                     call.Has("--sarif") || call.Has("--html");
  // A hook that has nothing to say says nothing.
  if (!files && kept->findings.empty() && kept->passed.empty()) return {};
  TRY_ASSIGN(ScanOutputs outputs, ScanOutputs::Open(call, words));
  for (const evidence::Finding& finding : kept->findings)
    outputs.sink()->OnFinding(finding);
  for (const corpus::PassedOver& passed : kept->passed)
    outputs.sink()->OnPassedOver(passed);
  TRY(outputs.Close(report));
  SayNext(*kept, guard);
  return {};
}

bool Fails(const Invocation& call, const scan::ScanReport& report) {
  return report.verdicts.forbidden.findings > 0 ||
         (call.Has("--ambiguous") && report.verdicts.ambiguous.findings > 0) ||
         (call.Has("--strict") && report.passed_over > 0);
}

Result<int> Check(const Invocation& call) {
  TRY_ASSIGN(const Asked asked, WhatIsAsked(call));
  TRY_ASSIGN(const Config config, LoadConfigFor(call));
  TRY_ASSIGN(const auto law, LoadLaw(config, nullptr));
  const corpus::ChangePlace place = PlaceOf(call);
  TRY_ASSIGN(const std::string repo, corpus::RepositoryNameOf(place));
  const Protected guard(law->protections(), repo);
  if (guard.empty()) {
    Say(
        fmt::format("cofferdam: {} protects no path of {}; [[protect]] names "
                    "paths",
                    law->file_name().empty() ? "policy.toml" : law->file_name(),
                    repo.empty() ? "a repository without a remote" : repo));
  }
  Judge judge(call, config);
  Kept kept;
  corpus::ChangeOptions options;
  options.now_micros = SystemClock().WallMicros();
  options.watch = [&guard](std::string_view path) { return guard.Watch(path); };
  TRY_ASSIGN(corpus::ChangesRead read,
             ReadAll(call, asked, place, options,
                     [&](const corpus::ChangedFile& file) {
                       return judge.Scan(
                           file,
                           Protected::PurposeOf(guard.Watch(file.place.path)),
                           &kept);
                     }));
  scan::ScanReport report = judge.report();
  report.passed_over += read.passed.size();
  kept.passed.insert(kept.passed.begin(), read.passed.begin(),
                     read.passed.end());
  report.notices = read.notices;
  if (kept.more > 0) {
    report.notices.push_back(
        fmt::format("{} more findings are not listed", kept.more));
  }
  if (judge.opened() && report.covered_sequence == 0)
    report.notices.push_back(
        "the ledger's index is empty: nothing is known to compare with");
  TRY(Report(call, config, guard, &kept, report));
  for (const std::string& notice : report.notices) Say("cofferdam: " + notice);
  return Fails(call, report) ? 1 : 0;
}

}  // namespace

std::vector<Command> CheckCommands() {
  Command command = {
      "check",
      "fail where a change brings lines into a protected path that may not be "
      "used there; exit 1 names them",
      {{"RANGE", Count::kOptional,
        "A..B, or one revision: what these commits add; without it what is "
        "staged"}},
      {{"--staged", Takes::kNothing, "what is staged, against HEAD (default)"},
       {"--pre-receive", Takes::kNothing,
        "what a push adds, as git tells that hook on stdin"},
       {"--repository", Takes::kText,
        "the repository, instead of the one around this folder"},
       {"--ambiguous", Takes::kNothing, "what is ambiguous fails, too"},
       {"--strict", Takes::kNothing, "what could not be read fails, too"}},
      false,
      Check};
  for (const Flag& flag : ScanOutputFlags()) command.flags.push_back(flag);
  return {std::move(command)};
}

}  // namespace cofferdam::cli
