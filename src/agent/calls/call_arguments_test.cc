#include "agent/calls/call_arguments.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace cofferdam::agent {
namespace {

const ToolSpec kTool = {.name = "edit",
                        .description = "",
                        .schema = R"({"type":"object","properties":{
      "path":{"type":"string"},
      "old":{"type":"string"},
      "new":{"type":"string"},
      "all":{"type":"boolean"},
      "line":{"type":"integer"},
      "share":{"type":"number"},
      "tags":{"type":"array","items":{"type":"string"}},
      "steps":{"type":"array","items":{"type":"object","properties":{
        "text":{"type":"string"},
        "status":{"type":"string","enum":["pending","in_progress"]}},
        "required":["text"]}},
      "where":{"type":"object","properties":{"line":{"type":"integer"}}},
      "since":{"type":["string","null"]}},
      "required":["path"]})"};

const ToolSpec kBash = {
    .name = "bash",
    .description = "",
    .schema = R"({"type":"object","properties":{"command":{"type":"string"},
      "timeout_s":{"type":"integer"}},"required":["command"]})"};

Result<FittedArguments> Fit(std::string_view json,
                            const ToolSpec& tool = kTool) {
  const Result<JsonDocument> document = JsonDocument::Parse(json);
  CHECK_OK(document);
  return FitArguments(document->root(), tool, UnknownArguments::kDrop);
}

std::string Fitted(std::string_view json, const ToolSpec& tool = kTool) {
  const Result<FittedArguments> fitted = Fit(json, tool);
  return fitted.ok() ? fitted->json : "";
}

std::string Mends(std::string_view json) {
  const Result<FittedArguments> fitted = Fit(json);
  return fitted.ok() ? fmt::format("{}", fmt::join(fitted->mends, "; "))
                     : fitted.error().message();
}

TEST(FitArgumentsTest, WhatFitsIsNotMended) {
  constexpr std::string_view kWhole =
      R"({"path":"a","old":"1","new":"","all":false,"line":3,"share":0.5,)"
      R"("tags":["x"],"steps":[{"text":"t","status":"pending"}],)"
      R"("where":{"line":1},"since":null})";
  EXPECT_EQ(Fitted(kWhole), kWhole);
  EXPECT_EQ(Mends(kWhole), "");
}

struct Bent {
  std::string_view given;
  std::string_view fitted;
  std::string_view mends;
};

TEST(FitArgumentsTest, ValuesOfOneMeaningAreBent) {
  const Bent cases[] = {
      {R"({"path":"a","line":"12"})", R"({"path":"a","line":12})",
       "line: a number in quotes"},
      {R"({"path":"a","line":12.0})", R"({"path":"a","line":12})",
       "line: a whole number"},
      {R"({"path":"a","share":"0.5"})", R"({"path":"a","share":0.5})",
       "share: a number in quotes"},
      {R"({"path":"a","old":5})", R"({"path":"a","old":"5"})",
       "old: a number without quotes"},
      {R"({"path":"a","all":"True"})", R"({"path":"a","all":true})",
       "all: read as true or false"},
      {R"({"path":"a","all":0})", R"({"path":"a","all":false})",
       "all: read as true or false"},
      {R"({"path":"a","tags":"x"})", R"({"path":"a","tags":["x"]})",
       "tags: one value for a list"},
      {R"({"path":"a","tags":"[\"x\",\"y\"]"})",
       R"({"path":"a","tags":["x","y"]})", "tags: a list inside a string"},
      {R"({"path":["a"]})", R"({"path":"a"})", "path: a list around it"},
      {R"({"path":"a","where":"{\"line\":\"2\"}"})",
       R"({"path":"a","where":{"line":2}})",
       "where: an object inside a string; where.line: a number in quotes"},
      {R"({"path":"a","steps":{"text":"t","status":"In-Progress"}})",
       R"({"path":"a","steps":[{"text":"t","status":"in_progress"}]})",
       "steps: one value for a list; steps.status: was written "
       "\"In-Progress\""},
      {R"({"path":"a","old":null})", R"({"path":"a"})", ""},
      {R"({"Path":"a","OLD":"b"})", R"({"path":"a","old":"b"})",
       "path: was called Path; old: was called OLD"},
      {R"({"filePath":"a","old_string":"b","newText":"c","replace_all":true})",
       R"({"path":"a","old":"b","new":"c","all":true})",
       "path: was called filePath; old: was called old_string; new: was called "
       "newText; all: was called replace_all"},
      {R"({"path":"a","file_path":"a"})", R"({"path":"a"})",
       "path: was called file_path"},
      {R"({"path":"a","explanation":"why"})", R"({"path":"a"})",
       "explanation: unknown, left out"},
      {R"({"path":"a","cwd":null,"append":false})", R"({"path":"a"})",
       "cwd: unknown, left out; append: unknown, left out"},
      {R"({"arguments":{"path":"a"}})", R"({"path":"a"})",
       "an object around the arguments"},
      {R"({"name":"edit","parameters":{"path":"a"}})", R"({"path":"a"})",
       "an object around the arguments"},
  };
  for (const Bent& bent : cases) {
    EXPECT_EQ(Fitted(bent.given), bent.fitted) << bent.given;
    EXPECT_EQ(Mends(bent.given), bent.mends) << bent.given;
  }
}

TEST(FitArgumentsTest, ACommandWithItsShellIsThatCommand) {
  EXPECT_EQ(Fitted(R"({"cmd":["bash","-lc","ls | wc"]})", kBash),
            R"({"command":"ls | wc"})");
  EXPECT_EQ(Fitted(R"({"command":["ls","-la"]})", kBash), "");
  EXPECT_EQ(Fitted(R"({"command":["python","-c","x"]})", kBash), "");
}

TEST(FitArgumentsTest, AnOptionOfGrepIsKnownByItsLetter) {
  const ToolSpec grep = {
      .name = "grep",
      .description = "",
      .schema = R"({"type":"object","properties":{"pattern":{"type":"string"},
      "ignore_case":{"type":"boolean"}},"required":["pattern"]})"};
  for (std::string_view name : {"-i", "case_insensitive", "ignoreCase"}) {
    EXPECT_EQ(Fitted(fmt::format(R"({{"pattern":"x","{}":true}})", name), grep),
              R"({"pattern":"x","ignore_case":true})");
  }
}

TEST(FitArgumentsTest, WhatIsNotCertainIsRefused) {
  for (std::string_view given : {
           R"({"path":"a","line":"12x"})",
           R"({"path":"a","line":1.5})",
           R"({"path":"a","line":1e300})",
           R"({"path":"a","line":true})",
           R"({"path":"a","line":""})",
           R"({"path":"a","all":"maybe"})",
           R"({"path":"a","all":2})",
           R"({"path":"a","old":{"b":1}})",
           R"({"path":"a","old":["b","c"]})",
           R"({"path":"a","old":1.10})",
           R"({"path":"a","file_path":"b"})",
           R"({"path":"a","path":"b"})",
           R"({"path":"a","append":true})",
           R"({"path":"a","cwd":"x"})",
           R"({"path":"a","where":"x"})",
           R"({"path":"a","steps":[{"text":"t","status":"done"}]})",
           R"({"path":"a","steps":[{"status":"pending"}]})",
           R"({"path":"a","is_regex":false})",
           R"({"path":"a","case_sensitive":false})",
           R"({"path":"a","-i":true})",
           R"({"path":"a","tags":"['x', 'y']"})",
           R"({"path":null})",
           R"({})",
       }) {
    EXPECT_EQ(Fitted(given), "") << given;
  }
}

TEST(FitArgumentsTest, AnErrorNamesTheArgumentAndShowsARightCall) {
  EXPECT_EQ(Fit(R"({"timeout":5})", kBash).error().message(),
            "The argument \"command\" is missing. bash takes command (string), "
            "timeout_s (integer, optional). A right call: bash "
            R"({"command":"ls"})");
  EXPECT_EQ(Mends(R"({"path":"a","line":"x"})").substr(0, 55),
            "The argument \"line\" is string; it must be integer. edit");
  EXPECT_EQ(Mends(R"({"path":"a","lines":[1]})").substr(0, 58),
            "The argument \"lines\" is unknown. Did you mean \"line\"? edit");
}

TEST(FitArgumentsTest, WhereCallsMustMatchExactlyNothingIsDropped) {
  const Result<JsonDocument> document =
      JsonDocument::Parse(R"({"command":"ls","why":"x"})");
  ASSERT_TRUE(document.ok());
  EXPECT_TRUE(
      FitArguments(document->root(), kBash, UnknownArguments::kDrop).ok());
  EXPECT_FALSE(
      FitArguments(document->root(), kBash, UnknownArguments::kRefuse).ok());
}

TEST(FitArgumentsTest, ANameWithTwoMeaningsIsUnknown) {
  const ToolSpec tool = {
      .name = "t",
      .description = "",
      .schema = R"({"type":"object","properties":{"old":{"type":"string"},
        "pattern":{"type":"string"}}})"};
  // "search" is old of an edit and the pattern of a search.
  EXPECT_EQ(Fitted(R"({"search":"x"})", tool), "{}");
  EXPECT_EQ(Fitted(R"({"regexp":"x"})", tool), R"({"pattern":"x"})");
}

}  // namespace
}  // namespace cofferdam::agent
