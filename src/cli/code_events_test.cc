#include "cli/code_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "base/json.h"

namespace cofferdam::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

std::string TypeOf(const std::string& line) {
  auto json = JsonDocument::Parse(line);
  EXPECT_TRUE(json.ok()) << line;
  return json.ok() ? std::string((*json)["type"].StringOrEmpty()) : "";
}

// One of each event, as a stream has them.
std::vector<std::string> EveryEvent() {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CodeEvents events(CodeOutput::kStreamJson);
  events.OnThinking("Hm.");
  events.OnText("a\xc3");
  events.OnText(
      "\xa4"
      "b");
  events.OnAnswerEnd();
  events.OnAnswerDropped("the stream ended early");
  agent::ShownCall call;
  call.id = "c1";
  call.name = "read";
  call.arguments = R"({"path":"a"})";
  events.OnCall(call);
  events.OnCallRunning("c1");
  events.OnCallOutput("c1", "x\xff");
  agent::ToolOutcome outcome;
  outcome.text = "done";
  outcome.changes.push_back({"/w/a", std::nullopt, "x"});
  events.OnCallEnd("c1", outcome);
  events.OnPlan({{"look", agent::PlanEntry::Status::kInProgress}});
  events.OnMeter({});
  events.OnMode(agent::Mode::kEdit);
  events.OnNotice("something");
  std::fflush(stdout);
  testing::internal::GetCapturedStderr();
  return Lines(testing::internal::GetCapturedStdout());
}

TEST(CodeEventsTest, EveryEventIsALineOfJsonThatThePageNames) {
  std::string page = *ReadFile(COFFERDAM_CODE_STREAM_PAGE, 1 << 20);
  std::set<std::string> types;
  for (const std::string& line : EveryEvent()) {
    std::string type = TypeOf(line);
    types.insert(type);
    EXPECT_THAT(page, HasSubstr("`" + type + "`")) << line;
  }
  EXPECT_EQ(types.size(), 12u);
}

TEST(CodeEventsTest, ACharacterThatCameInTwoPiecesIsWhole) {
  std::vector<std::string> texts;
  for (const std::string& line : EveryEvent()) {
    if (TypeOf(line) != "text") continue;
    texts.emplace_back((*JsonDocument::Parse(line))["text"].StringOrEmpty());
  }
  EXPECT_THAT(texts, ElementsAre("a",
                                 "\xc3\xa4"
                                 "b"));
}

TEST(CodeEventsTest, ThePagesExampleIsAStream) {
  std::string page = *ReadFile(COFFERDAM_CODE_STREAM_PAGE, 1 << 20);
  size_t at = page.find("```jsonl\n") + 9;
  std::vector<std::string> lines =
      Lines(page.substr(at, page.find("```", at) - at));
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_EQ(TypeOf(lines.front()), "begin");
  // The result's members are those that we write, in their order.
  CodeRun run;
  std::string ours = CodeRunJson(run, "result");
  auto names = [](const std::string& line) {
    std::vector<std::string> all;
    auto json = JsonDocument::Parse(line);
    for (const auto& [name, value] : json->root().Members()) {
      all.emplace_back(name);
    }
    return all;
  };
  EXPECT_EQ(names(lines.back()), names(ours));
}

TEST(CodeEventsTest, AFileThatChangedTwiceIsToldOnceByWhatBecameOfIt) {
  CodeRun run;
  run.end = "done";
  run.turn.changes = {{"/w/a", std::nullopt, "1"},
                      {"/w/b", "1", "2"},
                      {"/w/a", "1", "2"},
                      {"/w/b", "2", "1"},
                      {"/w/c", "1", std::nullopt}};
  auto json = JsonDocument::Parse(CodeRunJson(run, ""));
  auto changes = (*json)["changes"].Elements();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0]["path"].StringOrEmpty(), "/w/a");
  EXPECT_EQ(changes[0]["change"].StringOrEmpty(), "created");
  EXPECT_EQ(changes[1]["change"].StringOrEmpty(), "deleted");
  EXPECT_FALSE((*json)["type"].present());
}

TEST(CodeEventsTest, NobodyIsThereToBeAsked) {
  CodeEvents events(CodeOutput::kText);
  EXPECT_EQ(events.Ask({}), agent::Permission::kRejectOnce);
}

}  // namespace
}  // namespace cofferdam::cli
