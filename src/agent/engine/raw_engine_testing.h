#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"

// An engine of raw bytes for tests: each request gets the next answer, as it
// stands, piece by piece.
namespace cofferdam::agent {

struct RawAnswer {
  enum class End {
    kKeep,   // the connection serves the next request
    kClose,  // closed after the last piece
    kReset,  // reset after it
    kHold,   // held until the client goes
  };
  std::vector<std::string> pieces;
  End end = End::kKeep;
};

// A head and a body with its length, or in one chunk a piece.
inline RawAnswer WholeAnswer(int status, std::string_view body,
                             std::string_view headers = "") {
  return {{"HTTP/1.1 " + std::to_string(status) + " X\r\n" +
           std::string(headers) + "content-length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body)}};
}

inline std::string ChunkOf(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

inline RawAnswer StreamAnswer(const std::vector<std::string>& chunks,
                              RawAnswer::End end = RawAnswer::End::kKeep) {
  RawAnswer answer;
  answer.end = end;
  answer.pieces.push_back(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
      "x-cofferdam-exchange: 01TEST\r\ntransfer-encoding: chunked\r\n\r\n");
  for (const std::string& chunk : chunks) {
    answer.pieces.push_back(ChunkOf(chunk));
  }
  if (end == RawAnswer::End::kKeep) answer.pieces.push_back("0\r\n\r\n");
  return answer;
}

class RawEngine {
 public:
  explicit RawEngine(std::vector<RawAnswer> answers)
      : answers_(std::move(answers)) {
    listener_.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof(address)) == 0);
    CHECK(::listen(listener_.get(), 8) == 0);
    socklen_t size = sizeof(address);
    CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                        &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~RawEngine() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    {
      std::lock_guard lock(mutex_);
      if (peer_ >= 0) ::shutdown(peer_, SHUT_RDWR);
    }
    thread_.join();
  }
  RawEngine(const RawEngine&) = delete;
  RawEngine& operator=(const RawEngine&) = delete;

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
  }
  // Heads with bodies, as far as they were read.
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  size_t connections() {
    std::lock_guard lock(mutex_);
    return connections_;
  }
  // Of answers that were held.
  size_t clients_gone() {
    std::lock_guard lock(mutex_);
    return clients_gone_;
  }

 private:
  void Serve() {
    while (true) {
      FileDescriptor peer(
          ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer.valid()) return;
      const int on = 1;
      ::setsockopt(peer.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      {
        std::lock_guard lock(mutex_);
        ++connections_;
        peer_ = peer.get();
      }
      std::string in;
      while (ServeOne(peer, &in)) {
      }
      std::lock_guard lock(mutex_);
      peer_ = -1;
    }
  }

  bool ServeOne(FileDescriptor& peer, std::string* in) {
    if (!ReadRequest(peer.get(), in)) return false;
    RawAnswer answer;
    {
      std::lock_guard lock(mutex_);
      if (given_ >= answers_.size()) return false;
      answer = answers_[given_++];
    }
    for (const std::string& piece : answer.pieces) {
      if (::send(peer.get(), piece.data(), piece.size(), MSG_NOSIGNAL) < 0) {
        return false;
      }
    }
    if (answer.end == RawAnswer::End::kHold) {
      char byte;
      while (::recv(peer.get(), &byte, 1, 0) > 0) {
      }
      std::lock_guard lock(mutex_);
      ++clients_gone_;
    }
    if (answer.end == RawAnswer::End::kReset) {
      const linger now{1, 0};
      ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    return answer.end == RawAnswer::End::kKeep;
  }

  bool ReadRequest(int peer, std::string* in) {
    while (true) {
      const size_t head = in->find("\r\n\r\n");
      if (head != std::string::npos) {
        size_t length = 0;
        const size_t at = in->find("ontent-Length: ");
        const size_t lower = in->find("ontent-length: ");
        if (const size_t found = std::min(at, lower); found < head) {
          length = std::strtoul(in->c_str() + found + 15, nullptr, 10);
        }
        if (in->size() >= head + 4 + length) {
          std::lock_guard lock(mutex_);
          requests_.push_back(in->substr(0, head + 4 + length));
          in->erase(0, head + 4 + length);
          return true;
        }
      }
      char bytes[16384];
      const ssize_t got = ::recv(peer, bytes, sizeof(bytes), 0);
      if (got <= 0) return false;
      in->append(bytes, static_cast<size_t>(got));
    }
  }

  FileDescriptor listener_;
  uint16_t port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<RawAnswer> answers_;
  size_t given_ = 0;
  std::vector<std::string> requests_;
  size_t connections_ = 0;
  size_t clients_gone_ = 0;
  int peer_ = -1;
};

}  // namespace cofferdam::agent
