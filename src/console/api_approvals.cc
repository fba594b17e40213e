#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/clock.h"
#include "console/api_internal.h"

namespace cofferdam::console {
namespace {

using policy::Approval;
using policy::Approvals;
using policy::ApprovalState;

// What has been allowed so far; members that cover any are left out.
void WriteGrant(JsonWriter* json, Stores& stores, const policy::Grant& grant) {
  json->Key("grant").BeginObject();
  json->Field("person", NameOfPerson(stores, grant.person))
      .FieldIfSet("team", grant.team);
  if (grant.tool) json->Field("tool", *grant.tool);
  if (grant.provider) json->Field("provider", *grant.provider);
  if (grant.contract) json->Field("contract", *grant.contract);
  if (!grant.repo_glob) {
    json->Field("repo", grant.repo);
  } else if (*grant.repo_glob != "*") {
    json->Field("repo", *grant.repo_glob);
  }
  json->Field("purpose", grant.purpose).Field("rule", grant.rule);
  WriteTime(json, "until", grant.until_micros);
  json->EndObject();
}

void WriteVotes(JsonWriter* json, Stores& stores, const Approval& approval) {
  json->Key("approvers").BeginArray();
  for (const policy::Vote& vote : approval.votes) {
    json->BeginObject()
        .Field("by", NameOfActor(stores, vote.actor))
        .Field("reason", vote.terms.reason);
    WriteTime(json, "at", vote.time_micros);
    json->EndObject();
  }
  json->EndArray();
}

void WriteApproval(JsonWriter* json, Stores& stores, const Approval& approval,
                   int64_t now_micros) {
  const bool four_eyes = approval.four_eyes == policy::FourEyes::kYes;
  json->BeginObject()
      .Field("id", approval.id)
      .Field("state", ApprovalStateName(approval.StateAt(now_micros)))
      .Field("person", NameOfPerson(stores, approval.person_id))
      .Field("team", approval.team)
      .Field("tool", approval.tool)
      .Field("provider", approval.provider)
      .Field("model", approval.model)
      .Field("contract", approval.contract)
      .Field("repo", approval.repo)
      .Field("purpose", approval.purpose)
      .Field("rule", approval.rule)
      .Field("four_eyes", four_eyes);
  WriteTime(json, "opened_at", approval.opened_at_micros);
  WriteTime(json, "expires_at", approval.expires_at_micros);
  WriteVotes(json, stores, approval);
  if (!approval.votes.empty()) WriteGrant(json, stores, approval.Allowed());
  if (approval.settled_at_micros) {
    json->Field("answer", ApprovalStateName(approval.state))
        .Field("settled_by", NameOfActor(stores, approval.settled_by))
        .Field("reason", approval.reason);
    WriteTime(json, "settled_at", approval.settled_at_micros);
    WriteTime(json, "until", approval.until_micros);
  }
  json->EndObject();
}

std::string ApprovalJson(Stores& stores, const Approval& approval) {
  JsonWriter json;
  WriteApproval(&json, stores, approval, SystemClock().WallMicros());
  return std::move(json).Take();
}

}  // namespace

Result<std::string> ListApprovals(Stores& stores, const ApiRequest& request) {
  const bool all = QueryText(request.query, "all") == "1";
  TRY_ASSIGN(std::vector<Approval> approvals,
             stores.policy().approvals().List(all ? Approvals::Which::kAll
                                                  : Approvals::Which::kOpen));
  const int64_t now = SystemClock().WallMicros();
  JsonWriter json;
  json.BeginObject().Key("approvals").BeginArray();
  for (const Approval& approval : approvals) {
    WriteApproval(&json, stores, approval, now);
  }
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Result<std::string> ShowApproval(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(Approval approval,
             stores.policy().approvals().Get(LastName(request)));
  return ApprovalJson(stores, approval);
}

Result<std::string> GrantApproval(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view id, Text(body, "id"));
  TRY_ASSIGN(std::string_view reason, Text(body, "reason"));
  TRY_ASSIGN(std::string_view repo, Text(body, "repo"));
  TRY_ASSIGN(bool team, Truth(body, "team"));
  TRY_ASSIGN(bool any_tool, Truth(body, "any_tool"));
  TRY_ASSIGN(bool any_provider, Truth(body, "any_provider"));
  policy::GrantTerms terms;
  if (team) terms.to = policy::GrantTo::kTeam;
  if (any_tool) terms.tool = policy::GrantTool::kAny;
  if (any_provider) terms.provider = policy::GrantProvider::kAny;
  terms.repo = repo;
  terms.reason = reason;
  TRY_ASSIGN(terms.until_micros, Until(body));
  TRY_ASSIGN(Approval approval,
             stores.policy().approvals().Grant(id, terms, request.actor));
  return ApprovalJson(stores, approval);
}

Result<std::string> DenyApproval(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view id, Text(body, "id"));
  TRY_ASSIGN(std::string_view reason, Text(body, "reason"));
  TRY_ASSIGN(std::optional<int64_t> until, Until(body));
  TRY_ASSIGN(Approval approval, stores.policy().approvals().Deny(
                                    id, reason, until, request.actor));
  return ApprovalJson(stores, approval);
}

}  // namespace cofferdam::console
