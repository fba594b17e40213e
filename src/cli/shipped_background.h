#pragma once

#include <string_view>

#include "base/result.h"
#include "cli/config.h"
#include "evidence/background.h"

namespace cofferdam::cli {

// The layer of the background that this binary was built with: the bytes of
// data/background.bin. Read from the binary's file as they are needed.
std::string_view ShippedBackground();

// That layer, and those that the configuration names ([evidence] background).
Result<evidence::Background> LoadBackground(const Config& config);

}  // namespace cofferdam::cli
