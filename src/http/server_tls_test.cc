#include "http/server_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "http/client.h"
#include "http/run_task_testing.h"
#include "http/server.h"
#include "http/tls_testing_internal.h"

namespace cofferdam::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kGetAndClose =
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

// Answers with what it got; to /stream in pieces.
Task<void> Echo(ServerExchange& exchange) {
  auto body = co_await exchange.ReadBody(64 << 20);
  if (!body.ok()) co_return;
  if (exchange.request().target != "/stream") {
    (void)co_await exchange.Respond({}, *body);
    co_return;
  }
  (void)co_await exchange.StartResponse({}, std::nullopt);
  std::string_view left = *body;
  for (size_t size = 1; !left.empty(); size = size * 3 + 1) {
    (void)co_await exchange.Write(left.substr(0, size));
    left.remove_prefix(std::min(size, left.size()));
  }
  (void)co_await exchange.Finish();
}

class ServerTlsTest : public testing::Test {
 protected:
  // OpenSSL's own sockets, which only the test uses, may raise it.
  ServerTlsTest() { std::signal(SIGPIPE, SIG_IGN); }

  void Start(Handler handler, ServerOptions options = {}) {
    auto tls = ServerTls::Load(identity_.files());
    CHECK_OK(tls);
    options.tls = tls_ = *std::move(tls);
    auto server =
        Server::Listen(pool_, "127.0.0.1:0", options, std::move(handler));
    CHECK_OK(server);
    server_ = *std::move(server);
  }
  Result<Response> Post(const std::string& target, const std::string& body,
                        const std::string& ca_file) {
    return Fetch(server_->url(),
                 {.method = "POST", .target = target, .headers = {}}, body,
                 {.ca_file = ca_file});
  }

  TestIdentity identity_{"DNS:localhost,IP:127.0.0.1"};
  LoopPool pool_{2};
  std::shared_ptr<ServerTls> tls_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTlsTest, CarriesBodiesOfAnySizeUnchanged) {
  Start(Echo);
  EXPECT_THAT(server_->url(), StartsWith("https://127.0.0.1:"));
  for (size_t size : {0, 1, 16383, 16384, 16385, 65537, 3 << 20}) {
    std::string body(size, '\0');
    for (size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 % 251);
    for (const char* target : {"/", "/stream"}) {
      auto response = Post(target, body, identity_.certificate_file());
      ASSERT_TRUE(response.ok()) << response.error().message();
      EXPECT_EQ(response->body, body) << size << target;
    }
  }
}

TEST_F(ServerTlsTest, SpeaksBothVersionsAndNoOlderOne) {
  Start(Echo);
  RawTlsClient newer(server_->address(), [](SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  });
  EXPECT_TRUE(newer.connected());
  RawTlsClient older(server_->address(), [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  });
  EXPECT_TRUE(older.connected());
  older.Send(kGetAndClose);
  EXPECT_THAT(older.ReceiveAll(), StartsWith("HTTP/1.1 200 "));
  RawTlsClient oldest(server_->address(), [](SSL_CTX* context) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  });
  EXPECT_FALSE(oldest.connected());
}

TEST_F(ServerTlsTest, AgreesOnHttp11AndOnNothingElse) {
  Start(Echo);
  RawTlsClient both(server_->address(), [](SSL_CTX* context) {
    static constexpr unsigned char kBoth[] = "\x02h2\x08http/1.1";
    SSL_CTX_set_alpn_protos(context, kBoth, sizeof(kBoth) - 1);
  });
  ASSERT_TRUE(both.connected());
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(both.ssl(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size),
            "http/1.1");
  RawTlsClient other(server_->address(), [](SSL_CTX* context) {
    static constexpr unsigned char kOther[] = "\x02h2";
    SSL_CTX_set_alpn_protos(context, kOther, sizeof(kOther) - 1);
  });
  EXPECT_FALSE(other.connected());
}

TEST_F(ServerTlsTest, TellsAClientThatSpeaksPlainly) {
  Start(Echo);
  RawSocket client = RawSocket::Connect(server_->address());
  client.Send(kGet);
  const std::string answer = client.ReceiveUntil("}}");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("this address speaks TLS: use https://"));
}

TEST_F(ServerTlsTest, IsRefusedByAPlainAddress) {
  auto plain = Server::Listen(pool_, "127.0.0.1:0", {}, Echo);
  ASSERT_TRUE(plain.ok());
  RawTlsClient client((*plain)->address());
  EXPECT_FALSE(client.connected());
  (*plain)->Stop();
}

TEST_F(ServerTlsTest, CutsOffHandshakesThatDoNotEnd) {
  Start(Echo, {.tls_handshake_timeout_ms = 20});
  for (std::string_view bytes : {"", "\x16\x03\x01"}) {
    RawSocket client = RawSocket::Connect(server_->address());
    client.Send(bytes);
    EXPECT_EQ(client.ReceiveAll(), "");
  }
}

TEST_F(ServerTlsTest, EndsWithAClientThatLeavesInTheHandshake) {
  Start(Echo);
  {
    RawSocket half = RawSocket::Connect(server_->address());
    half.Send("\x16\x03\x01");
    half.ShutdownWrite();
    EXPECT_THAT(half.ReceiveAll(), testing::Not(HasSubstr("<waited>")));
    RawSocket reset = RawSocket::Connect(server_->address());
    reset.Send("\x16");
    reset.Reset();
  }
  // The connections that are left would hold this up.
  EXPECT_EQ(server_->Drain(20'000), 0u);
}

TEST_F(ServerTlsTest, LimitsConnections) {
  Start(Echo, {.connections_max = 1});
  RawTlsClient first(server_->address());
  first.Send(kGet);
  EXPECT_THAT(first.ReceiveUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  RawTlsClient second(server_->address());
  EXPECT_THAT(second.ReceiveUntil("}}"), HasSubstr("too many connections"));
}

// Says how the body came.
Task<void> Judge(ServerExchange& exchange) {
  auto body = co_await exchange.ReadBody(1000);
  (void)co_await exchange.Respond(
      {.status = body.ok() ? 200 : HttpStatus(body.error().code())}, "");
}

TEST_F(ServerTlsTest, CutsOffHeadsAndBodiesThatStop) {
  Start(Judge, {.head_timeout_ms = 20, .body_timeout_ms = 20});
  RawTlsClient head(server_->address());
  head.Send("GET / HTTP/1.1\r\nHo");
  EXPECT_THAT(head.ReceiveAll(), StartsWith("HTTP/1.1 408 "));
  RawTlsClient body(server_->address());
  body.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(body.ReceiveUntil("\r\n"), StartsWith("HTTP/1.1 504 "));
}

// Writes to /flood until its client no longer reads; answers others.
struct Flood {
  std::promise<Code> ended;
  Task<void> operator()(ServerExchange& exchange) {
    if (exchange.request().target != "/flood") {
      (void)co_await exchange.Respond({}, "a");
      co_return;
    }
    (void)co_await exchange.StartResponse({}, std::nullopt);
    const std::string piece(1 << 20, 'x');
    Status written;
    while (written.ok()) written = co_await exchange.Write(piece);
    ended.set_value(written.error().code());
  }
};

TEST_F(ServerTlsTest, LetsNobodyWaitForAClientThatDoesNotRead) {
  Flood handler;
  Start(std::ref(handler), {.write_timeout_ms = 300});
  RawTlsClient stuck(server_->address());
  stuck.Send("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(stuck.ReceiveUntil("x"), StartsWith("HTTP/1.1 200"));
  // On both loops, so also on that of the stream that is stuck.
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Post("/", "", identity_.certificate_file()).ok());
  }
  EXPECT_EQ(handler.ended.get_future().get(), Code::kDeadline);
}

Task<void> StreamToTheEnd(ServerExchange& exchange) {
  (void)co_await exchange.StartResponse({}, std::nullopt);
  (void)co_await exchange.Write("one");
  if (exchange.request().target == "/cut") {
    exchange.Abort();
  } else {
    (void)co_await exchange.Finish("two");
  }
}

TEST_F(ServerTlsTest, EndsABodyWithAFarewellAndACutOneWithout) {
  Start(StreamToTheEnd);
  RawTlsClient whole(server_->address());
  whole.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(whole.ReceiveAll(), EndsWith("\r\n\r\nonetwo"));
  RawTlsClient cut(server_->address());
  cut.Send("GET /cut HTTP/1.0\r\n\r\n");
  EXPECT_THAT(cut.ReceiveAll(), EndsWith("<cut>"));
}

// Holds each exchange until its client has gone.
struct GoneHandler {
  std::promise<void> begun;
  std::promise<void> gone;

  Task<void> operator()(ServerExchange& exchange) {
    (void)co_await exchange.ReadBody(1000);
    auto [promise, future] = MakePromise<void>(exchange.loop());
    auto left = std::make_shared<Promise<void>>(std::move(promise));
    exchange.OnClientGone([left] { left->Set({}); });
    begun.set_value();
    if ((co_await future.Wait(20'000)).ok()) gone.set_value();
  }
};

// A client that asks, then leaves as `leave` does.
void ExpectNoticed(const std::string& address, GoneHandler& handler,
                   const std::string& bytes,
                   const std::function<void(RawTlsClient&)>& leave) {
  RawTlsClient client(address);
  client.Send(bytes);
  leave(client);
  handler.gone.get_future().wait();
}

TEST_F(ServerTlsTest, NoticesAClientThatSaysFarewell) {
  GoneHandler handler;
  Start(std::ref(handler));
  ExpectNoticed(server_->address(), handler, std::string(kGet),
                [&](RawTlsClient& client) {
                  handler.begun.get_future().wait();
                  client.Farewell();
                });
}

TEST_F(ServerTlsTest, NoticesAClientThatResets) {
  GoneHandler handler;
  Start(std::ref(handler));
  ExpectNoticed(server_->address(), handler, std::string(kGet),
                [&](RawTlsClient& client) {
                  handler.begun.get_future().wait();
                  client.socket().Reset();
                });
}

TEST_F(ServerTlsTest, NoticesAFarewellThatCameWithTheRequest) {
  GoneHandler handler;
  Start(std::ref(handler));
  // Request, next request and farewell are with OpenSSL before anybody asks.
  ExpectNoticed(server_->address(), handler, std::string(kGet),
                [&](RawTlsClient& client) {
                  client.Send(kGet);
                  client.Farewell();
                });
}

Task<int> AskAgainAndAgain(ClientPool& clients, Loop& loop, int times) {
  int right = 0;
  for (int i = 0; i < times; ++i) {
    const std::string body = std::to_string(i);
    const RequestHead head{.method = "POST", .target = "/", .headers = {}};
    auto sent = co_await clients.Send(loop, head, body);
    if (!sent.ok()) continue;
    auto all = co_await (*sent)->ReadAll(1000);
    right += all.ok() && *all == body;
  }
  co_return right;
}

TEST_F(ServerTlsTest, ServesAThousandExchangesOnKeptAndOnFreshConnections) {
  Start(Echo);
  auto url = Url::Parse(server_->url());
  ASSERT_TRUE(url.ok());
  const Upstream upstream =
      Upstream::FromUrl(*url, identity_.certificate_file());
  struct Round {
    size_t idle_connections_max;
    int times;
  };
  for (const Round round : {Round{64, 900}, Round{0, 100}}) {
    auto clients = ClientPool::Create(
        pool_, upstream, {.idle_connections_max = round.idle_connections_max});
    ASSERT_TRUE(clients.ok());
    EXPECT_EQ(
        RunTask(pool_, AskAgainAndAgain(**clients, pool_.at(0), round.times)),
        round.times);
  }
}

TEST_F(ServerTlsTest, ShowsItsNewCertificateToNewConnectionsOnly) {
  Start(Echo);
  const std::string before = identity_.CertificatePem();
  RawTlsClient old(server_->address());
  const TestIdentity renewed("IP:127.0.0.1");
  renewed.WriteTo(identity_.files());
  ASSERT_TRUE(tls_->Reload().ok());
  EXPECT_TRUE(Post("/", "a", renewed.certificate_file()).ok());
  EXPECT_FALSE(Post("/", "a", "").ok());
  old.Send(kGetAndClose);
  EXPECT_THAT(old.ReceiveAll(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTlsTest, RenewsUnderLoadWithoutALostExchange) {
  Start(Echo);
  const TestIdentity other("IP:127.0.0.1");
  const TestIdentity trusted("IP:127.0.0.1");
  const std::string both = trusted.certificate_file();
  CHECK_OK(WriteFileAtomically(
      both, identity_.CertificatePem() + other.CertificatePem(), 0600));
  const ServerTlsFiles files = identity_.files();
  std::atomic<bool> ended = false;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 60; ++j) failed += !Post("/", "a", both).ok();
      ended = true;
    });
  }
  int renewals = 0;
  while (!ended) {
    if (++renewals % 2 == 1) {
      other.WriteTo(files);
    } else {
      identity_.WriteTo(files);
    }
    EXPECT_TRUE(tls_->Reload().ok());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(renewals, 0);
}

TEST_F(ServerTlsTest, KeepsWhatItHasWhenTheNewFilesAreBroken) {
  Start(Echo);
  const ServerTlsFiles files = identity_.files();
  const std::string trusted = identity_.CertificatePem();
  const TestIdentity other("IP:127.0.0.1");
  const TestIdentity ca("IP:127.0.0.1");
  CHECK_OK(WriteFileAtomically(ca.certificate_file(), trusted, 0600));
  struct Case {
    std::string certificate;
    std::string key;
    std::string_view file;
    std::string_view why;
  };
  const std::string chain = trusted + "-----BEGIN CERTIFICATE-----\nx\n";
  for (const Case& broken :
       {Case{"hello", identity_.KeyPem(), files.certificate_file,
             "holds no PEM certificate"},
        Case{chain, identity_.KeyPem(), files.certificate_file, "is broken"},
        Case{trusted, "hello", files.key_file, "holds no PEM key"},
        Case{trusted, identity_.KeyPem("secret"), files.key_file,
             "without a password"},
        Case{trusted, other.KeyPem(), files.key_file,
             "is not the key of certificate_file"}}) {
    CHECK_OK(
        WriteFileAtomically(files.certificate_file, broken.certificate, 0600));
    CHECK_OK(WriteFileAtomically(files.key_file, broken.key, 0600));
    Status reloaded = tls_->Reload();
    ASSERT_FALSE(reloaded.ok()) << broken.why;
    EXPECT_EQ(reloaded.error().code(), Code::kInvalid);
    EXPECT_THAT(reloaded.error().message(), HasSubstr(broken.file));
    EXPECT_THAT(reloaded.error().message(), HasSubstr(broken.why));
    EXPECT_TRUE(Post("/", "a", ca.certificate_file()).ok());
  }
  ::unlink(files.key_file.c_str());
  Status missing = tls_->Reload();
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr(files.key_file));
}

}  // namespace
}  // namespace cofferdam::http
