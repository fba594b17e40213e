#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conversation.h"
#include "agent/observer.h"

namespace cofferdam::cli {

// What a run without a terminal came to.
struct CodeRun {
  agent::TurnResult turn;  // of all its turns together
  std::string session;
  std::string model;
  agent::Meter meter;
  std::vector<std::string> notices;
  // The final answer as JSON, where it was held to a schema and meets it.
  std::string answer;
  // "done", "interrupted", …; also "schema": the answer does not meet it.
  std::string end;
};

// The object of --output json, without a line's end; with `type`, the last
// line of --output stream-json (docs/formats/code-stream.md).
std::string CodeRunJson(const CodeRun& run, std::string_view type);

enum class CodeOutput { kText, kJson, kStreamJson };

// Watches a turn for a run without a terminal: events to stdout as they come
// (kStreamJson), what people should know to stderr. Nobody is there to be
// asked.
class CodeEvents : public agent::Observer {
 public:
  explicit CodeEvents(CodeOutput output) : output_(output) {}

  // The first event of a stream.
  void Begin(const agent::Conversation& conversation,
             const std::string& workspace);

  void OnText(std::string_view piece) override;
  void OnThinking(std::string_view piece) override;
  void OnAnswerEnd() override;
  void OnAnswerDropped(std::string_view why) override;
  void OnCall(const agent::ShownCall& call) override;
  void OnCallRunning(const std::string& id) override;
  void OnCallOutput(const std::string& id, std::string_view piece) override;
  void OnCallEnd(const std::string& id,
                 const agent::ToolOutcome& outcome) override;
  void OnPlan(const std::vector<agent::PlanEntry>& plan) override;
  void OnMeter(const agent::Meter& meter) override;
  void OnMode(agent::Mode mode) override;
  void OnNotice(std::string_view line) override;
  agent::Permission Ask(const agent::ShownCall& call) override;

  const std::vector<std::string>& notices() const { return notices_; }

 private:
  bool streams() const { return output_ == CodeOutput::kStreamJson; }
  void TextEvent(std::string_view type, std::string_view piece,
                 std::string* rest);

  CodeOutput output_;
  std::vector<std::string> notices_;
  // Ends of pieces that break off within a character.
  std::string text_rest_;
  std::string thinking_rest_;
  std::map<std::string, std::string> output_rest_;  // by call
};

}  // namespace cofferdam::cli
