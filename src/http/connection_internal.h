#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "http/framing.h"
#include "http/server.h"
#include "http/stream_internal.h"

namespace cofferdam::http {

class Connection;

// What the connections of a server share. Kept alive by each of them.
struct ServerCore {
  ServerOptions options;
  Handler handler;
  std::atomic<bool> draining = false;
  std::atomic<bool> stopping = false;
  std::atomic<size_t> connections = 0;
  std::atomic<size_t> running = 0;  // exchanges in a handler

  // For each loop, its connections; touched on that loop only.
  std::vector<std::list<Connection*>> by_loop;

  // Coroutines of the server that have not ended, the listener's too.
  std::mutex mutex;
  std::condition_variable changed;
  size_t tasks = 0;
};

// Counts a coroutine among its core's tasks.
class TaskCount {
 public:
  explicit TaskCount(std::shared_ptr<ServerCore> core);
  ~TaskCount();
  TaskCount(const TaskCount&) = delete;
  TaskCount& operator=(const TaskCount&) = delete;

 private:
  std::shared_ptr<ServerCore> core_;
};

// {"type":"error","error":{"type":…,"message":…}}: both the Anthropic and the
// OpenAI clients find their message in it.
std::string ErrorBody(std::string_view type, std::string_view message);

// One client's connection: reads heads, calls the handler, and is the exchange
// that the handler sees.
class Connection final : public ServerExchange {
 public:
  Connection(ServerCore& core, Loop& loop, FileDescriptor fd);
  ~Connection();

  // Serves until the connection ends.
  Task<void> Run();
  // Answers 503 and ends.
  Task<void> TurnAway();

  // For Server, on the loop.
  void CloseIfIdle();
  void Cut();

  const RequestHead& request() const override { return request_; }
  const std::string& peer() const override { return peer_; }
  Loop& loop() override { return loop_; }
  Task<Result<std::string>> ReadBody(size_t bytes_max) override;
  Task<Status> Respond(ResponseHead head, std::string_view body) override;
  Task<Status> StartResponse(ResponseHead head,
                             std::optional<uint64_t> content_length) override;
  Task<Status> Write(std::string_view piece) override;
  Task<Status> Finish(std::string_view last_piece) override;
  void Abort() override;
  void OnClientGone(std::function<void()> gone) override;
  bool client_gone() const override { return client_gone_; }
  bool responded() const override { return response_ != ResponseState::kNone; }
  uint64_t bytes_sent() const override { return bytes_sent_; }

 private:
  enum class FillOutcome { kMoved, kEnd, kDeadline, kClosed };
  struct Filled {
    FillOutcome outcome;
    std::span<char> bytes;  // in the loop's scratch buffer
  };
  enum class BodyState { kUnread, kDone, kBroken };
  enum class ResponseState { kNone, kStarted, kFinished, kAborted };
  enum class ResponseBody { kNone, kLength, kChunked, kUntilClose };

  std::string_view in() const { return std::string_view(in_).substr(in_at_); }
  void Consume(size_t bytes);

  // On TLS: whether requests can be read now.
  // Not inlined, here and below: clang would put the frame of each coroutine
  // that is awaited into its caller's, and a stream that is open for an hour
  // would keep room for how it began and may end.
  [[gnu::noinline]] Task<bool> ShakeHands(int64_t timeout_ms);

  // Reading. Fill waits for bytes until the socket's deadline.
  Task<Filled> Fill();
  [[gnu::noinline]] Task<bool> ReadHead();
  Task<bool> TakeHead(std::string_view head, size_t bytes);
  Task<Status> ReadBodyInto(size_t bytes_max, std::string* body);
  Status TakeBody(std::span<char> bytes, size_t bytes_max, std::string* body);
  Task<Status> SendContinue();
  bool BodySettled();

  // Writing.
  std::string_view Date();
  Status BuildHead(const ResponseHead& head, std::string_view date,
                   ResponseBody body, uint64_t length);
  bool BodyAllowed(int status) const;
  Task<Status> Send(std::string_view a, std::string_view b = {},
                    std::string_view c = {});
  Task<Status> SendBody(std::string_view piece, bool last);
  void Flush();

  // Ends. Refuse answers a request that never became an exchange.
  [[gnu::noinline]] Task<void> Refuse(int status, std::string_view message);
  [[gnu::noinline]] Task<bool> EndExchange();
  [[gnu::noinline]] Task<void> Linger();
  void ReadAhead();
  void Gone();

  ServerCore& core_;
  Loop& loop_;
  std::list<Connection*>::iterator place_;
  Stream stream_;
  Socket& socket_;  // under stream_
  std::string peer_;
  // Null once this is destroyed; for work that is posted.
  std::shared_ptr<Connection*> self_;

  std::string in_;  // bytes that came beyond what was asked for
  size_t in_at_ = 0;
  bool idle_ = true;

  // Of the exchange that runs.
  RequestHead request_;
  RequestFraming framing_;
  BodyState body_state_ = BodyState::kUnread;
  uint64_t body_left_ = 0;
  std::optional<ChunkDecoder> chunks_;
  ResponseState response_ = ResponseState::kNone;
  ResponseBody response_body_ = ResponseBody::kNone;
  uint64_t response_left_ = 0;
  bool keep_alive_ = false;
  bool client_gone_ = false;
  bool sending_ = false;
  uint64_t bytes_sent_ = 0;
  std::string pending_;  // a response's head that has not left yet
  // Flushes the head once the handler lets the loop run.
  struct FlushSoon final : Soon {
    explicit FlushSoon(Connection& c) : connection(c) {}
    void Called() override { connection.Flush(); }
    Connection& connection;
  } flush_soon_{*this};
  Timer flush_timer_;
  std::function<void()> gone_;
};

}  // namespace cofferdam::http
