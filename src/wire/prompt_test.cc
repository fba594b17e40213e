#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "wire/request.h"

namespace cofferdam::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Prompt Read(Protocol protocol, std::string_view body) {
  Result<Prompt> prompt = ReadPrompt(protocol, body);
  EXPECT_TRUE(prompt.ok()) << prompt.error().message();
  return std::move(prompt).value_or(Prompt());
}
Prompt Anthropic(std::string_view body) {
  return Read(Protocol::kAnthropicMessages, body);
}
Prompt Responses(std::string_view body) {
  return Read(Protocol::kOpenAiResponses, body);
}

TEST(ReadPrompt, ReadsWhatClaudeWasGiven) {
  Prompt prompt = Anthropic(R"({
    "model":"m",
    "system":[{"type":"text","text":"be good",
               "cache_control":{"type":"ephemeral"}}],
    "tools":[{"name":"Write","description":"writes","input_schema":{
      "type":"object","properties":{"p":{"type":"string",
      "description":"where"}}}}],
    "messages":[
      {"role":"user","content":"plain words"},
      {"role":"user","content":[
        {"type":"text","text":"in a block"},
        {"type":"tool_result","tool_use_id":"t1","content":"as a string"},
        {"type":"tool_result","tool_use_id":"t2","content":[
          {"type":"text","text":"in a list"},
          {"type":"image","source":{"type":"base64","media_type":"image/png",
            "data":"aaaa"}},
          {"type":"document","title":"T","source":{"type":"text",
            "media_type":"text/plain","data":"a document"}}]}]}]})");
  EXPECT_THAT(
      prompt.texts,
      ElementsAre("be good", "writes", "where", "plain words", "in a block",
                  "as a string", "in a list", "T", "a document"));
  EXPECT_THAT(prompt.turns, IsEmpty());
}

TEST(ReadPrompt, AddsNumberedResultsWithoutTheirNumbers) {
  Prompt prompt = Anthropic(R"({"messages":[{"role":"user","content":[
    {"type":"tool_result","content":"     1\u2192int a;\n     2\u2192int b;"}
  ]}]})");
  EXPECT_THAT(prompt.texts,
              ElementsAre("     1\xe2\x86\x92int a;\n     2\xe2\x86\x92int b;",
                          "int a;\nint b;"));
}

TEST(ReadPrompt, ReadsStringsInsideResultsThatAreJson) {
  Prompt prompt = Responses(R"({"input":[{"type":"local_shell_call_output",
    "output":"{\"output\":\"int a;\\nint b;\\n\",\"metadata\":{}}"}]})");
  ASSERT_EQ(prompt.texts.size(), 2u);
  EXPECT_EQ(prompt.texts[1], "int a;\nint b;\n");
}

TEST(ReadPrompt, ReadsAssistantTurnsOfClaude) {
  Prompt prompt = Anthropic(R"({"messages":[
    {"role":"user","content":"go"},
    {"role":"assistant","content":[
      {"type":"thinking","thinking":"hm","signature":"s"},
      {"type":"redacted_thinking","data":"zzz"},
      {"type":"text","text":"I write."},
      {"type":"tool_use","id":"t1","name":"Write",
       "input":{"file_path":"p","content":"code\n"}}]},
    {"role":"user","content":[{"type":"tool_result","content":"ok"}]},
    {"role":"assistant","content":[{"type":"redacted_thinking","data":"q"}]},
    {"role":"assistant","content":"Done."}]})");
  EXPECT_THAT(prompt.texts, ElementsAre("go", "ok"));
  ASSERT_EQ(prompt.turns.size(), 2u);
  EXPECT_EQ(prompt.turns[0].number, 0u);
  ASSERT_EQ(prompt.turns[0].parts.size(), 3u);
  EXPECT_EQ(prompt.turns[0].parts[0].kind, PartKind::kThinking);
  EXPECT_EQ(prompt.turns[0].parts[1].text, "I write.");
  EXPECT_EQ(prompt.turns[0].parts[2].kind, PartKind::kFile);
  EXPECT_EQ(prompt.turns[0].parts[2].call_id, "t1");
  EXPECT_EQ(prompt.turns[1].number, 2u);
  EXPECT_EQ(prompt.turns[1].parts[0].text, "Done.");
}

TEST(ReadPrompt, CountsResultsOfServerToolsAsGiven) {
  Prompt prompt = Anthropic(R"({"messages":[{"role":"assistant","content":[
    {"type":"server_tool_use","id":"s","name":"web_search",
     "input":{"query":"q"}},
    {"type":"web_search_tool_result","tool_use_id":"s","content":[
      {"type":"web_search_result","title":"A page","encrypted_content":"x"}]}
  ]}]})");
  EXPECT_THAT(prompt.texts, ElementsAre("A page"));
  ASSERT_EQ(prompt.turns.size(), 1u);
  EXPECT_EQ(prompt.turns[0].parts[0].text, R"({"query":"q"})");
}

TEST(ReadPrompt, ReadsWhatCodexWasGiven) {
  Prompt prompt = Responses(R"({
    "instructions":"be codex",
    "tools":[{"type":"custom","name":"apply_patch","description":"patches",
              "format":{"type":"grammar","syntax":"lark","definition":"g"}}],
    "input":[
      {"type":"message","role":"developer","content":[
        {"type":"input_text","text":"permissions"}]},
      {"role":"user","content":"hello"},
      {"type":"function_call_output","call_id":"c","output":"result"},
      {"type":"custom_tool_call_output","call_id":"d","output":[
        {"type":"input_text","text":"piece"},
        {"type":"input_image","image_url":"data:image/png;base64,x"}]}]})");
  EXPECT_THAT(prompt.texts,
              ElementsAre("be codex", "patches", "g", "permissions", "hello",
                          "result", "piece"));
  EXPECT_THAT(Responses(R"({"input":"just words"})").texts,
              ElementsAre("just words"));
}

TEST(ReadPrompt, ReadsOutputItemsBetweenInputsAsOneTurn) {
  Prompt prompt = Responses(R"({"input":[
    {"role":"user","content":"go"},
    {"type":"reasoning","summary":[{"type":"summary_text","text":"plan"}],
     "encrypted_content":"x"},
    {"type":"message","role":"assistant","content":[
      {"type":"output_text","text":"I patch."}]},
    {"type":"custom_tool_call","call_id":"c1","name":"apply_patch",
     "input":"*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\n"},
    {"type":"custom_tool_call_output","call_id":"c1","output":"ok"},
    {"type":"function_call","call_id":"c2","name":"exec_command",
     "arguments":"{\"cmd\":\"ls\"}"},
    {"type":"local_shell_call","call_id":"c3","action":{"type":"exec",
     "command":["bash","-lc","pwd"]}}]})");
  EXPECT_THAT(prompt.texts, ElementsAre("go", "ok"));
  ASSERT_EQ(prompt.turns.size(), 2u);
  const std::vector<Part>& first = prompt.turns[0].parts;
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].kind, PartKind::kThinking);
  EXPECT_EQ(first[0].text, "plan");
  EXPECT_EQ(first[1].text, "I patch.");
  EXPECT_EQ(first[2].kind, PartKind::kFile);
  EXPECT_EQ(first[2].path, "a");
  const std::vector<Part>& second = prompt.turns[1].parts;
  EXPECT_EQ(prompt.turns[1].number, 1u);
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].kind, PartKind::kCommand);
  EXPECT_EQ(second[0].text, "ls");
  EXPECT_EQ(second[0].call_id, "c2");
  EXPECT_EQ(second[1].text, "pwd");
}

TEST(ReadPrompt, NumbersTurnsAsTheHeadCountsThem) {
  std::string_view body = R"({"model":"m","input":[
    {"type":"reasoning","summary":[]},
    {"role":"user","content":"x"},
    {"type":"message","role":"assistant","content":"a"}]})";
  Prompt prompt = Responses(body);
  ASSERT_EQ(prompt.turns.size(), 1u);
  EXPECT_EQ(prompt.turns[0].number, 1u);
  Result<RequestHead> head =
      ReadRequestHead({.protocol = Protocol::kOpenAiResponses}, body);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->assistant_turns, 2);
}

TEST(ReadPrompt, RefusesWhatIsNoRequest) {
  for (std::string_view body : {"", "[]", "{"}) {
    EXPECT_FALSE(ReadPrompt(Protocol::kAnthropicMessages, body).ok());
  }
}

TEST(ReadPrompt, ReadsWhatAChatWasGiven) {
  Prompt prompt = Read(Protocol::kOpenAiChat, R"({
    "tools":[{"type":"function","function":{"name":"write",
      "description":"writes","parameters":{"type":"object","properties":
        {"p":{"type":"string","description":"where"}}}}}],
    "messages":[
      {"role":"system","content":"be good"},
      {"role":"developer","content":[{"type":"text","text":"be quick"}]},
      {"role":"user","name":"n","content":[{"type":"text","text":"look"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,x"}},
        {"type":"input_audio","input_audio":{"data":"aaaa","format":"wav"}}]},
      {"role":"assistant","content":null,"reasoning_content":"hm",
       "tool_calls":[{"id":"c1","type":"function","function":{"name":"write",
         "arguments":"{\"filePath\":\"p\",\"content\":\"code\"}"}}]},
      {"role":"tool","tool_call_id":"c1","content":"result"},
      {"role":"assistant","content":[{"type":"text","text":"I "},
        {"type":"text","text":"did."}]},
      {"role":"assistant","content":""},
      {"role":"assistant","refusal":"no"}]})");
  EXPECT_THAT(prompt.texts, ElementsAre("writes", "where", "be good",
                                        "be quick", "look", "result"));
  ASSERT_EQ(prompt.turns.size(), 3u);
  ASSERT_EQ(prompt.turns[0].parts.size(), 2u);
  EXPECT_EQ(prompt.turns[0].parts[0].kind, PartKind::kThinking);
  EXPECT_EQ(prompt.turns[0].parts[1].kind, PartKind::kFile);
  EXPECT_EQ(prompt.turns[0].parts[1].call_id, "c1");
  EXPECT_EQ(prompt.turns[0].texts_before, 5u);
  ASSERT_EQ(prompt.turns[1].parts.size(), 1u);
  EXPECT_EQ(prompt.turns[1].parts[0].text, "I did.");
  EXPECT_EQ(prompt.turns[1].number, 1u);
  // The third said nothing.
  EXPECT_EQ(prompt.turns[2].number, 3u);
  EXPECT_EQ(prompt.turns[2].parts[0].text, "no");
}

TEST(ReadPrompt, ReadsWhatGeminiWasGiven) {
  for (bool wrapped : {false, true}) {
    std::string body = R"({
    "systemInstruction":{"role":"user","parts":[{"text":"be gemini"}]},
    "tools":[{"functionDeclarations":[{"name":"read_file",
      "description":"reads","parametersJsonSchema":{"properties":
        {"p":{"description":"where"}}}}]}],
    "generationConfig":{"responseSchema":{"description":"shape"}},
    "contents":[
      {"role":"user","parts":[{"text":"hello"},
        {"inlineData":{"mimeType":"image/png","data":"aaaa"}}]},
      {"role":"model","parts":[{"text":"why","thought":true},
        {"text":"I read."},{"functionCall":{"name":"read_file",
          "args":{"p":"q"}},"thoughtSignature":"zz"}]},
      {"role":"user","parts":[{"functionResponse":{"id":"i",
        "name":"read_file","response":{"output":"int a;"}}}]},
      {"role":"model","parts":[
        {"executableCode":{"code":"1 + 1"
  }
},
        {"codeExecutionResult":{"output":"1"}}]
},
      {"parts":[{"text":"bye"}]}]
})";
    if (wrapped) body = R"({"generateContentRequest":)" + body + "}";
    Prompt prompt = Read(Protocol::kGemini, body);
    EXPECT_THAT(prompt.texts,
                ElementsAre("be gemini", "reads", "where", "shape", "hello",
                            "int a;", "1", "bye"));
    ASSERT_EQ(prompt.turns.size(), 2u);
    ASSERT_EQ(prompt.turns[0].parts.size(), 3u);
    EXPECT_EQ(prompt.turns[0].parts[0].kind, PartKind::kThinking);
    EXPECT_EQ(prompt.turns[0].parts[1].text, "I read.");
    EXPECT_EQ(prompt.turns[0].parts[2].text, R"({"p":"q"})");
    EXPECT_EQ(prompt.turns[0].texts_before, 5u);
    EXPECT_EQ(prompt.turns[1].parts[0].text, "1 + 1");
    EXPECT_EQ(prompt.turns[1].number, 1u);
  }
}

TEST(ReadPrompt, ReadsGeminiInTheOtherSpelling) {
  Prompt prompt = Read(Protocol::kGemini, R"({
    "system_instruction":{"parts":[{"text":"be gemini"}]},
    "contents":[{"role":"model","parts":[
      {"function_call":{"name":"t","args":{"p":"q"}}}]},
      {"role":"function","parts":[{"function_response":{"name":"t",
        "response":{"r":"result"}}},
        {"inline_data":{"mime_type":"image/png","data":"aaaa"}}]}]})");
  EXPECT_THAT(prompt.texts, ElementsAre("be gemini", "result"));
  ASSERT_EQ(prompt.turns.size(), 1u);
  EXPECT_EQ(prompt.turns[0].parts[0].text, R"({"p":"q"})");
}

}  // namespace
}  // namespace cofferdam::wire
