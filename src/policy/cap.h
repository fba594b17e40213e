#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/money.h"

// A cap: how much of a unit a subject may use in a period.
namespace cofferdam::policy {

enum class CapScope { kCompany, kTeam, kPerson, kKey, kRepo, kPurpose };
// Windows are in UTC: a day, a week from Monday (ISO 8601), a calendar month;
// kTotal never renews.
enum class CapPeriod { kDay, kWeek, kMonth, kTotal };
enum class CapUnit { kMicroDollars, kTokens };

inline constexpr int kCapPeriods = 4;
inline constexpr int kCapUnits = 2;

// "company", "team", "person", "key", "repo", "purpose".
std::string_view CapScopeName(CapScope scope);
std::optional<CapScope> ParseCapScope(std::string_view name);
// "day", "week", "month", "total".
std::string_view CapPeriodName(CapPeriod period);
std::optional<CapPeriod> ParseCapPeriod(std::string_view name);
// "dollars", "tokens".
std::string_view CapUnitName(CapUnit unit);
std::optional<CapUnit> ParseCapUnit(std::string_view name);

struct Cap {
  std::string id;
  CapScope scope = CapScope::kCompany;
  // Team name, person or key id, repository, purpose. Empty: each one of the
  // scope for itself; for the company, which is one, always.
  std::string subject;
  CapUnit unit = CapUnit::kMicroDollars;
  CapPeriod period = CapPeriod::kMonth;
  int64_t limit = 0;  // in its unit, 0 to kAmountMax
  // Whom a refused engineer shall ask, as a refusal prints it: "#ml-budget".
  // Empty: whoever runs the gate.
  std::string ask;

  bool operator==(const Cap&) const = default;
};

// kInvalid for a cap without an id, a limit out of range, a company's cap with
// a subject.
Status CheckCap(const Cap& cap);

// The stretch of time that a period counts together: [begin, end), in
// microseconds since 1970. kTotal: 0 to INT64_MAX.
struct CapWindow {
  int64_t begin_micros = 0;
  int64_t end_micros = 0;

  bool operator==(const CapWindow&) const = default;
};

// The one that `now_micros` lies in; times before 1970 count as 1970.
CapWindow WindowOf(CapPeriod period, int64_t now_micros);

// Days since 1970-01-01, 0 for earlier times.
int32_t DayOf(int64_t now_micros);
// A number that is the same for two days exactly when they are of one window.
int32_t WindowNumber(CapPeriod period, int32_t day);

// "$1,500.00 a month", "200,000 tokens a day", "$9.00 in total".
std::string FormatLimit(const Cap& cap);

}  // namespace cofferdam::policy
