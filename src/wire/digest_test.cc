#include "wire/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/answer.h"
#include "wire/request.h"

namespace cofferdam::wire {
namespace {

using ::testing::ElementsAreArray;

std::vector<std::string> Claims(const std::vector<Part>& parts) {
  std::vector<std::string> claims;
  for (const Part& part : parts) claims.push_back(ClaimText(part));
  return claims;
}

std::vector<std::string> OfStream(Protocol protocol,
                                  const std::vector<std::string>& events) {
  auto meter = Meter::Make({.protocol = protocol});
  for (const std::string& data : events) meter->OnEvent("", data);
  return Claims(meter->Finish().parts);
}

std::vector<std::string> OfPrompt(Protocol protocol, std::string_view body) {
  Result<Prompt> prompt = ReadPrompt(protocol, body);
  EXPECT_TRUE(prompt.ok());
  std::vector<std::string> claims;
  if (!prompt.ok()) return claims;
  for (const PromptTurn& turn : prompt->turns) {
    for (const std::string& claim : Claims(turn.parts)) {
      claims.push_back(claim);
    }
  }
  return claims;
}

std::string Claim(PartKind kind, std::string_view text) {
  Part part;
  part.kind = kind;
  part.text = text;
  return ClaimText(part);
}

TEST(ClaimText, DropsAsciiWhiteSpace) {
  EXPECT_EQ(Claim(PartKind::kText, " a b\r\n\tc\v\f "), "abc");
  EXPECT_EQ(Claim(PartKind::kText, " \n"), "");
  // U+00A0 is no ASCII white space.
  EXPECT_EQ(Claim(PartKind::kText, "a\xc2\xa0"), "a\xc2\xa0");
}

TEST(ClaimText, ReadsJsonAsTheSameHoweverItIsWritten) {
  std::string first = Claim(PartKind::kToolInput,
                            R"({"b":1.0,"a":{"y":[1e3, null],"x":"p q"}})");
  EXPECT_EQ(first, R"({"a":{"x":"pq","y":[1000,null]},"b":1})");
  EXPECT_EQ(first, Claim(PartKind::kToolInput,
                         "{ \"a\": {\"x\": \"p q \\n\", \"y\": [1000,null]},"
                         "\"b\": 1}"));
}

TEST(ClaimText, TellsDifferentJsonApart) {
  EXPECT_NE(Claim(PartKind::kToolInput, R"({"a":[1,2]})"),
            Claim(PartKind::kToolInput, R"({"a":[2,1]})"));
  EXPECT_NE(Claim(PartKind::kToolInput, R"({"a":"1"})"),
            Claim(PartKind::kToolInput, R"({"a":1})"));
  EXPECT_NE(Claim(PartKind::kToolInput, R"({"a":1.5})"),
            Claim(PartKind::kToolInput, R"({"a":1.25})"));
}

TEST(ClaimText, TakesJsonThatIsNoneAsWords) {
  EXPECT_EQ(Claim(PartKind::kToolInput, "{ \"a\": "), "{\"a\":");
}

TEST(ClaimText, DropsTheChangeOfFolderThatClaudeCodeDrops) {
  EXPECT_EQ(Claim(PartKind::kCommand, "cd /r/x && cat > a <<'E'\nE\nls"),
            Claim(PartKind::kCommand, "cat > a <<'E'\nE\nls"));
  EXPECT_EQ(Claim(PartKind::kCommand, "cd /r/x"), "cd/r/x");
  EXPECT_EQ(Claim(PartKind::kCommand, "cd a; b && c"), "cda;b&&c");
  EXPECT_EQ(Claim(PartKind::kText, "cd a && b"), "cda&&b");
}

TEST(ClaimText, IsTheSameInClaudesStreamAndInTheNextRequest) {
  std::vector<std::string> answered = OfStream(
      Protocol::kAnthropicMessages,
      {R"({"type":"content_block_start","index":0,"content_block":)"
       R"({"type":"thinking","thinking":"","signature":""}})",
       R"({"type":"content_block_delta","index":0,"delta":)"
       R"({"type":"thinking_delta","thinking":"Let me see.\n"}})",
       R"({"type":"content_block_start","index":1,"content_block":)"
       R"({"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":1,"delta":)"
       R"({"type":"text_delta","text":"I'll write it \ud83d"}})",
       R"({"type":"content_block_delta","index":1,"delta":)"
       R"({"type":"text_delta","text":"\ude00.\n\n"}})",
       R"({"type":"content_block_start","index":2,"content_block":)"
       R"({"type":"tool_use","id":"t1","name":"Write","input":{}}})",
       R"({"type":"content_block_delta","index":2,"delta":)"
       R"({"type":"input_json_delta","partial_json":)"
       R"("{\"content\": \"def f():\\n    return '\\u00e9'  \\n\",)"
       R"( \"file_path\": \"/r/a.py\"}"}})",
       R"({"type":"content_block_start","index":3,"content_block":)"
       R"({"type":"tool_use","id":"t2","name":"Grep","input":{}}})",
       R"({"type":"content_block_delta","index":3,"delta":)"
       R"({"type":"input_json_delta","partial_json":)"
       R"("{\"pattern\": \"x\", \"-n\": true, \"head_limit\": 5.0}"}})",
       R"({"type":"content_block_start","index":4,"content_block":)"
       R"({"type":"tool_use","id":"t3","name":"Bash","input":{}}})",
       R"({"type":"content_block_delta","index":4,"delta":)"
       R"({"type":"input_json_delta","partial_json":)"
       R"("{\"command\": \"cat > a <<'E'\\nint a;\\nE\"}"}})"});
  // Members reordered, text trimmed, escapes resolved, as JavaScript writes.
  std::vector<std::string> sent_back =
      OfPrompt(Protocol::kAnthropicMessages, R"({"messages":[
        {"role":"assistant","content":[
          {"type":"thinking","thinking":"Let me see.\n","signature":"s"},
          {"type":"text","text":"I'll write it )"
                                             "\xf0\x9f\x98\x80"
                                             R"(."},
          {"type":"tool_use","id":"t1","name":"Write","input":
            {"file_path":"/r/a.py","content":"def f():\n    return ')"
                                             "\xc3\xa9"
                                             R"('\n"}},
          {"type":"tool_use","id":"t2","name":"Grep","input":
            {"pattern":"x","head_limit":5,"-n":true}},
          {"type":"tool_use","id":"t3","name":"Bash","input":
            {"command":"cat > a <<'E'\nint a;\nE"}}]}]})");
  EXPECT_EQ(answered.size(), 6u);
  EXPECT_THAT(sent_back, ElementsAreArray(answered));
}

TEST(ClaimText, IsTheSameInCodexsStreamAndInTheNextRequest) {
  std::string reasoning =
      R"({"type":"reasoning","id":"rs","summary":[{"type":"summary_text",)"
      R"("text":"**Plan**\n\nPatch it."}],"content":null,)"
      R"("encrypted_content":"gAAA"})";
  std::string message =
      R"({"type":"message","role":"assistant","content":[)"
      R"({"type":"output_text","text":"Patching.","annotations":[]}]})";
  std::string call =
      R"({"type":"function_call","name":"exec_command","arguments":)"
      R"("{\"cmd\": \"ls  -la\", \"yield_time_ms\": 1000}","call_id":"c1"})";
  std::string patch =
      R"({"type":"custom_tool_call","status":"completed","call_id":"c2",)"
      R"("name":"apply_patch","input":"*** Begin Patch\n*** Update File: a\n)"
      R"(@@\n-x\n+y\n*** End Patch\n"})";
  std::vector<std::string> events;
  std::string body = R"({"input":[)";
  int index = 0;
  for (const std::string& item : {reasoning, message, call, patch}) {
    events.push_back(R"({"type":"response.output_item.done","output_index":)" +
                     std::to_string(index++) + R"(,"item":)" + item + "}");
    body += item + (index < 4 ? "," : "]}");
  }
  std::vector<std::string> answered =
      OfStream(Protocol::kOpenAiResponses, events);
  EXPECT_EQ(answered.size(), 4u);
  EXPECT_THAT(OfPrompt(Protocol::kOpenAiResponses, body),
              ElementsAreArray(answered));
}

TEST(ClaimText, IsTheSameInOpencodesStreamAndInTheNextRequest) {
  std::vector<std::string> answered = OfStream(
      Protocol::kOpenAiChat,
      {R"({"choices":[{"index":0,"delta":{"reasoning_content":"Let me "}}]})",
       R"({"choices":[{"index":0,"delta":{"reasoning_content":"see.\n"}}]})",
       R"({"choices":[{"index":0,"delta":{"content":"I'll write \ud83d"}}]})",
       R"({"choices":[{"index":0,"delta":{"content":"\ude00.\n\n"}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a",)"
       R"("function":{"name":"write","arguments":)"
       R"("{\"content\": \"int a;  \\n\","}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,)"
       R"("function":{"arguments":" \"filePath\": \"/r/a.c\"}"}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b",)"
       R"("function":{"name":"bash","arguments":)"
       R"("{\"command\": \"ls  -la\", \"description\": \"d\"}"}}]}}]})"});
  std::vector<std::string> sent_back =
      OfPrompt(Protocol::kOpenAiChat, R"({"messages":[
        {"role":"assistant","content":"I'll write )"
                                      "\xf0\x9f\x98\x80"
                                      R"(.",
         "reasoning_content":"Let me see.",
         "tool_calls":[
          {"id":"a","type":"function","function":{"name":"write",
           "arguments":"{\"filePath\":\"/r/a.c\",\"content\":\"int a;  \\n\"}"}},
          {"id":"b","type":"function","function":{"name":"bash",
           "arguments":"{\"command\":\"ls  -la\",\"description\":\"d\"}"}}]}]})");
  EXPECT_EQ(answered.size(), 4u);
  EXPECT_THAT(sent_back, ElementsAreArray(answered));
}

TEST(ClaimText, IsTheSameInGeminisStreamAndInTheNextRequest) {
  std::vector<std::string> answered = OfStream(
      Protocol::kGemini,
      {R"({"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}]}}]})",
       R"({"candidates":[{"content":{"parts":[{"text":"I'll "}]}}]})",
       R"({"candidates":[{"content":{"parts":[{"text":"write.\n"}]}}]})",
       R"({"candidates":[{"content":{"parts":[{"functionCall":{"id":"f",)"
       R"("name":"replace","args":{"file_path":"a","instruction":"i",)"
       R"("old_string":"x","new_string":"y\n"}},"thoughtSignature":"s"}]}}]})",
       R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"glob",)"
       R"("args":{"pattern":"*.c","limit":5.0}}}]}}]})"});
  // The text came in two pieces again, the call's id is the client's own.
  std::vector<std::string> sent_back = OfPrompt(Protocol::kGemini, R"({
    "contents":[{"role":"model","parts":[{"text":"Hm.","thought":true},
      {"text":"I'll wri"},{"text":"te."},
      {"functionCall":{"id":"replace__f","name":"replace","args":
        {"new_string":"y\n","old_string":"x","file_path":"a",
         "instruction":"i"}}},
      {"functionCall":{"name":"glob","args":{"limit":5,"pattern":"*.c"}}}]}]})");
  EXPECT_EQ(answered.size(), 4u);
  EXPECT_THAT(sent_back, ElementsAreArray(answered));
}

}  // namespace
}  // namespace cofferdam::wire
