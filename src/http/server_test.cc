#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <string>

#include "http/client.h"
#include "http/raw_socket_testing_internal.h"

namespace cofferdam::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Answers "METHOD target body-size" with the body's bytes behind.
Task<void> Echo(ServerExchange& exchange) {
  auto body = co_await exchange.ReadBody(1 << 20);
  ResponseHead head;
  std::string text;
  if (body.ok()) {
    text = exchange.request().method + " " + exchange.request().target + " " +
           std::to_string(body->size()) + " " + *body;
  } else {
    head.status = HttpStatus(body.error().code());
    text = body.error().message();
  }
  (void)co_await exchange.Respond(std::move(head), text);
}

class ServerTest : public testing::Test {
 protected:
  void Start(Handler handler, ServerOptions options = {}) {
    options.clock = &clock_;
    auto server =
        Server::Listen(pool_, "127.0.0.1:0", options, std::move(handler));
    ASSERT_TRUE(server.ok()) << server.error().message();
    server_ = *std::move(server);
  }
  RawSocket Connect() { return RawSocket::Connect(server_->address()); }
  // The answer to `bytes`, after which nothing is sent.
  std::string Ask(std::string_view bytes) {
    RawSocket client = Connect();
    client.Send(bytes);
    return client.ReceiveAll();
  }

  FixedClock clock_{0};
  LoopPool pool_{2};
  std::unique_ptr<Server> server_;
};

// With the clock of these tests.
const std::string kDate = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";

TEST_F(ServerTest, AnswersARequest) {
  Start(Echo);
  EXPECT_EQ(Ask("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                "Connection: close\r\n\r\nhello"),
            "HTTP/1.1 200 OK\r\n" + kDate +
                "Content-Length: 17\r\nConnection: close\r\n"
                "\r\nPOST /a?b 5 hello");
}

TEST_F(ServerTest, ServesPipelinedRequestsInTurn) {
  Start(Echo);
  const std::string answer =
      Ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
          "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n0\r\n\r\n"
          "POST /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
          "GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("GET /1 0 HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("POST /2 3 abcHTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("POST /3 2 hiHTTP/1.1 200"));
  EXPECT_THAT(answer, EndsWith("GET /4 0 "));
}

TEST_F(ServerTest, ReadsARequestThatComesByteByByte) {
  Start(Echo);
  RawSocket client = Connect();
  for (char c : std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2"
                            "\r\nConnection: close\r\n\r\nhi")) {
    ASSERT_TRUE(client.Send(std::string(1, c)));
  }
  EXPECT_THAT(client.ReceiveAll(), EndsWith("POST / 2 hi"));
}

TEST_F(ServerTest, ReadsALargeBody) {
  Start(Echo);
  RawSocket client = Connect();
  const std::string body(1 << 20, 'x');
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      "Content-Length: 1048576\r\n\r\n");
  client.Send(body);
  EXPECT_THAT(client.ReceiveAll(), EndsWith("POST / 1048576 " + body));
}

TEST_F(ServerTest, SendsNoBodyToHead) {
  Start(Echo);
  const std::string answer =
      Ask("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(ServerTest, RefusesMalformedRequestsAndCloses) {
  Start(Echo);
  const std::string answer =
      Ask("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"
          "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n" + kDate));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer,
              EndsWith("{\"type\":\"error\",\"error\":{\"type\":"
                       "\"invalid_request_error\",\"message\":"
                       "\"Transfer-Encoding is not exactly chunked\"}}"));
}

TEST_F(ServerTest, AnswersBrokenChunksWithoutReadingOn) {
  Start(Echo);
  const std::string answer =
      Ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "x\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, Not(HasSubstr("smuggled")));
}

Task<void> EchoTen(ServerExchange& exchange) {
  auto body = co_await exchange.ReadBody(10);
  (void)co_await exchange.Respond(
      {.status = body.ok() ? 200 : HttpStatus(body.error().code())},
      body.ok() ? *body : body.error().message());
}

TEST_F(ServerTest, LimitsBodiesAtExactlyTheirBytes) {
  Start(EchoTen);
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
                  "Connection: close\r\n\r\n0123456789"),
              EndsWith("\r\n\r\n0123456789"));
  // Without waiting for the body.
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n5\r\n01234\r\n";
  EXPECT_THAT(Ask(chunked + "5\r\n56789\r\n0\r\n\r\n"),
              EndsWith("\r\n\r\n0123456789"));
  EXPECT_THAT(Ask(chunked + "6\r\n56789a\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerTest, LetsTheClientReadARefusalWhileItStillSends) {
  Start(EchoTen);
  RawSocket client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n");
  // More than the buffers of both ends: the server must go on reading.
  EXPECT_TRUE(client.Send(std::string(8'000'000, 'x')));
  client.ShutdownWrite();
  const std::string answer = client.ReceiveAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, Not(HasSubstr("<reset>")));
}

Task<void> DateItself(ServerExchange& exchange) {
  (void)co_await exchange.Respond({.headers = {{"date", "then"}}}, "a");
}

TEST_F(ServerTest, LeavesADateThatTheHandlerGave) {
  Start(DateItself);
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\ndate: then\r\nContent-Length: 1\r\n"
            "Connection: close\r\n\r\na");
}

TEST_F(ServerTest, GivesItsConnectionsNoDelayAndAProbeOfDeadPeers) {
  auto listener = OpenListener("127.0.0.1:0");
  ASSERT_TRUE(listener.ok());
  RawSocket client = RawSocket::Connect(BoundName(listener->get()));
  pollfd ready{listener->get(), POLLIN, 0};
  ASSERT_EQ(::poll(&ready, 1, kTestWaitSeconds * 1000), 1);
  const FileDescriptor peer(::accept(listener->get(), nullptr, nullptr));
  for (auto [level, option] : {std::pair<int, int>{SOL_SOCKET, SO_KEEPALIVE},
                               std::pair<int, int>{IPPROTO_TCP, TCP_NODELAY}}) {
    int on = 0;
    socklen_t size = sizeof(on);
    ASSERT_EQ(::getsockopt(peer.get(), level, option, &on, &size), 0);
    EXPECT_EQ(on, 1);
  }
}

TEST_F(ServerTest, AsksForABodyThatWaitsForIt) {
  Start(Echo);
  RawSocket client = Connect();
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.ReceiveUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hi");
  EXPECT_THAT(client.ReceiveAll(), EndsWith("POST / 2 hi"));
}

TEST_F(ServerTest, RefusesAWaitingBodyWithoutAskingForIt) {
  Start(EchoTen);
  RawSocket client = Connect();
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n"
      "Expect: 100-continue\r\n\r\n");
  client.ShutdownWrite();
  const std::string answer = client.ReceiveAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
}

Task<void> Ignore(ServerExchange& exchange) {
  (void)co_await exchange.Respond({.status = 401}, "no");
}

TEST_F(ServerTest, PassesOverABodyThatHasComeUnread) {
  Start(Ignore);
  const std::string answer =
      Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
          "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer, "HTTP/1.1 401 Unauthorized\r\n" + kDate +
                        "Content-Length: 2\r\n\r\nno"
                        "HTTP/1.1 401 Unauthorized\r\n" +
                        kDate +
                        "Content-Length: 2\r\n"
                        "Connection: close\r\n\r\nno");
}

Task<void> Forget(ServerExchange&) { co_return; }

TEST_F(ServerTest, AnswersForAHandlerThatDoesNot) {
  Start(Forget);
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 500 "));
}

Task<void> Stream(ServerExchange& exchange) {
  CHECK_OK(co_await exchange.StartResponse(
      {.headers = {{"Content-Type", "text/event-stream"}}}, std::nullopt));
  CHECK_OK(co_await exchange.Write("one"));
  CHECK_OK(co_await exchange.Write(""));
  CHECK_OK(co_await exchange.Write("and two"));
  CHECK_OK(co_await exchange.Finish("end"));
}

TEST_F(ServerTest, StreamsInChunks) {
  Start(Stream);
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            "3\r\none\r\n7\r\nand two\r\n3\r\nend\r\n0\r\n\r\n");
}

TEST_F(ServerTest, EndsAStreamToHttp10WithTheConnection) {
  Start(Stream);
  EXPECT_EQ(Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Connection: close\r\n\r\noneand twoend");
}

TEST_F(ServerTest, StreamsNothingToHead) {
  Start(Stream);
  EXPECT_THAT(Ask("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              EndsWith("event-stream\r\nConnection: close\r\n\r\n"));
}

Task<void> StreamEight(ServerExchange& exchange) {
  CHECK_OK(co_await exchange.StartResponse({}, 8));
  CHECK_OK(co_await exchange.Write("1234"));
  (void)co_await exchange.Finish(exchange.request().target == "/short" ? "567"
                                 : exchange.request().target == "/long"
                                     ? "56789"
                                     : "5678");
}

TEST_F(ServerTest, StreamsAKnownLength) {
  Start(StreamEight);
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n"
            "12345678");
}

TEST_F(ServerTest, CutsAResponseThatDoesNotKeepItsLength) {
  Start(StreamEight);
  EXPECT_THAT(Ask("GET /short HTTP/1.1\r\nHost: x\r\n\r\n"),
              EndsWith("1234567"));
  EXPECT_THAT(Ask("GET /long HTTP/1.1\r\nHost: x\r\n\r\n"), EndsWith("1234"));
}

Task<void> StartAndWait(ServerExchange& exchange) {
  CHECK_OK(co_await exchange.StartResponse({}, std::nullopt));
  auto [promise, future] = MakePromise<void>(exchange.loop());
  auto gone = std::make_shared<Promise<void>>(std::move(promise));
  exchange.OnClientGone([gone] { gone->Set({}); });
  CHECK_OK(co_await future.Wait(20'000));
  CHECK(exchange.client_gone());
}

TEST_F(ServerTest, SendsAHeadBeforeTheFirstPiece) {
  Start(StartAndWait);
  RawSocket client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReceiveUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

Task<void> AbortAfterOne(ServerExchange& exchange) {
  CHECK_OK(co_await exchange.StartResponse({}, std::nullopt));
  CHECK_OK(co_await exchange.Write("one"));
  exchange.Abort();
  Status after = co_await exchange.Write("two");
  CHECK(after.error().code() == Code::kCancelled);
}

Task<void> AbortBeforeOne(ServerExchange& exchange) {
  CHECK_OK(co_await exchange.StartResponse({}, std::nullopt));
  exchange.Abort();
}

TEST_F(ServerTest, SendsTheHeadOfAnAnswerThatIsAbortedAtOnce) {
  Start(AbortBeforeOne);
  const std::string got = Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(got, EndsWith("\r\n\r\n"));
}

TEST_F(ServerTest, AbortsSoThatTheClientSeesIt) {
  Start(AbortAfterOne);
  const std::string chunked = Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(chunked, EndsWith("3\r\none\r\n"));
  EXPECT_THAT(Ask("GET / HTTP/1.0\r\n\r\n"), EndsWith("<reset>"));
}

// Sets `gone` when the client of its exchange has gone.
struct GoneHandler {
  std::promise<void> begun;
  std::promise<Status> gone;

  Task<void> operator()(ServerExchange& exchange) {
    (void)co_await exchange.ReadBody(1000);
    auto [promise, future] = MakePromise<void>(exchange.loop());
    auto shared = std::make_shared<Promise<void>>(std::move(promise));
    exchange.OnClientGone([shared] { shared->Set({}); });
    begun.set_value();
    gone.set_value(co_await future.Wait(
        exchange.request().target == "/short" ? 200 : 20'000));
    (void)co_await exchange.Respond({}, "late");
  }
};

TEST_F(ServerTest, NoticesAClientThatCloses) {
  GoneHandler handler;
  Start(std::ref(handler));
  RawSocket client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  handler.begun.get_future().wait();
  client.Close();
  EXPECT_TRUE(handler.gone.get_future().get().ok());
}

TEST_F(ServerTest, NoticesAClientThatResets) {
  GoneHandler handler;
  Start(std::ref(handler));
  RawSocket client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
  client.Send("hi");
  handler.begun.get_future().wait();
  client.Reset();
  EXPECT_TRUE(handler.gone.get_future().get().ok());
}

TEST_F(ServerTest, NoticesAClientThatClosesBehindAPipelinedRequest) {
  GoneHandler handler;
  Start(std::ref(handler));
  RawSocket client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n");
  handler.begun.get_future().wait();
  client.Send("Host: x\r\n\r\n");
  client.Close();
  EXPECT_TRUE(handler.gone.get_future().get().ok());
}

TEST_F(ServerTest, DoesNotTakeAPipelinedRequestForLeaving) {
  GoneHandler handler;
  Start(std::ref(handler));
  RawSocket client = Connect();
  client.Send("GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
  handler.begun.get_future().wait();
  client.Send("OPTIONS bad HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(handler.gone.get_future().get().error().code(), Code::kDeadline);
  // The answer, then the one to what was sent ahead.
  const std::string answer = client.ReceiveAll();
  EXPECT_THAT(answer, HasSubstr("late"));
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 400"));
}

// Writes until the client no longer reads.
struct Flood {
  std::promise<Code> ended;
  Task<void> operator()(ServerExchange& exchange) {
    CHECK_OK(co_await exchange.StartResponse({}, std::nullopt));
    exchange.OnClientGone([] {});
    const std::string piece(1 << 20, 'x');
    while (true) {
      Status written = co_await exchange.Write(piece);
      if (written.ok()) continue;
      ended.set_value(written.error().code());
      co_return;
    }
  }
};

TEST_F(ServerTest, EndsAWriteThatWaitsWhenTheClientLeaves) {
  Flood handler;
  Start(std::ref(handler));
  RawSocket client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.Receive().has_value());
  client.Close();
  EXPECT_EQ(handler.ended.get_future().get(), Code::kCancelled);
}

// As Flood for /flood; answers others.
struct FloodOrAnswer {
  Flood flood;
  Task<void> operator()(ServerExchange& exchange) {
    if (exchange.request().target == "/flood")
      co_return co_await flood(exchange);
    (void)co_await exchange.Respond({}, "a");
  }
};

TEST_F(ServerTest, LetsNobodyWaitForAClientThatDoesNotRead) {
  FloodOrAnswer handler;
  Start(std::ref(handler));
  RawSocket stuck = Connect();
  stuck.Send("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(stuck.Receive().has_value());
  // On both loops, so also on that of the stream that is stuck.
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                EndsWith("\r\n\r\na"));
  }
  stuck.Close();
  EXPECT_EQ(handler.flood.ended.get_future().get(), Code::kCancelled);
}

TEST_F(ServerTest, CutsOffAClientThatDoesNotRead) {
  Flood handler;
  Start(std::ref(handler), {.write_timeout_ms = 50});
  RawSocket client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(handler.ended.get_future().get(), Code::kDeadline);
}

TEST_F(ServerTest, CutsOffSlowHeads) {
  Start(Echo, {.head_timeout_ms = 30});
  RawSocket client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost:");
  EXPECT_THAT(client.ReceiveUntil("\r\n"), StartsWith("HTTP/1.1 408 "));
}

TEST_F(ServerTest, ClosesIdleConnectionsWithoutAWord) {
  Start(Echo, {.idle_timeout_ms = 30});
  EXPECT_EQ(Connect().ReceiveAll(), "");
  RawSocket client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReceiveAll(), EndsWith("GET / 0 "));
}

TEST_F(ServerTest, CutsOffBodiesThatStop) {
  Start(Echo, {.body_timeout_ms = 30});
  RawSocket client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(client.ReceiveUntil("\r\n"), StartsWith("HTTP/1.1 504 "));
}

TEST_F(ServerTest, CutsOffBodiesThatDribble) {
  Start(Echo, {.body_timeout_ms = 100, .body_progress_bytes_min = 1024});
  RawSocket client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  // Each byte waits for nothing but the scheduler, so the body would take far
  // longer than its span; the answer ends it.
  bool answered = false;
  for (int i = 0; i < 1'000'000 && !answered; ++i) {
    client.Send("x");
    timeval brief{0, 1000};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(client.fd(), &set);
    answered = ::select(client.fd() + 1, &set, nullptr, nullptr, &brief) == 1;
  }
  EXPECT_THAT(client.ReceiveUntil("\r\n"), StartsWith("HTTP/1.1 504 "));
}

TEST_F(ServerTest, LimitsHeads) {
  const std::string head =
      "GET / HTTP/1.1\r\nHost: x\r\n"
      "Connection: close\r\n\r\n";
  Start(Echo, {.head_bytes_max = head.size()});
  EXPECT_THAT(Ask(head), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerTest, LimitsConnections) {
  Start(Echo, {.connections_max = 2});
  RawSocket first = Connect();
  RawSocket second = Connect();
  for (RawSocket* client : {&first, &second}) {
    client->Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client->ReceiveUntil("GET / 0 "), StartsWith("HTTP/1.1 200"));
  }
  RawSocket third = Connect();
  const std::string refusal = third.ReceiveUntil("}}");
  EXPECT_THAT(refusal, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refusal, HasSubstr("too many connections"));
}

TEST_F(ServerTest, NamesAnAddressThatIsInUse) {
  Start(Echo);
  auto again = Server::Listen(pool_, server_->address(), {}, Echo);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::kConflict);
  EXPECT_THAT(again.error().message(), HasSubstr(server_->address()));
}

TEST_F(ServerTest, RefusesAddressesThatAreNone) {
  for (const char* address :
       {"127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "example.com:80",
        "[127.0.0.1]:0", "::1:0", "unix:", ""}) {
    auto server = Server::Listen(pool_, address, {}, Echo);
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_EQ(server.error().code(), Code::kInvalid) << address;
  }
}

class UnixServerTest : public ServerTest {
 protected:
  UnixServerTest() {
    char name[] = "/tmp/cofferdam-test-XXXXXX";
    CHECK(::mkdtemp(name) != nullptr);
    folder_ = name;
    address_ = "unix:" + folder_ + "/s";
  }
  ~UnixServerTest() override {
    if (server_) server_->Stop();
    ::unlink((folder_ + "/s").c_str());
    ::rmdir(folder_.c_str());
  }
  std::string folder_;
  std::string address_;
};

TEST_F(UnixServerTest, ListensForItsOwnerOnly) {
  auto server = Server::Listen(pool_, address_, {}, Echo);
  ASSERT_TRUE(server.ok()) << server.error().message();
  server_ = *std::move(server);
  EXPECT_EQ(server_->address(), address_);
  struct stat file{};
  ASSERT_EQ(::stat((folder_ + "/s").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              EndsWith("GET / 0 "));
  auto again = Server::Listen(pool_, address_, {}, Echo);
  EXPECT_EQ(again.error().code(), Code::kConflict);
  server_->Stop();
  EXPECT_NE(::stat((folder_ + "/s").c_str(), &file), 0);
}

TEST_F(UnixServerTest, ReplacesASocketThatNobodyListensOn) {
  // Bound, then closed without unlinking: as after kill -9.
  {
    auto left = OpenListener(address_);
    ASSERT_TRUE(left.ok());
  }
  auto server = Server::Listen(pool_, address_, {}, Echo);
  ASSERT_TRUE(server.ok()) << server.error().message();
  server_ = *std::move(server);
}

TEST_F(UnixServerTest, ListensBelowFoldersOfAnyDepth) {
  std::string deep = folder_;
  for (int i = 0; i < 10; ++i) {
    deep += "/a folder of twenty by";
    ASSERT_EQ(::mkdir(deep.c_str(), 0700), 0);
  }
  address_ = "unix:" + deep + "/s";
  {
    auto left = OpenListener(address_);  // as after kill -9
    ASSERT_TRUE(left.ok()) << left.error().message();
  }
  auto server = Server::Listen(pool_, address_, {}, Echo);
  ASSERT_TRUE(server.ok()) << server.error().message();
  server_ = *std::move(server);
  EXPECT_EQ(server_->address(), address_);
  auto answer = Fetch(address_, {.method = "GET", .target = "/"}, "", {});
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(Server::Listen(pool_, address_, {}, Echo).error().code(),
            Code::kConflict);
  server_->Stop();
  EXPECT_EQ(::access((deep + "/s").c_str(), F_OK), -1);
  std::filesystem::remove_all(folder_);
}

TEST_F(UnixServerTest, NamesTheFolderOfALongPathThatIsNotThere) {
  const std::string folder = folder_ + "/" + std::string(120, 'x');
  auto server = Server::Listen(pool_, "unix:" + folder + "/s", {}, Echo);
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(server.error().message(), HasSubstr(folder));
}

// Answers when it is told to.
struct Held {
  std::promise<void> begun;
  std::optional<Promise<void>> release;

  Task<void> operator()(ServerExchange& exchange) {
    auto [promise, future] = MakePromise<void>(exchange.loop());
    release.emplace(std::move(promise));
    exchange.OnClientGone([this] {
      if (release) std::exchange(release, std::nullopt)->Set({});
    });
    begun.set_value();
    (void)co_await future.Wait(20'000);
    (void)co_await exchange.Respond({}, "done");
  }
};

TEST_F(ServerTest, DrainsRunningExchangesAndClosesIdleConnections) {
  Held handler;
  Start(std::ref(handler));
  RawSocket idle = Connect();
  RawSocket busy = Connect();
  busy.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  handler.begun.get_future().wait();
  auto cut = std::async([&] { return server_->Drain(20'000); });
  EXPECT_EQ(idle.ReceiveAll(), "");
  std::exchange(handler.release, std::nullopt)->Set({});
  const std::string answer = busy.ReceiveAll();
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, EndsWith("done"));
  EXPECT_EQ(cut.get(), 0u);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerTest, CutsWhatDoesNotDrainInTime) {
  Held handler;
  Start(std::ref(handler));
  RawSocket busy = Connect();
  busy.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  handler.begun.get_future().wait();
  EXPECT_EQ(server_->Drain(10), 1u);
  EXPECT_EQ(busy.ReceiveAll(), "");
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerTest, StopsWithItsPoolGone) {
  Held handler;
  Start(std::ref(handler));
  RawSocket busy = Connect();
  busy.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  handler.begun.get_future().wait();
  pool_.Stop();
  server_.reset();
}

}  // namespace
}  // namespace cofferdam::http
