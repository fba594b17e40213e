#include "ledger/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::HasSubstr;

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  const size_t at = text.find(from);
  CHECK(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST(Exchange, EveryFieldSurvivesJson) {
  const Exchange exchange = FullExchange();
  const Result<Exchange> read = FromJson(ToJson(exchange));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, exchange);
}

TEST(Exchange, DefaultsSurviveJson) {
  Exchange exchange;
  exchange.sequence = 1;
  const Result<Exchange> read = FromJson(ToJson(exchange));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, exchange);
}

TEST(Exchange, CountsTheLinesThatTheModelWrote) {
  const auto lines = [](std::string_view text,
                        std::vector<wire::ByteRange> kept) {
    wire::Part part = FilePart("a", text);
    part.kept = std::move(kept);
    return MakePartRecord(part).lines;
  };
  EXPECT_EQ(lines("", {}), 0u);
  EXPECT_EQ(lines("a\nb\n", {}), 2u);
  EXPECT_EQ(lines("a\nb", {}), 2u);
  EXPECT_EQ(lines("a\nb\nc\n", {{2, 4}}), 2u);
  EXPECT_EQ(lines("a\nb\nc\n", {{0, 2}, {4, 6}}), 1u);
  EXPECT_EQ(lines("a\nb", {{0, 3}}), 0u);
  EXPECT_EQ(lines("a\nb", {{0, 300}}), 0u);
  EXPECT_EQ(MakePartRecord(TextPart("a\n")).lines, std::nullopt);
}

TEST(Exchange, EveryNameOfAnEnumIsReadBack) {
  for (Route route :
       {Route::kGate, Route::kImport, Route::kAgent, Route::kContext}) {
    EXPECT_EQ(ParseRoute(RouteName(route)), route);
  }
  for (IdentityGrade grade :
       {IdentityGrade::kAttested, IdentityGrade::kSession,
        IdentityGrade::kAgent, IdentityGrade::kClaimed, IdentityGrade::kNone}) {
    EXPECT_EQ(ParseIdentityGrade(IdentityGradeName(grade)), grade);
  }
  for (Outcome outcome :
       {Outcome::kComplete, Outcome::kClientGone, Outcome::kUpstreamError,
        Outcome::kTruncated, Outcome::kGateEnded, Outcome::kUnreachable,
        Outcome::kCrashed}) {
    EXPECT_EQ(ParseOutcome(OutcomeName(outcome)), outcome);
  }
  EXPECT_FALSE(ParseOutcome("Complete").has_value());
  for (Purged purged : {Purged::kNothing, Purged::kTexts, Purged::kRecord}) {
    EXPECT_EQ(ParsePurged(PurgedName(purged)), purged);
  }
}

TEST(Exchange, JsonBeginsWithTheVersion) {
  EXPECT_TRUE(ToJson(FullExchange()).starts_with("{\"v\":1,\"sequence\":41,"));
}

TEST(Exchange, UnknownMembersArePassedOver) {
  const std::string json = Replaced(ToJson(FullExchange()), "\"v\":1,",
                                    "\"v\":1,\"colour\":{\"deep\":[1]},");
  const Result<Exchange> read = FromJson(json);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, FullExchange());
}

TEST(Exchange, OtherVersionsAreCorrupt) {
  const std::string json = ToJson(FullExchange());
  for (const char* version : {"\"v\":2", "\"v\":\"1\"", "\"w\":1"}) {
    const Result<Exchange> read = FromJson(Replaced(json, "\"v\":1", version));
    ASSERT_FALSE(read.ok()) << version;
    EXPECT_EQ(read.error().code(), Code::kCorrupt);
  }
}

TEST(Exchange, AMemberOfTheWrongTypeIsNamed) {
  const std::string json = ToJson(FullExchange());
  const std::pair<const char*, const char*> cases[] = {
      {"\"sequence\":41", "\"sequence\":\"41\""},
      {"\"sequence\":41", "\"sequence\":-1"},
      {"\"sequence\":41,", ""},
      {"\"route\":\"import\"", "\"route\":\"river\""},
      {"\"turn\":3", "\"turn\":3.5"},
      {"\"session\":\"session-1\"", "\"session\":7"},
      {"\"outcome\":\"client_gone\"", "\"outcome\":true"},
      {"\"kept\":[[0,4]]", "\"kept\":[[0,9]]"},
      {"\"kept\":[[0,4]]", "\"kept\":[[4,0]]"},
  };
  for (const auto& [from, to] : cases) {
    const Result<Exchange> read = FromJson(Replaced(json, from, to));
    ASSERT_FALSE(read.ok()) << to;
    EXPECT_EQ(read.error().code(), Code::kCorrupt);
    const std::string name(
        std::string_view(from).substr(0, std::string_view(from).find(':')));
    EXPECT_THAT(read.error().message(), HasSubstr(name));
  }
}

TEST(Exchange, TextThatIsNotJsonIsCorrupt) {
  for (const char* text : {"", "{", "[]", "7"}) {
    const Result<Exchange> read = FromJson(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code(), Code::kCorrupt);
  }
}

TEST(Exchange, APartIsNamedByItsDigestNotItsText) {
  const PartRecord record = MakePartRecord(FilePart("a.py", "abc"));
  EXPECT_EQ(record.bytes, 3u);
  EXPECT_EQ(record.digest,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Exchange exchange;
  exchange.sequence = 1;
  exchange.parts = {record};
  EXPECT_THAT(ToJson(exchange), ::testing::Not(HasSubstr("abc\"")));
}

TEST(Exchange, OfWhichTheRecordIsPurgedNamesNobodyAndKeepsWhatWasUsed) {
  const Exchange full = FullExchange();
  const Exchange kept = ForgetRecord(full, "audit-1");
  EXPECT_EQ(kept.sequence, full.sequence);
  EXPECT_EQ(kept.id, full.id);
  EXPECT_EQ(kept.usage, full.usage);
  EXPECT_EQ(kept.origin.model, full.origin.model);
  EXPECT_EQ(kept.purged, Purged::kRecord);
  const std::string json = ToJson(kept);
  for (const std::string& word :
       {full.provider_response_id, full.session, full.parent,
        full.origin.person, full.origin.key, full.origin.team, full.origin.repo,
        full.origin.commit, full.origin.purpose, full.origin.tool,
        full.parts[0].digest, full.grant}) {
    EXPECT_THAT(json, ::testing::Not(HasSubstr("\"" + word + "\"")));
  }
  EXPECT_EQ(*FromJson(json), kept);
}

TEST(Exchange, NamesThatAModelMadeTooLongAreCut) {
  const std::string longest(PartRecord::kNameBytesMax, 'p');
  EXPECT_EQ(MakePartRecord(FilePart(longest, "x")).path, longest);
  EXPECT_EQ(MakePartRecord(FilePart(longest + "q", "x")).path, longest);
}

}  // namespace
}  // namespace cofferdam::ledger
