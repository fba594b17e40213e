#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/command.h"

namespace cofferdam::cli {

// For `cofferdam code --export FORMAT`, once records were handed over: what the
// ledger knows of the lines at HEAD of the workspace's repository, for other
// programs. "git-ai": notes under refs/notes/ai, where no note is;
// "agent-trace": a record at the end of .agent-trace/traces.jsonl in the work
// tree. kInvalid for another format. A line for people.
Result<std::string> ExportProvenance(const Invocation& call,
                                     std::string_view format,
                                     const std::string& workspace);
// kInvalid for a format that ExportProvenance would not know.
Status CheckExportFormat(std::string_view format);

}  // namespace cofferdam::cli
