#include "wire/request.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <utility>

#include "wire/blocks.h"
#include "wire/lenient_json.h"

namespace cofferdam::wire {
namespace {

std::string NameOf(const JsonValue& value) {
  return std::string(
      CutUtf8(value.StringOrEmpty(), RequestHead::kNameBytesMax));
}

// `{"device_id":…,"session_id":…}`, or `user_…_session_<uuid>`.
std::string SessionOfUserId(std::string_view user_id) {
  if (user_id.starts_with('{')) {
    Result<LenientJson> json = ParseLenient(user_id, Halves::kReplace);
    return json.ok() ? NameOf(json->document["session_id"]) : std::string();
  }
  constexpr std::string_view kMark = "_session_";
  size_t mark = user_id.rfind(kMark);
  if (mark == std::string_view::npos) return {};
  return std::string(
      CutUtf8(user_id.substr(mark + kMark.size()), RequestHead::kNameBytesMax));
}

int64_t AssistantMessages(const JsonValue& messages) {
  int64_t turns = 0;
  for (const JsonValue& message : messages.Elements()) {
    if (message["role"].StringOrEmpty() == "assistant") ++turns;
  }
  return turns;
}

int64_t OutputRuns(const JsonValue& input) {
  int64_t turns = 0;
  bool in_run = false;
  for (const JsonValue& item : input.Elements()) {
    bool is_output = IsOutputItem(item);
    if (is_output && !in_run) ++turns;
    in_run = is_output;
  }
  return turns;
}

// The first member that comes twice: readers differ in which one they take,
// and what was allowed must be what is sent.
std::optional<std::string_view> RepeatedName(const JsonValue& root) {
  std::set<std::string_view> names;
  for (const auto& [name, member] : root.Members()) {
    if (!names.insert(name).second) return name;
  }
  return std::nullopt;
}

}  // namespace

Result<RequestHead> ReadRequestHead(Protocol protocol, std::string_view body) {
  Result<LenientJson> json = ParseLenient(body, Halves::kReplace);
  if (!json.ok()) return std::move(json).error().Within("read request body");
  JsonValue root = json->document.root();
  if (!root.is_object()) {
    return Error(Code::kInvalid, "read request body: not a JSON object");
  }
  if (auto name = RepeatedName(root)) {
    return Error(Code::kInvalid,
                 fmt::format("read request body: \"{}\" comes twice",
                             CutUtf8(*name, RequestHead::kNameBytesMax)));
  }
  RequestHead head;
  head.model = NameOf(root["model"]);
  if (head.model.empty()) {
    return Error(Code::kInvalid, "read request body: \"model\" is missing");
  }
  head.stream = root["stream"].Bool().value_or(false);
  switch (protocol) {
    case Protocol::kAnthropicMessages:
      head.output_tokens_max = root["max_tokens"].Int();
      head.session_hint =
          SessionOfUserId(root["metadata"]["user_id"].StringOrEmpty());
      head.assistant_turns = AssistantMessages(root["messages"]);
      break;
    case Protocol::kOpenAiResponses:
      head.output_tokens_max = root["max_output_tokens"].Int();
      head.session_hint = NameOf(root["prompt_cache_key"]);
      head.previous_response_id = NameOf(root["previous_response_id"]);
      head.assistant_turns = OutputRuns(root["input"]);
      break;
  }
  return head;
}

}  // namespace cofferdam::wire
