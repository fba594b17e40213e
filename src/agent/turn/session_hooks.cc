#include "agent/turn/session_hooks.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "agent/session/commit_trailer.h"
#include "base/hash.h"

namespace cofferdam::agent {
namespace {

FileHistoryPlace PlaceOf(const SessionHooksOptions& options) {
  return {.folder = fmt::format("{}/files/{:016x}", options.state_folder,
                                Hash64(options.workspace)),
          .workspace = options.workspace,
          .session = options.session};
}

RecorderOptions RecordsOf(const SessionHooksOptions& options) {
  return {.path = fmt::format("{}/records/{}.jsonl", options.state_folder,
                              options.session),
          .session = options.session,
          .workspace = options.workspace,
          .tool_version = options.version,
          .provider = ""};
}

// What was interrupted has no end.
ledger::Outcome OutcomeOf(const EngineAnswer& answer) {
  return answer.finish == Finish::kUnknown ? ledger::Outcome::kTruncated
                                           : ledger::Outcome::kComplete;
}

// Commands see nothing of the state folder, and can commit only where the
// workspace has a repository of its own, in which `info` is kept from them.
std::string HooksFolder(const std::string& workspace,
                        const std::string& state_folder) {
  const std::string git = workspace + "/.git";
  struct stat status;
  if (lstat(git.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return state_folder + "/hooks";
  }
  return git + "/info/cofferdam-hooks";
}

std::vector<std::string> PathsOf(const std::vector<FileChange>& changes) {
  std::vector<std::string> paths;
  for (const FileChange& change : changes) paths.push_back(change.path);
  return paths;
}

}  // namespace

SessionHooks::SessionHooks(SessionHooksOptions options)
    : options_(std::move(options)),
      files_(PlaceOf(options_), *options_.clock),
      instructions_(
          Instructions::Load({.config_folder = options_.config_folder,
                              .workspace = options_.workspace,
                              .claude_folder = options_.claude_folder})),
      recorder_(RecordsOf(options_), *options_.clock),
      policy_model_(options_.model) {}

SessionHooks::~SessionHooks() {
  if (asked_.valid()) asked_.wait();
}

void SessionHooks::Note(const Status& status) {
  if (!status.ok()) notices_.push_back(status.error().message());
}

const CompanyPolicy& SessionHooks::Policy() {
  if (policy_ != nullptr) return *policy_;
  policy_ = std::make_unique<CompanyPolicy>();
  if (!asked_.valid() && options_.policy) {
    *policy_ = options_.policy(policy_model_);
  } else if (asked_.valid()) {
    *policy_ = asked_.get();
  }
  for (std::string& line : policy_->notices) {
    notices_.push_back(std::move(line));
  }
  return *policy_;
}

// Once for each model: other terms may keep other paths from it, and commits
// name it.
void SessionHooks::AskPolicy(std::string_view model) {
  if (!options_.policy) return;
  const bool known = asked_.valid() || policy_ != nullptr;
  if (known && model == policy_model_) return;
  if (asked_.valid()) asked_.wait();
  policy_.reset();
  policy_model_ = model;
  asked_ = std::async(std::launch::async, options_.policy, policy_model_);
}

std::string SessionHooks::Snapshot(const ShownCall& call) {
  auto taken = files_.Snapshot();
  if (taken.ok()) {
    Note(files_.BeforeWrite(call.intent.writes));
    return *std::move(taken);
  }
  notices_.push_back("this turn's changes cannot be taken back: " +
                     taken.error().message());
  return "";
}

// Paths of the law are kept before a tool writes; what a command wrote there is
// found only when it has ended.
void SessionHooks::TakeBack(const std::vector<FileChange>& changes) {
  Status status = files_.PutBack(changes);
  for (const FileChange& change : changes) {
    command_words_ += Policy().tools.RefusesPath(change.path) + "\n";
  }
  command_words_ += status.ok() ? "What the command wrote there was taken back."
                                : status.error().message();
  notices_.push_back(fmt::format(
      "a command wrote {} that the policy keeps from this model; {}",
      changes.size() == 1 ? "a file" : fmt::format("{} files", changes.size()),
      status.ok() ? "it was taken back" : status.error().message()));
}

std::vector<FileChange> SessionHooks::ChangedByCommand(const ShownCall&) {
  command_words_.clear();
  auto changed = files_.Changed();
  if (!changed.ok()) {
    notices_.push_back("what the command changed is not known: " +
                       changed.error().message());
    return {};
  }
  std::vector<FileChange> forbidden =
      Policy().tools.Forbidden(changed->changes);
  for (const std::string& path : changed->others) {
    if (Policy().tools.RefusesPath(path).empty()) continue;
    notices_.push_back(fmt::format(
        "a command changed {}, which the policy keeps from this model; it is "
        "no text that could be taken back",
        path));
  }
  if (forbidden.empty()) return std::move(changed->changes);
  TakeBack(forbidden);
  std::erase_if(changed->changes, [this](const FileChange& change) {
    return !Policy().tools.RefusesPath(change.path).empty();
  });
  return std::move(changed->changes);
}

ConversationHooks SessionHooks::Hooks() {
  ConversationHooks hooks;
  hooks.refuse = [this](const ShownCall& call) {
    return Policy().tools.Refuses(call.intent);
  };
  hooks.snapshot = [this](const ShownCall& call) { return Snapshot(call); };
  hooks.before_change = [this](const ShownCall& call) {
    Note(files_.BeforeWrite(call.intent.writes));
  };
  hooks.changed_by_command = [this](const ShownCall& call) {
    return ChangedByCommand(call);
  };
  hooks.command_words = [this] { return std::exchange(command_words_, ""); };
  hooks.on_answer =
      [this](const EngineAnswer& answer, std::span<const ToolCall> calls,
             std::span<const Message> history, std::string_view model) {
        if (!std::exchange(has_provider_, true)) {
          if (options_.provider) recorder_.set_provider(options_.provider());
        }
        AskPolicy(model);
        if (!answer.calls.empty() || !calls.empty()) files_.Prepare();
        Note(recorder_.Answered({.answer = answer,
                                 .calls = calls,
                                 .history = history,
                                 .model = model,
                                 .outcome = OutcomeOf(answer)}));
      };
  hooks.on_changes = [this](const ShownCall& call,
                            const std::vector<FileChange>& changes,
                            const Message&) {
    if (call.intent.kind == ToolKind::kExecute) {
      Note(recorder_.Made(call.name, call.id, changes));
    } else {
      files_.Wrote(PathsOf(changes));
    }
  };
  hooks.instructions_for = [this](const std::vector<Location>& locations) {
    std::vector<std::string> paths;
    for (const Location& location : locations) paths.push_back(location.path);
    return instructions_.TakeFor(paths);
  };
  hooks.restore = [this](const std::string& snapshot,
                         Conversation::Others others) -> Status {
    auto restored =
        files_.Restore(snapshot, others == Conversation::Others::kOverwritten
                                     ? FileHistory::Clobber::kForce
                                     : FileHistory::Clobber::kRefuse);
    if (!restored.ok()) return std::move(restored).error();
    notices_.push_back(fmt::format("files taken back: {}; deleted: {}",
                                   restored->written.size(),
                                   restored->deleted.size()));
    return {};
  };
  hooks.on_history = [this](const std::vector<Message>& history) {
    Remember(history);
  };
  hooks.on_turn_end = [this] {
    Note(files_.EndTurn());
    if (!recorder_.has_news()) return;
    recorder_.set_handed_over();
    if (options_.hand_over) options_.hand_over();
  };
  hooks.notices = [this] { return TakeNotices(); };
  return hooks;
}

std::vector<std::string> SessionHooks::TakeNotices() {
  std::vector<std::string> all = std::exchange(notices_, {});
  for (std::string& line : files_.TakeNotices()) all.push_back(line);
  for (std::string& line : instructions_.TakeNotices()) all.push_back(line);
  return all;
}

std::vector<std::pair<std::string, std::string>>
SessionHooks::CommandVariables() {
  const std::string& trailer = Policy().commit_trailer;
  if (trailer.empty()) return {};
  auto made = CommitTrailer::Make(
      HooksFolder(options_.workspace, options_.state_folder), trailer);
  if (made.ok()) return made->Variables();
  notices_.push_back("commits get no trailer: " + made.error().message());
  return {};
}

}  // namespace cofferdam::agent
