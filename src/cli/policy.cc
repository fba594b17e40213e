#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/law_file.h"
#include "cli/law_text.h"
#include "console/admin.h"
#include "console/stores.h"
#include "evidence/label_index.h"
#include "gate/identity.h"
#include "gate/upstream.h"
#include "policy/law_case.h"
#include "policy/law_check.h"

namespace cofferdam::cli {
namespace {

using policy::Decision;
using policy::Effect;
using policy::Law;
using policy::Situation;
using policy::SituationQuestion;
using Takes = Flag::Takes;
using Count = Positional::Count;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};
const Positional kFile = {"FILE", Count::kOptional,
                          "the law; else the one of the configuration"};

// The configuration with the law that the call names.
Result<Config> ConfigOf(const Invocation& call) {
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  if (!call.positional().empty()) config.policy_file = call.positional();
  return config;
}

// The text of the law; empty where there is no file.
Result<std::string> ReadLaw(const Config& config) {
  const std::string file = LawFile(config);
  const bool absent = file.empty() || (config.policy_file.empty() &&
                                       access(file.c_str(), F_OK) != 0);
  if (absent) return std::string();
  return ReadFile(file, policy::kLawBytesMax);
}

// The teams of the data folder; none where there is no such folder yet, as on
// a machine that only checks.
Result<std::optional<std::vector<std::string>>> KnownTeams(
    const Config& config) {
  if (access((config.data_folder + "/policy.sqlite").c_str(), F_OK) != 0) {
    return std::optional<std::vector<std::string>>();
  }
  TRY_ASSIGN(console::StoresOptions stores, StoresOptionsOf(config));
  TRY_ASSIGN(auto admin, console::Admin::Open(stores, CommandLogger()));
  TRY_ASSIGN(std::string answer, admin->Call("GET", "team"));
  TRY(admin->Close());
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  std::vector<std::string> teams;
  for (const JsonValue& row : list["teams"].Elements()) {
    teams.emplace_back(row["name"].StringOrEmpty());
  }
  return std::optional(std::move(teams));
}

Result<int> Check(const Invocation& call) {
  TRY_ASSIGN(Config config, ConfigOf(call));
  TRY_ASSIGN(std::string text, ReadLaw(config));
  policy::LawContext context = LawContextOf(config);
  // A rule that asks for a label nobody has built refuses whatever it meets.
  TRY_ASSIGN(const std::vector<evidence::LabelInfo> labels,
             evidence::ListLabels(evidence::LabelsFolder(config.data_folder)));
  if (context.known) {
    TRY_ASSIGN(context.known->teams, KnownTeams(config));
    context.known->tools = gate::KnownTools();
    context.known->labels.emplace();
    for (const evidence::LabelInfo& each : labels) {
      context.known->labels->push_back(each.label);
    }
  }
  const std::vector<policy::LawFinding> findings =
      policy::CheckLaw(text, context);
  const std::string file = LawFile(config);
  const auto errors = std::count_if(
      findings.begin(), findings.end(), [](const policy::LawFinding& finding) {
        return finding.severity == policy::Severity::kError;
      });
  if (call.json()) {
    JsonWriter json;
    json.BeginObject()
        .Field("file", file)
        .Field("ok", errors == 0)
        .Key("findings")
        .BeginArray();
    for (const policy::LawFinding& finding : findings) {
      json.BeginObject()
          .Field("severity", policy::SeverityName(finding.severity))
          .Field("line", int64_t{finding.line})
          .Field("column", int64_t{finding.column})
          .Field("message", finding.message)
          .EndObject();
    }
    json.EndArray().EndObject();
    PrintLine(json.text());
    return errors == 0 ? 0 : 1;
  }
  for (const policy::LawFinding& finding : findings) {
    PrintLine(
        fmt::format("{}:{}:{}: {}: {}", file, finding.line, finding.column,
                    policy::SeverityName(finding.severity), finding.message));
  }
  const auto warnings = static_cast<int64_t>(findings.size()) - errors;
  const std::string counted =
      fmt::format("{} error{}, {} warning{}", errors, errors == 1 ? "" : "s",
                  warnings, warnings == 1 ? "" : "s");
  if (errors > 0) {
    Say(fmt::format("{}: {}", file, counted));
    return 1;
  }
  TRY_ASSIGN(auto law, LoadLaw(config, nullptr));
  PrintLine(fmt::format("{}: ok ({} rules, {}, edition {})",
                        law->file_name().empty() ? "no policy.toml" : file,
                        law->rules().size(), counted, law->version()));
  return 0;
}

Result<int> Show(const Invocation& call) {
  TRY_ASSIGN(Config config, ConfigOf(call));
  TRY_ASSIGN(auto law, LoadLaw(config, nullptr));
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  const int64_t now = SystemClock().WallMicros();
  std::vector<ContractTerms> contracts;
  for (const policy::Contract& contract : config.contracts) {
    contracts.push_back(
        {contract.name, terms.Resolve(contract, now).terms_class});
  }
  if (call.json()) {
    PrintLine(LawJson(*law, contracts));
  } else {
    Print(LawText(*law, contracts, terms.version()));
  }
  return 0;
}

// Fills in what follows from the configuration: the upstream that would get
// the request, its contract, and what the terms say of that.
Status Complete(const Config& config, const policy::TermsTable& terms,
                int64_t now, Situation* is) {
  for (const gate::UpstreamOptions& row : config.gate.upstreams) {
    const bool serves = is->model.empty() ||
                        std::any_of(row.models.begin(), row.models.end(),
                                    [&](const std::string& glob) {
                                      return gate::MatchesGlob(glob, is->model);
                                    });
    const bool named = !is->model.empty() || is->protocol ||
                       !is->provider.empty() || !is->contract.empty();
    if (!named || !serves || (is->protocol && *is->protocol != row.protocol) ||
        (!is->provider.empty() && is->provider != row.provider) ||
        (!is->contract.empty() && is->contract != row.contract.name)) {
      continue;
    }
    is->protocol = row.protocol;
    is->provider = row.provider;
    is->contract = row.contract.name;
    break;
  }
  if (is->terms_class || is->contract.empty()) return {};
  for (const policy::Contract& contract : config.contracts) {
    if (contract.name != is->contract) continue;
    is->terms_class = terms.Resolve(contract, now).terms_class;
    return {};
  }
  return Error(
      Code::kInvalid,
      fmt::format("contract: no [contract.{}] is configured", is->contract));
}

Result<Situation> SituationOf(const Invocation& call) {
  Situation is;
  is.person = call.Text("--person");
  std::string_view teams;
  const std::string named = call.Text("--team");
  for (teams = named; !teams.empty();) {
    const size_t comma = std::min(teams.find(','), teams.size());
    is.teams.emplace_back(teams.substr(0, comma));
    teams.remove_prefix(std::min(comma + 1, teams.size()));
  }
  is.tool = call.Text("--tool");
  const size_t slash = is.tool.find('/');
  if (slash != std::string::npos) {
    is.tool_version = is.tool.substr(slash + 1);
    is.tool.resize(slash);
  }
  is.provider = call.Text("--provider");
  is.model = call.Text("--model");
  is.contract = call.Text("--contract");
  is.repo = call.Text("--repo");
  is.path = call.Text("--path");
  is.purpose = call.Text("--purpose");
  if (call.Has("--contains")) is.contains = {call.Text("--contains")};
  if (call.Has("--grade")) {
    for (policy::Grade grade :
         {policy::Grade::kNone, policy::Grade::kAgent, policy::Grade::kSession,
          policy::Grade::kAttested}) {
      if (policy::GradeName(grade) == call.Text("--grade")) is.grade = grade;
    }
    if (!is.grade) {
      return Error(Code::kInvalid,
                   "--grade: must be none, agent, session or attested");
    }
  }
  if (call.Has("--protocol")) {
    is.protocol = wire::ParseProtocol(call.Text("--protocol"));
    if (!is.protocol) {
      return Error(Code::kInvalid,
                   "--protocol: must be anthropic-messages, openai-responses, "
                   "openai-chat or gemini");
    }
  }
  if (call.Has("--at")) {
    Result<int> minute = policy::ParseWeekMinute(call.Text("--at"));
    if (!minute.ok()) return std::move(minute).error().Within("--at");
    is.minute_of_week = *minute;
  }
  return is;
}

std::string DecidedByText(const Law& law, const Decision& decision) {
  if (decision.rule == nullptr) {
    return fmt::format("by no rule ({})", decision.name);
  }
  return fmt::format("by rule \"{}\" ({}:{})", decision.name, law.file_name(),
                     decision.rule->line);
}

void ExplainJson(const Law& law, const Decision& decision, const Situation& is,
                 uint64_t asked, const Status& minting) {
  JsonWriter json;
  json.BeginObject()
      .Field("effect", policy::EffectName(decision.effect))
      .Field("by", policy::DecidedByName(decision.by))
      .Field("name", decision.name);
  if (decision.rule != nullptr) {
    json.Field("line", int64_t{decision.rule->line})
        .FieldIfSet("to", decision.rule->reroute_to);
  }
  json.FieldIfSet("why", decision.why)
      .FieldIfSet("ask", decision.ask)
      .Field("overrides_terms", decision.overrides_terms)
      .Field("version", law.version())
      .FieldIfSet("provider", is.provider)
      .FieldIfSet("contract", is.contract)
      .FieldIfSet("no_session_key",
                  minting.ok() ? "" : minting.error().message())
      .Key("labels_asked")
      .BeginArray();
  for (size_t i = 0; i < law.labels().size(); ++i) {
    if ((asked >> i & 1U) != 0) json.String(law.labels()[i]);
  }
  json.EndArray().EndObject();
  PrintLine(json.text());
}

Result<int> Explain(const Invocation& call) {
  TRY_ASSIGN(Config config, ConfigOf(call));
  TRY_ASSIGN(auto law, LoadLaw(config, nullptr));
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  const int64_t now = SystemClock().WallMicros();
  TRY_ASSIGN(Situation is, SituationOf(call));
  TRY(Complete(config, terms, now, &is));
  TRY_ASSIGN(auto asked, SituationQuestion::Make(std::move(is), *law, now));
  policy::Question question = asked->question();
  const Decision decision = law->Decide(question);
  const uint64_t labels = law->LabelsAsked(question) & ~question.labels;
  const bool passes =
      decision.effect == Effect::kAllow || decision.effect == Effect::kReroute;
  const Situation& full = asked->situation();
  // Without a session key for that repository and purpose there is no request.
  const Status minting = law->CheckPurpose(full.repo, full.purpose);
  const int code = passes && minting.ok() ? 0 : 1;
  if (call.json()) {
    ExplainJson(*law, decision, full, labels, minting);
    return code;
  }
  if (!minting.ok()) {
    PrintLine(fmt::format("no session key: {}; were there one:",
                          minting.error().message()));
  }
  std::string effect(policy::EffectName(decision.effect));
  if (decision.effect == Effect::kReroute) {
    effect += " to " + decision.rule->reroute_to;
  }
  PrintLine(fmt::format("{}, {}", effect, DecidedByText(*law, decision)));
  if (!decision.why.empty()) PrintLine(fmt::format("  why   {}", decision.why));
  if (!decision.ask.empty()) PrintLine(fmt::format("  next  {}", decision.ask));
  if (decision.overrides_terms) {
    PrintLine("  this overrides what terms and purpose alone would say");
  }
  if (!full.contract.empty()) {
    PrintLine(fmt::format(
        "  judged as provider {}, contract {} ({}), purpose {}", full.provider,
        full.contract, policy::TermsClassName(question.terms_class),
        full.purpose));
  } else {
    PrintLine(
        fmt::format("  judged with no contract, as unknown terms, purpose "
                    "{}; name --model or --contract",
                    full.purpose));
  }
  for (size_t i = 0; i < law->labels().size(); ++i) {
    if ((labels >> i & 1U) == 0) continue;
    question.labels = uint64_t{1} << i;
    const Decision then = law->Decide(question);
    PrintLine(fmt::format("  if the prompt contained {}: {}, {}",
                          law->labels()[i], policy::EffectName(then.effect),
                          DecidedByText(*law, then)));
  }
  return code;
}

// policy.toml -> policy.test.toml, beside it.
std::string CasesFile(std::string law_file) {
  constexpr std::string_view kSuffix = ".toml";
  if (law_file.ends_with(kSuffix)) {
    law_file.resize(law_file.size() - kSuffix.size());
  }
  return law_file + ".test.toml";
}

Result<int> Test(const Invocation& call) {
  TRY_ASSIGN(Config config, ConfigOf(call));
  TRY_ASSIGN(auto law, LoadLaw(config, nullptr));
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  const int64_t now = SystemClock().WallMicros();
  const std::string file =
      call.Has("--cases") ? call.Text("--cases") : CasesFile(LawFile(config));
  TRY_ASSIGN(std::string text, ReadFile(file, policy::kLawBytesMax));
  TRY_ASSIGN(std::vector<policy::LawCase> cases,
             policy::ParseLawCases(text, file));
  size_t failed = 0;
  for (policy::LawCase& test : cases) {
    const std::string place =
        fmt::format("{}:{}:{}", file, test.line, test.column);
    Status completed = Complete(config, terms, now, &test.situation);
    if (!completed.ok()) return std::move(completed).error().Within(place);
    auto asked = SituationQuestion::Make(test.situation, *law, now);
    if (!asked.ok()) return std::move(asked).error().Within(place);
    const Decision decision = law->Decide((*asked)->question());
    const bool right = decision.effect == test.expect &&
                       (test.rule.empty() || test.rule == decision.name);
    if (right) continue;
    ++failed;
    PrintLine(fmt::format(
        "{}: \"{}\": expected {}{}, but it is {}, {}{}", place, test.name,
        policy::EffectName(test.expect),
        test.rule.empty() ? "" : fmt::format(" by \"{}\"", test.rule),
        policy::EffectName(decision.effect), DecidedByText(*law, decision),
        decision.why.empty() ? "" : fmt::format(": {}", decision.why)));
  }
  PrintLine(
      fmt::format("{} of {} cases hold", cases.size() - failed, cases.size()));
  return failed == 0 ? 0 : 1;
}

std::vector<Flag> ExplainFlags() {
  return {
      {"--person", Takes::kText, "who asks: an e-mail address"},
      {"--team", Takes::kText, "the team, and those above it: a,b,c"},
      {"--tool", Takes::kText, "with which tool: claude-code or codex/0.50"},
      {"--provider", Takes::kText, "which provider; else the model's"},
      {"--model", Takes::kText, "which model"},
      {"--contract", Takes::kText, "under which contract; else the model's"},
      {"--repo", Takes::kText, "in which repository: its remote"},
      {"--path", Takes::kText, "the path of the request"},
      {"--purpose", Takes::kText, "what for; else unspecified"},
      {"--protocol", Takes::kText, "in which protocol; else the model's"},
      {"--grade", Takes::kText, "how well that is known; else session"},
      {"--at", Takes::kText, "when, in UTC: \"Wed 10:30\"; else now"},
      {"--contains", Takes::kText, "a label that the prompt contains"},
      kJson,
  };
}

}  // namespace

std::vector<Command> PolicyCommands() {
  return {
      {"policy check",
       "find what is wrong with the law, each with its line and column",
       {kFile},
       {kJson},
       false,
       Check},
      {"policy show",
       "print the law: rules, purposes, terms, and what holds without rules",
       {kFile},
       {kJson},
       false,
       Show},
      {"policy explain",
       "say what a request would be answered and by which rule; sends nothing",
       {kFile},
       ExplainFlags(),
       false,
       Explain},
      {"policy test",
       "run the cases in policy.test.toml, beside the law",
       {kFile},
       {{"--cases", Takes::kText, "another file of cases"}},
       false,
       Test},
  };
}

}  // namespace cofferdam::cli
