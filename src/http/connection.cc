#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "http/connection_internal.h"
#include "http/loop_internal.h"

// Reading: heads, bodies, and the life of a connection. Writing is in
// connection_write.cc.

namespace cofferdam::http {
namespace {

// What a client may send ahead of its turn before it is no longer read.
constexpr size_t kAheadBytesMax = 64 << 10;
// A connection that waits keeps no more than this for its next request.
constexpr size_t kIdleBytesMax = 256;
// A body's memory grows with what has come, not with what was promised.
constexpr uint64_t kReserveBytesMax = 1 << 20;

Error Closed() {
  return Error(Code::kCancelled, "the client closed its connection");
}

}  // namespace

TaskCount::TaskCount(std::shared_ptr<ServerCore> core)
    : core_(std::move(core)) {
  std::lock_guard lock(core_->mutex);
  ++core_->tasks;
}

TaskCount::~TaskCount() {
  std::lock_guard lock(core_->mutex);
  --core_->tasks;
  core_->changed.notify_all();
}

std::string ErrorBody(std::string_view type, std::string_view message) {
  JsonWriter json;
  json.BeginObject().Field("type", "error").Key("error").BeginObject();
  json.Field("type", type).Field("message", message);
  json.EndObject().EndObject();
  return std::move(json).Take();
}

Connection::Connection(ServerCore& core, Loop& loop, FileDescriptor fd)
    : core_(core),
      loop_(loop),
      stream_(std::make_unique<Socket>(loop, std::move(fd))),
      socket_(stream_.socket()),
      peer_(PeerName(socket_.fd())),
      self_(std::make_shared<Connection*>(this)),
      flush_timer_(loop) {
  auto& list = core_.by_loop[loop.index()];
  place_ = list.insert(list.end(), this);
}

Connection::~Connection() {
  *self_ = nullptr;
  core_.by_loop[loop_.index()].erase(place_);
}

void Connection::Consume(size_t bytes) {
  in_at_ += bytes;
  if (in_at_ < in_.size()) return;
  in_.clear();
  in_at_ = 0;
  if (in_.capacity() > kIdleBytesMax) std::string().swap(in_);
}

Task<bool> Connection::ShakeHands(int64_t timeout_ms) {
  if (core_.options.tls == nullptr) co_return true;
  socket_.SetDeadline(timeout_ms);
  Status shaken = co_await stream_.AcceptTls(core_.options.tls->context());
  if (shaken.ok()) co_return true;
  if (shaken.error().code() == Code::kInvalid) {
    co_await Refuse(400, "this address speaks TLS: use https://");
  }
  co_return false;
}

Task<void> Connection::Run() {
  const bool readable =
      co_await ShakeHands(core_.options.tls_handshake_timeout_ms);
  while (readable && co_await ReadHead()) {
    ++core_.running;
    co_await core_.handler(*this);
    const bool again = co_await EndExchange();
    --core_.running;
    if (!again) break;
  }
  stream_.Close();
}

Task<void> Connection::TurnAway() {
  if (co_await ShakeHands(core_.options.linger_timeout_ms)) {
    co_await Refuse(503, "too many connections");
  }
  stream_.Close();
}

void Connection::CloseIfIdle() {
  if (idle_) stream_.Close();
}

void Connection::Cut() {
  client_gone_ = true;
  // What waits for the socket goes on later, never inside Close.
  socket_.Close();
  if (gone_) std::exchange(gone_, nullptr)();
}

Task<Connection::Filled> Connection::Fill() {
  unsigned want = kReadable;
  bool wait = !stream_.ReadableMaybe();
  while (true) {
    if (wait) {
      const Woken woken = co_await socket_.Wait(want);
      if (woken == Woken::kDeadline) co_return {FillOutcome::kDeadline, {}};
      if (woken == Woken::kClosed) co_return {FillOutcome::kClosed, {}};
    }
    auto& scratch = *loop().state().scratch;
    const IoStep step = stream_.TryRead(scratch.data(), scratch.size(), &want);
    switch (step.outcome) {
      case IoOutcome::kMoved:
        co_return {FillOutcome::kMoved, {scratch.data(), step.bytes}};
      case IoOutcome::kAgain:
        wait = true;
        break;
      case IoOutcome::kEnd:
        co_return {FillOutcome::kEnd, {}};
      case IoOutcome::kFailed:
        co_return {FillOutcome::kClosed, {}};
    }
  }
}

Task<bool> Connection::ReadHead() {
  const ServerOptions& options = core_.options;
  HeadScanner scanner({options.head_bytes_max, options.header_count_max,
                       options.request_line_bytes_max});
  socket_.SetDeadline(in().empty() ? options.idle_timeout_ms
                                   : options.head_timeout_ms);
  idle_ = true;
  request_ = RequestHead();
  while (true) {
    if (!in().empty()) {
      switch (scanner.Scan(in())) {
        case HeadScanner::Outcome::kDone:
          idle_ = false;
          socket_.SetDeadline(-1);
          co_return co_await TakeHead(
              in().substr(scanner.head_begin(),
                          scanner.head_end() - scanner.head_begin()),
              scanner.head_end());
        case HeadScanner::Outcome::kRefused:
          idle_ = false;
          co_await Refuse(scanner.refusal().status, scanner.refusal().message);
          co_return false;
        case HeadScanner::Outcome::kMore:
          break;
      }
    }
    if (core_.draining && in().empty()) co_return false;
    const Filled filled = co_await Fill();
    if (filled.outcome == FillOutcome::kDeadline && !in().empty()) {
      idle_ = false;
      co_await Refuse(408, "the request's head did not come in time");
    }
    if (filled.outcome != FillOutcome::kMoved) co_return false;
    if (in().empty()) socket_.SetDeadline(options.head_timeout_ms);
    in_.append(filled.bytes.data(), filled.bytes.size());
  }
}

Task<bool> Connection::TakeHead(std::string_view head, size_t bytes) {
  const ServerOptions& options = core_.options;
  const auto refusal =
      ParseRequestHead(head,
                       {options.head_bytes_max, options.header_count_max,
                        options.request_line_bytes_max},
                       &request_, &framing_);
  if (refusal) {
    co_await Refuse(refusal->status, refusal->message);
    co_return false;
  }
  Consume(bytes);
  chunks_.reset();
  body_left_ = 0;
  switch (framing_.body) {
    case RequestFraming::Body::kNone:
      body_state_ = BodyState::kDone;
      break;
    case RequestFraming::Body::kLength:
      body_state_ = BodyState::kUnread;
      body_left_ = framing_.length;
      break;
    case RequestFraming::Body::kChunked:
      body_state_ = BodyState::kUnread;
      chunks_.emplace(ChunkDecoder::Extensions::kRefuse);
      break;
  }
  response_ = ResponseState::kNone;
  response_body_ = ResponseBody::kNone;
  keep_alive_ = false;
  client_gone_ = false;
  bytes_sent_ = 0;
  co_return true;
}

Task<Result<std::string>> Connection::ReadBody(size_t bytes_max) {
  std::string body;
  if (framing_.body == RequestFraming::Body::kNone) co_return body;
  CHECK(body_state_ == BodyState::kUnread);
  Status read = co_await ReadBodyInto(bytes_max, &body);
  socket_.SetDeadline(-1);
  if (!read.ok()) {
    body_state_ = BodyState::kBroken;
    co_return std::move(read).error().Within("read the request's body");
  }
  body_state_ = BodyState::kDone;
  if (gone_) stream_.Watch([this] { ReadAhead(); });
  co_return body;
}

Task<Status> Connection::ReadBodyInto(size_t bytes_max, std::string* body) {
  if (body_left_ > bytes_max) {
    co_return Error(Code::kTooLarge,
                    fmt::format("its Content-Length of {} bytes exceeds {}",
                                body_left_, bytes_max));
  }
  body->reserve(
      static_cast<size_t>(std::min<uint64_t>(body_left_, kReserveBytesMax)));
  if (framing_.expects_continue && in().empty()) {
    CO_TRY(co_await SendContinue());
  }
  const ServerOptions& options = core_.options;
  socket_.SetDeadline(options.body_timeout_ms);
  size_t progress = 0;
  while (true) {
    if (!in().empty()) {
      std::string bytes(in());
      Consume(bytes.size());
      CO_TRY(TakeBody(bytes, bytes_max, body));
    }
    if (chunks_ ? chunks_->done() : body_left_ == 0) co_return Status();
    const Filled filled = co_await Fill();
    if (filled.outcome == FillOutcome::kDeadline) {
      co_return Error(Code::kDeadline, "it comes too slowly");
    }
    if (filled.outcome != FillOutcome::kMoved) {
      client_gone_ = true;
      co_return Closed();
    }
    progress += filled.bytes.size();
    if (progress >= options.body_progress_bytes_min) {
      progress = 0;
      socket_.SetDeadline(options.body_timeout_ms);
    }
    CO_TRY(TakeBody(filled.bytes, bytes_max, body));
  }
}

Status Connection::TakeBody(std::span<char> bytes, size_t bytes_max,
                            std::string* body) {
  size_t used = 0;
  if (chunks_) {
    const auto step = chunks_->Decode(bytes.data(), bytes.size());
    if (step.broken) return Error(Code::kInvalid, "its chunks are broken");
    if (step.produced > bytes_max - body->size()) {
      return Error(Code::kTooLarge,
                   fmt::format("it exceeds {} bytes", bytes_max));
    }
    body->append(bytes.data(), step.produced);
    used = step.consumed;
  } else {
    used = static_cast<size_t>(std::min<uint64_t>(body_left_, bytes.size()));
    body->append(bytes.data(), used);
    body_left_ -= used;
  }
  // What follows is the next request.
  in_.append(bytes.data() + used, bytes.size() - used);
  return {};
}

// Whether the connection can go on to the next request: the body has been
// read, or has come whole and can be passed over.
bool Connection::BodySettled() {
  if (body_state_ == BodyState::kUnread && !chunks_ &&
      in().size() >= body_left_) {
    Consume(static_cast<size_t>(body_left_));
    body_left_ = 0;
    body_state_ = BodyState::kDone;
  }
  return body_state_ == BodyState::kDone;
}

void Connection::OnClientGone(std::function<void()> gone) {
  gone_ = std::move(gone);
  if (client_gone_ || socket_.closed()) {
    loop().Post([self = self_] {
      if (*self != nullptr) (*self)->Gone();
    });
    return;
  }
  stream_.Watch([this] { ReadAhead(); });
}

void Connection::ReadAhead() {
  auto& scratch = *loop().state().scratch;
  unsigned want = 0;
  const IoStep step = stream_.TryRead(scratch.data(), scratch.size(), &want);
  switch (step.outcome) {
    case IoOutcome::kMoved:
      in_.append(scratch.data(), step.bytes);
      if (in().size() > kAheadBytesMax) return;
      break;
    case IoOutcome::kAgain:
      break;
    case IoOutcome::kEnd:
    case IoOutcome::kFailed:
      Gone();
      return;
  }
  stream_.Watch([this] { ReadAhead(); });
}

void Connection::Gone() {
  client_gone_ = true;
  const auto self = self_;
  if (gone_) std::exchange(gone_, nullptr)();
  // A Write that waits learns of it too.
  if (*self != nullptr && sending_) socket_.Wake();
}

Task<bool> Connection::EndExchange() {
  gone_ = nullptr;
  stream_.Watch(nullptr);
  switch (response_) {
    case ResponseState::kNone:
      if (client_gone_ || socket_.closed()) co_return false;
      co_await Refuse(500, "the handler gave no answer");
      co_return false;
    case ResponseState::kStarted:
      Abort();
      co_return false;
    case ResponseState::kAborted:
      co_return false;
    case ResponseState::kFinished:
      break;
  }
  if (client_gone_ || socket_.closed()) co_return false;
  if (keep_alive_) co_return true;
  if (!BodySettled() || !in().empty()) co_await Linger();
  co_return false;
}

// Without this the kernel would answer what the client still sends with a
// reset, and the client might never read our answer.
Task<void> Connection::Linger() {
  stream_.ShutdownWrite();
  socket_.SetDeadline(core_.options.linger_timeout_ms);
  while ((co_await Fill()).outcome == FillOutcome::kMoved) {
  }
}

}  // namespace cofferdam::http
