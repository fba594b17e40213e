#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/loop.h"
#include "http/message.h"
#include "http/server_tls.h"
#include "http/task.h"

namespace cofferdam::http {

// Limits of one listener. What each answers when reached stands beside it.
struct ServerOptions {
  // Speak TLS with this; null: plain. A client that speaks plain HTTP to it
  // gets a plain 400, one that speaks TLS to a plain address is refused by the
  // framing guard.
  std::shared_ptr<const ServerTls> tls;
  int64_t tls_handshake_timeout_ms = 10'000;  // close
  // For the Date field; must outlive the pool.
  const Clock* clock = &SystemClock();
  size_t head_bytes_max = 64 << 10;          // 431, close
  size_t header_count_max = 256;             // 431, close
  size_t request_line_bytes_max = 16 << 10;  // 414, close
  size_t connections_max = 16'384;           // 503, close
  // From the first byte of a request to the end of its head: 408, close.
  int64_t head_timeout_ms = 15'000;
  // In each such span a body must bring body_progress_bytes_min or its end:
  // ReadBody gives kDeadline, then close.
  int64_t body_timeout_ms = 15'000;
  size_t body_progress_bytes_min = 1024;
  // Between two requests of a connection, and before its first: close.
  int64_t idle_timeout_ms = 90'000;
  // In each such span a write must bring the client something: kDeadline.
  int64_t write_timeout_ms = 60'000;
  // After an answer that leaves request bytes unread, how long they are read
  // and thrown away, so that the client sees the answer and not a reset.
  int64_t linger_timeout_ms = 2'000;
};

// One request and its response, for a handler. Lives on one loop and is used
// on its thread only; valid until the handler's task ends.
class ServerExchange {
 public:
  ServerExchange() = default;
  ServerExchange(const ServerExchange&) = delete;
  ServerExchange& operator=(const ServerExchange&) = delete;

  virtual const RequestHead& request() const = 0;
  // "127.0.0.1:50312", or "unix".
  virtual const std::string& peer() const = 0;
  virtual Loop& loop() = 0;

  // The whole body, chunks joined; empty where there is none. Once. Answers
  // Expect: 100-continue. kTooLarge beyond `bytes_max` (before anything is
  // read when Content-Length says so), kDeadline, kCancelled when the client
  // has gone, kInvalid for broken chunks. After an error the handler may still
  // respond; the connection closes then.
  virtual Task<Result<std::string>> ReadBody(size_t bytes_max) = 0;

  // The response at once: Content-Length is set here, hop-by-hop fields and
  // Content-Length in `head` are dropped. Head and body leave in one write.
  // `body` must live until this ends. To HEAD the body is not sent, its length
  // is. Statuses 204 and 304 have none. Date is added where `head` has none.
  // kCancelled when the client has gone.
  virtual Task<Status> Respond(ResponseHead head, std::string_view body) = 0;

  // The response in pieces: StartResponse, Write…, Finish. With
  // `content_length` the pieces must add up to it; without, the body is
  // chunked (to HTTP/1.0 clients: ends with the connection). To HEAD, and with
  // 204 and 304, pieces are dropped. The head leaves
  // with the first piece, or as soon as the handler waits for something, so
  // that neither costs a write of its own. A Write returns when the kernel has
  // taken everything: that is the back-pressure. An empty piece sends nothing.
  virtual Task<Status> StartResponse(
      ResponseHead head, std::optional<uint64_t> content_length) = 0;
  virtual Task<Status> Write(std::string_view piece) = 0;
  // Sends `last_piece` and the end of the body in one write.
  virtual Task<Status> Finish(std::string_view last_piece = {}) = 0;

  // Ends the connection now, without the end of the body, so that the client
  // sees that the answer was cut short. Whatever waits gets kCancelled.
  virtual void Abort() = 0;

  // From now to the end of the exchange, calls `gone` once, on the loop, when
  // the client closes or resets its connection (closing only its sending side
  // counts) or the server stops. Never inside this call. Further requests that
  // the client sends meanwhile are kept, not taken for its leaving; one who
  // sends more than 64 KiB ahead is no longer watched.
  virtual void OnClientGone(std::function<void()> gone) = 0;
  // As far as is known.
  virtual bool client_gone() const = 0;
  // Whether a response has been started.
  virtual bool responded() const = 0;
  // Bytes handed to the kernel for this response, head and framing included
  // (on TLS: to OpenSSL).
  virtual uint64_t bytes_sent() const = 0;

 protected:
  ~ServerExchange() = default;
};

// Answers one exchange. Called on the loop of the connection. A handler that
// ends without a response makes the server send 500; one that ends in the
// middle of a response aborts it.
using Handler = std::function<Task<void>(ServerExchange&)>;

// An HTTP/1.1 server on one address. Requests of a connection are served one
// after the other on one loop; connections are dealt to loops in turn. What
// reaches a handler has passed the framing guard (framing.h): whatever two
// readers of HTTP could read differently was refused with 400.
class Server {
 public:
  // `address`: "127.0.0.1:8787", "[::1]:0", "localhost:0" (port 0: the kernel
  // picks one) or "unix:/path", made with mode 0600; a socket file that nobody
  // listens on is replaced. kConflict naming the address when it is in use,
  // kInvalid for an address that cannot be one, kDenied, kNotFound.
  // `pool` must outlive the Server (stopped or not).
  static Result<std::unique_ptr<Server>> Listen(LoopPool& pool,
                                                const std::string& address,
                                                const ServerOptions& options,
                                                Handler handler);
  // As Stop.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the real port: "127.0.0.1:41235", "unix:/path".
  const std::string& address() const;
  // The URL of it, or "unix:/path": "http://127.0.0.1:41235", on TLS
  // "https://127.0.0.1:41235".
  std::string url() const;
  // Open connections now. From any thread.
  size_t connections() const;

  // Stops listening, closes idle connections, lets running exchanges finish
  // for at most `deadline_ms`, then cuts what is left (Stop). Returns how many
  // exchanges were cut. Blocks; not from a loop thread.
  size_t Drain(int64_t deadline_ms);
  // Stops listening, closes every connection (OnClientGone fires), and waits
  // for handlers to end, at most 5 s: one that still hangs is destroyed by
  // LoopPool::Stop. Not from a loop thread. Again is harmless.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cofferdam::http
