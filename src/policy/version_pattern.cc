#include "policy/version_pattern.h"

#include <algorithm>
#include <optional>

#include "policy/glob.h"

namespace cofferdam::policy {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "v2.1-beta+7" in its parts: "2.1" and "-beta".
struct Version {
  std::string_view numbers;
  std::string_view suffix;
};

Version Split(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  text = text.substr(0, text.find('+'));
  const size_t dash = std::min(text.find('-'), text.size());
  return {text.substr(0, dash), text.substr(dash)};
}

// The number in front, without leading zeros; `numbers` goes on behind its dot.
std::string_view TakeNumber(std::string_view* numbers) {
  const size_t dot = std::min(numbers->find('.'), numbers->size());
  std::string_view number = numbers->substr(0, dot);
  numbers->remove_prefix(std::min(dot + 1, numbers->size()));
  while (number.starts_with('0')) number.remove_prefix(1);
  return number;
}

}  // namespace

bool IsVersion(std::string_view text) {
  std::string_view numbers = Split(text).numbers;
  bool digit_before = false;
  for (char c : numbers) {
    if (!IsDigit(c) && !(c == '.' && digit_before)) return false;
    digit_before = IsDigit(c);
  }
  return digit_before;
}

std::strong_ordering CompareVersions(std::string_view a, std::string_view b) {
  Version left = Split(a);
  Version right = Split(b);
  while (!left.numbers.empty() || !right.numbers.empty()) {
    const std::string_view x = TakeNumber(&left.numbers);
    const std::string_view y = TakeNumber(&right.numbers);
    if (x.size() != y.size()) return x.size() <=> y.size();
    if (x != y) return x <=> y;
  }
  if (left.suffix.empty() != right.suffix.empty()) {
    return left.suffix.empty() ? std::strong_ordering::greater
                               : std::strong_ordering::less;
  }
  return left.suffix <=> right.suffix;
}

Result<VersionPattern> VersionPattern::Parse(std::string_view text) {
  VersionPattern pattern;
  pattern.text_ = text;
  if (text.find_first_of("<>=") == std::string_view::npos) return pattern;
  const std::pair<std::string_view, Comparison> kSigns[] = {
      {"<=", Comparison::kAtMost}, {">=", Comparison::kAtLeast},
      {"<", Comparison::kLess},    {">", Comparison::kGreater},
      {"==", Comparison::kEqual},  {"=", Comparison::kEqual},
  };
  for (bool more = true; more;) {
    const size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    std::string_view bound = Trim(text.substr(0, comma));
    if (more) text.remove_prefix(comma + 1);
    std::optional<Comparison> comparison;
    for (const auto& [sign, meaning] : kSigns) {
      if (!bound.starts_with(sign)) continue;
      comparison = meaning;
      bound = Trim(bound.substr(sign.size()));
      break;
    }
    if (!comparison || !IsVersion(bound)) {
      return Error(Code::kInvalid,
                   "must be comparisons such as \">=2.1, <3\", or a name in "
                   "which * stands for anything");
    }
    pattern.bounds_.push_back({*comparison, std::string(bound)});
  }
  return pattern;
}

bool VersionPattern::Fits(Comparison comparison, std::strong_ordering order) {
  switch (comparison) {
    case Comparison::kLess:
      return order < 0;
    case Comparison::kAtMost:
      return order <= 0;
    case Comparison::kEqual:
      return order == 0;
    case Comparison::kAtLeast:
      return order >= 0;
    case Comparison::kGreater:
      return order > 0;
  }
  return false;
}

bool VersionPattern::Holds(const Bound& bound, std::string_view version) {
  return Fits(bound.comparison, CompareVersions(version, bound.version));
}

std::vector<std::string_view> VersionPattern::versions() const {
  std::vector<std::string_view> versions;
  for (const Bound& bound : bounds_) versions.push_back(bound.version);
  return versions;
}

bool VersionPattern::HoldsAt(size_t place,
                             std::span<const std::string> sorted) const {
  return !is_text() &&
         std::all_of(bounds_.begin(), bounds_.end(), [&](const Bound& bound) {
           const size_t own = PlaceOfVersion(bound.version, sorted);
           return Fits(bound.comparison, place <=> own);
         });
}

size_t PlaceOfVersion(std::string_view version,
                      std::span<const std::string> sorted) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), version,
                                   [](std::string_view a, std::string_view b) {
                                     return CompareVersions(a, b) < 0;
                                   });
  const size_t below = 2 * static_cast<size_t>(at - sorted.begin());
  const bool same = at != sorted.end() && CompareVersions(*at, version) == 0;
  return below + (same ? 1 : 0);
}

bool VersionPattern::Matches(std::string_view version) const {
  if (bounds_.empty()) return MatchesGlob(text_, version);
  return IsVersion(version) &&
         std::all_of(bounds_.begin(), bounds_.end(),
                     [&](const Bound& bound) { return Holds(bound, version); });
}

bool VersionPattern::Satisfiable() const {
  if (bounds_.empty()) return true;
  // Only bounds can be wrong with one another: the greatest lower one and the
  // least upper one must leave room, or be met by one and the same version.
  const Bound* low = nullptr;
  const Bound* high = nullptr;
  for (const Bound& bound : bounds_) {
    const bool strict = bound.comparison == Comparison::kLess ||
                        bound.comparison == Comparison::kGreater;
    const bool lower = bound.comparison >= Comparison::kEqual;
    const bool upper = bound.comparison <= Comparison::kEqual;
    if (lower) {
      const auto order = low ? CompareVersions(bound.version, low->version)
                             : std::strong_ordering::greater;
      if (order > 0 || (order == 0 && strict)) low = &bound;
    }
    if (upper) {
      const auto order = high ? CompareVersions(bound.version, high->version)
                              : std::strong_ordering::less;
      if (order < 0 || (order == 0 && strict)) high = &bound;
    }
  }
  if (low == nullptr || high == nullptr) return true;
  const auto order = CompareVersions(low->version, high->version);
  return order < 0 || (order == 0 && Holds(*low, high->version) &&
                       Holds(*high, low->version));
}

bool VersionPattern::Covers(const VersionPattern& other) const {
  if (bounds_.empty()) {
    return GlobCovers(text_, other.bounds_.empty() ? other.text_ : "*");
  }
  if (other.bounds_.empty()) {
    return !IsGlob(other.text_) && Matches(other.text_);
  }
  // Each of our bounds has to follow from one of the other's.
  auto follows = [&](const Bound& mine) {
    return std::any_of(
        other.bounds_.begin(), other.bounds_.end(), [&](const Bound& theirs) {
          const bool same_side = theirs.comparison == Comparison::kEqual ||
                                 (mine.comparison <= Comparison::kAtMost &&
                                  theirs.comparison <= Comparison::kAtMost) ||
                                 (mine.comparison >= Comparison::kAtLeast &&
                                  theirs.comparison >= Comparison::kAtLeast);
          if (!same_side || mine.comparison == Comparison::kEqual) {
            return mine.comparison == theirs.comparison &&
                   CompareVersions(mine.version, theirs.version) == 0;
          }
          if (Holds(mine, theirs.version)) return true;
          // "<3" follows from "<3", though 3 itself does not fulfil it.
          return theirs.comparison == mine.comparison &&
                 CompareVersions(mine.version, theirs.version) == 0;
        });
  };
  return std::all_of(bounds_.begin(), bounds_.end(), follows);
}

}  // namespace cofferdam::policy
