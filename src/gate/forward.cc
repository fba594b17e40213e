#include "gate/forward.h"

#include <fmt/format.h>

#include <utility>

#include "base/compress.h"
#include "gate/headers.h"

// From the request to the upstream.

namespace cofferdam::gate {

Forwarding::Forwarding(http::ServerExchange& client, Target target,
                       const GateRooms& rooms, Metrics& metrics,
                       Controls& controls, Ulid id)
    : client_(client),
      target_(std::move(target)),
      rooms_(rooms),
      metrics_(metrics),
      controls_(controls),
      id_(id),
      id_text_(id.ToString()) {
  times_.received = rooms.clock.WallMicros();
}

http::Task<void> Forwarding::Run() {
  Status read = co_await Read();
  if (!read.ok()) {
    co_await Refuse(Refused(std::move(read).error()));
    co_return;
  }
  client_.OnClientGone([this] {
    client_gone_ = true;
    canceller_.Cancel();
  });
  std::optional<Refused> refused = co_await Decide();
  if (!refused) refused = co_await Hold();
  if (refused) {
    holding_.Release();
    if (client_gone_) co_return;
    co_await Refuse(ended_by_gate_ ? *ended_by_gate_ : *std::move(refused));
    co_return;
  }
  AskForUsage();
  UpstreamMetrics& metrics = routed_->metrics();
  metrics.running.fetch_add(1, std::memory_order_relaxed);
  co_await Exchange();
  metrics.running.fetch_sub(1, std::memory_order_relaxed);
  // What was recorded is settled; what was not even tried used nothing.
  if (!recorded_) holding_.Release();
}

void Forwarding::End(const Refused& reason) {
  if (ended_by_gate_) return;
  ended_by_gate_ = reason;
  canceller_.Cancel();
}

Status Forwarding::Authenticate() {
  const http::RequestHead& request = client_.request();
  TRY_ASSIGN(std::string credential, ReadCredential(request));
  TRY_ASSIGN(policy::Principal principal,
             rooms_.policy.directory()->Authenticate(
                 credential, rooms_.clock.WallMicros()));
  if (principal.role != policy::Role::kEngineer) {
    return Error(Code::kDenied,
                 fmt::format("a key of role {} cannot use models; use an "
                             "engineer key",
                             policy::RoleName(principal.role)));
  }
  identity_ = ReadIdentity(std::move(principal), request.headers);
  std::string_view parent = request.headers.GetOrEmpty("traceparent");
  if (!parent.empty()) trace_ = ReadTraceContext(parent, rooms_.random);
  return {};
}

http::Task<Status> Forwarding::Read() {
  CO_TRY(Authenticate());
  if (!rooms_.ledger.AcceptsMore()) {
    co_return Error(Code::kExhausted,
                    "the ledger takes no records now, and nothing is "
                    "forwarded unrecorded; try again later");
  }
  const GateLimits& limits = target_.routes->limits();
  CO_TRY_ASSIGN(body_, co_await client_.ReadBody(
                           static_cast<size_t>(limits.request_body_bytes_max)));
  if (target_.passing != nullptr) {
    routed_ = target_.passing;
  } else {
    CO_TRY_ASSIGN(plain_body_, PlainBody());
    CO_TRY_ASSIGN(request_, wire::ReadRequestHead(target_.endpoint, plain()));
    CO_TRY(Choose());
  }
  co_return Status();
}

Status Forwarding::Choose() {
  const wire::Protocol protocol = target_.endpoint.protocol;
  routed_ = target_.routes->Find(protocol, request_.model);
  if (routed_ != nullptr) return {};
  if (!target_.routes->Speaks(protocol)) {
    return Error(
        Code::kInvalid,
        fmt::format("no upstream is configured for {}; ask whoever runs the "
                    "gate to add one to its configuration",
                    wire::ProtocolName(protocol)));
  }
  return Error(Code::kInvalid,
               fmt::format("no upstream for {} serves the model \"{}\"; choose "
                           "one that the gate lists, or ask whoever runs it "
                           "to add the model to an upstream",
                           wire::ProtocolName(protocol), request_.model));
}

Result<std::string> Forwarding::PlainBody() const {
  std::string_view header =
      client_.request().headers.GetOrEmpty("content-encoding");
  TRY_ASSIGN(ContentCoding coding, ParseContentCoding(header));
  if (coding == ContentCoding::kIdentity) return std::string();
  auto plain = Decode(
      coding, body_,
      static_cast<size_t>(target_.routes->limits().request_body_bytes_max));
  if (plain.ok()) return plain;
  // Bytes that a client compressed wrongly are its fault, not the store's.
  Code code = plain.error().code() == Code::kTooLarge ? Code::kTooLarge
                                                      : Code::kInvalid;
  return Error(code, "request body: " + plain.error().message());
}

// A compressed body stays as it is: it cannot be spliced.
void Forwarding::AskForUsage() {
  const wire::Endpoint& endpoint = target_.endpoint;
  if (target_.passing != nullptr ||
      endpoint.protocol != wire::Protocol::kOpenAiChat ||
      endpoint.operation != wire::Operation::kGenerate || !request_.stream ||
      request_.include_usage || !plain_body_.empty() ||
      !routed_->upstream().options().ask_for_usage) {
    return;
  }
  auto asking = wire::WithIncludeUsage(body_);
  if (!asking) return;
  asking_body_ = *std::move(asking);
  usage_filter_.emplace();
  Note("include_usage");
}

http::Task<void> Forwarding::Exchange() {
  Credential& shown = routed_->upstream().credential();
  Result<Credential::Value> credential = co_await shown.Get(client_.loop());
  if (!credential.ok()) {
    co_await Refuse(credential.error(), HttpStatus(credential.error().code()));
    co_return;
  }
  Sent sent = co_await SendOn(**credential);
  if (!sent.ok()) {
    co_await Unreachable(std::move(sent).error());
    co_return;
  }
  if ((*sent)->head().status == 401) shown.Refused();
  co_await Stream(**sent);
}

http::Task<Forwarding::Sent> Forwarding::SendOn(std::string_view credential) {
  const Upstream& upstream = routed_->upstream();
  http::RequestHead head;
  const http::RequestHead& request = client_.request();
  head.method = request.method;
  head.target = UpstreamTarget(upstream.base_path(), rerouted_target_.empty()
                                                         ? request.target
                                                         : rerouted_target_);
  head.headers = UpstreamHeaders(request.headers, upstream.options().auth,
                                 credential, trace_);
  if (decoded_) head.headers.Remove("content-encoding");
  times_.upstream_sent = rooms_.clock.WallMicros();
  const std::string& body = asking_body_.empty() ? body_ : asking_body_;
  Sent sent =
      co_await upstream.pool().Send(client_.loop(), head, body, &canceller_);
  std::string().swap(asking_body_);
  co_return sent;
}

http::Task<void> Forwarding::Unreachable(Error error) {
  const bool gone = client_gone_ || client_.client_gone();
  Status recorded = co_await Record(ended_by_gate_ ? ledger::Outcome::kGateEnded
                                    : gone ? ledger::Outcome::kClientGone
                                           : ledger::Outcome::kUnreachable);
  if (gone) co_return;
  if (!recorded.ok()) {
    co_await Refuse(recorded.error(), HttpStatus(recorded.error().code()));
    co_return;
  }
  if (ended_by_gate_) {
    co_await Refuse(*ended_by_gate_);
    co_return;
  }
  const Upstream& upstream = routed_->upstream();
  const bool late = error.code() == Code::kDeadline;
  co_await Refuse(std::move(error).Within(fmt::format(
                      "upstream \"{}\" ({})", upstream.options().name,
                      upstream.pool().upstream().authority())),
                  late ? 504 : 502);
}

}  // namespace cofferdam::gate
