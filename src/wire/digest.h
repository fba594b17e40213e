#pragma once

#include <string>

#include "wire/types.h"

namespace cofferdam::wire {

// What the ledger hashes to tell whether an assistant turn in a later prompt
// is an output it has: the text of `part` without ASCII white space; for a
// tool input (JSON) members sorted by name, numbers in shortest form, and white
// space taken out of its strings too; a command without a "cd DIR && " before
// it. Agents write JSON anew, reorder members and trim text; none of that
// changes the claim text. Empty when the part says nothing but white space:
// such a part claims nothing.
std::string ClaimText(const Part& part);

}  // namespace cofferdam::wire
