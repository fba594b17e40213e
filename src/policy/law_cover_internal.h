#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/rule.h"

// What can be proven about sets of requests from conditions alone.
namespace cofferdam::policy {

// kPart: of fields that name several patterns, one being covered is enough; a
// quick test of whether a rule could have a share in a proof.
enum class Proof { kWhole, kPart };

// Whether `wide` certainly holds for every request for which `narrow` does.
bool Covers(const Conditions& wide, const Conditions& narrow, Proof proof);

// Places of earlier rules one of which takes each request that `when` means;
// empty if that cannot be shown.
std::set<size_t> WhoTakesAll(std::span<const Rule> earlier,
                             const Conditions& when);

// Why no request can fulfil them; empty if one may.
std::string WhyNever(const Conditions& when);

// Whether the conditions certainly rule out that value of a field.
bool Excludes(const Conditions& when, Field field, std::string_view value);

// Whether the glob matches one of the names.
bool MatchesAny(std::string_view glob, const std::vector<std::string>& names);

}  // namespace cofferdam::policy
