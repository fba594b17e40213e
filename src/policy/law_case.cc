#include "policy/law_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/toml.h"
#include "policy/names.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kMinuteMicros = int64_t{60} * 1'000'000;
// A Monday, 00:00 UTC.
constexpr int64_t kMondayMicros = int64_t{4} * 24 * 60 * kMinuteMicros;

template <typename T, typename Parse>
void ReadNamed(TomlTable* table, std::string_view key,
               const std::vector<std::string>& names, const Parse& parse,
               std::optional<T>* value) {
  auto name = table->OneOf(key, names);
  if (name) *value = parse(*name);
}

std::optional<Grade> ParseGrade(std::string_view name) {
  for (Grade grade :
       {Grade::kNone, Grade::kAgent, Grade::kSession, Grade::kAttested}) {
    if (GradeName(grade) == name) return grade;
  }
  return std::nullopt;
}

std::vector<std::string> Several(TomlTable* table, std::string_view key) {
  std::vector<std::string> texts;
  for (TomlText& text : table->Texts(key).value_or(std::vector<TomlText>())) {
    texts.push_back(std::move(text.text));
  }
  return texts;
}

Situation ReadSituation(TomlTable* table) {
  Situation read;
  const std::pair<std::string_view, std::string*> kTexts[] = {
      {"person", &read.person},
      {"tool", &read.tool},
      {"tool_version", &read.tool_version},
      {"provider", &read.provider},
      {"model", &read.model},
      {"contract", &read.contract},
      {"repo", &read.repo},
      {"path", &read.path},
      {"purpose", &read.purpose}};
  for (const auto& [key, value] : kTexts) {
    *value = table->String(key).value_or("");
  }
  read.teams = Several(table, "team");
  read.contains = Several(table, "prompt_contains");
  ReadNamed(table, "protocol",
            {"anthropic-messages", "openai-responses", "openai-chat", "gemini"},
            wire::ParseProtocol, &read.protocol);
  ReadNamed(table, "grade", {"none", "agent", "session", "attested"},
            ParseGrade, &read.grade);
  ReadNamed(table, "terms_class",
            {"forbid_any", "unknown", "forbid_compete", "allow_viral",
             "allow_limited", "allow_naming", "allow"},
            ParseTermsClass, &read.terms_class);
  if (auto at = table->String("at")) {
    Result<int> minute = ParseWeekMinute(*at);
    if (minute.ok()) {
      read.minute_of_week = *minute;
    } else {
      table->Complain("at", minute.error().message());
    }
  }
  return read;
}

LawCase ReadCase(TomlTable* table) {
  LawCase read;
  read.line = table->line();
  read.column = table->column();
  read.name = table->String("name").value_or("");
  if (read.name.empty()) {
    table->Complain(table->Has("name") ? "name" : "", "needs a name");
  }
  read.situation = ReadSituation(table);
  auto expect =
      table->OneOf("expect", {"allow", "deny", "approve", "pause", "reroute"});
  if (!table->Has("expect")) table->Missing("expect");
  if (expect) read.expect = *ParseEffect(*expect);
  read.rule = table->String("rule").value_or("");
  table->Finish();
  return read;
}

}  // namespace

Result<int> ParseWeekMinute(std::string_view text) {
  Error expected(Code::kInvalid,
                 "must be a day and a time in UTC, such as \"Wed 10:30\"");
  if (text.size() != 9 || text[3] != ' ') return expected;
  Result<WeekTime> time = WeekTime::Parse(fmt::format("{}-24:00", text), 0);
  if (!time.ok() || time->spans().size() != 1) return expected;
  return time->spans().front().first;
}

Result<std::unique_ptr<const SituationQuestion>> SituationQuestion::Make(
    Situation situation, const Law& law, int64_t now_micros) {
  std::unique_ptr<SituationQuestion> made(new SituationQuestion());
  if (situation.purpose.empty()) situation.purpose = kUnspecified;
  TRY_ASSIGN(situation.repo, NormaliseRepo(situation.repo));
  if (!situation.person.empty()) {
    TRY_ASSIGN(situation.person, NormaliseEmail(situation.person));
  }
  for (const std::string& label : situation.contains) {
    const auto found =
        std::find(law.labels().begin(), law.labels().end(), label);
    if (found == law.labels().end()) {
      return Error(Code::kInvalid,
                   fmt::format("prompt_contains: no rule asks for the label "
                               "\"{}\"",
                               label));
    }
    made->labels_ |= uint64_t{1} << (found - law.labels().begin());
  }
  made->now_micros_ =
      situation.minute_of_week
          ? kMondayMicros + *situation.minute_of_week * kMinuteMicros
          : now_micros;
  made->situation_ = std::move(situation);
  made->teams_.assign(made->situation_.teams.begin(),
                      made->situation_.teams.end());
  return std::unique_ptr<const SituationQuestion>(std::move(made));
}

Question SituationQuestion::question() const {
  const Situation& is = situation_;
  Question question;
  question.email = is.person;
  if (!teams_.empty()) question.team = teams_.front();
  question.teams = teams_;
  question.tool = is.tool;
  question.tool_version = is.tool_version;
  question.provider = is.provider;
  question.model = is.model;
  question.contract = is.contract;
  question.repo = is.repo;
  question.path = is.path;
  question.purpose = is.purpose;
  question.protocol = is.protocol.value_or(wire::Protocol::kAnthropicMessages);
  question.grade = is.grade.value_or(Grade::kSession);
  question.terms_class = is.terms_class.value_or(TermsClass::kUnknown);
  question.now_micros = now_micros_;
  question.labels = labels_;
  return question;
}

Result<std::vector<LawCase>> ParseLawCases(std::string_view text,
                                           std::string_view file_name) {
  std::vector<LawCase> cases;
  TomlDocument document = TomlDocument::Parse(text);
  if (document.issues().empty()) {
    TomlTable root = document.root();
    std::vector<TomlTable> tables = root.Tables("case");
    if (tables.size() > kCasesOfFileMax) {
      root.Complain("case", fmt::format("{} of them, at most {}", tables.size(),
                                        kCasesOfFileMax));
      tables.clear();
    }
    std::set<std::string> names;
    for (TomlTable& table : tables) {
      cases.push_back(ReadCase(&table));
      if (!names.insert(cases.back().name).second) {
        table.Complain("name", "another case is called so");
      }
    }
    root.Finish();
  }
  if (!document.issues().empty()) {
    return Error(Code::kInvalid, FormatIssues(file_name, document.issues()));
  }
  return cases;
}

}  // namespace cofferdam::policy
