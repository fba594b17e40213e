#include "policy/approval_rows_internal.h"

#include <fmt/format.h>

#include <utility>

#include "policy/rows_internal.h"

namespace cofferdam::policy {
namespace {

Approval ReadApproval(const Statement& row) {
  auto text = [&](int column) { return std::string(row.Text(column)); };
  Approval approval{.id = text(0),
                    .person_id = text(1),
                    .team = text(2),
                    .tool = text(3),
                    .provider = text(4),
                    .model = text(5),
                    .contract = text(6),
                    .repo = text(7),
                    .purpose = text(8),
                    .rule = text(9),
                    .four_eyes = row.Int(10) ? FourEyes::kYes : FourEyes::kNo,
                    .opened_at_micros = row.Int(11),
                    .expires_at_micros = row.Int(12),
                    .settled_at_micros = row.OptionalInt(14),
                    .settled_by = text(15),
                    .reason = text(16),
                    .until_micros = row.OptionalInt(17)};
  for (ApprovalState state :
       {ApprovalState::kGranted, ApprovalState::kDenied}) {
    if (row.Text(13) == ApprovalStateName(state)) approval.state = state;
  }
  return approval;
}

Vote ReadVote(const Statement& row) {
  return {.actor = std::string(row.Text(0)),
          .person_id = std::string(row.Text(1)),
          .time_micros = row.Int(2),
          .terms = {.to = row.Int(4) ? GrantTo::kTeam : GrantTo::kPerson,
                    .tool = row.Int(5) ? GrantTool::kAny : GrantTool::kAsked,
                    .provider = row.Int(6) ? GrantProvider::kAny
                                           : GrantProvider::kAsked,
                    .repo = std::string(row.Text(7)),
                    .until_micros = row.Int(8),
                    .reason = std::string(row.Text(3))}};
}

}  // namespace

Result<std::vector<Approval>> ReadApprovals(Database& database,
                                            Statement& statement) {
  TRY_ASSIGN(std::vector<Approval> approvals, ReadAll(statement, ReadApproval));
  TRY_ASSIGN(Statement votes,
             database.Prepare("SELECT actor, person, time, reason, to_team,"
                              " any_tool, any_provider, repo, until"
                              " FROM approval_vote WHERE approval = ?"
                              " ORDER BY number"));
  for (Approval& approval : approvals) {
    votes.BindText(1, approval.id);
    TRY_ASSIGN(approval.votes, ReadAll(votes, ReadVote));
  }
  return approvals;
}

Status InsertApproval(Database& writer, const Approval& approval) {
  TRY_ASSIGN(Statement insert,
             writer.Prepare(fmt::format("INSERT INTO approval ({}) VALUES (?,"
                                        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                                        " 'open', NULL, '', '', NULL)",
                                        kApprovalColumns)));
  insert.BindText(1, approval.id)
      .BindText(2, approval.person_id)
      .BindText(3, approval.team)
      .BindText(4, approval.tool)
      .BindText(5, approval.provider)
      .BindText(6, approval.model)
      .BindText(7, approval.contract)
      .BindText(8, approval.repo)
      .BindText(9, approval.purpose)
      .BindText(10, approval.rule)
      .BindInt(11, approval.four_eyes == FourEyes::kYes ? 1 : 0)
      .BindInt(12, approval.opened_at_micros)
      .BindInt(13, approval.expires_at_micros);
  return insert.Run();
}

Status InsertVote(Database& writer, const Approval& approval) {
  const Vote& vote = approval.votes.back();
  TRY_ASSIGN(Statement insert,
             writer.Prepare("INSERT INTO approval_vote (approval, number,"
                            " actor, person, time, reason, to_team, any_tool,"
                            " any_provider, repo, until)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, approval.id)
      .BindInt(2, static_cast<int64_t>(approval.votes.size()))
      .BindText(3, vote.actor)
      .BindText(4, vote.person_id)
      .BindInt(5, vote.time_micros)
      .BindText(6, vote.terms.reason)
      .BindInt(7, vote.terms.to == GrantTo::kTeam ? 1 : 0)
      .BindInt(8, vote.terms.tool == GrantTool::kAny ? 1 : 0)
      .BindInt(9, vote.terms.provider == GrantProvider::kAny ? 1 : 0)
      .BindText(10, vote.terms.repo)
      .BindInt(11, vote.terms.until_micros);
  return insert.Run();
}

Status UpdateApproval(Database& writer, const Approval& approval) {
  TRY_ASSIGN(Statement update,
             writer.Prepare("UPDATE approval SET state = ?, settled = ?,"
                            " settled_by = ?, reason = ?, until = ?"
                            " WHERE id = ?"));
  update.BindText(1, ApprovalStateName(approval.state))
      .BindInt(2, approval.settled_at_micros)
      .BindText(3, approval.settled_by)
      .BindText(4, approval.reason)
      .BindInt(5, approval.until_micros)
      .BindText(6, approval.id);
  return update.Run();
}

}  // namespace cofferdam::policy
