#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/acp/acp.h"
#include "agent/acp/call_output.h"
#include "agent/acp/call_updates.h"
#include "agent/acp/client_calls.h"
#include "agent/acp/voice.h"
#include "agent/observer.h"

namespace cofferdam::agent {

// Tells a client of a turn as it goes, and asks it for permission.
class AcpTurnObserver : public Observer {
 public:
  struct Options {
    AcpLimits limits;
    std::string workspace;
    // Asked to stop once the client has cancelled the turn.
    std::stop_token stop;
    std::function<void(Mode)> on_mode;
  };
  AcpTurnObserver(AcpVoice& voice, ClientCalls& calls, Options options);

  void OnText(std::string_view piece) override;
  void OnThinking(std::string_view piece) override;
  void OnAnswerEnd() override;
  void OnAnswerDropped(std::string_view why) override;
  void OnCall(const ShownCall& call) override;
  void OnCallRunning(const std::string& id) override;
  void OnCallOutput(const std::string& id, std::string_view piece) override;
  void OnCallEnd(const std::string& id, const ToolOutcome& outcome) override;
  void OnPlan(const std::vector<PlanEntry>& plan) override;
  void OnMeter(const Meter& meter) override;
  void OnMode(Mode mode) override;
  void OnNotice(std::string_view line) override;
  Permission Ask(const ShownCall& call) override;

  // The turn has ended: what was held back goes out, and calls that never
  // ended are told to have failed.
  void End();

 private:
  // Text of one speaker whose last character is not whole yet.
  struct Stream {
    std::string held;
  };
  void Speak(AcpSpeaker speaker, Stream& stream, std::string_view piece);
  void FlushText();
  CallShowing Showing(bool terminal) const;

  AcpVoice& voice_;
  ClientCalls& calls_;
  const Options options_;
  Stream text_;
  Stream thinking_;
  // Calls that have begun and not ended.
  std::map<std::string, std::shared_ptr<CallOutput>> running_;
  std::map<std::string, bool> terminal_;  // whether each is shown as one
};

}  // namespace cofferdam::agent
