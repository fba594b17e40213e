#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "console/admin.h"
#include "console/stores.h"

namespace cofferdam::cli {

// Addresses of people by their opaque ids. Opens the stores, or asks.
Result<std::map<std::string, std::string>> PersonNames(
    const console::StoresOptions& stores);

Result<std::map<std::string, std::string>> PersonNames(console::Admin* admin);

}  // namespace cofferdam::cli
