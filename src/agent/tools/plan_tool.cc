#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <vector>

#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/shown_text.h"

namespace cofferdam::agent {
namespace {

using Entries = std::vector<PlanEntry>;

Intent ThinkIntent(std::string title) {
  Intent intent;
  intent.kind = ToolKind::kThink;
  intent.title = std::move(title);
  return intent;
}

PlanEntry::Status ReadStatus(std::string_view text) {
  if (text == "in_progress") return PlanEntry::Status::kInProgress;
  if (text == "completed" || text == "done")
    return PlanEntry::Status::kCompleted;
  return PlanEntry::Status::kPending;
}

class TodoTool : public BuiltInTool {
 public:
  explicit TodoTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(
            std::move(shop), "todo",
            "Keep your list of steps for a longer task: all of it each time.",
            R"({"type":"object","properties":{"steps":{"type":"array",)"
            R"("items":{"type":"object","properties":{)"
            R"("text":{"type":"string"},"status":{"type":"string",)"
            R"("enum":["pending","in_progress","completed"]}},)"
            R"("required":["text","status"]}}},"required":["steps"]})") {}

  Result<Intent> Plan(const JsonValue& /*arguments*/) override {
    return ThinkIntent("Update the steps");
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token /*stop*/) override {
    Entries entries;
    int64_t done = 0;
    for (const JsonValue& step : arguments["steps"].Elements()) {
      if (entries.size() == limits().plan_entries) {
        return Failed(fmt::format("more than {} steps; put some together",
                                  limits().plan_entries));
      }
      PlanEntry entry;
      // A plain string is a step that is to be done.
      std::string_view text = step.is_string() ? step.StringOrEmpty()
                                               : step["text"].StringOrEmpty();
      entry.text = ShownText(CutText(text, limits().plan_entry_bytes));
      entry.status = ReadStatus(step["status"].StringOrEmpty());
      if (entry.text.empty()) return Failed("a step without text");
      done += entry.status == PlanEntry::Status::kCompleted ? 1 : 0;
      entries.push_back(std::move(entry));
    }
    ToolOutcome outcome;
    outcome.text =
        fmt::format("{} of {} done.", done,
                    Counted(static_cast<int64_t>(entries.size()), "step"));
    outcome.plan = std::move(entries);
    return outcome;
  }
};

class PlanTool : public BuiltInTool {
 public:
  explicit PlanTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(
            std::move(shop), "plan",
            "Put a plan to the user for approval, in plan mode when you know "
            "enough.",
            R"({"type":"object","properties":{"plan":{"type":"string",)"
            R"("description":"Markdown, steps as a list"}},)"
            R"("required":["plan"]})") {}

  Result<Intent> Plan(const JsonValue& /*arguments*/) override {
    return ThinkIntent("Put a plan forward");
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token /*stop*/) override {
    std::string_view plan = arguments["plan"].StringOrEmpty();
    if (plan.find_first_not_of(" \t\r\n") == std::string_view::npos)
      return Failed("an empty plan");
    if (plan.size() > limits().plan_bytes) {
      return Failed(fmt::format("a plan of {} bytes, at most {}; say less",
                                plan.size(), limits().plan_bytes));
    }
    ToolOutcome outcome;
    outcome.text = "The plan was put to the user.";
    outcome.plan_proposed = true;
    if (Entries steps = StepsOf(plan); !steps.empty())
      outcome.plan = std::move(steps);
    return outcome;
  }

 private:
  // The items of its lists that are not indented.
  Entries StepsOf(std::string_view plan) const {
    Entries steps;
    while (!plan.empty() && steps.size() < limits().plan_entries) {
      size_t newline = plan.find('\n');
      std::string_view line = plan.substr(0, newline);
      plan = newline == std::string_view::npos ? "" : plan.substr(newline + 1);
      size_t digits = 0;
      while (digits < line.size() &&
             std::isdigit(static_cast<unsigned char>(line[digits])) != 0) {
        ++digits;
      }
      std::string_view rest = line.substr(digits);
      bool numbered =
          digits > 0 && (rest.starts_with(". ") || rest.starts_with(") "));
      bool marked =
          digits == 0 && (rest.starts_with("- ") || rest.starts_with("* "));
      if (!numbered && !marked) continue;
      PlanEntry entry;
      entry.text =
          ShownText(CutText(rest.substr(2), limits().plan_entry_bytes));
      if (!entry.text.empty()) steps.push_back(std::move(entry));
    }
    return steps;
  }
};

}  // namespace

std::unique_ptr<Tool> MakeTodoTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<TodoTool>(std::move(shop));
}

std::unique_ptr<Tool> MakePlanTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<PlanTool>(std::move(shop));
}

}  // namespace cofferdam::agent
