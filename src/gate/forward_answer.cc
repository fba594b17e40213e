#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gate/forward.h"
#include "gate/headers.h"
#include "wire/keepalive.h"
#include "wire/refusal.h"

// From the upstream back to the client.

namespace cofferdam::gate {

void Forwarding::PrepareAnswer(const http::ClientExchange& upstream) {
  reader_.emplace(target_.endpoint, upstream.head(), target_.routes->limits());
  content_length_ = upstream.content_length();
  head_.status = status_;
  head_.reason = upstream.head().reason;
  head_.headers = ClientHeaders(upstream.head().headers, id_text_);
  if (!usage_filter_) return;
  if (!reader_->is_plain_stream()) {
    // An error, or compressed against our wish: all of it goes on.
    usage_filter_.reset();
  } else {
    content_length_.reset();
  }
}

http::Task<void> Forwarding::Stream(http::ClientExchange& upstream) {
  times_.first_byte = rooms_.clock.WallMicros();
  status_ = upstream.head().status;
  if (status_ >= 300 && status_ < 400) {
    co_await RefuseRedirect(upstream);
    co_return;
  }
  PrepareAnswer(upstream);
  // Who asked for a stream hears at once that it begins; any other answer
  // begins with its first bytes, so that a failure before them can be said.
  if (reader_->is_stream()) {
    Status started = co_await StartAnswer();
    if (!started.ok()) client_gone_ = true;
  }

  while (!client_gone_) {
    Result<std::string_view> piece = co_await NextPiece(upstream);
    if (client_gone_) break;
    if (!piece.ok()) {
      if (ended_by_gate_) {
        co_await BreakOff(ended_by_gate_->error, BrokenBy::kGate);
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

http::Task<void> Forwarding::RefuseRedirect(http::ClientExchange& upstream) {
  upstream.Cancel();
  Status recorded = co_await Record(ledger::Outcome::kUpstreamError);
  Error error(Code::kUnavailable,
              fmt::format("upstream \"{}\" answered with a redirect ({}), "
                          "which is not followed; check its url",
                          routed_->upstream().options().name, status_));
  co_await Refuse(recorded.ok() ? error : recorded.error(), 502);
}

bool Forwarding::MaySendKeepalive() const {
  return started_ && reader_->is_plain_stream() && reader_->between_events() &&
         !reader_->ended() && target_.passing == nullptr;
}

http::Task<Result<std::string_view>> Forwarding::NextPiece(
    http::ClientExchange& upstream) {
  const GateLimits& limits = target_.routes->limits();
  int64_t silent_ms = 0;
  while (limits.keepalive_ms != 0 && reader_->is_plain_stream()) {
    const int64_t wait_ms = std::min(limits.keepalive_ms,
                                     limits.stream_idle_timeout_ms - silent_ms);
    if (co_await upstream.Ready(wait_ms) ==
        http::ClientExchange::Readiness::kReady) {
      break;
    }
    silent_ms += wait_ms;
    if (silent_ms >= limits.stream_idle_timeout_ms) {
      co_return Error(Code::kDeadline, "nothing came in time");
    }
    if (!MaySendKeepalive()) continue;
    Status sent =
        co_await client_.Write(wire::KeepaliveFrame(target_.endpoint.protocol));
    if (!sent.ok()) {
      client_gone_ = true;
      co_return std::move(sent).error();
    }
    Note("keepalive");
    routed_->metrics().keepalives.fetch_add(1, std::memory_order_relaxed);
  }
  co_return co_await upstream.Read();
}

http::Task<Status> Forwarding::StartAnswer() {
  if (started_) co_return Status();
  started_ = true;
  co_return co_await client_.StartResponse(std::move(head_), content_length_);
}

std::string_view Forwarding::Shown(std::string_view piece) {
  if (!usage_filter_) return piece;
  shown_.clear();
  usage_filter_->Feed(piece, &shown_);
  if (body_whole_) usage_filter_->Finish(&shown_);
  return shown_;
}

http::Task<bool> Forwarding::Relay(http::ClientExchange& upstream,
                                   std::string_view piece) {
  response_bytes_ += piece.size();
  reader_->Feed(piece);
  body_whole_ = piece.empty() || upstream.complete();
  if (body_whole_ || reader_->ended()) {
    // An answer that lacks its end is found out when the record is made.
    Status recorded =
        co_await Record(status_ >= 400 ? ledger::Outcome::kUpstreamError
                                       : ledger::Outcome::kComplete);
    if (!recorded.ok()) {
      upstream.Cancel();
      co_await BreakOff(recorded.error(), BrokenBy::kGate);
      co_return false;
    }
  }
  const std::string_view shown = Shown(piece);
  Status written = co_await StartAnswer();
  if (written.ok()) {
    written = body_whole_ ? co_await client_.Finish(shown)
                          : co_await client_.Write(shown);
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
  bool event = by == BrokenBy::kGate && reader_->is_plain_stream();
  if (event) Note("error_event");
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
    const bool refused =
        by == BrokenBy::kGate && reason.code() != Code::kDeadline;
    Refused answer(std::move(reason), refused ? 0 : 502);
    if (ended_by_gate_) answer.next = ended_by_gate_->next;
    co_await Refuse(std::move(answer));
    co_return;
  }
  if (event) {
    std::string frame =
        wire::ErrorEvent(target_.endpoint.protocol, reason, id_text_, state,
                         ended_by_gate_ ? ended_by_gate_->next : std::nullopt);
    Status sent = co_await client_.Finish(frame);
    if (sent.ok()) co_return;
  }
  client_.Abort();
}

}  // namespace cofferdam::gate
