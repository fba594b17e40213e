#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/loop_internal.h"
#include "http/server_tls.h"
#include "http/socket_internal.h"

// Of OpenSSL, whose headers stay in tls.cc and tls_context.cc.
struct ssl_ctx_st;
struct ssl_method_st;
struct ssl_session_st;
struct ssl_st;
struct bio_method_st;

namespace cofferdam::http {

// What TLS connections share: whom to trust, or what to show. Immutable, used
// from any thread.
class TlsContext {
 public:
  // `ca_file` empty: the system's authorities.
  static Result<std::shared_ptr<const TlsContext>> OfClient(
      const std::string& ca_file);
  static Result<std::shared_ptr<const TlsContext>> OfServer(
      const ServerTlsFiles& files);
  ~TlsContext();

 private:
  friend class Stream;
  TlsContext() = default;
  static Result<std::shared_ptr<TlsContext>> Make(const ssl_method_st* method);
  ssl_ctx_st* context_ = nullptr;
  bio_method_st* method_ = nullptr;
};

// What one upstream's earlier handshakes left, so that the next one is short.
// Touched on one loop only.
class TlsSessions {
 public:
  static constexpr size_t kKeptMax = 4;

  TlsSessions() = default;
  ~TlsSessions();
  TlsSessions(const TlsSessions&) = delete;
  TlsSessions& operator=(const TlsSessions&) = delete;

  // Takes over one reference.
  void Put(ssl_session_st* session);
  // The newest, with a reference for the caller, or null. One of TLS 1.3 is
  // used once (RFC 8446, C.4).
  ssl_session_st* Take();

 private:
  std::vector<ssl_session_st*> kept_;  // newest last
};

// What OpenSSL says about its last failure.
std::string LastTlsError();

// A connected socket, plain or with TLS on it.
class Stream {
 public:
  // For the context of clients: what to do with a session.
  static int KeepSession(ssl_st* ssl, ssl_session_st* session);

  explicit Stream(std::unique_ptr<Socket> socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Socket& socket() { return *socket_; }
  bool tls() const { return ssl_ != nullptr; }

  // Shakes hands until the socket's deadline; the certificate must be good for
  // `host`, whose sessions `sessions` holds.
  Task<Status> StartTls(std::shared_ptr<const TlsContext> context,
                        std::shared_ptr<TlsSessions> sessions,
                        const std::string& host);
  // Shakes hands as the server does, until the socket's deadline. kInvalid: the
  // peer speaks plain HTTP; the stream is plain again, and can answer.
  Task<Status> AcceptTls(std::shared_ptr<const TlsContext> context);

  // As those of Socket; after kAgain, Wait for `*want`. With TLS, pieces that
  // fit go into one record, through the loop's scratch buffer.
  IoStep TryRead(char* data, size_t size, unsigned* want);
  IoStep TryWrite(std::span<iovec> pieces, unsigned* want);
  // Whether the next read may bring something without a wait.
  bool ReadableMaybe() const;
  // As Socket::Watch, also for bytes that OpenSSL holds already.
  void Watch(std::function<void()> readable);
  // As those of Socket, with TLS's farewell before, as far as it can be written
  // now.
  void ShutdownWrite();
  void Close();

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
  Status SetUpTls(std::shared_ptr<const TlsContext> context);
  Task<Status> ShakeHands();
  IoStep TryReadTls(char* data, size_t size, unsigned* want);
  IoStep TryWriteTls(std::span<iovec> pieces, unsigned* want);
  IoStep TlsStep(int returned, unsigned* want);
  void SayFarewell();

  std::unique_ptr<Socket> socket_;
  std::shared_ptr<const TlsContext> context_;
  std::shared_ptr<TlsSessions> sessions_;
  ssl_st* ssl_ = nullptr;
  // The last read brought bytes, so OpenSSL may hold more.
  bool tls_may_read_ = false;
};

// kDeadline or kCancelled, for a wait that did not end with kReady.
Error WaitError(Woken woken);

}  // namespace cofferdam::http
