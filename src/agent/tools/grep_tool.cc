#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "agent/edits/text_lines_internal.h"
#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/file_walk_internal.h"
#include "agent/tools/line_pattern.h"
#include "agent/tools/path_pattern.h"
#include "agent/tools/shown_text.h"
#include "corpus/text_file.h"

namespace cofferdam::agent {
namespace {

constexpr int64_t kContextMax = 10;

// What was found so far, and as much of it as is shown.
class Findings {
 public:
  Findings(const ToolLimits& limits, int64_t context, bool files_only)
      : limits_(limits), context_(context), files_only_(files_only) {}

  void AddFile(const std::string& shown, std::string_view text,
               const LinePattern& pattern) {
    size_t at = pattern.FindLine(text, 0);
    if (at == std::string_view::npos) return;
    ++files_;
    if (files_only_) {
      ++lines_;
      Show(ShownText(shown) + "\n");
      return;
    }
    std::vector<TextLine> lines = SplitTextLines(text);
    std::vector<size_t> hits;
    size_t index = 0;
    while (at != std::string_view::npos) {
      while (index + 1 < lines.size() && lines[index].next <= at) ++index;
      hits.push_back(index);
      at = pattern.FindLine(text, lines[index].next);
    }
    lines_ += static_cast<int64_t>(hits.size());
    ShowHits(shown, text, lines, hits);
  }

  std::string Finish(const WalkEnd& end, std::string_view pattern) {
    if (files_ == 0) {
      text_ = fmt::format("No line matches {} ({} searched).\n",
                          ShownText(CutText(pattern, 200)),
                          Counted(end.files, "file"));
    } else if (cut_) {
      text_ += fmt::format(
          "[{} in {} in all; narrow it with path, glob or a "
          "longer pattern]\n",
          Counted(lines_, files_only_ ? "match" : "line"),
          Counted(files_, "file"));
    }
    if (!end.cut.empty()) text_ += fmt::format("[{}]\n", end.cut);
    return std::move(text_);
  }

 private:
  bool Show(std::string_view piece) {
    if (shown_ >= limits_.grep_lines ||
        text_.size() + piece.size() > limits_.grep_bytes) {
      cut_ = true;
      return false;
    }
    ++shown_;
    text_ += piece;
    return true;
  }

  void ShowHits(const std::string& shown, std::string_view text,
                const std::vector<TextLine>& lines,
                const std::vector<size_t>& hits) {
    if (cut_ && shown_ >= limits_.grep_lines) return;
    std::string name = ShownText(shown);
    size_t next = 0;  // the first line that was not shown
    auto context = static_cast<size_t>(context_);
    for (size_t i = 0; i < hits.size(); ++i) {
      if (static_cast<int64_t>(i) == limits_.grep_file_lines) {
        cut_ = true;
        Show(fmt::format("{}: [{} more]\n", name,
                         ShownCount(static_cast<int64_t>(hits.size() - i))));
        return;
      }
      size_t first = hits[i] > context ? hits[i] - context : 0;
      size_t last = std::min(lines.size() - 1, hits[i] + context);
      if (context > 0 && first > next && next > 0) text_ += "--\n";
      for (size_t at = std::max(first, next); at <= last; ++at) {
        bool hit = std::binary_search(hits.begin(), hits.end(), at);
        std::string_view line =
            text.substr(lines[at].begin, lines[at].end - lines[at].begin);
        std::string_view begin = CutText(line, limits_.grep_line_bytes);
        if (!Show(fmt::format("{}{}{}{}{}{}\n", name, hit ? ':' : '-', at + 1,
                              hit ? ':' : '-', ShownText(begin),
                              begin.size() < line.size() ? " [cut]" : ""))) {
          return;
        }
      }
      next = std::max(next, last + 1);
    }
  }

  const ToolLimits& limits_;
  int64_t context_;
  bool files_only_;
  std::string text_;
  int64_t files_ = 0;
  int64_t lines_ = 0;
  int64_t shown_ = 0;
  bool cut_ = false;
};

class GrepTool : public BuiltInTool {
 public:
  explicit GrepTool(std::shared_ptr<ToolShop> shop)
      : BuiltInTool(
            std::move(shop), "grep",
            "Search files for a regular expression, line by line.",
            R"({"type":"object","properties":{"pattern":{"type":"string"},)"
            R"("path":{"type":"string"},)"
            R"("glob":{"type":"string","description":"files, like *.py"},)"
            R"("ignore_case":{"type":"boolean"},)"
            R"("context":{"type":"integer"},)"
            R"("files_only":{"type":"boolean"}},"required":["pattern"]})") {}

  Result<Intent> Plan(const JsonValue& arguments) override {
    return PlanSearch(
        workspace(), arguments,
        fmt::format("Search for {}",
                    CutText(arguments["pattern"].StringOrEmpty(), 80)));
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& /*listener*/,
                  std::stop_token stop) override {
    std::string_view given = arguments["pattern"].StringOrEmpty();
    auto letters = arguments["ignore_case"].Bool().value_or(false)
                       ? LinePattern::Case::kIgnore
                       : LinePattern::Case::kExact;
    std::string note;
    Result<LinePattern> pattern = LinePattern::Compile(given, letters);
    if (!pattern.ok() && pattern.error().code() == Code::kInvalid &&
        !given.empty() && given.find('\n') == std::string_view::npos) {
      // Most often code was meant, like "foo(".
      note = fmt::format("[no regular expression ({}): searched as text]\n",
                         pattern.error().message());
      pattern = LinePattern::Compile(LinePattern::Quote(given), letters);
    }
    if (!pattern.ok()) return Failed("pattern: " + pattern.error().message());
    std::optional<PathPattern> names;
    if (!arguments["glob"].StringOrEmpty().empty()) {
      Result<PathPattern> parsed =
          PathPattern::Parse(arguments["glob"].StringOrEmpty());
      if (!parsed.ok()) return Failed("glob: " + parsed.error().message());
      names = *std::move(parsed);
    }
    Findings findings(
        limits(),
        std::clamp<int64_t>(arguments["context"].Int().value_or(0), 0,
                            kContextMax),
        arguments["files_only"].Bool().value_or(false));
    Result<WalkEnd> end = WalkFiles(
        workspace(), limits(), SearchPath(arguments), stop,
        [&](const std::string& shown, const std::string& below) {
          if (names && !names->Matches(below) && !names->Matches(shown))
            return true;
          Result<WorkspaceFile> file = workspace().Read(shown);
          if (!file.ok() || file->bytes.size() > limits().grep_file_bytes ||
              corpus::LooksBinary(std::string_view(file->bytes)
                                      .substr(0, corpus::kTextProbeBytes))) {
            return true;
          }
          findings.AddFile(shown, file->bytes, *pattern);
          return true;
        });
    if (!end.ok()) return Failed(end.error());
    return {.text = note + findings.Finish(*end, given)};
  }
};

}  // namespace

std::unique_ptr<Tool> MakeGrepTool(std::shared_ptr<ToolShop> shop) {
  return std::make_unique<GrepTool>(std::move(shop));
}

}  // namespace cofferdam::agent
