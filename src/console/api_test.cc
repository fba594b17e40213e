#include "console/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "console/api_testing.h"
#include "fingerprint/index.h"

namespace cofferdam::console {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ApiTest, AddsAPersonAndListsThem) {
  JsonDocument added =
      Post("person", R"({"email":"Ada@Example.com","team":"red"})");
  EXPECT_EQ(added["email"].String(), "ada@example.com");
  EXPECT_EQ(added["team"].String(), "red");
  EXPECT_EQ(added["id"].StringOrEmpty().size(), 26u);
  EXPECT_EQ(added["created_at"].StringOrEmpty().size(), 27u);
  EXPECT_FALSE(added["erased_at"].present());

  JsonDocument listed = Get("person");
  ASSERT_EQ(listed["persons"].Elements().size(), 1u);
  EXPECT_EQ(listed["persons"].At(0)["id"].String(), added["id"].String());
  EXPECT_EQ(LastAudit().action, "person.add");
  EXPECT_EQ(LastAudit().actor, "tester");
}

TEST_F(ApiTest, ListsNobodyInANewFolder) {
  JsonDocument listed = Get("person");
  EXPECT_TRUE(listed["persons"].is_array());
  EXPECT_TRUE(listed["persons"].Elements().empty());
}

TEST_F(ApiTest, RefusesAPersonWhoseAddressIsNone) {
  ExpectError(Code::kInvalid, "add \"ada\": ",
              Call("POST", "person", R"({"email":"ada","team":"red"})"));
  ExpectError(Code::kInvalid, "email: must be a string",
              Call("POST", "person", R"({"email":7,"team":"red"})"));
  ExpectError(Code::kInvalid, "",
              Call("POST", "person", R"({"email":"a@b.c","team":"R d"})"));
  ExpectError(Code::kInvalid, "", Call("POST", "person", "email=a@b.c"));
  EXPECT_TRUE(Get("person")["persons"].Elements().empty());
}

TEST_F(ApiTest, RefusesTheSameAddressTwice) {
  AddPerson("ada@example.com");
  ExpectError(
      Code::kConflict, "ada@example.com",
      Call("POST", "person", R"({"email":"ADA@example.com","team":"red"})"));
}

TEST_F(ApiTest, CreatesAKeyWhoseSecretIsShownOnce) {
  AddPerson("ada@example.com");
  JsonDocument key = Post("key", R"({"person":"ada@example.com"})");
  const std::string secret(key["secret"].StringOrEmpty());
  EXPECT_TRUE(policy::ParseSecret(secret).ok());
  EXPECT_EQ(key["role"].String(), "engineer");
  EXPECT_EQ(key["person"].String(), "ada@example.com");
  EXPECT_EQ(key["prefix"].String(), secret.substr(0, 12));
  EXPECT_FALSE(key["expires_at"].present());
  auto principal = stores_->policy().directory()->Authenticate(
      secret, SystemClock().WallMicros());
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ(principal->key_id, key["id"].StringOrEmpty());

  auto listed = Call("GET", "key");
  ASSERT_TRUE(listed.ok());
  EXPECT_THAT(*listed, HasSubstr(secret.substr(0, 12)));
  EXPECT_THAT(*listed, Not(HasSubstr(secret.substr(0, 13))));
}

TEST_F(ApiTest, CreatesKeysOfEveryRole) {
  AddPerson("ada@example.com");
  for (policy::Role role : policy::kRoles) {
    const std::string name(policy::RoleName(role));
    JsonDocument key =
        Post("key", R"({"person":"ada@example.com","role":")" + name + "\"}");
    EXPECT_EQ(key["role"].String(), name);
  }
  EXPECT_EQ(Get("key")["keys"].Elements().size(), std::size(policy::kRoles));
}

TEST_F(ApiTest, RefusesAKeyForNobodyOrWithARoleThatIsNone) {
  AddPerson("ada@example.com");
  ExpectError(Code::kNotFound, "bob@example.com",
              Call("POST", "key", R"({"person":"bob@example.com"})"));
  ExpectError(
      Code::kInvalid, "role: unknown \"root\"",
      Call("POST", "key", R"({"person":"ada@example.com","role":"root"})"));
  ExpectError(
      Code::kInvalid, "\"admin\" is called owner now",
      Call("POST", "key", R"({"person":"ada@example.com","role":"admin"})"));
  ExpectError(
      Code::kInvalid, "role: must be a string",
      Call("POST", "key", R"({"person":"ada@example.com","role":["admin"]})"));
  ExpectError(Code::kInvalid, "", Call("POST", "key", ""));
  EXPECT_TRUE(Get("key")["keys"].Elements().empty());
}

TEST_F(ApiTest, KeysEndWithinOneDayToTenYears) {
  AddPerson("ada@example.com");
  const auto create = [&](const std::string& days) {
    return Call("POST", "key",
                R"({"person":"ada@example.com","expires_days":)" + days + "}");
  };
  for (const char* days : {"1", "3650"}) {
    auto key = create(days);
    ASSERT_TRUE(key.ok()) << days;
    EXPECT_TRUE(Parsed(*key)["expires_at"].is_string());
  }
  for (const char* days : {"0", "3651", "-1"}) {
    ExpectError(Code::kInvalid, "3650", create(days));
  }
}

// Else a slip of the pen would make a key without end.
TEST_F(ApiTest, AnEndThatIsNoWholeNumberIsRefused) {
  AddPerson("ada@example.com");
  for (const char* days : {"\"30\"", "30.5", "true", "1e30"}) {
    ExpectError(
        Code::kInvalid, "expires_days: must be a whole number",
        Call("POST", "key",
             std::string(R"({"person":"ada@example.com","expires_days":)") +
                 days + "}"));
  }
  EXPECT_TRUE(Get("key")["keys"].Elements().empty());
}

TEST_F(ApiTest, RevokesAKeyByIdPrefixOrSecret) {
  AddPerson("ada@example.com");
  for (int by = 0; by < 3; ++by) {
    const policy::CreatedKey key =
        AddKey("ada@example.com", policy::Role::kEngineer);
    const std::string names[] = {key.key.id, key.key.prefix, key.secret};
    const std::string body = "{\"key\":\"" + names[by] + "\"}";
    JsonDocument first = Post("key/revoke", body);
    EXPECT_EQ(first["id"].String(), key.key.id);
    EXPECT_EQ(first["prefix"].String(), key.key.prefix);
    EXPECT_EQ(first["kind"].String(), "engineer");
    EXPECT_EQ(first["already"].Bool(), false);
    JsonDocument again = Post("key/revoke", body);
    EXPECT_EQ(again["already"].Bool(), true);
    EXPECT_EQ(again["revoked_at"].String(), first["revoked_at"].String());
    EXPECT_FALSE(stores_->policy()
                     .directory()
                     ->Authenticate(key.secret, SystemClock().WallMicros())
                     .ok());
  }
  JsonDocument listed = Get("key");
  EXPECT_EQ(listed["keys"].Elements().size(), 3u);
  for (const JsonValue& key : listed["keys"].Elements()) {
    EXPECT_TRUE(key["revoked_at"].is_string());
  }
}

TEST_F(ApiTest, AnOperatorMakesAndEndsKeysOfEngineersOnly) {
  AddPerson("ada@example.com");
  const auto call = [&](policy::Role role, const std::string& path,
                        const std::string& body) {
    return Api(*stores_).Handle({.method = "POST",
                                 .path = path,
                                 .query = "",
                                 .body = body,
                                 .actor = "tester",
                                 .role = role});
  };
  for (policy::Role made : policy::kRoles) {
    const std::string create = R"({"person":"ada@example.com","role":")" +
                               std::string(policy::RoleName(made)) + "\"}";
    const policy::CreatedKey key = AddKey("ada@example.com", made);
    const std::string revoke = R"({"key":")" + key.key.id + "\"}";
    if (made == policy::Role::kEngineer) {
      EXPECT_TRUE(call(policy::Role::kOperator, "key", create).ok());
      EXPECT_TRUE(call(policy::Role::kOperator, "key/revoke", revoke).ok());
      continue;
    }
    ExpectError(Code::kDenied, "owner",
                call(policy::Role::kOperator, "key", create));
    ExpectError(Code::kDenied, "only an owner",
                call(policy::Role::kOperator, "key/revoke", revoke));
    EXPECT_TRUE(stores_->policy()
                    .directory()
                    ->Authenticate(key.secret, SystemClock().WallMicros())
                    .ok());
    EXPECT_TRUE(call(policy::Role::kOwner, "key", create).ok());
    EXPECT_TRUE(call(policy::Role::kOwner, "key/revoke", revoke).ok());
  }
}

TEST_F(ApiTest, SaysWhoMayWhatTheKeyMayNot) {
  ApiRequest request{.method = "POST",
                     .path = "person",
                     .query = "",
                     .body = "",
                     .actor = "tester",
                     .role = policy::Role::kViewer};
  ExpectError(Code::kDenied,
              "a key of role viewer may not POST person; this takes operator "
              "or owner",
              Api(*stores_).Handle(request));
  request.path = "nothing";
  ExpectError(Code::kNotFound, "no such call", Api(*stores_).Handle(request));
  request.role = policy::Role::kEngineer;
  ExpectError(Code::kDenied, "", Api(*stores_).Handle(request));
}

TEST_F(ApiTest, RevokesNoKeyThatItDoesNotKnow) {
  ExpectError(Code::kNotFound, "",
              Call("POST", "key/revoke", R"({"key":"cfe_01234567"})"));
  ExpectError(Code::kInvalid, "",
              Call("POST", "key/revoke", R"({"key":"everything"})"));
  ExpectError(Code::kInvalid, "", Call("POST", "key/revoke", "{}"));
}

TEST_F(ApiTest, ListsExchangesWithTheAddressOfTheirPerson) {
  const std::string person = AddPerson("ada@example.com");
  const std::string id = AddExchange(1, "hello", person);
  AddExchange(2, "world");
  JsonDocument listed = Get("ledger/exchange");
  EXPECT_EQ(listed["last_sequence"].Int(), 2);
  ASSERT_EQ(listed["exchanges"].Elements().size(), 2u);
  const JsonValue first = listed["exchanges"].At(0);
  EXPECT_EQ(first["sequence"].Int(), 1);
  EXPECT_EQ(first["id"].String(), id);
  EXPECT_EQ(first["origin"]["person"].String(), person);
  EXPECT_EQ(first["person_email"].String(), "ada@example.com");
  EXPECT_FALSE(listed["exchanges"].At(1)["person_email"].present());
}

TEST_F(ApiTest, ListsTheNewestExchangesOrThoseAfterANumber) {
  for (uint64_t i = 1; i <= 5; ++i) AddExchange(i, "text");
  const auto sequences = [&](const std::string& query) {
    std::vector<int64_t> found;
    JsonDocument listed = Get("ledger/exchange", query);
    for (const JsonValue& exchange : listed["exchanges"].Elements()) {
      found.push_back(exchange["sequence"].Int().value_or(-1));
    }
    return found;
  };
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(sequences("limit=2"), ElementsAre(4, 5));
  EXPECT_THAT(sequences("after=1&limit=2"), ElementsAre(2, 3));
  EXPECT_THAT(sequences("after=4"), ElementsAre(5));
  EXPECT_THAT(sequences("after=5"), IsEmpty());
  EXPECT_THAT(sequences("limit=0"), IsEmpty());
  EXPECT_THAT(sequences("limit=10000"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(sequences("after=9223372036854775807"), IsEmpty());
}

TEST_F(ApiTest, RefusesNumbersThatAreNone) {
  for (const char* query : {"limit=10001", "limit=-1", "limit=ten", "limit=1x",
                            "after=99999999999999999999"}) {
    ExpectError(Code::kInvalid, "must be a number",
                Call("GET", "ledger/exchange", "", query));
  }
}

TEST_F(ApiTest, ShowsOneExchange) {
  const std::string person = AddPerson("ada@example.com");
  const std::string id = AddExchange(1, "hello", person);
  JsonDocument shown = Get("ledger/exchange/" + id);
  EXPECT_EQ(shown["v"].Int(), 1);
  EXPECT_EQ(shown["id"].String(), id);
  EXPECT_EQ(shown["parts"].At(0)["bytes"].Int(), 5);
  EXPECT_EQ(shown["person_email"].String(), "ada@example.com");
}

TEST_F(ApiTest, ShowsNoExchangeThatItDoesNotHave) {
  const std::string unknown = ledger::TestId(9).ToString();
  ExpectError(Code::kNotFound, unknown,
              Call("GET", "ledger/exchange/" + unknown));
  ExpectError(Code::kInvalid, "", Call("GET", "ledger/exchange/9"));
  ExpectError(Code::kInvalid, "", Call("GET", "ledger/exchange/"));
}

TEST_F(ApiTest, ReadingTextLeavesARowInTheAudit) {
  const std::string id = AddExchange(1, "the text");
  JsonDocument read =
      Post("ledger/text",
           R"({"exchange":")" + id + R"(","part":0,"reason":"case \"12\""})");
  EXPECT_EQ(read["text"].String(), "the text");
  const policy::AuditRow row = LastAudit();
  EXPECT_EQ(row.action, "text.read");
  EXPECT_EQ(row.actor, "tester");
  EXPECT_EQ(row.subject, id);
  JsonDocument detail = Parsed(row.detail);
  EXPECT_EQ(detail["part"].Int(), 0);
  EXPECT_EQ(detail["reason"].String(), "case \"12\"");
}

TEST_F(ApiTest, ReadingTextNeedsAReason) {
  const std::string id = AddExchange(1, "the text");
  for (const std::string reason :
       {"", R"(,"reason":"")", R"(,"reason":" \t")", R"(,"reason":7)"}) {
    ExpectError(Code::kInvalid, "reason",
                Call("POST", "ledger/text",
                     R"({"exchange":")" + id + R"(","part":0)" + reason + "}"));
  }
  EXPECT_EQ(LastAudit().sequence, 0);
}

TEST_F(ApiTest, ReadsNoTextThatItDoesNotHave) {
  const std::string id = AddExchange(1, "the text");
  const std::string unknown = ledger::TestId(9).ToString();
  const auto read = [&](const std::string& exchange, const std::string& part) {
    return Call("POST", "ledger/text",
                R"({"exchange":")" + exchange + R"(","part":)" + part +
                    R"(,"reason":"r"})");
  };
  ExpectError(Code::kNotFound, "has no part 1", read(id, "1"));
  ExpectError(Code::kNotFound, "has no part -1", read(id, "-1"));
  ExpectError(Code::kInvalid, "part: must be a whole number",
              read(id, "\"0\""));
  ExpectError(Code::kNotFound, "", read(unknown, "0"));
  ExpectError(Code::kInvalid, "", read("x", "0"));
  EXPECT_EQ(LastAudit().sequence, 0);
}

TEST_F(ApiTest, StatCountsExchangesAndTokens) {
  AddExchange(1, "hello");
  AddExchange(2, "world!");
  JsonDocument stat = Get("ledger/stat");
  EXPECT_EQ(stat["last_sequence"].Int(), 2);
  EXPECT_EQ(stat["exchanges"].Int(), 2);
  EXPECT_EQ(stat["parts"].Int(), 2);
  EXPECT_EQ(stat["part_bytes"].Int(), 11);
  EXPECT_EQ(stat["healthy"].Bool(), true);
  ASSERT_EQ(stat["models"].Elements().size(), 1u);
  const JsonValue model = stat["models"].At(0);
  EXPECT_EQ(model["model"].String(), "claude-x-1");
  EXPECT_EQ(model["exchanges"].Int(), 2);
  EXPECT_EQ(model["reported"]["input_tokens"].Int(), 20);
  EXPECT_EQ(model["reported"]["output_tokens"].Int(), 10);
  EXPECT_EQ(model["estimated"]["input_tokens"].Int(), 0);
}

TEST_F(ApiTest, BuildingTheIndexSealsWhatIsThere) {
  AddExchange(1, ledger::ModelCode(1));
  JsonDocument built = Post("index/build");
  EXPECT_EQ(built["folder"].String(), IndexFolder(options_.folder));
  EXPECT_EQ(built["covered_sequence"].Int(), 1);
  EXPECT_EQ(built["outputs_added"].Int(), 1);
  EXPECT_EQ(built["segments"].Int(), 1);
  auto index = fingerprint::Index::Open(IndexFolder(options_.folder));
  ASSERT_TRUE(index.ok()) << index.error().message();
  EXPECT_EQ(index->covered(), 1u);
  EXPECT_EQ(index->counts().outputs, 1u);

  JsonDocument again = Post("index/build");
  EXPECT_EQ(again["covered_sequence"].Int(), 1);
  EXPECT_EQ(again["outputs_added"].Int(), 0);
}

TEST_F(ApiTest, BuildingTheIndexMergesItIfAsked) {
  for (int i = 1; i <= 3; ++i) {
    AddExchange(i, ledger::ModelCode(i));
    EXPECT_EQ(Post("index/build")["segments"].Int(), i);
  }
  const auto merged = Call("POST", "index/build", "", "merge=all");
  ASSERT_TRUE(merged.ok()) << merged.error().message();
  EXPECT_EQ(Parsed(*merged)["segments"].Int(), 1);
  ExpectError(Code::kInvalid, "index/build: merge=some, which is none or all",
              Call("POST", "index/build", "", "merge=some"));
}

TEST_F(ApiTest, CallsThatDoNotExistAreNotFound) {
  ExpectError(Code::kNotFound, "no such call: GET /cofferdam/v1/admin/nothing",
              Call("GET", "nothing"));
  ExpectError(Code::kNotFound, "", Call("DELETE", "person"));
  ExpectError(Code::kNotFound, "", Call("GET", "ledger/text"));
  ExpectError(Code::kNotFound, "", Call("POST", "ledger/exchange/x"));
  ExpectError(Code::kNotFound, "", Call("GET", ""));
  ExpectError(Code::kNotFound, "", Call("GET", "person/"));
}

// The lines of docs/formats/admin-api.md that begin so.
std::vector<std::string> PageLines(std::string_view begin) {
  auto page = ReadFile(COFFERDAM_ADMIN_API_PAGE, 1 << 20);
  CHECK_OK(page);
  std::vector<std::string> lines;
  std::istringstream in(*page);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(begin)) lines.push_back(line);
  }
  return lines;
}

TEST_F(ApiTest, HasEveryCallOfItsPage) {
  int calls = 0;
  for (const std::string method : {"GET", "POST"}) {
    for (const std::string& line : PageLines("| " + method + " | `")) {
      ++calls;
      const size_t path = line.find('`') + 1;
      auto answer =
          Call(method, line.substr(path, line.find('`', path) - path));
      if (answer.ok()) continue;
      EXPECT_THAT(answer.error().message(), Not(HasSubstr("no such call")))
          << line;
    }
  }
  EXPECT_EQ(calls, static_cast<int>(Api::Calls().size()));
}

TEST(ApiPage, SaysOfEachCallWhatItAsksFor) {
  const auto name = [](policy::Permission permission) -> std::string {
    switch (permission) {
      case policy::Permission::kView:
        return "view";
      case policy::Permission::kReadText:
        return "text";
      case policy::Permission::kApprove:
        return "approve";
      case policy::Permission::kOperate:
        return "operate";
      case policy::Permission::kOwn:
        return "own";
    }
    return "";
  };
  for (const ApiCall& call : Api::Calls()) {
    std::string path(call.path);
    if (path.ends_with('/')) path += "ID";
    const auto lines =
        PageLines("| " + std::string(call.method) + " | `" + path + "` | ");
    ASSERT_EQ(lines.size(), 1u) << path;
    EXPECT_THAT(lines[0], HasSubstr("` | " + name(call.permission)));
  }
}

TEST(ApiError, HasTheStatusThatItsPageSays) {
  int codes = 0;
  for (const std::string& line : PageLines("| `")) {
    std::istringstream cells(line);
    char bar;
    std::string code;
    int status;
    while (cells >> bar >> code >> bar >> status) {
      ++codes;
      auto known = ParseCode(code.substr(1, code.size() - 2));
      ASSERT_TRUE(known.has_value()) << code;
      EXPECT_EQ(HttpStatus(*known), status) << code;
    }
  }
  EXPECT_EQ(codes, static_cast<int>(Code::kInternal) + 1);
}

}  // namespace
}  // namespace cofferdam::console
