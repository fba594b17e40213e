#include "console/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <future>
#include <tuple>
#include <vector>

#include "console/server.h"
#include "console/stores_testing.h"

namespace cofferdam::console {
namespace {

using ::testing::HasSubstr;

class AdminTest : public StoresTest {
 protected:
  // Nobody holds the folder at first.
  void SetUp() override {}
  void TearDown() override {
    server_.reset();
    stores_.reset();
  }

  void StartServer() {
    OpenStores();
    auto server = Server::Start({"127.0.0.1:0", {}}, *stores_, loops_, workers_,
                                SystemClock());
    ASSERT_TRUE(server.ok()) << server.error().message();
    server_ = *std::move(server);
  }
  std::unique_ptr<Admin> Open() {
    auto admin = Admin::Open(options_, ledger::QuietLogger());
    EXPECT_TRUE(admin.ok()) << admin.error().message();
    return admin.ok() ? *std::move(admin) : nullptr;
  }
  // The folder held by something that is no server of ours.
  FileLock Hold() {
    EXPECT_TRUE(MakeFolder(options_.folder, 0700).ok());
    auto lock = FileLock::Acquire(options_.folder + "/LOCK");
    CHECK_OK(lock);
    return *std::move(lock);
  }

  http::LoopPool loops_{1};
  Workers workers_{2, 16};
  std::unique_ptr<Server> server_;
};

// Listens on the folder's socket and answers nothing.
class SilentSocket {
 public:
  explicit SilentSocket(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(path.size() < sizeof(address.sun_path));
    path.copy(address.sun_path, path.size());
    CHECK(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address),
               sizeof(address)) == 0);
    CHECK(listen(fd_.get(), 8) == 0);
  }
  // Waits for somebody who asks, and goes away.
  void TakeOneAndClose() {
    FileDescriptor client(accept(fd_.get(), nullptr, nullptr));
    CHECK(client.valid());
    fd_.Reset(-1);
  }

 private:
  FileDescriptor fd_;
};

TEST_F(AdminTest, OpensTheStoresWhereNobodyHoldsThem) {
  std::unique_ptr<Admin> admin = Open();
  ASSERT_NE(admin, nullptr);
  EXPECT_FALSE(FileLock::Acquire(options_.folder + "/LOCK").ok());
  auto added = admin->Call("POST", "person",
                           R"({"email":"ada@example.com","team":"red"})");
  EXPECT_TRUE(added.ok());
  EXPECT_TRUE(admin->Close().ok());

  OpenStores();
  auto persons = stores_->policy().ListPersons();
  ASSERT_TRUE(persons.ok());
  EXPECT_EQ(persons->size(), 1u);
}

TEST_F(AdminTest, AsksTheServerThatHoldsTheStores) {
  StartServer();
  std::unique_ptr<Admin> admin = Open();
  ASSERT_NE(admin, nullptr);
  auto added = admin->Call("POST", "person",
                           R"({"email":"ada@example.com","team":"red"})");
  EXPECT_TRUE(added.ok());
  auto persons = stores_->policy().ListPersons();
  ASSERT_TRUE(persons.ok());
  EXPECT_EQ(persons->size(), 1u);
  EXPECT_TRUE(admin->Close().ok());
  // The server still has them.
  EXPECT_TRUE(stores_->policy().ListPersons().ok());
}

// What is answered, or why not.
std::string AnswerOf(Admin& admin, const std::string& method,
                     const std::string& path, const std::string& body,
                     const std::string& query) {
  auto answer = admin.Call(method, path, body, query);
  if (answer.ok()) return *answer;
  return std::string(CodeName(answer.error().code())) + " " +
         answer.error().message();
}

std::vector<std::string> AnswersOf(Admin& admin, const std::string& exchange) {
  const std::tuple<const char*, std::string, std::string, const char*> calls[] =
      {
          {"POST", "index/build", "", ""},
          {"GET", "person", "", ""},
          {"GET", "key", "", ""},
          {"GET", "ledger/exchange", "", "after=1&limit=1"},
          {"GET", "ledger/exchange/" + exchange, "", ""},
          {"GET", "ledger/stat", "", ""},
          {"POST", "ledger/text",
           R"({"exchange":")" + exchange + R"(","part":0,"reason":"r"})", ""},
          {"POST", "ledger/text",
           R"({"exchange":")" + exchange + R"(","part":0})", ""},
          {"POST", "person", R"({"email":"ada@example.com","team":"red"})", ""},
          {"POST", "person", R"({"email":"\"\n","team":"red"})", ""},
          {"POST", "person", "{", ""},
          {"POST", "key", R"({"person":"bob@example.com"})", ""},
          {"POST", "key/revoke", R"({"key":"cfe_01234567"})", ""},
          {"GET", "ledger/exchange", "", "limit=10001"},
          {"GET", "ledger/exchange/x", "", ""},
          {"GET", "nothing", "", ""},
          {"DELETE", "person", "", ""},
      };
  std::vector<std::string> answers;
  for (const auto& [method, path, body, query] : calls) {
    answers.push_back(AnswerOf(admin, method, path, body, query));
  }
  return answers;
}

TEST_F(AdminTest, BothWaysGiveTheSameAnswers) {
  OpenStores();
  const std::string person = AddPerson("ada@example.com");
  AddKey("ada@example.com", policy::Role::kReader);
  AddExchange(1, ledger::ModelCode(1), person);
  const std::string exchange = AddExchange(2, "text \"\xc3\xa4\"\n", person);
  stores_.reset();

  std::unique_ptr<Admin> here = Open();
  ASSERT_NE(here, nullptr);
  // Seals; from now on the index does not change.
  ASSERT_TRUE(here->Call("POST", "index/build").ok());
  const std::vector<std::string> in_process = AnswersOf(*here, exchange);
  ASSERT_TRUE(here->Close().ok());
  StartServer();
  std::unique_ptr<Admin> there = Open();
  ASSERT_NE(there, nullptr);
  EXPECT_EQ(AnswersOf(*there, exchange), in_process);
}

TEST_F(AdminTest, AFolderHeldByWhatDoesNotAnswerIsAConflict) {
  FileLock lock = Hold();
  auto admin = Admin::Open(options_, ledger::QuietLogger(), 50);
  ASSERT_FALSE(admin.ok());
  EXPECT_EQ(admin.error().code(), Code::kConflict);
  EXPECT_THAT(admin.error().message(), HasSubstr(options_.folder));
}

TEST_F(AdminTest, AServerThatIsSilentIsAConflictToo) {
  FileLock lock = Hold();
  SilentSocket socket(SocketPath(options_.folder));
  const int64_t begin = SystemClock().SteadyMicros();
  auto admin = Admin::Open(options_, ledger::QuietLogger(), 50);
  ASSERT_FALSE(admin.ok());
  EXPECT_EQ(admin.error().code(), Code::kConflict);
  // Far from the minutes that a call may take.
  EXPECT_LT(SystemClock().SteadyMicros() - begin, 20'000'000);
}

TEST_F(AdminTest, WaitsForWhoeverHoldsTheFolderForAMoment) {
  std::optional<FileLock> lock = Hold();
  SilentSocket socket(SocketPath(options_.folder));
  auto opening = std::async(std::launch::async, [&] {
    return Admin::Open(options_, ledger::QuietLogger(), 30'000);
  });
  // It has found the folder held once it asks.
  socket.TakeOneAndClose();
  lock.reset();
  auto admin = opening.get();
  ASSERT_TRUE(admin.ok()) << admin.error().message();
  EXPECT_TRUE((*admin)->Call("GET", "person").ok());
}

TEST_F(AdminTest, AFolderThatCannotBeMadeIsNamedAtOnce) {
  options_.folder = "/proc/nothing/data";
  auto admin = Admin::Open(options_, ledger::QuietLogger());
  ASSERT_FALSE(admin.ok());
  EXPECT_NE(admin.error().code(), Code::kConflict);
  EXPECT_THAT(admin.error().message(), HasSubstr("/proc/nothing/data"));
}

}  // namespace
}  // namespace cofferdam::console
