#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/loop_internal.h"
#include "http/socket_internal.h"

// Of OpenSSL, whose headers stay in tls.cc.
struct ssl_ctx_st;
struct ssl_st;
struct bio_method_st;

namespace cofferdam::http {

// What TLS connections to upstreams share: whom to trust. Immutable, used from
// any thread.
class TlsContext {
 public:
  // `ca_file` empty: the system's authorities.
  static Result<std::shared_ptr<const TlsContext>> Create(
      const std::string& ca_file);
  ~TlsContext();

 private:
  friend class Stream;
  TlsContext() = default;
  ssl_ctx_st* context_ = nullptr;
  bio_method_st* method_ = nullptr;
};

// A connected socket to an upstream, plain or with TLS on it.
class Stream {
 public:
  explicit Stream(std::unique_ptr<Socket> socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Socket& socket() { return *socket_; }
  bool tls() const { return ssl_ != nullptr; }

  // Shakes hands until the socket's deadline; the certificate must be good for
  // `host`.
  Task<Status> StartTls(std::shared_ptr<const TlsContext> context,
                        const std::string& host);

  // As Socket::TryRead; after kAgain, Wait for `*want`.
  IoStep TryRead(char* data, size_t size, unsigned* want);
  // Waits for bytes until the socket's deadline and reads them into a buffer
  // of the loop's stock, taken only then. 0: the peer has ended.
  Task<Result<size_t>> Read(ReadBuffer* buffer);

  enum class WriteEnd { kWhole, kEarlyAnswer, kBroken };
  // Writes both. kEarlyAnswer: the peer answers before it has read everything
  // (seen on plain connections); kBroken: it has closed; an answer may still
  // be there to read. kDeadline when nothing moves for `timeout_ms`, kCancelled
  // after Close.
  Task<Result<WriteEnd>> Write(std::string_view head, std::string_view body,
                               int64_t timeout_ms);

 private:
  IoStep TryWriteTls(std::string_view bytes, unsigned* want);
  Task<Result<WriteEnd>> WriteTls(std::string_view bytes, int64_t timeout_ms);
  IoStep TlsStep(int returned, unsigned* want);

  std::unique_ptr<Socket> socket_;
  std::shared_ptr<const TlsContext> context_;
  ssl_st* ssl_ = nullptr;
};

// kDeadline or kCancelled, for a wait that did not end with kReady.
Error WaitError(Woken woken);

}  // namespace cofferdam::http
