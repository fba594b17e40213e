#include "policy/ruling.h"

#include <fmt/format.h>

#include "policy/moment.h"

namespace cofferdam::policy {
namespace {

// "rule \"no-evals\"" or what the fixed part is called.
std::string Speaker(const Decision& decision) {
  switch (decision.by) {
    case DecidedBy::kRule:
      return fmt::format("rule \"{}\"", decision.name);
    case DecidedBy::kPurpose:
      return "the purpose";
    case DecidedBy::kTerms:
      return "the contract's terms";
    case DecidedBy::kDefault:
      return "the law";
  }
  return {};
}

std::string WithStop(std::string_view sentence) {
  std::string out(sentence);
  if (!out.empty() && out.back() != '.' && out.back() != '!' &&
      out.back() != '?') {
    out.push_back('.');
  }
  return out;
}

}  // namespace

Ruling RuleOn(const Law& law, std::span<const Measure> measures,
              const Grants& grants, const Question& question) {
  Ruling ruling;
  if (const Measure* measure = FindMeasure(measures, question)) {
    ruling.effect = Effect::kPause;
    ruling.measure = *measure;
    return ruling;
  }
  ruling.decision = law.Decide(question);
  ruling.effect = ruling.decision.effect;
  if (ruling.effect == Effect::kApprove) {
    if (const Grant* grant = grants.Find(question, ruling.decision.name)) {
      ruling.effect = Effect::kAllow;
      ruling.grant = grant->id;
    }
  }
  return ruling;
}

std::string BasisOf(const Decision& decision) {
  if (decision.by == DecidedBy::kRule) {
    return fmt::format("rule {}", decision.name);
  }
  return std::string(decision.name);
}

std::string WhyRefused(const Ruling& ruling, const Approval* approval) {
  if (ruling.measure) {
    return fmt::format("paused since {}: {}",
                       Moment(ruling.measure->created_at_micros),
                       ruling.measure->reason);
  }
  const Decision& decision = ruling.decision;
  const std::string who = Speaker(decision);
  if (approval != nullptr && approval->state == ApprovalState::kDenied) {
    return fmt::format("{} asks for an approval, and it was denied: {}", who,
                       approval->reason);
  }
  switch (ruling.effect) {
    case Effect::kDeny:
      return fmt::format("{} forbids it: {}", who, decision.why);
    case Effect::kPause:
      return fmt::format("{} has paused it: {}", who, decision.why);
    case Effect::kApprove:
      return fmt::format("{} asks for an approval: {}", who, decision.why);
    case Effect::kAllow:
    case Effect::kReroute:
      return {};
  }
  return {};
}

std::string NextAfterRefusal(const Ruling& ruling, const Approval* approval) {
  std::string next;
  if (ruling.measure) {
    next = "Nothing is lost: go on when it is resumed";
    if (ruling.measure->until_micros) {
      next += ", at the latest at " + Moment(*ruling.measure->until_micros);
    }
    return next + fmt::format(" (`cofferdam resume {}`).", ruling.measure->id);
  }
  if (approval != nullptr && approval->state == ApprovalState::kOpen) {
    next = fmt::format(
        "Request {0} waits for an approver (`cofferdam approval grant {0}`); "
        "send this again once it is granted.",
        approval->id);
  }
  const std::string ask = WithStop(ruling.decision.ask);
  if (!ask.empty() && !next.empty()) next.push_back(' ');
  return next + ask;
}

}  // namespace cofferdam::policy
