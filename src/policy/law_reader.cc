#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/encoding.h"
#include "policy/commit_trailer.h"
#include "policy/glob.h"
#include "policy/law_internal.h"
#include "policy/names.h"
#include "policy/rule_index_internal.h"
#include "seal/hash.h"

namespace cofferdam::policy {
namespace {

constexpr size_t kVersionSize = 12;
constexpr int64_t kLimitMax = int64_t{1} << 50;

std::vector<std::string> EffectNames() {
  return {"allow", "deny", "approve", "pause", "reroute"};
}

bool IsRefusal(Effect effect) {
  return effect == Effect::kDeny || effect == Effect::kApprove ||
         effect == Effect::kPause;
}

// A rule's and a label's name: [a-z0-9][a-z0-9-]{0,63}, as a team's.
bool IsName(std::string_view text) { return CheckTeam(text).ok(); }

std::string VersionOf(std::string_view text) {
  return ToHex(seal::Sha256(text)).substr(0, kVersionSize);
}

bool IsOneOf(std::string_view text, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

std::vector<std::string> ProtocolNames() {
  std::vector<std::string> names;
  for (wire::Protocol protocol :
       {wire::Protocol::kAnthropicMessages, wire::Protocol::kOpenAiResponses,
        wire::Protocol::kOpenAiChat, wire::Protocol::kGemini}) {
    names.emplace_back(wire::ProtocolName(protocol));
  }
  return names;
}

std::vector<std::string> TermsClassNames() {
  return {"forbid_any",    "unknown",      "forbid_compete", "allow_viral",
          "allow_limited", "allow_naming", "allow"};
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string Choice(std::string_view value,
                   const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", name);
  }
  return fmt::format("unknown \"{}\", must be one of {}", value, list);
}

}  // namespace

LawReader::LawReader(const LawContext& context)
    : context_(context), law_(new Law()) {
  law_->trains_models_ = context.trains_models;
}

std::vector<TomlText> LawReader::Texts(TomlTable* table, std::string_view key) {
  std::vector<TomlText> texts =
      table->Texts(key).value_or(std::vector<TomlText>());
  if (table->Has(key) && texts.empty()) {
    table->Complain(key, "must name at least one");
  }
  if (texts.size() > kPatternsOfConditionMax) {
    table->Complain(key, fmt::format("{} of them, at most {} may stand here",
                                     texts.size(), kPatternsOfConditionMax));
    texts.resize(kPatternsOfConditionMax);
  }
  const size_t before = patterns_;
  patterns_ += texts.size();
  if (patterns_ > kPatternsMax && before <= kPatternsMax) {
    table->Complain(key, fmt::format("more than {} patterns in the whole file",
                                     kPatternsMax));
  }
  return texts;
}

std::string LawReader::Sentence(TomlTable* table, std::string_view key) {
  std::string text = table->String(key).value_or("");
  if (text.size() > kSentenceBytesMax) {
    table->Complain(key,
                    fmt::format("longer than {} bytes", kSentenceBytesMax));
  }
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
  });
  if (control) table->Complain(key, "must be one line of text");
  return text;
}

void LawReader::CheckPattern(TomlTable* table, std::string_view key,
                             Field field, TomlText* pattern) {
  auto complain = [&](std::string_view message) {
    table->ComplainOf(*pattern, key, message);
  };
  std::string& text = pattern->text;
  if (text.size() > kPatternBytesMax) {
    complain(fmt::format("longer than {} bytes", kPatternBytesMax));
    return;
  }
  if (std::count(text.begin(), text.end(), '*') >
      static_cast<long>(kGlobStarsMax)) {
    complain(fmt::format("more than {} stars", kGlobStarsMax));
    return;
  }
  if (field == Field::kPerson) text = Lower(std::move(text));
  if (field == Field::kRepo && !text.empty() && !IsGlob(text)) {
    Result<std::string> repo = NormaliseRepo(text);
    if (repo.ok()) {
      text = *std::move(repo);
    } else {
      complain(repo.error().message());
    }
  }
  if (field == Field::kProtocol && !IsOneOf(text, ProtocolNames())) {
    complain(Choice(text, ProtocolNames()));
  }
  if (field == Field::kTermsClass && !IsOneOf(text, TermsClassNames())) {
    complain(Choice(text, TermsClassNames()));
  }
  std::string wrong;
  if (field == Field::kPurpose) {
    wrong = UnknownPurpose(law_->purposes_, text);
  } else if (context_.known) {
    wrong = UnknownName(*context_.known, field, text);
  }
  if (!wrong.empty()) complain(wrong);
}

void LawReader::ReadField(TomlTable* table, Field field, std::string_view key,
                          std::vector<std::string>* patterns) {
  for (TomlText& pattern : Texts(table, key)) {
    CheckPattern(table, key, field, &pattern);
    patterns->push_back(std::move(pattern.text));
  }
}

void LawReader::ReadVersions(TomlTable* table, Conditions* when) {
  constexpr std::string_view kKey = "tool_version";
  for (const TomlText& text : Texts(table, kKey)) {
    Result<VersionPattern> pattern = VersionPattern::Parse(text.text);
    if (text.text.size() > kPatternBytesMax) {
      table->ComplainOf(text, kKey,
                        fmt::format("longer than {} bytes", kPatternBytesMax));
    } else if (!pattern.ok()) {
      table->ComplainOf(text, kKey, pattern.error().message());
    } else if (!pattern->Satisfiable()) {
      table->ComplainOf(text, kKey, "no version fulfils all of these");
    } else {
      when->tool_versions.push_back(*std::move(pattern));
    }
  }
}

void LawReader::ReadTime(TomlTable* table, Conditions* when) {
  int zone_minutes = zone_minutes_;
  if (auto zone = table->String("time_zone")) {
    Result<int> minutes = ParseTimeZone(*zone);
    if (!minutes.ok()) {
      table->Complain("time_zone", minutes.error().message());
    } else {
      zone_minutes = *minutes;
    }
    if (!table->Has("time")) {
      table->Complain("time_zone", "stands without time");
    }
  }
  for (const TomlText& text : Texts(table, "time")) {
    Result<WeekTime> time = WeekTime::Parse(text.text, zone_minutes);
    if (!time.ok()) {
      table->ComplainOf(text, "time", time.error().message());
    } else if (when->time) {
      when->time->Add(*time);
    } else {
      when->time = *std::move(time);
    }
  }
}

void LawReader::ReadLabels(TomlTable* table, Conditions* when) {
  constexpr std::string_view kKey = "prompt_contains";
  std::vector<std::string>& labels = law_->labels_;
  for (const TomlText& text : Texts(table, kKey)) {
    if (!IsName(text.text)) {
      table->ComplainOf(text, kKey,
                        "must be 1 to 64 of a-z, 0-9 and '-', not beginning "
                        "with '-'");
      continue;
    }
    auto found = std::find(labels.begin(), labels.end(), text.text);
    if (found == labels.end() && labels.size() == kLabelsMax) {
      table->ComplainOf(
          text, kKey,
          fmt::format("more than {} labels in the whole file", kLabelsMax));
      continue;
    }
    if (found == labels.end()) found = labels.insert(found, text.text);
    when->labels |= uint64_t{1} << (found - labels.begin());
  }
}

void LawReader::ReadConditions(TomlTable* table, Conditions* when) {
  for (size_t i = 0; i < kFieldCount; ++i) {
    const Field field = static_cast<Field>(i);
    const std::string key(FieldName(field));
    ReadField(table, field, key, &when->any_of[i]);
    ReadField(table, field, "not_" + key, &when->none_of[i]);
  }
  ReadVersions(table, when);
  ReadTime(table, when);
  ReadLabels(table, when);
  auto grade = table->OneOf("grade", {"none", "agent", "session", "attested"});
  for (Grade value : {Grade::kAgent, Grade::kSession, Grade::kAttested}) {
    if (grade && GradeName(value) == *grade) when->grade_min = value;
  }
}

void LawReader::ReadLimits(TomlTable* table, Rule* rule) {
  std::optional<TomlTable> limits = table->Table("limits");
  if (!limits) return;
  RateLimit read;
  auto number = [&](std::string_view key) {
    return limits->Int(key, 1, kLimitMax).value_or(0);
  };
  read.requests_per_minute = number("requests_per_minute");
  read.tokens_per_minute = number("tokens_per_minute");
  read.streams = number("streams");
  auto per = limits->OneOf("per", {"person", "team", "key", "company"});
  for (Per value : {Per::kPerson, Per::kTeam, Per::kKey, Per::kCompany}) {
    if (per && PerName(value) == *per) read.per = value;
  }
  if (!limits->Has("requests_per_minute") && !limits->Has("streams") &&
      !limits->Has("tokens_per_minute")) {
    limits->Complain("",
                     "needs requests_per_minute, tokens_per_minute or streams");
  }
  limits->Finish();
  rule->limits = read;
}

void LawReader::ReadEffect(TomlTable* table, Rule* rule) {
  auto effect = table->OneOf("effect", EffectNames());
  if (!table->Has("effect")) table->Missing("effect");
  if (effect) rule->effect = *ParseEffect(*effect);
  rule->reason = Sentence(table, "reason");
  rule->ask = Sentence(table, "ask");
  auto four_eyes = table->Bool("four_eyes");
  if (four_eyes) {
    rule->approval.four_eyes = *four_eyes ? FourEyes::kYes : FourEyes::kNo;
  }
  rule->approval.expires_h =
      table->Int("expires_h", 1, kApprovalExpiresMaxHours)
          .value_or(rule->approval.expires_h);
  rule->reroute_to = table->String("to").value_or("");
  ReadLimits(table, rule);
  if (!effect) return;

  auto only_for = [&](std::string_view key, bool fits, std::string_view whose) {
    if (!fits && table->Has(key)) {
      table->Complain(key, fmt::format("stands only in {} rule", whose));
    }
  };
  only_for("four_eyes", rule->effect == Effect::kApprove, "an approve");
  only_for("expires_h", rule->effect == Effect::kApprove, "an approve");
  only_for("to", rule->effect == Effect::kReroute, "a reroute");
  only_for("limits", !IsRefusal(rule->effect), "an allow or reroute");
  if (rule->effect != Effect::kAllow && rule->reason.empty()) {
    table->Complain(table->Has("reason") ? "reason" : "",
                    "says no reason, and people will ask for it");
  }
  if (IsRefusal(rule->effect) && rule->ask.empty()) {
    rule->ask = ask_;
    if (ask_.empty()) {
      table->Complain(table->Has("ask") ? "ask" : "",
                      "does not say in `ask` what to do next; one above all "
                      "rules would do for all");
    }
  }
  if (rule->effect != Effect::kReroute) return;
  if (!table->Has("to")) table->Missing("to");
  if (rule->reroute_to.empty() || IsGlob(rule->reroute_to)) {
    if (table->Has("to")) table->Complain("to", "must name one model");
  } else if (context_.known) {
    const std::string wrong = WrongReroute(*context_.known, *rule);
    if (!wrong.empty()) table->Complain("to", wrong);
  }
}

Rule LawReader::ReadRule(TomlTable* table, size_t place) {
  Rule rule;
  rule.line = table->line();
  rule.column = table->column();
  rule.place = place;
  rule.name = table->String("name").value_or("");
  if (!table->Has("name")) {
    table->Missing("name");
  } else if (!IsName(rule.name)) {
    table->Complain("name",
                    "must be 1 to 64 of a-z, 0-9 and '-', not beginning with "
                    "'-'");
  }
  ReadConditions(table, &rule.when);
  ReadEffect(table, &rule);
  table->Finish();
  return rule;
}

void LawReader::ReadDefaults(TomlTable* root) {
  ask_ = Sentence(root, "ask");
  if (auto trailer = root->String("commit_trailer")) {
    const std::string wrong = WrongTrailer(*trailer);
    if (!wrong.empty()) root->Complain("commit_trailer", wrong);
    law_->commit_trailer_ = *std::move(trailer);
  }
  if (auto zone = root->String("time_zone")) {
    Result<int> minutes = ParseTimeZone(*zone);
    if (minutes.ok()) {
      zone_minutes_ = *minutes;
    } else {
      root->Complain("time_zone", minutes.error().message());
    }
  }
}

void LawReader::ReadPurposes(TomlTable* root) {
  std::optional<TomlTable> table = root->Table("purposes");
  if (!table) return;
  const std::vector<std::string> names = table->Keys();
  if (names.size() > kPurposesMax) {
    table->Complain("", fmt::format("more than {} purposes", kPurposesMax));
    return;
  }
  for (const std::string& name : names) {
    auto feeds = table->OneOf(name, {"nothing", "training", "evaluation"});
    if (!feeds) continue;
    Status added = law_->purposes_.Add(name, *ParseFeeds(*feeds));
    if (!added.ok()) table->Complain(name, added.error().message());
  }
  table->Finish();
}

void LawReader::ReadRepositories(TomlTable* root) {
  std::vector<TomlTable> tables = root->Tables("repository");
  if (tables.size() > kRepositoriesMax) {
    root->Complain("repository", fmt::format("{} of them, at most {}",
                                             tables.size(), kRepositoriesMax));
    return;
  }
  for (TomlTable& table : tables) {
    std::vector<std::string> patterns;
    std::vector<std::string> purposes;
    ReadField(&table, Field::kRepo, "match", &patterns);
    for (const TomlText& purpose : Texts(&table, "purposes")) {
      if (!law_->purposes_.Known(purpose.text)) {
        table.ComplainOf(purpose, "purposes",
                         UnknownPurpose(law_->purposes_, purpose.text));
      }
      purposes.push_back(purpose.text);
    }
    for (std::string_view key : {"match", "purposes"}) {
      if (!table.Has(key)) table.Missing(key);
    }
    table.Finish();
    for (std::string& pattern : patterns) {
      law_->purposes_.AddRepository(std::move(pattern), purposes);
    }
  }
}

void LawReader::ReadRules(TomlTable* root) {
  std::vector<TomlTable> tables = root->Tables("rule");
  if (tables.size() > kRulesMax) {
    root->Complain("rule", fmt::format("{} of them, at most {}", tables.size(),
                                       kRulesMax));
    return;
  }
  std::set<std::string> names;
  for (TomlTable& table : tables) {
    Rule rule = ReadRule(&table, law_->rules_.size());
    if (!rule.name.empty() && !names.insert(rule.name).second) {
      table.Complain("name",
                     fmt::format("another rule is called \"{}\"", rule.name));
    }
    law_->rules_.push_back(std::move(rule));
  }
}

void LawReader::ReadProtections(TomlTable* root) {
  std::vector<TomlTable> tables = root->Tables("protect");
  if (tables.size() > kProtectionsMax) {
    root->Complain("protect", fmt::format("{} of them, at most {}",
                                          tables.size(), kProtectionsMax));
    return;
  }
  for (TomlTable& table : tables) {
    Protection protection;
    ReadField(&table, Field::kRepo, "repo", &protection.repos);
    ReadField(&table, Field::kPath, "paths", &protection.paths);
    for (const std::string& path : protection.paths) {
      if (path.empty()) table.Complain("paths", "must not be empty");
      if (path.starts_with('/')) {
        table.Complain("paths",
                       "counts from the repository's root, without a "
                       "slash before it");
      }
    }
    const auto purpose = table.OneOf("purpose", {"training", "evaluation"});
    if (purpose) protection.purpose = *ParseScanPurpose(*purpose);
    protection.ask = Sentence(&table, "ask");
    if (protection.ask.empty()) protection.ask = ask_;
    for (std::string_view key : {"paths", "purpose"}) {
      if (!table.Has(key)) table.Missing(key);
    }
    table.Finish();
    law_->protections_.push_back(std::move(protection));
  }
}

void LawReader::Read(TomlDocument* document) {
  TomlTable root = document->root();
  ReadDefaults(&root);
  ReadPurposes(&root);
  ReadRepositories(&root);
  ReadRules(&root);
  ReadProtections(&root);
  root.Finish();
}

std::shared_ptr<const Law> LawReader::Take(std::string_view text,
                                           std::string_view file_name) {
  law_->file_name_ = file_name;
  law_->version_ = VersionOf(text);
  law_->index_ = std::make_unique<const RuleIndex>(law_->rules_);
  return std::move(law_);
}

Result<std::shared_ptr<const Law>> Law::Parse(std::string_view text,
                                              std::string_view file_name,
                                              const LawContext& context) {
  if (text.size() > kLawBytesMax) {
    return Error(Code::kTooLarge, fmt::format("{}:1:1: longer than {} bytes",
                                              file_name, kLawBytesMax));
  }
  TomlDocument document = TomlDocument::Parse(text);
  LawReader reader(context);
  if (document.issues().empty()) reader.Read(&document);
  if (!document.issues().empty()) {
    return Error(Code::kInvalid, FormatIssues(file_name, document.issues()));
  }
  return reader.Take(text, file_name);
}

std::shared_ptr<const Law> Law::Default(const LawContext& context) {
  return LawReader(context).Take("", "");
}

}  // namespace cofferdam::policy
