#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/glob.h"
#include "policy/law_internal.h"

// The names that a law uses, held against those that the configuration knows.
namespace cofferdam::policy {
namespace {

std::string Listed(const std::set<std::string_view>& names) {
  std::string list;
  for (std::string_view name : names) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", name);
  }
  return list.empty() ? "none is configured" : "must be one of " + list;
}

std::string Unknown(std::string_view pattern,
                    const std::set<std::string_view>& names) {
  if (pattern.empty()) return "";  // "not known" is a value of its own
  for (std::string_view name : names) {
    if (MatchesGlob(pattern, name)) return "";
  }
  return fmt::format("unknown \"{}\", {}", pattern, Listed(names));
}

bool MeetsAny(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(
      patterns.begin(), patterns.end(),
      [&](const std::string& pattern) { return GlobsMeet(pattern, text); });
}

bool Allows(const Conditions& when, Field field, std::string_view value) {
  const std::vector<std::string>& any = when.Any(field);
  const std::vector<std::string>& none = when.None(field);
  auto matches = [&](const std::string& pattern) {
    return MatchesGlob(pattern, value);
  };
  return (any.empty() || std::any_of(any.begin(), any.end(), matches)) &&
         !std::any_of(none.begin(), none.end(), matches);
}

// Whether requests that the rule means can go to that upstream.
bool CanMean(const Conditions& when, const KnownUpstream& upstream) {
  const std::vector<std::string>& models = when.Any(Field::kModel);
  return Allows(when, Field::kProvider, upstream.provider) &&
         Allows(when, Field::kContract, upstream.contract) &&
         Allows(when, Field::kProtocol,
                wire::ProtocolName(upstream.protocol)) &&
         (models.empty() || std::any_of(models.begin(), models.end(),
                                        [&](const std::string& model) {
                                          return MeetsAny(upstream.models,
                                                          model);
                                        }));
}

bool Serves(const KnownUpstream& upstream, std::string_view model) {
  return std::any_of(
      upstream.models.begin(), upstream.models.end(),
      [&](const std::string& pattern) { return MatchesGlob(pattern, model); });
}

}  // namespace

std::string UnknownPurpose(const Purposes& purposes, std::string_view pattern) {
  std::set<std::string_view> names;
  for (const auto& [name, feeds] : purposes.all()) names.insert(name);
  return Unknown(pattern, names);
}

std::string UnknownName(const KnownNames& known, Field field,
                        std::string_view pattern) {
  std::set<std::string_view> names;
  switch (field) {
    case Field::kContract:
      names.insert(known.contracts.begin(), known.contracts.end());
      return Unknown(pattern, names);
    case Field::kProvider:
      for (const KnownUpstream& row : known.upstreams) {
        names.insert(row.provider);
      }
      return Unknown(pattern, names);
    case Field::kModel:
      for (const KnownUpstream& row : known.upstreams) {
        if (pattern.empty() || MeetsAny(row.models, pattern)) return "";
      }
      return fmt::format("no upstream serves a model \"{}\"", pattern);
    default:
      return "";
  }
}

std::string WrongReroute(const KnownNames& known, const Rule& rule) {
  std::set<wire::Protocol> served;
  for (const KnownUpstream& row : known.upstreams) {
    if (Serves(row, rule.reroute_to)) served.insert(row.protocol);
  }
  if (served.empty()) {
    return fmt::format("no upstream serves a model \"{}\"", rule.reroute_to);
  }
  bool meant = false;
  for (const KnownUpstream& row : known.upstreams) {
    if (!CanMean(rule.when, row)) continue;
    meant = true;
    if (served.contains(row.protocol)) continue;
    const std::string_view from = wire::ProtocolName(row.protocol);
    return fmt::format(
        "leaves its protocol: requests to [upstream.{}] speak {}, in which no "
        "upstream serves \"{}\"; name only requests of {} in this rule",
        row.name, from, rule.reroute_to, wire::ProtocolName(*served.begin()));
  }
  if (!meant) return "no upstream gets the requests that this rule means";
  return "";
}

}  // namespace cofferdam::policy
