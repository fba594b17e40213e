#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <variant>

#include "agent/tools/file_walk_internal.h"
#include "agent/tools/shown_text.h"
#include "corpus/tree.h"

namespace cofferdam::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;
// Files between two looks at the clock.
constexpr int64_t kStride = 64;

std::string Relative(std::string_view path, std::string_view folder) {
  if (!path.starts_with(folder)) return std::string(path);
  path.remove_prefix(folder.size());
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path);
}

}  // namespace

Result<WalkEnd> WalkFiles(const Workspace& workspace, const ToolLimits& limits,
                          std::string_view path, std::stop_token stop,
                          const TakeFile& take) {
  TRY_ASSIGN(WorkspacePath place, workspace.Find(path));
  if (place.kind == WorkspacePath::Kind::kNone) {
    return Error(Code::kNotFound,
                 fmt::format("{}: no such file or folder{}", path,
                             SuggestPaths(workspace, path)));
  }
  WalkEnd end;
  if (place.kind == WorkspacePath::Kind::kFile) {
    end.files = 1;
    take(place.shown, Relative(place.absolute, workspace.root()));
    return end;
  }
  TRY_ASSIGN(corpus::TreeWalk walk,
             corpus::TreeWalk::Open({place.absolute}, corpus::TreeLimits()));
  bool inside = place.absolute == workspace.root() ||
                place.absolute.starts_with(workspace.root() + "/");
  auto until = SteadyClock::now() + std::chrono::milliseconds(limits.walk_ms);
  int64_t steps = 0;
  while (auto next = walk.Next()) {
    if (++steps % kStride == 0) {
      if (stop.stop_requested()) {
        end.cut = "interrupted";
        break;
      }
      if (SteadyClock::now() > until) {
        end.cut =
            fmt::format("stopped after {} s and {}; name a folder as path",
                        limits.walk_ms / 1000, Counted(end.files, "file"));
        break;
      }
    }
    const auto* document = std::get_if<corpus::Document>(&*next);
    if (document == nullptr) continue;
    if (end.files >= limits.walk_files) {
      end.cut = fmt::format("stopped after {}; name a folder as path",
                            Counted(end.files, "file"));
      break;
    }
    ++end.files;
    std::string below = Relative(document->path, place.absolute);
    std::string shown =
        inside ? Relative(document->path, workspace.root()) : document->path;
    if (!take(shown, below)) break;
  }
  return end;
}

std::string_view SearchPath(const JsonValue& arguments) {
  std::string_view path = arguments["path"].StringOrEmpty();
  return path.empty() ? "." : path;
}

Result<Intent> PlanSearch(const Workspace& workspace,
                          const JsonValue& arguments, std::string title) {
  TRY_ASSIGN(WorkspacePath path, workspace.Find(SearchPath(arguments)));
  Intent intent;
  intent.kind = ToolKind::kSearch;
  intent.title = std::move(title);
  if (path.shown != ".") intent.title += " in " + path.shown;
  intent.locations = {{path.absolute, std::nullopt}};
  intent.reads = {path.absolute};
  return intent;
}

}  // namespace cofferdam::agent
