#include "wire/reroute.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "wire/json_splice_internal.h"
#include "wire/lenient_json.h"

namespace cofferdam::wire {
namespace {

// Gemini's path is FOLDER "models/" MODEL ":" METHOD.
Result<std::string> TargetFor(const Endpoint& endpoint, std::string_view target,
                              std::string_view model) {
  const size_t path_end = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, path_end);
  const size_t name = path.rfind('/') + 1;
  const size_t colon = path.rfind(':');
  if (colon == std::string_view::npos || colon < name ||
      path.substr(name, colon - name) != endpoint.model) {
    return Error(Code::kInvalid, "the path names no model that can be changed");
  }
  std::string other =
      fmt::format("{}{}{}", path.substr(0, name), model, target.substr(colon));
  auto found = FindEndpoint(
      "POST", std::string_view(other).substr(0, other.find('?')), "");
  if (!found || found->model != model) {
    return Error(Code::kInvalid,
                 fmt::format("\"{}\" is no model that a path can name", model));
  }
  return other;
}

}  // namespace

Result<Rerouted> WithModel(const Endpoint& endpoint, std::string_view target,
                           std::string_view body, std::string_view model) {
  Rerouted rerouted;
  if (endpoint.protocol == Protocol::kGemini) {
    TRY_ASSIGN(rerouted.target, TargetFor(endpoint, target, model));
    rerouted.body = std::string(body);
    return rerouted;
  }
  TRY_ASSIGN(LenientJson json, ParseLenient(body, Halves::kReplace));
  const JsonValue root = json.document.root();
  MemberFound found;
  if (!root.is_object() || !FindOnce(root, "model", &found) ||
      !found.value.is_string()) {
    return Error(Code::kInvalid, "the body has no model that can be changed");
  }
  const MemberSpans spans = SpansOf(body, SkipSpace(body, 0));
  std::string quoted;
  AppendJsonString(model, &quoted);
  rerouted.body = Replaced(body, spans.values.at(found.index), quoted);
  return rerouted;
}

}  // namespace cofferdam::wire
