#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "gate/access_log.h"
#include "gate/forward.h"
#include "gate/headers.h"
#include "wire/refusal.h"

// What is kept and said of an exchange.

namespace cofferdam::gate {
namespace {

// How long an answer may wait for the ledger before it counts as refused.
constexpr int64_t kRecordTimeoutMs = 30'000;
// When a request that was refused for want of room or of a store may be sent
// again.
constexpr int64_t kRetryAfterS = 5;

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

void Forwarding::Note(std::string_view intervention) {
  if (std::find(interventions_.begin(), interventions_.end(), intervention) ==
      interventions_.end()) {
    interventions_.emplace_back(intervention);
  }
}

http::Task<Status> Forwarding::Record(ledger::Outcome outcome) {
  if (recorded_) co_return Status();
  recorded_ = true;
  times_.finished = rooms_.clock.WallMicros();
  ledger::ExchangeDraft draft = MakeDraft(outcome);
  const policy::Amount used = ChargeFor(&draft.exchange);
  LogExchange(draft.exchange);
  routed_->metrics().Count(draft.exchange);
  auto [promise, future] =
      http::MakePromise<ledger::AppendReceipt>(client_.loop());
  auto shared = std::make_shared<http::Promise<ledger::AppendReceipt>>(
      std::move(promise));
  rooms_.ledger.Append(std::move(draft),
                       [shared](Result<ledger::AppendReceipt> receipt) {
                         shared->Set(std::move(receipt));
                       });
  auto receipt = co_await future.Wait(kRecordTimeoutMs);
  if (receipt.ok()) {
    holding_.Settle(used);
    co_return Status();
  }
  // What was held stays held, and the next process settles it.
  metrics_.CountUnrecorded();
  rooms_.logger.Error("record_failed", {{"exchange", id_text_},
                                        {"reason", receipt.error().message()}});
  co_return Error(Code::kUnavailable, "the exchange could not be recorded: " +
                                          receipt.error().message());
}

// The agent's own name for it, else the session key's: `run` mints one for each
// start of an agent.
const std::string& Forwarding::SessionName() const {
  if (!identity_.session.empty()) return identity_.session;
  if (!request_.session_hint.empty()) return request_.session_hint;
  return identity_.principal.session_key_id;
}

ledger::ExchangeDraft Forwarding::MakeDraft(ledger::Outcome outcome) {
  ledger::ExchangeDraft draft;
  ledger::Exchange& exchange = draft.exchange;
  exchange.id = id_;
  exchange.route = ledger::Route::kGate;
  exchange.operation = target_.endpoint.operation;
  exchange.session = SessionName();
  exchange.parent = identity_.parent.empty() ? request_.previous_response_id
                                             : identity_.parent;
  exchange.turn = request_.assistant_turns;
  exchange.identity = GradeOf(identity_.grade);
  FillOrigin(&exchange.origin);
  exchange.policy_rule = basis_;
  exchange.grant = grant_;
  exchange.outcome = outcome;
  exchange.http_status = status_;
  exchange.times = times_;
  exchange.request_bytes = body_.size();
  exchange.response_bytes = response_bytes_;
  exchange.interventions = interventions_;
  exchange.held_micro_dollars = holding_.bound().micro_dollars;
  exchange.held_tokens = holding_.bound().tokens;
  draft.protocol = target_.endpoint.protocol;
  if (reader_) TakeAnswer(&draft);
  return draft;
}

void Forwarding::TakeAnswer(ledger::ExchangeDraft* draft) {
  ledger::Exchange& exchange = draft->exchange;
  wire::Answer answer = reader_->Finish(body_whole_);
  if (status_ >= 200 && status_ < 300) {
    wire::UsageBound bound;
    bound.prompt_bytes = plain().size();
    bound.output_tokens_max = request_.output_tokens_max.value_or(
        target_.routes->limits().output_tokens_reserve);
    bound.may_reason_unseen = request_.may_reason_unseen;
    answer.EstimateUsage(bound);
  }
  exchange.provider_response_id = std::move(answer.provider_response_id);
  if (!answer.model.empty()) exchange.origin.model = std::move(answer.model);
  exchange.usage = answer.usage;
  exchange.usage_source = answer.usage_source;
  exchange.stop_reason = std::move(answer.stop_reason);
  exchange.error_type = std::move(answer.error_type);
  if (exchange.outcome == ledger::Outcome::kComplete) {
    if (!exchange.error_type.empty()) {
      exchange.outcome = ledger::Outcome::kUpstreamError;
    } else if (!answer.ended) {
      exchange.outcome = ledger::Outcome::kTruncated;
    }
  }
  if (answer.truncated) exchange.notes.push_back("parts_truncated");
  if (reader_->unreadable()) exchange.notes.push_back("answer_unreadable");
  draft->parts = std::move(answer.parts);
  if (!draft->parts.empty()) {
    draft->pending_prompt =
        std::move(plain_body_.empty() ? body_ : plain_body_);
  }
}

void Forwarding::FillOrigin(ledger::Origin* origin) const {
  const UpstreamOptions& upstream = routed_->upstream().options();
  origin->provider = upstream.provider;
  origin->upstream = upstream.name;
  origin->model = request_.model;
  origin->model_requested =
      model_requested_.empty() ? request_.model : model_requested_;
  origin->contract = upstream.contract.name;
  origin->terms = routed_->TermsAt(times_.received)->record;
  origin->tool = identity_.tool;
  origin->tool_version = identity_.tool_version;
  origin->person = identity_.principal.person_id;
  origin->team = identity_.principal.team;
  origin->key = identity_.principal.key_id;
  origin->repo = identity_.repo;
  origin->commit = identity_.commit;
  origin->purpose = identity_.purpose;
}

http::Task<void> Forwarding::Refuse(const Error& error, int status) {
  co_await Refuse(Refused(error, status));
}

http::Task<void> Forwarding::Refuse(Refused refused) {
  const Error& error = refused.error;
  metrics_.CountRefused(error.code());
  wire::RefusalFor reader;
  reader.protocol = target_.endpoint.protocol;
  reader.agent =
      wire::AgentOf(identity_.tool.empty() ? ToolOf(client_.request().headers)
                                           : identity_.tool);
  reader.next = refused.next;
  reader.retry_after_s = refused.retry_after_s;
  if (!reader.retry_after_s && wire::MayPassLater(error.code())) {
    reader.retry_after_s = kRetryAfterS;
  }
  wire::Refusal refusal = wire::MakeRefusal(
      reader, error, id_text_,
      refused.status != 0 ? refused.status : HttpStatus(error.code()));
  LogRefusal(error, refusal.status);
  http::ResponseHead head = RefusalHead(refusal);
  head.headers.Add("x-cofferdam-exchange", id_text_);
  Status sent = co_await client_.Respond(std::move(head), refusal.body);
  static_cast<void>(sent);  // a client that has gone needs no answer
}

void Forwarding::LogExchange(const ledger::Exchange& exchange) const {
  if (rooms_.access_log == nullptr) return;
  const std::string time = FormatTime(exchange.times.received);
  AccessLine line;
  line.time = time;
  line.exchange = id_text_;
  line.method = client_.request().method;
  line.path = client_.request().path();
  line.peer = client_.peer();
  line.status = exchange.http_status;
  line.outcome = ledger::OutcomeName(exchange.outcome);
  line.reason = exchange.error_type;
  line.upstream = exchange.origin.upstream;
  line.model = exchange.origin.model;
  line.person = exchange.origin.person;
  line.team = exchange.origin.team;
  line.tool = exchange.origin.tool;
  line.tool_version = exchange.origin.tool_version;
  line.request_bytes = exchange.request_bytes;
  line.response_bytes = exchange.response_bytes;
  line.micros = exchange.times.finished - exchange.times.received;
  if (exchange.times.first_byte != 0) {
    line.first_byte_micros =
        exchange.times.first_byte - exchange.times.received;
  }
  line.input_tokens = exchange.usage.input_tokens +
                      exchange.usage.cache_read_tokens +
                      exchange.usage.cache_write_5m_tokens +
                      exchange.usage.cache_write_1h_tokens;
  line.output_tokens = exchange.usage.output_tokens;
  line.usage_source = wire::UsageSourceName(exchange.usage_source);
  if (trace_) {
    line.trace_id = trace_->trace_id;
    line.span_id = trace_->span_id;
  }
  WriteAccess(line, rooms_.access_log);
}

void Forwarding::LogRefusal(const Error& error, int status) const {
  rooms_.logger.Info("refused", {{"exchange", id_text_},
                                 {"status", int64_t{status}},
                                 {"code", CodeName(error.code())},
                                 {"reason", error.message()}});
  // What got as far as a record has its line already.
  if (rooms_.access_log == nullptr || recorded_) return;
  const std::string time = FormatTime(times_.received);
  AccessLine line;
  line.time = time;
  line.exchange = id_text_;
  line.method = client_.request().method;
  line.path = client_.request().path();
  line.peer = client_.peer();
  line.status = status;
  line.outcome = "refused";
  line.reason = CodeName(error.code());
  if (routed_ != nullptr) {
    line.upstream = routed_->upstream().options().name;
  }
  line.model = request_.model;
  line.person = identity_.principal.person_id;
  line.team = identity_.principal.team;
  line.tool = identity_.tool;
  line.tool_version = identity_.tool_version;
  line.request_bytes = body_.size();
  line.micros = rooms_.clock.WallMicros() - times_.received;
  WriteAccess(line, rooms_.access_log);
}

}  // namespace cofferdam::gate
