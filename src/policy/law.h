#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/decision.h"
#include "policy/protection.h"
#include "policy/purposes.h"
#include "policy/question.h"
#include "policy/rule.h"
#include "wire/types.h"

// The company's law: ordered rules of policy.toml (docs/formats/policy.md),
// the first of which to match decides, and a fixed part for what no rule names.
namespace cofferdam::policy {

// Limits on one policy.toml.
inline constexpr size_t kLawBytesMax = 4 << 20;
inline constexpr size_t kRulesMax = 4096;
inline constexpr size_t kPatternBytesMax = 512;
inline constexpr size_t kPatternsOfConditionMax = 256;
inline constexpr size_t kPatternsMax = 32'768;    // of all rules together
inline constexpr size_t kLabelsMax = 64;          // bits of Question::labels
inline constexpr size_t kSentenceBytesMax = 500;  // of a reason or an ask
inline constexpr size_t kPurposesMax = 256;
inline constexpr size_t kRepositoriesMax = 1024;
inline constexpr int64_t kApprovalExpiresMaxHours = 24 * 90;

// One [upstream.NAME] of the configuration, as far as rules can name it.
struct KnownUpstream {
  std::string name;
  std::string provider;
  std::string contract;
  wire::Protocol protocol = wire::Protocol::kAnthropicMessages;
  std::vector<std::string> models;  // globs
};

// What the names in a law must mean. Whatever is not given is not checked.
struct KnownNames {
  std::vector<std::string> contracts;
  std::vector<KnownUpstream> upstreams;  // in the order of the configuration
  std::optional<std::vector<std::string>> teams;
  std::optional<std::vector<std::string>> labels;
  // Agents that the gate tells apart; a session key may bind any other name.
  std::optional<std::vector<std::string>> tools;
};

// What a law is read with.
struct LawContext {
  bool trains_models = true;  // [organisation] trains_models
  std::optional<KnownNames> known;
};

class RuleIndex;

// One edition of the law. Immutable; safe from any thread.
class Law {
 public:
  // Reads policy.toml. kInvalid with every issue, each with file, line and
  // column, for what is no law: bad syntax, unknown keys, wrong types, names
  // that the context does not know, a reroute that would leave its protocol.
  static Result<std::shared_ptr<const Law>> Parse(std::string_view text,
                                                  std::string_view file_name,
                                                  const LawContext& context);
  // Without rules: the fixed part alone.
  static std::shared_ptr<const Law> Default(const LawContext& context);

  Law(const Law&) = delete;
  Law& operator=(const Law&) = delete;
  ~Law();

  // The first rule that matches decides. Without one:
  //  - eval-authoring is denied, whatever the model;
  //  - if the organisation trains models, a contract whose terms forbid
  //    training (forbid_any, forbid_compete, unknown) needs approval for
  //    purposes that feed training or evaluation;
  //  - everything else is allowed.
  // Does not allocate. Where the answer is kReroute, whoever asked asks again
  // with the other model before it is used; a second reroute is a refusal.
  Decision Decide(const Question& question) const;
  // What the fixed part alone would say.
  Decision DecideWithoutRules(const Question& question) const;

  // The labels that could change the answer, as bits of labels(): only for
  // them need the prompt be searched. question.labels is not read.
  uint64_t LabelsAsked(const Question& question) const;

  // For minting session keys; see Purposes::Check.
  Status CheckPurpose(std::string_view repo, std::string_view purpose) const {
    return purposes_.Check(repo, purpose);
  }

  const std::vector<Rule>& rules() const { return rules_; }
  // Null if there is none of that name.
  const Rule* FindRule(std::string_view name) const;
  // What rules ask of prompts, in the order of the file; at most kLabelsMax.
  const std::vector<std::string>& labels() const { return labels_; }
  const Purposes& purposes() const { return purposes_; }
  // Paths that no forbidden lines may enter, in the order of the file.
  const std::vector<Protection>& protections() const { return protections_; }
  // What commits that agents make are to carry (commit_trailer.h); empty:
  // nothing is asked for.
  const std::string& commit_trailer() const { return commit_trailer_; }
  bool trains_models() const { return trains_models_; }
  // 12 hexadecimal digits of the text's SHA-256; of an empty one for Default.
  const std::string& version() const { return version_; }
  // As given to Parse; empty for Default.
  const std::string& file_name() const { return file_name_; }

 private:
  friend class LawReader;
  Law();
  Decision ByRule(const Rule& rule, const Question& question) const;

  std::string file_name_;
  std::string version_;
  bool trains_models_ = true;
  std::vector<Rule> rules_;
  std::unique_ptr<const RuleIndex> index_;
  std::vector<std::string> labels_;
  Purposes purposes_;
  std::vector<Protection> protections_;
  std::string commit_trailer_;
};

}  // namespace cofferdam::policy
