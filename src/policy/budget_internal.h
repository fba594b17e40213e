#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "policy/budget.h"

// What budget.cc (counters) and budget_states.cc (words about them) share.
namespace cofferdam::policy {

// A lane is one period in one unit: period * kCapUnits + unit.
inline constexpr int kLanes = kCapPeriods * kCapUnits;
// Of a lane without a cap. Never reached by spending; keeps sums in range.
inline constexpr int64_t kNoLimit = int64_t{1} << 61;

inline CapPeriod PeriodOf(int lane) {
  return static_cast<CapPeriod>(lane / kCapUnits);
}
inline int LaneOf(const Cap& cap) {
  return static_cast<int>(cap.period) * kCapUnits + static_cast<int>(cap.unit);
}

enum class Threshold { kNear, kSpent };  // 80 and 100 percent
inline constexpr int kNearPercent = 80;
inline constexpr int kNearRest = 5;  // a fifth is left

inline uint16_t ToldBit(int lane, Threshold threshold) {
  return static_cast<uint16_t>(1U << (lane * 2 + static_cast<int>(threshold)));
}
inline uint16_t ToldBits(int lane) {
  return static_cast<uint16_t>(3U << (lane * 2));
}

// The cap in force in each lane; null: none.
using LaneCaps = std::array<const Cap*, kLanes>;

// All caps, by whom they are on. Immutable.
struct Book::CapTable {
  CapTable() = default;
  explicit CapTable(std::vector<Cap> caps);
  CapTable(const CapTable&) = delete;
  CapTable& operator=(const CapTable&) = delete;

  LaneCaps For(CapScope scope, std::string_view name) const;
  bool Any(CapScope scope, std::string_view name) const;

  std::vector<Cap> all;
  std::array<std::map<std::string, LaneCaps, std::less<>>, 6> by_name;
};

// A subject by name, with its hash, which is taken outside the lock.
struct Book::Wanted {
  Wanted() = default;
  Wanted(CapScope of, std::string_view named, uint64_t seed)
      : scope(of),
        name(named),
        hash(Hash64(named, seed + static_cast<uint64_t>(of))) {}

  CapScope scope = CapScope::kCompany;
  std::string_view name;
  uint64_t hash = 0;
};

// One subject's counters.
struct alignas(64) Book::Subject {
  uint64_t hash = 0;
  int32_t day = 0;       // the latest it was seen in; names its windows
  uint32_t edition = 0;  // of the caps that `limit` is from
  uint16_t told = 0;     // ToldBit: thresholds that were told
  CapScope scope = CapScope::kCompany;
  std::string name;
  std::array<int64_t, kLanes> spent{};
  std::array<int64_t, kLanes> reserved{};
  std::array<int64_t, kLanes> limit{};

  bool FitsLane(int lane, int64_t amount) const {
    return spent[lane] + reserved[lane] + amount <= limit[lane];
  }
  bool Fits(const std::array<int64_t, kLanes>& amounts) const {
    bool fits = true;
    for (int lane = 0; lane < kLanes; ++lane) {
      fits &= FitsLane(lane, amounts[lane]);
    }
    return fits;
  }
  // Whether the lane still counts the window that `then` lies in.
  bool InWindow(int lane, int32_t then) const {
    return then == day || WindowNumber(PeriodOf(lane), then) ==
                              WindowNumber(PeriodOf(lane), day);
  }
  // To a later day: windows that end begin anew.
  void MoveTo(int32_t later);
  bool Has(int lane, Threshold threshold) const;
  // Notes the threshold as told, and what to tell of it if it is new.
  void Cross(int lane, Threshold threshold, const CapState& state,
             Alerts* alerts);
  void MarkTold();
};

}  // namespace cofferdam::policy
