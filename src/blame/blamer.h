#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blame/repository_outputs.h"
#include "corpus/line_claim.h"
#include "corpus/line_history.h"
#include "evidence/finding.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"

namespace cofferdam::blame {

// Which lines of a file came from which model. Content decides: the tokens of
// the file are laid beside what the ledger knows that models wrote in this
// repository, where far less proves it than a scan asks of a stranger's output;
// and beside all other outputs with the scan's own thresholds. What the commits
// say of themselves fills in what content does not know.

enum class LineClass {
  kModel,    // as a model wrote it, whatever reformatted or moved it since
  kMixed,    // a person changed a model's line, or a model a person's
  kHuman,    // there is a reason to say so: see Basis
  kUnknown,  // nothing is known of it, which is not the same
};
// "model", "mixed", "human", "unknown": stable, for JSON.
std::string_view LineClassName(LineClass line_class);

// Why a line is what it is said to be.
enum class Basis {
  kNone,
  kContent,  // its tokens stand in an output of the ledger
  kClaim,    // the repository says so: a note, a record, a trailer
  kTime,     // it was committed before models wrote, or before the ledger began
};
// "none", "content", "claim", "time": stable, for JSON.
std::string_view BasisName(Basis basis);

inline constexpr uint32_t kNone = UINT32_MAX;

struct BlamedLine {
  LineClass line_class = LineClass::kUnknown;
  Basis basis = Basis::kNone;
  // Ordinal in BlamedFile::origins; kNone without one. A line that is unknown
  // may have one: a claim that a model had to do with its commit.
  uint32_t origin = kNone;
  // Of its tokens, those that its outputs have with the same names and
  // literals: 0 to 1. A line without tokens, such as a comment, follows the
  // lines around it.
  float matched = 0;
  // What the alignment tells that the line lies in, not the line alone.
  double bits = 0;
};

// Two sources that tell otherwise of the same lines.
struct Disagreement {
  evidence::LineRange lines;  // of the text that was blamed
  std::string left;           // "content", or a claim's source
  std::string left_says;      // "model claude-x-1", "human", …
  std::string right;          // a claim's source
  std::string right_says;
};
inline constexpr size_t kDisagreementsMax = 1000;  // of one file

struct BlamedFile {
  std::string path;
  std::vector<BlamedLine> lines;
  // An origin that rests on a claim has route "claim", the claim's source as
  // kind, and no exchange.
  std::vector<evidence::FoundOrigin> origins;
  std::vector<Disagreement> disagreements;  // by their first line
};

// What the lines of a commit are said to be, by its ordinal in
// LineHistory::commits.
using ClaimsOf =
    std::function<std::span<const corpus::LineClaim>(uint32_t commit)>;

// A text to be blamed. Views must live until the call returns.
struct BlamedText {
  std::string_view text;
  std::string_view path;  // in the repository
  fingerprint::Language language = fingerprint::Language::kGeneral;
  // Where its lines came in; both null: nothing of it is committed yet.
  const corpus::LineHistory* history = nullptr;
  const corpus::FileLines* file = nullptr;
  ClaimsOf claims;  // may be unset
};

struct BlamerOptions {
  // "host/path" of the repository's remote, as origins name it; may be empty.
  std::string repository;
  // What people have written, and what tokens tell; both may be null, and must
  // outlive the blamer.
  const evidence::Background* background = nullptr;
  const evidence::TokenModel* token_model = nullptr;
  // Whether outputs of other repositories are looked for: kSkip halves the
  // work.
  enum class Strangers { kSearch, kSkip } strangers = Strangers::kSearch;
};

// One per thread; keeps its memory from file to file. What it is given must
// outlive it.
class Blamer {
 public:
  Blamer(const fingerprint::Index& index, const RepositoryOutputs& outputs,
         BlamerOptions options);
  Blamer(Blamer&&) noexcept;
  ~Blamer();

  // A line for each of the text's, as corpus::FileLines counts them (CHECK that
  // file->lines has as many). An exchange that began after a line was committed
  // is not its source; clocks may differ by kClockSkewMicros. kCorrupt where
  // the index is damaged.
  Result<BlamedFile> Blame(const BlamedText& text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr int64_t kClockSkewMicros = int64_t{10} * 1'000'000;

}  // namespace cofferdam::blame
