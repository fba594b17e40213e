#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seal/merkle.h"

namespace cofferdam::policy {

struct Storage;

// What AuditLog::Verify found.
struct AuditReport {
  static constexpr size_t kDifferencesMax = 20;

  // The log as it stood when the call began, and its roots at earlier sizes.
  seal::TreeHead head;
  std::map<uint64_t, seal::Digest> roots;
  uint64_t rows = 0;
  // What does not fit, in words, by row: the first kDifferencesMax.
  std::vector<std::string> differences;
  uint64_t differences_count = 0;

  bool ok() const { return differences_count == 0; }
};

// The audit as a log that only grows: each row of it has a leaf in the
// transaction that adds it, under a random salt (docs/formats/checkpoint.md).
// Rows never change, so neither do leaves. Safe from any thread.
class AuditLog {
 public:
  explicit AuditLog(Storage& storage) : storage_(storage) {}

  // Size and root, on disk.
  Result<seal::TreeHead> Head();

  // Reads every row with its leaf, and finds what was changed or removed.
  // `sizes`: those at which the root is wanted; greater ones get none.
  Result<AuditReport> Verify(const std::vector<uint64_t>& sizes);

  // A row that tells of something outside this file, before it is done. Its
  // id. `detail` is a JSON object that holds `reason`, which must not be blank
  // nor longer than kReasonBytesMax (kInvalid).
  Result<std::string> Add(std::string_view actor, std::string_view action,
                          std::string_view subject, std::string_view detail,
                          std::string_view reason);
  // Whether the row `id` is there and tells of `action`.
  Result<bool> Tells(std::string_view id, std::string_view action);

  static constexpr size_t kReasonBytesMax = 500;

 private:
  Storage& storage_;
};

}  // namespace cofferdam::policy
