#include "gate/decision_api.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/json.h"
#include "policy/forbidden_paths.h"
#include "policy/names.h"
#include "policy/ruling.h"
#include "wire/refusal.h"

namespace cofferdam::gate {
namespace {

constexpr int64_t kHourMicros = int64_t{3600} * 1'000'000;

// What is bound to the key stands; the body fills in the rest.
struct Asked {
  std::string tool;
  std::string model;
  std::string purpose;
  std::string repo;
  bool ask = false;
};

Result<Asked> ReadAsked(const policy::Principal& principal,
                        std::string_view text) {
  auto body = JsonDocument::Parse(text);
  if (!body.ok()) return std::move(body).error().Within("request body");
  Asked asked;
  asked.tool = (*body)["tool"].StringOrEmpty();
  asked.model = (*body)["model"].StringOrEmpty();
  asked.purpose = (*body)["purpose"].StringOrEmpty();
  TRY_ASSIGN(asked.repo,
             policy::NormaliseRepo((*body)["repo"].StringOrEmpty()));
  asked.ask = (*body)["ask"].Bool().value_or(false);
  if (principal.kind == policy::KeyKind::kSession) {
    asked.tool = principal.tool;
    asked.purpose = principal.purpose;
    asked.repo = principal.repo;
  }
  return asked;
}

std::optional<wire::Protocol> ProtocolOf(std::string_view tool) {
  switch (wire::AgentOf(tool)) {
    case wire::Agent::kClaudeCode:
      return wire::Protocol::kAnthropicMessages;
    case wire::Agent::kCodex:
      return wire::Protocol::kOpenAiResponses;
    case wire::Agent::kGeminiCli:
      return wire::Protocol::kGemini;
    case wire::Agent::kOpencode:
    case wire::Agent::kOther:
      return std::nullopt;  // they speak several
  }
  return std::nullopt;
}

Result<const RoutedUpstream*> UpstreamFor(const Routes& routes,
                                          const Asked& asked) {
  const auto protocol = ProtocolOf(asked.tool);
  for (const auto& routed : routes.upstreams()) {
    const Upstream& upstream = routed->upstream();
    if (protocol && upstream.options().protocol != *protocol) continue;
    if (asked.model.empty() || upstream.Serves(asked.model)) {
      return routed.get();
    }
  }
  return Error(
      Code::kNotFound,
      asked.model.empty()
          ? fmt::format("no upstream speaks what {} speaks",
                        asked.tool.empty() ? "that tool" : asked.tool)
          : fmt::format("no upstream serves the model \"{}\"", asked.model));
}

// The model that a request names when nobody has said one: the first that the
// upstream was given by name.
std::string ModelFor(const Asked& asked, const UpstreamOptions& upstream) {
  if (!asked.model.empty()) return asked.model;
  const std::string& first = upstream.models.front();
  return first.find('*') == std::string::npos ? first : std::string();
}

Result<std::optional<policy::Approval>> ApprovalFor(
    const GateRooms& rooms, const policy::Principal& principal,
    const policy::Question& question, const policy::Ruling& ruling, bool ask) {
  std::optional<policy::Approval> approval;
  if (ruling.effect != policy::Effect::kApprove) return approval;
  policy::Approvals& approvals = rooms.policy.approvals();
  if (!ask) return approvals.FindLive(question, ruling.decision.name);
  const policy::ApprovalNeeds& needs = ruling.decision.approval;
  TRY_ASSIGN(approval, approvals.Ask(question,
                                     {ruling.decision.name, needs.four_eyes,
                                      question.now_micros +
                                          needs.expires_h * kHourMicros},
                                     principal.key_id));
  return approval;
}

void WriteForbidden(const std::vector<policy::ForbiddenPaths>& forbidden,
                    JsonWriter* json) {
  json->Key("forbidden_paths").BeginArray();
  for (const policy::ForbiddenPaths& one : forbidden) {
    json->BeginObject().Key("paths").BeginArray();
    for (const std::string& path : one.paths) json->String(path);
    json->EndArray()
        .Field("purpose", policy::ScanPurposeName(one.purpose))
        .Field("why", one.why)
        .FieldIfSet("ask", one.ask)
        .EndObject();
  }
  json->EndArray();
}

void WriteApproval(const policy::Approval& approval, int64_t now_micros,
                   JsonWriter* json) {
  json->BeginObject()
      .Field("id", approval.id)
      .Field("state", policy::ApprovalStateName(approval.StateAt(now_micros)))
      .FieldIfSet("reason", approval.reason)
      .Field("rule", approval.rule)
      .Field("opened_at", FormatTime(approval.opened_at_micros))
      .EndObject();
}

}  // namespace

Result<std::string> DecideFor(const GateRooms& rooms, const Routes& routes,
                              const policy::Principal& principal,
                              std::string_view body) {
  TRY_ASSIGN(Asked asked, ReadAsked(principal, body));
  TRY_ASSIGN(const RoutedUpstream* routed, UpstreamFor(routes, asked));
  const UpstreamOptions& upstream = routed->upstream().options();
  const std::string model = ModelFor(asked, upstream);
  const auto teams = rooms.policy.directory()->teams();
  const int64_t now = rooms.clock.WallMicros();
  policy::Question question;
  question.person_id = principal.person_id;
  question.email = principal.email;
  question.team = principal.team;
  if (teams != nullptr) question.teams = teams->Chain(principal.team);
  question.tool = asked.tool;
  question.provider = upstream.provider;
  question.model = model;
  question.contract = upstream.contract.name;
  question.repo = asked.repo;
  question.purpose = asked.purpose;
  question.protocol = upstream.protocol;
  question.grade = principal.kind == policy::KeyKind::kSession
                       ? principal.grade
                       : policy::Grade::kAgent;
  question.terms_class = routed->TermsAt(now)->terms_class;
  question.now_micros = now;
  TRY(routes.law().CheckPurpose(asked.repo, asked.purpose));
  const auto measures = rooms.policy.measures().current();
  const auto grants = rooms.policy.approvals().current();
  const policy::Ruling ruling =
      policy::RuleOn(routes.law(), *measures, *grants, question);
  TRY_ASSIGN(std::optional<policy::Approval> approval,
             ApprovalFor(rooms, principal, question, ruling, asked.ask));
  const policy::Approval* found = approval ? &*approval : nullptr;
  JsonWriter json;
  json.BeginObject()
      .Field("effect", policy::EffectName(ruling.effect))
      .Field("by", ruling.measure
                       ? policy::MeasureKindName(ruling.measure->kind)
                       : policy::DecidedByName(ruling.decision.by))
      .Field("name", ruling.measure ? std::string_view(ruling.measure->id)
                                    : ruling.decision.name)
      .FieldIfSet("why", policy::WhyRefused(ruling, found))
      .FieldIfSet("next", policy::NextAfterRefusal(ruling, found))
      .FieldIfSet("model", model)
      .Field("upstream", upstream.name);
  if (ruling.effect == policy::Effect::kReroute) {
    json.Field("rerouted_to", ruling.decision.rule->reroute_to);
  }
  const auto forbidden = policy::ForbiddenTo(
      routes.law().protections(), asked.repo, routed->TermsAt(now)->terms_class,
      routes.law().trains_models());
  if (!forbidden.empty()) WriteForbidden(forbidden, &json);
  json.FieldIfSet("commit_trailer", routes.law().commit_trailer());
  if (found != nullptr) {
    json.Key("approval");
    WriteApproval(*found, now, &json);
  }
  json.EndObject();
  return std::move(json).Take();
}

Result<std::string> ShowApproval(const GateRooms& rooms,
                                 const policy::Principal& principal,
                                 std::string_view id) {
  auto approval = rooms.policy.approvals().Get(id);
  if (!approval.ok() && approval.error().code() != Code::kNotFound) {
    return std::move(approval).error();
  }
  if (!approval.ok() || approval->person_id != principal.person_id) {
    return Error(
        Code::kNotFound,
        fmt::format("approval {}: you have asked for none of that id", id));
  }
  JsonWriter json;
  WriteApproval(*approval, rooms.clock.WallMicros(), &json);
  return std::move(json).Take();
}

}  // namespace cofferdam::gate
