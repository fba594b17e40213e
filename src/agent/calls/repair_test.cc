#include "agent/calls/repair.h"

#include <gtest/gtest.h>

#include <array>

#include <fmt/format.h>

#include "base/json.h"

namespace cofferdam::agent {
namespace {

const std::array<ToolSpec, 3> kTools = {
    ToolSpec{.name = "bash",
             .description = "",
             .schema =
                 R"({"type":"object","properties":{"command":{"type":"string"},
          "timeout_s":{"type":"integer"}},"required":["command"]})"},
    ToolSpec{.name = "write",
             .description = "",
             .schema =
                 R"({"type":"object","properties":{"path":{"type":"string"},
          "content":{"type":"string"}},"required":["path","content"]})"},
    ToolSpec{.name = "patch",
             .description = "",
             .schema =
                 R"({"type":"object","properties":{"patch":{"type":"string"}},
          "required":["patch"]})"}};

CallsOfAnswer ReadAll(EngineAnswer answer) {
  IdMaker ids;
  CallsOfAnswer read = ReadCalls(answer, kTools, ids);
  for (const auto& call : read.calls) {
    const ToolCall& kept = std::holds_alternative<RepairedCall>(call)
                               ? std::get<RepairedCall>(call).call
                               : std::get<RefusedCall>(call).stand_in;
    const Result<JsonDocument> document = JsonDocument::Parse(kept.arguments);
    EXPECT_TRUE(document.ok() && document->root().is_object());
    EXPECT_FALSE(kept.name.empty());
    EXPECT_FALSE(kept.id.empty());
  }
  return read;
}

std::variant<RepairedCall, RefusedCall> ReadOne(
    std::string name, std::string arguments,
    Finish finish = Finish::kToolCalls) {
  EngineAnswer answer;
  answer.finish = finish;
  answer.calls.push_back(
      {.id = "c1", .name = std::move(name), .arguments = std::move(arguments)});
  return ReadAll(std::move(answer)).calls.at(0);
}

struct CallForm {
  std::string_view form;
  std::string_view name;
  std::string_view arguments;
  std::string_view runs;  // "name arguments"; empty: is refused
};

TEST(ReadCallsTest, FormsOfCallsRunOrAreRefusedAsTheTableSays) {
  constexpr std::string_view kLs = R"(bash {"command":"ls"})";
  const CallForm forms[] = {
      {"valid", "bash", R"({"command":"ls"})", kLs},
      {"trailing comma", "bash", R"({"command":"ls",})", kLs},
      {"single quotes", "bash", R"({'command':'ls'})", kLs},
      {"no end", "bash", R"({"command":"ls")", kLs},
      {"raw newline", "bash", "{\"command\":\"ls\npwd\"}",
       R"(bash {"command":"ls\npwd"})"},
      {"fence", "bash", "```json\n{\"command\":\"ls\"}\n```", kLs},
      {"double encoding", "bash", R"("{\"command\":\"ls\"}")", kLs},
      {"wrong case", "Bash", R"({"command":"ls"})", kLs},
      {"another agent's name", "execute_command", R"({"command":"ls"})", kLs},
      {"prefix", "functions.bash", R"({"command":"ls"})", kLs},
      {"control token", "bash<|channel|>commentary", R"({"command":"ls"})",
       kLs},
      {"number as string, extra key", "bash",
       R"({"command":"ls","timeout_s":"5","why":"x"})",
       R"(bash {"command":"ls","timeout_s":5})"},
      {"alias", "bash", R"({"cmd":"ls"})", kLs},
      {"nested", "bash", R"({"name":"bash","arguments":{"command":"ls"}})",
       kLs},
      {"name inside", "", R"({"name":"bash","arguments":{"command":"ls"}})",
       kLs},
      {"name inside, text", "",
       R"({"name":"bash","arguments":"{\"command\":\"ls\"}"})", kLs},
      {"bare patch", "apply_patch", "*** Begin Patch\n*** End Patch\n",
       R"(patch {"patch":"*** Begin Patch\n*** End Patch\n"})"},
      {"another's name, other arguments", "execute_command", R"({"x":"ls"})",
       ""},
      {"invented", "frobnicate", R"({"command":"ls"})", ""},
      {"no arguments", "bash", "", ""},
      {"a bare command", "bash", "ls -la", ""},
      {"cut in a string", "bash", R"({"command":"ls)", ""},
      {"quotes inside", "bash", R"({"command":"echo "a""})", ""},
      {"wrong argument", "bash", R"({"line":"ls"})", ""},
      {"that matters", "bash", R"({"command":"ls","cwd":"/x"})", ""},
      {"binary", "bash", "\xff\xfe{}", ""},
      {"no name", "", R"({"command":"ls"})", ""},
  };
  for (const CallForm& form : forms) {
    const auto read =
        ReadOne(std::string(form.name), std::string(form.arguments));
    std::string runs;
    if (const auto* call = std::get_if<RepairedCall>(&read))
      runs = call->call.name + " " + call->call.arguments;
    EXPECT_EQ(runs, form.runs) << form.form;
    if (const auto* refused = std::get_if<RefusedCall>(&read)) {
      EXPECT_NE(refused->why.find("bash"), std::string::npos) << form.form;
      EXPECT_EQ(refused->stand_in.id, "c1");
    } else if (form.form != "valid") {
      EXPECT_NE(std::get<RepairedCall>(read).repaired, "") << form.form;
    }
  }
}

TEST(ReadCallsTest, AWriteThatWasCutNeverRuns) {
  constexpr std::string_view kWhole =
      R"({"path":"a","content":"int main() {}\n"})";
  for (size_t cut = 0; cut < kWhole.size(); ++cut) {
    for (Finish finish :
         {Finish::kLength, Finish::kUnknown, Finish::kFiltered}) {
      const auto read =
          ReadOne("write", std::string(kWhole.substr(0, cut)), finish);
      ASSERT_TRUE(std::holds_alternative<RefusedCall>(read)) << cut;
      if (cut == 0) continue;
      EXPECT_NE(std::get<RefusedCall>(read).why.find("smaller pieces"),
                std::string::npos);
    }
    // Ended by the model itself: only the last bracket may be missing.
    const auto read = ReadOne("write", std::string(kWhole.substr(0, cut)));
    EXPECT_EQ(std::holds_alternative<RepairedCall>(read),
              cut == kWhole.size() - 1)
        << cut;
  }
  EXPECT_TRUE(std::holds_alternative<RepairedCall>(
      ReadOne("write", std::string(kWhole), Finish::kLength)));
}

TEST(ReadCallsTest, TheRepairIsNamed) {
  const auto read = ReadOne("Bash", R"({'cmd':'ls','timeout_s':'5'})");
  ASSERT_TRUE(std::holds_alternative<RepairedCall>(read));
  EXPECT_EQ(std::get<RepairedCall>(read).repaired,
            "the tool's name (Bash); single quotes; command: was called cmd; "
            "timeout_s: a number in quotes");
}

TEST(ReadCallsTest, ARefusalTeaches) {
  const auto read = ReadOne("bash", R"({"command":"echo "a""})");
  ASSERT_TRUE(std::holds_alternative<RefusedCall>(read));
  EXPECT_EQ(std::get<RefusedCall>(read).why,
            "This call was not run. Its arguments are not one certain JSON "
            "object: a comma is missing, or a quote inside a string has no "
            "backslash (after: {\"command\":\"echo \"). bash takes command "
            "(string), timeout_s (integer, optional). A right call: bash "
            "{\"command\":\"ls\"}");
  EXPECT_EQ(std::get<RefusedCall>(read).stand_in.arguments,
            R"({"unread":"{\"command\":\"echo \"a\"\"}"})");
}

TEST(ReadCallsTest, WhatWasReadThoughRefusedStaysInTheHistory) {
  const auto read = ReadOne("no such/tool", R"({"a":1,})");
  ASSERT_TRUE(std::holds_alternative<RefusedCall>(read));
  EXPECT_EQ(std::get<RefusedCall>(read).stand_in.name, "no_such_tool");
  const auto unknown = ReadOne("frobnicate", R"({"a": 1})");
  EXPECT_EQ(std::get<RefusedCall>(unknown).stand_in.arguments, R"({"a":1})");
  const auto fit = ReadOne("bash", R"({"line":"ls",})");
  EXPECT_EQ(std::get<RefusedCall>(fit).stand_in.arguments, R"({"line":"ls"})");
}

TEST(ReadCallsTest, IdsAreUniqueAndFitForEveryEngine) {
  EngineAnswer answer;
  answer.finish = Finish::kToolCalls;
  for (std::string_view id :
       {"", "a", "a", "call00002", "functions.bash:0", "with space", ""}) {
    answer.calls.push_back({.id = std::string(id),
                            .name = "bash",
                            .arguments = fmt::format(R"({{"command":"{}"}})",
                                                     answer.calls.size())});
  }
  std::vector<std::string> ids;
  for (const auto& call : ReadAll(answer).calls)
    ids.push_back(std::get<RepairedCall>(call).call.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"call00001", "a", "call00002",
                                           "call00003", "functions.bash:0",
                                           "call00004", "call00005"}));
}

TEST(ReadCallsTest, TheSameCallTwiceRunsOnce) {
  EngineAnswer answer;
  answer.finish = Finish::kToolCalls;
  const RawCall call = {
      .id = "x", .name = "bash", .arguments = R"({"command":"ls"})"};
  answer.calls = {call, call};
  const CallsOfAnswer read = ReadAll(answer);
  EXPECT_TRUE(std::holds_alternative<RepairedCall>(read.calls[0]));
  EXPECT_TRUE(std::holds_alternative<RefusedCall>(read.calls[1]));
}

TEST(ReadCallsTest, CallsBeyondTheLimitAreRefused) {
  EngineAnswer answer;
  answer.finish = Finish::kToolCalls;
  for (size_t i = 0; i <= kCallsOfAnswerMax; ++i)
    answer.calls.push_back(
        {.id = "", .name = "bash", .arguments = R"({"command":"ls"})"});
  const CallsOfAnswer read = ReadAll(answer);
  ASSERT_EQ(read.calls.size(), kCallsOfAnswerMax + 1);
  EXPECT_TRUE(
      std::holds_alternative<RepairedCall>(read.calls[kCallsOfAnswerMax - 1]));
  EXPECT_TRUE(
      std::holds_alternative<RefusedCall>(read.calls[kCallsOfAnswerMax]));
}

TEST(IdMakerTest, IdsOfTheHistoryAreNotUsedAgain) {
  IdMaker ids;
  ids.Keep("call00001");
  EXPECT_EQ(ids.Take(""), "call00002");
  EXPECT_EQ(ids.Take("call00001"), "call00003");
  EXPECT_EQ(ids.Take(std::string(IdMaker::kIdBytesMax, 'x')),
            std::string(IdMaker::kIdBytesMax, 'x'));
  EXPECT_EQ(ids.Take(std::string(IdMaker::kIdBytesMax + 1, 'x')), "call00004");
}

}  // namespace
}  // namespace cofferdam::agent
