#include <cerrno>
#include <utility>

#include "http/stream_internal.h"

namespace cofferdam::http {

Error WaitError(Woken woken) {
  if (woken == Woken::kDeadline) {
    return Error(Code::kDeadline, "nothing came in time");
  }
  return Error(Code::kCancelled, "cancelled");
}

Stream::Stream(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}

bool Stream::ReadableMaybe() const {
  return tls_may_read_ || socket_->ReadableMaybe();
}

void Stream::Watch(std::function<void()> readable) {
  if (tls_may_read_ && readable) socket_->SetReadableMaybe();
  socket_->Watch(std::move(readable));
}

IoStep Stream::TryRead(char* data, size_t size, unsigned* want) {
  *want = kReadable;
  if (tls()) return TryReadTls(data, size, want);
  return socket_->TryRead(data, size);
}

IoStep Stream::TryWrite(std::span<iovec> pieces, unsigned* want) {
  *want = kWritable;
  if (tls()) return TryWriteTls(pieces, want);
  return socket_->TryWrite(pieces);
}

void Stream::ShutdownWrite() {
  SayFarewell();
  socket_->ShutdownWrite();
}

void Stream::Close() {
  SayFarewell();
  socket_->Close();
}

Task<Result<size_t>> Stream::Read(ReadBuffer* buffer) {
  Loop::State& loop = socket_->loop().state();
  unsigned want = kReadable;
  bool wait = !ReadableMaybe();
  while (true) {
    if (wait) {
      const Woken woken = co_await socket_->Wait(want);
      if (woken != Woken::kReady) co_return WaitError(woken);
    }
    wait = true;
    ReadBuffer taken = loop.TakeBuffer();
    const IoStep step = TryRead(taken->data(), taken->size(), &want);
    if (step.outcome == IoOutcome::kMoved) {
      *buffer = std::move(taken);
      co_return step.bytes;
    }
    loop.GiveBuffer(std::move(taken));
    if (step.outcome == IoOutcome::kEnd) co_return size_t{0};
    if (step.outcome == IoOutcome::kFailed) {
      if (step.error == ECANCELED) co_return WaitError(Woken::kClosed);
      co_return Error(Code::kCorrupt, "the connection broke");
    }
  }
}

Task<Result<Stream::WriteEnd>> Stream::Write(std::string_view head,
                                             std::string_view body,
                                             int64_t timeout_ms) {
  iovec pieces[2] = {{const_cast<char*>(head.data()), head.size()},
                     {const_cast<char*>(body.data()), body.size()}};
  std::span<iovec> left(pieces, body.empty() ? 1 : 2);
  while (true) {
    unsigned want = kWritable;
    const IoStep step = TryWrite(left, &want);
    if (step.outcome == IoOutcome::kMoved) {
      while (!left.empty() && left.front().iov_len == 0) left = left.subspan(1);
      if (left.empty()) co_return WriteEnd::kWhole;
      continue;
    }
    if (step.outcome != IoOutcome::kAgain) {
      if (socket_->closed()) co_return WaitError(Woken::kClosed);
      co_return WriteEnd::kBroken;
    }
    // What can be read on TLS may be no answer, but a ticket.
    if (!tls()) want |= kReadable;
    socket_->SetDeadline(timeout_ms);
    const Woken woken = co_await socket_->Wait(want);
    if (woken != Woken::kReady) co_return WaitError(woken);
    if (!tls() && ReadableMaybe()) co_return WriteEnd::kEarlyAnswer;
  }
}

}  // namespace cofferdam::http
