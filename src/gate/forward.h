#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/line_writer.h"
#include "base/ulid.h"
#include "gate/answer_reader.h"
#include "gate/controls.h"
#include "gate/gate.h"
#include "gate/holding.h"
#include "gate/identity.h"
#include "gate/metrics.h"
#include "gate/refused.h"
#include "gate/routes.h"
#include "gate/trace_context.h"
#include "http/client.h"
#include "http/server.h"
#include "http/task.h"
#include "ledger/ledger.h"
#include "policy/bound.h"
#include "policy/ruling.h"
#include "wire/chat_usage.h"
#include "wire/endpoint.h"
#include "wire/request.h"

namespace cofferdam::gate {

// One request on its way: from the key check to the record. Lives in the
// coroutine of its connection, on one loop. Reading and sending are in
// forward.cc, whether it may be sent in forward_decide.cc, the answer's way
// back in forward_answer.cc, what is kept of it in forward_record.cc.
class Forwarding {
 public:
  struct Target {
    wire::Endpoint endpoint;
    // The edition of the configuration that this request lives by.
    std::shared_ptr<const Routes> routes;
    // Set for a path beside the protocols that may pass.
    const RoutedUpstream* passing = nullptr;
  };

  Forwarding(http::ServerExchange& client, Target target,
             const GateRooms& rooms, Metrics& metrics, Controls& controls,
             Ulid id);

  http::Task<void> Run();
  // Ends the exchange now: the upstream is cancelled, the client is told why
  // in its protocol, and the record says that the gate ended it. On the loop.
  void End(const Refused& reason);
  http::Loop& loop() { return client_.loop(); }
  // Whether a kill means this one. On the loop.
  bool IsMeant(const policy::Scope& scope) const;

 private:
  // What must hold before anything is decided: a known key, a ledger that takes
  // records, a body that can be read, an upstream for its model.
  // Not inlined, here and below: clang would put the frame of each coroutine
  // that is awaited into its caller's, and a stream that is open for an hour
  // would keep room for how it began and may end.
  [[gnu::noinline]] http::Task<Status> Read();
  Status Authenticate();
  // The upstream that serves the request's model.
  Status Choose();
  // The body as the protocol means it, its compression undone.
  Result<std::string> PlainBody() const;
  // Asks for the usage of a Chat Completions stream where the client did not.
  void AskForUsage();
  std::string_view plain() const {
    return plain_body_.empty() ? std::string_view(body_) : plain_body_;
  }

  // forward_decide.cc
  policy::Question MakeQuestion() const;
  // Why it may not be sent; none when it may, perhaps to another model.
  [[gnu::noinline]] http::Task<std::optional<Refused>> Decide();
  // Which of the labels the prompt contains.
  [[gnu::noinline]] http::Task<Result<uint64_t>> FindLabels(uint64_t asked);
  [[gnu::noinline]] http::Task<Refused> RefusalOf(
      const policy::Ruling& ruling, const policy::Question& question);
  [[gnu::noinline]] http::Task<Result<policy::Approval>> AskApproval(
      const policy::Ruling& ruling, const policy::Question& question);
  [[gnu::noinline]] http::Task<Status> AuditOverride(
      const policy::Ruling& ruling, const policy::Question& question);
  Status Reroute(const policy::Rule& rule);

  // forward_hold.cc
  // Takes the request's part of its rules' limits, of the provider's capacity
  // and of the budgets, for which it may have to wait; why it may not be sent.
  [[gnu::noinline]] http::Task<std::optional<Refused>> Hold();
  std::optional<Refused> HoldRates(int64_t tokens);
  [[gnu::noinline]] http::Task<std::optional<Refused>> HoldCapacity(
      int64_t tokens);
  policy::RequestBound BoundNow() const;
  std::optional<Refused> HoldBudgets(const policy::RequestBound& bound);
  // What the exchange is charged; notes what is wrong with it.
  policy::Amount ChargeFor(ledger::Exchange* exchange) const;

  http::Task<void> Exchange();
  using Sent = Result<std::unique_ptr<http::ClientExchange>>;
  [[gnu::noinline]] http::Task<Sent> SendOn(std::string_view credential);
  [[gnu::noinline]] http::Task<void> Unreachable(Error error);

  // forward_answer.cc
  http::Task<void> Stream(http::ClientExchange& upstream);
  void PrepareAnswer(const http::ClientExchange& upstream);
  // The next piece; in a silent stream the client gets signs of life.
  http::Task<Result<std::string_view>> NextPiece(
      http::ClientExchange& upstream);
  bool MaySendKeepalive() const;
  // Sends the head of the answer, once.
  [[gnu::noinline]] http::Task<Status> StartAnswer();
  // Forwards one piece, after the record where it is the last; whether there
  // is more to do.
  [[gnu::noinline]] http::Task<bool> Relay(http::ClientExchange& upstream,
                                           std::string_view piece);
  // What the client gets of a piece.
  std::string_view Shown(std::string_view piece);
  enum class BrokenBy { kUpstream, kGate };
  [[gnu::noinline]] http::Task<void> BreakOff(const Error& error, BrokenBy by);
  [[gnu::noinline]] http::Task<void> RefuseRedirect(
      http::ClientExchange& upstream);

  // forward_record.cc
  // Writes the exchange to the ledger, once; later calls answer ok.
  [[gnu::noinline]] http::Task<Status> Record(ledger::Outcome outcome);
  ledger::ExchangeDraft MakeDraft(ledger::Outcome outcome);
  void TakeAnswer(ledger::ExchangeDraft* draft);
  const std::string& SessionName() const;
  void FillOrigin(ledger::Origin* origin) const;
  void Note(std::string_view intervention);
  [[gnu::noinline]] http::Task<void> Refuse(const Error& error, int status);
  [[gnu::noinline]] http::Task<void> Refuse(Refused refused);
  void LogExchange(const ledger::Exchange& exchange) const;
  void LogRefusal(const Error& error, int status) const;

  http::ServerExchange& client_;
  const Target target_;
  const GateRooms& rooms_;
  Metrics& metrics_;
  Controls& controls_;
  const Ulid id_;
  const std::string id_text_;

  Identity identity_;
  std::optional<TraceContext> trace_;
  const RoutedUpstream* routed_ = nullptr;
  std::string body_;
  std::string plain_body_;   // empty where body_ is plain itself
  std::string asking_body_;  // body_ with a wish for usage; else empty
  wire::RequestHead request_;

  std::shared_ptr<const policy::TeamTree> teams_;
  // What lets it pass, for the record.
  std::string basis_;
  std::string grant_;
  std::vector<const policy::Rule*> limiting_;  // live as long as the law
  Holding holding_;
  // Set where a rule sent it to another model than this.
  std::string model_requested_;
  std::string rerouted_target_;  // empty: the client's
  bool decoded_ = false;         // body_ is plain, the client's was not

  http::Canceller canceller_;
  bool client_gone_ = false;
  std::optional<Refused> ended_by_gate_;
  std::optional<AnswerReader> reader_;
  std::optional<wire::UsageChunkFilter> usage_filter_;
  std::string shown_;  // what the filter let through of one piece
  http::ResponseHead head_;
  std::optional<uint64_t> content_length_;
  bool started_ = false;
  int status_ = 0;
  bool body_whole_ = false;
  bool recorded_ = false;
  uint64_t response_bytes_ = 0;
  std::vector<std::string> interventions_;
  ledger::ExchangeTimes times_;
};

}  // namespace cofferdam::gate
