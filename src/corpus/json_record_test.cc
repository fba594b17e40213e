#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "corpus/json_record_internal.h"

namespace cofferdam::corpus {
namespace {

using fingerprint::VectorUnit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Padded(std::string_view json) {
  return std::string(json) + std::string(kJsonPaddingBytes, '"');
}

struct Seen {
  std::vector<std::string> fields;  // "name=text"
  std::vector<std::string> claims;
  std::string path;
  std::string language;
  std::string failure;  // "reason: detail"
};

Seen ReadJson(std::string_view json, std::vector<std::string> names = {}) {
  std::vector<FieldPattern> patterns;
  for (const std::string& name : names)
    patterns.push_back(FieldPattern::Parse(name).value());
  JsonRecordReader reader(patterns);
  std::string padded = Padded(json);
  Record record;
  Seen seen;
  if (auto passed = reader.Read({padded.data(), json.size()}, &record)) {
    seen.failure =
        std::string(ReasonName(passed->reason)) + ": " + passed->detail;
    return seen;
  }
  for (const Field& field : record.fields)
    seen.fields.push_back(std::string(field.name) + "=" +
                          std::string(field.text));
  for (const Claim& claim : record.claims)
    seen.claims.push_back(std::string(claim.name) + "=" +
                          std::string(claim.value));
  seen.path = record.path_hint;
  seen.language = record.language_hint;
  return seen;
}

TEST(JsonRecord, FindsTextsUnderKnownNames) {
  Seen seen = ReadJson(R"({"id":"x1","text":"a b","meta":{"content":"c"}})");
  EXPECT_THAT(seen.fields, ElementsAre("text=a b", "meta.content=c"));
}

TEST(JsonRecord, FindsMessagesInBothForms) {
  Seen seen =
      ReadJson(R"({"messages":[{"role":"user","content":"hi"},)"
               R"({"role":"assistant","content":[{"type":"text","text":"yo"},)"
               R"({"type":"image","data":"AA"}]}]})");
  EXPECT_THAT(seen.fields, ElementsAre("messages[0].content=hi",
                                       "messages[1].content[0].text=yo"));
  EXPECT_THAT(seen.claims,
              ElementsAre("messages[0].role=user", "messages[1].role=assistant",
                          "messages[1].content[0].type=text",
                          "messages[1].content[1].type=image"));
}

TEST(JsonRecord, FindsConversationsAndPairs) {
  EXPECT_THAT(
      ReadJson(R"({"conversations":[{"from":"gpt","value":"v"}]})").fields,
      ElementsAre("conversations[0].value=v"));
  EXPECT_THAT(ReadJson(R"({"Prompt":"p","completion":"c"})").fields,
              ElementsAre("Prompt=p", "completion=c"));
  EXPECT_THAT(ReadJson(R"({"answers":["a","b"]})").fields,
              ElementsAre("answers[0]=a", "answers[1]=b"));
}

TEST(JsonRecord, TakesLongTextUnderAnyName) {
  std::string text = "x " + std::string(kUnnamedTextBytesMin - 2, 'y');
  auto json = [](const std::string& value) {
    return "{\"unheard_of\":\"" + value + "\"}";
  };
  EXPECT_THAT(ReadJson(json(text)).fields, ElementsAre("unheard_of=" + text));
  EXPECT_THAT(ReadJson(json(text.substr(1))).fields, IsEmpty());
  EXPECT_THAT(ReadJson(json(std::string(4000, 'A'))).fields, IsEmpty());
  std::string lines = "x\\n" + std::string(kUnnamedTextBytesMin, 'y');
  EXPECT_EQ(ReadJson(json(lines)).fields.size(), 1u);
}

TEST(JsonRecord, TakesOnlyNamedFieldsWhereAnyIsNamed) {
  std::string_view json = R"({"text":"t","a":{"b":["x","y"]},"content":"c"})";
  EXPECT_THAT(ReadJson(json, {"a.b"}).fields,
              ElementsAre("a.b[0]=x", "a.b[1]=y"));
  EXPECT_THAT(ReadJson(json, {"content", "a.b[1]"}).fields,
              ElementsAre("a.b[1]=y", "content=c"));
  EXPECT_THAT(ReadJson(json, {"absent"}).fields, IsEmpty());
}

TEST(JsonRecord, ALineThatIsAStringIsAText) {
  EXPECT_THAT(ReadJson(R"( "a\nb" )").fields, ElementsAre("=a\nb"));
}

TEST(JsonRecord, GivesShortScalarsAsClaims) {
  std::string longest(kClaimBytesMax, 'm');
  Seen seen = ReadJson(R"({"model":"gpt\u002d4","path":"a/b.py","lang":"py",)"
                       R"("synthetic":true,"timestamp":12.5,"license":null,)"
                       R"("repo":")" +
                       longest + R"(","source":")" + longest + R"(m"})");
  EXPECT_THAT(seen.claims, ElementsAre("model=gpt-4", "path=a/b.py", "lang=py",
                                       "synthetic=true", "timestamp=12.5",
                                       "repo=" + longest));
  EXPECT_EQ(seen.path, "a/b.py");
  EXPECT_EQ(seen.language, "py");
}

TEST(JsonRecord, DecodesEscapes) {
  EXPECT_THAT(
      ReadJson(R"({"text":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})").fields,
      ElementsAre("text=\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80"));
  EXPECT_THAT(ReadJson(R"({"t\u0065xt":"x"})").fields, ElementsAre("text=x"));
}

TEST(JsonRecord, ReadsWhatOthersWriteBesideTheStandard) {
  EXPECT_THAT(
      ReadJson(R"({"a":NaN,"b":[Infinity,-Infinity],"text":"x"})").fields,
      ElementsAre("text=x"));
  EXPECT_THAT(ReadJson(R"({"text":"\ud800 \udc00\ud800\u0041"})").fields,
              ElementsAre("text=\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd"
                          "A"));
  EXPECT_THAT(ReadJson("{\"text\":\"a\tb\"}").fields, ElementsAre("text=a\tb"));
}

TEST(JsonRecord, SaysWhereItIsNoJson) {
  for (const char* json :
       {"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "[1,",
        "[1 2]", "{\"text\":\"x", "{\"text\":\"\\x\"}",
        "{\"text\":\"\\u12g4\"}", "{} {}", "nul", "{\"a\":'x'}", "\\", "\"\\",
        "]", "{\"a\":1]"}) {
    EXPECT_THAT(ReadJson(json).failure, HasSubstr("broken: not JSON")) << json;
  }
}

TEST(JsonRecord, NestsAsDeepAsItsLimit) {
  auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(ReadJson(nested(kJsonDepthMax)).failure, "");
  EXPECT_THAT(ReadJson(nested(kJsonDepthMax + 1)).failure,
              HasSubstr("too_deep"));
  EXPECT_THAT(ReadJson(std::string(10'000'000, '[')).failure,
              HasSubstr("too_deep"));
}

TEST(JsonRecord, GivesAsManyFieldsAsItsLimit) {
  auto list = [](size_t count) {
    std::string json = "{\"text\":[\"x\"";
    for (size_t i = 1; i < count; ++i) json += ",\"x\"";
    return json + "]}";
  };
  EXPECT_EQ(ReadJson(list(kFieldsMax)).fields.size(), kFieldsMax);
  EXPECT_THAT(ReadJson(list(kFieldsMax + 1)).failure, HasSubstr("too_large"));
}

TEST(JsonRecord, CutsNamesAtTheirLimit) {
  std::string name(kFieldNameBytesMax, 'n');
  Seen seen = ReadJson("{\"" + name + "\":{\"text\":\"x\"}}");
  EXPECT_THAT(seen.fields, ElementsAre(name + "=x"));
}

// Naive: a tree of simdjson, all of whose strings are asked for.
void AllStrings(const JsonValue& value, std::vector<std::string>* strings) {
  if (auto text = value.String(); text && !text->empty())
    strings->push_back(std::string(*text));
  for (const JsonValue& element : value.Elements())
    AllStrings(element, strings);
  for (const auto& [key, member] : value.Members()) AllStrings(member, strings);
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  std::string Value(int depth) {
    switch (random_() % (depth > 0 ? 7 : 4)) {
      case 0:
        return std::to_string(static_cast<int>(random_()));
      case 1:
        return random_() % 2 ? "true" : "null";
      case 2:
        return "-1.5e3";
      case 3:
        return String();
      case 4:
        return List(depth);
      default:
        return Object(depth);
    }
  }
  std::string Object(int depth) {
    std::string json = "{";
    for (size_t i = 0, n = random_() % 4; i < n; ++i)
      json += (i ? "," : "") + Space() + String() + Space() + ":" + Space() +
              Value(depth - 1);
    return json + "}";
  }
  std::string List(int depth) {
    std::string json = "[";
    for (size_t i = 0, n = random_() % 4; i < n; ++i)
      json += (i ? "," : "") + Value(depth - 1) + Space();
    return json + "]";
  }
  uint32_t Number() { return static_cast<uint32_t>(random_()); }

 private:
  std::string Space() { return random_() % 3 ? "" : " \n"; }
  std::string String() {
    static const char* const kPieces[] = {"a",
                                          "text ",
                                          "\\n",
                                          "\\\\",
                                          "\\\"",
                                          "\\u00e9",
                                          "\xc3\xa9",
                                          "\\/",
                                          "{",
                                          "]",
                                          ":",
                                          "\\ud83d\\ude00",
                                          "0123456789abcdefg"};
    std::string json = "\"";
    for (size_t i = 0, n = random_() % 12; i < n; ++i)
      json += kPieces[random_() % std::size(kPieces)];
    return json + "\"";
  }
  std::mt19937 random_;
};

TEST(JsonRecord, ReadsTheStringsThatAnotherParserReads) {
  Generator generator(20261121);
  for (int round = 0; round < 5000; ++round) {
    std::string json = "{\"text\":[" + generator.List(4) + "]}";
    bool broken = round % 3 == 0;
    if (broken) json.erase(generator.Number() % json.size(), 1);
    Result<JsonDocument> tree = JsonDocument::Parse(json);
    Seen seen = ReadJson(json);
    if (!tree.ok()) continue;  // we may read more
    ASSERT_EQ(seen.failure, "") << json;
    if (json.find('{', 1) != std::string::npos || broken) continue;
    std::vector<std::string> strings;
    AllStrings(tree->root(), &strings);
    ASSERT_EQ(seen.fields.size(), strings.size()) << json;
    for (size_t i = 0; i < strings.size(); ++i)
      EXPECT_TRUE(seen.fields[i].ends_with("=" + strings[i])) << json;
  }
}

TEST(JsonText, KnowsWhereEveryDecodedByteComesFrom) {
  std::string raw = Padded(R"(a\n\u00e9\ud83d\ude00"b)").substr(0, 22);
  raw.resize(22 + kJsonPaddingBytes);
  std::string_view text(raw.data(), 21);
  std::string out(128, '\0');
  std::string again(128, '\0');
  size_t origins[128];
  char* end = DecodeJsonString(text, out.data(), origins);
  char* fast_end = DecodeJsonString(text, again.data());
  ASSERT_NE(end, nullptr);
  std::string decoded(out.data(), end);
  EXPECT_EQ(decoded, std::string(again.data(), fast_end));
  std::vector<size_t> places(origins, origins + decoded.size() + 1);
  EXPECT_THAT(places, ElementsAre(0, 1, 3, 3, 9, 9, 9, 9, 21));
}

TEST(JsonText, ReadsWithAnyVectorUnitWhatItReadsWithout) {
  constexpr std::string_view kPieces[] = {
      "\\",
      "\\\\",
      "\\n",
      "\\\"",
      "\"",
      "\\u00e9",
      "\\ud83d\\ude00",
      "\\ud83d",
      "\\x",
      "\\\xc3",
      "\\u12",
      "abc",
      "    ",
      "\n",
      "0123456789012345678901234567890123456789"};
  std::mt19937 random(7);
  size_t broken = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string json;
    // The first ones only, so that long texts are sound, too.
    const size_t sound = round % 2 == 0 ? 0 : 8;
    for (size_t i = 0, n = random() % 30; i < n; ++i) {
      const size_t piece = random() % std::size(kPieces);
      if (sound == 0 && (piece == 0 || (piece > 6 && piece < 11))) continue;
      json += kPieces[piece];
    }
    const size_t size = json.size();
    json += Padded("");
    JsonString plain;
    JsonString fast;
    const char* begin = json.data();
    const char* close =
        ReadJsonString(begin, begin + size, &plain, VectorUnit::kNone);
    ASSERT_EQ(ReadJsonString(begin, begin + size, &fast), close) << json;
    std::string_view raw(begin, size);
    if (close != nullptr) {
      ASSERT_EQ(fast.raw, plain.raw);
      ASSERT_EQ(fast.escaped, plain.escaped) << json;
      if (round % 3 == 0) raw = plain.raw;
    }
    std::string out(size + kJsonPaddingBytes, '\0');
    std::string fast_out = out;
    char* end = DecodeJsonString(raw, out.data(), VectorUnit::kNone);
    char* fast_end = DecodeJsonString(raw, fast_out.data());
    ASSERT_EQ(end == nullptr, fast_end == nullptr) << json;
    broken += end == nullptr;
    if (end == nullptr) continue;
    ASSERT_EQ(std::string_view(out.data(), end),
              std::string_view(fast_out.data(), fast_end))
        << json;
  }
  EXPECT_GT(broken, 1000u);
  EXPECT_LT(broken, 15000u);
}

TEST(JsonText, CountsNewlines) {
  std::string text;
  for (size_t i = 0; i < 200; ++i) {
    const auto lines =
        static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_EQ(CountNewlines(text), lines);
    EXPECT_EQ(CountNewlines(text, VectorUnit::kNone), lines);
    text += i % 3 ? 'a' : '\n';
  }
}

}  // namespace
}  // namespace cofferdam::corpus
