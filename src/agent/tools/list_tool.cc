#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <variant>
#include <vector>

#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/file_walk_internal.h"
#include "agent/tools/path_pattern.h"
#include "agent/tools/shown_text.h"
#include "corpus/tree.h"

namespace cofferdam::agent {
namespace {

constexpr int64_t kDepthMost = 20;

// A folder of the tree that is shown.
struct ListedFolder {
  std::string path;  // below the listed one, with a slash at its end
  int64_t entries = 0;
  int64_t left_out = 0;
};

class TreeText {
 public:
  explicit TreeText(const ToolLimits& limits) : limits_(limits) {}

  // False: no more fits.
  bool AddFile(std::string_view path) {
    if (!Enter(path)) return false;
    return Add(path.substr(path.rfind('/') + 1));
  }
  // One that is not entered.
  bool AddFolder(std::string_view path) {
    if (!Enter(path)) return false;
    return Add(fmt::format("{}/ ...", path.substr(path.rfind('/') + 1)));
  }

  std::string Finish(bool full) {
    while (!open_.empty()) Leave();
    if (full) {
      text_ += fmt::format("[more than {} entries; list a folder in it]\n",
                           limits_.list_entries);
    }
    return std::move(text_);
  }

 private:
  // Leaves the folders that `path` is not in, and enters those that it is in.
  bool Enter(std::string_view path) {
    while (!open_.empty() && !path.starts_with(open_.back().path)) Leave();
    size_t known = open_.empty() ? 0 : open_.back().path.size();
    for (size_t slash = path.find('/', known); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      size_t begin = open_.empty() ? 0 : open_.back().path.size();
      if (!Add(path.substr(begin, slash + 1 - begin))) return false;
      open_.push_back({std::string(path.substr(0, slash + 1))});
    }
    return true;
  }

  void Leave() {
    if (open_.back().left_out > 0) {
      Line(fmt::format("[and {} more]", ShownCount(open_.back().left_out)));
    }
    open_.pop_back();
  }

  void Line(std::string_view name) {
    text_.append(open_.size() * 2, ' ').append(ShownText(name)).append("\n");
  }

  bool Add(std::string_view name) {
    int64_t& count = open_.empty() ? top_ : open_.back().entries;
    bool folder = name.ends_with('/');
    if (!folder && ++count > limits_.list_folder_entries && !open_.empty()) {
      ++open_.back().left_out;
      return true;
    }
    if (++all_ > limits_.list_entries) return false;
    Line(name);
    return true;
  }

  const ToolLimits& limits_;
  std::vector<ListedFolder> open_;
  std::string text_;
  int64_t top_ = 0;
  int64_t all_ = 0;
};

class ListTool : public BuiltInTool {
 public:
  explicit ListTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(std::move(shop), "list",
                    "List a folder as a tree, without what git ignores.",
                    R"({"type":"object","properties":{)"
                    R"("path":{"type":"string"},)"
                    R"("depth":{"type":"integer"}}})") {}

  Result<Intent> Plan(const JsonValue& arguments) override {
    TRY_ASSIGN(WorkspacePath path, workspace().Find(SearchPath(arguments)));
    Intent intent;
    intent.kind = ToolKind::kRead;
    intent.title = "List " + path.shown;
    intent.locations = {{path.absolute, std::nullopt}};
    intent.reads = {path.absolute};
    return intent;
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token stop) override {
    std::string_view given = SearchPath(arguments);
    Result<WorkspacePath> path = workspace().Find(given);
    if (!path.ok()) return Failed(path.error());
    if (path->kind == WorkspacePath::Kind::kNone) {
      return Failed(fmt::format("{}: no such folder{}", path->shown,
                                SuggestPaths(workspace(), given)));
    }
    if (path->kind != WorkspacePath::Kind::kFolder) {
      return Failed(fmt::format("{} is a file; read it instead", path->shown));
    }
    corpus::TreeLimits tree_limits;
    int64_t depth = arguments["depth"].Int().value_or(limits().list_depth);
    tree_limits.depth_max =
        static_cast<size_t>(std::clamp<int64_t>(depth, 1, kDepthMost) - 1);
    Result<corpus::TreeWalk> walk =
        corpus::TreeWalk::Open({path->absolute}, tree_limits);
    if (!walk.ok()) return Failed(walk.error());
    return {.text = Show(*path, &*walk, stop)};
  }

 private:
  std::string Show(const WorkspacePath& path, corpus::TreeWalk* walk,
                   const std::stop_token& stop) {
    TreeText tree(limits());
    bool full = false;
    bool any = false;
    while (auto next = walk->Next()) {
      if (stop.stop_requested()) break;
      const auto* document = std::get_if<corpus::Document>(&*next);
      const auto* passed = std::get_if<corpus::PassedOver>(&*next);
      std::string_view at = document != nullptr ? document->path : passed->path;
      if (!at.starts_with(path.absolute) || !workspace().IsShown(at)) continue;
      at.remove_prefix(path.absolute.size());
      while (at.starts_with('/')) at.remove_prefix(1);
      if (at.empty()) continue;
      any = true;
      bool deep =
          passed != nullptr && passed->reason == corpus::Reason::kTooDeep;
      if (!(deep ? tree.AddFolder(at) : tree.AddFile(at))) {
        full = true;
        break;
      }
    }
    if (!any) return fmt::format("[{} is empty]", path.shown);
    return tree.Finish(full);
  }
};

class GlobTool : public BuiltInTool {
 public:
  explicit GlobTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(std::move(shop), "glob",
                    "Find files by name, like *.cc or src/**/test_*.py.",
                    R"({"type":"object","properties":{)"
                    R"("pattern":{"type":"string"},)"
                    R"("path":{"type":"string"}},"required":["pattern"]})") {}

  Result<Intent> Plan(const JsonValue& arguments) override {
    return PlanSearch(
        workspace(), arguments,
        fmt::format("Find {}",
                    CutText(arguments["pattern"].StringOrEmpty(), 80)));
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token stop) override {
    std::string_view given = arguments["pattern"].StringOrEmpty();
    // An absolute pattern is relative to the workspace if it lies in it.
    std::string root = workspace().root() + "/";
    if (given.starts_with(root)) given.remove_prefix(root.size());
    Result<PathPattern> pattern = PathPattern::Parse(given);
    if (!pattern.ok()) return Failed(pattern.error());
    std::string text;
    int64_t found = 0;
    Result<WalkEnd> end =
        WalkFiles(workspace(), limits(), SearchPath(arguments), stop,
                  [&](const std::string& shown, const std::string& below) {
                    if (!pattern->Matches(below) && !pattern->Matches(shown))
                      return true;
                    // What is not listed is not looked at again.
                    if (found < limits().glob_paths &&
                        !workspace().IsShown(
                            shown.starts_with('/') ? shown : root + shown)) {
                      return true;
                    }
                    if (++found <= limits().glob_paths)
                      text += ShownText(shown) + "\n";
                    return true;
                  });
    if (!end.ok()) return Failed(end.error());
    if (found == 0) {
      text = fmt::format("No file matches {} ({} looked at).\n",
                         CutText(given, 200), Counted(end->files, "file"));
    }
    if (found > limits().glob_paths) {
      text += fmt::format("[{} more; narrow the pattern]\n",
                          ShownCount(found - limits().glob_paths));
    }
    if (!end->cut.empty()) text += fmt::format("[{}]\n", end->cut);
    return {.text = std::move(text)};
  }
};

}  // namespace

std::unique_ptr<Tool> MakeListTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<ListTool>(std::move(shop));
}

std::unique_ptr<Tool> MakeGlobTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<GlobTool>(std::move(shop));
}

}  // namespace cofferdam::agent
