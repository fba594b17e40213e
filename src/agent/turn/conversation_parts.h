#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conversation.h"
#include "agent/engine.h"
#include "agent/engine/profiles.h"
#include "agent/observer.h"
#include "agent/session/session_file.h"
#include "agent/tool.h"
#include "agent/turn/permissions.h"
#include "base/clock.h"
#include "base/random.h"

namespace cofferdam::agent {

// Micro-dollars for a million tokens.
struct TokenPrices {
  int64_t input = 0;
  int64_t cached = 0;
  int64_t output = 0;
};

// What a turn needs to know of the model it talks to.
struct ModelSettings {
  std::string profile;  // its name in data/models.toml
  std::string name;
  // Taken where the engine does not tell.
  std::optional<int64_t> context_tokens;
  std::optional<int64_t> output_tokens_max;
  Sampling sampling;
  std::optional<TokenPrices> prices;
  // How it changes files, which decides on the tools that it is offered: the
  // first, and where that keeps failing, the next; empty: with all tools.
  std::vector<EditFormat> edit_formats;
};

// Whether somebody is there to be asked.
enum class Attendance { kAttended, kAlone };

// What others have a word in or keep a record of. Each may be empty. Called on
// the turn's thread.
struct ConversationHooks {
  // Why a call must not run, by the gate's policy, for the model; empty: it
  // may.
  std::function<std::string(const ShownCall&)> refuse;
  // Before the first call of a turn that may change files: the state of the
  // workspace to go back to; empty: there is none.
  std::function<std::string(const ShownCall&)> snapshot;
  // Before each call that may change files.
  std::function<void(const ShownCall&)> before_change;
  // What a command changed that has just run.
  std::function<std::vector<FileChange>(const ShownCall&)> changed_by_command;
  // What the model must know of what became of the changes of the last command;
  // empty: nothing.
  std::function<std::string()> command_words;
  // A whole answer; the calls that were read out of it, what the request held,
  // and the model that was asked.
  std::function<void(const EngineAnswer&, std::span<const ToolCall> calls,
                     std::span<const Message> history, std::string_view model)>
      on_answer;
  // What a call changed; the answer that it was in.
  std::function<void(const ShownCall&, const std::vector<FileChange>&,
                     const Message& answer)>
      on_changes;
  // What the model must be told before it works on these paths, and was not
  // yet: instructions of folders further down.
  std::function<std::string(const std::vector<Location>&)> instructions_for;
  // Files go back to a snapshot.
  std::function<Status(const std::string& snapshot,
                       Conversation::Others others)>
      restore;
  // The history is another than before: compacted or rewound.
  std::function<void(const std::vector<Message>&)> on_history;
  std::function<void()> on_turn_end;
  // Lines for people that came up since the last call.
  std::function<std::vector<std::string>()> notices;
};

// What a conversation is made of. `clock` and `random` outlive it.
struct ConversationParts {
  std::string workspace;
  std::unique_ptr<Engine> engine;
  // For a change of model: an engine for it, and what is known of it.
  std::function<Result<std::unique_ptr<Engine>>(const std::string& model,
                                                ModelSettings* settings)>
      engine_for;
  ModelSettings model;
  // What tools and hooks work on; goes after them.
  std::shared_ptr<void> ground;
  // The mode in use, for tools to ask; `mode` is put there at the beginning.
  std::shared_ptr<std::atomic<Mode>> mode_in_use =
      std::make_shared<std::atomic<Mode>>(Mode::kAsk);
  // In the order in which every request names them.
  std::vector<std::unique_ptr<Tool>> tools;
  std::unique_ptr<SessionFile> session;
  // Of the session so far.
  SessionState state;
  std::string system;
  Mode mode = Mode::kAsk;
  Attendance attendance = Attendance::kAttended;
  std::vector<AllowRule> allow;
  ConversationHooks hooks;
  std::shared_ptr<void> hooks_owner;
  std::function<std::vector<std::string>()> sandbox_notes;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  // Waits so long; false when it was stopped before.
  std::function<bool(int64_t wait_ms, std::stop_token stop)> wait;
};

}  // namespace cofferdam::agent
