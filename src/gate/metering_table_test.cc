// What an answer costs, by what came over the wire: one table for all
// protocols. Each row is read whole, in two pieces at every byte and byte by
// byte; plain, and compressed in two ways.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/compress.h"
#include "gate/answer_reader.h"

namespace cofferdam::gate {
namespace {

using wire::Protocol;
using wire::Usage;
using wire::UsageSource;

constexpr UsageSource kReported = UsageSource::kReported;
constexpr UsageSource kEstimated = UsageSource::kEstimated;

// A request of 40 bytes: a prompt that was not reported counts as 10.
constexpr wire::UsageBound kBound{.prompt_bytes = 40};

enum class Form { kEvents, kBody, kArray };
// A cut answer lacks the end of its body.
enum class End { kWhole, kCut };

struct Row {
  std::string_view name;
  Protocol protocol;
  Form form = Form::kEvents;
  End end = End::kWhole;
  // Events: the data of one on each line. Else the body.
  std::string_view bytes;

  // After EstimateUsage(kBound).
  Usage usage;
  UsageSource source = kReported;
  std::string_view stop_reason;
  std::string_view error_type;
  bool ended = true;
  // Texts of the parts, joined by "|".
  std::string_view text;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

const Row kRows[] = {
    {.name = "AnthropicAdditiveCache",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":10,)"
              R"("cache_creation_input_tokens":200,)"
              R"("cache_read_input_tokens":3000,)"
              R"("cache_creation":{"ephemeral_5m_input_tokens":150,)"
              R"("ephemeral_1h_input_tokens":50},"output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"output_tokens":42}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {.input_tokens = 10,
               .cache_read_tokens = 3000,
               .cache_write_5m_tokens = 150,
               .cache_write_1h_tokens = 50,
               .output_tokens = 42},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicCumulativeDeltas",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":10,"output_tokens":1}}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":null},)"
              R"("usage":{"output_tokens":5}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":null},)"
              R"("usage":{"output_tokens":20}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"input_tokens":12,"output_tokens":42}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {.input_tokens = 12, .output_tokens = 42},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicExplicitZeros",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":10,"cache_read_input_tokens":100,)"
              R"("output_tokens":7}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"input_tokens":0,"cache_read_input_tokens":0,)"
              R"("output_tokens":0}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicHourSplitOnlyInStart",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":10,"cache_creation_input_tokens":80,)"
              R"("cache_creation":{"ephemeral_5m_input_tokens":0,)"
              R"("ephemeral_1h_input_tokens":80},"output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"input_tokens":10,"cache_creation_input_tokens":80,)"
              R"("cache_read_input_tokens":0,"output_tokens":5}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {.input_tokens = 10,
               .cache_write_1h_tokens = 80,
               .output_tokens = 5},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicWritesBeyondTheSplit",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":10,"cache_creation_input_tokens":80,)"
              R"("cache_creation":{"ephemeral_5m_input_tokens":0,)"
              R"("ephemeral_1h_input_tokens":80},"output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"cache_creation_input_tokens":100,)"
              R"("output_tokens":5}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {.input_tokens = 10,
               .cache_write_5m_tokens = 20,
               .cache_write_1h_tokens = 80,
               .output_tokens = 5},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicWritesWithoutASplit",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":10,"cache_creation_input_tokens":80,)"
              R"("output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"output_tokens":5}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {.input_tokens = 10,
               .cache_write_5m_tokens = 80,
               .output_tokens = 5},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicReasoning",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":10,"output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"output_tokens":42,)"
              R"("output_tokens_details":{"thinking_tokens":30}}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {.input_tokens = 10, .output_tokens = 42, .reasoning_tokens = 30},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicNoUsage",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1",)"
              R"("model":"m"}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_stop"})",
     .usage = {.input_tokens = 10, .output_tokens = 2},
     .source = kEstimated,
     .text = "Done."},
    {.name = "AnthropicErrorInTheStream",
     .protocol = Protocol::kAnthropicMessages,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":7,"output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"error","error":{"type":"overloaded_error",)"
              R"("message":"busy"}})",
     .usage = {.input_tokens = 7, .output_tokens = 2},
     .source = kEstimated,
     .error_type = "overloaded_error",
     .text = "Done."},
    {.name = "AnthropicCut",
     .protocol = Protocol::kAnthropicMessages,
     .end = End::kCut,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":7,"output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})",
     .usage = {.input_tokens = 7, .output_tokens = 2},
     .source = kEstimated,
     .ended = false,
     .text = "Done."},
    {.name = "AnthropicCutAfterTheTotals",
     .protocol = Protocol::kAnthropicMessages,
     .end = End::kCut,
     .bytes = R"({"type":"message_start","message":{"id":"msg_1","model":"m",)"
              R"("usage":{"input_tokens":7,"output_tokens":1}}})"
              "\n"
              R"({"type":"content_block_delta","index":0,)"
              R"("delta":{"type":"text_delta","text":"Done."}})"
              "\n"
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
              R"("usage":{"output_tokens":42}})",
     .usage = {.input_tokens = 7, .output_tokens = 42},
     .stop_reason = "end_turn",
     .ended = false,
     .text = "Done."},
    {.name = "AnthropicBody",
     .protocol = Protocol::kAnthropicMessages,
     .form = Form::kBody,
     .bytes = R"({"id":"msg_1","type":"message","model":"m",)"
              R"("content":[{"type":"text","text":"Done."}],)"
              R"("stop_reason":"end_turn","usage":{"input_tokens":10,)"
              R"("cache_read_input_tokens":20,)"
              R"("cache_creation_input_tokens":30,)"
              R"("cache_creation":{"ephemeral_1h_input_tokens":30},)"
              R"("output_tokens":5}})",
     .usage = {.input_tokens = 10,
               .cache_read_tokens = 20,
               .cache_write_1h_tokens = 30,
               .output_tokens = 5},
     .stop_reason = "end_turn",
     .text = "Done."},
    {.name = "AnthropicErrorBody",
     .protocol = Protocol::kAnthropicMessages,
     .form = Form::kBody,
     .bytes = R"({"type":"error","error":{"type":"not_found_error",)"
              R"("message":"x"}})",
     .usage = {.input_tokens = 10},
     .source = kEstimated,
     .error_type = "not_found_error"},
    {.name = "ResponsesSubsets",
     .protocol = Protocol::kOpenAiResponses,
     .bytes = R"({"type":"response.created","response":{"id":"resp_1"}})"
              "\n"
              R"({"type":"response.output_text.delta","output_index":0,)"
              R"("content_index":0,"delta":"Done."})"
              "\n"
              R"({"type":"response.completed","response":{"id":"resp_1",)"
              R"("status":"completed","output":[],)"
              R"("usage":{"input_tokens":1500,)"
              R"("input_tokens_details":{"cached_tokens":1000,)"
              R"("cache_write_tokens":100},"output_tokens":42,)"
              R"("output_tokens_details":{"reasoning_tokens":30},)"
              R"("total_tokens":1542}}})",
     .usage = {.input_tokens = 400,
               .cache_read_tokens = 1000,
               .cache_write_5m_tokens = 100,
               .output_tokens = 42,
               .reasoning_tokens = 30},
     .stop_reason = "completed",
     .text = "Done."},
    {.name = "ResponsesExplicitZeros",
     .protocol = Protocol::kOpenAiResponses,
     .bytes = R"({"type":"response.output_text.delta","output_index":0,)"
              R"("content_index":0,"delta":"Done."})"
              "\n"
              R"({"type":"response.completed","response":{"id":"resp_1",)"
              R"("status":"completed","output":[],"usage":{"input_tokens":0,)"
              R"("input_tokens_details":{"cached_tokens":0},)"
              R"("output_tokens":0,"output_tokens_details":{"reasoning_tokens)"
              R"(":0}}}})",
     .usage = {},
     .stop_reason = "completed",
     .text = "Done."},
    {.name = "ResponsesIncomplete",
     .protocol = Protocol::kOpenAiResponses,
     .bytes = R"({"type":"response.output_text.delta","output_index":0,)"
              R"("content_index":0,"delta":"Done."})"
              "\n"
              R"({"type":"response.incomplete","response":{"id":"resp_1",)"
              R"("status":"incomplete","output":[],)"
              R"("incomplete_details":{"reason":"max_output_tokens"},)"
              R"("usage":{"input_tokens":7,"output_tokens":5}}})",
     .usage = {.input_tokens = 7, .output_tokens = 5},
     .stop_reason = "max_output_tokens",
     .text = "Done."},
    {.name = "ResponsesNoUsage",
     .protocol = Protocol::kOpenAiResponses,
     .bytes = R"({"type":"response.output_text.delta","output_index":0,)"
              R"("content_index":0,"delta":"Done."})"
              "\n"
              R"({"type":"response.completed","response":{"id":"resp_1",)"
              R"("status":"completed","output":[]}})",
     .usage = {.input_tokens = 10, .output_tokens = 2},
     .source = kEstimated,
     .stop_reason = "completed",
     .text = "Done."},
    {.name = "ResponsesFailed",
     .protocol = Protocol::kOpenAiResponses,
     .bytes = R"({"type":"response.output_text.delta","output_index":0,)"
              R"("content_index":0,"delta":"Done."})"
              "\n"
              R"({"type":"response.failed","response":{"id":"resp_1",)"
              R"("status":"failed","output":[],)"
              R"("error":{"code":"server_error","message":"x"}}})",
     .usage = {.input_tokens = 10, .output_tokens = 2},
     .source = kEstimated,
     .stop_reason = "failed",
     .error_type = "server_error",
     .text = "Done."},
    {.name = "ResponsesCut",
     .protocol = Protocol::kOpenAiResponses,
     .end = End::kCut,
     .bytes = R"({"type":"response.created","response":{"id":"resp_1"}})"
              "\n"
              R"({"type":"response.output_text.delta","output_index":0,)"
              R"("content_index":0,"delta":"Done."})",
     .usage = {.input_tokens = 10, .output_tokens = 2},
     .source = kEstimated,
     .ended = false,
     .text = "Done."},
    {.name = "ResponsesBody",
     .protocol = Protocol::kOpenAiResponses,
     .form = Form::kBody,
     .bytes = R"({"id":"resp_1","status":"completed",)"
              R"("output":[{"type":"message","role":"assistant",)"
              R"("content":[{"type":"output_text","text":"Done."}]}],)"
              R"("usage":{"input_tokens":9,)"
              R"("input_tokens_details":{"cached_tokens":4},)"
              R"("output_tokens":5,"output_tokens_details":{"reasoning_tokens)"
              R"(":2}}})",
     .usage = {.input_tokens = 5,
               .cache_read_tokens = 4,
               .output_tokens = 5,
               .reasoning_tokens = 2},
     .stop_reason = "completed",
     .text = "Done."},
    {.name = "ChatExtraChunk",
     .protocol = Protocol::kOpenAiChat,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"reasoning_content":"Hm"},"finish_reason":null}]})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Done."},"finish_reason":null}]})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{},)"
              R"("finish_reason":"stop"}]})"
              "\n"
              R"({"id":"c1","choices":[],"usage":{"prompt_tokens":100,)"
              R"("completion_tokens":42,"total_tokens":142,)"
              R"("prompt_tokens_details":{"cached_tokens":60},)"
              R"("completion_tokens_details":{"reasoning_tokens":30}}})"
              "\n"
              R"([DONE])",
     .usage = {.input_tokens = 40,
               .cache_read_tokens = 60,
               .output_tokens = 42,
               .reasoning_tokens = 30},
     .stop_reason = "stop",
     .text = "Hm|Done."},
    {.name = "ChatUsageWithTheFinish",
     .protocol = Protocol::kOpenAiChat,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Done."},"finish_reason":null}]})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{},)"
              R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,)"
              R"("completion_tokens":5}})",
     .usage = {.input_tokens = 7, .output_tokens = 5},
     .stop_reason = "stop",
     .text = "Done."},
    {.name = "ChatUsageInEveryChunk",
     .protocol = Protocol::kOpenAiChat,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Do"},"finish_reason":null}],)"
              R"("usage":{"prompt_tokens":7,"completion_tokens":1}})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"ne."},"finish_reason":null}],)"
              R"("usage":{"prompt_tokens":7,"completion_tokens":2}})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{},)"
              R"("finish_reason":"stop"}],"usage":{"prompt_tokens":7,)"
              R"("completion_tokens":3}})"
              "\n"
              R"([DONE])",
     .usage = {.input_tokens = 7, .output_tokens = 3},
     .stop_reason = "stop",
     .text = "Done."},
    {.name = "ChatExplicitZeros",
     .protocol = Protocol::kOpenAiChat,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Done."},"finish_reason":null}]})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{},)"
              R"("finish_reason":"stop"}]})"
              "\n"
              R"({"id":"c1","choices":[],"usage":{"prompt_tokens":0,)"
              R"("completion_tokens":0,"total_tokens":0}})"
              "\n"
              R"([DONE])",
     .usage = {},
     .stop_reason = "stop",
     .text = "Done."},
    {.name = "ChatReasoningBesideTheCompletion",
     .protocol = Protocol::kOpenAiChat,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Done."},"finish_reason":null}]})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{},)"
              R"("finish_reason":"stop"}]})"
              "\n"
              R"({"id":"c1","choices":[],"usage":{"prompt_tokens":7,)"
              R"("completion_tokens":5,"total_tokens":42,)"
              R"("completion_tokens_details":{"reasoning_tokens":30}}})"
              "\n"
              R"([DONE])",
     .usage = {.input_tokens = 7, .output_tokens = 35, .reasoning_tokens = 30},
     .stop_reason = "stop",
     .text = "Done."},
    {.name = "ChatNoUsage",
     .protocol = Protocol::kOpenAiChat,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Done."},"finish_reason":null}]})"
              "\n"
              R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{},)"
              R"("finish_reason":"stop"}]})"
              "\n"
              R"([DONE])",
     .usage = {.input_tokens = 10, .output_tokens = 2},
     .source = kEstimated,
     .stop_reason = "stop",
     .text = "Done."},
    {.name = "ChatErrorInTheStream",
     .protocol = Protocol::kOpenAiChat,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Done."},"finish_reason":null}]})"
              "\n"
              R"({"error":{"message":"x","type":"server_error"}})"
              "\n"
              R"([DONE])",
     .usage = {.input_tokens = 10, .output_tokens = 2},
     .source = kEstimated,
     .error_type = "server_error",
     .text = "Done."},
    {.name = "ChatCut",
     .protocol = Protocol::kOpenAiChat,
     .end = End::kCut,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("delta":{"content":"Done."},"finish_reason":null}],)"
              R"("usage":{"prompt_tokens":7,"completion_tokens":1}})",
     .usage = {.input_tokens = 7, .output_tokens = 2},
     .source = kEstimated,
     .ended = false,
     .text = "Done."},
    {.name = "ChatBody",
     .protocol = Protocol::kOpenAiChat,
     .form = Form::kBody,
     .bytes = R"({"id":"c1","model":"m","choices":[{"index":0,)"
              R"("message":{"role":"assistant","content":"Done."},)"
              R"("finish_reason":"stop"}],"usage":{"prompt_tokens":9,)"
              R"("completion_tokens":5,"total_tokens":14,)"
              R"("prompt_tokens_details":{"cached_tokens":4}}})",
     .usage = {.input_tokens = 5, .cache_read_tokens = 4, .output_tokens = 5},
     .stop_reason = "stop",
     .text = "Done."},
    {.name = "GeminiLastReportWins",
     .protocol = Protocol::kGemini,
     .bytes = R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Do"}]},"index":0}],)"
              R"("usageMetadata":{"promptTokenCount":100,)"
              R"("totalTokenCount":100},"responseId":"r"})"
              "\n"
              R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"ne."}]},"index":0}],)"
              R"("usageMetadata":{"promptTokenCount":100,)"
              R"("candidatesTokenCount":3,"totalTokenCount":103},)"
              R"("responseId":"r"})"
              "\n"
              R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":""}]},"finishReason":"STOP","index":0}],)"
              R"("usageMetadata":{"promptTokenCount":100,)"
              R"("cachedContentTokenCount":60,"toolUsePromptTokenCount":4,)"
              R"("candidatesTokenCount":5,"thoughtsTokenCount":30,)"
              R"("totalTokenCount":139},"responseId":"r"})",
     .usage = {.input_tokens = 44,
               .cache_read_tokens = 60,
               .output_tokens = 35,
               .reasoning_tokens = 30},
     .stop_reason = "STOP",
     .text = "Done."},
    {.name = "GeminiUsageBehindTheFinish",
     .protocol = Protocol::kGemini,
     .bytes = R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Done."}]},"finishReason":"STOP",)"
              R"("index":0}],"usageMetadata":{"promptTokenCount":7,)"
              R"("totalTokenCount":7},"responseId":"r"})"
              "\n"
              R"({"usageMetadata":{"promptTokenCount":7,)"
              R"("candidatesTokenCount":5,"totalTokenCount":12}})",
     .usage = {.input_tokens = 7, .output_tokens = 5},
     .stop_reason = "STOP",
     .text = "Done."},
    {.name = "GeminiExplicitZeros",
     .protocol = Protocol::kGemini,
     .bytes = R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Done."}]},"finishReason":"STOP",)"
              R"("index":0}],"usageMetadata":{"promptTokenCount":0,)"
              R"("candidatesTokenCount":0,"totalTokenCount":0},)"
              R"("responseId":"r"})",
     .usage = {},
     .stop_reason = "STOP",
     .text = "Done."},
    {.name = "GeminiNoUsage",
     .protocol = Protocol::kGemini,
     .bytes = R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Done."}]},"finishReason":"STOP",)"
              R"("index":0}],"responseId":"r"})",
     .usage = {.input_tokens = 10, .output_tokens = 2},
     .source = kEstimated,
     .stop_reason = "STOP",
     .text = "Done."},
    {.name = "GeminiErrorInTheStream",
     .protocol = Protocol::kGemini,
     .bytes = R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Done."}]},"index":0}],)"
              R"("usageMetadata":{"promptTokenCount":7},"responseId":"r"})"
              "\n"
              R"({"error":{"code":503,"message":"x","status":"UNAVAILABLE"}})",
     .usage = {.input_tokens = 7, .output_tokens = 2},
     .source = kEstimated,
     .error_type = "UNAVAILABLE",
     .text = "Done."},
    {.name = "GeminiBlockedPrompt",
     .protocol = Protocol::kGemini,
     .bytes = R"({"promptFeedback":{"blockReason":"SAFETY"},)"
              R"("usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}})",
     .usage = {.input_tokens = 7},
     .stop_reason = "SAFETY"},
    {.name = "GeminiCut",
     .protocol = Protocol::kGemini,
     .end = End::kCut,
     .bytes = R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Done."}]},"index":0}],)"
              R"("usageMetadata":{"promptTokenCount":7,)"
              R"("candidatesTokenCount":1,"totalTokenCount":8},)"
              R"("responseId":"r"})",
     .usage = {.input_tokens = 7, .output_tokens = 2},
     .source = kEstimated,
     .ended = false,
     .text = "Done."},
    {.name = "GeminiArray",
     .protocol = Protocol::kGemini,
     .form = Form::kArray,
     .bytes = R"([{"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Do"}]},"index":0}],)"
              R"("usageMetadata":{"promptTokenCount":100,)"
              R"("totalTokenCount":100},"responseId":"r"})"
              "\r\n"
              R"(,)"
              "\r\n"
              R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"ne."}]},"finishReason":"STOP","index":0}],)"
              R"("usageMetadata":{"promptTokenCount":100,)"
              R"("cachedContentTokenCount":60,"toolUsePromptTokenCount":4,)"
              R"("candidatesTokenCount":5,"thoughtsTokenCount":30,)"
              R"("totalTokenCount":139},"responseId":"r"})"
              "\n"
              R"(])"
              "\n",
     .usage = {.input_tokens = 44,
               .cache_read_tokens = 60,
               .output_tokens = 35,
               .reasoning_tokens = 30},
     .stop_reason = "STOP",
     .text = "Done."},
    {.name = "GeminiArrayCutInAnElement",
     .protocol = Protocol::kGemini,
     .form = Form::kArray,
     .end = End::kCut,
     .bytes = R"([{"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Done."}]},"index":0}],)"
              R"("usageMetadata":{"promptTokenCount":7,"totalTokenCount":7},)"
              R"("responseId":"r"},)"
              "\n"
              R"({"candidates":[{"content":{"parts":[{"te)",
     .usage = {.input_tokens = 7, .output_tokens = 2},
     .source = kEstimated,
     .ended = false,
     .text = "Done."},
    {.name = "GeminiArrayOfAnError",
     .protocol = Protocol::kGemini,
     .form = Form::kArray,
     .bytes = R"([{"error":{"code":429,"message":"x",)"
              R"("status":"RESOURCE_EXHAUSTED"}}])",
     .usage = {.input_tokens = 10},
     .source = kEstimated,
     .error_type = "RESOURCE_EXHAUSTED"},
    {.name = "GeminiObjectForAnArray",
     .protocol = Protocol::kGemini,
     .form = Form::kArray,
     .bytes = R"({"error":{"code":400,"message":"x",)"
              R"("status":"INVALID_ARGUMENT"}})",
     .usage = {.input_tokens = 10},
     .source = kEstimated,
     .error_type = "INVALID_ARGUMENT"},
    {.name = "GeminiBody",
     .protocol = Protocol::kGemini,
     .form = Form::kBody,
     .bytes = R"({"candidates":[{"content":{"role":"model",)"
              R"("parts":[{"text":"Done."}]},"finishReason":"STOP",)"
              R"("index":0}],"usageMetadata":{"promptTokenCount":100,)"
              R"("cachedContentTokenCount":60,"toolUsePromptTokenCount":4,)"
              R"("candidatesTokenCount":5,"thoughtsTokenCount":30,)"
              R"("totalTokenCount":139},"responseId":"r"})",
     .usage = {.input_tokens = 44,
               .cache_read_tokens = 60,
               .output_tokens = 35,
               .reasoning_tokens = 30},
     .stop_reason = "STOP",
     .text = "Done."},
};

wire::Endpoint EndpointOf(const Row& row) {
  wire::Endpoint endpoint{.protocol = row.protocol};
  if (row.protocol == Protocol::kGemini) {
    endpoint.model = "m";
    endpoint.stream = row.form != Form::kBody;
    endpoint.array_form = row.form == Form::kArray;
  }
  return endpoint;
}

std::string WireBytes(const Row& row) {
  if (row.form != Form::kEvents) return std::string(row.bytes);
  // Gemini's front ends end lines with CRLF.
  const std::string_view newline =
      row.protocol == Protocol::kGemini ? "\r\n" : "\n";
  std::string bytes = ": ping\n\n";
  std::string_view rest = row.bytes;
  while (!rest.empty()) {
    const std::string_view data = rest.substr(0, rest.find('\n'));
    bytes.append("data: ").append(data).append(newline).append(newline);
    rest.remove_prefix(std::min(data.size() + 1, rest.size()));
  }
  return bytes;
}

uint32_t Crc32(std::string_view data) {
  uint32_t crc = ~uint32_t{0};
  for (unsigned char c : data) {
    crc ^= c;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
    }
  }
  return ~crc;
}

void AppendLittleEndian(uint32_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) {
    out->push_back(static_cast<char>(value >> (8 * i)));
  }
}

// A gzip file of one stored block (RFC 1951, 3.2.4; RFC 1952).
std::string Gzip(std::string_view data) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", 11);
  AppendLittleEndian(static_cast<uint32_t>(data.size()), 2, &out);
  AppendLittleEndian(~static_cast<uint32_t>(data.size()), 2, &out);
  out.append(data);
  AppendLittleEndian(Crc32(data), 4, &out);
  AppendLittleEndian(static_cast<uint32_t>(data.size()), 4, &out);
  return out;
}

class MeteringTable : public ::testing::TestWithParam<Row> {
 protected:
  // Reads `bytes` in pieces of `first`, then `piece` bytes.
  void Read(std::string_view bytes, std::string_view coding, size_t first,
            size_t piece) {
    const Row& row = GetParam();
    http::ResponseHead head;
    head.headers.Add("content-type", row.form == Form::kEvents
                                         ? "text/event-stream"
                                         : "application/json; charset=UTF-8");
    if (!coding.empty()) head.headers.Add("content-encoding", coding);
    AnswerReader reader(EndpointOf(row), head, GateLimits());
    size_t size = first;
    while (!bytes.empty()) {
      ASSERT_FALSE(reader.unreadable());
      reader.Feed(bytes.substr(0, size));
      bytes.remove_prefix(std::min(size, bytes.size()));
      size = piece;
    }
    wire::Answer answer = reader.Finish(row.end == End::kWhole);
    answer.EstimateUsage(kBound);
    Check(answer);
  }

  static void Check(const wire::Answer& answer) {
    const Row& row = GetParam();
    EXPECT_EQ(answer.usage, row.usage);
    EXPECT_EQ(answer.usage_source, row.source);
    EXPECT_EQ(answer.stop_reason, row.stop_reason);
    EXPECT_EQ(answer.error_type, row.error_type);
    EXPECT_EQ(answer.ended, row.ended);
    EXPECT_EQ(answer.bad_events, 0);
    std::string text;
    for (const wire::Part& part : answer.parts) {
      if (!text.empty()) text.push_back('|');
      text.append(part.text);
    }
    EXPECT_EQ(text, row.text);
  }

  void ReadEveryWay(std::string_view bytes, std::string_view coding) {
    for (size_t first = 1; first <= bytes.size(); ++first) {
      Read(bytes, coding, first, bytes.size());
      if (HasFailure()) FAIL() << "cut at " << first;
    }
    Read(bytes, coding, 1, 1);
    if (HasFailure()) FAIL() << "byte by byte";
  }
};

TEST_P(MeteringTable, CostsTheSamePlainHoweverItIsCut) {
  ReadEveryWay(WireBytes(GetParam()), "");
}

TEST_P(MeteringTable, CostsTheSameInGzip) {
  ReadEveryWay(Gzip(WireBytes(GetParam())), "gzip");
}

TEST_P(MeteringTable, CostsTheSameInZstd) {
  ReadEveryWay(ZstdCompress(WireBytes(GetParam()), 3), "zstd");
}

INSTANTIATE_TEST_SUITE_P(All, MeteringTable, ::testing::ValuesIn(kRows),
                         [](const auto& test) {
                           return std::string(test.param.name);
                         });

}  // namespace
}  // namespace cofferdam::gate
