#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ulid.h"
#include "gate/answer_reader.h"
#include "gate/gate.h"
#include "gate/identity.h"
#include "gate/upstream.h"
#include "http/client.h"
#include "http/server.h"
#include "http/task.h"
#include "ledger/ledger.h"
#include "wire/endpoint.h"
#include "wire/request.h"

namespace cofferdam::gate {

// One request on its way: from the key check to the record. Lives in the
// coroutine of its connection, on one loop.
class Forwarding {
 public:
  struct Route {
    wire::Endpoint endpoint;
    // None when no upstream of that protocol is configured.
    const Upstream* upstream = nullptr;
  };

  Forwarding(http::ServerExchange& client, Route route, const GateRooms& rooms,
             const GateLimits& limits, Ulid id);

  http::Task<void> Run();
  // Ends the exchange now: the upstream is cancelled, the client is told why
  // in its protocol, and the record says that the gate ended it. On the loop.
  void End(const Error& reason);
  http::Loop& loop() { return client_.loop(); }

 private:
  // What must hold before anything is sent: a known key, an upstream with its
  // credential, a ledger that takes records, a body that can be read.
  http::Task<Status> Admit();
  Status Authenticate();
  // The body as the protocol means it, its compression undone.
  Result<std::string> PlainBody() const;
  http::Task<void> Exchange();
  http::Task<void> Stream(http::ClientExchange& upstream);
  // Sends the head of the answer, once.
  http::Task<Status> StartAnswer();
  // Forwards one piece, after the record where it is the last; whether there
  // is more to do.
  http::Task<bool> Relay(http::ClientExchange& upstream,
                         std::string_view piece);
  enum class BrokenBy { kUpstream, kGate };
  http::Task<void> BreakOff(const Error& error, BrokenBy by);

  // Writes the exchange to the ledger, once; later calls answer ok.
  http::Task<Status> Record(ledger::Outcome outcome);
  ledger::ExchangeDraft MakeDraft(ledger::Outcome outcome);
  void FillOrigin(ledger::Origin* origin) const;

  http::Task<void> Refuse(const Error& error, int status);
  void Log(ledger::Outcome outcome, const ledger::Exchange& exchange) const;

  http::ServerExchange& client_;
  const Route route_;
  const GateRooms& rooms_;
  const GateLimits& limits_;
  const Ulid id_;
  const std::string id_text_;

  Identity identity_;
  std::string body_;
  std::string plain_body_;  // empty where body_ is plain itself
  wire::RequestHead request_;

  http::Canceller canceller_;
  bool client_gone_ = false;
  std::optional<Error> ended_by_gate_;
  std::optional<AnswerReader> reader_;
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
