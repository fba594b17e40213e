#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/loop.h"
#include "http/message.h"
#include "http/task.h"
#include "http/url.h"

namespace cofferdam::http {

// Whom a client talks to.
struct Upstream {
  enum class Transport { kTcp, kTls, kUnix };
  Transport transport = Transport::kTcp;
  std::string host;  // name or IP address, without brackets
  uint16_t port = 0;
  std::string unix_path;  // for kUnix
  // PEM file of the authorities that may sign for the host; empty: the
  // system's. TLS is always verified, certificate and host name.
  std::string ca_file;

  // A forward proxy on the way: asked to CONNECT to https upstreams, asked for
  // the whole URL of http ones. An upstream's own name is looked up there.
  struct Proxy {
    Url url;                 // http://host:port
    std::string credential;  // "user:password" for Basic; empty: none
  };
  std::optional<Proxy> proxy;

  static Upstream FromUrl(const Url& url, std::string ca_file);
  // "api.example.com", "127.0.0.1:8000", "[::1]:8000": what Host says.
  std::string authority() const;
};

struct ClientOptions {
  // The numeric addresses of a name. Runs in a thread of its own, and may
  // outlive the pool.
  using LookUp =
      std::function<Result<std::vector<std::string>>(const std::string& host)>;
  LookUp look_up;  // null: the system's
  // How long a name's addresses serve for new connections.
  int64_t name_cache_ms = 30'000;
  // Name look-up, all addresses and the TLS handshake together.
  int64_t connect_timeout_ms = 10'000;
  // From the request's last byte written to the end of the response's head.
  int64_t first_byte_timeout_ms = 600'000;
  // For each Read.
  int64_t idle_timeout_ms = 300'000;
  // In each such span a write must move something.
  int64_t write_timeout_ms = 60'000;
  size_t head_bytes_max = 64 << 10;
  size_t header_count_max = 256;
  // Kept for reuse after an exchange, for each loop.
  size_t idle_connections_max = 64;
  int64_t idle_connection_ms = 60'000;
};

// Ends a Send or a Read that waits. Same loop only. One for one exchange, which
// it may outlive, and which may outlive it.
class Canceller {
 public:
  // What to close, shared with whatever runs now.
  struct Slot {
    bool cancelled = false;
    std::function<void()> close;
  };

  Canceller() : slot_(std::make_shared<Slot>()) {}
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  // Closes the connection at once: whatever waits gets kCancelled, never
  // inside this call.
  void Cancel();
  bool cancelled() const { return slot_->cancelled; }
  // What Cancel calls, once, while no request is sent with it; empty: nothing.
  void OnCancel(std::function<void()> cancel) {
    slot_->close = std::move(cancel);
  }

 private:
  friend class ClientPool;
  std::shared_ptr<Slot> slot_;
};

// A response being read. On its loop's thread only. Destroyed before its end,
// it closes the connection; after, the connection is kept for reuse.
class ClientExchange {
 public:
  enum class Readiness { kReady, kSilent };

  virtual ~ClientExchange() = default;

  virtual const ResponseHead& head() const = 0;
  // What Content-Length says, if the response has one: also where it has no
  // body (an answer to HEAD, a 304). Fit for ServerExchange::StartResponse.
  virtual std::optional<uint64_t> content_length() const = 0;

  // The next bytes of the body, without chunk framing, as soon as there are
  // any: all that one read of the socket brought (at most 64 KiB), valid until
  // the next call; empty at the end. kCorrupt when the connection ended before
  // the body did or chunks are broken, kDeadline, kCancelled.
  virtual Task<Result<std::string_view>> Read() = 0;
  // Waits until a Read would not (there are bytes of the body, its end, or an
  // error, that of a Cancel too): kReady; but for at most `timeout_ms`:
  // kSilent. Takes nothing from the exchange: a later Read has its whole idle
  // timeout. What Read returned before is no longer valid.
  virtual Task<Readiness> Ready(int64_t timeout_ms) = 0;
  // Whether everything that Read returned so far is the whole body: true with
  // the piece that reaches Content-Length, or that came together with the last
  // chunk; else from the empty piece on. True at once without a body.
  virtual bool complete() const = 0;
  // Reads the rest. kTooLarge beyond `bytes_max`.
  virtual Task<Result<std::string>> ReadAll(size_t bytes_max) = 0;

  // Closes the connection at once; a Read that waits gets kCancelled.
  virtual void Cancel() = 0;
  // Whether the connection had served an exchange before.
  virtual bool reused() const = 0;
};

// Connections to one upstream. Safe from any thread; each exchange stays on
// the loop it was sent from. HTTP/1.1; redirects are answers like any other.
class ClientPool {
 public:
  // Opens nothing yet. kInvalid when `ca_file` cannot be read. kDenied when the
  // upstream's address, or its proxy's, is one that no upstream may have:
  // link-local, a cloud's metadata service, multicast. `loops` must outlive it
  // (stopped or not).
  static Result<std::unique_ptr<ClientPool>> Create(
      LoopPool& loops, const Upstream& upstream, const ClientOptions& options);
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // Sends a request and reads the response's head. To be awaited on `loop`;
  // all arguments must live until it ends. Content-Length is set here (and
  // Host, where `head` has none), hop-by-hop fields in `head` are dropped.
  //
  // kDenied: its name leads to no address but such ones.
  // kUnavailable: no address answers, TLS fails, the proxy refuses, or the peer
  // closes before the head ended (the message says which). kDeadline,
  // kCancelled. kCorrupt: the answer is not HTTP, or frames its body in a
  // doubtful way.
  //
  // A connection kept from before may have been closed by the peer just as it
  // is used again. Where that is seen without one byte of an answer, within a
  // second of sending, the request is sent once more on a fresh connection. A
  // peer that had taken up the request and died in that second may then see it
  // twice: for model calls that costs tokens, it changes nothing.
  Task<Result<std::unique_ptr<ClientExchange>>> Send(
      Loop& loop, const RequestHead& head, std::string_view body,
      Canceller* canceller = nullptr);

  const Upstream& upstream() const;

 private:
  class Impl;
  explicit ClientPool(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

struct Response {
  ResponseHead head;
  std::string body;
};

struct FetchOptions {
  int64_t timeout_ms = 30'000;  // for everything together
  size_t response_bytes_max = 64 << 20;
  std::string ca_file;
};

// One request, blocking, on a loop of its own: for commands. `server` is
// "http://host:port", "https://host[:port]" (a path in it goes before the
// target) or "unix:/path". Errors as Send and ReadAll.
Result<Response> Fetch(const std::string& server, const RequestHead& head,
                       std::string_view body, const FetchOptions& options);

}  // namespace cofferdam::http
