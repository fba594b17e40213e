#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/conversation.h"
#include "agent/engine/http_engine.h"
#include "agent/sandbox/sandbox.h"
#include "agent/turn/conversation_parts.h"
#include "agent/turn/session_hooks.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace cofferdam::agent {

// What `cofferdam code` makes conversations from.
struct ConversationsOptions {
  // Whom to ask. `engine.model` is the model where a request names none; empty:
  // the engine's first one, which costs a question before the first request.
  EngineOptions engine;
  // Known again by its own key while it runs: asked before each conversation
  // and change of model; empty: `engine.key`.
  std::function<Result<std::string>()> key;
  // A company's own profiles of models; empty: none.
  std::string models_file;
  // Where sessions and outputs are kept: "$XDG_STATE_HOME/cofferdam/code".
  std::string state_folder;
  std::string version;
  // "$XDG_CONFIG_HOME/cofferdam", for the user's own AGENTS.md; empty: none.
  std::string config_folder;
  // "$HOME/.claude", from which a CLAUDE.md may import; empty: none.
  std::string claude_folder;
  // What cli knows of records and the company's policy; each may be empty. See
  // SessionHooksOptions.
  std::function<std::string()> provider;
  std::function<CompanyPolicy(const std::string& workspace,
                              const std::string& model,
                              const std::string& session)>
      policy;
  std::function<void()> hand_over;
  // Where neither the request nor the session says it.
  Mode mode = Mode::kAsk;
  Attendance attendance = Attendance::kAttended;
  std::vector<AllowRule> allow;
  // The walls around commands; the workspace is the conversation's.
  SandboxPolicy sandbox;
  const Clock* clock = &SystemClock();
  Random* random = &SystemRandom();
};

// Wires engine, tools, sandbox, session and records together. Opens nothing
// yet. For one thread; what it opens may live on others.
std::unique_ptr<Conversations> MakeConversations(ConversationsOptions options);

// "$XDG_STATE_HOME/cofferdam/code", else "$HOME/.local/state/cofferdam/code".
// kInvalid when neither is known.
Result<std::string> CodeStateFolder();

}  // namespace cofferdam::agent
