#include "benches/load.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "benches/http_answer.h"
#include "benches/process.h"

namespace cofferdam::bench {
namespace {

constexpr size_t kReadBytes = 256 << 10;
// Connections whose answer has not begun, while held streams are opened.
constexpr int kOpeningMax = 256;
// Nothing in a bench may be silent for longer.
constexpr int kSilenceMsMax = 20'000;

double CpuMicros() {
  timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e6 +
         static_cast<double>(used.tv_nsec) / 1e3;
}

int Connect(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail(fmt::format("load: socket: {}", std::strerror(errno)));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    Fail(fmt::format("load: connect to port {}: {}", port,
                     std::strerror(errno)));
  }
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

// Whether `body` is `expected` with digits in the places of digits.
bool SameButForDigits(std::string_view body, const AnswerText& expected) {
  std::string_view want = expected.body;
  if (body.size() != want.size()) return false;
  size_t begin = 0;
  for (const auto& [at, count] : expected.digits) {
    if (body.substr(begin, at - begin) != want.substr(begin, at - begin) ||
        !ReadDigits(body.substr(at, count))) {
      return false;
    }
    begin = at + count;
  }
  return body.substr(begin) == want.substr(begin);
}

struct Connection {
  int fd = -1;
  std::string_view request;
  size_t sent_bytes = 0;
  int64_t begin_ns = 0;
  int64_t first_ns = 0;
  size_t frames = 0;  // that have arrived
  HttpAnswer answer;
};

class Driver {
 public:
  explicit Driver(const Load& load);
  ~Driver();
  Measured Run();

 private:
  void Open(Connection* connection);
  // Sends the next request, or closes the connection when there is none.
  void Next(Connection* connection);
  void Send(Connection* connection);
  void Receive(Connection* connection);
  void NoteFrames(Connection* connection, int64_t now_ns);
  void Finish(Connection* connection, bool ok, int64_t now_ns);
  void NoteHeld();
  void Watch(Connection* connection, uint32_t events, int operation) const;

  const Load& load_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  size_t opened_ = 0;
  int opening_ = 0;
  int held_ = 0;
  int left_ = 0;     // not sent yet
  int waiting_ = 0;  // sent, without an end
  Measured measured_;
  std::string scratch_;
};

Driver::Driver(const Load& load)
    : load_(load),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      connections_(static_cast<size_t>(load.connections)),
      left_(load.requests),
      scratch_(kReadBytes, '\0') {
  measured_.total_us.reserve(static_cast<size_t>(load.requests));
  measured_.first_us.reserve(static_cast<size_t>(load.requests));
  if (load_.when_all_held) return;
  for (Connection& connection : connections_) Open(&connection);
  opened_ = connections_.size();
}

Driver::~Driver() {
  for (Connection& connection : connections_) {
    if (connection.fd >= 0) close(connection.fd);
  }
  close(epoll_);
}

void Driver::Watch(Connection* connection, uint32_t events,
                   int operation) const {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = connection;
  epoll_ctl(epoll_, operation, connection->fd, &event);
}

void Driver::Open(Connection* connection) {
  connection->fd = Connect(load_.port);
  Watch(connection, EPOLLIN, EPOLL_CTL_ADD);
}

Measured Driver::Run() {
  const double cpu_before = CpuMicros();
  const int64_t begin = SteadyNanos();
  for (size_t i = 0; i < opened_; ++i) Next(&connections_[i]);
  epoll_event events[256];
  while (left_ > 0 || waiting_ > 0) {
    while (opened_ < connections_.size() && opening_ < kOpeningMax) {
      Connection* connection = &connections_[opened_++];
      ++opening_;
      Open(connection);
      Next(connection);
    }
    int count = epoll_wait(epoll_, events, 256, kSilenceMsMax);
    if (count == 0) {
      Fail(fmt::format("load: {} requests on port {} have no answer", waiting_,
                       load_.port));
    }
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if ((events[i].events & EPOLLOUT) != 0) {
        Watch(connection, EPOLLIN, EPOLL_CTL_MOD);
        Send(connection);
      }
      if ((events[i].events & ~uint32_t{EPOLLOUT}) != 0) Receive(connection);
    }
  }
  measured_.seconds = static_cast<double>(SteadyNanos() - begin) / 1e9;
  measured_.cpu_us = CpuMicros() - cpu_before;
  return std::move(measured_);
}

void Driver::Next(Connection* connection) {
  if (left_ == 0) {
    close(std::exchange(connection->fd, -1));
    return;
  }
  connection->request =
      load_.each_request.empty()
          ? load_.request
          : load_.each_request[static_cast<size_t>(load_.requests - left_)];
  --left_;
  ++waiting_;
  ++measured_.sent;
  connection->answer.Clear();
  connection->sent_bytes = 0;
  connection->first_ns = 0;
  connection->frames = 0;
  connection->begin_ns = SteadyNanos();
  Send(connection);
}

void Driver::Send(Connection* connection) {
  std::string_view rest = connection->request.substr(connection->sent_bytes);
  ssize_t sent = send(connection->fd, rest.data(), rest.size(),
                      MSG_NOSIGNAL | MSG_DONTWAIT);
  // A peer that is gone is noticed where it is read.
  if (sent < 0 && errno != EAGAIN) return;
  connection->sent_bytes += static_cast<size_t>(std::max<ssize_t>(sent, 0));
  if (connection->sent_bytes < connection->request.size()) {
    Watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }
}

void Driver::Receive(Connection* connection) {
  ssize_t got =
      recv(connection->fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const int64_t now_ns = SteadyNanos();
  if (got <= 0) {
    Finish(connection, false, now_ns);
    return;
  }
  HttpAnswer& answer = connection->answer;
  auto state = answer.Take({scratch_.data(), static_cast<size_t>(got)});
  if (connection->first_ns == 0 && !answer.body().empty()) {
    connection->first_ns = now_ns;
  }
  NoteFrames(connection, now_ns);
  if (state == HttpAnswer::State::kGoesOn) return;
  Finish(connection,
         state == HttpAnswer::State::kWhole && answer.status() == 200 &&
             SameButForDigits(answer.body(), *load_.expected),
         now_ns);
}

void Driver::NoteFrames(Connection* connection, int64_t now_ns) {
  const std::string& body = connection->answer.body();
  const auto& frames = load_.expected->frames;
  const size_t before = connection->frames;
  size_t& next = connection->frames;
  for (; next < frames.size() && body.size() >= frames[next].end; ++next) {
    if (frames[next].stamp_at == kNowhere) continue;
    auto sent_ns = ReadDigits(
        std::string_view(body).substr(frames[next].stamp_at, kStampDigits));
    if (!sent_ns) continue;
    measured_.frame_us.push_back(
        static_cast<double>(now_ns - static_cast<int64_t>(*sent_ns)) / 1e3);
  }
  if (load_.when_all_held && before < kHeldFrames && next >= kHeldFrames) {
    NoteHeld();
  }
}

void Driver::NoteHeld() {
  --opening_;
  if (++held_ == load_.connections) load_.when_all_held();
}

void Driver::Finish(Connection* connection, bool ok, int64_t now_ns) {
  --waiting_;
  if (ok) {
    measured_.total_us.push_back(
        static_cast<double>(now_ns - connection->begin_ns) / 1e3);
    measured_.first_us.push_back(
        static_cast<double>(connection->first_ns - connection->begin_ns) / 1e3);
  } else {
    ++measured_.failed;
    if (load_.when_all_held && connection->frames < kHeldFrames) NoteHeld();
    close(connection->fd);
    Open(connection);
  }
  Next(connection);
}

}  // namespace

Measured Drive(const Load& load) { return Driver(load).Run(); }

bool DriveOne(uint16_t port, const std::string& request) {
  int fd = Connect(port);
  HttpAnswer answer;
  bool sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(request.size());
  auto state = HttpAnswer::State::kGoesOn;
  char buffer[4096];
  while (sent && state == HttpAnswer::State::kGoesOn) {
    ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    if (got <= 0) break;
    state = answer.Take({buffer, static_cast<size_t>(got)});
  }
  close(fd);
  return state == HttpAnswer::State::kWhole && answer.status() == 200;
}

}  // namespace cofferdam::bench
