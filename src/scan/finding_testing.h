#pragma once

#include <string>
#include <string_view>

#include "evidence/finding.h"
#include "scan/sink.h"

namespace cofferdam::scan {

// A forbidden finding in src/a.py, lines 3 and 4, of one output.
evidence::Finding SampleFinding();
// Of a record's field, by a mark alone.
evidence::Finding SampleMarked();
// Of SampleFinding's output.
Result<std::string> SampleOutputText(std::string_view exchange, uint32_t part);
// Of a scan that found SampleFinding.
ScanReport SampleReport();

}  // namespace cofferdam::scan
