#include "cli/law_text.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace cofferdam::cli {
namespace {

std::string Quoted(const std::vector<std::string>& patterns) {
  std::string text;
  for (const std::string& pattern : patterns) {
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", pattern);
  }
  return text;
}

// Every condition, in words: `tool is "codex", repo is not "h/*"`.
std::string ConditionsText(const policy::Law& law,
                           const policy::Conditions& when) {
  std::string text;
  auto add = [&text](std::string part) {
    text += (text.empty() ? "" : "; ") + std::move(part);
  };
  for (size_t i = 0; i < policy::kFieldCount; ++i) {
    const std::string_view name =
        policy::FieldName(static_cast<policy::Field>(i));
    if (!when.any_of[i].empty()) {
      add(fmt::format("{} {}", name, Quoted(when.any_of[i])));
    }
    if (!when.none_of[i].empty()) {
      add(fmt::format("{} not {}", name, Quoted(when.none_of[i])));
    }
  }
  std::vector<std::string> versions;
  for (const auto& version : when.tool_versions) {
    versions.push_back(version.text());
  }
  if (!versions.empty()) add("tool_version " + Quoted(versions));
  if (when.grade_min != policy::Grade::kNone) {
    add(fmt::format("grade at least {}", policy::GradeName(when.grade_min)));
  }
  if (when.time) {
    std::string spans;
    for (const auto& [begin, end] : when.time->spans()) {
      spans += fmt::format("{}{}-{}", spans.empty() ? "" : ", ",
                           policy::WeekMinuteText(begin),
                           policy::WeekMinuteText(end));
    }
    add(fmt::format("time (UTC) {}", spans));
  }
  std::vector<std::string> labels;
  for (size_t i = 0; i < law.labels().size(); ++i) {
    if ((when.labels >> i & 1U) != 0) labels.push_back(law.labels()[i]);
  }
  if (!labels.empty()) add("prompt contains " + Quoted(labels));
  return text.empty() ? "every request" : text;
}

// "30 requests a minute, 4 streams, for each team".
std::string LimitsText(const policy::RateLimit& limits) {
  std::string text;
  auto add = [&text](int64_t count, std::string_view of) {
    if (count > 0) text += fmt::format("{} {}, ", count, of);
  };
  add(limits.requests_per_minute, "requests a minute");
  add(limits.tokens_per_minute, "tokens a minute");
  add(limits.streams, "streams at once");
  const std::string_view per = policy::PerName(limits.per);
  return limits.per == policy::Per::kCompany
             ? text + "for the whole company"
             : text + fmt::format("for each {}", per);
}

void AddRuleJson(const policy::Law& law, const policy::Rule& rule,
                 JsonWriter* json) {
  json->BeginObject()
      .Field("name", rule.name)
      .Field("line", int64_t{rule.line})
      .Field("when", ConditionsText(law, rule.when))
      .Field("effect", policy::EffectName(rule.effect))
      .FieldIfSet("to", rule.reroute_to)
      .FieldIfSet("reason", rule.reason)
      .FieldIfSet("ask", rule.ask);
  if (rule.effect == policy::Effect::kApprove) {
    json->Field("four_eyes", rule.approval.four_eyes == policy::FourEyes::kYes)
        .Field("expires_h", rule.approval.expires_h);
  }
  if (rule.limits) {
    auto number = [](int64_t count) {
      return count > 0 ? std::optional<int64_t>(count) : std::nullopt;
    };
    json->Key("limits")
        .BeginObject()
        .FieldIfSet("requests_per_minute",
                    number(rule.limits->requests_per_minute))
        .FieldIfSet("tokens_per_minute", number(rule.limits->tokens_per_minute))
        .FieldIfSet("streams", number(rule.limits->streams))
        .Field("per", policy::PerName(rule.limits->per))
        .EndObject();
  }
  json->EndObject();
}

void AddRule(const policy::Law& law, const policy::Rule& rule,
             std::string* text) {
  auto line = [text](std::string_view row) {
    *text += row;
    text->push_back('\n');
  };
  std::string effect(policy::EffectName(rule.effect));
  if (rule.effect == policy::Effect::kReroute)
    effect += " to " + rule.reroute_to;
  if (rule.approval.four_eyes == policy::FourEyes::kYes) {
    effect += " with four eyes";
  }
  line(fmt::format("{:>4}  {}: {}", rule.place + 1, rule.name, effect));
  line("      when  " + ConditionsText(law, rule.when));
  if (rule.limits) line("      limit " + LimitsText(*rule.limits));
  if (!rule.reason.empty()) line("      why   " + rule.reason);
  if (!rule.ask.empty()) line("      next  " + rule.ask);
}

// What holds where no rule does.
constexpr std::string_view kFixed[] = {
    "eval-authoring is denied, whatever the model",
    "a contract that forbids training needs approval for purposes that feed "
    "training or evaluation",
    "everything else is allowed"};

}  // namespace

std::string LawJson(const policy::Law& law,
                    const std::vector<ContractTerms>& contracts) {
  JsonWriter json;
  json.BeginObject()
      .Field("file", law.file_name())
      .Field("version", law.version())
      .Field("trains_models", law.trains_models())
      .FieldIfSet("commit_trailer", law.commit_trailer())
      .Key("rules")
      .BeginArray();
  for (const policy::Rule& rule : law.rules()) AddRuleJson(law, rule, &json);
  json.EndArray().Key("purposes").BeginObject();
  for (const auto& [name, feeds] : law.purposes().all()) {
    json.Field(name, policy::FeedsName(feeds));
  }
  json.EndObject().Key("repositories").BeginArray();
  for (const auto& repository : law.purposes().repositories()) {
    json.BeginObject().Field("match", repository.pattern).Key("purposes");
    json.BeginArray();
    for (const std::string& purpose : repository.purposes) json.String(purpose);
    json.EndArray().EndObject();
  }
  json.EndArray().Key("protect").BeginArray();
  for (const policy::Protection& protection : law.protections()) {
    json.BeginObject().Key("repo").BeginArray();
    for (const std::string& repo : protection.repos) json.String(repo);
    json.EndArray().Key("paths").BeginArray();
    for (const std::string& path : protection.paths) json.String(path);
    json.EndArray()
        .Field("purpose", policy::ScanPurposeName(protection.purpose))
        .FieldIfSet("ask", protection.ask)
        .EndObject();
  }
  json.EndArray().Key("contracts").BeginObject();
  for (const ContractTerms& contract : contracts) {
    json.Field(contract.name, policy::TermsClassName(contract.terms_class));
  }
  json.EndObject().EndObject();
  return std::string(json.text());
}

std::string LawText(const policy::Law& law,
                    const std::vector<ContractTerms>& contracts,
                    std::string_view terms_version) {
  std::string text =
      fmt::format("{}, edition {}, {} rules; the first that matches decides\n",
                  law.file_name().empty() ? "no policy.toml" : law.file_name(),
                  law.version(), law.rules().size());
  for (const policy::Rule& rule : law.rules()) AddRule(law, rule, &text);
  text += "where no rule matches\n";
  for (size_t i = 0; i < std::size(kFixed); ++i) {
    if (i == 1 && !law.trains_models()) continue;
    text += fmt::format("      {}\n", kFixed[i]);
  }
  text += "purposes and what they feed\n";
  for (const auto& [name, feeds] : law.purposes().all()) {
    text += fmt::format("      {:<24} {}\n", name, policy::FeedsName(feeds));
  }
  for (const auto& repository : law.purposes().repositories()) {
    text += fmt::format("      {} admits only {}\n", repository.pattern,
                        Quoted(repository.purposes));
  }
  if (!law.protections().empty())
    text += "paths that no forbidden lines may enter (cofferdam check)\n";
  for (const policy::Protection& protection : law.protections()) {
    text += fmt::format("      {} for {}", Quoted(protection.paths),
                        policy::ScanPurposeName(protection.purpose));
    if (!protection.repos.empty())
      text += fmt::format(", in {}", Quoted(protection.repos));
    text += "\n";
  }
  if (!law.commit_trailer().empty()) {
    text += fmt::format("commits of agents carry\n      {}\n",
                        law.commit_trailer());
  }
  text += fmt::format("contracts and their terms (table {})\n", terms_version);
  for (const ContractTerms& contract : contracts) {
    text += fmt::format("      {:<24} {}\n", contract.name,
                        policy::TermsClassName(contract.terms_class));
  }
  return text;
}

}  // namespace cofferdam::cli
