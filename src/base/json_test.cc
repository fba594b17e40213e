#include "base/json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace cofferdam {
namespace {

TEST(JsonDocument, ReadsNestedValuesAndAnswersAbsentForMissingOnes) {
  auto document = JsonDocument::Parse(
      R"({"a":{"b":[1,2.5,"three",true,null]},"big":9007199254740993})");
  ASSERT_TRUE(document.ok());
  JsonValue list = (*document)["a"]["b"];
  EXPECT_EQ(list.At(0).Int(), 1);
  EXPECT_EQ(list.At(1).Double(), 2.5);
  EXPECT_FALSE(list.At(1).Int().has_value());
  EXPECT_EQ(list.At(2).String(), "three");
  EXPECT_EQ(list.At(3).Bool(), true);
  EXPECT_EQ(list.At(4).type(), JsonValue::Type::kNull);
  EXPECT_FALSE(list.At(5).present());
  EXPECT_FALSE((*document)["a"]["x"]["y"].present());
  EXPECT_EQ((*document)["big"].Int(), 9007199254740993);
}

TEST(JsonDocument, ValuesSurviveAMove) {
  auto parsed = JsonDocument::Parse(R"({"k":"value"})");
  JsonValue value = (*parsed)["k"];
  JsonDocument moved = *std::move(parsed);
  EXPECT_EQ(value.String(), "value");
  EXPECT_EQ(moved["k"].String(), "value");
}

TEST(JsonDocument, RefusesScalarsBrokenTextAndBrokenUtf8) {
  EXPECT_FALSE(JsonDocument::Parse("12").ok());
  EXPECT_FALSE(JsonDocument::Parse("{\"a\":}").ok());
  EXPECT_FALSE(JsonDocument::Parse("").ok());
  EXPECT_FALSE(JsonDocument::Parse("{\"a\":\"\xff\"}").ok());
}

TEST(JsonDocument, DepthIsBoundedAtTheNamedLimit) {
  auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JsonDocument::Parse(nested(JsonDocument::kDepthMax - 1)).ok());
  auto deeper = JsonDocument::Parse(nested(JsonDocument::kDepthMax + 1));
  ASSERT_FALSE(deeper.ok());
  EXPECT_EQ(deeper.error().code(), Code::kTooLarge);
}

TEST(JsonWriter, WritesEveryKindOfValue) {
  JsonWriter json;
  json.BeginObject()
      .Field("s", "a\"b\\c\n\x01")
      .Field("i", int64_t{-5})
      .Field("u", std::numeric_limits<uint64_t>::max())
      .Field("d", 0.1)
      .Field("b", true)
      .FieldIfSet("none", "")
      .Key("l")
      .BeginArray()
      .Null()
      .BeginObject()
      .EndObject()
      .EndArray()
      .EndObject();
  EXPECT_EQ(std::move(json).Take(),
            "{\"s\":\"a\\\"b\\\\c\\n\\u0001\",\"i\":-5,"
            "\"u\":18446744073709551615,\"d\":0.1,\"b\":true,"
            "\"l\":[null,{}]}");
}

TEST(JsonWriter, ReplacesBrokenUtf8AndKeepsTheRest) {
  std::string text;
  AppendJsonString("h\xc3\xa9\xff\xe2\x82 \xf0\x9f\x98\x80", &text);
  EXPECT_EQ(text,
            "\"h\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
            "\xf0\x9f\x98\x80\"");
}

// What a string of one byte becomes.
std::string WrittenAlone(char c) {
  std::string written = JsonWriter().String(std::string(1, c)).text();
  return written.substr(1, written.size() - 2);
}

TEST(JsonWriter, WritesEachByteAsAloneWhereverItStands) {
  for (size_t size : {1, 7, 8, 9, 15, 16, 17}) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        // Neighbours from both ends of what needs no escape.
        std::string before(at, ' ');
        std::string after(size - at - 1, '~');
        const char c = static_cast<char>(byte);
        EXPECT_EQ(JsonWriter().String(before + c + after).text(),
                  '"' + before + WrittenAlone(c) + after + '"')
            << size << " " << at << " " << byte;
      }
    }
  }
}

TEST(JsonWriter, EscapesTwoNeighbours) {
  EXPECT_EQ(JsonWriter().String("\"\\\x1f\x7f\"!").text(),
            "\"\\\"\\\\\\u001f\\u007f\\\"!\"");
}

TEST(JsonWriter, WritesTheLargestAndTheSmallestInteger) {
  EXPECT_EQ(JsonWriter().Int(INT64_MIN).text(), "-9223372036854775808");
  EXPECT_EQ(JsonWriter().Int(INT64_MAX).text(), "9223372036854775807");
}

TEST(JsonWriter, CanonicalFormDoesNotDependOnWhiteSpace) {
  auto a = JsonDocument::Parse("{ \"x\" : [ 1 , \"\\u00e9\" ] }");
  auto b = JsonDocument::Parse("{\"x\":[1,\"\xc3\xa9\"]}");
  JsonWriter first;
  first.Value(a->root());
  JsonWriter second;
  second.Value(b->root());
  EXPECT_EQ(first.text(), second.text());
}

JsonDocument Parsed(const std::string& text) {
  auto document = JsonDocument::Parse(text);
  CHECK_OK(document);
  return std::move(document).value();
}

TEST(JsonDocument, KeepsItsValuesWhileOthersComeAndGo) {
  JsonDocument first = Parsed(R"({"a":"one"})");
  const JsonValue value = first["a"];
  Parsed(R"({"a":"two"})");
  JsonDocument third = Parsed(R"({"a":"three"})");
  EXPECT_EQ(value.StringOrEmpty(), "one");
  EXPECT_EQ(third["a"].StringOrEmpty(), "three");
  third = std::move(first);
  EXPECT_EQ(value.StringOrEmpty(), "one");
  EXPECT_EQ(third["a"].StringOrEmpty(), "one");
}

TEST(JsonDocument, KeepsAFewParsersAndNoneThatIsLarge) {
  std::thread([] {
    const auto with_text = [](size_t bytes) {
      return "[\"" + std::string(bytes - 4, 'x') + "\"]";
    };
    Parsed(with_text(JsonDocument::kReusedBytesMax + 1));
    EXPECT_EQ(JsonDocument::ParsersKept(), 0u);
    const size_t most = [] {
      Parsed("[]");
      return JsonDocument::ParsersKept() == 0 ? 0
                                              : JsonDocument::kParsersKeptMax;
    }();
    Parsed(with_text(JsonDocument::kReusedBytesMax));
    EXPECT_EQ(JsonDocument::ParsersKept(), std::min<size_t>(1, most));
    for (size_t more : {0, 1}) {
      std::vector<JsonDocument> documents;
      while (documents.size() < JsonDocument::kParsersKeptMax + more) {
        documents.push_back(Parsed("[1]"));
      }
      EXPECT_EQ(JsonDocument::ParsersKept(), 0u);
      documents.clear();
      EXPECT_EQ(JsonDocument::ParsersKept(), most);
    }
  }).join();
}

TEST(JsonDocument, MayEndOnAnotherThread) {
  JsonDocument document = Parsed(R"({"a":"one"})");
  std::thread([moved = std::move(document)] {
    EXPECT_EQ(moved["a"].StringOrEmpty(), "one");
  }).join();
}

}  // namespace
}  // namespace cofferdam
