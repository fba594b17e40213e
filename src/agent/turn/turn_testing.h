#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/engine.h"
#include "agent/observer.h"
#include "agent/tool.h"
#include "agent/turn/agent_conversation.h"
#include "base/clock.h"
#include "base/random.h"

// What tests of a turn have in place of an engine, tools and people.
namespace cofferdam::agent {

// Gives its replies in turn, then "Done.". Looks at each request: calls are
// paired, and how many did not begin with the one before is counted.
class ScriptedEngine : public Engine {
 public:
  struct Sent {
    std::vector<Message> messages;
    EngineRequest::ToolChoice tool_choice = EngineRequest::ToolChoice::kAuto;
    Sampling sampling;
    std::optional<int64_t> output_tokens_max;
    std::string answer_schema;
    size_t tools = 0;  // named
    size_t bytes = 0;  // of system, tools and messages
  };

  Reply Complete(const EngineRequest& request, AnswerListener& listener,
                 std::stop_token stop) override;
  std::vector<std::string> Models(std::stop_token) override { return models; }
  const EngineFacts& Facts(std::stop_token) override {
    ++facts_asked;
    return facts;
  }

  void Say(std::string text);
  void Call(std::string name, std::string arguments);
  void Fail(EngineFault::Kind kind, std::string message = "it broke");
  void Add(Reply reply) { replies.push_back(std::move(reply)); }

  std::deque<Reply> replies;
  std::vector<Sent> sent;
  EngineFacts facts;
  std::vector<std::string> models;
  int facts_asked = 0;
  int prefix_changes = 0;
  // Called during each answer, before it ends.
  std::function<void()> during;
};

// Does what a test says.
class ScriptedTool : public Tool {
 public:
  ScriptedTool(std::string name, ToolKind kind);
  const ToolSpec& spec() const override { return spec_; }
  Result<Intent> Plan(const JsonValue& arguments) override;
  ToolOutcome Run(const JsonValue& arguments, ToolListener& listener,
                  std::stop_token stop) override;

  std::function<ToolOutcome(const std::string& path)> run;
  int runs = 0;

 private:
  ToolSpec spec_;
  ToolKind kind_;
};

class RecordingObserver : public Observer {
 public:
  void OnText(std::string_view piece) override { text += piece; }
  void OnThinking(std::string_view) override {}
  void OnAnswerEnd() override { ++answers; }
  void OnAnswerDropped(std::string_view why) override {
    dropped.emplace_back(why);
  }
  void OnCall(const ShownCall& call) override { calls.push_back(call); }
  void OnCallRunning(const std::string&) override {}
  void OnCallOutput(const std::string&, std::string_view) override {}
  void OnCallEnd(const std::string&, const ToolOutcome& outcome) override {
    outcomes.push_back(outcome);
  }
  void OnPlan(const std::vector<PlanEntry>&) override {}
  void OnMeter(const Meter&) override {}
  void OnMode(Mode mode) override { modes.push_back(mode); }
  void OnNotice(std::string_view line) override { notices.emplace_back(line); }
  Permission Ask(const ShownCall& call) override {
    asked.push_back(call);
    return permission;
  }

  std::string text;
  int answers = 0;
  std::vector<std::string> dropped;
  std::vector<ShownCall> calls;
  std::vector<ToolOutcome> outcomes;
  std::vector<std::string> notices;
  std::vector<ShownCall> asked;
  std::vector<Mode> modes;
  Permission permission = Permission::kAllowOnce;
};

// A conversation of those, in a folder of its own, and what it is made of:
// tools read (reads), edit (edits) and bash (runs), each with a "path".
struct TurnStage {
  TurnStage();
  ~TurnStage();

  // Opened on first use; parts may be changed before.
  AgentConversation& conversation();
  TurnResult Prompt(const std::string& text, const TurnLimits& limits = {});
  // Ends the turn that runs, or the next one.
  void Interrupt() { stop.request_stop(); }

  std::string folder;
  ConversationParts parts;
  ScriptedEngine* engine;
  std::map<std::string, ScriptedTool*> tools;
  RecordingObserver observer;
  FixedClock clock{1'790'000'000'000'000};
  SeededRandom random{7};
  std::vector<int64_t> waits;
  // Compactions and the like that a test brings about, at most.
  int prefix_changes_max = 0;
  std::stop_source stop;  // renewed after each turn
  std::unique_ptr<AgentConversation> opened;
};

// Whether calls and results of a history are paired, and roles in order.
std::string WhatIsWrong(std::span<const Message> messages);

}  // namespace cofferdam::agent
