#include "policy/law_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/toml.h"
#include "policy/law_cover_internal.h"
#include "policy/law_internal.h"

namespace cofferdam::policy {
namespace {

std::string Place(const Rule& rule) {
  return fmt::format("\"{}\" (line {})", rule.name, rule.line);
}

bool SameAnswer(const Rule& a, const Rule& b) {
  return a.effect == b.effect && a.reroute_to == b.reroute_to;
}

std::string Together(const std::vector<Rule>& rules,
                     const std::set<size_t>& places) {
  std::string text;
  for (size_t place : places) {
    text += text.empty() ? "" : ", ";
    text += Place(rules[place]);
  }
  return text;
}

void Add(const Rule& rule, Severity severity, std::string_view message,
         std::vector<LawFinding>* findings) {
  findings->push_back({severity, rule.line, rule.column,
                       fmt::format("[rule.{}] \"{}\": {}", rule.place + 1,
                                   rule.name, message)});
}

void CheckReach(const std::vector<Rule>& rules, const Rule& rule,
                std::vector<LawFinding>* findings) {
  const std::string never = WhyNever(rule.when);
  if (!never.empty()) {
    Add(rule, Severity::kError, "no request can match: " + never, findings);
    return;
  }
  const std::span<const Rule> earlier(rules.data(), rule.place);
  const std::set<size_t> takers = WhoTakesAll(earlier, rule.when);
  if (takers.empty()) return;
  const Rule& first = rules[*takers.begin()];
  const bool same =
      takers.size() == 1 && Covers(rule.when, first.when, Proof::kWhole);
  if (same && !SameAnswer(rule, first)) {
    Add(rule, Severity::kError,
        fmt::format("contradicts {}: the same conditions, but {} there and {} "
                    "here",
                    Place(first), EffectName(first.effect),
                    EffectName(rule.effect)),
        findings);
    return;
  }
  Add(rule, Severity::kError,
      fmt::format("unreachable: {} above {} all that it means",
                  Together(rules, takers),
                  takers.size() == 1 ? "takes" : "take"),
      findings);
}

// An allowing rule stands above the fixed part, which its author may not have
// in mind.
void CheckOverride(const Law& law, const Rule& rule,
                   std::vector<LawFinding>* findings) {
  if (rule.effect != Effect::kAllow && rule.effect != Effect::kReroute) return;
  if (!rule.when.Any(Field::kPurpose).empty()) return;
  std::string open;
  for (const auto& [name, feeds] : law.purposes().all()) {
    const bool fixed = name == kEvalAuthoring ||
                       (law.trains_models() && feeds != Feeds::kNothing);
    if (!fixed || Excludes(rule.when, Field::kPurpose, name)) continue;
    open += (open.empty() ? "" : ", ") + name;
  }
  if (open.empty()) return;
  Add(rule, Severity::kWarning,
      fmt::format("allows {} too, which terms and purpose alone would not; "
                  "name `purpose` or `not_purpose` to say what is meant",
                  open),
      findings);
}

// The patterns of one condition that none of `known` matches.
std::vector<std::string> Unknown(const Rule& rule, Field field,
                                 const std::vector<std::string>& known) {
  std::vector<std::string> unknown;
  for (const auto* patterns : {&rule.when.Any(field), &rule.when.None(field)}) {
    for (const std::string& pattern : *patterns) {
      if (!pattern.empty() && !MatchesAny(pattern, known)) {
        unknown.push_back(pattern);
      }
    }
  }
  return unknown;
}

void CheckKnown(const Law& law, const KnownNames& known, const Rule& rule,
                std::vector<LawFinding>* findings) {
  if (known.teams) {
    for (const std::string& team : Unknown(rule, Field::kTeam, *known.teams)) {
      Add(rule, Severity::kWarning,
          fmt::format("team: nobody knows a team \"{}\"; `cofferdam team "
                      "list` shows them",
                      team),
          findings);
    }
  }
  if (known.tools) {
    for (const std::string& tool : Unknown(rule, Field::kTool, *known.tools)) {
      Add(rule, Severity::kWarning,
          fmt::format("tool: no agent is called \"{}\" unless a session key "
                      "binds that name; known: {}",
                      tool, fmt::join(*known.tools, ", ")),
          findings);
    }
  }
  if (!known.labels) return;
  for (size_t i = 0; i < law.labels().size(); ++i) {
    const bool asked = (rule.when.labels >> i & 1U) != 0;
    if (!asked || MatchesAny(law.labels()[i], *known.labels)) continue;
    Add(rule, Severity::kWarning,
        fmt::format("prompt_contains: no index has the label \"{}\" yet; until "
                    "`cofferdam index build --from PATH --label {}` every "
                    "request that the rule asks about is refused",
                    law.labels()[i], law.labels()[i]),
        findings);
  }
}

}  // namespace

std::string_view SeverityName(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

std::vector<LawFinding> CheckLaw(std::string_view text,
                                 const LawContext& context) {
  if (text.size() > kLawBytesMax) {
    return {{Severity::kError, 1, 1,
             fmt::format("longer than {} bytes", kLawBytesMax)}};
  }
  std::vector<LawFinding> findings;
  TomlDocument document = TomlDocument::Parse(text);
  LawReader reader(context);
  if (document.issues().empty()) reader.Read(&document);
  for (const TomlIssue& issue : document.issues()) {
    findings.push_back(
        {Severity::kError, issue.line, issue.column, issue.message});
  }
  const std::shared_ptr<const Law> law = reader.Take(text, "");
  for (const Rule& rule : law->rules()) {
    CheckReach(law->rules(), rule, &findings);
    CheckOverride(*law, rule, &findings);
    if (context.known) CheckKnown(*law, *context.known, rule, &findings);
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const LawFinding& a, const LawFinding& b) {
                     return std::pair(a.line, a.column) <
                            std::pair(b.line, b.column);
                   });
  return findings;
}

}  // namespace cofferdam::policy
