#include <algorithm>
#include <optional>
#include <utility>

#include "http/client_internal.h"

namespace cofferdam::http {
namespace {

// Pieces up to this size are copied, so that a stream that waits for its client
// does not hold a whole read buffer.
constexpr size_t kCopyBytesMax = 2 << 10;

class Exchange final : public ClientExchange {
 public:
  Exchange(std::unique_ptr<ClientConnection> connection, ResponseHead head,
           const ResponseFraming& framing, const ClientOptions& options,
           std::shared_ptr<IdleConnections> idle,
           std::shared_ptr<Canceller::Slot> slot)
      : connection_(std::move(connection)),
        head_(std::move(head)),
        framing_(framing),
        idle_timeout_ms_(options.idle_timeout_ms),
        idle_(std::move(idle)),
        slot_(std::move(slot)),
        rest_(connection_->TakeRest()),
        left_(framing.length.value_or(0)),
        chunks_(ChunkDecoder::Extensions::kSkip) {
    if (framing_.body == ResponseFraming::Body::kNone) {
      complete_ = true;
      if (!rest_.empty()) connection_->SetNotReusable();
    }
    slot_->close = [this] { Cancel(); };
  }

  ~Exchange() override {
    slot_->close = nullptr;
    Socket& socket = connection_->stream().socket();
    GiveBuffer();
    if (complete() && connection_->reusable()) {
      socket.SetDeadline(-1);
      idle_->Put(std::move(connection_));
    }
  }

  const ResponseHead& head() const override { return head_; }

  std::optional<uint64_t> content_length() const override {
    return framing_.length;
  }

  bool complete() const override { return complete_ && !ahead_; }
  bool reused() const override { return connection_->reused(); }

  void Cancel() override {
    if (!complete()) cancelled_ = true;
    connection_->SetNotReusable();
    connection_->Close();
  }

  Task<Result<std::string_view>> Read() override {
    if (ahead_) {
      Result<std::string_view> piece = *std::move(ahead_);
      ahead_.reset();
      co_return piece;
    }
    co_return co_await Next(idle_timeout_ms_);
  }

  // What came is kept for the next Read: bytes that can be read may still be
  // no bytes of the body, but framing of chunks or of TLS.
  Task<Readiness> Ready(int64_t timeout_ms) override {
    if (ahead_ || complete_) co_return Readiness::kReady;
    Result<std::string_view> piece = co_await Next(timeout_ms);
    if (!piece.ok() && piece.error().code() == Code::kDeadline) {
      broken_ = false;
      co_return Readiness::kSilent;
    }
    ahead_.emplace(std::move(piece));
    co_return Readiness::kReady;
  }

  Task<Result<std::string>> ReadAll(size_t bytes_max) override {
    std::string body;
    while (true) {
      CO_TRY_ASSIGN(const std::string_view piece, co_await Read());
      if (piece.size() > bytes_max - body.size()) {
        Cancel();
        co_return Error(Code::kTooLarge, "the response's body exceeds " +
                                             std::to_string(bytes_max) +
                                             " bytes");
      }
      body.append(piece);
      if (complete()) co_return body;
    }
  }

 private:
  Task<Result<std::string_view>> Next(int64_t timeout_ms) {
    GiveBuffer();
    piece_.clear();
    if (complete_) co_return std::string_view();
    Result<std::string_view> piece = co_await NextPiece(timeout_ms);
    if (piece.ok()) co_return piece;
    co_return std::move(piece).error().Within("read the response's body");
  }

  Task<Result<std::string_view>> NextPiece(int64_t timeout_ms) {
    if (broken_) co_return Error(Code::kCorrupt, "it is broken");
    connection_->stream().socket().SetDeadline(timeout_ms);
    while (true) {
      char* data = nullptr;
      size_t size = 0;
      if (!rest_.empty()) {
        piece_ = std::exchange(rest_, {});
        data = piece_.data();
        size = piece_.size();
      } else {
        if (cancelled_) co_return Error(Code::kCancelled, "cancelled");
        auto read = co_await connection_->stream().Read(&buffer_);
        if (!read.ok()) {
          broken_ = true;
          co_return std::move(read).error();
        }
        if (*read == 0) co_return AtEnd();
        data = buffer_->data();
        size = *read;
      }
      CO_TRY_ASSIGN(const size_t produced, Unframe(data, size));
      if (produced > 0 || complete_) co_return Keep(data, produced);
      GiveBuffer();
    }
  }

  // The peer has closed.
  Result<std::string_view> AtEnd() {
    if (framing_.body == ResponseFraming::Body::kUntilClose) {
      complete_ = true;
      return std::string_view();
    }
    broken_ = true;
    return Error(Code::kCorrupt, "the connection ended before the body did");
  }

  // Leaves the bytes of the body at the front of `data`; how many.
  Result<size_t> Unframe(char* data, size_t size) {
    size_t used = size;
    size_t produced = size;
    if (framing_.body == ResponseFraming::Body::kLength) {
      used = produced = static_cast<size_t>(std::min<uint64_t>(left_, size));
      left_ -= used;
      complete_ = left_ == 0;
    } else if (framing_.body == ResponseFraming::Body::kChunked) {
      const auto step = chunks_.Decode(data, size);
      if (step.broken) {
        broken_ = true;
        return Error(Code::kCorrupt, "its chunks are broken");
      }
      used = step.consumed;
      produced = step.produced;
      complete_ = chunks_.done();
    }
    if (used < size) connection_->SetNotReusable();
    return produced;
  }

  std::string_view Keep(const char* data, size_t size) {
    if (buffer_ && size <= kCopyBytesMax) {
      piece_.assign(data, size);
      GiveBuffer();
      return piece_;
    }
    return {data, size};
  }

  void GiveBuffer() {
    if (!buffer_) return;
    connection_->stream().socket().loop().state().GiveBuffer(
        std::move(buffer_));
  }

  std::unique_ptr<ClientConnection> connection_;
  ResponseHead head_;
  ResponseFraming framing_;
  int64_t idle_timeout_ms_;
  std::shared_ptr<IdleConnections> idle_;
  std::shared_ptr<Canceller::Slot> slot_;

  std::string rest_;   // came with the head, not yet looked at
  std::string piece_;  // what Read returned, where it is not in buffer_
  ReadBuffer buffer_;
  std::optional<Result<std::string_view>> ahead_;  // what Ready found
  uint64_t left_;
  ChunkDecoder chunks_;
  bool complete_ = false;
  bool cancelled_ = false;
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<ClientExchange> MakeClientExchange(
    std::unique_ptr<ClientConnection> connection, ResponseHead head,
    const ResponseFraming& framing, const ClientOptions& options,
    std::shared_ptr<IdleConnections> idle,
    std::shared_ptr<Canceller::Slot> slot) {
  return std::make_unique<Exchange>(std::move(connection), std::move(head),
                                    framing, options, std::move(idle),
                                    std::move(slot));
}

}  // namespace cofferdam::http
