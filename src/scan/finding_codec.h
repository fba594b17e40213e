#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "evidence/finding.h"

namespace cofferdam::scan {

// A finding as bytes, with everything it has, for a journal: docs/formats/
// journal.md, "Finding".
void AppendFinding(const evidence::Finding& finding, std::string* out);

// Removes one from `in`. kCorrupt where the bytes are no finding.
Result<evidence::Finding> ReadFinding(std::string_view* in);

}  // namespace cofferdam::scan
