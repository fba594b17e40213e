#include "wire/lenient_json.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam::wire {
namespace {

std::string StringIn(std::string_view json) {
  Result<LenientJson> parsed = ParseLenient(json, Halves::kReplace);
  EXPECT_TRUE(parsed.ok()) << json;
  if (!parsed.ok()) return "";
  return std::string(parsed->document["a"].StringOrEmpty());
}

TEST(ParseLenient, ReplacesHalvesOfSurrogatePairs) {
  EXPECT_EQ(StringIn(R"({"a":"x\ud83d"})"), "x\xef\xbf\xbd");
  EXPECT_EQ(StringIn(R"({"a":"\ude00x"})"), "\xef\xbf\xbdx");
  EXPECT_EQ(StringIn(R"({"a":"\ud83d\ud83d\ude00"})"),
            "\xef\xbf\xbd\xf0\x9f\x98\x80");
  EXPECT_EQ(StringIn(R"({"a":"\ud83d\u0041"})"),
            "\xef\xbf\xbd"
            "A");
}

TEST(ParseLenient, LeavesEscapedBackslashesAlone) {
  // The text is \ud83d: six characters, no escape.
  EXPECT_EQ(StringIn(R"({"b":"\ud83d","a":"\\ud83d\""})"), "\\ud83d\"");
}

TEST(ParseLenient, ReadsNumbersOutOfRange) {
  auto number = [](std::string_view json) {
    Result<LenientJson> parsed = ParseLenient(json, Halves::kReplace);
    EXPECT_TRUE(parsed.ok()) << json;
    return parsed.ok() ? parsed->document["a"].Double().value_or(-1) : -1;
  };
  EXPECT_EQ(number(R"({"a":18446744073709551616})"), 18446744073709551616.0);
  EXPECT_EQ(number(R"({"a":-99999999999999999999})"), -1e20);
  EXPECT_EQ(number(R"({"a":1e400})"), 0);
  Result<LenientJson> largest =
      ParseLenient(R"({"b":1e999,"a":9223372036854775807})", Halves::kReplace);
  ASSERT_TRUE(largest.ok());
  EXPECT_EQ(largest->document["a"].Int(), INT64_MAX);
}

TEST(ParseLenient, StillRefusesWhatIsNoJson) {
  for (std::string_view text :
       {"", "{", "nonsense", "{\"a\":\"\\ud83d\"", "{\"a\":\"\\ud8\"}",
        "{\"a\":\"\\u\"}", "[1,]", "{\"a\":\"\xff\"}"}) {
    Result<LenientJson> parsed = ParseLenient(text, Halves::kReplace);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), Code::kInvalid);
  }
}

TEST(JoinedText, JoinsAPairThatTwoEventsSplit) {
  JoinedText text;
  for (std::string_view json :
       {R"({"a":"so \ud83d"})", R"({"a":"\ude00 and"})", R"({"a":" on"})"}) {
    Result<LenientJson> parsed = ParseLenient(json, Halves::kMark);
    ASSERT_TRUE(parsed.ok());
    text.Append(parsed->document["a"].StringOrEmpty(), parsed->marked);
  }
  EXPECT_EQ(std::move(text).Take(), "so \xf0\x9f\x98\x80 and on");
}

TEST(JoinedText, ReplacesAHalfThatStaysAlone) {
  JoinedText text;
  for (std::string_view json :
       {R"({"a":"x\ud83d"})", R"({"a":"y"})", R"({"a":"\ude00z\ud83d"})"}) {
    Result<LenientJson> parsed = ParseLenient(json, Halves::kMark);
    ASSERT_TRUE(parsed.ok());
    text.Append(parsed->document["a"].StringOrEmpty(), parsed->marked);
  }
  EXPECT_EQ(std::move(text).Take(), "x\xef\xbf\xbdy\xef\xbf\xbdz\xef\xbf\xbd");
}

TEST(CloseJson, CompletesWhatWasCut) {
  struct Case {
    std::string_view cut;
    std::string_view closed;
  };
  const Case kCases[] = {
      {R"({"a":"x","b":"par)", R"({"a":"x","b":"par"})"},
      {R"({"a":"line\n)", R"({"a":"line\n"})"},
      {R"({"a":"line\)", R"({"a":"line"})"},
      {R"({"a":"x\u00e)", R"({"a":"x"})"},
      {R"({"a":"x","b)", R"({"a":"x"})"},
      {R"({"a":"x","b":)", R"({"a":"x"})"},
      {R"({"a":"x",)", R"({"a":"x"})"},
      {R"({"a":12)", R"({})"},
      {R"({"a":12,)", R"({"a":12})"},
      {R"({"a":tru)", R"({})"},
      {R"({"a":[{"b":"c"},{"d":"e)", R"({"a":[{"b":"c"},{"d":"e"}]})"},
      {R"({)", R"({})"},
      {R"( ["bash","-l)", R"(["bash","-l"])"},
      {R"({"a":1}{"a":2})", R"({"a":1})"},
      {R"({"a":{"b":true})", R"({"a":{"b":true}})"},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(CloseJson(each.cut), each.closed) << each.cut;
  }
  EXPECT_EQ(CloseJson(""), std::nullopt);
  EXPECT_EQ(CloseJson("words"), std::nullopt);
}

TEST(CloseJson, GivesJsonWhereverAnObjectIsCut) {
  std::string whole =
      R"({"path":"a\\b\"c","n":[1,-2.5e3,null,true],"o":{"k":"v\u00e9"},)"
      R"("s":"\ud83d\ude00 end"})";
  for (size_t cut = 1; cut <= whole.size(); ++cut) {
    std::optional<std::string> closed = CloseJson(whole.substr(0, cut));
    ASSERT_TRUE(closed.has_value());
    EXPECT_TRUE(ParseLenient(*closed, Halves::kReplace).ok())
        << whole.substr(0, cut) << " gave " << *closed;
  }
}

TEST(CutUtf8, CutsBetweenSequences) {
  EXPECT_EQ(CutUtf8("ab", 2), "ab");
  EXPECT_EQ(CutUtf8("ab", 1), "a");
  EXPECT_EQ(CutUtf8("a\xe2\x82\xac", 3), "a");
  EXPECT_EQ(CutUtf8("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
}

}  // namespace
}  // namespace cofferdam::wire
