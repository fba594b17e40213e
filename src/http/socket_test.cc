#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <string>

#include "http/run_task_testing.h"
#include "http/socket_internal.h"

namespace cofferdam::http {
namespace {

// Two ends of a connection: one for a loop, one for the test.
struct Pair {
  Pair() {
    int fds[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    ours = FileDescriptor(fds[0]);
    theirs = FileDescriptor(fds[1]);
  }
  void Send(std::string_view bytes) {
    CHECK(::send(theirs.get(), bytes.data(), bytes.size(), 0) ==
          static_cast<ssize_t>(bytes.size()));
  }
  FileDescriptor ours;
  FileDescriptor theirs;
};

Task<std::string> ReadToTheEnd(Loop& loop, Pair& pair) {
  Socket socket(loop, std::move(pair.ours));
  socket.SetDeadline(20'000);
  std::string all;
  char bytes[1000];
  while (true) {
    const Woken woken = co_await socket.Wait(kReadable);
    if (woken != Woken::kReady) co_return all + "<late>";
    const IoStep step = socket.TryRead(bytes, sizeof(bytes));
    if (step.outcome == IoOutcome::kEnd) co_return all;
    if (step.outcome == IoOutcome::kMoved) all.append(bytes, step.bytes);
  }
}

TEST(Socket, SeesAnEndThatCameTogetherWithBytes) {
  LoopPool pool(1);
  Pair pair;
  // One edge for both, and a first read that does not fill its buffer.
  pair.Send("hello");
  pair.theirs.Reset(-1);
  EXPECT_EQ(RunTask(pool, ReadToTheEnd(pool.at(0), pair)), "hello");
}

Task<std::string> ReadByteByByte(Loop& loop, Pair& pair, int times) {
  Socket socket(loop, std::move(pair.ours));
  std::string all;
  char byte;
  for (int i = 0; i < times; ++i) {
    // Only the first wait waits: the kernel tells of the bytes once.
    socket.SetDeadline(20'000);
    if (co_await socket.Wait(kReadable) != Woken::kReady) co_return "<late>";
    if (socket.TryRead(&byte, 1).outcome == IoOutcome::kMoved) all += byte;
  }
  socket.SetDeadline(1);
  const IoStep none = socket.TryRead(&byte, 1);
  EXPECT_EQ(none.outcome, IoOutcome::kAgain);
  EXPECT_FALSE(socket.ReadableMaybe());
  EXPECT_EQ(co_await socket.Wait(kReadable), Woken::kDeadline);
  co_return all;
}

TEST(Socket, RemembersWhatItHasNotReadYet) {
  LoopPool pool(1);
  Pair pair;
  pair.Send("hello");
  EXPECT_EQ(RunTask(pool, ReadByteByByte(pool.at(0), pair, 5)), "hello");
}

Task<std::string> WatchWhileAWriteWaits(Loop& loop, Pair& pair) {
  Socket socket(loop, std::move(pair.ours));
  std::string told;
  std::string bytes(1 << 20, 'x');
  while (true) {
    iovec piece{bytes.data(), bytes.size()};
    if (socket.TryWrite({&piece, 1}).outcome == IoOutcome::kAgain) break;
  }
  socket.Watch([&] { told += "watch "; });
  socket.SetDeadline(20'000);
  // The peer reads everything and then writes: both come to pass.
  loop.Post([&] {
    while (::recv(pair.theirs.get(), bytes.data(), bytes.size(), 0) > 0) {
    }
    pair.Send("x");
  });
  if (co_await socket.Wait(kWritable) == Woken::kReady) told += "write ";
  for (int i = 0; i < 2000 && told.size() < 12; ++i) co_await Sleep(loop, 1);
  co_return told;
}

TEST(Socket, TellsWhoWatchesAndWhoWaits) {
  LoopPool pool(1);
  Pair pair;
  const std::string told =
      RunTask(pool, WatchWhileAWriteWaits(pool.at(0), pair));
  EXPECT_NE(told.find("watch"), std::string::npos);
  EXPECT_NE(told.find("write"), std::string::npos);
}

Task<Woken> CloseWhileWaiting(Loop& loop, Pair& pair) {
  Socket socket(loop, std::move(pair.ours));
  bool inside = true;
  loop.Post([&] {
    socket.Close();
    inside = false;
  });
  const Woken woken = co_await socket.Wait(kReadable);
  // Never inside Close.
  EXPECT_FALSE(inside);
  co_return woken;
}

TEST(Socket, EndsAWaitWhenItIsClosed) {
  LoopPool pool(1);
  Pair pair;
  EXPECT_EQ(RunTask(pool, CloseWhileWaiting(pool.at(0), pair)), Woken::kClosed);
}

Task<int> CloseEachOther(Loop& loop, Pair& a, Pair& b) {
  // Both have bytes when the loop looks, so that both stand in one batch: the
  // first to be told destroys the other.
  auto first = std::make_unique<Socket>(loop, std::move(a.ours));
  auto second = std::make_unique<Socket>(loop, std::move(b.ours));
  auto [promise, future] = MakePromise<void>(loop);
  int told = 0;
  auto done = std::make_shared<Promise<void>>(std::move(promise));
  first->Watch([&, done] {
    ++told;
    second.reset();
    done->Set({});
  });
  second->Watch([&, done] {
    ++told;
    first.reset();
    done->Set({});
  });
  loop.Post([&] {
    a.Send("x");
    b.Send("x");
  });
  CHECK_OK(co_await future.Wait(20'000));
  co_await Sleep(loop, 1);
  co_return told;
}

TEST(Socket, HearsNothingOnceItIsGone) {
  LoopPool pool(1);
  Pair a;
  Pair b;
  EXPECT_EQ(RunTask(pool, CloseEachOther(pool.at(0), a, b)), 1);
}

}  // namespace
}  // namespace cofferdam::http
