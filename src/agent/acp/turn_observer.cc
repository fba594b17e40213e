#include "agent/acp/turn_observer.h"

#include <utility>

namespace cofferdam::agent {

AcpTurnObserver::AcpTurnObserver(AcpVoice& voice, ClientCalls& calls,
                                 Options options)
    : voice_(voice), calls_(calls), options_(std::move(options)) {
  voice_.BeginMessage();
}

CallShowing AcpTurnObserver::Showing(bool terminal) const {
  return {options_.limits.diff_bytes_max, terminal, options_.workspace};
}

void AcpTurnObserver::Speak(AcpSpeaker speaker, Stream& stream,
                            std::string_view piece) {
  if (stream.held.empty()) {
    const size_t whole = WholeUtf8(piece);
    voice_.Chunk(speaker, piece.substr(0, whole));
    stream.held = piece.substr(whole);
    return;
  }
  stream.held += piece;
  const size_t whole = WholeUtf8(stream.held);
  voice_.Chunk(speaker, std::string_view(stream.held).substr(0, whole));
  stream.held.erase(0, whole);
}

void AcpTurnObserver::FlushText() {
  voice_.Chunk(AcpSpeaker::kThought, std::exchange(thinking_.held, {}));
  voice_.Chunk(AcpSpeaker::kAgent, std::exchange(text_.held, {}));
}

void AcpTurnObserver::OnText(std::string_view piece) {
  Speak(AcpSpeaker::kAgent, text_, piece);
}

void AcpTurnObserver::OnThinking(std::string_view piece) {
  Speak(AcpSpeaker::kThought, thinking_, piece);
}

void AcpTurnObserver::OnAnswerEnd() {
  FlushText();
  voice_.BeginMessage();
}

void AcpTurnObserver::OnAnswerDropped(std::string_view why) {
  FlushText();
  voice_.Notice(AcpSeverity::kWarning,
                "The answer above is asked for anew: " + std::string(why));
  voice_.BeginMessage();
}

void AcpTurnObserver::OnCall(const ShownCall& call) {
  const bool terminal = ShowsTerminal(call, voice_.client());
  running_[call.id] = std::make_shared<CallOutput>(
      voice_, CallOutput::Options{call.id, options_.limits.output_bytes_max,
                                  options_.limits.output_gather_ms, terminal});
  terminal_[call.id] = terminal;
  voice_.Update(CallUpdate(call, Showing(terminal)));
}

void AcpTurnObserver::OnCallRunning(const std::string& id) {
  voice_.Update(CallRunningUpdate(id));
}

void AcpTurnObserver::OnCallOutput(const std::string& id,
                                   std::string_view piece) {
  if (const auto found = running_.find(id); found != running_.end())
    found->second->Add(piece);
}

void AcpTurnObserver::OnCallEnd(const std::string& id,
                                const ToolOutcome& outcome) {
  const auto found = running_.find(id);
  const bool terminal = found != running_.end() && terminal_[id];
  if (found != running_.end()) {
    found->second->End(outcome.text);
    running_.erase(found);
    terminal_.erase(id);
  }
  voice_.Update(CallEndUpdate(id, outcome, Showing(terminal)));
}

void AcpTurnObserver::OnPlan(const std::vector<PlanEntry>& plan) {
  voice_.Update(PlanUpdate(plan));
}

void AcpTurnObserver::OnMeter(const Meter& meter) {
  voice_.Update(UsageUpdate(meter));
}

void AcpTurnObserver::OnMode(Mode mode) { options_.on_mode(mode); }

void AcpTurnObserver::OnNotice(std::string_view line) {
  FlushText();
  voice_.Notice(AcpSeverity::kInfo, line);
}

Permission AcpTurnObserver::Ask(const ShownCall& call) {
  const ClientCalls::Answer answer =
      calls_.Call(voice_.session_id(), "session/request_permission",
                  PermissionParams(voice_.session_id(), call,
                                   options_.limits.diff_bytes_max),
                  options_.stop);
  switch (answer.kind) {
    case ClientCalls::Answer::Kind::kCancelled:
      return Permission::kCancelled;
    case ClientCalls::Answer::Kind::kError: {
      const auto error = JsonDocument::Parse(answer.json);
      voice_.Notice(
          AcpSeverity::kWarning,
          "Not allowed, since the client could not ask: " +
              std::string(error.ok() ? (*error)["message"].StringOrEmpty()
                                     : std::string_view()));
      return Permission::kRejectOnce;
    }
    case ClientCalls::Answer::Kind::kResult: {
      const auto result = JsonDocument::Parse(answer.json);
      return result.ok() ? PermissionOf(result->root())
                         : Permission::kRejectOnce;
    }
  }
  return Permission::kRejectOnce;
}

void AcpTurnObserver::End() {
  FlushText();
  ToolOutcome outcome;
  outcome.failed = true;
  outcome.text = "The turn ended before this call did.";
  while (!running_.empty()) {
    const std::string id = running_.begin()->first;  // which goes with its call
    OnCallEnd(id, outcome);
  }
}

}  // namespace cofferdam::agent
