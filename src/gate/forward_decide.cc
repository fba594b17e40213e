#include <fmt/format.h>

#include <bit>
#include <utility>

#include "gate/forward.h"
#include "gate/on_workers.h"
#include "policy/ruling.h"
#include "wire/reroute.h"

// Whether a request may be sent, and to which model.

namespace cofferdam::gate {
namespace {

constexpr int64_t kStoreTimeoutMs = 30'000;

// What a question points to, kept by a worker while the request may go.
struct OwnedQuestion {
  explicit OwnedQuestion(const policy::Question& asked)
      : person_id(asked.person_id),
        team(asked.team),
        tool(asked.tool),
        tool_version(asked.tool_version),
        provider(asked.provider),
        model(asked.model),
        contract(asked.contract),
        repo(asked.repo),
        path(asked.path),
        purpose(asked.purpose),
        question(asked) {
    for (std::string_view name : asked.teams) teams.emplace_back(name);
  }
  // The question, with every view into this object.
  policy::Question View() {
    team_views.assign(teams.begin(), teams.end());
    question.person_id = person_id;
    question.email = {};
    question.team = team;
    question.teams = team_views;
    question.tool = tool;
    question.tool_version = tool_version;
    question.provider = provider;
    question.model = model;
    question.contract = contract;
    question.repo = repo;
    question.path = path;
    question.purpose = purpose;
    return question;
  }

  std::string person_id, team, tool, tool_version, provider, model, contract,
      repo, path, purpose;
  std::vector<std::string> teams;
  std::vector<std::string_view> team_views;
  policy::Question question;
};

}  // namespace

policy::Question Forwarding::MakeQuestion() const {
  const UpstreamOptions& upstream = routed_->upstream().options();
  policy::Question question;
  question.person_id = identity_.principal.person_id;
  question.email = identity_.principal.email;
  question.team = identity_.principal.team;
  if (teams_ != nullptr) {
    question.teams = teams_->Chain(identity_.principal.team);
  }
  question.tool = identity_.tool;
  question.tool_version = identity_.tool_version;
  question.provider = upstream.provider;
  question.model = request_.model;
  question.contract = upstream.contract.name;
  question.repo = identity_.repo;
  question.path = client_.request().path();
  question.purpose = identity_.purpose;
  question.protocol = target_.endpoint.protocol;
  question.grade = identity_.grade;
  question.terms_class = routed_->TermsAt(times_.received)->terms_class;
  question.now_micros = times_.received;
  return question;
}

bool Forwarding::IsMeant(const policy::Scope& scope) const {
  // One that is not routed yet is still to be decided.
  return scope.empty() ||
         (routed_ != nullptr && policy::Matches(scope, MakeQuestion()));
}

http::Task<std::optional<Refused>> Forwarding::Decide() {
  const policy::Law& law = target_.routes->law();
  teams_ = rooms_.policy.directory()->teams();
  Status purpose = law.CheckPurpose(identity_.repo, identity_.purpose);
  if (!purpose.ok()) co_return Refused(std::move(purpose).error());
  for (;;) {
    policy::Question question = MakeQuestion();
    const uint64_t asked = law.LabelsAsked(question);
    if (asked != 0) {
      auto found = co_await FindLabels(asked);
      if (!found.ok()) co_return Refused(std::move(found).error());
      question.labels = *found;
    }
    policy::Ruling ruling =
        policy::RuleOn(law, *rooms_.policy.measures().current(),
                       *rooms_.policy.approvals().current(), question);
    if (!ruling.allows()) co_return co_await RefusalOf(ruling, question);
    // A reroute is what the record is to name, with what let the other model
    // pass.
    std::string basis = policy::BasisOf(ruling.decision);
    basis_ = basis_.empty() ? std::move(basis)
                            : fmt::format("{}, then {}", basis_, basis);
    grant_ = std::move(ruling.grant);
    const policy::Rule* rule = ruling.decision.rule;
    if (rule != nullptr && rule->limits) limiting_.push_back(rule);
    if (ruling.decision.overrides_terms) {
      auto audited = co_await AuditOverride(ruling, question);
      if (!audited.ok()) co_return Refused(std::move(audited).error());
    }
    if (ruling.effect == policy::Effect::kAllow) co_return std::nullopt;
    auto rerouted = Reroute(*ruling.decision.rule);
    if (!rerouted.ok()) co_return Refused(std::move(rerouted).error());
  }
}

http::Task<Result<uint64_t>> Forwarding::FindLabels(uint64_t asked) {
  if (target_.passing != nullptr) co_return uint64_t{0};  // it has no prompt
  auto found = co_await OnWorkers<evidence::LabelAnswer>(
      client_.loop(), rooms_.workers,
      [&labels = controls_.labels, routes = target_.routes, asked,
       protocol = target_.endpoint.protocol, body = std::string(plain())] {
        return labels.Search(routes->law().labels(), asked, protocol, body);
      },
      kStoreTimeoutMs);
  if (!found.ok()) {
    co_return std::move(found).error().Within(
        "a rule asks what the prompt contains");
  }
  if (found->unknown != 0) {
    // Not a no: what nobody has indexed may be in it.
    const std::string& label =
        target_.routes->law().labels()[std::countr_zero(found->unknown)];
    co_return Error(
        Code::kDenied,
        fmt::format("a rule asks whether the prompt contains \"{}\", of which "
                    "there is no index yet; an operator makes it with "
                    "`cofferdam index build --from PATH --label {}`",
                    label, label));
  }
  for (const evidence::LabelEvidence& each : found->evidence) {
    rooms_.logger.Info("prompt_contains", {{"exchange", id_text_},
                                           {"label", each.label},
                                           {"path", each.path},
                                           {"line", int64_t{each.line}},
                                           {"tokens", int64_t{each.tokens}}});
  }
  co_return found->labels;
}

http::Task<Refused> Forwarding::RefusalOf(const policy::Ruling& ruling,
                                          const policy::Question& question) {
  std::optional<policy::Approval> approval;
  if (ruling.effect == policy::Effect::kApprove) {
    policy::Approvals& approvals = rooms_.policy.approvals();
    approval = approvals.FindLive(question, ruling.decision.name);
    if (!approval) {
      auto asked = co_await AskApproval(ruling, question);
      if (!asked.ok()) co_return Refused(std::move(asked).error());
      approval = *std::move(asked);
    }
  }
  const policy::Approval* found = approval ? &*approval : nullptr;
  Refused refused(Error(Code::kDenied, policy::WhyRefused(ruling, found)));
  std::string next = policy::NextAfterRefusal(ruling, found);
  if (!next.empty()) refused.next = std::move(next);
  co_return refused;
}

http::Task<Result<policy::Approval>> Forwarding::AskApproval(
    const policy::Ruling& ruling, const policy::Question& question) {
  constexpr int64_t kHourMicros = int64_t{3600} * 1'000'000;
  const policy::ApprovalNeeds& needs = ruling.decision.approval;
  auto owned = std::make_shared<OwnedQuestion>(question);
  co_return co_await OnWorkers<policy::Approval>(
      client_.loop(), rooms_.workers,
      [&approvals = rooms_.policy.approvals(), owned,
       rule = std::string(ruling.decision.name), needs,
       expires = question.now_micros + needs.expires_h * kHourMicros,
       actor = identity_.principal.key_id] {
        return approvals.Ask(owned->View(), {rule, needs.four_eyes, expires},
                             actor);
      },
      kStoreTimeoutMs);
}

http::Task<Status> Forwarding::AuditOverride(const policy::Ruling& ruling,
                                             const policy::Question& question) {
  if (!controls_.overrides.IsNews(ruling.decision.name, question))
    co_return Status();
  auto owned = std::make_shared<OwnedQuestion>(question);
  auto done = co_await OnWorkers<bool>(
      client_.loop(), rooms_.workers,
      [&store = rooms_.policy, owned, rule = std::string(ruling.decision.name),
       actor = identity_.principal.key_id]() -> Result<bool> {
        TRY(store.AuditOverride(rule, owned->View(), actor));
        return true;
      },
      kStoreTimeoutMs);
  if (!done.ok()) {
    controls_.overrides.Forget(ruling.decision.name, question);
    co_return std::move(done).error();
  }
  co_return Status();
}

Status Forwarding::Reroute(const policy::Rule& rule) {
  auto failed = [&](std::string_view why) {
    return Error(Code::kDenied,
                 fmt::format("rule \"{}\" sends it to the model \"{}\", but {}",
                             rule.name, rule.reroute_to, why));
  };
  if (!model_requested_.empty()) {
    return failed("a rule has changed the model already");
  }
  auto rerouted = wire::WithModel(target_.endpoint, client_.request().target,
                                  plain(), rule.reroute_to);
  if (!rerouted.ok()) return failed(rerouted.error().message());
  model_requested_ = std::exchange(request_.model, rule.reroute_to);
  rerouted_target_ = std::move(rerouted->target);
  decoded_ = !plain_body_.empty();
  plain_body_.clear();
  body_ = std::move(rerouted->body);
  Status chosen = Choose();
  if (!chosen.ok()) return failed(chosen.error().message());
  Note("reroute");
  return {};
}

}  // namespace cofferdam::gate
