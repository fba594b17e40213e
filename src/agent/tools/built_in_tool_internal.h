#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/observer.h"
#include "agent/tool.h"
#include "agent/tools/output_cap.h"
#include "agent/tools/seen_files.h"
#include "agent/tools/tool_limits.h"
#include "agent/tools/workspace.h"

namespace cofferdam::agent {

// What the tools of a conversation share.
struct ToolShop {
  Workspace* workspace = nullptr;
  OutputFolder* outputs = nullptr;
  std::function<Mode()> mode;
  ToolLimits limits;
  SeenFiles seen;

  bool IsPlanning() const { return mode && mode() == Mode::kPlan; }
};

// A tool with its words.
class BuiltInTool : public Tool {
 public:
  const ToolSpec& spec() const override { return spec_; }

 protected:
  BuiltInTool(std::shared_ptr<ToolShop> shop, std::string_view name,
              std::string_view description, std::string_view schema)
      : shop_(std::move(shop)),
        spec_{std::string(name), std::string(description),
              std::string(schema)} {}

  ToolShop& shop() const { return *shop_; }
  Workspace& workspace() const { return *shop_->workspace; }
  const ToolLimits& limits() const { return shop_->limits; }

 private:
  std::shared_ptr<ToolShop> shop_;
  ToolSpec spec_;
};

inline ToolOutcome Failed(std::string text) {
  return {.text = std::move(text), .failed = true};
}
inline ToolOutcome Failed(const Error& error) {
  return Failed(error.message());
}
// What a tool that changes files answers in plan mode; none in others.
std::optional<ToolOutcome> RefuseInPlanMode(const ToolShop& shop);

// A file as an edit sees it.
struct OpenedText {
  WorkspacePath path;
  std::optional<FileStamp> stamp;  // none: it is not there
  std::string bytes;
  bool bom = false;

  // Without byte order mark.
  std::string_view text() const {
    return std::string_view(bytes).substr(bom ? 3 : 0);
  }
  std::string WithText(std::string_view text) const {
    return (bom ? "\xef\xbb\xbf" : "") + std::string(text);
  }
};
// A text file, or none there yet. What cannot be edited as text is an error
// that says so.
Result<OpenedText> OpenForEdit(const Workspace& workspace,
                               std::string_view path);
// "images are not shown here" and the like, for a file that is no text; empty:
// it is.
std::string DescribeBinary(const std::string& shown, std::string_view bytes);
// What stands in the path's folder under a name like it: "did you mean …".
std::string SuggestPaths(const Workspace& workspace, std::string_view path);

// The tools, each in its own file.
std::unique_ptr<Tool> MakeReadTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakeListTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakeGlobTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakeGrepTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakeEditTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakeWriteTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakePatchTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakeTodoTool(std::shared_ptr<ToolShop> shop);
std::unique_ptr<Tool> MakePlanTool(std::shared_ptr<ToolShop> shop);

}  // namespace cofferdam::agent
