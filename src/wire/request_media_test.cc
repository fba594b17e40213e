#include "wire/request_media.h"

#include <gtest/gtest.h>

#include <string_view>

namespace cofferdam::wire {
namespace {

RequestMedia MediaOf(Protocol protocol, std::string_view body) {
  auto json = JsonDocument::Parse(body);
  EXPECT_TRUE(json.ok()) << body;
  return json.ok() ? ReadRequestMedia(protocol, json->root()) : RequestMedia();
}

TEST(ReadRequestMedia, TextAndFunctionsAreNone) {
  EXPECT_EQ(MediaOf(Protocol::kAnthropicMessages,
                    R"({"system":[{"type":"text","text":"a"}],
"tools":[{"name":"Read","input_schema":{}},{"type":"custom","name":"b"},
{"type":"bash_20250124","name":"bash"},
{"type":"text_editor_20250728","name":"e"},
{"type":"memory_20250818","name":"m"},
{"type":"computer_20250124","name":"c"}],
"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[
{"type":"thinking","thinking":"t"},{"type":"tool_use","input":{}}]},
{"role":"user","content":[{"type":"tool_result","content":[
{"type":"text","text":"r"}]},{"type":"document",
"source":{"type":"text","data":"plain"}}]}]})"),
            RequestMedia());
  EXPECT_EQ(MediaOf(Protocol::kOpenAiResponses,
                    R"({"input":[{"type":"message","role":"user",
"content":[{"type":"input_text","text":"a"}]},
{"type":"function_call_output","output":"o"}],"previous_response_id":null,
"tools":[{"type":"function"},{"type":"custom"},{"type":"local_shell"},
{"type":"apply_patch"},{"type":"shell"},
{"type":"tool_search","execution":"client"}]})"),
            RequestMedia());
  EXPECT_EQ(MediaOf(Protocol::kOpenAiChat,
                    R"({"messages":[{"role":"user","content":"a"},
{"role":"user","content":[{"type":"text","text":"b"}]}],
"tools":[{"type":"function"}],"plugins":[]})"),
            RequestMedia());
  EXPECT_EQ(MediaOf(Protocol::kGemini,
                    R"({"contents":[{"parts":[{"text":"a"}]}],
"tools":[{"functionDeclarations":[]},{"function_declarations":[]}]})"),
            RequestMedia());
}

TEST(ReadRequestMedia, CountsAnthropicMediaToolsAndServers) {
  const RequestMedia media = MediaOf(Protocol::kAnthropicMessages, R"({
"messages":[{"role":"user","content":[
{"type":"image","source":{"type":"base64","data":"AA=="}},
{"type":"image","source":{"type":"url","url":"https://x"}},
{"type":"document","source":{"type":"base64","data":"AA=="}},
{"type":"document","source":{"type":"file","file_id":"f"}},
{"type":"document","source":{"type":"content","content":[
{"type":"image","source":{"type":"base64","data":"AA=="}}]}},
{"type":"container_upload","file_id":"f"},
{"type":"tool_result","content":[
{"type":"image","source":{"type":"base64","data":"AA=="}}]}]}],
"tools":[{"type":"web_search_20250305","name":"web_search"},
{"type":"code_execution_20250825","name":"code_execution"},
{"type":"something_new","name":"n"}],
"mcp_servers":[{"type":"url"}],
"context_management":{"edits":[{"type":"clear_thinking_20251015"},
{"type":"compact_20260112"}]}})");
  RequestMedia wanted;
  wanted.inline_small = 3;
  wanted.inline_large = 1;
  wanted.referenced = 3;
  wanted.web_searches = 1;
  wanted.server_tools = 4;
  EXPECT_EQ(media, wanted);
}

TEST(ReadRequestMedia, CountsResponsesMediaToolsAndStoredContext) {
  const RequestMedia media = MediaOf(Protocol::kOpenAiResponses, R"({
"input":[{"type":"message","content":[
{"type":"input_image","image_url":"data:image/png;base64,AA=="},
{"type":"input_image","image_url":"https://x"},
{"type":"input_image","file_id":"f"},
{"type":"input_file","file_data":"AA=="},
{"type":"input_file","file_url":"https://x"}]},
{"type":"item_reference","id":"i"},
{"type":"function_call_output","output":[
{"type":"input_image","image_url":"data:image/png;base64,AA=="}]},
{"type":"computer_call_output","output":
{"type":"computer_screenshot","image_url":"data:image/png;base64,AA=="}}],
"previous_response_id":"resp_1","conversation":{"id":"c"},
"prompt":{"id":"p"},
"tools":[{"type":"web_search"},{"type":"web_search_preview"},
{"type":"file_search"},{"type":"code_interpreter"},{"type":"mcp"},
{"type":"shell","environment":{"type":"container_auto"}}]})");
  RequestMedia wanted;
  wanted.inline_small = 3;
  wanted.inline_large = 1;
  wanted.referenced = 3;
  wanted.stored_context = 4;
  wanted.web_searches = 2;
  wanted.server_tools = 4;
  EXPECT_EQ(media, wanted);
}

TEST(ReadRequestMedia, CountsChatMediaAndSearches) {
  const RequestMedia media = MediaOf(Protocol::kOpenAiChat, R"({
"messages":[{"role":"user","content":[
{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},
{"type":"image_url","image_url":{"url":"https://x"}},
{"type":"input_audio","input_audio":{"data":"AA=="}},
{"type":"video_url","video_url":{"url":"https://x"}},
{"type":"video_url","video_url":{"url":"data:video/mp4;base64,AA=="}},
{"type":"file","file":{"file_data":"AA=="}},
{"type":"file","file":{"file_id":"f"}}]},
{"role":"assistant","audio":{"id":"a"}}],
"tools":[{"type":"mcp"}],"web_search_options":{}})");
  RequestMedia wanted;
  wanted.inline_small = 2;
  wanted.inline_large = 2;
  wanted.referenced = 3;
  wanted.stored_context = 1;
  wanted.web_searches = 1;
  wanted.server_tools = 1;
  EXPECT_EQ(media, wanted);
}

TEST(ReadRequestMedia, CountsGeminiMediaInBothSpellings) {
  const RequestMedia media = MediaOf(Protocol::kGemini, R"({
"contents":[{"parts":[
{"inlineData":{"mimeType":"image/png","data":"AA=="}},
{"inline_data":{"mime_type":"application/pdf","data":"AA=="}},
{"inlineData":{"mimeType":"video/mp4","data":"AA=="}},
{"fileData":{"fileUri":"gs://x"}},
{"functionResponse":{"parts":[
{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}}]}],
"cachedContent":"cachedContents/1",
"tools":[{"googleSearch":{}},{"codeExecution":{}},{"url_context":{}}]})");
  RequestMedia wanted;
  wanted.inline_small = 2;
  wanted.inline_large = 2;
  wanted.referenced = 1;
  wanted.stored_context = 1;
  wanted.web_searches = 1;
  wanted.server_tools = 2;
  EXPECT_EQ(media, wanted);
}

TEST(CachesForAnHour, FindsTheMarkWhereverItMayStand) {
  const auto hour = [](std::string_view body) {
    auto json = JsonDocument::Parse(body);
    EXPECT_TRUE(json.ok());
    return json.ok() && CachesForAnHour(json->root());
  };
  EXPECT_TRUE(hour(R"({"cache_control":{"ttl":"1h"}})"));
  EXPECT_TRUE(hour(R"({"system":[{"cache_control":{"ttl":"1h"}}]})"));
  EXPECT_TRUE(hour(R"({"tools":[{"cache_control":{"ttl":"1h"}}]})"));
  EXPECT_TRUE(
      hour(R"({"messages":[{"content":[{"cache_control":{"ttl":"1h"}}]}]})"));
  EXPECT_TRUE(hour(R"({"messages":[{"content":[{"content":[)"
                   R"({"cache_control":{"ttl":"1h"}}]}]}]})"));
  EXPECT_FALSE(hour(R"({"system":[{"cache_control":{"ttl":"5m"}}],)"
                    R"("messages":[{"content":"1h"}]})"));
}

}  // namespace
}  // namespace cofferdam::wire
