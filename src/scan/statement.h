#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scan/corpus_digest.h"
#include "scan/sink.h"

namespace cofferdam::scan {

// What a scan says of a corpus to whoever trusts its signer: an in-toto
// Statement v1 whose predicate is a Simple Verification Result v0.2, as the
// payload of a DSSE envelope. Format: docs/formats/statement.md.

inline constexpr std::string_view kStatementPayloadType =
    "application/vnd.in-toto+json";
inline constexpr std::string_view kStatementType =
    "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kSvrType =
    "https://in-toto.io/attestation/svr/v0.2";
inline constexpr size_t kStatementSubjectsMax = 10'000;

// Something that the result rests on.
struct StatementPolicy {
  std::string name;    // "index", "terms", "thresholds", "background", …
  std::string sha256;  // hexadecimal
};

struct Statement {
  std::vector<PathDigest> subjects;
  // What the subjects were made from, where they are a copy that was cleaned.
  std::vector<PathDigest> made_from;
  std::string verifier;  // URI with the program's version
  std::vector<StatementPolicy> policies;
  int64_t time = 0;  // microseconds since 1970 UTC
  std::string purpose;
  // What holds of the subjects, such as kNoForbidden.
  std::vector<std::string> properties;
  // The ledger's signed checkpoint at that time; may be empty.
  std::string ledger_checkpoint;
  // For people and programs that want to know more; not read by verifiers.
  uint64_t covered_sequence = 0;
  uint64_t files = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
  uint64_t passed_over = 0;
  uint64_t forbidden = 0;
  uint64_t ambiguous = 0;
  uint64_t allowed = 0;
};

// Properties. A scan always says what it was for, and the others where they
// hold; none is ever the absence of another, as in-toto asks.
inline constexpr std::string_view kScannedForTraining =
    "COFFERDAM_SCANNED_FOR_TRAINING";
inline constexpr std::string_view kScannedForEvaluation =
    "COFFERDAM_SCANNED_FOR_EVALUATION";
inline constexpr std::string_view kNoForbidden =
    "COFFERDAM_NO_FORBIDDEN_OUTPUT";
inline constexpr std::string_view kNoAmbiguous =
    "COFFERDAM_NO_AMBIGUOUS_OUTPUT";
// Of a copy (`scan --write`): what was found is not in it.
inline constexpr std::string_view kForbiddenRemoved =
    "COFFERDAM_FORBIDDEN_OUTPUT_REMOVED";
inline constexpr std::string_view kNothingPassedOver =
    "COFFERDAM_NOTHING_PASSED_OVER";
std::vector<std::string> PropertiesOf(const ScanReport& report,
                                      policy::ScanPurpose purpose);

// Fills in what a report tells.
void TakeReport(const ScanReport& report, Statement* statement);

std::string WriteStatement(const Statement& statement);
// kInvalid for what is no such statement; members that are not known are passed
// over.
Result<Statement> ParseStatement(std::string_view json);

}  // namespace cofferdam::scan
