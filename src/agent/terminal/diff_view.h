#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/styled_text.h"
#include "agent/tool.h"

namespace cofferdam::agent {

// The path as it stands below `folder`, else whole.
std::string PathWithin(std::string_view path, std::string_view folder);

// A change of a file as rows for a terminal: a head with the path and how many
// lines came and went, then the changed lines with three around, with their
// numbers (a removed line its former one), what differs inside of a line
// marked. Wrapped to `columns`. Binary content is named, not shown.
std::vector<StyledLine> ViewChange(const FileChange& change,
                                   std::string_view folder, int columns);

// The head alone: "src/a.cc  +3 -1", "src/a.cc  new, +40".
StyledLine ChangeHead(const FileChange& change, std::string_view folder);

}  // namespace cofferdam::agent
