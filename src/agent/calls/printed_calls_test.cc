#include "agent/calls/printed_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "agent/calls/repair.h"
#include "agent/engine/answer_body.h"
#include "agent/engine/heard_testing.h"
#include "base/random.h"

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
    ToolSpec{
        .name = "list",
        .description = "",
        .schema =
            R"({"type":"object","properties":{"path":{"type":"string"}}})"}};

CallsOfAnswer ReadText(std::string_view text, Finish finish = Finish::kStop) {
  EngineAnswer answer;
  answer.text = text;
  answer.finish = finish;
  IdMaker ids;
  return ReadCalls(answer, kTools, ids);
}

// "name {arguments}" of each call; "refused"; "suspicious", one line each.
std::string Outcome(const CallsOfAnswer& read) {
  std::vector<std::string> lines;
  for (const auto& call : read.calls) {
    if (const auto* good = std::get_if<RepairedCall>(&call))
      lines.push_back(good->call.name + " " + good->call.arguments);
    else
      lines.emplace_back("refused");
  }
  for (size_t i = 0; i < read.suspicious.size(); ++i)
    lines.emplace_back("suspicious");
  return fmt::format("{}", fmt::join(lines, "\n"));
}

struct PrintedForm {
  std::string_view name;
  std::string text;
  std::string outcome;
};

constexpr char kLs[] = R"(bash {"command":"ls"})";
constexpr char kBare[] = R"({"name":"bash","arguments":{"command":"ls"}})";

std::vector<PrintedForm> KnownForms() {
  std::string data;
  for (int i = 0; i < 40; ++i)
    data += fmt::format("{{\"id\": {}, \"name\": \"x\"}}\n", i);
  return {
      {"Hermes",
       "<tool_call>\n{\"name\": \"bash\", \"arguments\": {\"command\": "
       "\"ls\"}}\n</tool_call>",
       kLs},
      {"Hermes, two, with words before",
       "I look.\n<tool_call>\n{\"name\":\"bash\",\"arguments\":{\"command\":"
       "\"ls\"}}\n</tool_call>\n<tool_call>{\"name\":\"list\",\"arguments\":{}}"
       "</tool_call>",
       "bash {\"command\":\"ls\"}\nlist {}"},
      {"Hermes without an end",
       "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}",
       kLs},
      {"Hermes, a bracket missing",
       "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}"
       "</tool_call>",
       kLs},
      {"Hermes, a bracket too many",
       "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}}"
       "</tool_call>",
       kLs},
      {"Hermes, single quotes",
       "<tool_call>{'name':'bash','arguments':{'command':'ls'}}</tool_call>",
       kLs},
      {"Hermes, arguments as text",
       R"(<tool_call>{"name":"bash","arguments":"{\"command\":\"ls\"}"})"
       "</tool_call>",
       kLs},
      {"Hermes, twice opened",
       "<tool_call>\n<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":"
       "\"ls\"}}</tool_call>",
       kLs},
      {"Hermes, a tag inside a string",
       "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"echo "
       "</tool_call>\"}}</tool_call>",
       "bash {\"command\":\"echo </tool_call>\"}"},
      {"a list in tags",
       "<tool_calls>[{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}]"
       "</tool_calls>",
       kLs},
      {"function_call",
       "<function_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}"
       "</function_call>",
       kLs},
      {"Qwen-Coder",
       "<tool_call>\n<function=bash>\n<parameter=command>\nls\n</parameter>\n"
       "</function>\n</tool_call>",
       kLs},
      {"Qwen-Coder, bare",
       "<function=bash>\n<parameter=command>\nls\n</parameter>\n</function>",
       kLs},
      {"Qwen-Coder, opening tag lost",
       "<function=bash>\n<parameter=command>\nls\n</parameter>\n</function>\n"
       "</tool_call>",
       kLs},
      {"Qwen-Coder, a file with tags and quotes",
       "<function=write>\n<parameter=path>\na.html\n</parameter>\n<parameter="
       "content>\n<a href=\"x\">'\\n'</a>\n\n</parameter>\n</function>",
       R"(write {"path":"a.html","content":"<a href=\"x\">'\\n'</a>\n"})"},
      {"Qwen-Coder, a number",
       "<function=bash><parameter=command>ls</parameter><parameter=timeout_s>5"
       "</parameter></function>",
       R"(bash {"command":"ls","timeout_s":5})"},
      {"Qwen-Coder, function's end missing",
       "<tool_call>\n<function=bash>\n<parameter=command>\nls\n</parameter>\n"
       "</tool_call>",
       kLs},
      {"Llama's function tag",
       "<function=bash>{\"command\": \"ls\"}</function>", kLs},
      {"Llama, python tag",
       "<|python_tag|>{\"name\":\"bash\",\"parameters\":{\"command\":\"ls\"}}"
       "<|eom_id|>",
       kLs},
      {"Llama, bare JSON",
       "{\"name\": \"bash\", \"parameters\": {\"command\": \"ls\"}}", kLs},
      {"pythonic", "[bash(command=\"ls\")]", kLs},
      {"pythonic, two", "[bash(command='ls', timeout_s=5), list(path=\"src\")]",
       "bash {\"command\":\"ls\",\"timeout_s\":5}\nlist {\"path\":\"src\"}"},
      {"LFM", "<|tool_call_start|>[bash(command=\"ls\")]<|tool_call_end|>Done.",
       kLs},
      {"Mistral",
       "[TOOL_CALLS][{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}]",
       kLs},
      {"Mistral, newer", "[TOOL_CALLS]bash[ARGS]{\"command\": \"ls\"}</s>",
       kLs},
      {"Mistral, with an id",
       "[TOOL_CALLS]bash[CALL_ID]abcdefghi[ARGS]{\"command\": \"ls\"}", kLs},
      {"Mistral, two", "[TOOL_CALLS]bash{\"command\":\"ls\"}[TOOL_CALLS]list{}",
       "bash {\"command\":\"ls\"}\nlist {}"},
      {"Harmony",
       "<|channel|>commentary to=functions.bash <|constrain|>json<|message|>"
       "{\"command\":\"ls\"}<|call|>",
       kLs},
      {"Harmony with its start",
       "<|start|>assistant<|channel|>commentary to=functions.bash "
       "<|constrain|>json<|message|>{\"command\":\"ls\"}<|call|>",
       kLs},
      {"Harmony without its tokens",
       "commentary to=functions.bash json{\"command\":\"ls\"}", kLs},
      {"Phi",
       "<|tool_call|>[{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}]"
       "<|/tool_call|>",
       kLs},
      {"DeepSeek V3.1",
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>bash<｜tool▁sep｜>"
       "{\"command\":\"ls\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       kLs},
      {"DeepSeek R1",
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>bash\n"
       "```json\n{\"command\":\"ls\"}\n```<｜tool▁call▁end｜>"
       "<｜tool▁calls▁end｜>",
       kLs},
      {"DeepSeek V3.2",
       "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"bash\">\n<｜DSML｜"
       "parameter name=\"command\" string=\"true\">ls</｜DSML｜parameter>\n"
       "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
       kLs},
      {"Kimi",
       "<|tool_calls_section_begin|><|tool_call_begin|>functions.bash:0"
       "<|tool_call_argument_begin|>{\"command\":\"ls\"}<|tool_call_end|>"
       "<|tool_calls_section_end|>",
       kLs},
      {"GLM",
       "<tool_call>bash\n<arg_key>command</arg_key>\n<arg_value>ls</arg_value>"
       "\n</tool_call>",
       kLs},
      {"GLM, a tool that needs nothing", "<tool_call>list\n</tool_call>",
       "list {}"},
      {"GLM, name and JSON",
       "<tool_call>bash\n{\"command\":\"ls\"}</tool_call>", kLs},
      {"MiniMax",
       "<minimax:tool_call>\n<invoke name=\"bash\">\n<parameter name=\"command"
       "\">ls</parameter>\n</invoke>\n</minimax:tool_call>",
       kLs},
      {"invoke without a wrapper",
       "<invoke name=\"bash\">\n<parameter name=\"command\">ls</parameter>\n"
       "</invoke>",
       kLs},
      {"Seed",
       "<seed:tool_call><function=bash><parameter=command>ls</parameter>"
       "</function></seed:tool_call>",
       kLs},
      {"Llama 4", "<|python_start|>[bash(command=\"ls\")]<|python_end|>", kLs},
      {"Phi's functools",
       "functools[{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}]",
       kLs},
      {"InternLM",
       "I look.<|action_start|><|plugin|>\n{\"name\":\"bash\",\"parameters\":"
       "{\"command\":\"ls\"}}<|action_end|>",
       kLs},
      {"Kimi, its section in the singular",
       "<|tool_call_section_begin|><|tool_call_begin|>functions.bash:0"
       "<|tool_call_argument_begin|>{\"command\":\"ls\"}<|tool_call_end|>"
       "<|tool_call_section_end|>",
       kLs},
      {"a call in Python's form without its list", "bash(command=\"ls\")", kLs},
      {"a list in an object",
       "{\"tool_calls\":[{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}"
       "]"
       "}",
       kLs},
      {"arguments before a name that stands far behind",
       "{\"arguments\":{\"command\":\"ls" + std::string(300, ' ') +
           "\"},\"name\":\"bash\"}",
       "bash {\"command\":\"ls" + std::string(300, ' ') + "\"}"},
      {"behind many lines of data", data + kBare, kLs},
      {"behind a fence with many lines of data",
       "```\n" + data + "```\n" + kBare, kLs},
      {"behind words that only sound like an example",
       "Let me fix the syntax error in the "
       "format.\n<tool_call>{\"name\":\"bash\","
       "\"arguments\":{\"command\":\"ls\"}}</tool_call>",
       kLs},
      {"the end of a thought inside of a string",
       "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"grep "
       "'x</think>' .\"}}</tool_call>",
       "bash {\"command\":\"grep 'x</think>' .\"}"},
      {"the end of a thought spoken of behind it",
       "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}"
       "</tool_call>\nIt looks for `</think>`.",
       kLs},
      {"Command R",
       "<|START_ACTION|>[{\"tool_call_id\":\"0\",\"tool_name\":\"bash\","
       "\"parameters\":{\"command\":\"ls\"}}]<|END_ACTION|>",
       kLs},
      {"bare JSON",
       "I list.\n\n{\"name\": \"bash\", \"arguments\": {\"command\": "
       "\"ls\"}}\n",
       kLs},
      {"bare JSON, OpenAI's",
       R"({"type":"function","function":{"name":"bash","arguments":)"
       R"("{\"command\":\"ls\"}"}})",
       kLs},
      {"bare JSON, a list",
       "[{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}]", kLs},
      {"XML named after the tool", "<bash>\n<command>ls</command>\n</bash>",
       kLs},
      {"after thinking",
       "<think>a <tool_call></think>\n<tool_call>{\"name\":"
       "\"bash\",\"arguments\":{\"command\":\"ls\"}}</tool_call>",
       kLs},
      {"a wrong name is mended as elsewhere",
       "<tool_call>{\"name\":\"Bash\",\"arguments\":{\"cmd\":\"ls\"}}"
       "</tool_call>",
       kLs},
  };
}

TEST(PrintedCallsTest, CallsOfTheKnownFamiliesRun) {
  for (const PrintedForm& form : KnownForms()) {
    const CallsOfAnswer read = ReadText(form.text);
    EXPECT_EQ(Outcome(read), form.outcome) << form.name;
    ASSERT_FALSE(read.calls.empty()) << form.name;
    const auto* call = std::get_if<RepairedCall>(&read.calls[0]);
    ASSERT_NE(call, nullptr) << form.name;
    EXPECT_TRUE(call->repaired.starts_with("printed as text")) << form.name;
    EXPECT_EQ(read.text.find("command"), std::string::npos) << form.name;
  }
}

// The answer to a chat whose text comes in two pieces, its bytes in pieces of
// `bytes`.
EngineAnswer Streamed(std::string_view first, std::string_view second,
                      size_t bytes) {
  std::string stream;
  for (std::string_view piece : {first, second}) {
    JsonWriter delta;
    delta.BeginObject().Field("content", piece).EndObject();
    stream += fmt::format("data: {{\"choices\":[{{\"delta\":{}}}]}}\n\n",
                          delta.text());
  }
  stream +=
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
      "data: [DONE]\n\n";
  HeardAnswer heard;
  const auto reader = AnswerReader::Make(EngineApi::kChat, heard);
  AnswerBody body(*reader);
  for (size_t at = 0; at < stream.size(); at += bytes)
    body.Feed(std::string_view(stream).substr(at, bytes));
  body.End();
  return reader->so_far().Take().answer;
}

TEST(PrintedCallsTest, AFormThatIsStreamedInAnyPiecesIsTheSame) {
  for (const PrintedForm& form : KnownForms()) {
    for (size_t cut = 0; cut <= form.text.size(); ++cut) {
      // JSON is cut between characters.
      if (cut < form.text.size() && (form.text[cut] & 0xc0) == 0x80) continue;
      // Data in front need not be cut everywhere.
      if (form.text.size() > 600 && cut + 100 < form.text.size()) continue;
      const std::string_view text = form.text;
      const EngineAnswer answer =
          Streamed(text.substr(0, cut), text.substr(cut), 1 + cut % 23);
      IdMaker ids;
      ASSERT_EQ(Outcome(ReadCalls(answer, kTools, ids)), form.outcome)
          << form.name << ", cut at " << cut;
    }
  }
}

TEST(PrintedCallsTest, AnEndForCallsThatNeverCameIsFlagged) {
  EXPECT_EQ(Outcome(ReadText("I look.", Finish::kToolCalls)), "suspicious");
  EXPECT_EQ(Outcome(ReadText("I look.", Finish::kStop)), "");
}

TEST(PrintedCallsTest, WhatMayBeAnExampleIsLeftAndFlagged) {
  constexpr std::string_view kCall =
      R"(<tool_call>{"name":"bash","arguments":{"command":"ls"}}</tool_call>)";
  constexpr std::string_view kJson =
      R"({"name":"bash","arguments":{"command":"ls"}})";
  const std::string forms[] = {
      fmt::format("```\n{}\n```", kCall),
      fmt::format("```json\n{}\n```\n", kJson),
      fmt::format("~~~\n{}\n~~~", kCall),
      fmt::format("```tool_code\n[bash(command='ls')]\n```", kCall),
      fmt::format("> {}", kCall),
      fmt::format("Write `{}` to list.", kCall),
      fmt::format("For example:\n{}", kCall),
      fmt::format("A call looks like this:\n\n{}", kJson),
      fmt::format("You can write {} to list files.", kCall),
      fmt::format("{}\n\nThat is how it goes.", kJson),
      fmt::format("<think>{}</think>", kCall),
      fmt::format("{}</think>", kCall),
      // Without a marker nothing is mended.
      R"({"name":"bash","arguments":{"cmd":"ls"}})",
      R"({"name":"Bash","arguments":{"command":"ls"}})",
      R"({"name":"bash","arguments":{"command":"ls"},})",
      R"({"name":"bash","arguments":{"command":"ls","why":"x"}})",
      R"({"name":"frobnicate","arguments":{"command":"ls"}})",
      "[bash(cmd='ls')]",
      "[bash(\"ls\")]",
      "I run it:\nbash('ls -la')",
      R"({"tool_uses":[{"recipient_name":"functions.bash","parameters":{}}]})",
      // Forms that are not read.
      "<start_function_call>call:bash{command:<escape>ls<escape>}",
      R"(<|tools_prefix|>[{"bash":{"command":"ls"}}]<|tools_suffix|>)",
      "I list.\nAction: bash\nAction Input: {\"command\":\"ls\"}",
      // A thought that may have an end which was lost.
      fmt::format("I look.\n<think>\nhm\n{}", kCall),
      // A marker, but no call.
      "I would use a </tool_call> here.",
  };
  for (const std::string& form : forms) {
    const CallsOfAnswer read = ReadText(form);
    EXPECT_TRUE(read.calls.empty()) << form;
    EXPECT_EQ(read.suspicious.size(), 1u) << form;
    EXPECT_EQ(read.text, form);
  }
}

TEST(PrintedCallsTest, AMarkedCallThatCannotBeReadIsRefusedWithTheReason) {
  const std::string_view forms[] = {
      "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"echo \"a\"\"}"
      "}</tool_call>",
      "<tool_call>ls -la</tool_call>",
      "<tool_call></tool_call>",
      "<tool_call>",
      "<tool_call>{\"name\":\"bash\"",
      "<tool_call>{\"name\":\"frob\",\"arguments\":{}}</tool_call>",
      "<function=bash><parameter=command>ls</function>",
      "<function=bash>\n<parameter=command>\nls\n</parameter>",
      // Where the command ends is not certain.
      "<function=bash><parameter=command>a</parameter></function></parameter>"
      "</function>",
      "[TOOL_CALLS]bash[ARGS]ls",
      "<|channel|>commentary to=functions.bash<|message|>ls -la<|call|>",
      "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"l",
  };
  for (std::string_view form : forms) {
    const CallsOfAnswer read = ReadText(form);
    EXPECT_EQ(Outcome(read), "refused") << form;
    if (read.calls.empty()) continue;
    const auto* call = std::get_if<RefusedCall>(&read.calls[0]);
    ASSERT_NE(call, nullptr) << form;
    EXPECT_NE(call->why.find("bash"), std::string::npos) << call->why;
  }
}

TEST(PrintedCallsTest, OrdinaryTextIsLeftAlone) {
  const std::string_view texts[] = {
      "",
      "All done.",
      "The file has `{\"name\": \"x\"}` in it.",
      "{\"name\": \"my-package\", \"version\": \"1.0\"}",
      "```json\n{\"name\":\"frob\",\"arguments\":{}}\n```",
      "Use a[i] and <b>bold</b>; bash (the shell) is fine.",
      "{ unbalanced",
      "[1, 2, 3]",
      "| a | b |\n|---|---|\n",
      "a < b and c > d, commentary to=x",
      "<bash> is a tag.",
      "The format is `<tool_call>`.",
      "See also read(2), bash(1)",
      "bash(1) reads it (see there)",
  };
  for (std::string_view text : texts) {
    const CallsOfAnswer read = ReadText(text);
    EXPECT_EQ(Outcome(read), "") << text;
    EXPECT_EQ(read.text, text);
  }
}

TEST(PrintedCallsTest, TheTextAroundStays) {
  const CallsOfAnswer read = ReadText(
      "I list the files.\n\n<tool_call>{\"name\":\"bash\",\"arguments\":"
      "{\"command\":\"ls\"}}</tool_call>\n<|im_end|>");
  EXPECT_EQ(Outcome(read), kLs);
  EXPECT_EQ(read.text, "I list the files.");
}

TEST(PrintedCallsTest, ACallThatTheEngineAlsoHandedOverRunsOnce) {
  EngineAnswer answer;
  answer.finish = Finish::kToolCalls;
  answer.text =
      "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}"
      "</tool_call><tool_call>{\"name\":\"list\",\"arguments\":{}}</tool_call>";
  answer.calls = {
      {.id = "a", .name = "bash", .arguments = R"({"command":"ls"})"}};
  IdMaker ids;
  const CallsOfAnswer read = ReadCalls(answer, kTools, ids);
  EXPECT_EQ(Outcome(read), "list {}\nbash {\"command\":\"ls\"}");
  EXPECT_EQ(std::get<RepairedCall>(read.calls[1]).repaired,
            "also printed as text");
}

TEST(PrintedCallsTest, ACallThatWasOnlyThoughtIsFlaggedWhenNothingElseCame) {
  EngineAnswer answer;
  answer.finish = Finish::kStop;
  answer.thinking =
      "<tool_call>{\"name\":\"bash\",\"arguments\":{\"command\":\"ls\"}}"
      "</tool_call>";
  IdMaker ids;
  EXPECT_EQ(Outcome(ReadCalls(answer, kTools, ids)), "suspicious");
  answer.text = "Done.";
  EXPECT_EQ(Outcome(ReadCalls(answer, kTools, ids)), "");
}

TEST(PrintedCallsTest, AfterACutNoPrintedWriteRuns) {
  const std::string_view wholes[] = {
      "<tool_call>{\"name\":\"write\",\"arguments\":{\"path\":\"a\","
      "\"content\":\"int x;\"}}</tool_call>",
      "<function=write><parameter=path>a</parameter><parameter=content>int x;"
      "</parameter></function>",
      "{\"name\":\"write\",\"arguments\":{\"path\":\"a\",\"content\":\"int x;"
      "\"}}",
      "[write(path=\"a\", content=\"int x;\")]",
  };
  for (std::string_view whole : wholes) {
    const std::string runs = R"(write {"path":"a","content":"int x;"})";
    ASSERT_EQ(Outcome(ReadText(whole)), runs);
    for (size_t cut = 0; cut < whole.size(); ++cut) {
      for (Finish finish : {Finish::kStop, Finish::kLength}) {
        const std::string outcome =
            Outcome(ReadText(whole.substr(0, cut), finish));
        // Never with another content.
        ASSERT_TRUE(outcome == runs ||
                    outcome.find("write") == std::string::npos)
            << whole.substr(0, cut);
      }
    }
  }
}

TEST(PrintedCallsTest, DeepAndManyMarkersAreBounded) {
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "<tool_call>";
  EXPECT_EQ(Outcome(ReadText(many)), "refused");
  std::string calls;
  for (int i = 0; i < 200; ++i)
    calls += "<tool_call>{\"name\":\"list\",\"arguments\":{}}</tool_call>\n";
  const CallsOfAnswer read = ReadText(calls);
  EXPECT_EQ(read.calls.size(), 64u);
  EXPECT_FALSE(read.suspicious.empty());
  std::string quoted;
  for (int i = 0; i < 20000; ++i) quoted += "`<tool_call>` ";
  EXPECT_EQ(Outcome(ReadText(quoted)), "");
}

TEST(PrintedCallsTest, NoTextBreaksIt) {
  // Pieces of all families in any order: every call that comes out is valid.
  constexpr std::string_view kPieces[] = {
      "<tool_call>",
      "</tool_call>",
      "<function=bash>",
      "<parameter=command>",
      "</parameter>",
      "</function>",
      "{\"name\":\"bash\",\"arguments\":",
      "{\"command\":\"ls\"}",
      "}",
      "[",
      "]",
      "[TOOL_CALLS]",
      "bash",
      "[ARGS]",
      "<|channel|>commentary to=functions.bash <|message|>",
      "<|call|>",
      "```\n",
      "\n",
      "`",
      "> ",
      "<think>",
      "</think>",
      "<|python_tag|>",
      "(command=\"ls\")",
      "<invoke name=\"bash\">",
      "<parameter name=\"command\">",
      "</invoke>",
      "\xff",
      "é",
      "{",
      "'",
      "\"",
      "<arg_key>command</arg_key>",
      "<arg_value>ls</arg_value>",
      " ",
      "<｜tool▁call▁begin｜>",
      "<｜tool▁sep｜>",
      "<|tool_call_begin|>",
      "<|tool_call_argument_begin|>",
      "<bash>",
      "</bash>",
      "<command>",
      "</command>",
      "text"};
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    SeededRandom random(seed);
    std::string text;
    for (uint64_t i = 0, n = random.Below(14); i < n; ++i)
      text += kPieces[random.Below(std::size(kPieces))];
    for (const auto& call : ReadText(text).calls) {
      const auto* good = std::get_if<RepairedCall>(&call);
      const ToolCall& kept =
          good ? good->call : std::get<RefusedCall>(call).stand_in;
      const Result<JsonDocument> json = JsonDocument::Parse(kept.arguments);
      ASSERT_TRUE(json.ok() && json->root().is_object()) << text;
    }
  }
}

// Of the processor, for this thread: others may be busy.
double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

TEST(PrintedCallsTest, ALongTextTakesTimeInProportion) {
  const auto seconds = [](size_t bytes, std::string_view piece) {
    std::string text;
    while (text.size() < bytes) text += piece;
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const double begin = ThreadSeconds();
      ReadText(text);
      best = std::min(best, ThreadSeconds() - begin);
    }
    return best;
  };
  for (std::string_view piece :
       {"Some words of an answer, and <b>more</b>.\n", "{\"name\": \"x\"\n",
        "`", "<tool_call>{\"a\"", "use <tool_call>{}</tool_call> so ", "> x\n",
        "```\nx\n", "<function=a></function>", "to=functions.x {", "[bash(",
        "<think>", "<think><function=a></function>", "[\"name\", {\n",
        "bash(\n", "<list>\n", "<tool_call>x</think>"}) {
    // 64 times the text: far below the 4,096 times of a square.
    EXPECT_LT(seconds(1 << 19, piece), 640 * seconds(1 << 13, piece) + 0.05)
        << piece;
  }
}

}  // namespace
}  // namespace cofferdam::agent
