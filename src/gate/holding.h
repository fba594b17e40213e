#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "gate/capacity.h"
#include "policy/budget.h"
#include "policy/hold_file.h"
#include "policy/money.h"
#include "policy/rate_limits.h"

namespace cofferdam::gate {

// What an exchange holds while it runs: its bound on every budget it falls
// under, the slot on disk that remembers it, its places under its rules' limits
// and its part of the provider's capacity. On the exchange's loop. What goes
// without Settle or Release stays charged in full, on disk as well: the next
// process settles it.
class Holding {
 public:
  Holding() = default;
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

  void Keep(policy::RateTicket ticket) { rates_.push_back(std::move(ticket)); }
  void Keep(CapacityTicket ticket) { capacity_ = std::move(ticket); }

  // Holds `bound` on the budgets and writes it down. `refusal` is filled where
  // a cap refused.
  Status Reserve(policy::Book& book, policy::HoldFile& file,
                 const policy::Charge& charge, policy::Amount bound,
                 const policy::HeldExchange& exchange,
                 policy::CapRefusal* refusal);
  // None, where nothing had to be held.
  policy::Amount bound() const {
    return hold_ ? hold_.bound() : policy::Amount();
  }

  // The exchange is in the ledger, and this is what it used.
  void Settle(policy::Amount used);
  // Nothing was used.
  void Release();

 private:
  void Free();

  policy::Book* book_ = nullptr;
  policy::HoldFile* file_ = nullptr;
  policy::Hold hold_;
  policy::HoldSlot slot_;
  std::vector<policy::RateTicket> rates_;
  CapacityTicket capacity_;
};

}  // namespace cofferdam::gate
