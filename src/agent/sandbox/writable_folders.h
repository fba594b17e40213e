#pragma once

#include <string>

#include "base/result.h"

namespace cofferdam::agent {

// Whether a folder besides the workspace may be made writable for commands
// without undoing the walls: kInvalid, with the reason, for "/", folders of the
// system, those that hold `home` or keys of the user, and those of keys.
// `path` and `home` are absolute; what is not there is judged by its name.
Status CheckWritableFolder(const std::string& path, const std::string& home);

// Whether commands may get a variable of this name from our own environment:
// kInvalid for what is no name, and for those that hold keys of our own.
Status CheckPassedVariable(const std::string& name);

}  // namespace cofferdam::agent
