#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "http/raw_socket_testing_internal.h"
#include "http/run_task_testing.h"
#include "http/server.h"

namespace cofferdam::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// An upstream that a test scripts byte by byte, in a thread of its own.
class RawUpstream {
 public:
  explicit RawUpstream(std::function<void(RawListener&)> script)
      : thread_([this, script = std::move(script)] { script(listener_); }) {}
  ~RawUpstream() { thread_.join(); }
  Upstream upstream() const {
    return {.host = "127.0.0.1", .port = listener_.port()};
  }

 private:
  RawListener listener_;
  std::thread thread_;
};

// Takes one request without a body, then answers with `bytes` and closes.
std::function<void(RawListener&)> Answer(std::string bytes) {
  return [bytes](RawListener& listener) {
    RawSocket peer = listener.Accept();
    peer.ReceiveUntil("\r\n\r\n");
    peer.Send(bytes);
  };
}

RequestHead Request(std::string method = "GET", std::string target = "/") {
  RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  return head;
}

// What came of one exchange: the head, each piece, and how it ended.
struct Seen {
  Code code = Code::kInternal;
  std::string message;
  bool ok = false;
  ResponseHead head;
  std::optional<uint64_t> length;
  std::string body;
  bool complete_before_end = false;  // said so with the last piece
  bool reused = false;
};

Task<Seen> Exchange(ClientPool& clients, Loop& loop, RequestHead head,
                    std::string body) {
  Seen seen;
  auto sent = co_await clients.Send(loop, head, body);
  if (!sent.ok()) {
    seen.code = sent.error().code();
    seen.message = sent.error().message();
    co_return seen;
  }
  ClientExchange& exchange = **sent;
  seen.head = exchange.head();
  seen.length = exchange.content_length();
  seen.reused = exchange.reused();
  seen.complete_before_end = exchange.complete();
  while (true) {
    auto piece = co_await exchange.Read();
    if (!piece.ok()) {
      seen.code = piece.error().code();
      seen.message = piece.error().message();
      co_return seen;
    }
    if (piece->empty()) break;
    seen.body += *piece;
    seen.complete_before_end = exchange.complete();
  }
  CHECK(exchange.complete());
  seen.ok = true;
  co_return seen;
}

class ClientTest : public testing::Test {
 protected:
  std::unique_ptr<ClientPool> Pool(const Upstream& upstream,
                                   ClientOptions options = {}) {
    auto clients = ClientPool::Create(pool_, upstream, options);
    CHECK_OK(clients);
    return *std::move(clients);
  }
  Seen Ask(ClientPool& clients, RequestHead head = Request(),
           std::string body = "") {
    return RunTask(pool_, Exchange(clients, pool_.at(0), std::move(head),
                                   std::move(body)));
  }
  Seen Once(const RawUpstream& raw, ClientOptions options = {}) {
    auto clients = Pool(raw.upstream(), options);
    return Ask(*clients);
  }

  LoopPool pool_{1};
};

TEST_F(ClientTest, ReadsABodyOfKnownLength) {
  RawUpstream raw(
      Answer("HTTP/1.1 201 Created\r\nX-A: 1\r\n"
             "Content-Length: 5\r\n\r\nhello"));
  const Seen seen = Once(raw);
  ASSERT_TRUE(seen.ok) << seen.message;
  EXPECT_EQ(seen.head.status, 201);
  EXPECT_EQ(seen.head.headers.GetOrEmpty("x-a"), "1");
  EXPECT_EQ(seen.length, 5u);
  EXPECT_EQ(seen.body, "hello");
  EXPECT_TRUE(seen.complete_before_end);
}

TEST_F(ClientTest, ReadsAChunkedBody) {
  RawUpstream raw(
      Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
             "\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
  const Seen seen = Once(raw);
  ASSERT_TRUE(seen.ok) << seen.message;
  EXPECT_EQ(seen.length, std::nullopt);
  EXPECT_EQ(seen.body, "hello world");
  EXPECT_TRUE(seen.complete_before_end);
}

TEST_F(ClientTest, ReadsABodyThatEndsWithTheConnection) {
  RawUpstream raw(Answer("HTTP/1.1 200 OK\r\n\r\nhello"));
  const Seen seen = Once(raw);
  ASSERT_TRUE(seen.ok) << seen.message;
  EXPECT_EQ(seen.body, "hello");
  EXPECT_FALSE(seen.complete_before_end);
}

TEST_F(ClientTest, PassesOverInterimAnswers) {
  RawUpstream raw(
      Answer("HTTP/1.1 100 Continue\r\n\r\n"
             "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"));
  const Seen seen = Once(raw);
  EXPECT_EQ(seen.head.status, 200);
  EXPECT_EQ(seen.body, "a");
}

TEST_F(ClientTest, SendsHeadAndBodyAsGiven) {
  std::string got;
  Seen seen;
  std::string host;
  {
    RawUpstream raw([&](RawListener& listener) {
      RawSocket peer = listener.Accept();
      got = peer.ReceiveUntil("{}");
      peer.Send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    host = raw.upstream().authority();
    auto clients = Pool(raw.upstream());
    RequestHead head = Request("POST", "/v1/messages?beta=true");
    head.headers = {{"anthropic-Version", "2023-06-01"},
                    {"Content-Length", "99"},
                    {"Connection", "close"},
                    {"x-a", "\xc3\xa4"}};
    seen = Ask(*clients, std::move(head), "{}");
  }
  EXPECT_TRUE(seen.ok) << seen.message;
  EXPECT_EQ(got,
            "POST /v1/messages?beta=true HTTP/1.1\r\n"
            "anthropic-Version: 2023-06-01\r\nx-a: \xc3\xa4\r\nHost: " +
                host + "\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_F(ClientTest, ReportsBodiesThatAreCutShort) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n"}) {
    RawUpstream raw(Answer(answer));
    const Seen seen = Once(raw);
    EXPECT_FALSE(seen.ok);
    EXPECT_EQ(seen.code, Code::kCorrupt) << answer;
    EXPECT_EQ(seen.body, "hello");
    EXPECT_FALSE(seen.complete_before_end);
  }
}

TEST_F(ClientTest, ReportsAResetInTheBody) {
  RawUpstream raw([](RawListener& listener) {
    RawSocket peer = listener.Accept();
    peer.ReceiveUntil("\r\n\r\n");
    peer.Send("HTTP/1.1 200 OK\r\n\r\n");
    peer.Reset();
  });
  const Seen seen = Once(raw);
  EXPECT_FALSE(seen.ok);
}

TEST_F(ClientTest, ReportsAnswersThatAreNotHttp) {
  for (const char* answer :
       {"hello\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n", "\x15\x03\x01"}) {
    RawUpstream raw(Answer(answer));
    const Seen seen = Once(raw);
    EXPECT_EQ(seen.code, Code::kCorrupt) << answer;
    EXPECT_THAT(seen.message, HasSubstr("upstream 127.0.0.1:"));
  }
}

TEST_F(ClientTest, ReportsBrokenChunks) {
  RawUpstream raw(
      Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
             "\r\nxyz\r\n"));
  EXPECT_EQ(Once(raw).code, Code::kCorrupt);
}

TEST_F(ClientTest, LimitsTheHeadAtExactlyItsBytes) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  {
    RawUpstream raw(Answer(head));
    EXPECT_TRUE(Once(raw, {.head_bytes_max = head.size()}).ok);
  }
  RawUpstream raw(Answer(head));
  EXPECT_EQ(Once(raw, {.head_bytes_max = head.size() - 1}).code,
            Code::kCorrupt);
}

TEST_F(ClientTest, ReportsAPeerThatClosesWithoutAWord) {
  RawUpstream raw(Answer(""));
  const Seen seen = Once(raw);
  EXPECT_EQ(seen.code, Code::kUnavailable);
  EXPECT_THAT(seen.message, HasSubstr("closed the connection"));
}

TEST_F(ClientTest, ReportsAPortThatNobodyListensOn) {
  RawListener listener;
  const Upstream upstream{.host = "127.0.0.1", .port = listener.port()};
  listener.Close();
  auto clients = Pool(upstream);
  const Seen seen = Ask(*clients);
  EXPECT_EQ(seen.code, Code::kUnavailable);
  EXPECT_THAT(seen.message, HasSubstr("refused"));
}

TEST_F(ClientTest, ReportsANameWithoutAddress) {
  // A name that cannot be (RFC 6761).
  auto clients = Pool({.host = "nothing.invalid", .port = 80});
  const Seen seen = Ask(*clients);
  EXPECT_EQ(seen.code, Code::kUnavailable) << seen.message;
  EXPECT_THAT(seen.message, HasSubstr("look up nothing.invalid"));
}

TEST_F(ClientTest, FindsLocalhostByName) {
  RawUpstream raw(Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Upstream upstream = raw.upstream();
  upstream.host = "localhost";
  auto clients = Pool(upstream);
  const Seen seen = Ask(*clients);
  EXPECT_TRUE(seen.ok) << seen.message;
}

// Holds its connection, silent after `bytes`, until the test lets go.
class SilentUpstream {
 public:
  explicit SilentUpstream(std::string bytes)
      : raw_([this, bytes](RawListener& listener) {
          RawSocket peer = listener.Accept();
          peer.ReceiveUntil("\r\n\r\n");
          peer.Send(bytes);
          // Ends when the client closes.
          closed = peer.Receive() == "";
        }) {}
  Upstream upstream() const { return raw_.upstream(); }
  std::atomic<bool> closed = false;

 private:
  RawUpstream raw_;
};

TEST_F(ClientTest, WaitsForTheFirstByteOnlySoLong) {
  SilentUpstream silent("");
  auto clients = Pool(silent.upstream(), {.first_byte_timeout_ms = 20});
  EXPECT_EQ(Ask(*clients).code, Code::kDeadline);
}

TEST_F(ClientTest, WaitsForTheNextByteOnlySoLong) {
  SilentUpstream silent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  auto clients = Pool(silent.upstream(), {.idle_timeout_ms = 20});
  const Seen seen = Ask(*clients);
  EXPECT_EQ(seen.code, Code::kDeadline);
  EXPECT_EQ(seen.body, "abc");
}

Task<Code> SendCancelled(ClientPool& clients, Loop& loop) {
  Canceller canceller;
  Timer timer(loop);
  timer.Start(5, [&] { canceller.Cancel(); });
  const RequestHead head = Request();
  auto sent = co_await clients.Send(loop, head, "", &canceller);
  co_return sent.ok() ? Code::kInternal : sent.error().code();
}

TEST_F(ClientTest, CancelsAWaitForTheFirstByte) {
  SilentUpstream silent("");
  auto clients = Pool(silent.upstream());
  EXPECT_EQ(RunTask(pool_, SendCancelled(*clients, pool_.at(0))),
            Code::kCancelled);
}

Task<Code> ReadCancelled(ClientPool& clients, Loop& loop) {
  Canceller canceller;
  const RequestHead head = Request();
  auto sent = co_await clients.Send(loop, head, "", &canceller);
  CHECK_OK(sent);
  CHECK_OK(co_await (*sent)->Read());
  Timer timer(loop);
  timer.Start(5, [&] { canceller.Cancel(); });
  auto piece = co_await (*sent)->Read();
  co_return piece.ok() ? Code::kInternal : piece.error().code();
}

TEST_F(ClientTest, CancelsAWaitForTheNextByte) {
  SilentUpstream silent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  auto clients = Pool(silent.upstream());
  EXPECT_EQ(RunTask(pool_, ReadCancelled(*clients, pool_.at(0))),
            Code::kCancelled);
}

using Readiness = ClientExchange::Readiness;

// Sends what the test says, when it says so, until the test ends.
class SteppedUpstream {
 public:
  SteppedUpstream()
      : raw_([this](RawListener& listener) {
          RawSocket peer = listener.Accept();
          peer.ReceiveUntil("\r\n\r\n");
          std::unique_lock lock(mutex_);
          while (!ended_) {
            peer.Send(std::exchange(next_, {}));
            changed_.wait(lock, [&] { return !next_.empty() || ended_; });
          }
        }) {}
  ~SteppedUpstream() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  Upstream upstream() const { return raw_.upstream(); }
  void Send(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    next_ += bytes;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string next_;
  bool ended_ = false;
  RawUpstream raw_;
};

constexpr const char* kChunkedHead =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

Task<bool> WaitInSilence(ClientPool& clients, Loop& loop,
                         SteppedUpstream& upstream) {
  upstream.Send(kChunkedHead);
  const RequestHead head = Request();
  auto sent = co_await clients.Send(loop, head, "");
  CHECK_OK(sent);
  ClientExchange& exchange = **sent;
  // Longer than the idle timeout of 25 ms, which is Read's own.
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(co_await exchange.Ready(10), Readiness::kSilent);
  }
  // Framing alone is nothing that Read could return.
  upstream.Send("5\r\n");
  EXPECT_EQ(co_await exchange.Ready(10), Readiness::kSilent);
  upstream.Send("hello");
  EXPECT_EQ(co_await exchange.Ready(20'000), Readiness::kReady);
  EXPECT_EQ(co_await exchange.Ready(0), Readiness::kReady);
  EXPECT_FALSE(exchange.complete());
  auto piece = co_await exchange.Read();
  CHECK_OK(piece);
  EXPECT_EQ(*piece, "hello");
  // The end is something to read.
  upstream.Send("\r\n0\r\n\r\n");
  EXPECT_EQ(co_await exchange.Ready(20'000), Readiness::kReady);
  EXPECT_FALSE(exchange.complete());
  piece = co_await exchange.Read();
  CHECK_OK(piece);
  EXPECT_EQ(*piece, "");
  EXPECT_TRUE(exchange.complete());
  co_return co_await exchange.Ready(0) == Readiness::kReady;
}

TEST_F(ClientTest, SaysWhetherThereIsSomethingToRead) {
  SteppedUpstream upstream;
  auto clients = Pool(upstream.upstream(), {.idle_timeout_ms = 25});
  EXPECT_TRUE(RunTask(pool_, WaitInSilence(*clients, pool_.at(0), upstream)));
}

Task<Code> ReadAfterReady(ClientPool& clients, Loop& loop, bool cancel) {
  Canceller canceller;
  const RequestHead head = Request();
  auto sent = co_await clients.Send(loop, head, "", &canceller);
  CHECK_OK(sent);
  Timer timer(loop);
  if (cancel) timer.Start(5, [&] { canceller.Cancel(); });
  EXPECT_EQ(co_await (*sent)->Ready(20'000), Readiness::kReady);
  auto piece = co_await (*sent)->Read();
  co_return piece.ok() ? Code::kInternal : piece.error().code();
}

TEST_F(ClientTest, CancelsAWaitForSomethingToRead) {
  SilentUpstream silent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  auto clients = Pool(silent.upstream());
  EXPECT_EQ(RunTask(pool_, ReadAfterReady(*clients, pool_.at(0), true)),
            Code::kCancelled);
}

TEST_F(ClientTest, CallsAnErrorSomethingToRead) {
  RawUpstream raw(Answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"));
  auto clients = Pool(raw.upstream());
  EXPECT_EQ(RunTask(pool_, ReadAfterReady(*clients, pool_.at(0), false)),
            Code::kCorrupt);
}

Task<Code> ReadAfterSilence(ClientPool& clients, Loop& loop) {
  const RequestHead head = Request();
  auto sent = co_await clients.Send(loop, head, "");
  CHECK_OK(sent);
  EXPECT_EQ(co_await (*sent)->Ready(1), Readiness::kSilent);
  auto piece = co_await (*sent)->Read();
  co_return piece.ok() ? Code::kInternal : piece.error().code();
}

TEST_F(ClientTest, LimitsAReadAfterASilenceAsBefore) {
  SilentUpstream silent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  auto clients = Pool(silent.upstream(), {.idle_timeout_ms = 10});
  EXPECT_EQ(RunTask(pool_, ReadAfterSilence(*clients, pool_.at(0))),
            Code::kDeadline);
}

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(ClientTest, UsesAConnectionAgain) {
  RawUpstream raw([](RawListener& listener) {
    RawSocket peer = listener.Accept();
    for (int i = 0; i < 3; ++i) {
      peer.ReceiveUntil("\r\n\r\n");
      peer.Send(kOk);
    }
  });
  auto clients = Pool(raw.upstream());
  EXPECT_FALSE(Ask(*clients).reused);
  EXPECT_TRUE(Ask(*clients).reused);
  EXPECT_TRUE(Ask(*clients).reused);
}

TEST_F(ClientTest, SendsAgainWhenAKeptConnectionWasClosed) {
  std::atomic<int> requests = 0;
  RawUpstream raw([&](RawListener& listener) {
    RawSocket first = listener.Accept();
    first.ReceiveUntil("\r\n\r\n");
    ++requests;
    first.Send(kOk);
    // Takes the next request, and closes without one byte.
    first.ReceiveUntil("\r\n\r\n");
    first.Close();
    RawSocket second = listener.Accept();
    second.ReceiveUntil("\r\n\r\n");
    ++requests;
    second.Send(kOk);
  });
  auto clients = Pool(raw.upstream());
  EXPECT_TRUE(Ask(*clients).ok);
  const Seen seen = Ask(*clients);
  EXPECT_TRUE(seen.ok) << seen.message;
  EXPECT_FALSE(seen.reused);
  EXPECT_EQ(requests, 2);
}

TEST_F(ClientTest, DoesNotSendAgainAfterOneByteOfAnAnswer) {
  RawUpstream raw([](RawListener& listener) {
    RawSocket peer = listener.Accept();
    peer.ReceiveUntil("\r\n\r\n");
    peer.Send(kOk);
    peer.ReceiveUntil("\r\n\r\n");
    peer.Send("H");
  });
  auto clients = Pool(raw.upstream());
  EXPECT_TRUE(Ask(*clients).ok);
  EXPECT_EQ(Ask(*clients).code, Code::kUnavailable);
}

TEST_F(ClientTest, DropsAConnectionWithBytesBehindTheAnswer) {
  RawUpstream raw([](RawListener& listener) {
    for (int i = 0; i < 2; ++i) {
      RawSocket peer = listener.Accept();
      peer.ReceiveUntil("\r\n\r\n");
      peer.Send(std::string(kOk) + "HTTP/1.1 200 OK\r\n\r\nsmuggled");
      peer.Receive();
    }
  });
  auto clients = Pool(raw.upstream());
  EXPECT_EQ(Ask(*clients).body, "ok");
  const Seen second = Ask(*clients);
  EXPECT_FALSE(second.reused);
  EXPECT_EQ(second.body, "ok");
}

TEST_F(ClientTest, DropsIdleConnectionsAfterTheirTime) {
  RawUpstream raw([](RawListener& listener) {
    RawSocket peer = listener.Accept();
    peer.ReceiveUntil("\r\n\r\n");
    peer.Send(kOk);
    // The client closes it by itself.
    CHECK(peer.Receive() == "");
  });
  auto clients = Pool(raw.upstream(), {.idle_connection_ms = 10});
  EXPECT_TRUE(Ask(*clients).ok);
}

TEST_F(ClientTest, TakesAnAnswerThatComesBeforeTheWholeRequest) {
  RawUpstream raw([](RawListener& listener) {
    RawSocket peer = listener.Accept();
    peer.ReceiveUntil("\r\n\r\n");
    peer.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    // Does not read on; ends when the client resets the connection.
    pollfd end{peer.fd(), POLLRDHUP, 0};
    EXPECT_EQ(::poll(&end, 1, kTestWaitSeconds * 1000), 1);
    EXPECT_TRUE(end.revents & POLLERR);
  });
  auto clients = Pool(raw.upstream());
  const Seen seen = Ask(*clients, Request("POST"), std::string(32 << 20, 'x'));
  EXPECT_EQ(seen.head.status, 413) << seen.message;
}

// Against our own server: bodies of many sizes, both ways, as they were sent.
Task<void> EchoInPieces(ServerExchange& exchange) {
  auto body = co_await exchange.ReadBody(64 << 20);
  CHECK_OK(body);
  const bool chunked = exchange.request().target == "/chunked";
  CHECK_OK(co_await exchange.StartResponse(
      {}, chunked ? std::nullopt : std::optional<uint64_t>(body->size())));
  std::string_view left = *body;
  for (size_t size = 1; !left.empty(); size = size * 3 + 1) {
    CHECK_OK(co_await exchange.Write(left.substr(0, size)));
    left.remove_prefix(std::min(size, left.size()));
  }
  CHECK_OK(co_await exchange.Finish());
}

TEST_F(ClientTest, CarriesBodiesOfAnySizeUnchanged) {
  auto server = Server::Listen(pool_, "127.0.0.1:0", {}, EchoInPieces);
  ASSERT_TRUE(server.ok());
  auto url = Url::Parse((*server)->url());
  ASSERT_TRUE(url.ok());
  auto clients = Pool(Upstream::FromUrl(*url, ""));
  for (size_t size : {0, 1, 2047, 2048, 2049, 65535, 65536, 65537, 3 << 20}) {
    std::string body(size, '\0');
    for (size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 % 251);
    for (const char* target : {"/length", "/chunked"}) {
      const Seen seen = Ask(*clients, Request("POST", target), body);
      ASSERT_TRUE(seen.ok) << seen.message;
      EXPECT_EQ(seen.body, body) << size << target;
    }
  }
  (*server)->Stop();
}

TEST(Fetch, AsksAServerFromACommand) {
  LoopPool pool(1);
  char name[] = "/tmp/cofferdam-test-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const std::string address = "unix:" + std::string(name) + "/s";
  for (const std::string& where : {std::string("127.0.0.1:0"), address}) {
    auto server = Server::Listen(pool, where, {}, EchoInPieces);
    ASSERT_TRUE(server.ok()) << server.error().message();
    auto response = Fetch((*server)->url(), Request("POST", "/x"), "hello", {});
    ASSERT_TRUE(response.ok()) << response.error().message();
    EXPECT_EQ(response->head.status, 200);
    EXPECT_EQ(response->body, "hello");
    (*server)->Stop();
    auto gone = Fetch((*server)->url(), Request("POST", "/x"), "hello", {});
    EXPECT_EQ(gone.error().code(), Code::kUnavailable);
  }
  ::rmdir(name);
}

TEST(Fetch, PutsThePathOfTheServerFirst) {
  RawListener listener;
  std::string line;
  std::thread upstream([&] {
    RawSocket peer = listener.Accept();
    line = peer.ReceiveUntil("\r\n");
    peer.Send(kOk);
  });
  auto response = Fetch("http://" + listener.address() + "/base/",
                        Request("GET", "/x?y"), "", {});
  upstream.join();
  EXPECT_TRUE(response.ok());
  EXPECT_EQ(line, "GET /base/x?y HTTP/1.1\r\n");
}

TEST(Fetch, EndsInTime) {
  RawListener listener;  // never accepts
  auto response =
      Fetch("http://" + listener.address(), Request(), "", {.timeout_ms = 20});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), Code::kDeadline);
}

TEST(Fetch, LimitsTheResponse) {
  for (size_t limit : {2, 1}) {
    RawListener listener;
    std::thread upstream([&] {
      RawSocket peer = listener.Accept();
      peer.ReceiveUntil("\r\n\r\n");
      peer.Send(kOk);
    });
    auto response = Fetch("http://" + listener.address(), Request(), "",
                          {.response_bytes_max = limit});
    upstream.join();
    EXPECT_EQ(response.ok(), limit == 2);
    if (!response.ok()) {
      EXPECT_EQ(response.error().code(), Code::kTooLarge);
    }
  }
}

}  // namespace
}  // namespace cofferdam::http
