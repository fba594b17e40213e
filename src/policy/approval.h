#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "policy/grants.h"

namespace cofferdam::policy {

// How far a grant goes beyond what was asked for. The rule and the purpose are
// always those of the request.
enum class GrantTo { kPerson, kTeam };
enum class GrantTool { kAsked, kAny };
// The provider and the contract go together.
enum class GrantProvider { kAsked, kAny };

struct GrantTerms {
  GrantTo to = GrantTo::kPerson;
  GrantTool tool = GrantTool::kAsked;
  GrantProvider provider = GrantProvider::kAsked;
  // Empty: as asked; else a glob that covers what was asked for, "*" for any.
  std::string repo;
  // None: kGrantDefaultMicros from now.
  std::optional<int64_t> until_micros;
  std::string reason;
};

// One approver's yes.
struct Vote {
  std::string actor;      // as Store says
  std::string person_id;  // whose key that is; empty for "local"
  int64_t time_micros = 0;
  GrantTerms terms;  // until_micros is set
};

enum class ApprovalState {
  kOpen,     // waits for approvers
  kGranted,  // holds until its end
  kDenied,   // so does this: until then nobody is asked again
  kExpired,  // nobody answered in time, or the answer is over
};
// "open", "granted", "denied", "expired".
std::string_view ApprovalStateName(ApprovalState state);

// What one person asked to be allowed, by sending a request that a rule stops
// until somebody approves. Times are microseconds since 1970.
struct Approval {
  std::string id;
  std::string person_id;
  std::string team;  // then
  std::string tool;
  std::string provider;
  std::string model;
  std::string contract;
  std::string repo;
  std::string purpose;
  std::string rule;
  FourEyes four_eyes = FourEyes::kNo;
  int64_t opened_at_micros = 0;
  int64_t expires_at_micros = 0;  // if nobody answers
  // As written down: never kExpired, see StateAt.
  ApprovalState state = ApprovalState::kOpen;
  std::vector<Vote> votes;
  // Once it is settled:
  std::optional<int64_t> settled_at_micros;
  std::string settled_by;
  std::string reason;
  std::optional<int64_t> until_micros;  // of the grant or the denial

  ApprovalState StateAt(int64_t now_micros) const;
  // What the votes allow together; its time is over once the approval is
  // denied. The caller has seen at least one vote.
  Grant Allowed() const;
};

}  // namespace cofferdam::policy
