// All files of a patch, or none: everything is worked out before the first
// byte is written, and what was written is taken back where a later step fails.

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "agent/edits/patch.h"
#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/shown_text.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kNamesShown = 20;

// What becomes of one file.
struct FileStep {
  PatchedFile::Kind kind = PatchedFile::Kind::kUpdate;
  OpenedText file;
  std::string after;
  std::optional<WorkspacePath> move_to;
  std::string note;
  // Where it stands and which bytes it has, once the step was taken.
  std::optional<FileStamp> stamp;
  bool moved = false;
};

class PatchTool : public BuiltInTool {
 public:
  explicit PatchTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(std::move(shop), "patch",
                    "Change files by a patch: *** Begin Patch ... *** End "
                    "Patch, or a unified diff.",
                    R"({"type":"object","properties":{)"
                    R"("patch":{"type":"string"}},"required":["patch"]})") {}

  Result<Intent> Plan(const JsonValue& arguments) override {
    TRY_ASSIGN(std::vector<PatchedFile> files,
               ReadPatch(arguments["patch"].StringOrEmpty()));
    Intent intent;
    intent.kind = ToolKind::kEdit;
    intent.title = files.size() == 1
                       ? "Patch " + ShownText(CutText(files[0].path, 200))
                       : fmt::format("Patch {} files", files.size());
    bool all_deleted = true;
    for (const PatchedFile& file : files) {
      TRY_ASSIGN(WorkspacePath path, workspace().Find(file.path));
      intent.locations.push_back({path.absolute, std::nullopt});
      intent.writes.push_back(path.absolute);
      if (file.kind != PatchedFile::Kind::kAdd)
        intent.reads.push_back(path.absolute);
      all_deleted = all_deleted && file.kind == PatchedFile::Kind::kDelete;
      if (file.move_to.empty()) continue;
      TRY_ASSIGN(WorkspacePath to, workspace().Find(file.move_to));
      intent.writes.push_back(to.absolute);
    }
    if (all_deleted) intent.kind = ToolKind::kDelete;
    Result<std::vector<FileStep>> steps = WorkOut(files);
    if (steps.ok()) intent.preview = ChangesOf(*steps);
    return intent;
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token /*stop*/) override {
    if (auto refused = RefuseInPlanMode(shop())) return *refused;
    Result<std::vector<PatchedFile>> files =
        ReadPatch(arguments["patch"].StringOrEmpty());
    if (!files.ok()) return Failed(files.error());
    Result<std::vector<FileStep>> steps = WorkOut(*files);
    if (!steps.ok()) {
      if (steps.error().code() == Code::kCancelled)
        return {.text = steps.error().message()};
      return Failed(steps.error().message() + "\nNo file was changed.");
    }
    for (size_t i = 0; i < steps->size(); ++i) {
      Status taken = Take(&(*steps)[i]);
      if (taken.ok()) continue;
      std::string text = taken.error().message() + "\n";
      bool whole = true;
      for (size_t j = i + 1; j-- > 0;) whole = TakeBack(&(*steps)[j]) && whole;
      text += whole ? "No file was changed."
                    : "Some files could not be put back; look at each.";
      return Failed(std::move(text));
    }
    return Done(*steps);
  }

 private:
  Result<FileStep> WorkOutOne(const PatchedFile& file) {
    FileStep step = {.kind = file.kind};
    if (file.kind == PatchedFile::Kind::kDelete) {
      TRY_ASSIGN(step.file.path, workspace().Find(file.path));
      TRY(workspace().CheckWritable(step.file.path));
      TRY_ASSIGN(WorkspaceFile whole, workspace().Read(file.path));
      step.file.path = whole.path;
      step.file.stamp = whole.stamp;
      step.file.bytes = std::move(whole.bytes);
      return step;
    }
    TRY_ASSIGN(step.file, OpenForEdit(workspace(), file.path));
    const std::string& shown = step.file.path.shown;
    if (file.kind == PatchedFile::Kind::kAdd) {
      if (step.file.stamp) {
        return Error(Code::kConflict,
                     fmt::format("{} is there already; change it with \"*** "
                                 "Update File\"",
                                 shown));
      }
      step.after = file.text;
      return step;
    }
    if (!step.file.stamp) {
      return Error(Code::kNotFound,
                   fmt::format("{}: no such file{}", shown,
                               SuggestPaths(workspace(), file.path)));
    }
    step.after = step.file.bytes;
    if (!file.hunks.empty()) {
      auto outcome = ApplyHunks(step.file.text(), file.hunks);
      if (auto* refused = std::get_if<RefusedEdit>(&outcome)) {
        bool done = refused->why == RefusedEdit::Why::kAlreadyThere;
        if (!done || file.move_to.empty()) {
          return Error(done ? Code::kCancelled : Code::kInvalid,
                       fmt::format("{}: {}", shown, ShownText(refused->words)));
        }
      } else {
        auto& applied = std::get<AppliedEdit>(outcome);
        step.after = step.file.WithText(applied.text);
        step.note = std::move(applied.note);
      }
    }
    if (file.move_to.empty()) return step;
    TRY_ASSIGN(WorkspacePath to, workspace().Find(file.move_to));
    TRY(workspace().CheckWritable(to));
    if (to.kind != WorkspacePath::Kind::kNone) {
      return Error(Code::kConflict,
                   fmt::format("{} is there already; {} cannot be moved there",
                               to.shown, shown));
    }
    step.move_to = std::move(to);
    return step;
  }

  // An error of code kCancelled: all of it is so already.
  Result<std::vector<FileStep>> WorkOut(const std::vector<PatchedFile>& files) {
    std::vector<FileStep> steps;
    std::optional<Error> done;
    for (const PatchedFile& file : files) {
      Result<FileStep> step = WorkOutOne(file);
      if (!step.ok() && step.error().code() == Code::kCancelled) {
        done = std::move(step).error();
        continue;
      }
      if (!step.ok()) return std::move(step).error();
      for (const FileStep& other : steps) {
        bool twice = other.file.path.absolute == step->file.path.absolute;
        bool target = other.move_to && step->move_to &&
                      other.move_to->absolute == step->move_to->absolute;
        if (!twice && !target) continue;
        return Error(Code::kInvalid, fmt::format("the patch names {} twice",
                                                 step->file.path.shown));
      }
      steps.push_back(*std::move(step));
    }
    if (steps.empty() && done) return *std::move(done);
    return steps;
  }

  Status Take(FileStep* step) {
    WorkspacePath path = step->file.path;
    step->stamp = step->file.stamp;
    if (step->kind == PatchedFile::Kind::kDelete) {
      TRY(workspace().Remove(path, *step->file.stamp));
      step->stamp = std::nullopt;
      step->moved = true;
      return {};
    }
    if (step->move_to) {
      TRY_ASSIGN(step->stamp,
                 workspace().Move(path, *step->move_to, *step->stamp));
      step->moved = true;
      path = *step->move_to;
    }
    if (step->stamp && step->after == step->file.bytes) return {};
    TRY_ASSIGN(step->stamp, workspace().Write(path, step->after, step->stamp));
    return {};
  }

  // As it was, whatever of the step was taken.
  bool TakeBack(FileStep* step) {
    const WorkspacePath& path = step->file.path;
    if (step->kind == PatchedFile::Kind::kDelete) {
      return !step->moved ||
             workspace().Write(path, step->file.bytes, std::nullopt).ok();
    }
    if (!step->file.stamp)
      return !step->stamp || workspace().Remove(path, *step->stamp).ok();
    if (!step->stamp) return true;
    if (step->moved) {
      Result<FileStamp> back =
          workspace().Move(*step->move_to, path, *step->stamp);
      if (!back.ok()) return false;
      step->stamp = *back;
    }
    Result<WorkspaceFile> now = workspace().Read(path.absolute);
    if (!now.ok()) return false;
    return now->bytes == step->file.bytes ||
           workspace().Write(path, step->file.bytes, now->stamp).ok();
  }

  static std::vector<FileChange> ChangesOf(const std::vector<FileStep>& steps) {
    std::vector<FileChange> changes;
    for (const FileStep& step : steps) {
      FileChange change = {.path = step.file.path.absolute};
      if (step.file.stamp) change.before = step.file.bytes;
      if (step.kind != PatchedFile::Kind::kDelete && !step.move_to)
        change.after = step.after;
      changes.push_back(std::move(change));
      if (step.move_to)
        changes.push_back({step.move_to->absolute, std::nullopt, step.after});
    }
    return changes;
  }

  ToolOutcome Done(const std::vector<FileStep>& steps) {
    ToolOutcome outcome;
    outcome.changes = ChangesOf(steps);
    size_t shown = 0;
    for (const FileStep& step : steps) {
      const WorkspacePath& path = step.file.path;
      if (step.kind == PatchedFile::Kind::kDelete || step.move_to)
        shop().seen.Forget(path.absolute);
      if (!step.file.stamp) {
        shop().seen.NoteWritten(path.absolute, step.after);
      } else if (step.kind == PatchedFile::Kind::kUpdate && !step.move_to) {
        shop().seen.NoteChanged(path.absolute, step.file.bytes, step.after);
      }
      if (++shown > kNamesShown) continue;
      std::string_view what = step.kind == PatchedFile::Kind::kDelete
                                  ? "Deleted"
                              : step.file.stamp ? "Changed"
                                                : "Made";
      outcome.text += fmt::format("{} {}", what, path.shown);
      if (step.move_to)
        outcome.text += fmt::format(", moved to {}", step.move_to->shown);
      if (!step.note.empty())
        outcome.text += fmt::format(" (note: {})", ShownText(step.note));
      outcome.text += ".\n";
    }
    if (shown > kNamesShown)
      outcome.text += fmt::format("[and {} more]\n", shown - kNamesShown);
    return outcome;
  }
};

}  // namespace

std::unique_ptr<Tool> MakePatchTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<PatchTool>(std::move(shop));
}

}  // namespace cofferdam::agent
