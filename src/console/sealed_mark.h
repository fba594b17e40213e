#pragma once

#include <cstdint>
#include <string>

namespace cofferdam::console {

// A file beside the index which says that the index covers all that the ledger
// held when its last holder closed it, so that a command that only reads the
// index need not open the ledger, which takes hundreds of milliseconds. It
// names the ledger's files with their sizes and times: whoever opens a ledger
// changes these, so an older mark never holds. Losing it costs time only.

// Writes the mark, where the index covers `last_sequence`. By the holder of the
// folder's lock, after the ledger was closed.
void MarkSealed(const std::string& folder, uint64_t last_sequence);

// Whether the index covers the ledger of this data folder, or there is none.
bool IsSealed(const std::string& folder);

}  // namespace cofferdam::console
