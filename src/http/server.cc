#include "http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "http/address_internal.h"
#include "http/connection_internal.h"
#include "http/loop_internal.h"

namespace cofferdam::http {
namespace {

constexpr int64_t kStopMs = 5'000;
// Before another try when the process has no descriptors left.
constexpr int64_t kAcceptAgainMs = 50;
// Connections over the limit that are being told so; more are just closed.
constexpr size_t kTurnedAwayMax = 64;

// Counts a connection while it is open.
class ConnectionCount {
 public:
  explicit ConnectionCount(ServerCore& core) : core_(core) {}
  ~ConnectionCount() { --core_.connections; }
  ConnectionCount(const ConnectionCount&) = delete;
  ConnectionCount& operator=(const ConnectionCount&) = delete;

 private:
  ServerCore& core_;
};

Task<void> Serve(std::shared_ptr<ServerCore> core, Loop& loop,
                 FileDescriptor fd, bool admitted) {
  TaskCount task(core);
  ConnectionCount count(*core);
  if (core->stopping) co_return;
  Connection connection(*core, loop, std::move(fd));
  if (admitted) {
    co_await connection.Run();
  } else {
    co_await connection.TurnAway();
  }
}

}  // namespace

class Server::Impl {
 public:
  Impl(LoopPool& pool, const ServerOptions& options, Handler handler)
      : pool_(pool), core_(std::make_shared<ServerCore>()) {
    core_->options = options;
    core_->handler = std::move(handler);
    core_->by_loop.resize(pool.size());
  }

  Status Listen(const std::string& address) {
    TRY_ASSIGN(FileDescriptor fd, OpenListener(address));
    // A long path is bound by another name.
    address_ = address.starts_with("unix:") ? address : BoundName(fd.get());
    Loop& loop = pool_.at(0);
    listener_ = std::make_shared<Listener>();
    // Counted from here on, so that Stop waits for it even before it started.
    loop.Spawn(Accept(core_, pool_, listener_, std::move(fd),
                      std::make_unique<TaskCount>(core_)));
    return {};
  }

  void StopListening() {
    if (!listener_) return;
    // An address of Unix sockets is free again at once.
    if (address_.starts_with("unix:")) ::unlink(address_.c_str() + 5);
    pool_.at(0).Post([listener = std::exchange(listener_, nullptr)] {
      listener->closed = true;
      if (listener->socket) listener->socket->Close();
    });
  }

  void OnEachLoop(void (Connection::*act)()) {
    for (size_t i = 0; i < pool_.size(); ++i) {
      pool_.at(i).Post([core = core_, i, act] {
        // `act` may end connections, but never inside the call.
        for (Connection* connection : core->by_loop[i]) (connection->*act)();
      });
    }
  }

  void WaitForTasks(int64_t timeout_ms) {
    std::unique_lock lock(core_->mutex);
    core_->changed.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                            [&] { return core_->tasks == 0; });
  }

  size_t Drain(int64_t deadline_ms) {
    core_->draining = true;
    StopListening();
    OnEachLoop(&Connection::CloseIfIdle);
    WaitForTasks(deadline_ms);
    const size_t cut = core_->running;
    Stop();
    return cut;
  }

  void Stop() {
    core_->draining = true;
    core_->stopping = true;
    StopListening();
    if (stopped_) return;
    stopped_ = true;
    OnEachLoop(&Connection::Cut);
    bool running = false;
    for (size_t i = 0; i < pool_.size(); ++i) {
      CHECK(!pool_.at(i).OnThread());
      running |= !pool_.at(i).state().stopped;
    }
    if (running) WaitForTasks(kStopMs);
  }

  const std::string& address() const { return address_; }
  size_t connections() const { return core_->connections; }
  bool tls() const { return core_->options.tls != nullptr; }

 private:
  struct Listener {
    std::unique_ptr<Socket> socket;
    bool closed = false;
  };

  static Task<void> Accept(std::shared_ptr<ServerCore> core, LoopPool& pool,
                           std::shared_ptr<Listener> listener,
                           FileDescriptor fd, std::unique_ptr<TaskCount>) {
    Loop& loop = pool.at(0);
    listener->socket = std::make_unique<Socket>(loop, std::move(fd));
    Socket& socket = *listener->socket;
    size_t next = 0;
    if (listener->closed) socket.Close();
    while (!socket.closed()) {
      FileDescriptor peer(::accept4(socket.fd(), nullptr, nullptr,
                                    SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (peer.valid()) {
        Admit(core, pool.at(next++ % pool.size()), std::move(peer));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        socket.SetNotReadable();
        co_await socket.Wait(kReadable);
      } else if (errno != ECONNABORTED && errno != EINTR) {
        co_await Sleep(loop, kAcceptAgainMs);
      }
    }
    listener->socket.reset();
  }

  static void Admit(const std::shared_ptr<ServerCore>& core, Loop& loop,
                    FileDescriptor fd) {
    const size_t open = core->connections.fetch_add(1);
    const size_t limit = core->options.connections_max;
    if (open >= limit + kTurnedAwayMax) {
      --core->connections;
      return;
    }
    loop.Spawn(Serve(core, loop, std::move(fd), open < limit));
  }

  LoopPool& pool_;
  std::shared_ptr<ServerCore> core_;
  std::shared_ptr<Listener> listener_;
  std::string address_;
  bool stopped_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(); }

Result<std::unique_ptr<Server>> Server::Listen(LoopPool& pool,
                                               const std::string& address,
                                               const ServerOptions& options,
                                               Handler handler) {
  auto impl = std::make_unique<Impl>(pool, options, std::move(handler));
  TRY(impl->Listen(address));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const { return impl_->address(); }

std::string Server::url() const {
  if (address().starts_with("unix:")) return address();
  return (impl_->tls() ? "https://" : "http://") + address();
}

size_t Server::connections() const { return impl_->connections(); }

size_t Server::Drain(int64_t deadline_ms) { return impl_->Drain(deadline_ms); }

void Server::Stop() { impl_->Stop(); }

}  // namespace cofferdam::http
