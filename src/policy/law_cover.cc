#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "policy/glob.h"
#include "policy/law_check.h"
#include "policy/law_cover_internal.h"

namespace cofferdam::policy {
namespace {

using Patterns = std::vector<std::string>;

bool CoveredByAny(const Patterns& wide, std::string_view narrow) {
  return std::any_of(wide.begin(), wide.end(), [&](const std::string& pattern) {
    return GlobCovers(pattern, narrow);
  });
}

bool CoversField(const Conditions& wide, const Conditions& narrow, Field field,
                 Proof proof) {
  const Patterns& any = wide.Any(field);
  const Patterns& asked = narrow.Any(field);
  if (!any.empty()) {
    auto covered = [&](const std::string& pattern) {
      return CoveredByAny(any, pattern);
    };
    const bool shown =
        proof == Proof::kWhole
            ? !asked.empty() && std::all_of(asked.begin(), asked.end(), covered)
            : asked.empty() || std::any_of(asked.begin(), asked.end(), covered);
    if (!shown) return false;
  }
  // What `wide` leaves out must be left out by `narrow`, too: named by it, or
  // beyond what it asks for. A person has several teams, so that asking for
  // one leaves out none.
  const Patterns& none = wide.None(field);
  return std::all_of(none.begin(), none.end(), [&](const std::string& out) {
    if (CoveredByAny(narrow.None(field), out)) return true;
    if (field == Field::kTeam || asked.empty()) return false;
    auto apart = [&](const std::string& pattern) {
      return !GlobsMeet(pattern, out);
    };
    return proof == Proof::kWhole
               ? std::all_of(asked.begin(), asked.end(), apart)
               : std::any_of(asked.begin(), asked.end(), apart);
  });
}

bool CoversVersions(const Conditions& wide, const Conditions& narrow,
                    Proof proof) {
  if (wide.tool_versions.empty()) return true;
  const std::vector<VersionPattern>& asked = narrow.tool_versions;
  auto covered = [&](const VersionPattern& pattern) {
    return std::any_of(
        wide.tool_versions.begin(), wide.tool_versions.end(),
        [&](const VersionPattern& version) { return version.Covers(pattern); });
  };
  return proof == Proof::kWhole
             ? !asked.empty() &&
                   std::all_of(asked.begin(), asked.end(), covered)
             : std::any_of(asked.begin(), asked.end(), covered);
}

bool CoversLabels(const Conditions& wide, const Conditions& narrow,
                  Proof proof) {
  if (wide.labels == 0) return true;
  return proof == Proof::kWhole
             ? narrow.labels != 0 && (narrow.labels & ~wide.labels) == 0
             : (narrow.labels & wide.labels) != 0;
}

// Halves of `when` that together mean the same: by the first thing of which it
// names several, or which it leaves open though it has few values.
std::vector<Conditions> Split(const Conditions& when,
                              std::span<const Rule* const> takers) {
  std::vector<Conditions> parts;
  for (size_t i = 0; i < kFieldCount; ++i) {
    Patterns values = when.any_of[i];
    const Field field = static_cast<Field>(i);
    const bool named = std::any_of(
        takers.begin(), takers.end(),
        [i](const Rule* rule) { return !rule->when.any_of[i].empty(); });
    if (values.empty() && named && field == Field::kProtocol) {
      for (int p = 0; p <= static_cast<int>(wire::Protocol::kGemini); ++p) {
        values.emplace_back(wire::ProtocolName(static_cast<wire::Protocol>(p)));
      }
    }
    if (values.empty() && named && field == Field::kTermsClass) {
      for (int c = 0; c <= static_cast<int>(TermsClass::kAllow); ++c) {
        values.emplace_back(TermsClassName(static_cast<TermsClass>(c)));
      }
    }
    if (values.size() < 2) continue;
    for (const std::string& value : values) {
      parts.push_back(when);
      parts.back().any_of[i] = {value};
    }
    return parts;
  }
  if (when.tool_versions.size() > 1) {
    for (const VersionPattern& version : when.tool_versions) {
      parts.push_back(when);
      parts.back().tool_versions = {version};
    }
  } else if (std::popcount(when.labels) > 1) {
    for (uint64_t rest = when.labels; rest != 0; rest &= rest - 1) {
      parts.push_back(when);
      parts.back().labels = rest & -rest;
    }
  }
  return parts;
}

// One proof: the rules that may have a share in it, and the cases left.
struct Search {
  std::vector<const Rule*> takers;
  std::set<size_t> used;
  int cases_left = kCasesMax;

  bool Shown(const Conditions& when) {
    if (--cases_left < 0) return false;
    for (const Rule* rule : takers) {
      if (!Covers(rule->when, when, Proof::kWhole)) continue;
      used.insert(rule->place);
      return true;
    }
    const std::vector<Conditions> parts = Split(when, takers);
    return !parts.empty() && std::all_of(parts.begin(), parts.end(),
                                         [this](const Conditions& part) {
                                           return !WhyNever(part).empty() ||
                                                  Shown(part);
                                         });
  }
};

}  // namespace

bool Covers(const Conditions& wide, const Conditions& narrow, Proof proof) {
  for (size_t i = 0; i < kFieldCount; ++i) {
    if (!CoversField(wide, narrow, static_cast<Field>(i), proof)) return false;
  }
  if (wide.grade_min > narrow.grade_min) return false;
  if (wide.time && !(narrow.time && wide.time->Covers(*narrow.time))) {
    return false;
  }
  return CoversVersions(wide, narrow, proof) &&
         CoversLabels(wide, narrow, proof);
}

std::set<size_t> WhoTakesAll(std::span<const Rule> earlier,
                             const Conditions& when) {
  Search search;
  for (const Rule& rule : earlier) {
    if (Covers(rule.when, when, Proof::kPart)) search.takers.push_back(&rule);
  }
  for (const Rule* rule : search.takers) {
    if (Covers(rule->when, when, Proof::kWhole)) return {rule->place};
  }
  if (search.takers.size() < 2 || !search.Shown(when)) return {};
  return search.used;
}

std::string WhyNever(const Conditions& when) {
  for (size_t i = 0; i < kFieldCount; ++i) {
    const Patterns& any = when.any_of[i];
    const Patterns& none = when.none_of[i];
    const std::string_view name = FieldName(static_cast<Field>(i));
    const bool out =
        !any.empty() &&
        std::all_of(any.begin(), any.end(), [&](const std::string& pattern) {
          return CoveredByAny(none, pattern);
        });
    if (out) return fmt::format("not_{0} leaves out all of {0}", name);
    if (any.empty() && CoveredByAny(none, "*")) {
      return fmt::format("not_{} leaves out everything", name);
    }
  }
  return "";
}

bool Excludes(const Conditions& when, Field field, std::string_view value) {
  const Patterns& any = when.Any(field);
  return CoveredByAny(when.None(field), value) ||
         (!any.empty() && !CoveredByAny(any, value));
}

bool MatchesAny(std::string_view glob, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return MatchesGlob(glob, name);
  });
}

}  // namespace cofferdam::policy
