#pragma once

#include <cstddef>
#include <string_view>

namespace cofferdam::corpus {

// Bytes from the begin of a file that tell it.
inline constexpr size_t kScanReportProbeBytes = size_t{8} << 10;

// Whether a file that begins with `head` is a report that a scan wrote: JSON or
// JSON lines of findings, SARIF, HTML (docs/formats/reports.md). Such files are
// mostly written beside what was scanned, quote what was found in it, and are
// no part of a corpus. Costs a look at the first byte for almost every file.
bool IsScanReport(std::string_view head);

}  // namespace cofferdam::corpus
