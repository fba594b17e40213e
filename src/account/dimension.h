#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What usage is told apart by.
namespace cofferdam::account {

enum class Dimension {
  kPerson,
  kKey,
  kTeam,
  kTool,
  kProvider,
  kModel,
  kContract,
  kRepo,
  kPurpose,
  kRoute,
  kDay,
  kMonth,
};
// The first ten are columns of the rollup, in this order; the last two come of
// its day.
inline constexpr size_t kNamedDimensions = 10;
inline constexpr size_t kDimensions = 12;

// "person", "key", …, "day", "month".
std::string_view DimensionName(Dimension dimension);
std::optional<Dimension> ParseDimension(std::string_view name);

// "team,model": names with commas between. kInvalid for an unknown or a
// repeated one, and beyond kGroupedByMax; empty text is no dimension.
inline constexpr size_t kGroupedByMax = 4;
Result<std::vector<Dimension>> ParseDimensions(std::string_view text);

// Whether rows of it are rows of one person.
bool NamesAPerson(Dimension dimension);

// Whose and what for a row of the rollup is. Values by Dimension; empty where
// nothing was known.
struct RowName {
  int32_t day = 0;
  std::array<std::string, kNamedDimensions> values;

  auto operator<=>(const RowName&) const = default;

  std::string& of(Dimension dimension) {
    return values[static_cast<size_t>(dimension)];
  }
  const std::string& of(Dimension dimension) const {
    return values[static_cast<size_t>(dimension)];
  }
};

}  // namespace cofferdam::account
