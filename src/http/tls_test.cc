#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "http/client.h"
#include "http/raw_socket_testing_internal.h"
#include "http/run_task_testing.h"
#include "http/stream_internal.h"
#include "http/tls_testing_internal.h"

namespace cofferdam::http {
namespace {

using testing::HasSubstr;

// A blocking TLS server in a thread: for each connection that shakes hands,
// reads one request, then writes `answer` and ends as `farewell` says.
class TlsServer {
 public:
  // kStall: waits for the client to leave.
  enum class Farewell { kProper, kAbrupt, kStall };

  TlsServer(const char* names, std::string answer, int connections = 1,
            Farewell farewell = Farewell::kProper)
      : identity_(names), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_, identity_.certificate());
    SSL_CTX_use_PrivateKey(context_, identity_.key());
    thread_ = std::thread([this, answer, connections, farewell] {
      for (int i = 0; i < connections; ++i) Serve(answer, farewell);
    });
  }
  ~TlsServer() {
    thread_.join();
    SSL_CTX_free(context_);
  }

  std::string Url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(listener_.port());
  }
  const std::string& ca_file() const { return identity_.certificate_file(); }
  const std::string& server_name() const { return server_name_; }
  // Handshakes that went on from an earlier one; known once it has ended.
  const std::atomic<int>& resumed() const { return resumed_; }
  void SetVersionMax(int version) {
    SSL_CTX_set_max_proto_version(context_, version);
  }

 private:
  void Serve(const std::string& answer, Farewell farewell) {
    RawSocket peer = listener_.Accept();
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, peer.fd());
    if (SSL_accept(ssl) == 1) {
      const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
      server_name_ = name == nullptr ? "" : name;
      resumed_ += SSL_session_reused(ssl);
      std::string request(64 << 10, '\0');
      if (SSL_read(ssl, request.data(), static_cast<int>(request.size())) > 0) {
        SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
      }
      if (farewell == Farewell::kProper) SSL_shutdown(ssl);
      if (farewell == Farewell::kStall) peer.Receive();
    }
    SSL_free(ssl);
  }

  TestIdentity identity_;
  SSL_CTX* context_;
  RawListener listener_;
  std::string server_name_;
  std::atomic<int> resumed_ = 0;
  std::thread thread_;
};

// OpenSSL's own sockets, which only the test uses, may raise it.
class TlsTest : public testing::Test {
 protected:
  TlsTest() { std::signal(SIGPIPE, SIG_IGN); }
};

Result<Response> Get(const std::string& url, const std::string& ca_file) {
  return Fetch(url, {.method = "GET", .target = "/", .headers = {}}, "",
               {.ca_file = ca_file});
}

std::string Answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST_F(TlsTest, FetchesFromAHostItTrusts) {
  const std::string body(100'000, 'x');
  TlsServer server("DNS:localhost", Answer(body));
  auto response = Get(server.Url("localhost"), server.ca_file());
  ASSERT_TRUE(response.ok()) << response.error().message();
  EXPECT_EQ(response->body, body);
}

TEST_F(TlsTest, NamesTheHostItWants) {
  std::string name;
  {
    TlsServer server("DNS:localhost", Answer("a"));
    EXPECT_TRUE(Get(server.Url("localhost"), server.ca_file()).ok());
    // Known once the answer has come.
    name = server.server_name();
  }
  EXPECT_EQ(name, "localhost");
}

TEST_F(TlsTest, AcceptsACertificateForAnAddress) {
  TlsServer server("IP:127.0.0.1", Answer("a"));
  auto response = Get(server.Url("127.0.0.1"), server.ca_file());
  EXPECT_TRUE(response.ok()) << response.error().message();
}

TEST_F(TlsTest, RefusesACertificateForAnotherHost) {
  TlsServer server("DNS:elsewhere.example", Answer("a"));
  auto response = Get(server.Url("localhost"), server.ca_file());
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), Code::kUnavailable);
  EXPECT_THAT(response.error().message(), HasSubstr("TLS: hostname mismatch"));
}

TEST_F(TlsTest, RefusesACertificateForAnotherAddress) {
  TlsServer server("IP:127.0.0.2,DNS:127.0.0.1", Answer("a"));
  auto response = Get(server.Url("127.0.0.1"), server.ca_file());
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().message(), HasSubstr("IP address mismatch"));
}

TEST_F(TlsTest, RefusesACertificateThatNobodyItTrustsSigned) {
  TlsServer server("DNS:localhost", Answer("a"));
  auto response = Get(server.Url("localhost"), "");
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), Code::kUnavailable);
  EXPECT_THAT(response.error().message(), HasSubstr("self-signed"));
}

TEST_F(TlsTest, SaysWhenTheFileOfAuthoritiesIsNone) {
  auto missing = Get("https://localhost:1", "/nonexistent/ca.pem");
  EXPECT_EQ(missing.error().code(), Code::kInvalid);
  EXPECT_THAT(missing.error().message(),
              HasSubstr("ca_file /nonexistent/ca.pem"));
}

TEST_F(TlsTest, ReportsAnEndWithoutFarewell) {
  TlsServer server("DNS:localhost", "HTTP/1.1 200 OK\r\n\r\npart", 1,
                   TlsServer::Farewell::kAbrupt);
  auto response = Get(server.Url("localhost"), server.ca_file());
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), Code::kCorrupt);
}

TEST_F(TlsTest, TakesAnEndWithFarewell) {
  TlsServer server("DNS:localhost", "HTTP/1.1 200 OK\r\n\r\nwhole");
  auto response = Get(server.Url("localhost"), server.ca_file());
  ASSERT_TRUE(response.ok()) << response.error().message();
  EXPECT_EQ(response->body, "whole");
}

Task<std::string> Ask(ClientPool& clients, Loop& loop) {
  const RequestHead head{.method = "GET", .target = "/", .headers = {}};
  auto sent = co_await clients.Send(loop, head, "");
  CHECK_OK(sent);
  auto all = co_await (*sent)->ReadAll(1000);
  CHECK_OK(all);
  co_return *all;
}

TEST_F(TlsTest, GoesOnFromAnEarlierHandshake) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsServer server("IP:127.0.0.1", Answer("a"), 3);
    server.SetVersionMax(version);
    LoopPool pool(1);
    auto url = Url::Parse(server.Url("127.0.0.1"));
    ASSERT_TRUE(url.ok());
    auto clients =
        ClientPool::Create(pool, Upstream::FromUrl(*url, server.ca_file()),
                           {.idle_connections_max = 0});
    ASSERT_TRUE(clients.ok());
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(RunTask(pool, Ask(**clients, pool.at(0))), "a");
      EXPECT_EQ(server.resumed(), i);
    }
  }
}

TEST(TlsSessions, KeepsSoManyAndDropsTheOldest) {
  TlsSessions sessions;
  std::vector<SSL_SESSION*> made;
  for (size_t i = 0; i <= TlsSessions::kKeptMax; ++i) {
    made.push_back(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(made.back(), TLS1_3_VERSION);
    sessions.Put(made.back());
  }
  for (size_t i = TlsSessions::kKeptMax; i > 0; --i) {
    SSL_SESSION* session = sessions.Take();
    EXPECT_EQ(session, made[i]);
    SSL_SESSION_free(session);
  }
  EXPECT_EQ(sessions.Take(), nullptr);
}

Task<std::string> ReadWhenReady(ClientPool& clients, Loop& loop) {
  const RequestHead head{.method = "GET", .target = "/", .headers = {}};
  auto sent = co_await clients.Send(loop, head, "");
  CHECK_OK(sent);
  std::string body;
  while (!(*sent)->complete()) {
    if (co_await (*sent)->Ready(5'000) == ClientExchange::Readiness::kSilent) {
      co_return "silent";
    }
    auto piece = co_await (*sent)->Read();
    CHECK_OK(piece);
    body += *piece;
  }
  co_return body;
}

TEST_F(TlsTest, IsReadyForBytesThatTheKernelNoLongerHas) {
  // Many records at once, of which each read takes one.
  const std::string body(100'000, 'x');
  TlsServer server("IP:127.0.0.1", Answer(body), 1,
                   TlsServer::Farewell::kAbrupt);
  LoopPool pool(1);
  auto url = Url::Parse(server.Url("127.0.0.1"));
  ASSERT_TRUE(url.ok());
  auto clients =
      ClientPool::Create(pool, Upstream::FromUrl(*url, server.ca_file()), {});
  ASSERT_TRUE(clients.ok());
  EXPECT_EQ(RunTask(pool, ReadWhenReady(**clients, pool.at(0))), body);
}

TEST_F(TlsTest, ReportsAnUpstreamThatDiesInAChunk) {
  for (auto farewell :
       {TlsServer::Farewell::kProper, TlsServer::Farewell::kAbrupt}) {
    TlsServer server("DNS:localhost",
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "20\r\nevent: message_start\ndata: {",
                     1, farewell);
    auto response = Get(server.Url("localhost"), server.ca_file());
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().code(), Code::kCorrupt);
  }
}

Task<Code> ReadToAnError(ClientPool& clients, Loop& loop) {
  const RequestHead head{.method = "GET", .target = "/", .headers = {}};
  auto sent = co_await clients.Send(loop, head, "");
  CHECK_OK(sent);
  while (true) {
    auto piece = co_await (*sent)->Read();
    if (!piece.ok()) co_return piece.error().code();
    CHECK(!piece->empty());
  }
}

TEST_F(TlsTest, WaitsForAnUpstreamThatStallsOnlySoLong) {
  TlsServer server("IP:127.0.0.1",
                   "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 1,
                   TlsServer::Farewell::kStall);
  LoopPool pool(1);
  auto url = Url::Parse(server.Url("127.0.0.1"));
  ASSERT_TRUE(url.ok());
  auto clients = ClientPool::Create(
      pool, Upstream::FromUrl(*url, server.ca_file()), {.idle_timeout_ms = 20});
  ASSERT_TRUE(clients.ok());
  EXPECT_EQ(RunTask(pool, ReadToAnError(**clients, pool.at(0))),
            Code::kDeadline);
}

TEST_F(TlsTest, ReportsAServerThatSpeaksPlainly) {
  RawListener listener;
  std::thread plain([&] {
    RawSocket peer = listener.Accept();
    peer.Receive();
    peer.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  auto response = Get("https://" + listener.address(), "");
  plain.join();
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), Code::kUnavailable);
  EXPECT_THAT(response.error().message(), HasSubstr("TLS: "));
}

}  // namespace
}  // namespace cofferdam::http
