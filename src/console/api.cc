#include "console/api.h"

#include <fmt/format.h>

#include "console/api_internal.h"
#include "console/history_intake.h"
#include "console/import_line.h"

namespace cofferdam::console {
namespace {

using policy::Permission;

constexpr size_t kBodyBytesMax = 1 << 20;

struct Call {
  std::string_view method;
  // One that ends in '/' is followed by the name of one thing.
  std::string_view path;
  // What it asks of the key that is shown.
  Permission permission;
  Result<std::string> (*handle)(Stores&, const ApiRequest&);
  size_t body_bytes_max = kBodyBytesMax;
};

constexpr Call kCalls[] = {
    {"POST", "person", Permission::kOperate, AddPerson},
    {"GET", "person", Permission::kView, ListPersons},
    {"POST", "person/move", Permission::kOperate, MovePerson},
    {"POST", "person/erase", Permission::kOwn, ErasePerson},
    {"POST", "team", Permission::kOperate, AddTeam},
    {"POST", "team/move", Permission::kOperate, MoveTeam},
    {"GET", "team", Permission::kView, ListTeams},
    {"POST", "key", Permission::kOperate, CreateKey},
    {"GET", "key", Permission::kView, ListKeys},
    {"POST", "key/revoke", Permission::kOperate, RevokeKey},
    {"GET", "measure", Permission::kView, ListMeasures},
    {"POST", "pause", Permission::kOperate, Pause},
    {"POST", "kill", Permission::kOperate, Kill},
    {"POST", "resume", Permission::kOperate, Resume},
    {"GET", "approval", Permission::kView, ListApprovals},
    {"GET", "approval/", Permission::kView, ShowApproval},
    {"POST", "approval/grant", Permission::kApprove, GrantApproval},
    {"POST", "approval/deny", Permission::kApprove, DenyApproval},
    {"GET", "audit", Permission::kView, ListAudit},
    {"GET", "ledger/exchange", Permission::kView, ListExchanges},
    {"GET", "ledger/exchange/", Permission::kView, ShowExchange},
    {"POST", "ledger/text", Permission::kReadText, ReadText},
    {"GET", "ledger/stat", Permission::kView, LedgerStat},
    {"GET", "ledger/checkpoint", Permission::kView, MakeCheckpoint},
    {"POST", "ledger/verify", Permission::kView, VerifyLogs},
    {"POST", "ledger/import", Permission::kOperate, ImportOutputs,
     kImportBodyBytesMax},
    {"POST", "ledger/history", Permission::kOperate, ImportHistories,
     kHistoryBodyBytesMax},
    {"POST", "ledger/purge", Permission::kOwn, PurgeLedger},
    {"POST", "index/build", Permission::kOperate, BuildIndex},
    {"GET", "usage", Permission::kView, ReportUsage},
    {"GET", "leaderboard", Permission::kView, ReportLeaderboard},
    {"POST", "usage/recompute", Permission::kOperate, RecomputeUsage},
    {"POST", "coverage", Permission::kView, ReportCoverage},
    {"POST", "outcome", Permission::kOperate, RecordOutcomes,
     kOutcomesBodyBytesMax},
    {"POST", "outcome/lines", Permission::kOperate, ListOutcomeLines},
    {"POST", "adoption", Permission::kView, ReportAdoption},
    {"GET", "budget", Permission::kView, ListBudgets},
    {"POST", "budget", Permission::kOperate, SetBudget},
    {"POST", "budget/remove", Permission::kOperate, RemoveBudget},
};

const Call* FindCall(const ApiRequest& request) {
  for (const Call& call : kCalls) {
    bool same = call.path.ends_with('/') ? request.path.starts_with(call.path)
                                         : request.path == call.path;
    if (same && call.method == request.method) return &call;
  }
  return nullptr;
}

}  // namespace

Status Api::Check(const ApiRequest& request) const {
  const Call* call = FindCall(request);
  // Whoever may do nothing at all learns no names of calls either.
  bool nobody = request.role && !policy::May(*request.role, Permission::kView);
  if (call == nullptr && !nobody) {
    return Error(Code::kNotFound,
                 fmt::format("no such call: {} {}{}", request.method,
                             kApiPrefix, request.path));
  }
  return Require(request, nobody ? Permission::kView : call->permission);
}

size_t Api::BodyBytesMax(const ApiRequest& request) {
  const Call* call = FindCall(request);
  return call == nullptr ? 0 : call->body_bytes_max;
}

Result<std::string> Api::Handle(const ApiRequest& request) {
  TRY(Check(request));
  return FindCall(request)->handle(stores_, request);
}

std::vector<ApiCall> Api::Calls() {
  std::vector<ApiCall> calls;
  for (const Call& call : kCalls) {
    calls.push_back(
        {call.method, call.path, call.permission, call.body_bytes_max});
  }
  return calls;
}

}  // namespace cofferdam::console
