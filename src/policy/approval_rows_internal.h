#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "policy/approval.h"

// Rows of the tables `approval` and `approval_vote`.
namespace cofferdam::policy {

inline constexpr std::string_view kApprovalColumns =
    "id, person, team, tool, provider, model, contract, repo, purpose, rule,"
    " four_eyes, opened, expires, state, settled, settled_by, reason, until";

// Each approval with its votes; `statement` yields kApprovalColumns.
Result<std::vector<Approval>> ReadApprovals(Database& database,
                                            Statement& statement);
// A new one, open and without votes.
Status InsertApproval(Database& writer, const Approval& approval);
// Its latest vote.
Status InsertVote(Database& writer, const Approval& approval);
// How it was settled.
Status UpdateApproval(Database& writer, const Approval& approval);

}  // namespace cofferdam::policy
