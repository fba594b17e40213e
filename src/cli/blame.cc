#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/json.h"
#include "blame/repository_blame.h"
#include "cli/blame_export.h"
#include "cli/blame_output.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/index_refresh.h"
#include "cli/pager.h"
#include "cli/person_names.h"
#include "cli/shipped_background.h"
#include "corpus/repository.h"
#include "fingerprint/index.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

constexpr int64_t kThreadsMax = 8;

// What the words of a call name.
struct Target {
  std::string repository;          // any folder of it
  bool bare = false;               // or without files
  std::vector<std::string> paths;  // in the repository; empty: all
  bool folders = false;            // any of them
};

bool IsFolder(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(
      ::realpath(path.c_str(), nullptr), &std::free);
  return real == nullptr ? "" : real.get();
}

// `path` made absolute, its links followed as far as it is there: with --rev a
// file may be gone.
std::string Absolute(std::string path) {
  std::string gone;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  for (;;) {
    const size_t slash = path.rfind('/');
    const std::string folder =
        slash == std::string::npos ? "." : path.substr(0, slash + 1);
    gone = path.substr(slash + 1) + (gone.empty() ? "" : "/" + gone);
    const std::string real = RealPath(folder);
    if (!real.empty()) return real == "/" ? real + gone : real + "/" + gone;
    if (slash == std::string::npos || slash == 0) return path;
    path.resize(slash);
  }
}

// The nearest folder at or above `path` that exists.
std::string FolderAround(std::string path) {
  while (path.size() > 1 && !IsFolder(path))
    path.resize(std::max<size_t>(path.rfind('/'), 1));
  return path;
}

Status AddPath(const std::string& named, Target* target) {
  const bool folder = IsFolder(named);
  const std::string path = folder ? RealPath(named) : Absolute(named);
  const auto around =
      corpus::RepositoryAt(FolderAround(path), corpus::Compare::kSkip);
  const std::string repository = around ? around->root : path;
  if (!around && !folder) {
    struct stat status;
    const bool exists = ::stat(path.c_str(), &status) == 0;
    return Error(Code::kNotFound,
                 named + (exists ? ": not in a git repository"
                                 : ": no such file or folder"));
  }
  if (!target->repository.empty() && target->repository != repository) {
    return Error(Code::kInvalid,
                 fmt::format("{} and {} are in two repositories; blame one "
                             "after the other",
                             target->repository, named));
  }
  target->repository = repository;
  target->bare = !around;
  target->folders |= folder;
  if (around && path.size() > repository.size()) {
    target->paths.push_back(path.substr(repository.size() + 1));
  }
  return {};
}

Result<Target> TargetOf(const Invocation& call) {
  Target target;
  bool all = false;
  for (const std::string& path : call.positionals()) {
    const size_t before = target.paths.size();
    Status added = AddPath(path, &target);
    if (!added.ok()) return std::move(added).error().Within("blame");
    all |= target.paths.size() == before;
  }
  if (all) target.paths.clear();
  return target;
}

Result<blame::RepositoryBlameOptions> OptionsOf(const Invocation& call,
                                                const Target& target) {
  blame::RepositoryBlameOptions options;
  options.history.revision = call.Text("--rev");
  // What is exported is about what was committed.
  if (!call.Has("--rev") && !target.bare && !call.Has("--export"))
    options.history.content = corpus::LineContent::kWorkTree;
  options.history.paths = target.paths;
  const int64_t threads = call.Number("--threads").value_or(0);
  if (threads < 0 || threads > kThreadsMax) {
    return Error(Code::kInvalid, fmt::format("--threads: must be 1 to {}, or 0 "
                                             "for one a core",
                                             kThreadsMax));
  }
  options.history.threads = static_cast<size_t>(threads);
  options.blamer.repository = call.Text("--repo");
  if (call.Has("--no-claims")) options.claims = blame::ReadClaims::kNo;
  return options;
}

// Addresses of the persons that the origins name; opens the stores only if
// there are some.
Result<std::map<std::string, std::string>> NamesIn(
    const blame::RepositoryBlame& blame, const Config& config) {
  std::map<std::string, std::string> names;
  bool any = false;
  for (const blame::BlamedFile& file : blame.files) {
    for (const evidence::FoundOrigin& found : file.origins)
      any |= found.origin.route != "claim" && !found.origin.person.empty();
  }
  if (!any) return names;
  TRY_ASSIGN(console::StoresOptions stores, StoresOptionsOf(config));
  return PersonNames(stores);
}

// What was not blamed, in one line.
void SayPassedOver(const blame::RepositoryBlame& blame) {
  if (blame.history.passed.empty()) return;
  std::map<std::string, size_t> reasons;
  for (const corpus::PassedOver& passed : blame.history.passed)
    ++reasons[std::string(corpus::ReasonName(passed.reason))];
  std::string text;
  for (const auto& [reason, count] : reasons)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, reason);
  Say(fmt::format("cofferdam: not blamed: {} (--json lists them)", text));
}

void PrintPeople(const blame::RepositoryBlame& blame, BlameDetail detail,
                 const BlameWords& words) {
  if (detail == BlameDetail::kSums) {
    Print(BlameSummary(blame, words));
    return;
  }
  for (size_t i = 0; i < blame.files.size(); ++i) {
    if (blame.files.size() > 1) {
      if (i > 0) Print("\n");
      PrintLine(blame.files[i].path + ":");
    }
    Print(BlameText(blame, i, words));
  }
}

Status CheckFound(const blame::RepositoryBlame& blame, const Target& target,
                  const BlameWords& words) {
  if (!target.folders && blame.files.empty() && !blame.history.passed.empty()) {
    const corpus::PassedOver& passed = blame.history.passed.front();
    return Error(
        Code::kInvalid,
        fmt::format("blame {}: {}{}", passed.path,
                    corpus::ReasonName(passed.reason),
                    passed.detail.empty() ? "" : ": " + passed.detail));
  }
  if (!words.lines) return {};
  for (const blame::BlamedFile& file : blame.files) {
    if (words.lines->begin > file.lines.size())
      return Error(Code::kInvalid, fmt::format("blame {}: has only {} lines",
                                               file.path, file.lines.size()));
  }
  return {};
}

Result<int> Blame(const Invocation& call) {
  BlameWords words;
  if (call.Has("-L")) {
    TRY_ASSIGN(words.lines, ParseLines(call.Text("-L")));
  }
  if (call.Has("--lines") && call.Has("--summary"))
    return Error(Code::kInvalid, "blame: --lines or --summary");
  TRY(CheckExportFlags(call));
  TRY_ASSIGN(const Config config, LoadConfigFor(call));
  TRY_ASSIGN(const Target target, TargetOf(call));
  TRY_ASSIGN(blame::RepositoryBlameOptions options, OptionsOf(call, target));
  if (words.lines && (target.folders || target.paths.size() != 1))
    return Error(Code::kInvalid, "-L: names lines of one file");
  TRY_ASSIGN(const evidence::Background background, LoadBackground(config));
  const evidence::BackgroundModel model(background,
                                        evidence::kHumanBeforeMicros);
  options.blamer.background = &background;
  options.blamer.token_model = &model;
  TRY_ASSIGN(const std::string folder, RefreshedIndex(config));
  TRY_ASSIGN(const fingerprint::Index index, fingerprint::Index::Open(folder));
  Result<blame::RepositoryBlame> blamed =
      blame::BlameRepository(index, target.repository, options);
  if (!blamed.ok()) return std::move(blamed).error().Within("blame");
  TRY(CheckFound(*blamed, target, words));
  if (call.Has("--export")) return WriteBlameExport(call, config, *blamed);
  std::map<std::string, std::string> names;
  if (config.individuals) {
    TRY_ASSIGN(names, NamesIn(*blamed, config));
    words.person_name = [&names](std::string_view id) {
      const auto found = names.find(std::string(id));
      return found == names.end() ? std::string() : found->second;
    };
  }
  const bool sums =
      call.Has("--summary") || (target.folders && !call.Has("--lines"));
  const BlameDetail detail = sums ? BlameDetail::kSums : BlameDetail::kLines;
  if (call.json()) {
    PrintLine(BlameJson(*blamed, detail, words));
    return 0;
  }
  if (ColourOnStdout()) words.colour = BlameWords::Colour::kYes;
  {
    Pager pager(call.Has("--no-pager") ? Pager::Use::kNever
                                       : Pager::Use::kOnTerminal);
    PrintPeople(*blamed, detail, words);
  }
  for (const std::string& notice : blamed->notices) Say("cofferdam: " + notice);
  SayPassedOver(*blamed);
  const blame::LineCounts counts = CountLines(*blamed, words);
  if (!sums) Say(CountsText(counts));
  if (counts.unknown > 0)
    Say("Unknown is not human: nothing is known of who wrote those lines.");
  return 0;
}

}  // namespace

std::vector<Command> BlameCommands() {
  return {
      {"blame",
       "which lines came from which model, whatever git did to them since; "
       "unknown is not human",
       {{"PATH", Count::kMany,
         "files, shown line by line; or folders or a repository, summed up"}},
       {{"--rev", Takes::kText,
         "at this git revision; else as the files lie there"},
        {"-L", Takes::kText, "only these lines: 10,20 or 10,+5"},
        {"--summary", Takes::kNothing,
         "sums by model, folder, author and file instead of lines"},
        {"--lines", Takes::kNothing, "every line of folders, too"},
        {"--repo", Takes::kText,
         "the repository's name in the ledger, if not its remote"},
        {"--no-claims", Takes::kNothing,
         "leave out what notes, records and trailers say"},
        {"--threads", Takes::kNumber, "threads; one a core if absent"},
        {"--no-pager", Takes::kNothing, "never start $PAGER"},
        {"--export", Takes::kText,
         "for other programs, of HEAD or --rev: git-ai, agent-trace, spdx or "
         "mask"},
        {"--out", Takes::kText,
         "with --export: the file, or for git-ai the folder of notes"},
        {"--add-notes", Takes::kNothing,
         "with --export git-ai: add them to refs/notes/ai instead, where no "
         "note is"},
        {"--for", Takes::kText,
         "with --export mask: training (default) or evaluation"},
        {"--json", Takes::kNothing, "print one JSON object"}},
       false,
       Blame}};
}

}  // namespace cofferdam::cli
