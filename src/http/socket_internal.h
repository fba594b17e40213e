#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/file.h"
#include "base/result.h"
#include "http/loop.h"
#include "http/loop_internal.h"
#include "http/task.h"

namespace cofferdam::http {

enum class IoOutcome {
  kMoved,   // `bytes` of them, at least 1
  kEnd,     // the peer has closed its sending side
  kAgain,   // nothing now: wait
  kFailed,  // `error` is an errno value
};
struct IoStep {
  IoOutcome outcome = IoOutcome::kAgain;
  size_t bytes = 0;
  int error = 0;
};

enum Interest : uint8_t { kReadable = 1, kWritable = 2 };
enum class Woken { kReady, kDeadline, kClosed };

// A connected (or listening) stream socket on one loop: system calls that never
// block, and one wait at a time. The kernel is told once to report every edge,
// and what it said is remembered, so that a wait costs no system call of its
// own and an idle connection notices its peer leaving. One deadline at a time;
// setting it is cheap.
class Socket final : private Polled, private Soon {
 public:
  // Takes a non-blocking socket.
  Socket(Loop& loop, FileDescriptor fd);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Loop& loop() { return loop_; }
  int fd() const { return fd_.get(); }
  bool closed() const { return closed_; }

  IoStep TryRead(char* data, size_t size);
  // Changes `pieces` to what is left.
  IoStep TryWrite(std::span<iovec> pieces);

  // What the last read says about the next: false after one that did not fill
  // its buffer.
  bool ReadableMaybe() const { return ready_ & kReadable; }
  void SetNotReadable();
  // The next wait or watch for reading ends at once.
  void SetReadableMaybe() { ready_ |= kReadable; }

  class WaitAwaiter {
   public:
    WaitAwaiter(Socket& socket, unsigned interest)
        : socket_(socket), interest_(interest) {}
    bool await_ready() const;
    void await_suspend(std::coroutine_handle<> handle);
    Woken await_resume();

   private:
    Socket& socket_;
    unsigned interest_;
  };
  // Until the socket can do one of `interest` (a set of Interest), the deadline
  // passes, or it is closed here.
  WaitAwaiter Wait(unsigned interest) { return {*this, interest}; }
  // Lets a wait that runs go on at once, with kClosed, once. From outside it.
  void Wake();

  // Calls `readable` on the loop when bytes or an end can be read while nobody
  // waits; once. Null: no longer.
  void Watch(std::function<void()> readable);

  // A negative value means none.
  void SetDeadline(int64_t delay_ms);

  // Closes now. A wait goes on, with kClosed, but not inside this call.
  void Close();
  // The same with a reset instead of an end.
  void Reset();
  void ShutdownWrite();

 private:
  void Happened(uint32_t events) override;
  void Called() override { Tell(); }
  void Tell();
  void Resume();
  void StartTimer(int64_t delay_us);

  Loop& loop_;
  FileDescriptor fd_;
  bool closed_ = false;
  bool ended_ = false;  // the peer has closed or broken it
  bool woken_ = false;
  bool late_ = false;
  uint8_t ready_ = 0;     // seen, not yet used up: a set of Interest
  uint8_t interest_ = 0;  // of the waiter
  bool* gone_ = nullptr;  // set when this goes while it calls
  std::coroutine_handle<> waiter_;
  std::function<void()> watch_;
  int64_t deadline_us_ = -1;
  int64_t timer_at_us_ = 0;
  Timer timer_;
};

// Takes `bytes` off the front of `pieces`.
void Advance(std::span<iovec> pieces, size_t bytes);

// "127.0.0.1:50312" of the other end, "unix" for Unix sockets.
std::string PeerName(int fd);
// For TCP: no delay of small writes, and probes of a peer that is silent, so
// that one that vanished without a word is noticed within minutes, also in
// waits that have no deadline of their own. Connections have what their
// listener had.
void SetTcpOptions(int fd);

}  // namespace cofferdam::http
