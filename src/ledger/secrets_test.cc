#include "ledger/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "ledger/records_testing.h"
#include "ledger/secret_kinds_internal.h"

namespace cofferdam::ledger {
namespace {

// Samples are put together here, so that no scanner of ours or others takes
// this file for a leak.
std::string Random(Alphabet alphabet, size_t size, Upper upper = Upper::kAny) {
  static SeededRandom random(7);
  const std::string_view digits =
      alphabet == Alphabet::kHex ? "0123456789abcdef"
      : upper == Upper::kOnly
          ? "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
          : "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out = "4q";
  if (alphabet == Alphabet::kHex) out = "4a";
  if (upper == Upper::kOnly) out = "4Q";
  while (out.size() < size) out += digits[random.Below(digits.size())];
  return out;
}
std::string Sample(const TokenKind& kind, size_t size) {
  return std::string(kind.prefix) + Random(kind.alphabet, size, kind.upper);
}

std::string Masked(std::string text) {
  const size_t size = text.size();
  MaskSecrets(&text);
  EXPECT_EQ(text.size(), size);
  return text;
}

TEST(Secrets, OfEveryKindAreFoundAtTheLeastAndGreatestLength) {
  for (const TokenKind& kind : kTokenKinds) {
    for (const size_t size : {kind.bytes_min, kind.bytes_max}) {
      const std::string key = Sample(kind, size);
      for (const std::string& text :
           {key, "key " + key + "\n", "\"" + key + "\"", "x=" + key + ";",
            "{\"a\":\"one\\n" + key + "\\ntwo\"}", "(" + key + ")"}) {
        const auto found = FindSecrets(text);
        ASSERT_EQ(found.size(), 1u) << kind.prefix << " " << size << text;
        EXPECT_EQ(text.substr(found[0].begin, found[0].end - found[0].begin),
                  key.substr(kind.prefix.size()));
      }
    }
  }
}

TEST(Secrets, OfEveryKindAreNotWhatIsShorterOrLongerOrPartOfAWord) {
  for (const TokenKind& kind : kTokenKinds) {
    for (const std::string& text :
         {Sample(kind, kind.bytes_min - 1),
          kind.prefix == "sk-" ? std::string()
                               : Sample(kind, kind.bytes_max + 1),
          "a" + Sample(kind, kind.bytes_min), std::string(kind.prefix),
          std::string(kind.prefix) + std::string(kind.bytes_min, 'x'),
          std::string(kind.prefix) +
              "your-key-0123456789-goes-in-this-place"}) {
      EXPECT_THAT(FindSecrets(text), testing::IsEmpty()) << text;
    }
  }
}

TEST(Secrets, InPrivateKeysAreMaskedLineByLine) {
  const std::string begin = "-----BEGIN RSA " + std::string("PRIVATE KEY-----");
  const std::string end = "-----END RSA " + std::string("PRIVATE KEY-----");
  const std::string text = "a\n" + begin + "\nMIIE4q+/\nb3==\n" + end + "\nb";
  EXPECT_EQ(Masked(text), "a\n" + begin + "\nXXXXXXXX\nXXXX\n" + end + "\nb");
  const std::string json = begin + "\\nMIIE4q\\nb3\\n" + end;
  EXPECT_EQ(Masked(json), begin + "\\nXXXXXX\\nXX\\n" + end);
  // Cut off, as when an answer ends early.
  EXPECT_EQ(Masked(begin + "\nMIIE4q"), begin + "\nXXXXXX");
  for (const std::string& none :
       {std::string("-----BEGIN CERTIFICATE-----\nMIIE4q\n"),
        begin + "\n...\n" + end,
        std::string("BEGIN PRIVATE KEY-----\nMIIE4q")}) {
    EXPECT_EQ(Masked(none), none);
  }
}

TEST(Secrets, InWebTokensAreAllButTheHeader) {
  const std::string token = "eyJhbGciOiJIUzI1NiJ9.eyJ" +
                            Random(Alphabet::kUrl, 20) + "." +
                            Random(Alphabet::kUrl, 30);
  EXPECT_EQ(Masked("Bearer " + token), "Bearer eyJhbGciOiJIUzI1NiJ9.eyJ" +
                                           std::string(20, 'X') + "." +
                                           std::string(30, 'X'));
  for (const std::string& none :
       {std::string("eyJhbGciOiJIUzI1NiJ9"), std::string("eyJ.eyJ.eyJ"),
        "eyJhbGciOiJIUzI1NiJ9." + Random(Alphabet::kUrl, 30) + ".x"}) {
    EXPECT_EQ(Masked(none), none);
  }
}

TEST(Secrets, InConnectionStringsAreThePassword) {
  const std::string word = "Zk9" + std::string("!x-Qp");
  EXPECT_EQ(Masked("postgres://ada:" + word + "@db.lab:5432/x"),
            "postgres://ada:XXXXXXXX@db.lab:5432/x");
  EXPECT_EQ(Masked("redis://:" + word + "@cache"), "redis://:XXXXXXXX@cache");
  for (const char* none :
       {"postgres://user:password@localhost/x", "https://host:8080/a@b",
        "postgres://$USER:$PASS@db/x", "mysql://u:${PASSWORD}@db",
        "http://a:b@c", "https://example.com/:x@y", "see http://x: y@z",
        "amqp://guest:guest@mq", "ssh://git@host:22/x"}) {
    EXPECT_EQ(Masked(none), none);
  }
}

TEST(Secrets, ThatAreAssignedAreFoundHoweverItIsWritten) {
  const std::string value = Random(Alphabet::kAlnum, 24);
  const std::string gone(24, 'X');
  for (const std::string& form :
       {std::string("password = \"@\""), std::string("DB_PASSWORD='@'"),
        std::string("export API_TOKEN=@"), std::string("client_secret: @"),
        std::string("{\"apiKey\": \"@\"}"), std::string("secret := `@`"),
        std::string("'token' => '@',"), std::string("STRIPE_KEY=@\nB=2"),
        std::string("{\\\"auth_token\\\":\\\"@\\\"}"),
        std::string("Authorization: Bearer @"),
        std::string("const accessKey = \"x\"; let access_key = \"@\";")}) {
    const size_t at = form.find('@');
    std::string text = form;
    text.replace(at, 1, value);
    std::string expected = form;
    expected.replace(at, 1, gone);
    EXPECT_EQ(Masked(text), expected) << form;
  }
  EXPECT_EQ(Masked("GH_TOKEN=ghp_" + Random(Alphabet::kAlnum, 36)),
            "GH_TOKEN=ghp_" + std::string(36, 'X'));
  EXPECT_EQ(Masked("passwd: \"Tr0ub4&dor3!\""), "passwd: \"XXXXXXXXXXXX\"");
}

TEST(Secrets, AreNotWhatCodeSaysOfThem) {
  for (const char* none :
       {"password = getpass()",
        "token = self.next_token(stream2)",
        "password = \"hunter\"",
        "api_key = os.environ[\"API_KEY_2024_PROD\"]",
        "secret: \"your-secret-key-1234567890\"",
        "if token == \"Ab3dEf6hIj9k\"",
        "TOKEN=${CI_JOB_TOKEN_12345678}",
        "max_tokens = 200000",
        "token_count: 1234567890123456789",
        "tokenizer = \"cl100k_base\"",
        "secret_name = \"projects/lab/secrets/db-password-2024\"",
        "password_hash = hash_password(password, rounds=12)",
        "client_secret: \"<client-secret-from-step-3>\"",
        "token: \"550e8400-e29b-41d4-a716-446655440000\"",
        "const tokenKind2 = parseNextTokenKind3(source4Text5, begin6)",
        "api_key=\"sk-xxxxxxxxxxxxxxxxxxxxxxxx\"",
        "PASSWORD=changeme123456789",
        "sha256_key_of(2)",
        "the token = 3fbc of the tokens",
        "getToken: function getTokenFromHeader1(request) {"}) {
    EXPECT_EQ(Masked(none), none);
  }
}

TEST(Secrets, StayWhatTheyWereWhenMaskedTwice) {
  std::string text;
  for (const TokenKind& kind : kTokenKinds) {
    text += "a " + Sample(kind, kind.bytes_min) + "\n";
  }
  text += "postgres://ada:Zk9!xQp0@db\npassword='" +
          Random(Alphabet::kAlnum, 30) + "'\neyJhbGciOiJIUzI1NiJ9.eyJ" +
          Random(Alphabet::kUrl, 20) + "." + Random(Alphabet::kUrl, 30);
  const size_t first = MaskSecrets(&text);
  EXPECT_EQ(first, std::size(kTokenKinds) + 3);
  const std::string once = text;
  EXPECT_EQ(MaskSecrets(&text), 0u);
  EXPECT_EQ(text, once);
}

TEST(Secrets, InJsonLeaveItJson) {
  JsonWriter json;
  json.BeginObject()
      .Field("command", "export A_TOKEN=\"" + Random(Alphabet::kAlnum, 30) +
                            "\"\ncurl -H 'x-api-key: sk-ant-" +
                            Random(Alphabet::kUrl, 40) + "'")
      .Field("key", "-----BEGIN " + std::string("PRIVATE KEY-----\nMIIE4q\n") +
                        "-----END PRIVATE KEY-----")
      .EndObject();
  std::string text = json.text();
  EXPECT_EQ(MaskSecrets(&text), 3u);
  EXPECT_TRUE(JsonDocument::Parse(text).ok()) << text;
}

TEST(Secrets, AtTheEdgesOfATextAreNoTrouble) {
  const std::string whole = "x password='" + Random(Alphabet::kAlnum, 30) +
                            "' https://a:Zk9!xQp0@b eyJhbGciOiJIUzI1NiJ9.eyJ" +
                            Random(Alphabet::kUrl, 20) + ".q ghp_" +
                            Random(Alphabet::kAlnum, 36) + " -----BEGIN ";
  for (size_t begin = 0; begin <= whole.size(); ++begin) {
    std::string head = whole.substr(0, begin);
    std::string tail = whole.substr(begin);
    MaskSecrets(&head);
    MaskSecrets(&tail);
    EXPECT_EQ(head.size() + tail.size(), whole.size());
  }
}

// Texts that make a scanner of another kind look at the same bytes again and
// again take at most some fifty times as long as ordinary ones of their size.
TEST(Secrets, CostTimeInProportionToTheTextWhateverItIs) {
  // Of this thread's own: others may have the processor meanwhile.
  const auto now = [] {
    timespec at{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return int64_t{at.tv_sec} * 1'000'000 + at.tv_nsec / 1000;
  };
  const auto micros = [&now](std::string text) {
    const int64_t begin = now();
    MaskSecrets(&text);
    return now() - begin;
  };
  const std::string key = Random(Alphabet::kAlnum, 30);
  for (const std::string& unit :
       {std::string("sk-ant-"), std::string("-eyJ"), std::string("eyJa.eyJb."),
        std::string("ya29.example0."), std::string("password="),
        std::string("password:"), std::string("_key"), std::string("token=\""),
        std::string("-----BEGIN PRIVATE KEY"), std::string("a://b:c"),
        std::string("-----BEGIN "), std::string("secret ' : '"),
        std::string("bearer "), "token=" + key, std::string("xoxb-1")}) {
    std::string small;
    std::string large;
    while (small.size() < 100'000) small += unit;
    while (large.size() < 1'600'000) large += unit;
    // Sixteen times the text: a square would take 256 times as long.
    const auto one = std::max<int64_t>(micros(small), 500);
    EXPECT_LT(micros(large), one * 100) << unit;
  }
}

TEST(Secrets, InOutputsAreMaskedBeforeTheyAreStored) {
  TestFolder folder;
  auto ledger = *Ledger::Open(folder.path(), {}, SystemClock(), QuietLogger());
  const std::string key = "sk-ant-" + Random(Alphabet::kUrl, 40);
  ExchangeDraft draft = TestDraft(1, "Use " + key + " for it.");
  draft.parts.push_back(FilePart("a.py", "KEY = '" + key + "'\n"));
  draft.parts.push_back(FilePart("b.py", "print(1)\n"));
  ASSERT_TRUE(ledger->AppendSync(draft).ok());
  EXPECT_EQ(*ledger->PartText(1, 0),
            "Use sk-ant-" + std::string(40, 'X') + " for it.");
  EXPECT_EQ(*ledger->PartText(1, 2), "print(1)\n");
  const Exchange record = *ledger->GetBySequence(1);
  EXPECT_THAT(record.notes, testing::ElementsAre("secrets_masked:2"));
  EXPECT_TRUE(ledger->VerifyLog({})->ok());
  // The same output again, from wherever, is the same.
  EXPECT_TRUE(ledger->AppendSync(draft)->merged);
  EXPECT_EQ(ledger->Stats().exchanges, 1u);
}

}  // namespace
}  // namespace cofferdam::ledger
