// A model's calls: arguments as the engine hands them over, and calls printed
// in its text.

#include <string>
#include <variant>
#include <vector>

#include "agent/calls/repair.h"
#include "base/check.h"
#include "base/json.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

const std::vector<ToolSpec>& Tools() {
  static const std::vector<ToolSpec> tools = {
      {.name = "bash",
       .description = "",
       .schema = R"({"type":"object","properties":{"command":{"type":"string"},
         "timeout_s":{"type":"integer"}},"required":["command"]})"},
      {.name = "todo",
       .description = "",
       .schema = R"({"type":"object","properties":{"items":{"type":"array",
         "items":{"type":"object","properties":{"text":{"type":"string"},
         "status":{"type":"string","enum":["pending","done"]}},
         "required":["text"]}}},"required":["items"]})"}};
  return tools;
}

// Whatever came, the history can hold it.
void CheckCalls(const CallsOfAnswer& read) {
  CHECK(read.suspicious.size() <= kSuspectsMax);
  for (const auto& call : read.calls) {
    const auto* good = std::get_if<RepairedCall>(&call);
    const ToolCall& kept =
        good != nullptr ? good->call : std::get<RefusedCall>(call).stand_in;
    CHECK(!kept.id.empty() && !kept.name.empty());
    const Result<JsonDocument> arguments = JsonDocument::Parse(kept.arguments);
    CHECK(arguments.ok() && arguments->root().is_object());
    if (good == nullptr) CHECK(!std::get<RefusedCall>(call).why.empty());
  }
}

void CheckText(const std::string& text) {
  for (const Finish finish : {Finish::kStop, Finish::kLength}) {
    IdMaker ids;
    EngineAnswer answer;
    answer.finish = finish;
    answer.calls.push_back({.id = "", .name = "bash", .arguments = text});
    answer.calls.push_back({.id = "x", .name = "todo", .arguments = text});
    answer.calls.push_back({.id = "x", .name = text, .arguments = "{}"});
    CheckCalls(ReadCalls(answer, Tools(), ids));
    EngineAnswer printed;
    printed.finish = finish;
    printed.text = text;
    CheckCalls(ReadCalls(printed, Tools(), ids));
    EngineAnswer thought;
    thought.finish = finish;
    thought.thinking = text;
    CHECK(ReadCalls(thought, Tools(), ids).calls.empty());
  }
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckText(std::string(cofferdam::FuzzText(data, size)));
  return 0;
}
