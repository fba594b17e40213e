#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/ulid.h"
#include "ledger/outcome.h"
#include "ledger/store_internal.h"
#include "ledger/writer_internal.h"

// Family `outcome`, whose entries are made and replaced on the writer's thread
// alone (docs/formats/ledger.md).
namespace cofferdam::ledger {

// Ledger::RecordOutcomes.
Result<OutcomeReceipt> RecordStatement(const OutcomeStatement& statement,
                                       const Store& store, Writer* writer);
// Ledger::ScanOutcomes.
Status ScanCommitOutcomes(
    const Store& store,
    const std::function<bool(const CommitOutcome&)>& visitor);
Result<std::vector<OutcomeHead>> ReadOutcomeHeads(const Store& store);
// Ledger::AuthorId.
Result<std::string> MakeAuthorId(std::string_view address, const Store& store,
                                 Writer* writer, Random& random);

// Takes out of every outcome what it says of these exchanges, and of `person`
// unless that is empty; leaves nothing of it in the files.
Status ForgetInOutcomes(const std::set<Ulid>& exchanges,
                        std::string_view person, Store* store, Writer* writer);

}  // namespace cofferdam::ledger
