#include "agent/observer.h"

#include "agent/conversation.h"

namespace cofferdam::agent {

std::string_view RoleName(Message::Role role) {
  switch (role) {
    case Message::Role::kUser:
      return "user";
    case Message::Role::kAssistant:
      return "assistant";
    case Message::Role::kTool:
      break;
  }
  return "tool";
}

std::string_view PlanStatusName(PlanEntry::Status status) {
  switch (status) {
    case PlanEntry::Status::kPending:
      return "pending";
    case PlanEntry::Status::kInProgress:
      return "in_progress";
    case PlanEntry::Status::kCompleted:
      break;
  }
  return "completed";
}

std::string_view PlanPriorityName(PlanEntry::Priority priority) {
  switch (priority) {
    case PlanEntry::Priority::kHigh:
      return "high";
    case PlanEntry::Priority::kMedium:
      return "medium";
    case PlanEntry::Priority::kLow:
      break;
  }
  return "low";
}

std::string_view ToolKindName(ToolKind kind) {
  switch (kind) {
    case ToolKind::kRead:
      return "read";
    case ToolKind::kEdit:
      return "edit";
    case ToolKind::kDelete:
      return "delete";
    case ToolKind::kMove:
      return "move";
    case ToolKind::kSearch:
      return "search";
    case ToolKind::kExecute:
      return "execute";
    case ToolKind::kThink:
      return "think";
    case ToolKind::kOther:
      break;
  }
  return "other";
}

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kPlan:
      return "plan";
    case Mode::kAsk:
      return "ask";
    case Mode::kEdit:
      return "edit";
    case Mode::kAuto:
      break;
  }
  return "auto";
}

std::optional<Mode> ParseMode(std::string_view name) {
  for (Mode mode : {Mode::kPlan, Mode::kAsk, Mode::kEdit, Mode::kAuto}) {
    if (ModeName(mode) == name) return mode;
  }
  return std::nullopt;
}

std::string_view TurnEndName(TurnEnd end) {
  switch (end) {
    case TurnEnd::kDone:
      return "done";
    case TurnEnd::kInterrupted:
      return "interrupted";
    case TurnEnd::kTurnLimit:
      return "turn_limit";
    case TurnEnd::kCostLimit:
      return "cost_limit";
    case TurnEnd::kOutputLimit:
      return "output_limit";
    case TurnEnd::kLoop:
      return "loop";
    case TurnEnd::kUnexecuted:
      return "unexecuted";
    case TurnEnd::kRefused:
      return "refused";
    case TurnEnd::kEngineFault:
      return "engine_fault";
    case TurnEnd::kStoreFault:
      break;
  }
  return "store_fault";
}

}  // namespace cofferdam::agent
