#include <cerrno>
#include <utility>

#include "http/stream_internal.h"

namespace cofferdam::http {
namespace {

// Head and body of this size together go into one TLS record.
constexpr size_t kTlsTogetherBytesMax = 16 << 10;

}  // namespace

Error WaitError(Woken woken) {
  if (woken == Woken::kDeadline) {
    return Error(Code::kDeadline, "nothing came in time");
  }
  return Error(Code::kCancelled, "cancelled");
}

Stream::Stream(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}

Task<Result<size_t>> Stream::Read(ReadBuffer* buffer) {
  Loop::State& loop = socket_->loop().state();
  unsigned want = kReadable;
  // TLS may hold bytes that the kernel no longer has.
  bool wait = !tls() && !socket_->ReadableMaybe();
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
  if (tls()) {
    if (head.size() + body.size() <= kTlsTogetherBytesMax) {
      std::string together;
      together.reserve(head.size() + body.size());
      together.append(head).append(body);
      co_return co_await WriteTls(together, timeout_ms);
    }
    CO_TRY_ASSIGN(WriteEnd end, co_await WriteTls(head, timeout_ms));
    if (end != WriteEnd::kWhole) co_return end;
    co_return co_await WriteTls(body, timeout_ms);
  }
  iovec pieces[2] = {{const_cast<char*>(head.data()), head.size()},
                     {const_cast<char*>(body.data()), body.size()}};
  std::span<iovec> left(pieces, body.empty() ? 1 : 2);
  while (true) {
    const IoStep step = socket_->TryWrite(left);
    if (step.outcome == IoOutcome::kMoved) {
      while (!left.empty() && left.front().iov_len == 0) left = left.subspan(1);
      if (left.empty()) co_return WriteEnd::kWhole;
      continue;
    }
    if (step.outcome != IoOutcome::kAgain) {
      if (step.error == ECANCELED) co_return WaitError(Woken::kClosed);
      co_return WriteEnd::kBroken;
    }
    socket_->SetDeadline(timeout_ms);
    const Woken woken = co_await socket_->Wait(kReadable | kWritable);
    if (woken != Woken::kReady) co_return WaitError(woken);
    if (socket_->ReadableMaybe()) co_return WriteEnd::kEarlyAnswer;
  }
}

Task<Result<Stream::WriteEnd>> Stream::WriteTls(std::string_view bytes,
                                                int64_t timeout_ms) {
  unsigned want = kWritable;
  while (!bytes.empty()) {
    const IoStep step = TryWriteTls(bytes, &want);
    if (step.outcome == IoOutcome::kMoved) {
      bytes.remove_prefix(step.bytes);
      continue;
    }
    if (step.outcome != IoOutcome::kAgain) {
      if (socket_->closed()) co_return WaitError(Woken::kClosed);
      co_return WriteEnd::kBroken;
    }
    socket_->SetDeadline(timeout_ms);
    const Woken woken = co_await socket_->Wait(want);
    if (woken != Woken::kReady) co_return WaitError(woken);
  }
  co_return WriteEnd::kWhole;
}

}  // namespace cofferdam::http
