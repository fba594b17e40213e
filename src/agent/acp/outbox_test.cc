#include "agent/acp/outbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <string>
#include <thread>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

constexpr int64_t kNoStallMs = 60'000;

class OutboxTest : public testing::TestWithParam<bool> {
 protected:
  OutboxTest() {
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> fds{};
    const bool is_socket = GetParam();
    if (is_socket) {
      EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()),
                0);
    } else {
      EXPECT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
    }
    read_.Reset(fds[0]);
    write_.Reset(fds[1]);
  }

  std::string ReadBytes(size_t bytes) {
    std::string got;
    while (got.size() < bytes) {
      std::array<char, 4096> buffer{};
      const ssize_t now = read(read_.get(), buffer.data(),
                               std::min(buffer.size(), bytes - got.size()));
      if (now <= 0) break;
      got.append(buffer.data(), static_cast<size_t>(now));
    }
    return got;
  }

  FileDescriptor read_;
  FileDescriptor write_;
};

TEST_P(OutboxTest, LinesComeInOrder) {
  {
    Outbox outbox({write_.get(), 1 << 20, kNoStallMs}, [] {});
    for (int i = 0; i < 100; ++i) outbox.Send(std::to_string(i));
  }
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(ReadBytes(expected.size()), expected);
}

TEST_P(OutboxTest, WhoeverHasMuchToTellGoesNoFasterThanTheClientReads) {
  const std::string line(1 << 20, 'a');
  Outbox outbox({write_.get(), 1 << 20, kNoStallMs}, [] {});
  std::atomic<int> sent = 0;
  std::thread sender([&] {
    for (int i = 0; i < 20; ++i) {
      outbox.Send(line);
      ++sent;
    }
  });
  // Taken are one by the writer and one that waits; an answer has room still.
  while (sent < 2) std::this_thread::yield();
  outbox.Answer("an answer");
  EXPECT_LE(sent, 3);
  const size_t bytes = 20 * (line.size() + 1) + 10;
  EXPECT_EQ(ReadBytes(bytes).size(), bytes);
  sender.join();
}

TEST_P(OutboxTest, AClientThatIsGoneIsToldOfOnceAndHoldsNobodyUp) {
  std::promise<void> ended;
  Outbox outbox({write_.get(), 10, kNoStallMs}, [&] { ended.set_value(); });
  read_.Reset(-1);
  outbox.Send("a");
  ended.get_future().wait();
  EXPECT_EQ(outbox.end(), Outbox::End::kGone);
  for (int i = 0; i < 10; ++i) outbox.Send("0123456789");
}

TEST_P(OutboxTest, AClientThatReadsNothingForTooLongIsGone) {
  std::promise<void> ended;
  Outbox outbox({write_.get(), 10, 1}, [&] { ended.set_value(); });
  outbox.Send(std::string(4 << 20, 'a'));
  ended.get_future().wait();
  EXPECT_EQ(outbox.end(), Outbox::End::kStalled);
}

TEST_P(OutboxTest, TasksRunOnceTheirTimeHasComeInTheirOrder) {
  Outbox outbox({write_.get(), 10, kNoStallMs}, [] {});
  outbox.After(2, [&] { outbox.Send("second"); });
  outbox.After(0, [&] { outbox.Send("first"); });
  EXPECT_EQ(ReadBytes(13), "first\nsecond\n");
}

INSTANTIATE_TEST_SUITE_P(PipeAndSocket, OutboxTest, testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Socket" : "Pipe";
                         });

}  // namespace
}  // namespace cofferdam::agent
