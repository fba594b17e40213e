#include "benches/fast_double.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benches/dialogue.h"
#include "benches/process.h"

namespace cofferdam::bench {
namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kHeadBytesMax = 16 << 10;

// What a frame of a streamed answer is on the wire; the first comes with the
// answer's head, the last with the end of the body.
struct Piece {
  std::string bytes;
  size_t stamp_at = kNowhere;
};

struct Client {
  int fd = -1;
  // Tells a client from an earlier one of the same descriptor.
  uint64_t number = 0;
  // The request: its head until it is whole, then the body's beginning.
  std::string head;
  std::string body_begin;
  size_t body_left = 0;
  bool in_body = false;
  // The answer: the next frame of a stream, kFrames when there is none.
  size_t next_frame = kFrames;
  Pace pace;
  uint64_t answer_id = 0;
  // What the socket did not take at once.
  std::string unsent;
};

// A frame that is to be sent at a time.
struct Due {
  int64_t at_ns;
  int fd;
  uint64_t client_number;
  bool operator>(const Due& other) const { return at_ns > other.at_ns; }
};

class Double {
 public:
  Double();
  [[noreturn]] void Serve();

 private:
  void Accept();
  void Close(Client* client);
  void Read(Client* client);
  // False when the request is not one that it can read.
  bool TakeBytes(Client* client, std::string_view bytes);
  bool TakeHead(Client* client);
  void Answer(Client* client);
  void SendWhole(Client* client);
  void SendCode(Client* client, int64_t seed);
  void SendFrame(Client* client);
  void SendRest(Client* client);
  void SendDueFrames();
  void SetTimer();
  void Release(Client* asking);
  void Send(Client* client, std::string_view bytes);
  void SendUnsent(Client* client);
  void Watch(int fd, uint32_t events, int operation) const;

  int epoll_ = -1;
  int listener_ = -1;
  int timer_ = -1;
  std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
  uint64_t clients_seen_ = 0;
  uint64_t answers_ = 0;
  std::vector<int> held_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::string whole_;
  size_t whole_id_at_ = 0;
  std::string code_;
  size_t code_head_bytes_ = 0;
  std::vector<Piece> pieces_;
  size_t stream_id_at_ = 0;
  std::string scratch_;
};

std::string HeadOfWhole(const AnswerText& answer) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
      "request-id: req_bench\r\ncontent-length: {}\r\n\r\n",
      answer.body.size());
}

Double::Double() : scratch_(kReadBytes, '\0') {
  whole_ = HeadOfWhole(WholeAnswer());
  whole_id_at_ = whole_.size() + WholeAnswer().id_at;
  whole_ += WholeAnswer().body;
  code_ = HeadOfWhole(CodeAnswer());
  code_head_bytes_ = code_.size();
  code_ += CodeAnswer().body;
  const AnswerText& stream = StreamedAnswer();
  size_t begin = 0;
  for (const AnswerText::Frame& frame : stream.frames) {
    Piece piece;
    if (begin == 0) {
      piece.bytes =
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
          "cache-control: no-cache\r\nrequest-id: req_bench\r\n"
          "transfer-encoding: chunked\r\n\r\n";
    }
    piece.bytes += fmt::format("{:x}\r\n", frame.end - begin);
    if (begin == 0) stream_id_at_ = piece.bytes.size() + stream.id_at;
    if (frame.stamp_at != kNowhere) {
      piece.stamp_at = piece.bytes.size() + frame.stamp_at - begin;
    }
    piece.bytes += stream.body.substr(begin, frame.end - begin) + "\r\n";
    begin = frame.end;
    if (begin == stream.body.size()) piece.bytes += "0\r\n\r\n";
    pieces_.push_back(std::move(piece));
  }
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (epoll_ < 0 || timer_ < 0 || listener_ < 0 ||
      bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, SOMAXCONN) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) !=
          0) {
    Fail(fmt::format("double: listen: {}", std::strerror(errno)));
  }
  Watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  Watch(timer_, EPOLLIN, EPOLL_CTL_ADD);
  fmt::print("{}\n", ntohs(address.sin_port));
  std::fflush(stdout);
}

void Double::Watch(int fd, uint32_t events, int operation) const {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_, operation, fd, &event);
}

void Double::Serve() {
  epoll_event events[256];
  while (true) {
    int count = epoll_wait(epoll_, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener_) {
        Accept();
      } else if (fd == timer_) {
        SendDueFrames();
      } else if (Client* client = clients_[static_cast<size_t>(fd)].get()) {
        if ((events[i].events & EPOLLOUT) != 0) SendUnsent(client);
        if ((events[i].events & ~uint32_t{EPOLLOUT}) != 0) Read(client);
      }
    }
  }
}

void Double::Accept() {
  int fd;
  while ((fd = accept4(listener_, nullptr, nullptr,
                       SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (clients_.size() <= static_cast<size_t>(fd)) {
      clients_.resize(static_cast<size_t>(fd) + 1);
    }
    auto client = std::make_unique<Client>();
    client->fd = fd;
    client->number = ++clients_seen_;
    clients_[static_cast<size_t>(fd)] = std::move(client);
    Watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

void Double::Close(Client* client) {
  close(client->fd);
  clients_[static_cast<size_t>(client->fd)].reset();
}

void Double::Read(Client* client) {
  ssize_t got = recv(client->fd, scratch_.data(), scratch_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0 ||
      !TakeBytes(client, {scratch_.data(), static_cast<size_t>(got)})) {
    Close(client);
  }
}

bool Double::TakeBytes(Client* client, std::string_view bytes) {
  if (!client->in_body) {
    client->head += bytes;
    size_t end = client->head.find("\r\n\r\n");
    if (end == std::string::npos) return client->head.size() < kHeadBytesMax;
    bytes.remove_prefix(end + 4 - (client->head.size() - bytes.size()));
    client->head.resize(end + 2);
    if (!TakeHead(client)) return false;
  }
  // None of its clients sends a request before it has its answer.
  if (bytes.size() > client->body_left) return false;
  client->body_left -= bytes.size();
  size_t room = kPlanBytesMax - client->body_begin.size();
  client->body_begin += bytes.substr(0, room);
  if (client->body_left == 0) Answer(client);
  return true;
}

// Finds the length of the body.
bool Double::TakeHead(Client* client) {
  constexpr std::string_view kLength = "content-length:";
  std::string_view head = client->head;
  client->in_body = true;
  client->body_left = 0;
  for (size_t at = head.find("\r\n") + 2; at < head.size();) {
    std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    at += line.size() + 2;
    if (line.size() < kLength.size() ||
        strncasecmp(line.data(), kLength.data(), kLength.size()) != 0) {
      continue;
    }
    line.remove_prefix(kLength.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    auto read = std::from_chars(line.data(), line.data() + line.size(),
                                client->body_left);
    return read.ec == std::errc();
  }
  return true;
}

void Double::Answer(Client* client) {
  const RequestPlan plan = ReadPlan(client->body_begin);
  const bool release = client->head.starts_with("POST /release ");
  client->head.clear();
  client->body_begin.clear();
  client->in_body = false;
  client->answer_id = ++answers_;
  if (release) {
    Release(client);
  } else if (plan.code_seed >= 0) {
    SendCode(client, plan.code_seed);
  } else if (!plan.stream) {
    SendWhole(client);
  } else {
    client->next_frame = 0;
    client->pace = plan.pace;
    const size_t now = plan.pace.held                     ? kHeldFrames
                       : plan.pace.frame_interval_us == 0 ? kFrames
                                                          : 1;
    while (client->next_frame < now) SendFrame(client);
    if (plan.pace.held) {
      held_.push_back(client->fd);
    } else if (client->next_frame < kFrames) {
      due_.push({SteadyNanos() + plan.pace.frame_interval_us * 1000, client->fd,
                 client->number});
      SetTimer();
    }
  }
}

void Double::SendWhole(Client* client) {
  PutDigits(&whole_[whole_id_at_], kIdDigits, client->answer_id);
  Send(client, whole_);
}

void Double::SendCode(Client* client, int64_t seed) {
  const auto& digits = CodeAnswer().digits;
  for (size_t i = 0; i < digits.size(); ++i) {
    PutDigits(&code_[code_head_bytes_ + digits[i].at], digits[i].count,
              i == 0 ? client->answer_id : CodeNumber(seed, i));
  }
  Send(client, code_);
}

void Double::SendFrame(Client* client) {
  const size_t index = client->next_frame++;
  Piece& piece = pieces_[index];
  if (index == 0) {
    PutDigits(&piece.bytes[stream_id_at_], kIdDigits, client->answer_id);
  }
  if (piece.stamp_at != kNowhere) {
    PutDigits(&piece.bytes[piece.stamp_at], kStampDigits,
              static_cast<uint64_t>(SteadyNanos()));
  }
  Send(client, piece.bytes);
}

// What is left of a held stream, in one send: nobody measures it.
void Double::SendRest(Client* client) {
  std::string rest;
  for (; client->next_frame < kFrames; ++client->next_frame) {
    rest += pieces_[client->next_frame].bytes;
  }
  Send(client, rest);
}

void Double::SendDueFrames() {
  uint64_t expirations;
  ssize_t ignored = read(timer_, &expirations, sizeof(expirations));
  static_cast<void>(ignored);
  while (!due_.empty() && due_.top().at_ns <= SteadyNanos()) {
    Due due = due_.top();
    due_.pop();
    Client* client = clients_[static_cast<size_t>(due.fd)].get();
    if (client == nullptr || client->number != due.client_number) continue;
    SendFrame(client);
    if (client->next_frame == kFrames) continue;
    due.at_ns += client->pace.frame_interval_us * 1000;
    due_.push(due);
  }
  SetTimer();
}

void Double::SetTimer() {
  if (due_.empty()) return;
  itimerspec at = {};
  at.it_value.tv_sec = due_.top().at_ns / 1'000'000'000;
  at.it_value.tv_nsec = due_.top().at_ns % 1'000'000'000;
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr);
}

void Double::Release(Client* asking) {
  for (int fd : std::exchange(held_, {})) {
    Client* client = clients_[static_cast<size_t>(fd)].get();
    if (client != nullptr && client->pace.held) SendRest(client);
  }
  SendWhole(asking);
}

void Double::Send(Client* client, std::string_view bytes) {
  if (client->unsent.empty()) {
    ssize_t sent = send(client->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size())) return;
    // A peer that is gone is noticed where it is read.
    if (sent < 0 && errno != EAGAIN) return;
    bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
    Watch(client->fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }
  client->unsent += bytes;
}

void Double::SendUnsent(Client* client) {
  std::string bytes = std::exchange(client->unsent, {});
  Watch(client->fd, EPOLLIN, EPOLL_CTL_MOD);
  Send(client, bytes);
}

}  // namespace

void RunDouble() { Double().Serve(); }

}  // namespace cofferdam::bench
