#include "account/dimension.h"

#include <fmt/format.h>

#include <algorithm>

namespace cofferdam::account {
namespace {

constexpr std::array<std::string_view, kDimensions> kNames = {
    "person",   "key",  "team",    "tool",  "provider", "model",
    "contract", "repo", "purpose", "route", "day",      "month"};

std::string AllNames() {
  std::string all;
  for (std::string_view name : kNames) {
    if (!all.empty()) all += ", ";
    all += name;
  }
  return all;
}

}  // namespace

std::string_view DimensionName(Dimension dimension) {
  return kNames[static_cast<size_t>(dimension)];
}

std::optional<Dimension> ParseDimension(std::string_view name) {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Dimension>(found - kNames.begin());
}

Result<std::vector<Dimension>> ParseDimensions(std::string_view text) {
  std::vector<Dimension> dimensions;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::optional<Dimension> dimension = ParseDimension(name);
    if (!dimension) {
      return Error(
          Code::kInvalid,
          fmt::format("by: unknown \"{}\"; must be of {}", name, AllNames()));
    }
    if (std::find(dimensions.begin(), dimensions.end(), *dimension) !=
        dimensions.end()) {
      return Error(Code::kInvalid, fmt::format("by: {} stands twice", name));
    }
    dimensions.push_back(*dimension);
  }
  if (dimensions.size() > kGroupedByMax) {
    return Error(Code::kInvalid, fmt::format("by: {} names, at most {}",
                                             dimensions.size(), kGroupedByMax));
  }
  return dimensions;
}

bool NamesAPerson(Dimension dimension) {
  return dimension == Dimension::kPerson || dimension == Dimension::kKey;
}

}  // namespace cofferdam::account
