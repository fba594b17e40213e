#include "agent/turn/turn_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <utility>

#include "agent/turn/token_estimate.h"
#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

// An engine's answer as a whole, paced for the listener.
void Tell(const EngineAnswer& answer, AnswerListener& listener) {
  if (!answer.thinking.empty()) listener.OnThinking(answer.thinking);
  for (size_t at = 0; at < answer.text.size(); at += 500) {
    listener.OnText(std::string_view(answer.text).substr(at, 500));
  }
  for (const RawCall& call : answer.calls) listener.OnCall(call.name);
}

bool BeginsWith(const std::vector<Message>& now,
                const std::vector<Message>& before) {
  return now.size() >= before.size() &&
         std::equal(before.begin(), before.end(), now.begin());
}

}  // namespace

std::string WhatIsWrong(std::span<const Message> messages) {
  std::set<std::string> ids;
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    if (message.role == Message::Role::kTool) {
      return fmt::format("result {} without a call", i);
    }
    if (i > 0 && message.role == messages[i - 1].role) {
      return fmt::format("two of one role in a row at {}", i);
    }
    std::set<std::string> open;
    for (const ToolCall& call : message.calls) {
      if (!ids.insert(call.id).second) return "an id that was there before";
      open.insert(call.id);
      auto arguments = JsonDocument::Parse(call.arguments);
      if (!arguments.ok() || !arguments->root().is_object()) {
        return "arguments are no object: " + call.arguments;
      }
    }
    while (i + 1 < messages.size() &&
           messages[i + 1].role == Message::Role::kTool) {
      ++i;
      if (open.erase(messages[i].call_id) != 1) return "a result of no call";
    }
    if (!open.empty()) return "a call without a result";
  }
  return {};
}

Engine::Reply ScriptedEngine::Complete(const EngineRequest& request,
                                       AnswerListener& listener,
                                       std::stop_token stop) {
  Sent now;
  now.messages.assign(request.messages.begin(), request.messages.end());
  now.tools = request.tools.size();
  now.tool_choice = request.tool_choice;
  now.sampling = request.sampling;
  now.output_tokens_max = request.output_tokens_max;
  now.answer_schema = request.answer_schema;
  now.bytes = request.system.size() + BytesOfTools(request.tools) +
              BytesOfMessages(request.messages);
  EXPECT_EQ(WhatIsWrong(now.messages), "");
  if (!sent.empty() && !BeginsWith(now.messages, sent.back().messages)) {
    ++prefix_changes;
  }
  sent.push_back(std::move(now));
  Reply reply;
  if (replies.empty()) {
    reply.answer.text = "Done.";
    reply.answer.finish = Finish::kStop;
  } else {
    reply = std::move(replies.front());
    replies.pop_front();
  }
  Tell(reply.answer, listener);
  if (during) during();
  if (stop.stop_requested() && !reply.fault.has_value()) {
    reply.answer.calls.clear();
    reply.fault = EngineFault{EngineFault::Kind::kCancelled, "cancelled"};
  }
  return reply;
}

void ScriptedEngine::Say(std::string text) {
  Reply reply;
  reply.answer.text = std::move(text);
  reply.answer.finish = Finish::kStop;
  Add(std::move(reply));
}

void ScriptedEngine::Call(std::string name, std::string arguments) {
  Reply reply;
  reply.answer.calls.push_back({"", std::move(name), std::move(arguments)});
  reply.answer.finish = Finish::kToolCalls;
  Add(std::move(reply));
}

void ScriptedEngine::Fail(EngineFault::Kind kind, std::string message) {
  Reply reply;
  reply.fault = EngineFault{kind, std::move(message)};
  Add(std::move(reply));
}

ScriptedTool::ScriptedTool(std::string name, ToolKind kind) : kind_(kind) {
  spec_.name = std::move(name);
  spec_.description = "For tests.";
  spec_.schema =
      R"({"type":"object","properties":{"path":{"type":"string"}},"required":["path"]})";
}

Result<Intent> ScriptedTool::Plan(const JsonValue& arguments) {
  Intent intent;
  intent.kind = kind_;
  std::string path(arguments["path"].StringOrEmpty());
  intent.title = spec_.name + " " + path;
  if (kind_ == ToolKind::kEdit) intent.writes.push_back("/w/" + path);
  if (kind_ == ToolKind::kExecute) intent.command = path;
  return intent;
}

ToolOutcome ScriptedTool::Run(const JsonValue& arguments, ToolListener&,
                              std::stop_token) {
  ++runs;
  std::string path(arguments["path"].StringOrEmpty());
  if (run) return run(path);
  ToolOutcome outcome;
  outcome.text = fmt::format("{} {} ({})", spec_.name, path, runs);
  return outcome;
}

TurnStage::TurnStage() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "turn_XXXXXX").string();
  folder = mkdtemp(pattern.data());
  auto scripted = std::make_unique<ScriptedEngine>();
  engine = scripted.get();
  parts.engine = std::move(scripted);
  parts.workspace = "/w";
  parts.system = "You are a test.";
  parts.model.name = "scripted";
  parts.mode = Mode::kAuto;
  for (auto [name, kind] :
       {std::pair{"read", ToolKind::kRead}, std::pair{"edit", ToolKind::kEdit},
        std::pair{"bash", ToolKind::kExecute},
        std::pair{"plan", ToolKind::kThink}}) {
    auto tool = std::make_unique<ScriptedTool>(name, kind);
    tools[name] = tool.get();
    parts.tools.push_back(std::move(tool));
  }
  SessionBegin begin;
  begin.id = "01JD0000000000000000000000";
  begin.workspace = "/w";
  parts.session = SessionFile::New(folder + "/session.jsonl", begin, clock);
  parts.clock = &clock;
  parts.random = &random;
  parts.wait = [this](int64_t wait_ms, std::stop_token) {
    waits.push_back(wait_ms);
    return true;
  };
}

TurnStage::~TurnStage() {
  opened.reset();
  std::filesystem::remove_all(folder);
}

AgentConversation& TurnStage::conversation() {
  if (!opened) opened = std::make_unique<AgentConversation>(std::move(parts));
  return *opened;
}

TurnResult TurnStage::Prompt(const std::string& text,
                             const TurnLimits& limits) {
  TurnResult result =
      conversation().Prompt(text, limits, observer, stop.get_token());
  stop = std::stop_source();
  EXPECT_EQ(WhatIsWrong(conversation().history()), "");
  EXPECT_LE(engine->prefix_changes, prefix_changes_max);
  return result;
}

}  // namespace cofferdam::agent
