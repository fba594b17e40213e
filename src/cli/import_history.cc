#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/history_places.h"
#include "cli/history_state.h"
#include "cli/history_target.h"
#include "cli/taken_records.h"
#include "corpus/repository.h"
#include "ledger/history/history.h"
#include "ledger/secrets.h"

// What coding agents keep of their sessions (docs/formats/histories.md).
namespace cofferdam::cli {
namespace {

using ledger::HistoryAgent;
using Takes = Flag::Takes;
using Count = Positional::Count;

constexpr size_t kBatchBytes = size_t{4} << 20;
constexpr size_t kBatchRecords = 256;
// Problems that stand in --json, and that people are shown.
constexpr size_t kProblemsKeptMax = 1000;
constexpr size_t kProblemsShownMax = 20;
// Repositories of folders that are remembered.
constexpr size_t kReposMax = 4096;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Summary {
  uint64_t files = 0;
  uint64_t unchanged = 0;
  uint64_t held = 0;  // files whose last answer is not complete
  uint64_t rows = 0;
  uint64_t passed_over = 0;
  uint64_t exchanges = 0;
  std::set<std::string> sessions;
  uint64_t problems = 0;
  std::vector<std::string> told;  // "FILE:LINE: why", the first of them
};

// Reads one file after another and hands answers over in batches. A file's mark
// is kept once all that came before it is where it cannot get lost.
class Importer : public ledger::HistorySink {
 public:
  Importer(HistoryTarget& target, HistoryState& state, bool again)
      : target_(target), state_(state), again_(again) {}

  Status Read(const ledger::HistorySource& source) {
    file_ = source.path;
    ++summary_.files;
    const ledger::HistoryMark from =
        again_ ? ledger::HistoryMark() : state_.MarkOf(source.path);
    auto read =
        ledger::ReadHistory(source, from, SystemClock().WallMicros(), *this);
    if (!read.ok()) {
      if (target_error_) return std::move(read).error();
      // Another import has taken and deleted it.
      if (read.error().code() == Code::kNotFound) return {};
      Trouble(read.error().message());
      return {};
    }
    summary_.unchanged += read->unchanged ? 1 : 0;
    summary_.held += read->mark.held ? 1 : 0;
    summary_.rows += read->rows;
    summary_.passed_over += read->passed_over;
    marks_.emplace_back(source.path, std::move(read->mark));
    return {};
  }

  Status Finish() {
    TRY(Send());
    return target_.Finish();
  }

  Status Take(ledger::HistoryExchange exchange, int64_t line) override {
    ++summary_.exchanges;
    if (!exchange.session.empty()) summary_.sessions.insert(exchange.session);
    if (exchange.repo.empty()) exchange.repo = RepoOf(exchange.cwd);
    // The same masks as the ledger's: nothing else leaves, or waits on a disk.
    for (wire::Part& part : exchange.parts) ledger::MaskSecrets(&part.text);
    for (std::string& text : exchange.given) ledger::MaskSecrets(&text);
    exchange.cwd.clear();
    HistorySpool::Record record{fmt::format("{}:{}", file_, line),
                                ledger::ToJson(exchange)};
    if (!batch_.empty() && (batch_bytes_ + record.json.size() > kBatchBytes ||
                            batch_.size() == kBatchRecords)) {
      TRY(Send());
    }
    batch_bytes_ += record.json.size();
    batch_.push_back(std::move(record));
    return {};
  }

  void Note(ledger::HistoryProblem problem) override {
    Trouble(problem.line == 0
                ? fmt::format("{}: {}", file_, problem.why)
                : fmt::format("{}:{}: {}", file_, problem.line, problem.why));
  }

  void Trouble(std::string words) {
    ++summary_.problems;
    if (summary_.told.size() < kProblemsKeptMax) {
      summary_.told.push_back(std::move(words));
    }
  }

  const Summary& summary() const { return summary_; }

 private:
  Status Send() {
    batch_bytes_ = 0;
    Status sent = target_.Take(std::exchange(batch_, {}));
    if (!sent.ok()) {
      target_error_ = true;
      return sent;
    }
    // A file of which something was refused is read again the next time, when
    // there may be a contract for it.
    const auto& refused = target_.taken().refused;
    for (; refused_seen_ < refused.size(); ++refused_seen_) {
      const std::string& from = refused[refused_seen_].first;
      refused_files_.insert(from.substr(0, from.rfind(':')));
    }
    // The file being read is not among them yet.
    for (auto& [file, mark] : marks_) {
      if (!refused_files_.contains(file)) state_.Set(file, std::move(mark));
    }
    marks_.clear();
    return state_.Save();
  }

  // Of a folder that is still there.
  std::string RepoOf(const std::string& cwd) {
    if (cwd.empty()) return "";
    const auto known = repos_.find(cwd);
    if (known != repos_.end()) return known->second;
    std::string remote;
    std::error_code error;
    if (std::filesystem::is_directory(cwd, error)) {
      const auto found = corpus::RepositoryAt(cwd, corpus::Compare::kSkip);
      if (found) remote = found->remote;
    }
    if (repos_.size() == kReposMax) repos_.clear();
    return repos_[cwd] = remote;
  }

  HistoryTarget& target_;
  HistoryState& state_;
  const bool again_;
  std::string file_;
  std::vector<HistorySpool::Record> batch_;
  size_t batch_bytes_ = 0;
  std::vector<std::pair<std::string, ledger::HistoryMark>> marks_;
  std::map<std::string, std::string> repos_;
  size_t refused_seen_ = 0;
  std::set<std::string> refused_files_;
  bool target_error_ = false;
  Summary summary_;
};

constexpr const char* kDeleteTaken = "--delete-taken";

// What a ledger has now, and nobody needs any more.
Result<RecordsDeleted> DeleteTaken(const Invocation& call,
                                   const HistoryPlaces& places,
                                   const HistoryTaken& taken,
                                   HistoryState* state) {
  if (!call.Has(kDeleteTaken) || taken.waiting > 0 || !taken.refused.empty()) {
    return RecordsDeleted();
  }
  std::vector<std::string> paths;
  for (const ledger::HistorySource& source : places.sources) {
    paths.push_back(source.path);
  }
  const RecordsDeleted deleted =
      DeleteTakenRecords(paths, {}, SystemClock().WallMicros(), state);
  TRY(state->Save());
  return deleted;
}

void PrintJson(const std::string& agent, const Summary& summary,
               const HistoryTarget& target, const RecordsDeleted& deleted) {
  const HistoryTaken& taken = target.taken();
  JsonWriter json;
  json.BeginObject()
      .Field("agent", agent)
      .Field("to", target.name())
      .Field("files", summary.files)
      .Field("unchanged", summary.unchanged)
      .Field("held_back", summary.held)
      .Field("sessions", uint64_t{summary.sessions.size()})
      .Field("rows", summary.rows)
      .Field("passed_over", summary.passed_over)
      .Field("exchanges", summary.exchanges)
      .Field("added", taken.added)
      .Field("merged", taken.merged)
      .Field("already", taken.already)
      .Field("refused", uint64_t{taken.refused.size()})
      .Field("waiting", taken.waiting)
      .FieldIfSet("waiting_why", taken.waiting_why)
      .Field("bytes", taken.bytes)
      .Field("last_sequence", taken.last_sequence)
      .Field("deleted", deleted.files)
      .Field("problems", summary.problems)
      .Key("told")
      .BeginArray();
  for (const std::string& words : summary.told) json.String(words);
  const size_t left = kProblemsKeptMax - summary.told.size();
  for (size_t i = 0; i < std::min(left, taken.refused.size()); ++i) {
    const auto& [from, why] = taken.refused[i];
    json.String(from + ": " + why);
  }
  json.EndArray().EndObject();
  PrintLine(json.text());
}

void SayProblems(const Summary& summary, const HistoryTaken& taken) {
  size_t shown = 0;
  const auto say = [&](const std::string& words) {
    if (shown++ < kProblemsShownMax) Say("cofferdam: " + words);
  };
  for (const std::string& words : summary.told) say(words);
  for (const auto& [from, why] : taken.refused) say(from + ": " + why);
  const uint64_t all = summary.problems + taken.refused.size();
  if (all > kProblemsShownMax) {
    Say(fmt::format("cofferdam: and {} more (--json names up to {})",
                    all - kProblemsShownMax, kProblemsKeptMax));
  }
}

void PrintSummary(const Summary& summary, const HistoryTarget& target,
                  const RecordsDeleted& deleted) {
  const HistoryTaken& taken = target.taken();
  PrintLine(fmt::format(
      "{} files ({} unchanged since the last import), {} sessions, {} "
      "exchanges to {}: {} added ({} bytes of text), {} merged with what the "
      "gate saw, {} there already, {} refused",
      summary.files, summary.unchanged, summary.sessions.size(),
      summary.exchanges, target.name(), taken.added, taken.bytes, taken.merged,
      taken.already, taken.refused.size()));
  if (!taken.refused.empty()) {
    PrintLine("what was refused is read again the next time");
  }
  if (summary.problems > 0) {
    PrintLine(
        fmt::format("{} lines or files were not understood", summary.problems));
  }
  if (summary.held > 0) {
    PrintLine(fmt::format(
        "{} files end in an answer that is being written; the next import "
        "takes it",
        summary.held));
  }
  if (deleted.files > 0) {
    PrintLine(fmt::format("{} files of records were deleted ({} bytes)",
                          deleted.files, deleted.bytes));
  }
  if (taken.waiting > 0) {
    PrintLine(fmt::format("{} exchanges wait for the next import: {}",
                          taken.waiting, taken.waiting_why));
  }
}

void SayNothingFound(const std::string& agent, const HistoryPlaces& places) {
  std::string looked;
  for (const std::string& place : places.looked_in) {
    looked += (looked.empty() ? "" : ", ") + place;
  }
  Say(fmt::format("cofferdam: no history of {} in {}; name a file or folder",
                  agent, looked.empty() ? "any usual place" : looked));
}

Result<int> ImportHistory(HistoryAgent agent, const Invocation& call) {
  const std::string name(ledger::HistoryAgentName(agent));
  std::error_code error;
  TRY_ASSIGN(const HistoryPlaces places,
             FindHistories(agent, call.positionals(), Environment,
                           std::filesystem::current_path(error)));
  if (places.sources.empty()) SayNothingFound(name, places);
  TRY_ASSIGN(auto target, HistoryTarget::Open(call, name));
  const std::string folder = target->state_folder();
  HistoryState state = HistoryState::Load(folder + "/" + name + ".json");
  Importer importer(*target, state, call.Has("--again"));
  for (const std::string& trouble : places.troubles) importer.Trouble(trouble);
  const auto run = [&]() -> Status {
    for (const ledger::HistorySource& source : places.sources) {
      TRY(importer.Read(source));
    }
    return importer.Finish();
  };
  Status ran = run();
  if (!ran.ok()) {
    return std::move(ran).error().Within(
        fmt::format("import {}: what was read before is kept, and again adds "
                    "none of it twice",
                    name));
  }
  const Summary& summary = importer.summary();
  const HistoryTaken& taken = target->taken();
  TRY_ASSIGN(const RecordsDeleted deleted,
             DeleteTaken(call, places, taken, &state));
  SayProblems(summary, taken);
  if (call.json()) {
    PrintJson(name, summary, *target, deleted);
  } else {
    PrintSummary(summary, *target, deleted);
  }
  const bool all =
      summary.problems == 0 && taken.refused.empty() && taken.waiting == 0;
  return all ? 0 : 1;
}

std::vector<Flag> ImportFlags(HistoryAgent agent) {
  std::vector<Flag> flags = {
      {"--contract", Takes::kText,
       "under which contract, where the providers do not tell"},
      {"--person", Takes::kText,
       "whose they are: an address. To a gate they are always yours"},
      {"--gate", Takes::kNothing,
       "send them to the gate that you have logged in to; else only where "
       "no data folder is here"},
      {"--again", Takes::kNothing,
       "read everything, also what was read before"},
      {"--json", Takes::kNothing, "print JSON"}};
  if (agent == HistoryAgent::kCofferdamCode) {
    flags.push_back(
        {kDeleteTaken, Takes::kNothing,
         "afterwards delete the records that the ledger has and that nobody "
         "has written to for a day; as after a session"});
  }
  return flags;
}

}  // namespace

std::vector<Command> ImportHistoryCommands() {
  static constexpr std::pair<HistoryAgent, const char*> kHelp[] = {
      {HistoryAgent::kClaudeCode,
       "add what Claude Code kept of its sessions to the ledger"},
      {HistoryAgent::kCodex,
       "add what Codex kept of its sessions to the ledger"},
      {HistoryAgent::kGemini,
       "add what Gemini CLI kept of its sessions to the ledger"},
      {HistoryAgent::kOpencode,
       "add what opencode kept of its sessions to the ledger"},
      {HistoryAgent::kAider,
       "add what aider kept of its sessions in the work tree here"},
      {HistoryAgent::kCofferdamCode,
       "add what cofferdam code recorded and could not hand over yet"},
  };
  std::vector<Command> commands;
  for (const auto& command : kHelp) {
    const HistoryAgent agent = command.first;
    commands.push_back(
        {"import " + std::string(ledger::HistoryAgentName(agent)),
         command.second,
         {{"PATH", Count::kAny,
           "files, or folders that hold them; else the agent's usual place"}},
         ImportFlags(agent),
         false,
         [agent](const Invocation& call) {
           return ImportHistory(agent, call);
         }});
  }
  return commands;
}

}  // namespace cofferdam::cli
