// --output-schema: a JSON Schema, and behind a NUL the model's answer.

#include <string>
#include <string_view>
#include <vector>

#include "agent/turn/answer_schema.h"
#include "base/check.h"
#include "base/json.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

void CheckAnswer(std::string_view input) {
  const size_t end = input.find('\0');
  const std::string_view answer =
      end == std::string_view::npos ? "" : input.substr(end + 1);
  const auto schema = AnswerSchema::Parse(input.substr(0, end));
  if (!schema.ok()) {
    CHECK(schema.error().code() == Code::kInvalid ||
          schema.error().code() == Code::kTooLarge);
    CHECK(!schema.error().message().empty());
    return;
  }
  std::string json;
  const std::vector<std::string> issues = schema->Check(answer, &json);
  CHECK(issues.size() <= AnswerSchema::kIssuesMax);
  if (!issues.empty()) return;
  // What meets it is JSON, and still meets it alone.
  std::string again;
  CHECK(schema->Check(json, &again).empty());
  CHECK(again == json);
  // Its own text is the same schema.
  const auto same = AnswerSchema::Parse(schema->text());
  CHECK(same.ok() && same->text() == schema->text());
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckAnswer(cofferdam::FuzzText(data, size));
  return 0;
}
