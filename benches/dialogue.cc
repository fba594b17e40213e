#include "benches/dialogue.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace cofferdam::bench {
namespace {

constexpr std::string_view kIdMark = "{id}";
constexpr std::string_view kStampMark = "{stamp}";
constexpr std::string_view kCodeMark = "{number}";
constexpr size_t kCodeLines = 30;

// Adds a frame to the answer, with zeros in place of the marks of digits.
void AddFrame(AnswerText* answer, std::string_view text) {
  AnswerText::Frame frame;
  while (!text.empty()) {
    size_t mark = std::min(text.find('{'), text.size());
    answer->body += text.substr(0, mark);
    text.remove_prefix(mark);
    const size_t at = answer->body.size();
    if (text.starts_with(kIdMark)) {
      answer->id_at = at;
      answer->digits.push_back({at, kIdDigits});
      text.remove_prefix(kIdMark.size());
    } else if (text.starts_with(kStampMark)) {
      frame.stamp_at = at;
      answer->digits.push_back({at, kStampDigits});
      text.remove_prefix(kStampMark.size());
    } else if (text.starts_with(kCodeMark)) {
      answer->digits.push_back({at, kCodeDigits});
      text.remove_prefix(kCodeMark.size());
    } else if (!text.empty()) {
      answer->body += text[0];
      text.remove_prefix(1);
      continue;
    } else {
      break;
    }
    answer->body.append(answer->digits.back().count, '0');
  }
  frame.end = answer->body.size();
  answer->frames.push_back(frame);
}

std::string EventFrame(std::string_view type, std::string_view rest) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type,
                     rest);
}

AnswerText MakeStreamed() {
  AnswerText answer;
  AddFrame(&answer,
           EventFrame("message_start",
                      ",\"message\":{\"id\":\"msg_{id}\",\"type\":\"message\","
                      "\"role\":\"assistant\",\"model\":\"bench-model\","
                      "\"content\":[],\"usage\":{\"input_tokens\":1200,"
                      "\"output_tokens\":1}}"));
  AddFrame(&answer, EventFrame("content_block_start",
                               ",\"index\":0,\"content_block\":{\"type\":"
                               "\"text\",\"text\":\"\"}"));
  while (answer.frames.size() < kFrames - 3) {
    AddFrame(&answer,
             EventFrame("content_block_delta",
                        fmt::format(",\"index\":0,\"delta\":{{\"type\":"
                                    "\"text_delta\",\"text\":\"word {} of the "
                                    "answer, {{stamp}} \"}}",
                                    answer.frames.size())));
  }
  AddFrame(&answer, EventFrame("content_block_stop", ",\"index\":0"));
  AddFrame(&answer, EventFrame("message_delta",
                               ",\"delta\":{\"stop_reason\":\"end_turn\"},"
                               "\"usage\":{\"output_tokens\":180}"));
  AddFrame(&answer, EventFrame("message_stop", ""));
  return answer;
}

AnswerText MakeWhole() {
  AnswerText answer;
  AddFrame(&answer,
           "{\"id\":\"msg_{id}\",\"type\":\"message\",\"role\":\"assistant\","
           "\"model\":\"bench-model\",\"content\":[{\"type\":\"text\",\"text\":"
           "\"Line 17 reads the length before it knows that there are enough "
           "bytes. I would check the size first, return an error that names "
           "the field, and add a test with one byte less. Shall I do that, or "
           "do you want to keep the check in the caller as it is now?\"}],"
           "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1200,"
           "\"output_tokens\":62}}");
  return answer;
}

// What CodeAnswer says, with marks.
std::string CodeWithMarks() {
  std::string code = "Here is the function:\\n\\ndef combine(a, b):\\n";
  for (size_t i = 0; i < kCodeLines; ++i) {
    code +=
        fmt::format("    a = (b {} {}) {} table[{}]  # step {}\\n",
                    "+-*^%"[i % 5], kCodeMark, "+-|&*"[i % 4], kCodeMark, i);
  }
  return code + "    return a\\n";
}

AnswerText MakeCode() {
  AnswerText answer;
  AddFrame(&answer,
           "{\"id\":\"msg_{id}\",\"type\":\"message\",\"role\":\"assistant\","
           "\"model\":\"bench-model\",\"content\":[{\"type\":\"text\",\"text\":"
           "\"" +
               CodeWithMarks() +
               "\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":"
               "30000,\"output_tokens\":900}}");
  return answer;
}

}  // namespace

const AnswerText& WholeAnswer() {
  static const AnswerText kAnswer = MakeWhole();
  return kAnswer;
}

const AnswerText& StreamedAnswer() {
  static const AnswerText kAnswer = MakeStreamed();
  return kAnswer;
}

const AnswerText& CodeAnswer() {
  static const AnswerText kAnswer = MakeCode();
  return kAnswer;
}

uint64_t CodeNumber(int64_t seed, size_t index) {
  // SplitMix64's last steps.
  uint64_t x = static_cast<uint64_t>(seed) * 1'000 + index;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return (x ^ (x >> 31)) % 10'000'000'000;
}

std::string CodeText(int64_t seed) {
  std::string text = CodeWithMarks();
  size_t at = 0;
  for (size_t index = 1;; ++index) {
    at = text.find(kCodeMark, at);
    if (at == std::string::npos) return text;
    text.replace(at, kCodeMark.size(), kCodeDigits, '0');
    PutDigits(&text[at], kCodeDigits, CodeNumber(seed, index));
  }
}

std::string PromptText(size_t bytes) {
  std::string prompt;
  while (prompt.size() < bytes) {
    prompt += "Please look at line 17 of the file. ";
  }
  return prompt;
}

std::string RequestBytes(std::string_view key, const RequestPlan& plan) {
  return TurnBytes(key, plan, "",
                   fmt::format("{{\"role\":\"user\",\"content\":\"{}\"}}",
                               PromptText(plan.prompt_bytes)));
}

std::string TurnBytes(std::string_view key, const RequestPlan& plan,
                      std::string_view session, std::string_view messages) {
  std::string body = fmt::format(
      "{{\"model\":\"bench-model\",\"max_tokens\":1000,\"stream\":{},"
      "\"bench_frame_interval_us\":{},\"bench_held\":{},"
      "\"bench_code_seed\":{},\"messages\":[{}]}}",
      plan.stream, plan.pace.frame_interval_us, plan.pace.held, plan.code_seed,
      messages);
  std::string session_line;
  if (!session.empty()) {
    session_line = fmt::format("x-claude-code-session-id: {}\r\n", session);
  }
  return fmt::format(
      "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\n"
      "content-type: application/json\r\nx-api-key: {}\r\n"
      "anthropic-version: 2023-06-01\r\n{}content-length: {}\r\n\r\n{}",
      key, session_line, body.size(), body);
}

RequestPlan ReadPlan(std::string_view body_begin) {
  RequestPlan plan;
  body_begin = body_begin.substr(0, kPlanBytesMax);
  plan.stream = body_begin.find("\"stream\":true") != std::string_view::npos;
  plan.pace.held =
      body_begin.find("\"bench_held\":true") != std::string_view::npos;
  auto number = [&](std::string_view name, int64_t* value) {
    size_t at = body_begin.find(name);
    if (at == std::string_view::npos) return;
    std::from_chars(body_begin.data() + at + name.size(),
                    body_begin.data() + body_begin.size(), *value);
  };
  number("\"bench_frame_interval_us\":", &plan.pace.frame_interval_us);
  number("\"bench_code_seed\":", &plan.code_seed);
  return plan;
}

void PutDigits(char* at, size_t digits, uint64_t number) {
  for (size_t i = digits; i-- > 0; number /= 10) {
    at[i] = static_cast<char>('0' + number % 10);
  }
}

std::optional<uint64_t> ReadDigits(std::string_view digits) {
  uint64_t number = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

int64_t SteadyNanos() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace cofferdam::bench
