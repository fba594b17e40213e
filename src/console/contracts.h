#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/exchange.h"
#include "policy/contract.h"
#include "policy/terms.h"

namespace cofferdam::console {

// The contracts of a configuration, and the table that says what their terms
// allow. Immutable.
struct Contracts {
  std::vector<policy::Contract> contracts;
  // None: nobody knows any terms, and every class is unknown.
  std::shared_ptr<const policy::TermsTable> terms;

  // kNotFound, with the names there are.
  Result<const policy::Contract*> Find(std::string_view name) const;

  // As a record has them, of an exchange under `contract` at `micros`.
  ledger::Terms TermsAt(const policy::Contract& contract, int64_t micros) const;
};

}  // namespace cofferdam::console
