#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "agent/edits/text_lines_internal.h"
#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/shown_text.h"

namespace cofferdam::agent {
namespace {

class ReadTool : public BuiltInTool {
 public:
  explicit ReadTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(
            std::move(shop), "read",
            "Read a text file. Lines come as NUMBER\xe2\x86\x92TEXT.",
            R"({"type":"object","properties":{"path":{"type":"string"},)"
            R"("offset":{"type":"integer","description":"first line"},)"
            R"("limit":{"type":"integer","description":"lines"}},)"
            R"("required":["path"]})") {}

  Result<Intent> Plan(const JsonValue& arguments) override {
    TRY_ASSIGN(WorkspacePath path,
               workspace().Find(arguments["path"].StringOrEmpty()));
    Intent intent;
    intent.kind = ToolKind::kRead;
    intent.title = "Read " + path.shown;
    intent.locations = {{path.absolute, arguments["offset"].Int()}};
    intent.reads = {path.absolute};
    return intent;
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token /*stop*/) override {
    std::string_view given = arguments["path"].StringOrEmpty();
    Result<WorkspaceFile> file = workspace().Read(given);
    if (!file.ok()) return Explain(file.error(), given);
    std::string binary = DescribeBinary(file->path.shown, file->bytes);
    if (!binary.empty()) return Failed(binary);
    return Show(*file, arguments["offset"].Int().value_or(1),
                arguments["limit"].Int());
  }

 private:
  ToolOutcome Explain(const Error& error, std::string_view given) {
    std::string text = error.message();
    if (error.code() == Code::kNotFound)
      text += SuggestPaths(workspace(), given);
    if (error.code() == Code::kTooLarge) {
      text +=
          "; search it with grep, or take a part of it with a command "
          "(sed -n)";
    }
    return Failed(std::move(text));
  }

  ToolOutcome Show(const WorkspaceFile& file, int64_t offset,
                   std::optional<int64_t> limit) {
    std::string_view bytes = file.bytes;
    std::vector<TextLine> lines = SplitTextLines(bytes);
    auto count = static_cast<int64_t>(lines.size());
    // From the end, as some tools have it.
    if (offset < 0) offset = std::max<int64_t>(1, count + 1 + offset);
    int64_t first = std::max<int64_t>(offset, 1);
    if (count == 0) {
      shop().seen.NoteRead(file.path.absolute, bytes, 1, 0, 0);
      return {.text = fmt::format("[{} is empty]", file.path.shown)};
    }
    if (first > count) {
      return Failed(fmt::format("{} has {}; offset {} is behind the last",
                                file.path.shown, Counted(count, "line"),
                                offset));
    }
    int64_t wanted = limit.value_or(limits().read_lines);
    int64_t last =
        std::min(count, first + std::clamp<int64_t>(wanted, 1, count) - 1);
    std::string text;
    int64_t at = first;
    for (; at <= last; ++at) {
      const TextLine& line = lines[static_cast<size_t>(at - 1)];
      std::string shown =
          ShowLine(at, bytes.substr(line.begin, line.end - line.begin),
                   wanted == 1 ? Beside::kNothing : Beside::kOthers);
      if (at > first && text.size() + shown.size() > limits().read_bytes) break;
      text += shown;
    }
    shop().seen.NoteRead(file.path.absolute, bytes, first, at - 1, count);
    if (at - 1 < count) {
      text += fmt::format("[lines {}-{} of {}; go on with offset {}]\n", first,
                          at - 1, count, at);
    }
    return {.text = std::move(text)};
  }

  // Where nothing else was asked for, there is room for more of a line.
  enum class Beside { kNothing, kOthers };
  std::string ShowLine(int64_t number, std::string_view line, Beside beside) {
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    size_t bytes_max = limits().read_line_bytes;
    if (beside == Beside::kNothing)
      bytes_max = std::max(bytes_max, limits().read_bytes);
    std::string_view cut = CutText(line, bytes_max);
    std::string text = fmt::format("{}\xe2\x86\x92{}", number, ShownText(cut));
    if (cut.size() < line.size()) {
      text += fmt::format(
          " [{} bytes of this line left out; {}]",
          ShownCount(static_cast<int64_t>(line.size() - cut.size())),
          beside == Beside::kNothing
              ? "cut -b in a command shows them"
              : fmt::format("offset {} with limit 1 shows more", number));
    }
    return text + "\n";
  }
};

}  // namespace

std::unique_ptr<Tool> MakeReadTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<ReadTool>(std::move(shop));
}

}  // namespace cofferdam::agent
