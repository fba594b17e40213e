#include "console/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <memory>

#include "base/error_json.h"
#include "console/stores_testing.h"
#include "http/client.h"

namespace cofferdam::console {
namespace {

using policy::Role;
using ::testing::HasSubstr;

constexpr size_t kBodyBytesMax = 1 << 20;

class ServerTest : public StoresTest {
 protected:
  void SetUp() override {
    StoresTest::SetUp();
    auto server = Start("127.0.0.1:0");
    ASSERT_TRUE(server.ok()) << server.error().message();
    server_ = *std::move(server);
    AddPerson("ada@example.com");
  }
  void TearDown() override { server_.reset(); }

  Result<std::unique_ptr<Server>> Start(const std::string& address) {
    return Server::Start({address, [] { return std::string("up 1\n"); }},
                         *stores_, loops_, workers_, SystemClock());
  }
  std::string Socket() const {
    return "unix:" + SocketPath(folder_.In("data"));
  }
  std::string AddSecret(Role role) {
    return AddKey("ada@example.com", role).secret;
  }

  http::Response Send(const std::string& server, const std::string& method,
                      const std::string& target, const std::string& secret,
                      const std::string& body = "") {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    if (!secret.empty()) head.headers.Add("authorization", "Bearer " + secret);
    auto response = http::Fetch(server, head, body, {});
    EXPECT_TRUE(response.ok()) << response.error().message();
    return response.ok() ? *std::move(response) : http::Response{};
  }
  // What a call over TCP with that key is answered.
  int StatusOf(const std::string& method, const std::string& path,
               const std::string& secret, const std::string& body = "") {
    return Send(server_->url(), method, std::string(kApiPrefix) + path, secret,
                body)
        .head.status;
  }

  http::LoopPool loops_{1};
  Workers workers_{1, 1};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, TheSocketIsForItsOwnerAndNeedsNoKey) {
  struct stat info;
  ASSERT_EQ(stat(SocketPath(folder_.In("data")).c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const http::Response response =
      Send(Socket(), "POST", "/cofferdam/v1/admin/person", "",
           R"({"email":"bob@example.com","team":"red"})");
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.head.headers.GetOrEmpty("content-type"),
            "application/json");
  EXPECT_EQ(response.head.headers.GetOrEmpty("cache-control"), "no-store");
  EXPECT_EQ(Parsed(response.body)["email"].String(), "bob@example.com");
  EXPECT_EQ(LastAudit().actor, "local");
}

TEST_F(ServerTest, WithoutAKeyTcpAnswers401) {
  const http::Response response =
      Send(server_->url(), "GET", "/cofferdam/v1/admin/person", "");
  EXPECT_EQ(response.head.status, 401);
  const Error error = ErrorFromJson(response.body);
  EXPECT_EQ(error.code(), Code::kUnauthenticated);
  EXPECT_THAT(error.message(), HasSubstr("Authorization: Bearer"));
}

TEST_F(ServerTest, KeysThatAreNoneAnswer401) {
  EXPECT_EQ(StatusOf("GET", "person", "cfa_short"), 401);
  SeededRandom random(1);
  EXPECT_EQ(StatusOf("GET", "person",
                     policy::MakeSecret(policy::KeyKind::kAdmin, random)),
            401);
  const policy::CreatedKey key = AddKey("ada@example.com", Role::kOwner);
  EXPECT_EQ(StatusOf("GET", "person", key.secret), 200);
  ASSERT_TRUE(stores_->policy().RevokeKey(key.key.id, "local").ok());
  EXPECT_EQ(StatusOf("GET", "person", key.secret), 401);
}

TEST_F(ServerTest, AnotherSchemeThanBearerAnswers401) {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/cofferdam/v1/admin/person";
  head.headers.Add("authorization", "Basic " + AddSecret(Role::kOwner));
  auto response = http::Fetch(server_->url(), head, "", {});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->head.status, 401);
}

TEST_F(ServerTest, AnEngineersKeyMayNothing) {
  const std::string key = AddSecret(Role::kEngineer);
  EXPECT_EQ(StatusOf("GET", "person", key), 403);
  EXPECT_EQ(StatusOf("GET", "ledger/stat", key), 403);
  EXPECT_EQ(StatusOf("POST", "ledger/text", key), 403);
  auto engineer = stores_->policy().directory()->Authenticate(
      key, SystemClock().WallMicros());
  ASSERT_TRUE(engineer.ok());
  auto session = stores_->policy().MintSession(
      *engineer, {.repo = "", .purpose = "product", .tool = "", .commit = ""});
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(StatusOf("GET", "person", session->secret), 403);
}

TEST_F(ServerTest, AReaderMayLookButNotChange) {
  const std::string key = AddSecret(Role::kReader);
  EXPECT_EQ(StatusOf("GET", "person", key), 200);
  EXPECT_EQ(StatusOf("GET", "key", key), 200);
  EXPECT_EQ(StatusOf("GET", "ledger/exchange", key), 200);
  EXPECT_EQ(StatusOf("GET", "ledger/stat", key), 200);
  EXPECT_EQ(StatusOf("POST", "person", key,
                     R"({"email":"bob@example.com","team":"red"})"),
            403);
  EXPECT_EQ(StatusOf("POST", "key", key, R"({"person":"ada@example.com"})"),
            403);
  EXPECT_EQ(StatusOf("POST", "index/build", key), 403);
  auto persons = stores_->policy().ListPersons();
  ASSERT_TRUE(persons.ok());
  EXPECT_EQ(persons->size(), 1u);
}

TEST_F(ServerTest, AReaderReadsTextAndAnOwnerDoesNot) {
  const std::string body = R"({"exchange":")" + AddExchange(1, "the text") +
                           R"(","part":0,"reason":"case 12"})";
  EXPECT_EQ(StatusOf("POST", "ledger/text", AddSecret(Role::kOwner), body),
            403);
  EXPECT_NE(LastAudit().action, "text.read");

  const policy::CreatedKey reader = AddKey("ada@example.com", Role::kReader);
  const http::Response response =
      Send(server_->url(), "POST", "/cofferdam/v1/admin/ledger/text",
           reader.secret, body);
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(Parsed(response.body)["text"].String(), "the text");
  EXPECT_EQ(LastAudit().action, "text.read");
  EXPECT_EQ(LastAudit().actor, reader.key.id);
}

// The role is asked of the path that is called, however it is written.
TEST_F(ServerTest, TextHasNoSecondPathForAnOwner) {
  const std::string key = AddSecret(Role::kOwner);
  const std::string body = R"({"exchange":")" + AddExchange(1, "the text") +
                           R"(","part":0,"reason":"case 12"})";
  EXPECT_EQ(StatusOf("POST", "ledger/text?x=1", key, body), 403);
  for (const char* path : {"ledger/text/", "/ledger/text", "ledger//text",
                           "ledger/./text", "ledger/%74ext", "ledger/Text"}) {
    EXPECT_EQ(StatusOf("POST", path, key, body), 404) << path;
  }
}

TEST_F(ServerTest, EachCallIsForTheRolesOfItsRow) {
  for (Role role : policy::kRoles) {
    const std::string key = AddSecret(role);
    for (const ApiCall& call : Api::Calls()) {
      // A body that is none ends the call before anything is changed.
      const int status =
          StatusOf(std::string(call.method), std::string(call.path), key, "[");
      const bool denied = status == HttpStatus(Code::kDenied);
      EXPECT_EQ(denied, !policy::May(role, call.permission))
          << policy::RoleName(role) << " " << call.method << " " << call.path;
    }
  }
}

TEST_F(ServerTest, AnOwnerAdministers) {
  const policy::CreatedKey owner = AddKey("ada@example.com", Role::kOwner);
  EXPECT_EQ(StatusOf("GET", "key", owner.secret), 200);
  EXPECT_EQ(StatusOf("POST", "person", owner.secret,
                     R"({"email":"bob@example.com","team":"red"})"),
            200);
  EXPECT_EQ(LastAudit().actor, owner.key.id);
  EXPECT_EQ(StatusOf("POST", "index/build", owner.secret), 200);
}

TEST_F(ServerTest, UnknownPathsAnswer404) {
  const std::string key = AddSecret(Role::kOwner);
  EXPECT_EQ(StatusOf("GET", "nothing", key), 404);
  EXPECT_EQ(StatusOf("DELETE", "person", key), 404);
  for (const char* target : {"/", "/cofferdam/v1/admin", "/v1/messages"}) {
    const http::Response response = Send(server_->url(), "GET", target, key);
    EXPECT_EQ(response.head.status, 404) << target;
    EXPECT_EQ(ErrorFromJson(response.body).code(), Code::kNotFound);
  }
}

TEST_F(ServerTest, FailuresAnswerTheStatusOfTheirCode) {
  const std::string key = AddSecret(Role::kOwner);
  EXPECT_EQ(StatusOf("POST", "person", key, "{"), 400);
  EXPECT_EQ(StatusOf("POST", "person", key,
                     R"({"email":"ada@example.com","team":"red"})"),
            409);
  EXPECT_EQ(StatusOf("GET", "ledger/exchange?limit=10001", key), 400);
  EXPECT_EQ(StatusOf("GET", "ledger/exchange?limit=10000", key), 200);
}

TEST_F(ServerTest, TakesABodyOfAMebibyteAndNotAByteMore) {
  const auto status = [&](size_t bytes) {
    std::string body = R"({"email":"bob@example.com","team":"red","x":")";
    body.resize(bytes - 2, 'x');
    return Send(Socket(), "POST", "/cofferdam/v1/admin/person", "",
                body + "\"}")
        .head.status;
  };
  EXPECT_EQ(status(kBodyBytesMax + 1), 413);
  EXPECT_EQ(status(kBodyBytesMax), 200);
}

TEST_F(ServerTest, RefusesMoreWhenTheWorkersAreBusy) {
  // Shared: the jobs may outlive this function by a moment.
  auto begun = std::make_shared<std::promise<void>>();
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  ASSERT_TRUE(workers_
                  .Submit([begun, released] {
                    begun->set_value();
                    released.wait();
                  })
                  .ok());
  begun->get_future().wait();
  ASSERT_TRUE(workers_.Submit([released] { released.wait(); }).ok());
  const http::Response response =
      Send(Socket(), "GET", "/cofferdam/v1/admin/ledger/stat", "");
  release.set_value();
  EXPECT_EQ(response.head.status, HttpStatus(Code::kExhausted));
  EXPECT_EQ(ErrorFromJson(response.body).code(), Code::kExhausted);
}

TEST_F(ServerTest, AnAddressInUseIsNamed) {
  const std::string address =
      server_->url().substr(std::string_view("http://").size());
  auto second = Start(address);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_THAT(second.error().message(), HasSubstr(address));
}

TEST_F(ServerTest, ServesHealthAndMetricsWithoutAKeyOverTcpOnly) {
  http::Response health = Send(server_->url(), "GET", "/healthz", "");
  EXPECT_EQ(health.head.status, 200);
  http::Response metrics = Send(server_->url(), "GET", "/metrics", "");
  EXPECT_EQ(metrics.head.status, 200);
  EXPECT_EQ(metrics.body, "up 1\n");
  EXPECT_THAT(std::string(metrics.head.headers.GetOrEmpty("content-type")),
              HasSubstr("text/plain"));
  EXPECT_EQ(Send(server_->url(), "POST", "/metrics", "").head.status, 401);
  EXPECT_EQ(Send(Socket(), "GET", "/metrics", "").head.status, 404);
}

}  // namespace
}  // namespace cofferdam::console
