#include "agent/turn/agent_conversation.h"

#include <utility>

#include "agent/turn/compaction.h"
#include "agent/turn/turn_run.h"

namespace cofferdam::agent {

AgentConversation::AgentConversation(ConversationParts parts)
    : state_(std::move(parts)), stored_mode_(state_.mode) {}

TurnResult AgentConversation::Prompt(const std::string& text,
                                     const TurnLimits& limits,
                                     Observer& observer, std::stop_token stop) {
  if (state_.mode != stored_mode_) {
    stored_mode_ = state_.mode;
    Status kept = state_.history.file().AppendMode(stored_mode_);
    if (!kept.ok()) observer.OnNotice(kept.error().message());
  }
  TurnResult result = TurnRun(state_, limits, observer, stop).Run(text);
  stored_mode_ = state_.mode;
  return result;
}

const std::string& AgentConversation::session_id() const {
  return state_.history.file().id();
}

const std::vector<Message>& AgentConversation::history() const {
  return state_.history.messages();
}

Status AgentConversation::set_model(const std::string& model) {
  if (model == state_.parts.model.name) return {};
  ModelSettings settings;
  TRY_ASSIGN(std::unique_ptr<Engine> engine,
             state_.parts.engine_for(model, &settings));
  TRY(state_.history.file().AppendModel(model, settings.profile));
  state_.parts.engine = std::move(engine);
  state_.TakeModel(std::move(settings));
  return {};
}

Status AgentConversation::Compact(std::string_view focus, Observer& observer,
                                  std::stop_token stop) {
  return Compaction(state_, observer, stop).Run(0, focus);
}

std::vector<RewindPoint> AgentConversation::RewindPoints() const {
  return state_.history.file().Points();
}

Status AgentConversation::Rewind(uint64_t turn, Rewound what, Others others) {
  SessionFile& file = state_.history.file();
  if (what != Rewound::kConversation && state_.parts.hooks.restore) {
    if (auto snapshot = file.SnapshotBefore(turn)) {
      TRY(state_.parts.hooks.restore(*snapshot, others));
    }
  }
  RewindOf of = what == Rewound::kConversation ? RewindOf::kConversation
                : what == Rewound::kFiles      ? RewindOf::kFiles
                                               : RewindOf::kBoth;
  TRY_ASSIGN(SessionState now, file.Rewind(turn, of));
  if (what == Rewound::kFiles) return {};
  state_.history.Reset(std::move(now.messages));
  if (state_.parts.hooks.on_history) {
    state_.parts.hooks.on_history(state_.history.messages());
  }
  state_.plan = std::move(now.plan);
  state_.loops = LoopWatch();
  state_.told_mode = now.mode;
  return {};
}

std::vector<std::string> AgentConversation::SandboxNotes() const {
  if (!state_.parts.sandbox_notes) return {};
  return state_.parts.sandbox_notes();
}

}  // namespace cofferdam::agent
