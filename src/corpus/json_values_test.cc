#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/source_testing.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(JsonValues, AListOfRecordsIsReadByElement) {
  std::string json = "\xef\xbb\xbf [ {\"text\":\"a]}\"},\n{\"text\":\"b\"} ]\n";
  for (size_t step : {1u, 1000u}) {
    Seen seen = ReadBytes(json, "x.json", {}, step);
    EXPECT_THAT(seen.records, ElementsAre("x.json#1 [6,20) text=a]}",
                                          "x.json#2 [22,34) text=b"));
    EXPECT_THAT(seen.passed, IsEmpty());
  }
}

TEST(JsonValues, RecordsOverSeveralLinesMayFollowOneAnother) {
  EXPECT_THAT(
      ReadBytes("{\n\"text\":\"a\"\n}\n{\n\"text\":\"b\"\n}", "x.json").records,
      ElementsAre("x.json#1 [0,14) text=a", "x.json#2 [15,29) text=b"));
  EXPECT_THAT(ReadBytes("[\"a b\"]\n[\"c\"]", "x.json").records,
              ElementsAre("x.json#1 [1,6) =a b", "x.json#2 [9,12) =c"));
}

TEST(JsonValues, LinesUnderTheNameOfJsonAreLines) {
  EXPECT_THAT(ReadBytes("{\"text\":\"a\"}\nbroken\n", "x.json").records,
              ElementsAre("x.json#1 [0,12) text=a"));
  Seen seen = ReadBytes("{\"text\":\"a\"}\n{\"text\":\nx\n{\"text\":\"b\"}\n",
                        "x.json");
  EXPECT_EQ(seen.records.size(), 2u);
}

TEST(JsonValues, AConfigurationIsOneText) {
  for (std::string json :
       {std::string("{\n \"name\": \"x\",\n \"version\": [1, 2]\n}\n"),
        std::string("[[source]]\nurl = \"https://example.com\"\n"),
        std::string("[1, 2, 3]\n"), std::string("// no JSON\n{}\n"),
        std::string("{\n"), std::string("7"), std::string("")}) {
    Seen seen = ReadBytes(json, "x.json");
    EXPECT_THAT(seen.records,
                ElementsAre("x.json#0 [0," + std::to_string(json.size()) +
                            ") =" + json));
    EXPECT_THAT(seen.passed, IsEmpty());
  }
}

TEST(JsonValues, OneTextAmongOthersMakesRecords) {
  for (std::string first :
       {"{\"text\":\"\"}", "{\"version\":1}", "null", "[]", "7"}) {
    Seen seen = ReadBytes("[" + first + ",{\"text\":\"b\"}]", "x.json");
    EXPECT_THAT(seen.records, testing::Contains(testing::EndsWith("text=b")));
  }
  const std::string long_text(512, 'x');
  const std::string json = "{\"version\": [" + std::string(5000, ' ') +
                           "], \"a\": {\"text\": \"" + long_text + "\"}}";
  EXPECT_THAT(ReadBytes(json, "x.json").records,
              ElementsAre(testing::EndsWith("a.text=" + long_text)));
}

TEST(JsonValues, ANamedFieldMakesRecords) {
  SourceOptions options;
  options.fields = {"a"};
  std::string json = "{\n \"version\": [1, 2, 3, 4, 5, 6], \"a\":\"x\"\n}\n";
  EXPECT_THAT(ReadBytes(json, "x.json", options).records,
              ElementsAre("x.json#1 [0,43) a=x"));
}

TEST(JsonValues, WhatComesBehindABreakIsPassedOver) {
  Seen seen = ReadBytes("[{\"text\":\"a\"}, }{\"text\":\"b\"}]", "x.json");
  EXPECT_THAT(seen.records, ElementsAre("x.json#1 [1,13) text=a"));
  EXPECT_THAT(seen.passed,
              ElementsAre("x.json#0+0 broken not JSON at byte 15"));
  EXPECT_THAT(ReadBytes("[{\"text\":\"a\"}, {\"te", "x.json").passed,
              ElementsAre("x.json#0+0 broken not JSON: it ends early"));
  EXPECT_THAT(
      ReadBytes("[{\"text\":\"a\"}, {:}, {\"text\":\"\xff\"}]", "x.json")
          .passed,
      ElementsAre(HasSubstr("x.json#2+1 broken"), "x.json#3+1 not_utf8"));
}

std::string Element(size_t size) {
  return "{\"text\":\"" + std::string(size - 11, 'x') + "\"}";
}

TEST(JsonValues, AValueMayBeAsLongAsItsLimit) {
  SourceOptions options;
  options.limits.record_bytes_max = 3 * kChunkBytes;
  std::string json = "[" + Element(100) + "," + Element(3 * kChunkBytes) + "," +
                     Element(20) + "," + Element(3 * kChunkBytes + 1) + "," +
                     Element(21) + "," + Element(9 * kChunkBytes) + "," +
                     Element(22) + "]";
  Seen seen = ReadBytes(json, "x.json", options, 99'991);
  ASSERT_EQ(seen.records.size(), 5u);
  EXPECT_THAT(seen.records[1], HasSubstr("#2 "));
  EXPECT_THAT(seen.records[2], HasSubstr("#3 "));
  EXPECT_THAT(seen.records[3], HasSubstr("#5 "));
  EXPECT_THAT(seen.records[4], HasSubstr("#7 "));
  EXPECT_THAT(seen.passed, ElementsAre(HasSubstr("x.json#4+1 too_large"),
                                       HasSubstr("x.json#6+1 too_large")));
}

TEST(JsonValues, SplitsTheSameWayHoweverTheBytesCome) {
  std::string json = "[";
  for (size_t i = 0; json.size() < 3 * kChunkBytes; ++i) {
    json += (i ? ",\n" : "") + Element(20 + i * 7919 % 5000);
    json += ",{\"text\":\"\\\\\\\"" + std::string(i % 40, '\\') +
            std::string(i % 40, '\\') + "\"}";
  }
  json += "]";
  Seen whole = ReadBytes(json, "x.json");
  EXPECT_GE(whole.chunks, 3u);
  EXPECT_THAT(whole.passed, IsEmpty());
  Seen pieces = ReadBytes(json, "x.json", {}, 4099);
  EXPECT_EQ(whole.records, pieces.records);
  EXPECT_EQ(whole.chunks, pieces.chunks);
}

TEST(JsonValues, DeepNestingIsPassedOverAndTheRestRead) {
  std::string json = "[\"a\"," + std::string(3'000'000, '[') +
                     std::string(3'000'000, ']') + ",\"b\"]";
  Seen seen = ReadBytes(json, "x.json");
  EXPECT_EQ(seen.records.size(), 2u);
  EXPECT_THAT(seen.passed, ElementsAre(HasSubstr("x.json#2+1 too_deep")));
}

}  // namespace
}  // namespace cofferdam::corpus
