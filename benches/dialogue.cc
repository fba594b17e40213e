#include "benches/dialogue.h"

#include <fmt/format.h>
#include <time.h>

#include <charconv>
#include <utility>

namespace cofferdam::bench {
namespace {

constexpr std::string_view kIdMark = "{id}";
constexpr std::string_view kStampMark = "{stamp}";

// Puts zeros in place of a mark; where they begin, or kNowhere.
size_t TakeMark(std::string* text, std::string_view mark, size_t digits) {
  size_t at = text->find(mark);
  if (at == std::string::npos) return kNowhere;
  text->replace(at, mark.size(), digits, '0');
  return at;
}

void AddFrame(AnswerText* answer, std::string text) {
  const size_t begin = answer->body.size();
  if (size_t at = TakeMark(&text, kIdMark, kIdDigits); at != kNowhere) {
    answer->id_at = begin + at;
  }
  size_t stamp = TakeMark(&text, kStampMark, kStampDigits);
  answer->body += text;
  answer->frames.push_back(
      {answer->body.size(), stamp == kNowhere ? kNowhere : begin + stamp});
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

}  // namespace

const AnswerText& WholeAnswer() {
  static const AnswerText kAnswer = MakeWhole();
  return kAnswer;
}

const AnswerText& StreamedAnswer() {
  static const AnswerText kAnswer = MakeStreamed();
  return kAnswer;
}

std::string RequestBytes(std::string_view key, const RequestPlan& plan) {
  std::string prompt;
  while (prompt.size() < plan.prompt_bytes) {
    prompt += "Please look at line 17 of the file. ";
  }
  std::string body = fmt::format(
      "{{\"model\":\"bench-model\",\"max_tokens\":1000,\"stream\":{},"
      "\"bench_frame_interval_us\":{},\"bench_held\":{},\"messages\":[{{"
      "\"role\":\"user\",\"content\":\"{}\"}}]}}",
      plan.stream, plan.pace.frame_interval_us, plan.pace.held, prompt);
  return fmt::format(
      "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\n"
      "content-type: application/json\r\nx-api-key: {}\r\n"
      "anthropic-version: 2023-06-01\r\ncontent-length: {}\r\n\r\n{}",
      key, body.size(), body);
}

RequestPlan ReadPlan(std::string_view body_begin) {
  RequestPlan plan;
  body_begin = body_begin.substr(0, kPlanBytesMax);
  plan.stream = body_begin.find("\"stream\":true") != std::string_view::npos;
  plan.pace.held =
      body_begin.find("\"bench_held\":true") != std::string_view::npos;
  constexpr std::string_view kInterval = "\"bench_frame_interval_us\":";
  size_t at = body_begin.find(kInterval);
  if (at != std::string_view::npos) {
    std::from_chars(body_begin.data() + at + kInterval.size(),
                    body_begin.data() + body_begin.size(),
                    plan.pace.frame_interval_us);
  }
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
