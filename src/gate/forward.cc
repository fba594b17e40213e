#include "gate/forward.h"

#include <fmt/format.h>

#include <utility>

#include "base/compress.h"
#include "gate/headers.h"
#include "wire/refusal.h"

namespace cofferdam::gate {
namespace {

// How long an answer may wait for the ledger before it counts as refused.
constexpr int64_t kRecordTimeoutMs = 30'000;

ledger::IdentityGrade GradeOf(policy::Grade grade) {
  switch (grade) {
    case policy::Grade::kNone:
      return ledger::IdentityGrade::kNone;
    case policy::Grade::kAgent:
      return ledger::IdentityGrade::kAgent;
    case policy::Grade::kSession:
      return ledger::IdentityGrade::kSession;
    case policy::Grade::kAttested:
      return ledger::IdentityGrade::kAttested;
  }
  return ledger::IdentityGrade::kNone;
}

}  // namespace

Forwarding::Forwarding(http::ServerExchange& client, Route route,
                       const GateRooms& rooms, const GateLimits& limits,
                       Ulid id)
    : client_(client),
      route_(route),
      rooms_(rooms),
      limits_(limits),
      id_(id),
      id_text_(id.ToString()) {
  times_.received = rooms.clock.WallMicros();
}

http::Task<void> Forwarding::Run() {
  Status admitted = co_await Admit();
  if (!admitted.ok()) {
    co_await Refuse(admitted.error(), HttpStatus(admitted.error().code()));
    co_return;
  }
  co_await Exchange();
}

void Forwarding::End(const Error& reason) {
  if (ended_by_gate_) return;
  ended_by_gate_ = reason;
  canceller_.Cancel();
}

Status Forwarding::Authenticate() {
  TRY_ASSIGN(std::string credential, ReadCredential(client_.request()));
  TRY_ASSIGN(policy::Principal principal,
             rooms_.policy.directory()->Authenticate(
                 credential, rooms_.clock.WallMicros()));
  if (principal.role != policy::Role::kEngineer) {
    return Error(Code::kDenied,
                 fmt::format("a key of role {} cannot use models; use an "
                             "engineer key",
                             policy::RoleName(principal.role)));
  }
  identity_ = ReadIdentity(std::move(principal), client_.request().headers);
  return {};
}

http::Task<Status> Forwarding::Admit() {
  CO_TRY(Authenticate());
  if (route_.upstream == nullptr) {
    co_return Error(
        Code::kInvalid,
        fmt::format("no upstream is configured for {}; ask whoever runs the "
                    "gate to add one to its configuration",
                    wire::ProtocolName(route_.endpoint.protocol)));
  }
  CO_TRY(route_.upstream->ready());
  if (!rooms_.ledger.AcceptsMore()) {
    co_return Error(Code::kExhausted,
                    "the ledger takes no records now, and nothing is "
                    "forwarded unrecorded; try again later");
  }
  CO_TRY_ASSIGN(body_, co_await client_.ReadBody(static_cast<size_t>(
                           limits_.request_body_bytes_max)));
  CO_TRY_ASSIGN(plain_body_, PlainBody());
  const std::string& plain = plain_body_.empty() ? body_ : plain_body_;
  CO_TRY_ASSIGN(request_, wire::ReadRequestHead(route_.endpoint, plain));
  co_return Status();
}

Result<std::string> Forwarding::PlainBody() const {
  std::string_view header =
      client_.request().headers.GetOrEmpty("content-encoding");
  TRY_ASSIGN(ContentCoding coding, ParseContentCoding(header));
  if (coding == ContentCoding::kIdentity) return std::string();
  auto plain = Decode(coding, body_,
                      static_cast<size_t>(limits_.request_body_bytes_max));
  if (plain.ok()) return plain;
  // Bytes that a client compressed wrongly are its fault, not the store's.
  Code code = plain.error().code() == Code::kTooLarge ? Code::kTooLarge
                                                      : Code::kInvalid;
  return Error(code, "request body: " + plain.error().message());
}

http::Task<void> Forwarding::Exchange() {
  client_.OnClientGone([this] {
    client_gone_ = true;
    canceller_.Cancel();
  });
  const Upstream& upstream = *route_.upstream;
  http::RequestHead head;
  head.method = client_.request().method;
  head.target = UpstreamTarget(upstream.base_path(), client_.request());
  head.headers =
      UpstreamHeaders(client_.request().headers, upstream.options().auth,
                      upstream.credential());
  times_.upstream_sent = rooms_.clock.WallMicros();
  auto sent =
      co_await upstream.pool().Send(client_.loop(), head, body_, &canceller_);
  if (!sent.ok()) {
    bool gone = client_gone_ || client_.client_gone();
    Status recorded =
        co_await Record(ended_by_gate_ ? ledger::Outcome::kGateEnded
                        : gone         ? ledger::Outcome::kClientGone
                                       : ledger::Outcome::kUnreachable);
    if (gone) co_return;
    if (!recorded.ok()) {
      co_await Refuse(recorded.error(), HttpStatus(recorded.error().code()));
      co_return;
    }
    if (ended_by_gate_) {
      co_await Refuse(*ended_by_gate_, 503);
      co_return;
    }
    Error error = std::move(sent).error().Within(
        fmt::format("upstream \"{}\" ({})", upstream.options().name,
                    upstream.pool().upstream().authority()));
    co_await Refuse(error, error.code() == Code::kDeadline ? 504 : 502);
    co_return;
  }
  co_await Stream(**sent);
}

http::Task<void> Forwarding::Stream(http::ClientExchange& upstream) {
  times_.first_byte = rooms_.clock.WallMicros();
  status_ = upstream.head().status;
  if (status_ >= 300 && status_ < 400) {
    upstream.Cancel();
    Status recorded = co_await Record(ledger::Outcome::kUpstreamError);
    Error error(Code::kUnavailable,
                fmt::format("upstream \"{}\" answered with a redirect ({}), "
                            "which is not followed; check its url",
                            route_.upstream->options().name, status_));
    co_await Refuse(recorded.ok() ? error : recorded.error(), 502);
    co_return;
  }
  reader_.emplace(route_.endpoint, upstream.head(), limits_);
  content_length_ = upstream.content_length();
  head_.status = status_;
  head_.reason = upstream.head().reason;
  head_.headers = ClientHeaders(upstream.head().headers, id_text_);
  // Who asked for a stream hears at once that it begins; any other answer
  // begins with its first bytes, so that a failure before them can be said.
  if (reader_->is_stream()) {
    Status started = co_await StartAnswer();
    if (!started.ok()) client_gone_ = true;
  }

  while (!client_gone_) {
    Result<std::string_view> piece = co_await upstream.Read();
    if (!piece.ok()) {
      if (client_gone_) break;
      if (ended_by_gate_) {
        co_await BreakOff(*ended_by_gate_, BrokenBy::kGate);
        co_return;
      }
      bool upstream_broke = piece.error().code() == Code::kCorrupt ||
                            piece.error().code() == Code::kUnavailable;
      co_await BreakOff(piece.error(),
                        upstream_broke ? BrokenBy::kUpstream : BrokenBy::kGate);
      co_return;
    }
    if (!co_await Relay(upstream, *piece)) co_return;
  }
  // The client has gone; stop the provider from writing on.
  upstream.Cancel();
  Status recorded = co_await Record(ledger::Outcome::kClientGone);
  static_cast<void>(recorded);  // logged there; nobody is left to tell
  client_.Abort();
}

http::Task<Status> Forwarding::StartAnswer() {
  if (started_) co_return Status();
  started_ = true;
  co_return co_await client_.StartResponse(std::move(head_), content_length_);
}

http::Task<bool> Forwarding::Relay(http::ClientExchange& upstream,
                                   std::string_view piece) {
  response_bytes_ += piece.size();
  reader_->Feed(piece);
  body_whole_ = piece.empty() || upstream.complete();
  if (body_whole_ || reader_->ended()) {
    bool failed = status_ >= 400;
    bool cut = reader_->is_stream() && !reader_->ended() && !failed;
    Status recorded = co_await Record(failed ? ledger::Outcome::kUpstreamError
                                      : cut  ? ledger::Outcome::kTruncated
                                             : ledger::Outcome::kComplete);
    if (!recorded.ok()) {
      upstream.Cancel();
      co_await BreakOff(recorded.error(), BrokenBy::kGate);
      co_return false;
    }
  }
  Status written = co_await StartAnswer();
  if (written.ok()) {
    written = body_whole_ ? co_await client_.Finish(piece)
                          : co_await client_.Write(piece);
  }
  if (!written.ok()) client_gone_ = true;
  co_return !body_whole_ || client_gone_;
}

// The answer cannot be completed: the upstream broke, stalled, or the record
// could not be written. A stream that we end gets an error event; one that the
// upstream broke is broken for the client in the same way.
http::Task<void> Forwarding::BreakOff(const Error& error, BrokenBy by) {
  // Copied: the piece or the result that it came from may go.
  Error reason = error;
  bool event = by == BrokenBy::kGate && reader_->is_stream();
  if (event) interventions_.push_back("error_event");
  wire::StreamState state = reader_->between_events()
                                ? wire::StreamState::kBetweenEvents
                                : wire::StreamState::kMidEvent;
  Status recorded =
      co_await Record(by == BrokenBy::kGate ? ledger::Outcome::kGateEnded
                                            : ledger::Outcome::kTruncated);
  static_cast<void>(recorded);  // logged there
  rooms_.logger.Warning("answer_broken_off",
                        {{"exchange", id_text_}, {"reason", reason.message()}});
  if (!started_) {
    bool refused = by == BrokenBy::kGate && reason.code() != Code::kDeadline;
    co_await Refuse(reason, refused ? 503 : 502);
    co_return;
  }
  if (event) {
    std::string frame =
        wire::ErrorEvent(route_.endpoint.protocol, reason, id_text_, state);
    Status sent = co_await client_.Finish(frame);
    if (sent.ok()) co_return;
  }
  client_.Abort();
}

http::Task<Status> Forwarding::Record(ledger::Outcome outcome) {
  if (recorded_) co_return Status();
  recorded_ = true;
  times_.finished = rooms_.clock.WallMicros();
  ledger::ExchangeDraft draft = MakeDraft(outcome);
  Log(draft.exchange.outcome, draft.exchange);
  auto [promise, future] =
      http::MakePromise<ledger::AppendReceipt>(client_.loop());
  auto shared = std::make_shared<http::Promise<ledger::AppendReceipt>>(
      std::move(promise));
  rooms_.ledger.Append(std::move(draft),
                       [shared](Result<ledger::AppendReceipt> receipt) {
                         shared->Set(std::move(receipt));
                       });
  auto receipt = co_await future.Wait(kRecordTimeoutMs);
  if (receipt.ok()) co_return Status();
  rooms_.logger.Error("record_failed", {{"exchange", id_text_},
                                        {"reason", receipt.error().message()}});
  co_return Error(Code::kUnavailable, "the exchange could not be recorded: " +
                                          receipt.error().message());
}

ledger::ExchangeDraft Forwarding::MakeDraft(ledger::Outcome outcome) {
  ledger::ExchangeDraft draft;
  ledger::Exchange& exchange = draft.exchange;
  exchange.id = id_;
  exchange.route = ledger::Route::kGate;
  exchange.operation = route_.endpoint.operation;
  exchange.session =
      identity_.session.empty() ? request_.session_hint : identity_.session;
  exchange.parent = identity_.parent.empty() ? request_.previous_response_id
                                             : identity_.parent;
  exchange.turn = request_.assistant_turns;
  exchange.identity = GradeOf(identity_.grade);
  FillOrigin(&exchange.origin);
  exchange.outcome = outcome;
  exchange.http_status = status_;
  exchange.times = times_;
  exchange.request_bytes = body_.size();
  exchange.response_bytes = response_bytes_;
  exchange.interventions = interventions_;
  draft.protocol = route_.endpoint.protocol;
  if (reader_) {
    wire::Answer answer = reader_->Finish(body_whole_);
    const std::string& plain = plain_body_.empty() ? body_ : plain_body_;
    if (status_ >= 200 && status_ < 300) {
      answer.EstimateUsage({.prompt_bytes = plain.size(),
                            .output_tokens_max = request_.output_tokens_max,
                            .may_reason_unseen = request_.may_reason_unseen});
    }
    exchange.provider_response_id = std::move(answer.provider_response_id);
    if (!answer.model.empty()) exchange.origin.model = std::move(answer.model);
    exchange.usage = answer.usage;
    exchange.usage_source = answer.usage_source;
    exchange.stop_reason = std::move(answer.stop_reason);
    exchange.error_type = std::move(answer.error_type);
    if (!exchange.error_type.empty() && outcome == ledger::Outcome::kComplete) {
      exchange.outcome = ledger::Outcome::kUpstreamError;
    }
    if (outcome == ledger::Outcome::kComplete && !answer.ended) {
      exchange.outcome = ledger::Outcome::kTruncated;
    }
    if (answer.truncated) exchange.notes.push_back("parts_truncated");
    if (reader_->unreadable()) exchange.notes.push_back("answer_unreadable");
    draft.parts = std::move(answer.parts);
    if (!draft.parts.empty()) {
      draft.pending_prompt =
          std::move(plain_body_.empty() ? body_ : plain_body_);
    }
  }
  return draft;
}

void Forwarding::FillOrigin(ledger::Origin* origin) const {
  const UpstreamOptions& upstream = route_.upstream->options();
  origin->provider = upstream.provider;
  origin->upstream = upstream.name;
  origin->model = request_.model;
  origin->model_requested = request_.model;
  origin->contract = upstream.contract.name;
  policy::TermsResolution terms =
      rooms_.terms.Resolve(upstream.contract, times_.received);
  origin->terms.terms_class = policy::TermsClassName(terms.terms_class);
  origin->terms.version = rooms_.terms.version();
  origin->terms.provider = upstream.contract.provider;
  origin->terms.product = upstream.contract.product;
  origin->terms.plan = upstream.contract.plan;
  origin->terms.weights = upstream.contract.weights;
  origin->tool = identity_.tool;
  origin->tool_version = identity_.tool_version;
  origin->person = identity_.principal.person_id;
  origin->team = identity_.principal.team;
  origin->repo = identity_.repo;
  origin->commit = identity_.commit;
  origin->purpose = identity_.purpose;
}

http::Task<void> Forwarding::Refuse(const Error& error, int status) {
  rooms_.logger.Info("refused", {{"exchange", id_text_},
                                 {"status", int64_t{status}},
                                 {"code", CodeName(error.code())},
                                 {"reason", error.message()}});
  wire::Refusal refusal =
      wire::MakeRefusal({.protocol = route_.endpoint.protocol,
                         .agent = wire::AgentOf(identity_.tool)},
                        error, id_text_, status);
  http::ResponseHead head;
  head.status = refusal.status;
  head.headers.Add("content-type", refusal.content_type);
  for (const auto& [name, value] : refusal.headers) {
    head.headers.Add(name, value);
  }
  Status sent = co_await client_.Respond(std::move(head), refusal.body);
  static_cast<void>(sent);  // a client that has gone needs no answer
}

void Forwarding::Log(ledger::Outcome outcome,
                     const ledger::Exchange& exchange) const {
  rooms_.logger.Info(
      "exchange",
      {{"exchange", id_text_},
       {"upstream", exchange.origin.upstream},
       {"model", exchange.origin.model},
       {"person", exchange.origin.person},
       {"tool", exchange.origin.tool},
       {"status", exchange.http_status},
       {"outcome", ledger::OutcomeName(outcome)},
       {"output_tokens", exchange.usage.output_tokens},
       {"usage_source", wire::UsageSourceName(exchange.usage_source)},
       {"micros", exchange.times.finished - exchange.times.received}});
}

}  // namespace cofferdam::gate
