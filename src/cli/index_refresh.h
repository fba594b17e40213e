#pragma once

#include <string>

#include "base/result.h"
#include "cli/config.h"

namespace cofferdam::cli {

// Makes the index of the configuration's data folder cover what the ledger
// holds, as scans do, but opens the ledger, or asks its holder, only if
// something may have been written to it since it was closed
// (console/sealed_mark.h): opening it costs dozens of fsyncs. The folder of the
// index.
Result<std::string> RefreshedIndex(const Config& config);

}  // namespace cofferdam::cli
