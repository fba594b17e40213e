#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/config.h"
#include "console/admin.h"
#include "scan/report_file.h"
#include "scan/scan.h"
#include "scan/statement.h"
#include "seal/sign.h"

namespace cofferdam::cli {

// The key in the data folder that signs what scans state, made when it is first
// asked for, and its public half.
inline constexpr std::string_view kScanKeyFile = "scan.key";
inline constexpr std::string_view kScanPublicKeyFile = "scan.pub";

std::vector<Flag> AttestFlags();

// The signed statement of one scan (--attest). The corpus is digested beside
// the scan, on a thread of its own.
class Attestation {
 public:
  // Null where none is asked for. kInvalid for a corpus that has no digest:
  // stdin, an object store; the errors of the key, and of writing the file.
  static Result<std::unique_ptr<Attestation>> Begin(
      const Invocation& call, const Config& config,
      const scan::ScanOptions& options);
  ~Attestation();

  // Signs and writes it. With `written`, its subject is that copy, and the
  // corpus is what it was made from. kConflict where the corpus changed
  // meanwhile: nobody could say then what was scanned.
  Status Finish(const scan::ScanReport& report, const std::string& written,
                console::Admin* admin);

 private:
  Attestation() = default;
  Result<std::vector<scan::StatementPolicy>> Policies() const;
  // The digests of the corpus as it was at the begin; kConflict if it is
  // another one now.
  Result<std::vector<scan::PathDigest>> Corpus();

  std::unique_ptr<scan::ReportFile> file_;  // of the envelope
  std::string key_path_;                    // of the signing key
  std::optional<seal::SigningKey> key_;
  std::string public_path_;
  std::string index_folder_;
  std::vector<std::string> corpus_;
  std::string revision_;  // empty: the files as they stand
  corpus::RevisionScope scope_ = corpus::RevisionScope::kTree;
  std::vector<std::string> background_files_;
  // Files that are used instead of what is built in; empty: that is used.
  std::string terms_file_;
  std::string datasets_file_;
  bool marks_ = true;  // whether they are looked for
  policy::ScanPurpose purpose_ = policy::ScanPurpose::kTraining;
  corpus::TreeLimits limits_;
  std::string stamp_;  // of files
  std::atomic<bool> stop_ = false;
  std::unique_ptr<Result<std::vector<scan::PathDigest>>> digests_;
  std::thread thread_;
};

}  // namespace cofferdam::cli
