#pragma once

#include "base/result.h"
#include "blame/repository_blame.h"
#include "cli/command.h"
#include "cli/config.h"

namespace cofferdam::cli {

// kInvalid for words of --export, --out and --for that do not fit.
Status CheckExportFlags(const Invocation& call);

// Writes what --export asks for: to the file of --out, or to stdout; notes of
// git-ai into the folder of --out, one file each named by its commit, whose
// existing files stay as they are. The exit code.
Result<int> WriteBlameExport(const Invocation& call, const Config& config,
                             const blame::RepositoryBlame& blame);

}  // namespace cofferdam::cli
