#pragma once

#include <string_view>

namespace cofferdam::cli {

// "cofferdam 0.1.0".
std::string_view VersionText();

}  // namespace cofferdam::cli
