#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "http/client.h"
#include "http/run_task_testing.h"
#include "http/server.h"
#include "http/tls_testing_internal.h"

namespace cofferdam::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// A forward proxy in a thread: serves `connections`, one after the other.
class Proxy {
 public:
  explicit Proxy(int connections = 1)
      : thread_([this, connections] {
          for (int i = 0; i < connections; ++i) Serve();
        }) {}
  ~Proxy() { Join(); }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  Upstream::Proxy Via(std::string credential = "") const {
    auto url = Url::Parse("http://" + listener_.address());
    CHECK_OK(url);
    return {*url, std::move(credential)};
  }
  // Of each connection; once joined.
  const std::vector<std::string>& heads() const { return heads_; }

 private:
  void Serve() {
    RawSocket client = listener_.Accept();
    std::string head = client.ReceiveUntil("\r\n\r\n");
    heads_.push_back(head);
    const size_t begin = head.find(' ') + 1;
    std::string target = head.substr(begin, head.find(' ', begin) - begin);
    if (head.starts_with("CONNECT ")) {
      RawSocket upstream = RawSocket::Connect(target);
      client.Send("HTTP/1.1 200 Connection established\r\n\r\n");
      Shuttle(client, upstream);
      return;
    }
    const std::string url = target.substr(std::string("http://").size());
    RawSocket upstream = RawSocket::Connect(url.substr(0, url.find('/')));
    head.replace(begin, target.size(), url.substr(url.find('/')));
    upstream.Send(head + client.ReceiveUntil("hello"));
    Shuttle(client, upstream);
  }

  static void Shuttle(RawSocket& a, RawSocket& b) {
    while (true) {
      pollfd both[2] = {{a.fd(), POLLIN, 0}, {b.fd(), POLLIN, 0}};
      CHECK(::poll(both, 2, kTestWaitSeconds * 1000) > 0);
      for (int i = 0; i < 2; ++i) {
        if (both[i].revents == 0) continue;
        auto bytes = (i == 0 ? a : b).Receive();
        if (!bytes || bytes->empty()) return;
        (i == 0 ? b : a).Send(*bytes);
      }
    }
  }

  RawListener listener_;
  std::vector<std::string> heads_;
  std::thread thread_;
};

struct Seen {
  int status = 0;
  std::string body;
  bool reused = false;
  Error error{Code::kInternal, ""};
};

Task<Seen> Exchange(ClientPool& clients, Loop& loop) {
  const RequestHead head{.method = "POST", .target = "/x?y", .headers = {}};
  auto sent = co_await clients.Send(loop, head, "hello");
  if (!sent.ok()) co_return Seen{.error = sent.error()};
  auto all = co_await (*sent)->ReadAll(1 << 20);
  if (!all.ok()) co_return Seen{.error = all.error()};
  co_return Seen{.status = (*sent)->head().status,
                 .body = *std::move(all),
                 .reused = (*sent)->reused()};
}

Task<void> Echo(ServerExchange& exchange) {
  auto body = co_await exchange.ReadBody(1 << 20);
  CHECK_OK(body);
  (void)co_await exchange.Respond({}, exchange.request().target + " " + *body);
}

class ProxyTest : public testing::Test {
 protected:
  ProxyTest() { std::signal(SIGPIPE, SIG_IGN); }

  std::unique_ptr<Server> Serve(ServerOptions options = {}) {
    auto server = Server::Listen(pool_, "127.0.0.1:0", options, Echo);
    CHECK_OK(server);
    return *std::move(server);
  }
  std::unique_ptr<ClientPool> Pool(const Upstream& upstream,
                                   ClientOptions options = {}) {
    auto clients = ClientPool::Create(pool_, upstream, options);
    CHECK_OK(clients);
    return *std::move(clients);
  }
  Seen Ask(ClientPool& clients) {
    return RunTask(pool_, Exchange(clients, pool_.at(0)));
  }
  // What comes of a request to `upstream` when its proxy does as `script`.
  Error Fails(Upstream upstream, std::function<void(RawSocket&)> script,
              std::string* proxy_name, ClientOptions options = {}) {
    RawListener listener;
    std::thread proxy([&] {
      RawSocket peer = listener.Accept();
      script(peer);
    });
    auto url = Url::Parse("http://" + listener.address());
    CHECK_OK(url);
    upstream.proxy = Upstream::Proxy{*url, ""};
    *proxy_name = "proxy http://" + listener.address() + ": ";
    Seen seen;
    {
      auto clients = Pool(upstream, options);
      seen = Ask(*clients);
    }
    // Lets a script end that waits for the client's end.
    proxy.join();
    return seen.error;
  }

  LoopPool pool_{1};
};

TEST_F(ProxyTest, TunnelsToAnHttpsUpstreamAndKeepsTheTunnel) {
  TestIdentity identity("IP:127.0.0.1");
  auto tls = ServerTls::Load(identity.files());
  ASSERT_TRUE(tls.ok());
  auto server = Serve({.tls = *tls});
  auto url = Url::Parse(server->url());
  ASSERT_TRUE(url.ok());
  Upstream upstream = Upstream::FromUrl(*url, identity.certificate_file());
  Proxy proxy;
  upstream.proxy = proxy.Via("user:pass word");
  {
    auto clients = Pool(upstream);
    const Seen first = Ask(*clients);
    EXPECT_EQ(first.body, "/x?y hello") << first.error.message();
    EXPECT_FALSE(first.reused);
    EXPECT_TRUE(Ask(*clients).reused);
  }
  proxy.Join();
  ASSERT_EQ(proxy.heads().size(), 1u);
  EXPECT_EQ(proxy.heads()[0],
            "CONNECT " + server->address() +
                " HTTP/1.1\r\nHost: " + server->address() +
                "\r\nProxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n"
                "\r\n");
}

TEST_F(ProxyTest, AsksForTheWholeUrlOfAnHttpUpstream) {
  auto server = Serve();
  auto url = Url::Parse(server->url());
  ASSERT_TRUE(url.ok());
  Upstream upstream = Upstream::FromUrl(*url, "");
  Proxy proxy;
  upstream.proxy = proxy.Via("a:b");
  EXPECT_EQ(Ask(*Pool(upstream)).body, "/x?y hello");
  proxy.Join();
  EXPECT_THAT(proxy.heads()[0],
              AllOf(StartsWith("POST " + server->url() + "/x?y HTTP/1.1\r\n"),
                    HasSubstr("Proxy-Authorization: Basic YTpi\r\n"),
                    HasSubstr("Host: " + server->address() + "\r\n")));
}

TEST_F(ProxyTest, LooksUpTheProxyAndNotTheUpstream) {
  auto server = Serve();
  auto url = Url::Parse(server->url());
  ASSERT_TRUE(url.ok());
  Proxy proxy;
  Upstream upstream{.host = "127.0.0.1", .port = url->port};
  upstream.proxy = proxy.Via();
  upstream.proxy->url.host = "proxy.example";
  auto clients = Pool(upstream, {.look_up = [](const std::string& host)
                                     -> Result<std::vector<std::string>> {
                        EXPECT_EQ(host, "proxy.example");
                        return std::vector<std::string>{"127.0.0.1"};
                      }});
  EXPECT_EQ(Ask(*clients).body, "/x?y hello");
}

const Upstream kHttps{
    .transport = Upstream::Transport::kTls, .host = "api.example", .port = 443};

TEST_F(ProxyTest, SaysWhatTheProxySaidToConnect) {
  struct Case {
    std::string_view answer;
    std::string_view said;
  };
  for (const Case& refused :
       {Case{"HTTP/1.1 407 Proxy Authentication Required\r\n"
             "Content-Length: 5\r\n\r\nhello",
             "the proxy answers 407 Proxy Authentication Required"},
        Case{"HTTP/1.0 502 \r\n\r\n", "the proxy answers 502 Bad Gateway"},
        Case{"", "the proxy closed the connection"},
        Case{"HTTP/1.1 200 OK\r\n", "the proxy closed the connection"},
        Case{"hello\r\n\r\n", "the proxy speaks no HTTP"},
        Case{"HTTP/1.1 200 OK\r\n\r\nhello",
             "the proxy sent bytes of its own"}}) {
    std::string proxy_name;
    const Error error = Fails(
        kHttps,
        [&](RawSocket& peer) {
          EXPECT_THAT(peer.ReceiveUntil("\r\n\r\n"),
                      StartsWith("CONNECT api.example:443 HTTP/1.1\r\n"));
          peer.Send(refused.answer);
        },
        &proxy_name);
    EXPECT_EQ(error.code(), Code::kUnavailable);
    EXPECT_THAT(error.message(),
                AllOf(StartsWith("upstream api.example through "),
                      HasSubstr(proxy_name + "CONNECT api.example:443: "),
                      HasSubstr(refused.said)));
  }
}

TEST_F(ProxyTest, SaysThatTheProxyWantsACredentialForAnHttpUpstream) {
  std::string proxy_name;
  const Error error = Fails(
      {.host = "api.example", .port = 80},
      [](RawSocket& peer) {
        peer.ReceiveUntil("hello");
        peer.Send("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
      },
      &proxy_name);
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_THAT(error.message(),
              HasSubstr(proxy_name + "the proxy answers 407 No"));
}

TEST_F(ProxyTest, WaitsForTheProxyOnlySoLong) {
  std::string proxy_name;
  const Error error =
      Fails(kHttps, [](RawSocket& peer) { EXPECT_NE(peer.ReceiveAll(), ""); },
            &proxy_name, {.connect_timeout_ms = 20});
  EXPECT_EQ(error.code(), Code::kDeadline);
  EXPECT_THAT(error.message(), HasSubstr(proxy_name));
}

TEST_F(ProxyTest, NamesAProxyThatNobodyListensOn) {
  RawListener listener;
  auto url = Url::Parse("http://" + listener.address());
  ASSERT_TRUE(url.ok());
  listener.Close();
  Upstream upstream = kHttps;
  upstream.proxy = Upstream::Proxy{*url, ""};
  const Error error = Ask(*Pool(upstream)).error;
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_THAT(error.message(), HasSubstr("proxy " + url->ToString()));
  EXPECT_THAT(error.message(), HasSubstr("refused"));
}

TEST_F(ProxyTest, IsCheckedWhenAPoolIsMade) {
  struct Case {
    const char* proxy;
    const char* credential;
    Code code;
  };
  for (const Case& bad :
       {Case{"https://127.0.0.1:1", "", Code::kInvalid},
        Case{"http://127.0.0.1:1/path", "", Code::kInvalid},
        Case{"http://127.0.0.1:1", "no-password", Code::kInvalid},
        Case{"http://169.254.169.254:80", "", Code::kDenied}}) {
    Upstream upstream = kHttps;
    auto url = Url::Parse(bad.proxy);
    ASSERT_TRUE(url.ok());
    upstream.proxy = Upstream::Proxy{*url, bad.credential};
    auto pool = ClientPool::Create(pool_, upstream, {});
    ASSERT_FALSE(pool.ok()) << bad.proxy;
    EXPECT_EQ(pool.error().code(), bad.code) << bad.proxy;
  }
  // The upstream's own address too, although the proxy would connect to it.
  Upstream upstream{.host = "169.254.169.254", .port = 80};
  auto url = Url::Parse("http://127.0.0.1:1");
  ASSERT_TRUE(url.ok());
  upstream.proxy = Upstream::Proxy{*url, ""};
  auto pool = ClientPool::Create(pool_, upstream, {});
  ASSERT_FALSE(pool.ok());
  EXPECT_EQ(pool.error().code(), Code::kDenied);
}

}  // namespace
}  // namespace cofferdam::http
