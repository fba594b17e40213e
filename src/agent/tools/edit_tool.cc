#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <variant>

#include "agent/edits/edit.h"
#include "agent/edits/text_lines_internal.h"
#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/shown_text.h"

namespace cofferdam::agent {
namespace {

// Of a result that is not quite what the model said.
constexpr int64_t kShownLines = 20;
constexpr size_t kShownLineBytes = 200;
// A file that changes under an edit is read again.
constexpr int kTriesMax = 3;

class EditTool : public BuiltInTool {
 public:
  explicit EditTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(
            std::move(shop), "edit",
            "Replace old by new in a file. old: lines as the file has them, "
            "enough to be one place.",
            R"({"type":"object","properties":{"path":{"type":"string"},)"
            R"("old":{"type":"string"},"new":{"type":"string"},)"
            R"("replace_all":{"type":"boolean"}},)"
            R"("required":["path","old","new"]})") {}

  Result<Intent> Plan(const JsonValue& arguments) override {
    TRY_ASSIGN(OpenedText file,
               OpenForEdit(workspace(), arguments["path"].StringOrEmpty()));
    Intent intent;
    intent.kind = ToolKind::kEdit;
    intent.title = "Edit " + file.path.shown;
    intent.reads = {file.path.absolute};
    intent.writes = {file.path.absolute};
    Location location = {file.path.absolute, std::nullopt};
    auto outcome = Apply(file, arguments);
    if (const auto* applied = std::get_if<AppliedEdit>(&outcome)) {
      location.line = applied->first_line;
      FileChange change = {.path = file.path.absolute,
                           .after = file.WithText(applied->text)};
      if (file.stamp) change.before = file.bytes;
      intent.preview.push_back(std::move(change));
    }
    intent.locations.push_back(std::move(location));
    return intent;
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token /*stop*/) override {
    if (auto refused = RefuseInPlanMode(shop())) return *refused;
    std::string_view given = arguments["path"].StringOrEmpty();
    for (int tries = 1;; ++tries) {
      Result<OpenedText> file = OpenForEdit(workspace(), given);
      if (!file.ok()) return Failed(file.error());
      if (!file->stamp && !arguments["old"].StringOrEmpty().empty()) {
        return Failed(fmt::format("{}: no such file{}", file->path.shown,
                                  SuggestPaths(workspace(), given)));
      }
      auto outcome = Apply(*file, arguments);
      if (const auto* refused = std::get_if<RefusedEdit>(&outcome)) {
        bool done = refused->why == RefusedEdit::Why::kAlreadyThere;
        return {.text = fmt::format("{}: {}{}", file->path.shown,
                                    ShownText(refused->words),
                                    done ? "" : "\nNothing was changed."),
                .failed = !done};
      }
      const auto& applied = std::get<AppliedEdit>(outcome);
      std::string after = file->WithText(applied.text);
      Result<FileStamp> written =
          workspace().Write(file->path, after, file->stamp);
      if (!written.ok() && written.error().code() == Code::kConflict &&
          tries < kTriesMax) {
        continue;
      }
      if (!written.ok()) return Failed(written.error());
      return Done(*std::move(file), applied, std::move(after));
    }
  }

 private:
  static std::variant<AppliedEdit, RefusedEdit> Apply(
      const OpenedText& file, const JsonValue& arguments) {
    EditOptions options;
    if (arguments["replace_all"].Bool().value_or(false))
      options.occurrences = Occurrences::kAll;
    return ApplyEdit(file.text(), arguments["old"].StringOrEmpty(),
                     arguments["new"].StringOrEmpty(), options);
  }

  ToolOutcome Done(OpenedText file, const AppliedEdit& applied,
                   std::string after) {
    ToolOutcome outcome;
    const std::string& shown = file.path.shown;
    if (!file.stamp) {
      outcome.text = fmt::format("Made {}.", shown);
    } else if (applied.places > 1) {
      outcome.text = fmt::format("Edited {} in {}.", shown,
                                 Counted(applied.places, "place"));
    } else if (applied.last_line < applied.first_line) {
      outcome.text = fmt::format("Edited {}: lines taken out before line {}.",
                                 shown, applied.first_line);
    } else {
      outcome.text = fmt::format("Edited {}, lines {}-{}.", shown,
                                 applied.first_line, applied.last_line);
    }
    if (!applied.note.empty()) {
      outcome.text += fmt::format(" Note: {}. It is now:\n{}",
                                  ShownText(applied.note), Excerpt(applied));
    }
    if (file.stamp) {
      shop().seen.NoteChanged(file.path.absolute, file.bytes, after);
    } else {
      shop().seen.NoteWritten(file.path.absolute, after);
    }
    FileChange change = {.path = file.path.absolute, .after = std::move(after)};
    if (file.stamp) change.before = std::move(file.bytes);
    outcome.changes.push_back(std::move(change));
    return outcome;
  }

  // The lines that were written, with one more on each side.
  static std::string Excerpt(const AppliedEdit& applied) {
    std::vector<TextLine> lines = SplitTextLines(applied.text);
    auto count = static_cast<int64_t>(lines.size());
    int64_t first = std::max<int64_t>(1, applied.first_line - 1);
    int64_t last = std::min(count, applied.last_line + 1);
    std::string text;
    for (int64_t i = first; i <= last; ++i) {
      if (i - first == kShownLines) {
        text += "[and more]\n";
        break;
      }
      const TextLine& line = lines[static_cast<size_t>(i - 1)];
      text += fmt::format(
          "{}\xe2\x86\x92{}\n", i,
          ShownText(CutText(std::string_view(applied.text)
                                .substr(line.begin, line.end - line.begin),
                            kShownLineBytes)));
    }
    return text;
  }
};

}  // namespace

std::unique_ptr<Tool> MakeEditTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<EditTool>(std::move(shop));
}

}  // namespace cofferdam::agent
