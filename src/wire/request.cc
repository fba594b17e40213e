#include "wire/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "wire/blocks.h"
#include "wire/lenient_json.h"
#include "wire/proto_json.h"
#include "wire/usage.h"

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

int64_t TurnsOf(std::string_view role, const JsonValue& messages) {
  int64_t turns = 0;
  for (const JsonValue& message : messages.Elements()) {
    if (message["role"].StringOrEmpty() == role) ++turns;
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

// A client's bound on tokens; what is not positive bounds nothing (servers
// take -1, and some 0, for "as many as you like").
std::optional<int64_t> Bound(const JsonValue& value) {
  const std::optional<double> number = value.Double();
  if (number && *number > static_cast<double>(kTokensMax)) return kTokensMax;
  const std::optional<int64_t> count = TokenCount(value);
  return count && *count > 0 ? count : std::nullopt;
}

// The greater of two bounds: which of them a server obeys differs.
std::optional<int64_t> Greater(std::optional<int64_t> a,
                               std::optional<int64_t> b) {
  return a && b ? std::max(a, b) : (a ? a : b);
}

// The bound of each of several answers as one of all.
std::optional<int64_t> Times(std::optional<int64_t> bound, int64_t answers) {
  if (!bound) return bound;
  return *bound > kTokensMax / answers ? kTokensMax : *bound * answers;
}

void ReadAnthropic(const JsonValue& root, RequestHead* head) {
  head->output_tokens_max = Bound(root["max_tokens"]);
  const JsonValue thinking = root["thinking"];
  head->may_reason_unseen =
      thinking.is_object() && thinking["type"].StringOrEmpty() != "disabled";
  head->session_hint =
      SessionOfUserId(root["metadata"]["user_id"].StringOrEmpty());
  head->assistant_turns = TurnsOf("assistant", root["messages"]);
  head->caches_1h = CachesForAnHour(root);
  head->service_tier = NameOf(root["service_tier"]);
  if (root["speed"].StringOrEmpty() == "fast") head->service_tier = "fast";
}

void ReadResponses(const JsonValue& root, RequestHead* head) {
  head->output_tokens_max = Bound(root["max_output_tokens"]);
  head->may_reason_unseen =
      root["reasoning"]["effort"].StringOrEmpty() != "none";
  head->session_hint = NameOf(root["prompt_cache_key"]);
  head->previous_response_id = NameOf(root["previous_response_id"]);
  head->service_tier = NameOf(root["service_tier"]);
  head->assistant_turns = OutputRuns(root["input"]);
}

void ReadChat(const JsonValue& root, RequestHead* head) {
  head->answers = Bound(root["n"]).value_or(1);
  head->output_tokens_max = Times(
      Greater(Bound(root["max_completion_tokens"]), Bound(root["max_tokens"])),
      head->answers);
  head->service_tier = NameOf(root["service_tier"]);
  // OpenAI's and vLLM's switch, OpenRouter's two, DeepSeek's.
  const JsonValue reasoning = root["reasoning"];
  head->may_reason_unseen =
      root["reasoning_effort"].StringOrEmpty() != "none" &&
      reasoning["effort"].StringOrEmpty() != "none" &&
      reasoning["enabled"].Bool().value_or(true) &&
      root["thinking"]["type"].StringOrEmpty() != "disabled";
  head->include_usage =
      root["stream_options"]["include_usage"].Bool().value_or(false);
  head->session_hint = NameOf(root["prompt_cache_key"]);
  head->assistant_turns = TurnsOf("assistant", root["messages"]);
}

void ReadGemini(const JsonValue& root, RequestHead* head) {
  // To count a whole request it is wrapped once more.
  const JsonValue wrapped = EitherOf(root, "generateContentRequest");
  const JsonValue& request = wrapped.is_object() ? wrapped : root;
  bool thinks = true;
  for (std::string_view name : {"generationConfig", "generation_config"}) {
    const JsonValue config = request[name];
    const int64_t answers =
        Bound(EitherOf(config, "candidateCount")).value_or(1);
    head->answers = std::max(head->answers, answers);
    head->output_tokens_max =
        Greater(head->output_tokens_max,
                Times(Bound(EitherOf(config, "maxOutputTokens")), answers));
    const JsonValue thinking = EitherOf(config, "thinkingConfig");
    thinks = thinks && EitherOf(thinking, "thinkingBudget").Int() != 0;
  }
  head->may_reason_unseen = thinks;
  head->assistant_turns = TurnsOf("model", request["contents"]);
  head->media = ReadRequestMedia(Protocol::kGemini, request);
}

}  // namespace

Result<RequestHead> ReadRequestHead(const Endpoint& endpoint,
                                    std::string_view body) {
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
  if (endpoint.protocol == Protocol::kGemini) {
    head.model = endpoint.model;
    head.stream = endpoint.stream;
    ReadGemini(root, &head);
    return head;
  }
  head.model = NameOf(root["model"]);
  if (head.model.empty()) {
    return Error(Code::kInvalid, "read request body: \"model\" is missing");
  }
  head.stream = root["stream"].Bool().value_or(false);
  head.media = ReadRequestMedia(endpoint.protocol, root);
  switch (endpoint.protocol) {
    case Protocol::kAnthropicMessages:
      ReadAnthropic(root, &head);
      break;
    case Protocol::kOpenAiResponses:
      ReadResponses(root, &head);
      break;
    case Protocol::kOpenAiChat:
      ReadChat(root, &head);
      break;
    case Protocol::kGemini:
      break;
  }
  return head;
}

}  // namespace cofferdam::wire
