#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/session/file_history.h"
#include "agent/session/instructions.h"
#include "agent/session/recorder.h"
#include "agent/session/tool_policy.h"
#include "agent/turn/conversation_parts.h"
#include "base/clock.h"

namespace cofferdam::agent {

// What the company asks of a session.
struct CompanyPolicy {
  ToolPolicy tools;
  // Filled in; empty: none.
  std::string commit_trailer;
  // What people should know of it: why it is not known, how old it is.
  std::vector<std::string> notices;
};

struct SessionHooksOptions {
  std::string state_folder;   // "$XDG_STATE_HOME/cofferdam/code"
  std::string config_folder;  // "$XDG_CONFIG_HOME/cofferdam"; empty: none
  std::string claude_folder;  // "$HOME/.claude"; empty: none
  std::string workspace;      // canonical
  std::string session;
  std::string version;
  // Whose model it is, for the records; asked when the first answer has come.
  std::function<std::string()> provider;
  // For answers of that model. May wait for a gate: asked on a thread of its
  // own once the first answer has come, and anew when the model changes.
  std::function<CompanyPolicy(const std::string& model)> policy;
  std::string model;  // that the session begins with
  // Something was recorded. Must not wait.
  std::function<void()> hand_over;
  const Clock* clock = nullptr;
};

// What stands beside a conversation: the states of its files, its
// instructions, its records, the company's policy. Nothing is opened before
// the first answer but files of instructions. Of one conversation, on its
// thread.
class SessionHooks {
 public:
  explicit SessionHooks(SessionHooksOptions options);
  ~SessionHooks();

  // They live as long as this.
  ConversationHooks Hooks();
  // For the system prompt; empty: none.
  const std::string& instructions() const { return instructions_.text(); }
  // Of a history that was loaded.
  void Remember(const std::vector<Message>& history) {
    instructions_.Remember(history);
  }
  // For the environment of commands. Waits for the policy.
  std::vector<std::pair<std::string, std::string>> CommandVariables();

 private:
  const CompanyPolicy& Policy();
  void AskPolicy(std::string_view model);
  std::string Snapshot(const ShownCall& call);
  std::vector<FileChange> ChangedByCommand(const ShownCall& call);
  void TakeBack(const std::vector<FileChange>& changes);
  void Note(const Status& status);
  std::vector<std::string> TakeNotices();

  SessionHooksOptions options_;
  FileHistory files_;
  Instructions instructions_;
  Recorder recorder_;
  bool has_provider_ = false;
  std::future<CompanyPolicy> asked_;
  std::unique_ptr<CompanyPolicy> policy_;
  std::string policy_model_;  // whose it is
  // What became of the last command's changes, for the model.
  std::string command_words_;
  std::vector<std::string> notices_;
};

}  // namespace cofferdam::agent
