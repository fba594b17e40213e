#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "console/api.h"
#include "console/stores.h"

// The calls of the admin API, one file for each noun; api.cc has the table of
// them all, docs/formats/admin-api.md the words about each.
namespace cofferdam::console {

// Members of a request's body. Absent ones are empty; of another type they are
// refused, so that a slip of the pen is not taken for leaving them out.
Result<std::string_view> Text(const JsonDocument& body, std::string_view name);
Result<std::optional<int64_t>> Number(const JsonDocument& body,
                                      std::string_view name);
// False when absent.
Result<bool> Truth(const JsonDocument& body, std::string_view name);

// A value of a query; empty when it is not there.
std::string_view QueryText(std::string_view query, std::string_view name);
// `fallback` when it is not there; kInvalid unless it is from 0 to `max`.
Result<int64_t> QueryNumber(std::string_view query, std::string_view name,
                            int64_t fallback, int64_t max);
// What stands behind the last '/' of the path: the id of one thing.
std::string_view LastName(const ApiRequest& request);

// For what a call asks beyond its row of the table: kDenied with the roles that
// may.
Status Require(const ApiRequest& request, policy::Permission permission);

// Until when a body's order holds: its `for_seconds` from now, or none.
Result<std::optional<int64_t>> Until(const JsonDocument& body);

// People for people: the address of whom the id names, or the id once the
// address was erased.
std::string NameOfPerson(Stores& stores, std::string_view person_id);
// "local", or the person whose key the actor is.
std::string NameOfActor(Stores& stores, std::string_view actor);

// A member with that time; none without one.
void WriteTime(JsonWriter* json, std::string_view name,
               std::optional<int64_t> micros);

// Each answers its JSON.

// api_people.cc
Result<std::string> AddPerson(Stores& stores, const ApiRequest& request);
Result<std::string> ListPersons(Stores& stores, const ApiRequest& request);
Result<std::string> MovePerson(Stores& stores, const ApiRequest& request);
Result<std::string> ErasePerson(Stores& stores, const ApiRequest& request);
Result<std::string> CreateKey(Stores& stores, const ApiRequest& request);
Result<std::string> ListKeys(Stores& stores, const ApiRequest& request);
Result<std::string> RevokeKey(Stores& stores, const ApiRequest& request);

// api_teams.cc
Result<std::string> AddTeam(Stores& stores, const ApiRequest& request);
Result<std::string> MoveTeam(Stores& stores, const ApiRequest& request);
Result<std::string> ListTeams(Stores& stores, const ApiRequest& request);

// api_measures.cc
Result<std::string> ListMeasures(Stores& stores, const ApiRequest& request);
Result<std::string> Pause(Stores& stores, const ApiRequest& request);
Result<std::string> Kill(Stores& stores, const ApiRequest& request);
Result<std::string> Resume(Stores& stores, const ApiRequest& request);

// api_approvals.cc
Result<std::string> ListApprovals(Stores& stores, const ApiRequest& request);
Result<std::string> ShowApproval(Stores& stores, const ApiRequest& request);
Result<std::string> GrantApproval(Stores& stores, const ApiRequest& request);
Result<std::string> DenyApproval(Stores& stores, const ApiRequest& request);

// api_audit.cc
Result<std::string> ListAudit(Stores& stores, const ApiRequest& request);

// api_ledger.cc
Result<std::string> ListExchanges(Stores& stores, const ApiRequest& request);
Result<std::string> ShowExchange(Stores& stores, const ApiRequest& request);
Result<std::string> ReadText(Stores& stores, const ApiRequest& request);
Result<std::string> LedgerStat(Stores& stores, const ApiRequest& request);
Result<std::string> BuildIndex(Stores& stores, const ApiRequest& request);

// api_import.cc
Result<std::string> ImportOutputs(Stores& stores, const ApiRequest& request);

// api_history.cc
Result<std::string> ImportHistories(Stores& stores, const ApiRequest& request);

// api_log.cc
Result<std::string> MakeCheckpoint(Stores& stores, const ApiRequest& request);
Result<std::string> VerifyLogs(Stores& stores, const ApiRequest& request);
Result<std::string> PurgeLedger(Stores& stores, const ApiRequest& request);

// api_account.cc
Result<std::string> ReportUsage(Stores& stores, const ApiRequest& request);
Result<std::string> ReportLeaderboard(Stores& stores,
                                      const ApiRequest& request);
Result<std::string> RecomputeUsage(Stores& stores, const ApiRequest& request);
Result<std::string> ReportCoverage(Stores& stores, const ApiRequest& request);

// api_outcomes.cc
Result<std::string> RecordOutcomes(Stores& stores, const ApiRequest& request);
Result<std::string> ListOutcomeLines(Stores& stores, const ApiRequest& request);
Result<std::string> ReportAdoption(Stores& stores, const ApiRequest& request);
inline constexpr size_t kOutcomesBodyBytesMax = size_t{16} << 20;

// api_budget.cc
Result<std::string> ListBudgets(Stores& stores, const ApiRequest& request);
Result<std::string> SetBudget(Stores& stores, const ApiRequest& request);
Result<std::string> RemoveBudget(Stores& stores, const ApiRequest& request);

}  // namespace cofferdam::console
