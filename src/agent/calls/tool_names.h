#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/engine.h"

namespace cofferdam::agent {

// Which tool a name means.
struct NamedTool {
  const ToolSpec* tool = nullptr;  // none: it is not certain
  std::string mend;                // what was mended; empty: the name is exact
  // The name is another agent's for this tool: the call is certain only if its
  // arguments fit as they are.
  bool by_other_name = false;
};

// Takes case, '-' for '_', a prefix like "functions." and a control token
// behind the name for slips, and the well-known names that other agents give to
// the same tool for those.
NamedTool FindTool(std::string_view name, std::span<const ToolSpec> tools);

// For the model: that there is no such tool, which ones there are, and the
// nearest if one is near.
std::string NoSuchTool(std::string_view name, std::span<const ToolSpec> tools);

// Letters and digits of a name in lower case: what remains of "filePath",
// "file_path" and "File-Path" alike.
std::string PlainName(std::string_view name);

// The one of `names` to which `name` is nearest, if it is near: at most a third
// of its letters differ. Views into `names`.
std::string_view NearestName(std::string_view name,
                             std::span<const std::string_view> names);

// `text` shortened for a message to `bytes_max`, between characters, and
// without control characters.
std::string Excerpt(std::string_view text, size_t bytes_max);

}  // namespace cofferdam::agent
