#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "benches/process.h"
#include "evidence/background.h"
#include "evidence/context_matcher.h"
#include "evidence/finding.h"
#include "evidence/proposer.h"
#include "evidence/repository_grams.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"

// An index of outputs, filled as the ledger fills it, and the way of a document
// through it, as a scan goes.
namespace cofferdam::bench {

// An output of a model, or what stands in for one.
struct ModelOutput {
  std::string provider;
  std::string model;
  std::string language;  // "python", "typescript", …
  std::string package;   // or task
  std::string path;
  std::string text;
};

fingerprint::Language LanguageOf(const ModelOutput& output);
// "host/name", the repository in which the output was written.
std::string RepositoryOf(const ModelOutput& output);
// When all outputs were written, microseconds since 1970.
inline constexpr int64_t kWrittenMicros = 1'790'000'000'000'000;

class RecallLedger {
 public:
  // The prompt before output number `i`; empty for none.
  using PromptOf = std::function<std::string(size_t i)>;

  // Ends the bench when the index cannot be written. Output number `i` becomes
  // the exchange of sequence `i` + 1. `background` may be null, and must
  // outlive it.
  RecallLedger(const evidence::Background* background,
               const std::vector<ModelOutput>& outputs,
               const PromptOf& prompt_of = nullptr);

  const fingerprint::Index& index() const { return *index_; }
  const evidence::Background* background() const { return background_; }
  evidence::RepositoryTables* repositories() const {
    return repositories_.get();
  }
  // Null without a background.
  const evidence::TokenModel* model() const { return model_.get(); }
  double megabytes() const { return megabytes_; }
  // Shares of all tokens that stand in the prompts as they are, and but for
  // their names.
  double quoted_share() const { return quoted_ / std::max(1.0, tokens_); }
  double echoed_share() const { return echoed_ / std::max(1.0, tokens_); }

 private:
  const evidence::Background* background_;
  std::unique_ptr<evidence::BackgroundModel> model_;
  TemporaryFolder folder_;
  std::unique_ptr<fingerprint::Index> index_;
  std::unique_ptr<evidence::RepositoryTables> repositories_;
  double megabytes_ = 0;
  double tokens_ = 0;
  double quoted_ = 0;
  double echoed_ = 0;
};

// One per thread.
class Examiner {
 public:
  explicit Examiner(const RecallLedger& ledger);

  // What a scan for training says of a text, of which only the language and
  // `place` are known. Ends the bench on an error.
  std::vector<evidence::Finding> Examine(
      std::string_view text, fingerprint::Language language,
      const evidence::DocumentPlace& place = {});

  // Tokens of the text examined last, if anything was found in it.
  const fingerprint::TokenStream& tokens() const { return tokens_; }

 private:
  const RecallLedger& ledger_;
  evidence::Proposer proposer_;
  evidence::ContextMatcher matcher_;
  evidence::ProposerCounts proposer_counts_;
  evidence::MatchCounts counts_;
  fingerprint::TokenStream tokens_;
};

// The worst of a document's findings.
struct Seen {
  policy::Verdict verdict = policy::Verdict::kClean;
  double bits = 0;        // of the finding with most
  bool names_it = false;  // a finding names the exchange asked for
  std::string why;        // of the finding with most
  // Of each finding, what the first of its origins rests on.
  std::vector<evidence::FoundOrigin> rests_on;
  bool forbidden() const { return verdict == policy::Verdict::kForbidden; }
  bool flagged() const {
    return verdict == policy::Verdict::kForbidden ||
           verdict == policy::Verdict::kAmbiguous;
  }
};
Seen See(const std::vector<evidence::Finding>& findings, uint64_t sequence);

// Calls `work(thread, i)` for each i below `count`, on `threads` threads.
void ForEach(size_t count, size_t threads,
             const std::function<void(size_t thread, size_t i)>& work);
size_t BenchThreads();

}  // namespace cofferdam::bench
