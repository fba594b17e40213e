#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evidence/background.h"
#include "evidence/bits.h"
#include "evidence/context.h"
#include "evidence/judge.h"
#include "evidence/matcher.h"
#include "evidence/origin.h"
#include "evidence/thresholds.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"
#include "policy/verdict.h"

namespace cofferdam::evidence {

// Lines of a document that match outputs: evidence, every origin, verdict.
// JSON: docs/formats/finding.md.

// Origins named by one finding, the strongest first; others are counted.
inline constexpr size_t kOriginsMax = 32;

// Lines as people name them: counted from 1, both ends included.
struct LineRange {
  uint32_t begin = 0;
  uint32_t end = 0;

  bool operator==(const LineRange&) const = default;
};

// One output that explains the lines of a finding.
struct FoundOrigin {
  Origin origin;
  policy::Verdict verdict = policy::Verdict::kForbidden;  // by its terms alone
  std::string terms;                                      // why, in words
  std::string duty;  // what an allowed use still has to do
  Strength strength = Strength::kWeak;
  Context context = Context::kNone;
  ContentEvidence content;  // of the whole match, which may go beyond the lines
  double context_bits = 0;
  double decisive_bits = 0;  // from how many on it would be strong
  LineRange document_lines;  // of the whole match
  LineRange output_lines;    // of what matches the finding's lines
  uint32_t tokens = 0;       // matched on the finding's lines

  double bits() const { return content.bits() + context_bits; }
  double echo() const;  // share of matched tokens that are echoed, 0..1
};

// What a finding rests on.
enum class FindingKind {
  kMatch,   // the text follows outputs of the ledger
  kMarked,  // the text, or what stands around it, says that a model wrote it
};
// "match", "marked": for JSON.
std::string_view FindingKindName(FindingKind kind);

// Where the text of a finding stands: a DocumentPlace that owns its strings.
struct FindingPlace {
  std::string path;
  std::string repository;
  std::string path_in_repository;
  std::string commit;
  uint64_t record = 0;  // from 1; 0: the file is the record
  // The record's bytes in the decoded file.
  uint64_t record_begin = 0;
  uint64_t record_end = 0;
  std::string field;  // empty: the whole file

  bool operator==(const FindingPlace&) const = default;
};
FindingPlace PlaceOf(const DocumentPlace& document);

// How much a mark says of its text.
enum class MarkWeight {
  kWeak,    // never decides alone
  kStrong,  // its text is a model's
};

// A sign that a model wrote the text (evidence/marks.h).
struct FoundMark {
  std::string name;   // of the rule or the catalogue's entry
  std::string kind;   // "dataset", "phrase", "agent", "field", "manifest", …
  std::string words;  // what it says, for people
  std::string model;  // if it names one
  MarkWeight weight = MarkWeight::kWeak;
};

struct Finding {
  FindingKind kind = FindingKind::kMatch;
  FindingPlace place;
  fingerprint::Language language = fingerprint::Language::kGeneral;
  // In the field's text. A finding about a whole record has them all.
  LineRange lines;
  uint64_t byte_begin = 0;  // half-open; ends of whole lines
  uint64_t byte_end = 0;
  policy::Verdict verdict = policy::Verdict::kForbidden;
  std::string why;  // in words
  // Matched by any origin, and all, on these lines.
  uint32_t tokens_matched = 0;
  uint32_t tokens = 0;
  // By falling strength, bits and then by exchange and part.
  std::vector<FoundOrigin> origins;
  size_t origins_left_out = 0;
  // Of a finding of kind kMarked, the strongest first; else empty.
  std::vector<FoundMark> marks;
  // The document's lines; only if they were asked for.
  std::optional<std::string> text;

  double matched_share() const;
  double bits() const;  // of the strongest origin
};

// What the verdict depends on beside the evidence.
struct Judgement {
  policy::ScanPurpose purpose = policy::ScanPurpose::kTraining;
  bool organisation_trains_models = true;
  // Of what people write; null: no prior art is known.
  const Background* background = nullptr;
  // Null: Thresholds::BuiltIn().
  const Thresholds* thresholds = nullptr;
};

enum class KeepText { kNo, kYes };

// A text that was scanned.
struct ScannedText {
  const fingerprint::TokenStream& tokens;
  std::string_view text;
  fingerprint::Language language = fingerprint::Language::kGeneral;
  DocumentPlace place;
};

// The findings of one text, by lines. A line belongs to a finding when at
// least half of its tokens are matched; lines without tokens belong to it when
// they stand between two that do. Matches that share a line become one finding
// with all their origins. kCorrupt when an origin cannot be read.
Result<std::vector<Finding>> MakeFindings(const fingerprint::Index& index,
                                          std::vector<Match> matches,
                                          const ScannedText& scanned,
                                          const Judgement& judgement,
                                          KeepText keep_text);

// The most bits that any match of a text reaches where nothing is known of its
// place, whatever the thresholds: what these are calibrated by.
struct TextBits {
  double reported = 0;  // of what is long enough to be reported
  double decisive = 0;  // of what has tokens enough to be strong
  double decisive_of_long = 0;
  // Of the match that is decisive.
  ContentEvidence content;
  Origin origin;
};
Result<TextBits> MeasureText(const fingerprint::Index& index,
                             std::vector<Match> matches,
                             const ScannedText& scanned,
                             const Background* background);

// What people call a person of the ledger, such as their mail address; empty
// when it is not known.
using NameOf = std::function<std::string(std::string_view person_id)>;

// Writes `finding` as a JSON object, but for its text, without closing it, so
// that a caller can add members. `person_name` may be unset.
void BeginFindingJson(const Finding& finding, const NameOf& person_name,
                      JsonWriter* writer);

}  // namespace cofferdam::evidence
