#include <fmt/format.h>

#include <utility>

#include "http/client_internal.h"

namespace cofferdam::http {
namespace {

// Interim answers (100, 103) that may come before the real one.
constexpr int kInterimMax = 16;

}  // namespace

void ClientConnection::Close() {
  if (written_) {
    stream_->socket().Close();
  } else {
    stream_->socket().Reset();
  }
}

Task<Status> ClientConnection::Exchange(std::string_view head_text,
                                        std::string_view body,
                                        RequestWas request,
                                        const ClientOptions& options,
                                        ResponseHead* head,
                                        ResponseFraming* framing) {
  silent_ = true;
  written_ = false;
  CO_TRY_ASSIGN(
      const Stream::WriteEnd written,
      co_await stream_->Write(head_text, body, options.write_timeout_ms));
  // An answer may be there although the peer took only part of the request.
  written_ = written == Stream::WriteEnd::kWhole;
  if (!written_) reusable_ = false;
  stream_->socket().SetDeadline(options.first_byte_timeout_ms);
  Status read = co_await ReadHead(request, options, head, framing);
  stream_->socket().SetDeadline(-1);
  if (!read.ok()) {
    co_return std::move(read).error().Within("read the response's head");
  }
  if (!framing->keep_alive) reusable_ = false;
  co_return Status();
}

Task<Status> ClientConnection::ReadHead(RequestWas request,
                                        const ClientOptions& options,
                                        ResponseHead* head,
                                        ResponseFraming* framing) {
  const HeadLimits limits{options.head_bytes_max, options.header_count_max,
                          options.head_bytes_max};
  Loop::State& loop = stream_->socket().loop().state();
  std::string in;
  HeadScanner scanner(limits);
  int interim = 0;
  while (true) {
    const auto outcome =
        in.empty() ? HeadScanner::Outcome::kMore : scanner.Scan(in);
    if (outcome == HeadScanner::Outcome::kRefused) {
      co_return Error(Code::kCorrupt, std::string(scanner.refusal().message));
    }
    if (outcome == HeadScanner::Outcome::kDone) {
      const std::string_view text = std::string_view(in).substr(
          scanner.head_begin(), scanner.head_end() - scanner.head_begin());
      if (auto refusal =
              ParseResponseHead(text, limits, request, head, framing)) {
        co_return Error(Code::kCorrupt, std::string(refusal->message));
      }
      in.erase(0, scanner.head_end());
      if (head->status >= 200) {
        rest_ = std::move(in);
        co_return Status();
      }
      if (head->status == 101 || ++interim > kInterimMax) {
        co_return Error(Code::kCorrupt,
                        fmt::format("unexpected status {}", head->status));
      }
      scanner = HeadScanner(limits);
      continue;
    }
    ReadBuffer buffer;
    auto read = co_await stream_->Read(&buffer);
    if (!read.ok()) {
      if (read.error().code() != Code::kCorrupt) {
        co_return std::move(read).error();
      }
      co_return Error(Code::kUnavailable, read.error().message());
    }
    if (*read == 0) {
      co_return Error(Code::kUnavailable, "the upstream closed the connection");
    }
    silent_ = false;
    in.append(buffer->data(), *read);
    loop.GiveBuffer(std::move(buffer));
  }
}

std::unique_ptr<ClientConnection> IdleConnections::Take() {
  while (!idle_.empty()) {
    std::unique_ptr<ClientConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    Stream& stream = connection->stream();
    stream.Watch(nullptr);
    // The peer may have closed, or speak out of turn.
    char byte;
    unsigned want = 0;
    if (stream.ReadableMaybe() &&
        stream.TryRead(&byte, 1, &want).outcome != IoOutcome::kAgain) {
      continue;
    }
    connection->SetReused();
    return connection;
  }
  return nullptr;
}

void IdleConnections::Put(std::unique_ptr<ClientConnection> connection) {
  if (closed_ || options_.idle_connections_max == 0) return;
  if (idle_.size() == options_.idle_connections_max) idle_.pop_front();
  connection->idle_since_us = NowMicros();
  connection->stream().socket().SetDeadline(-1);
  ClientConnection* raw = connection.get();
  idle_.push_back(std::move(connection));
  WatchIdle(raw);
  if (!sweep_.running()) {
    sweep_.Start(options_.idle_connection_ms, [this] { Sweep(); });
  }
}

// TLS peers may still send a session ticket; anything else ends the idling.
void IdleConnections::WatchIdle(ClientConnection* connection) {
  // Asio may hold the watch for longer than this lives.
  connection->stream().Watch([weak = weak_from_this(), connection] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    char byte;
    unsigned want = 0;
    if (connection->stream().TryRead(&byte, 1, &want).outcome ==
        IoOutcome::kAgain) {
      self->WatchIdle(connection);
      return;
    }
    std::erase_if(self->idle_,
                  [&](const auto& idle) { return idle.get() == connection; });
  });
}

void IdleConnections::Sweep() {
  const int64_t before_us = NowMicros() - options_.idle_connection_ms * 1000;
  while (!idle_.empty() && idle_.front()->idle_since_us <= before_us) {
    idle_.pop_front();
  }
  if (idle_.empty()) return;
  const int64_t left_us = idle_.front()->idle_since_us - before_us;
  sweep_.Start(left_us / 1000 + 1, [this] { Sweep(); });
}

void IdleConnections::Close() {
  closed_ = true;
  idle_.clear();
  sweep_.Stop();
}

}  // namespace cofferdam::http
