#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/ulid.h"

// What came of outputs: the lines that commits brought into a repository's main
// branch, by who wrote them, and what of them was there 30 days later. Beside
// the log of exchanges (docs/decisions/outcomes.md; docs/formats/ledger.md).
namespace cofferdam::ledger {

// How long a line must have stood in the main branch to have survived.
inline constexpr int64_t kSurvivalMicros = int64_t{30} * 86'400 * 1'000'000;

// Lines of files.
struct LinesByClass {
  uint64_t model = 0;
  uint64_t mixed = 0;  // a model's line that a person changed, or the reverse
  uint64_t human = 0;
  uint64_t unknown = 0;  // no evidence; not the same as human

  bool operator==(const LinesByClass&) const = default;
  uint64_t total() const { return model + mixed + human + unknown; }
  LinesByClass& operator+=(const LinesByClass& more);
};

// Names of lines of one output, both ends included: their numbers from 1, or
// digests (from kLineDigestMin on) where it is not known which line it was.
struct OutputLines {
  uint64_t begin = 0;
  uint64_t end = 0;

  bool operator==(const OutputLines&) const = default;
};
inline constexpr uint64_t kLineDigestMin = uint64_t{1} << 32;
inline constexpr uint64_t kLineNameMax = (uint64_t{1} << 63) - 1;

// One part of an exchange whose lines a commit brought.
struct OutcomeSource {
  Ulid exchange;
  uint32_t part = 0;               // from 0
  std::vector<OutputLines> lines;  // rising, apart from each other
  std::vector<OutputLines> alive;  // of them, 30 days later

  bool operator==(const OutcomeSource&) const = default;
};

// Authors of a commit share its lines.
struct OutcomeAuthor {
  std::string person;  // opaque; empty once it was purged
  std::string team;    // that the person was in when it was first recorded

  bool operator==(const OutcomeAuthor&) const = default;
};

// What one commit brought. Lines count for the first commit that brings them:
// what a later one brings again (reformatted, moved, applied anew) is `again`.
struct CommitOutcome {
  std::string repo;    // "host/path" of its remote
  std::string commit;  // lower-case hexadecimal
  int64_t time = 0;    // when it was authored; microseconds since 1970 UTC
  // Digest of what it brought, the same in every commit that brings the same:
  // a rebased commit takes the place of the one that it was.
  std::string change;                  // SHA-256, lower-case hexadecimal
  std::vector<OutcomeAuthor> authors;  // the first is the commit's own
  LinesByClass added;
  std::optional<LinesByClass> alive;  // none: not 30 days old yet
  uint64_t again = 0;
  uint64_t left_out = 0;  // of generated and vendored files
  std::vector<OutcomeSource> sources;

  bool operator==(const CommitOutcome&) const = default;
};
inline constexpr size_t kOutcomeAuthorsMax = 64;
inline constexpr size_t kOutcomeSourcesMax = 65'536;

// "In the main branch of `repo`, these are the commits that were authored from
// `from_micros` on and before `end_micros`." What was recorded of that time and
// is not among them is gone: squashed, rewritten, thrown away.
struct OutcomeStatement {
  std::string repo;
  int64_t from_micros = 0;
  int64_t end_micros = 0;
  // The main branch's newest commit, and when it was committed.
  std::string head;
  int64_t head_micros = 0;
  std::vector<CommitOutcome> commits;
};
inline constexpr size_t kStatementCommitsMax = 10'000;

// The latest statement about a repository.
struct OutcomeHead {
  std::string repo;
  std::string head;
  int64_t head_micros = 0;
};

struct OutcomeReceipt {
  // Set where a clone that was newer has been recorded before: then nothing
  // was changed.
  std::optional<OutcomeHead> newer;
  uint64_t added = 0;
  uint64_t replaced = 0;    // recorded before, under this id or another one
  uint64_t removed = 0;     // not in the main branch any more
  uint64_t duplicates = 0;  // bring what another of the statement brings
};

// JSON without white space, "v":1 first.
std::string ToJson(const CommitOutcome& outcome);
// kCorrupt for anything else, and beyond the limits above.
Result<CommitOutcome> OutcomeFromJson(std::string_view json);

// Share number `author` of `lines` in `authors` equal parts, which together are
// all of them; what cannot be shared is the first ones'.
LinesByClass ShareOf(const LinesByClass& lines, size_t author, size_t authors);

// `names` in any order, each once however often it comes, as ranges.
std::vector<OutputLines> MakeOutputLines(std::vector<uint64_t> names);
// How many there are.
uint64_t CountLines(const std::vector<OutputLines>& lines);
// Those that are in either.
std::vector<OutputLines> UniteLines(const std::vector<OutputLines>& a,
                                    const std::vector<OutputLines>& b);

}  // namespace cofferdam::ledger
