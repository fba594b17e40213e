#include "cli/version.h"

namespace cofferdam::cli {

std::string_view VersionText() { return "cofferdam " COFFERDAM_VERSION; }

}  // namespace cofferdam::cli
