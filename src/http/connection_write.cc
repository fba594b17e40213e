#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "http/connection_internal.h"

namespace cofferdam::http {
namespace {

constexpr int64_t kFlushAgainMs = 5;

Error Closed() {
  return Error(Code::kCancelled, "the client closed its connection");
}

}  // namespace

bool Connection::BodyAllowed(int status) const {
  return request_.method != "HEAD" && status >= 200 && status != 204 &&
         status != 304;
}

std::string_view Connection::Date() {
  return loop_.state().date.At(core_.options.clock->WallMicros());
}

// Puts a head into pending_, or nothing when it cannot be written.
Status Connection::BuildHead(const ResponseHead& head, std::string_view date,
                             ResponseBody body, uint64_t length) {
  keep_alive_ = framing_.keep_alive && !core_.draining && BodySettled() &&
                body != ResponseBody::kUntilClose;
  std::string text;
  text.reserve(512);
  TRY(AppendResponseHead(head, &text));
  text += date;
  if (body == ResponseBody::kLength && head.status != 204 &&
      head.status >= 200) {
    fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n", length);
  } else if (body == ResponseBody::kChunked) {
    text += "Transfer-Encoding: chunked\r\n";
  }
  if (!keep_alive_) {
    text += "Connection: close\r\n";
  } else if (request_.version == Version::kHttp10) {
    text += "Connection: keep-alive\r\n";
  }
  text += "\r\n";
  pending_ = std::move(text);
  return {};
}

Task<Status> Connection::Respond(ResponseHead head, std::string_view body) {
  CHECK(response_ == ResponseState::kNone);
  if (client_gone_) co_return Closed();
  CO_TRY(BuildHead(head, head.headers.Has("date") ? "" : Date(),
                   ResponseBody::kLength, body.size()));
  response_ = ResponseState::kFinished;
  if (!BodyAllowed(head.status)) body = {};
  co_return co_await Send(body);
}

Task<Status> Connection::StartResponse(ResponseHead head,
                                       std::optional<uint64_t> content_length) {
  CHECK(response_ == ResponseState::kNone);
  if (client_gone_) co_return Closed();
  ResponseBody body = ResponseBody::kChunked;
  if (content_length) {
    body = ResponseBody::kLength;
  } else if (!BodyAllowed(head.status)) {
    body = ResponseBody::kNone;
  } else if (request_.version == Version::kHttp10) {
    body = ResponseBody::kUntilClose;
  }
  // Another server's response has that one's date.
  CO_TRY(BuildHead(head, {}, body, content_length.value_or(0)));
  response_ = ResponseState::kStarted;
  response_body_ = BodyAllowed(head.status) ? body : ResponseBody::kNone;
  response_left_ = content_length.value_or(0);
  flush_soon_.CallSoon(loop_);
  co_return Status();
}

Task<Status> Connection::Write(std::string_view piece) {
  if (response_ == ResponseState::kAborted) co_return Closed();
  CHECK(response_ == ResponseState::kStarted);
  if (piece.empty()) co_return Status();
  co_return co_await SendBody(piece, false);
}

Task<Status> Connection::Finish(std::string_view last_piece) {
  if (response_ == ResponseState::kAborted) co_return Closed();
  CHECK(response_ == ResponseState::kStarted);
  Status sent = co_await SendBody(last_piece, true);
  if (!sent.ok()) co_return sent;
  if (response_ == ResponseState::kAborted) co_return Closed();
  if (response_body_ == ResponseBody::kLength && response_left_ != 0) {
    Abort();
    co_return Error(Code::kInternal,
                    "the response ended before its Content-Length");
  }
  response_ = ResponseState::kFinished;
  co_return Status();
}

Task<Status> Connection::SendBody(std::string_view piece, bool last) {
  switch (response_body_) {
    case ResponseBody::kNone:
      co_return co_await Send({});
    case ResponseBody::kUntilClose:
      co_return co_await Send(piece);
    case ResponseBody::kLength:
      if (piece.size() > response_left_) {
        Abort();
        co_return Error(Code::kInternal,
                        "the response exceeds its Content-Length");
      }
      response_left_ -= piece.size();
      co_return co_await Send(piece);
    case ResponseBody::kChunked:
      break;
  }
  if (piece.empty()) co_return co_await Send("0\r\n\r\n");
  std::array<char, 24> size_line;
  const auto end = fmt::format_to(size_line.begin(), "{:x}\r\n", piece.size());
  co_return co_await Send(
      std::string_view(size_line.data(),
                       static_cast<size_t>(end - size_line.begin())),
      piece, last ? "\r\n0\r\n\r\n" : "\r\n");
}

// Everything that is pending, then the pieces, in as few writes as the kernel
// allows.
Task<Status> Connection::Send(std::string_view a, std::string_view b,
                              std::string_view c) {
  CHECK(!sending_);
  const std::string head = std::exchange(pending_, {});
  std::array<iovec, 4> pieces;
  size_t count = 0;
  for (std::string_view piece : {std::string_view(head), a, b, c}) {
    if (piece.empty()) continue;
    pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  std::span<iovec> left(pieces.data(), count);
  while (!left.empty()) {
    if (client_gone_) co_return Closed();
    unsigned want = kWritable;
    const IoStep step = stream_.TryWrite(left, &want);
    if (step.outcome == IoOutcome::kMoved) {
      bytes_sent_ += step.bytes;
      while (!left.empty() && left.front().iov_len == 0) {
        left = left.subspan(1);
      }
      continue;
    }
    if (step.outcome != IoOutcome::kAgain) {
      client_gone_ = true;
      co_return Closed();
    }
    socket_.SetDeadline(core_.options.write_timeout_ms);
    sending_ = true;
    const Woken woken = co_await socket_.Wait(want);
    sending_ = false;
    socket_.SetDeadline(-1);
    if (woken == Woken::kClosed) co_return Closed();
    if (woken == Woken::kDeadline) {
      Abort();
      co_return Error(Code::kDeadline, "the client reads too slowly");
    }
  }
  co_return Status();
}

// A head waits until its handler either writes a piece, which takes it along,
// or lets the loop run.
void Connection::Flush() {
  if (pending_.empty() || sending_ || socket_.closed()) return;
  iovec piece{pending_.data(), pending_.size()};
  unsigned want = 0;
  const IoStep step = stream_.TryWrite({&piece, 1}, &want);
  bytes_sent_ += step.bytes;
  pending_.erase(0, step.bytes);
  // A failure is for the next Write to report.
  if (pending_.empty() || step.outcome == IoOutcome::kFailed) return;
  flush_timer_.Start(kFlushAgainMs, [this] { Flush(); });
}

void Connection::Abort() {
  if (response_ == ResponseState::kAborted) return;
  response_ = ResponseState::kAborted;
  // A client that has seen the head knows that its request was taken up, and
  // will not just send it again.
  Flush();
  flush_timer_.Stop();
  pending_.clear();
  // A body that ends with the connection is only seen to be cut by a reset; in
  // the other cases what was written should still arrive.
  if (response_body_ == ResponseBody::kUntilClose) {
    socket_.Reset();
  } else {
    socket_.Close();
  }
}

Task<Status> Connection::SendContinue() {
  if (response_ != ResponseState::kNone) co_return Status();
  const uint64_t before = bytes_sent_;
  Status sent = co_await Send("HTTP/1.1 100 Continue\r\n\r\n");
  bytes_sent_ = before;
  co_return sent;
}

// Ends with the connection; the caller closes it.
Task<void> Connection::Refuse(int status, std::string_view message) {
  const std::string body =
      ErrorBody(status >= 500 ? "api_error" : "invalid_request_error", message);
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\n{}Content-Type: application/json\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n",
      status, ReasonOf(status), Date(), body.size());
  pending_.clear();
  const bool with_body = request_.method != "HEAD";
  Status sent = co_await Send(head, with_body ? std::string_view(body) : "");
  if (sent.ok()) co_await Linger();
}

}  // namespace cofferdam::http
