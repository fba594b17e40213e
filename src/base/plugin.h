#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam {

// The path of the program that runs, however it was called.
Result<std::string> ProgramPath();

// Where a file is that was installed with `program`: beside it, or, where it is
// not there but lies in ../lib/cofferdam seen from its folder, that one.
std::string InstalledPath(std::string_view program, std::string_view file_name);

// The function `symbol` of the shared library `path`, which is loaded and never
// unloaded; its symbols are nobody else's. Safe from any thread. kUnavailable,
// with the loader's words, when either is not there.
Result<void*> OpenPlugin(const std::string& path, const char* symbol);

}  // namespace cofferdam
