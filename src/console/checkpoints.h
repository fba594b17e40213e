#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "policy/store.h"
#include "seal/checkpoint.h"

namespace cofferdam::console {

// What to verify, and against which earlier checkpoints.
struct VerifyRequest {
  // Signed notes.
  std::vector<std::string> against;
  // Whose signature on them is believed; none: the folder's own key.
  std::optional<seal::PublicKey> key;
  ledger::LogQuestion::Texts texts = ledger::LogQuestion::Texts::kRead;
};

struct VerifyReport {
  struct Against {
    seal::Checkpoint checkpoint;
    // Why today's logs do not go on from it; empty: they do.
    std::string difference;
  };

  ledger::LogReport ledger;
  policy::AuditReport audit;
  // In the order of their times.
  std::vector<Against> against;
  // What fits neither log alone: purges without an audit row, notes that the
  // key did not sign.
  std::vector<std::string> differences;

  bool ok() const;
};

// Signed statements of what the logs of a data folder are, and whether those
// made earlier still hold (docs/formats/checkpoint.md). The key lies in the
// folder, made at the first call that needs it. Safe from any thread.
class Checkpoints {
 public:
  // All of it must outlive the object.
  Checkpoints(std::string folder, policy::Store& policy, ledger::Ledger& ledger,
              const Clock& clock, Random& random)
      : folder_(std::move(folder)),
        policy_(policy),
        ledger_(ledger),
        clock_(clock),
        random_(random) {}

  // The audit first: what the ledger purges was audited before.
  struct Signed {
    seal::Checkpoint checkpoint;
    std::string note;
  };
  Result<Signed> Make();
  Result<seal::PublicKey> Key();

  // kInvalid for a note that is none. Reads everything.
  Result<VerifyReport> Verify(const VerifyRequest& request);

  static constexpr size_t kAgainstMax = 1000;

 private:
  Result<seal::SigningKey> SigningKey();

  const std::string folder_;
  policy::Store& policy_;
  ledger::Ledger& ledger_;
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::optional<seal::SigningKey> key_;
};

}  // namespace cofferdam::console
