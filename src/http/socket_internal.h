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

enum Interest : unsigned { kReadable = 1, kWritable = 2 };
enum class Woken { kReady, kDeadline, kClosed };

// A connected (or listening) stream socket on one loop: system calls that never
// block, and one wait at a time. A wait for reading stays armed in the kernel
// until something comes, across requests, so that an idle connection notices
// its peer leaving at no extra cost. One deadline at a time; setting it is
// cheap.
class Socket {
 public:
  // Takes a non-blocking socket.
  Socket(Loop& loop, FileDescriptor fd);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Loop& loop() { return loop_; }
  int fd() const;
  bool closed() const;

  IoStep TryRead(char* data, size_t size);
  // Changes `pieces` to what is left.
  IoStep TryWrite(std::span<iovec> pieces);

  // What the last read says about the next: false after one that did not fill
  // its buffer.
  bool ReadableMaybe() const;
  void SetNotReadable();
  // The next wait or watch for reading ends at once.
  void SetReadableMaybe();

  struct State;
  class WaitAwaiter {
   public:
    WaitAwaiter(State& state, unsigned interest)
        : state_(state), interest_(interest) {}
    bool await_ready();
    void await_suspend(std::coroutine_handle<> handle);
    Woken await_resume();

   private:
    State& state_;
    unsigned interest_;
  };
  // Until the socket can do one of `interest` (a set of Interest), the deadline
  // passes, or it is closed here.
  WaitAwaiter Wait(unsigned interest);
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
  Loop& loop_;
  std::shared_ptr<State> state_;
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
