#include "evidence/origin.h"

#include <fmt/format.h>

#include <optional>

#include "base/json.h"

namespace cofferdam::evidence {
namespace {

std::string Text(const JsonValue& value) {
  return std::string(value.StringOrEmpty());
}

}  // namespace

Result<Origin> ParseOrigin(std::string_view descriptor) {
  Result<JsonDocument> parsed = JsonDocument::Parse(descriptor);
  if (!parsed.ok()) {
    return Error(Code::kCorrupt, fmt::format("origin of an output: {}",
                                             parsed.error().message()));
  }
  const JsonDocument& json = *parsed;
  Origin origin;
  origin.exchange = Text(json["exchange"]);
  std::optional<int64_t> part = json["part"].Int();
  if (origin.exchange.empty() || !part || *part < 0) {
    return Error(Code::kCorrupt,
                 "origin of an output: names no exchange and part");
  }
  origin.part = static_cast<uint32_t>(*part);
  origin.sequence = static_cast<uint64_t>(json["sequence"].Int().value_or(0));
  origin.kind = Text(json["kind"]);
  origin.path = Text(json["path"]);
  origin.route = Text(json["route"]);
  origin.identity = Text(json["identity"]);
  origin.session = Text(json["session"]);
  origin.provider = Text(json["provider"]);
  origin.model = Text(json["model"]);
  origin.contract = Text(json["contract"]);
  origin.terms_class =
      policy::ParseTermsClass(json["terms_class"].StringOrEmpty())
          .value_or(policy::TermsClass::kUnknown);
  origin.tool = Text(json["tool"]);
  origin.tool_version = Text(json["tool_version"]);
  origin.person = Text(json["person"]);
  origin.team = Text(json["team"]);
  origin.repo = Text(json["repo"]);
  origin.commit = Text(json["commit"]);
  origin.purpose = Text(json["purpose"]);
  origin.time = json["time"].Int().value_or(0);
  return origin;
}

}  // namespace cofferdam::evidence
