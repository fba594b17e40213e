#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "agent/edits/edit.h"
#include "agent/edits/text_lines_internal.h"
#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/shown_text.h"

namespace cofferdam::agent {
namespace {

int64_t LinesIn(std::string_view text) {
  auto lines = std::count(text.begin(), text.end(), '\n');
  return lines + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

class WriteTool : public BuiltInTool {
 public:
  explicit WriteTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(
            std::move(shop), "write",
            "Write a whole file. Long ones in parts: the first, then more "
            "calls with append.",
            R"({"type":"object","properties":{"path":{"type":"string"},)"
            R"("content":{"type":"string"},)"
            R"("append":{"type":"boolean","description":"add to its end"}},)"
            R"("required":["path","content"]})") {}

  Result<Intent> Plan(const JsonValue& arguments) override {
    TRY_ASSIGN(OpenedText file, OpenForEdit(workspace(), Path(arguments)));
    Intent intent;
    intent.kind = ToolKind::kEdit;
    bool append = IsAppend(arguments);
    intent.title = (append ? "Add to " : "Write ") + file.path.shown;
    intent.locations = {{file.path.absolute, std::nullopt}};
    intent.writes = {file.path.absolute};
    if (append && file.stamp) intent.reads = {file.path.absolute};
    FileChange change = {.path = file.path.absolute,
                         .after = After(file, arguments)};
    if (file.stamp) change.before = file.bytes;
    intent.preview.push_back(std::move(change));
    return intent;
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token /*stop*/) override {
    if (auto refused = RefuseInPlanMode(shop())) return *refused;
    Result<OpenedText> file = OpenForEdit(workspace(), Path(arguments));
    if (!file.ok()) return Failed(file.error());
    std::string after = After(*file, arguments);
    bool append = IsAppend(arguments);
    const std::string& shown = file->path.shown;
    if (file->stamp && !append) {
      if (auto refused = CheckOverwrite(*file, arguments)) return *refused;
    }
    if (file->stamp && after == file->bytes) {
      shop().seen.NoteWritten(file->path.absolute, after);
      return {.text = fmt::format("{} is so already; nothing changed", shown)};
    }
    Result<FileStamp> written =
        workspace().Write(file->path, after, file->stamp);
    if (!written.ok()) return Failed(written.error());
    if (append && file->stamp) {
      shop().seen.NoteChanged(file->path.absolute, file->bytes, after);
    } else {
      shop().seen.NoteWritten(file->path.absolute, after);
    }
    ToolOutcome outcome;
    int64_t lines = LinesIn(after);
    outcome.text =
        append && file->stamp
            ? fmt::format("Added {} to {}, which has {} now.",
                          Counted(LinesIn(Content(arguments)), "line"), shown,
                          lines)
            : fmt::format("{} {} ({}).", file->stamp ? "Wrote" : "Made", shown,
                          Counted(lines, "line"));
    FileChange change = {.path = file->path.absolute, .after = after};
    if (file->stamp) change.before = std::move(file->bytes);
    outcome.changes.push_back(std::move(change));
    return outcome;
  }

 private:
  static std::string_view Path(const JsonValue& arguments) {
    return arguments["path"].StringOrEmpty();
  }
  static std::string_view Content(const JsonValue& arguments) {
    return arguments["content"].StringOrEmpty();
  }
  static bool IsAppend(const JsonValue& arguments) {
    return arguments["append"].Bool().value_or(false);
  }

  // The bytes it would hold: with the mark and the line ends that it has.
  static std::string After(const OpenedText& file, const JsonValue& arguments) {
    std::string_view content = Content(arguments);
    std::string text(content);
    std::string_view before = file.text();
    bool all_carriage = LineEndOf(before) == "\r\n";
    if (all_carriage && content.find('\r') == std::string_view::npos)
      text = WithLineEnds(content, "\r\n");
    if (IsAppend(arguments)) return file.bytes + text;
    return text.starts_with("\xef\xbb\xbf") ? text : file.WithText(text);
  }

  // A file may be overwritten by who knows what it holds.
  std::optional<ToolOutcome> CheckOverwrite(const OpenedText& file,
                                            const JsonValue& arguments) {
    const std::string& shown = file.path.shown;
    if (file.bytes.empty()) return std::nullopt;
    int64_t until = 0;
    switch (shop().seen.Of(file.path.absolute, file.bytes, &until)) {
      case SeenFiles::Seen::kAll:
        break;
      case SeenFiles::Seen::kNothing:
        return Failed(fmt::format(
            "{} is there already ({}). Read it before you overwrite it, or "
            "change a part of it with edit.",
            shown, Counted(LinesIn(file.text()), "line")));
      case SeenFiles::Seen::kOther:
        return Failed(fmt::format(
            "{} changed since you read it. Read it again, then write.", shown));
      case SeenFiles::Seen::kPart:
        return Failed(fmt::format(
            "you have seen {} of the {} of {}; writing it whole would lose "
            "the others. Read on with offset {}, or change a part with edit.",
            Counted(until, "line"), Counted(LinesIn(file.text()), "line"),
            shown, until + 1));
    }
    if (!IsUtf8(file.bytes)) {
      return Failed(fmt::format(
          "{} is not UTF-8: written whole it would lose characters. Change "
          "parts of it with edit.",
          shown));
    }
    std::string_view placeholder =
        FindPlaceholder(file.text(), Content(arguments));
    if (!placeholder.empty()) {
      return Failed(fmt::format(
          "`{}` in content stands for code that would be lost. Give the whole "
          "file, or change a part of it with edit.",
          CutText(placeholder, 100)));
    }
    return std::nullopt;
  }
};

}  // namespace

std::unique_ptr<Tool> MakeWriteTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<WriteTool>(std::move(shop));
}

}  // namespace cofferdam::agent
