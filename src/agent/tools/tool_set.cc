#include "agent/tools/tool_set.h"

#include <utility>

#include "agent/tools/built_in_tool_internal.h"
#include "base/check.h"

namespace cofferdam::agent {

std::vector<std::unique_ptr<Tool>> MakeTools(ToolSetOptions options) {
  CHECK(options.workspace != nullptr);
  auto shop = std::make_shared<ToolShop>();
  shop->workspace = options.workspace;
  shop->outputs = options.outputs;
  shop->mode = std::move(options.mode);
  shop->limits = options.limits;
  std::vector<std::unique_ptr<Tool>> tools;
  tools.push_back(MakeReadTool(shop));
  tools.push_back(MakeListTool(shop));
  tools.push_back(MakeGlobTool(shop));
  tools.push_back(MakeGrepTool(shop));
  tools.push_back(MakeEditTool(shop));
  tools.push_back(MakeWriteTool(shop));
  tools.push_back(MakePatchTool(shop));
  if (options.bash != nullptr) tools.push_back(std::move(options.bash));
  tools.push_back(MakeTodoTool(shop));
  tools.push_back(MakePlanTool(shop));
  return tools;
}

bool IsOffered(EditFormat format, std::string_view tool) {
  if (tool == "edit") return format == EditFormat::kSearchReplace;
  if (tool == "patch") return format == EditFormat::kPatch;
  return true;
}

}  // namespace cofferdam::agent
