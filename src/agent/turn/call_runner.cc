#include "agent/turn/call_runner.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kNotRunInterrupted =
    "Not run: the user interrupted before it began.";
constexpr std::string_view kNotRunLoop =
    "Not run: the run is stopped, since the same came again and again.";
constexpr std::string_view kRejectedOnce =
    "Not run: the user does not want this. Do not try the same in another "
    "way; ask, or do something else.";
constexpr std::string_view kPlanRejected =
    "The user does not agree with this plan yet. Ask what should be otherwise, "
    "or put a better one forward.";
constexpr std::string_view kPlanAlone =
    "The plan is noted. Nobody is there to approve it, so nothing is changed "
    "in "
    "this run: end with the plan in words.";

// Passes on what a running tool shows.
class CallOutput : public ToolListener {
 public:
  CallOutput(Observer& observer, const std::string& id)
      : observer_(observer), id_(id) {}
  void OnOutput(std::string_view piece) override {
    observer_.OnCallOutput(id_, piece);
  }

 private:
  Observer& observer_;
  const std::string& id_;
};

bool MayChangeFiles(const Intent& intent) {
  return !intent.writes.empty() || intent.kind == ToolKind::kExecute ||
         intent.kind == ToolKind::kEdit || intent.kind == ToolKind::kDelete ||
         intent.kind == ToolKind::kMove;
}

void AddParagraph(std::string_view words, std::string* text) {
  if (words.empty()) return;
  if (!text->empty() && text->back() != '\n') *text += '\n';
  *text += words;
}

std::string AloneRefusal(Mode mode, const ShownCall& shown) {
  return fmt::format(
      "Not run: in mode {} this needs a person's yes, and nobody is there to "
      "give it ({}). Do what can be done without it, and say at the end what "
      "could not be done.",
      ModeName(mode), shown.name);
}

}  // namespace

Status CallRunner::Run(const CallsOfAnswer& calls) {
  answer_at_ = state_.history.messages().size() - 1;
  for (const auto& call : calls.calls) {
    if (stop_.stop_requested() || !state_.loops.stop().empty()) break;
    if (const auto* refused = std::get_if<RefusedCall>(&call)) {
      ShownCall shown;
      shown.id = refused->stand_in.id;
      shown.name = refused->stand_in.name;
      shown.arguments = refused->stand_in.arguments;
      shown.intent.title = fmt::format("{} (not understood)", shown.name);
      observer_.OnCall(shown);
      TRY(Refuse(shown, refused->why));
    } else {
      TRY(RunOne(std::get<RepairedCall>(call)));
    }
  }
  return state_.history.CloseCalls(stop_.stop_requested() ? kNotRunInterrupted
                                                          : kNotRunLoop);
}

Status CallRunner::Refuse(const ShownCall& shown, std::string why) {
  ToolOutcome outcome;
  outcome.text = std::move(why);
  outcome.failed = true;
  // A refusal that comes again and again is a loop, too.
  AddParagraph(state_.loops.After({shown.name, shown.arguments, outcome.text,
                                   true, false, WayOut(shown)}),
               &outcome.text);
  return Finish(shown, std::move(outcome));
}

Status CallRunner::Finish(const ShownCall& shown, ToolOutcome outcome) {
  Message result;
  result.text = outcome.text;
  result.call_id = shown.id;
  result.failed = outcome.failed;
  std::vector<std::string> changed;
  for (const FileChange& change : outcome.changes) {
    changed.push_back(change.path);
  }
  TRY(state_.history.AddResult(std::move(result), changed));
  if (outcome.plan.has_value()) {
    TRY(state_.history.file().AppendPlan(*outcome.plan));
    state_.plan = *outcome.plan;
    observer_.OnPlan(state_.plan);
  }
  observer_.OnCallEnd(shown.id, outcome);
  return {};
}

Status CallRunner::RunOne(const RepairedCall& call) {
  ShownCall shown;
  shown.id = call.call.id;
  shown.name = call.call.name;
  shown.arguments = call.call.arguments;
  shown.repaired = call.repaired;
  auto arguments = JsonDocument::Parse(call.call.arguments);
  Tool* tool = state_.FindTool(call.call.name);
  if (!arguments.ok() || tool == nullptr) {
    observer_.OnCall(shown);
    return Refuse(shown, tool == nullptr
                             ? fmt::format("There is no tool {}.", shown.name)
                             : arguments.error().message());
  }
  auto intent = tool->Plan(arguments->root());
  if (!intent.ok()) {
    shown.intent.title = shown.name;
    observer_.OnCall(shown);
    return Refuse(shown, intent.error().message());
  }
  shown.intent = *std::move(intent);
  observer_.OnCall(shown);
  std::string repeated = state_.loops.Refuse(shown.name, shown.arguments);
  if (!repeated.empty()) {
    ToolOutcome outcome;
    outcome.text = std::move(repeated);
    outcome.failed = true;
    return Finish(shown, std::move(outcome));
  }
  if (auto why = WhyNot(shown)) return Refuse(shown, *std::move(why));
  if (stop_.stop_requested()) {
    ToolOutcome outcome;
    outcome.text = kNotRunInterrupted;
    outcome.failed = true;
    return Finish(shown, std::move(outcome));
  }
  return Finish(shown, RunTool(*tool, arguments->root(), shown));
}

std::optional<std::string> CallRunner::WhyNot(const ShownCall& shown) {
  if (state_.parts.hooks.refuse) {
    std::string why = state_.parts.hooks.refuse(shown);
    if (!why.empty()) {
      observer_.OnNotice(fmt::format("{} is refused: {}", shown.name, why));
      return why;
    }
  }
  Ruling ruling =
      state_.permissions.Rule(state_.mode, shown.name, shown.intent);
  if (ruling.is == Ruling::Is::kRefuse) return std::move(ruling.why);
  if (ruling.is == Ruling::Is::kAsk) return AskUser(shown);
  return std::nullopt;
}

std::optional<std::string> CallRunner::AskUser(const ShownCall& shown) {
  if (state_.parts.attendance == Attendance::kAlone) {
    observer_.OnNotice(
        fmt::format("{} was not allowed: nobody is there to ask (mode {})",
                    shown.intent.title, ModeName(state_.mode)));
    return AloneRefusal(state_.mode, shown);
  }
  Permission permission = observer_.Ask(shown);
  state_.permissions.Remember(permission, shown.name, shown.intent);
  switch (permission) {
    case Permission::kAllowOnce:
    case Permission::kAllowAlways:
      return std::nullopt;
    case Permission::kRejectOnce:
    case Permission::kRejectAlways:
      return std::string(kRejectedOnce);
    case Permission::kCancelled:
      break;
  }
  return std::string(kNotRunInterrupted);
}

void CallRunner::TakeSnapshot(const ShownCall& shown) {
  const ConversationHooks& hooks = state_.parts.hooks;
  if (!MayChangeFiles(shown.intent)) return;
  if (has_snapshot_ || !hooks.snapshot) {
    if (hooks.before_change) hooks.before_change(shown);
    return;
  }
  has_snapshot_ = true;
  std::string id = hooks.snapshot(shown);
  if (id.empty()) return;
  Status kept = state_.history.file().AppendFiles(id);
  if (!kept.ok()) observer_.OnNotice(kept.error().message());
}

ToolOutcome CallRunner::RunTool(Tool& tool, const JsonValue& arguments,
                                const ShownCall& shown) {
  TakeSnapshot(shown);
  observer_.OnCallRunning(shown.id);
  CallOutput output(observer_, shown.id);
  ToolOutcome outcome = tool.Run(arguments, output, stop_);
  const ConversationHooks& hooks = state_.parts.hooks;
  if (shown.intent.kind == ToolKind::kExecute && hooks.changed_by_command) {
    for (FileChange& change : hooks.changed_by_command(shown)) {
      outcome.changes.push_back(std::move(change));
    }
    if (hooks.command_words) {
      AddParagraph(hooks.command_words(), &outcome.text);
    }
  }
  if (!outcome.changes.empty()) {
    if (hooks.on_changes) {
      hooks.on_changes(shown, outcome.changes,
                       state_.history.messages()[answer_at_]);
    }
    changes_->insert(changes_->end(), outcome.changes.begin(),
                     outcome.changes.end());
  }
  if (hooks.notices) {
    for (const std::string& line : hooks.notices()) observer_.OnNotice(line);
  }
  if (outcome.plan_proposed) OfferPlan(shown, &outcome);
  std::string advice = state_.loops.After(
      {shown.name, shown.arguments, outcome.text, outcome.failed,
       !outcome.changes.empty(), WayOut(shown)});
  AddParagraph(advice, &outcome.text);
  if (hooks.instructions_for && !outcome.failed) {
    AddParagraph(hooks.instructions_for(shown.intent.locations), &outcome.text);
  }
  return outcome;
}

void CallRunner::OfferPlan(const ShownCall& shown, ToolOutcome* outcome) {
  if (state_.mode != Mode::kPlan) return;
  if (state_.parts.attendance == Attendance::kAlone) {
    AddParagraph(kPlanAlone, &outcome->text);
    return;
  }
  Permission permission = observer_.Ask(shown);
  if (permission == Permission::kAllowOnce ||
      permission == Permission::kAllowAlways) {
    Mode mode = permission == Permission::kAllowOnce ? Mode::kAsk : Mode::kEdit;
    state_.mode = mode;
    state_.told_mode = mode;
    Status kept = state_.history.file().AppendMode(mode);
    if (!kept.ok()) observer_.OnNotice(kept.error().message());
    observer_.OnMode(mode);
    AddParagraph(
        "The user agrees with the plan. Carry it out now; you may "
        "change files.",
        &outcome->text);
  } else if (permission != Permission::kCancelled) {
    AddParagraph(kPlanRejected, &outcome->text);
  }
}

std::string CallRunner::WayOut(const ShownCall& shown) const {
  auto offered = [this](std::string_view name) {
    for (const ToolSpec& spec : state_.specs) {
      if (spec.name == name) return true;
    }
    return false;
  };
  if (shown.name == "edit") {
    return fmt::format(
        "Read the lines again and copy them exactly, with fewer of them{}{}.",
        offered("patch") ? ", or use patch" : "",
        offered("write") ? ", or write the whole file anew if it is short"
                         : "");
  }
  if (shown.name == "patch") {
    return fmt::format(
        "Read the lines again{}{}.",
        offered("edit") ? " and use edit with one exact piece" : "",
        offered("write") ? ", or write the whole file anew if it is short"
                         : "");
  }
  if (shown.name == "bash") {
    return "Look at what the output says before the next command.";
  }
  return {};
}

}  // namespace cofferdam::agent
