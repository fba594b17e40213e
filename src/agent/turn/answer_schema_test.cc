#include "agent/turn/answer_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Issues(std::string_view schema,
                                std::string_view answer) {
  auto parsed = AnswerSchema::Parse(schema);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message();
  std::string json;
  return parsed->Check(answer, &json);
}

constexpr std::string_view kFiles = R"({
  "type": "object", "additionalProperties": false, "required": ["files"],
  "properties": {
    "files": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/file"}},
    "ok": {"type": ["boolean", "null"]}},
  "$defs": {"file": {"type": "object", "required": ["path", "lines"],
    "properties": {"path": {"type": "string", "minLength": 1},
                   "lines": {"type": "integer", "minimum": 0}}}}})";

TEST(AnswerSchemaTest, AnAnswerThatMeetsItHasNoIssues) {
  EXPECT_THAT(Issues(kFiles, R"({"files":[{"path":"a","lines":3}],"ok":null})"),
              ElementsAre());
  EXPECT_THAT(Issues(kFiles,
                     "```json\n{\"files\":[{\"path\":\"ä\",\"lines\":0}]"
                     "}\n```\n"),
              ElementsAre());
  EXPECT_THAT(Issues(R"({"type":"string","enum":["yes","no"]})", "\"yes\""),
              ElementsAre());
}

TEST(AnswerSchemaTest, IssuesNameTheirPlace) {
  EXPECT_THAT(
      Issues(kFiles,
             R"({"files":[{"path":"","lines":1.5},{"lines":-1}],"x":1})"),
      ElementsAre(HasSubstr("/files/0/path: must have at least 1"),
                  HasSubstr("/files/0/lines: must be of type integer"),
                  HasSubstr("/files/1: \"path\" is missing"),
                  HasSubstr("/files/1/lines: must be at least 0"),
                  HasSubstr("/x: must not be there")));
  EXPECT_THAT(Issues(kFiles, "Here you are: {}"),
              ElementsAre(HasSubstr("not JSON alone")));
  EXPECT_THAT(Issues(kFiles, "{\"files\":[]}"),
              ElementsAre(HasSubstr("at least 1 items")));
}

TEST(AnswerSchemaTest, CombinationsCountWhatIsMet) {
  constexpr std::string_view schema =
      R"({"oneOf":[{"type":"integer"},{"minimum":5}],"not":{"const":7}})";
  EXPECT_THAT(Issues(schema, "3"), ElementsAre());
  EXPECT_THAT(Issues(schema, "6"), ElementsAre(HasSubstr("exactly one")));
  EXPECT_EQ(Issues(schema, "7").size(), 2u);
  EXPECT_THAT(Issues(R"({"anyOf":[{"type":"null"},{"type":"array"}]})", "{}"),
              ElementsAre(HasSubstr("none of anyOf")));
  EXPECT_THAT(Issues(R"({"exclusiveMinimum":1,"exclusiveMaximum":2})", "2"),
              ElementsAre(HasSubstr("less than 2")));
}

TEST(AnswerSchemaTest, ASchemaThatCannotBeHeldToIsRefusedWithItsPlace) {
  for (auto [schema, said] :
       {std::pair(R"({"properties":{"a":{"pattern":"^x"}}})",
                  "/properties/a/pattern"),
        std::pair(R"({"type":"text"})", "no such type"),
        std::pair(R"({"items":3})", "/items"),
        std::pair(R"({"$ref":"http://elsewhere"})", "within the schema"),
        std::pair(R"([])", "object"), std::pair("{", "")}) {
    auto parsed = AnswerSchema::Parse(schema);
    ASSERT_FALSE(parsed.ok()) << schema;
    EXPECT_THAT(parsed.error().message(), HasSubstr(said));
  }
}

TEST(AnswerSchemaTest, ASchemaThatRefersToItselfEnds) {
  EXPECT_THAT(Issues(R"({"$ref":"#"})", "{}"),
              ElementsAre(HasSubstr("too deep")));
  EXPECT_THAT(Issues(R"({"properties":{"next":{"$ref":"#"}},"type":"object"})",
                     R"({"next":{"next":{"next":3}}})"),
              ElementsAre(HasSubstr("/next/next/next")));
}

TEST(AnswerSchemaTest, OnlyAFewIssuesAreTold) {
  EXPECT_EQ(
      Issues(R"({"items":{"type":"null"}})", "[1,2,3,4,5,6,7,8,9,10,11,12]")
          .size(),
      AnswerSchema::kIssuesMax);
}

}  // namespace
}  // namespace cofferdam::agent
