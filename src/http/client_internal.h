#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "http/client.h"
#include "http/framing.h"
#include "http/stream_internal.h"

namespace cofferdam::http {

// One connection to an upstream, between or in exchanges.
class ClientConnection {
 public:
  explicit ClientConnection(std::unique_ptr<Stream> stream)
      : stream_(std::move(stream)) {}
  ~ClientConnection() { Close(); }
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // With a reset where part of a request has not left yet: an end would wait
  // behind it for a peer that may have stopped reading.
  void Close();

  Stream& stream() { return *stream_; }
  bool reused() const { return reused_; }
  // Whether the last exchange got no byte at all.
  bool silent() const { return silent_; }
  bool reusable() const { return reusable_ && !stream_->socket().closed(); }
  void SetNotReusable() { reusable_ = false; }
  void SetReused() { reused_ = true; }

  // Writes a request and reads the head of its response.
  Task<Status> Exchange(std::string_view head_text, std::string_view body,
                        RequestWas request, const ClientOptions& options,
                        ResponseHead* head, ResponseFraming* framing);
  // Bytes that came behind the head, once.
  std::string TakeRest() { return std::move(rest_); }

  int64_t idle_since_us = 0;

 private:
  Task<Status> ReadHead(RequestWas request, const ClientOptions& options,
                        ResponseHead* head, ResponseFraming* framing);

  std::unique_ptr<Stream> stream_;
  std::string rest_;
  bool reused_ = false;
  bool silent_ = true;
  bool reusable_ = true;
  bool written_ = true;  // the request, all of it
};

// The idle connections of a pool on one loop; touched on that loop only.
class IdleConnections : public std::enable_shared_from_this<IdleConnections> {
 public:
  IdleConnections(Loop& loop, const ClientOptions& options)
      : options_(options), sweep_(loop) {}

  // The one used last, or null.
  std::unique_ptr<ClientConnection> Take();
  void Put(std::unique_ptr<ClientConnection> connection);
  void Close();

 private:
  void WatchIdle(ClientConnection* connection);
  void Sweep();

  ClientOptions options_;
  std::list<std::unique_ptr<ClientConnection>> idle_;  // used last at the back
  Timer sweep_;
  bool closed_ = false;
};

// The exchange that reads a response's body from `connection`.
std::unique_ptr<ClientExchange> MakeClientExchange(
    std::unique_ptr<ClientConnection> connection, ResponseHead head,
    const ResponseFraming& framing, const ClientOptions& options,
    std::shared_ptr<IdleConnections> idle,
    std::shared_ptr<Canceller::Slot> slot);

}  // namespace cofferdam::http
