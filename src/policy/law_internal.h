#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/toml.h"
#include "policy/law.h"

namespace cofferdam::policy {

// Reads one policy.toml into a Law; issues go to the document.
class LawReader {
 public:
  explicit LawReader(const LawContext& context);

  void Read(TomlDocument* document);
  std::shared_ptr<const Law> Take(std::string_view text,
                                  std::string_view file_name);

 private:
  void ReadDefaults(TomlTable* root);
  void ReadPurposes(TomlTable* root);
  void ReadRepositories(TomlTable* root);
  void ReadRules(TomlTable* root);
  void ReadProtections(TomlTable* root);
  Rule ReadRule(TomlTable* table, size_t place);
  void ReadConditions(TomlTable* table, Conditions* when);
  void ReadField(TomlTable* table, Field field, std::string_view key,
                 std::vector<std::string>* patterns);
  void ReadVersions(TomlTable* table, Conditions* when);
  void ReadTime(TomlTable* table, Conditions* when);
  void ReadLabels(TomlTable* table, Conditions* when);
  void ReadEffect(TomlTable* table, Rule* rule);
  void ReadLimits(TomlTable* table, Rule* rule);
  // At most kPatternsMax texts in all, kPatternsOfConditionMax here.
  std::vector<TomlText> Texts(TomlTable* table, std::string_view key);
  // A reason or an ask.
  std::string Sentence(TomlTable* table, std::string_view key);
  void CheckPattern(TomlTable* table, std::string_view key, Field field,
                    TomlText* pattern);

  LawContext context_;
  std::shared_ptr<Law> law_;
  std::string ask_;
  int zone_minutes_ = 0;
  size_t patterns_ = 0;
};

// Whether the names in `pattern` can mean anything, as half a sentence of what
// is wrong; empty if nothing is.
std::string UnknownName(const KnownNames& known, Field field,
                        std::string_view pattern);

// The same for a purpose, of which every law knows the names.
std::string UnknownPurpose(const Purposes& purposes, std::string_view pattern);

// What is wrong with where a kReroute rule sends requests; empty if nothing is.
std::string WrongReroute(const KnownNames& known, const Rule& rule);

}  // namespace cofferdam::policy
