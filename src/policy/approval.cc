#include "policy/approval.h"

#include <algorithm>

#include "base/check.h"
#include "policy/glob.h"

namespace cofferdam::policy {
namespace {

// The glob that both mean: the narrower one, or none when neither lies in the
// other.
std::string Narrower(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return "";
  if (GlobCovers(a, b)) return b;
  return GlobCovers(b, a) ? a : "";
}

}  // namespace

std::string_view ApprovalStateName(ApprovalState state) {
  switch (state) {
    case ApprovalState::kOpen:
      return "open";
    case ApprovalState::kGranted:
      return "granted";
    case ApprovalState::kDenied:
      return "denied";
    case ApprovalState::kExpired:
      return "expired";
  }
  CHECK(false);
}

ApprovalState Approval::StateAt(int64_t now_micros) const {
  int64_t end = state == ApprovalState::kOpen
                    ? expires_at_micros
                    : until_micros.value_or(expires_at_micros);
  return now_micros < end ? state : ApprovalState::kExpired;
}

Grant Approval::Allowed() const {
  CHECK(!votes.empty());
  GrantTerms terms = votes.front().terms;
  for (const Vote& vote : votes) {
    if (vote.terms.to == GrantTo::kPerson) terms.to = GrantTo::kPerson;
    if (vote.terms.tool == GrantTool::kAsked) terms.tool = GrantTool::kAsked;
    if (vote.terms.provider == GrantProvider::kAsked) {
      terms.provider = GrantProvider::kAsked;
    }
    terms.repo = Narrower(terms.repo, vote.terms.repo);
    terms.until_micros = std::min(terms.until_micros, vote.terms.until_micros);
  }
  Grant grant{.id = id, .rule = rule};
  grant.person = person_id;
  if (terms.to == GrantTo::kTeam) grant.team = team;
  if (terms.tool == GrantTool::kAsked) grant.tool = tool;
  if (terms.provider == GrantProvider::kAsked) {
    grant.provider = provider;
    grant.contract = contract;
  }
  grant.repo = repo;
  if (!terms.repo.empty()) grant.repo_glob = terms.repo;
  grant.purpose = purpose;
  grant.until_micros = terms.until_micros.value_or(0);
  return grant;
}

}  // namespace cofferdam::policy
