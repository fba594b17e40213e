#include "account/webhook.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "account/alert.h"
#include "base/json.h"
#include "ledger/records_testing.h"

namespace cofferdam::account {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers one request a connection, with the next of `statuses`, then 200; 0
// closes without an answer.
class Receiver {
 public:
  explicit Receiver(std::vector<int> statuses)
      : statuses_(std::move(statuses)) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(socket_, reinterpret_cast<sockaddr*>(&address),
               sizeof(address)) == 0);
    CHECK(listen(socket_, 16) == 0);
    socklen_t size = sizeof(address);
    CHECK(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) ==
          0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~Receiver() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }

  std::string Url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Run() {
    for (size_t number = 0;; ++number) {
      const int peer = accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      std::string request = Read(peer);
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
      }
      const int status = number < statuses_.size() ? statuses_[number] : 200;
      if (status != 0) {
        const std::string answer = "HTTP/1.1 " + std::to_string(status) +
                                   " X\r\ncontent-length: 2\r\n\r\nok";
        EXPECT_GT(send(peer, answer.data(), answer.size(), MSG_NOSIGNAL), 0);
      }
      close(peer);
    }
  }

  static std::string Read(int peer) {
    std::string bytes;
    char buffer[4096];
    while (true) {
      const size_t head = bytes.find("\r\n\r\n");
      if (head != std::string::npos) {
        const size_t at = bytes.find("ontent-Length: ") != std::string::npos
                              ? bytes.find("ontent-Length: ") + 15
                              : bytes.find("ontent-length: ") + 15;
        if (bytes.size() >= head + 4 + std::stoul(bytes.substr(at))) {
          return bytes;
        }
      }
      const ssize_t got = recv(peer, buffer, sizeof(buffer), 0);
      if (got <= 0) return bytes;
      bytes.append(buffer, static_cast<size_t>(got));
    }
  }

  const std::vector<int> statuses_;
  int socket_ = -1;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

WebhookOptions Options(const Receiver& receiver) {
  WebhookOptions options;
  options.url = receiver.Url("/hook/?a=b");
  options.retry_ms = 1;
  return options;
}

std::string BodyOf(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

TEST(Webhook, PostsJsonInOrderWithItsToken) {
  Receiver receiver({});
  WebhookOptions options = Options(receiver);
  options.token = [] { return std::string("secret"); };
  auto webhook = *Webhook::Start(options, ledger::QuietLogger());
  webhook->Send("{\"n\":1}");
  webhook->Send("{\"n\":2}");
  ASSERT_TRUE(webhook->Flush(20'000));
  const auto requests = receiver.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0], HasSubstr("POST /hook/?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("Bearer secret\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("application/json\r\n"));
  EXPECT_EQ(BodyOf(requests[0]), "{\"n\":1}");
  EXPECT_EQ(BodyOf(requests[1]), "{\"n\":2}");
  EXPECT_EQ(webhook->Stats().delivered, 2u);
}

TEST(Webhook, TriesAgainWhatIsRefusedForNow) {
  Receiver receiver({503, 0, 429, 200});
  auto webhook = *Webhook::Start(Options(receiver), ledger::QuietLogger());
  webhook->Send("{}");
  ASSERT_TRUE(webhook->Flush(20'000));
  EXPECT_EQ(receiver.requests().size(), 4u);
  EXPECT_EQ(webhook->Stats().delivered, 1u);
  EXPECT_EQ(webhook->Stats().failed, 0u);
}

TEST(Webhook, GivesUpWhatIsRefusedForGoodOrTooOften) {
  Receiver receiver({404, 500, 500, 500});
  WebhookOptions options = Options(receiver);
  options.attempts_max = 3;
  std::string log;
  std::mutex mutex;
  const Logger logger(LogLevel::kInfo, [&](std::string_view line) {
    std::lock_guard lock(mutex);
    log += line;
  });
  auto webhook = *Webhook::Start(options, logger);
  webhook->Send("{\"a\":1}");
  webhook->Send("{\"b\":2}");
  ASSERT_TRUE(webhook->Flush(20'000));
  EXPECT_EQ(receiver.requests().size(), 4u);
  EXPECT_EQ(webhook->Stats().failed, 2u);
  webhook.reset();
  EXPECT_THAT(log, HasSubstr("status 404"));
  EXPECT_THAT(log, Not(HasSubstr("/hook")));  // perhaps a secret
}

TEST(Webhook, DropsWhatDoesNotFitItsQueueAndEndsAtOnce) {
  WebhookOptions options;
  // Nobody listens there: what is sent waits for its next try.
  options.url = "http://127.0.0.1:1/";
  options.retry_ms = 3'600'000;
  options.queue_max = 2;
  auto webhook = *Webhook::Start(options, ledger::QuietLogger());
  for (int i = 0; i < 4; ++i) webhook->Send("{}");
  // One may be under way already, so that three or two found room.
  EXPECT_GE(webhook->Stats().dropped, 1u);
  EXPECT_LE(webhook->Stats().dropped, 2u);
  EXPECT_FALSE(webhook->Flush(0));
  webhook.reset();
}

TEST(Webhook, AnAddressThatIsNoneIsRefused) {
  for (const char* url : {"", "ftp://a/b", "https://", "http://a/b?c d",
                          "http://user:pass@a/b"}) {
    WebhookOptions options;
    options.url = url;
    const auto started = Webhook::Start(options, ledger::QuietLogger());
    ASSERT_FALSE(started.ok()) << url;
    EXPECT_EQ(started.error().code(), Code::kInvalid);
  }
}

TEST(Alert, SaysWhichCapAndWhenItRenews) {
  policy::CapAlert alert;
  alert.percent = 80;
  alert.state.cap = {.id = "c1",
                     .scope = policy::CapScope::kPerson,
                     .subject = "",
                     .unit = policy::CapUnit::kMicroDollars,
                     .period = policy::CapPeriod::kMonth,
                     .limit = 1'500'000'000,
                     .ask = ""};
  alert.state.subject = "01JPERSON";
  alert.state.window = policy::WindowOf(policy::CapPeriod::kMonth,
                                        int64_t{1'763'683'200} * 1'000'000);
  alert.state.spent = 1'200'000'000;
  alert.state.reserved = 5;
  EXPECT_EQ(
      CapAlertJson(alert, 0),
      R"({"v":1,"event":"cap","time":"1970-01-01T00:00:00.000000Z",)"
      R"("text":"80% of the cap of $1,500.00 a month for person 01JPERSON are )"
      R"(spent","percent":80,"cap":{"id":"c1","scope":"person",)"
      R"("subject":"01JPERSON","unit":"dollars","period":"month",)"
      R"("limit":1500000000},"spent":1200000000,"reserved":5,)"
      R"("renews":"2025-12-01T00:00:00.000000Z"})");
}

TEST(Alert, AnOverrunNamesTheExchangeAndNobodysWords) {
  ledger::Exchange exchange = ledger::FullExchange();
  exchange.held_micro_dollars = 10;
  exchange.held_tokens = 20;
  const std::string json = OverrunAlertJson(exchange, {30, 40}, 0);
  const auto read = JsonDocument::Parse(json);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)["exchange"].String(), exchange.id.ToString());
  EXPECT_EQ((*read)["held"]["tokens"].Int(), 20);
  EXPECT_EQ((*read)["used"]["micro_dollars"].Int(), 30);
  EXPECT_EQ((*read)["person"].String(), "p_1");
  for (const char* word : {"src/a", "session-1", "digest"}) {
    EXPECT_THAT(json, Not(HasSubstr(word)));
  }
}

}  // namespace
}  // namespace cofferdam::account
