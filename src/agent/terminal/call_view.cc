#include "agent/terminal/call_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/terminal/diff_view.h"

namespace cofferdam::agent {
namespace {

std::string_view FirstLine(std::string_view text) {
  return text.substr(0, std::min(text.find('\n'), text.size()));
}

}  // namespace

StyledLine ViewCall(const ShownCall& call, CallProgress progress) {
  StyledLine line;
  switch (progress) {
    case CallProgress::kPending:
      AppendText("○ ", kDimStyle, &line);
      break;
    case CallProgress::kRunning:
      AppendText("◐ ", kWarnStyle, &line);
      break;
    case CallProgress::kDone:
      AppendText("● ", kGoodStyle, &line);
      break;
    case CallProgress::kFailed:
      AppendText("✗ ", kBadStyle, &line);
      break;
  }
  const bool shell =
      call.intent.kind == ToolKind::kExecute && !call.intent.command.empty();
  std::string_view title = call.intent.title;
  if (shell) {
    AppendText("$ ", kDimStyle, &line);
    title = call.intent.command;
  } else if (title.empty()) {
    title = call.name;
  }
  AppendText(FirstLine(title), kPlainStyle, &line);
  if (title.find('\n') != title.npos) AppendText(" …", kDimStyle, &line);
  if (!call.repaired.empty()) {
    AppendText(fmt::format("  (repaired: {})", FirstLine(call.repaired)),
               kDimStyle, &line);
  }
  return line;
}

std::vector<StyledLine> ViewOutcome(const ToolOutcome& outcome,
                                    std::string_view folder) {
  std::vector<StyledLine> rows;
  for (const FileChange& change : outcome.changes) {
    StyledLine row = MakeLine("  ");
    for (const StyledSpan& span : ChangeHead(change, folder)) {
      row.push_back(span);
    }
    rows.push_back(std::move(row));
  }
  if (outcome.failed) {
    rows.push_back(
        MakeLine(fmt::format("  {}", FirstLine(outcome.text)), kBadStyle));
  }
  return rows;
}

std::vector<StyledLine> ViewPlan(const std::vector<PlanEntry>& plan) {
  std::vector<StyledLine> rows;
  for (const PlanEntry& entry : plan) {
    StyledLine row;
    switch (entry.status) {
      case PlanEntry::Status::kPending:
        AppendText("  ☐ " + entry.text, kPlainStyle, &row);
        break;
      case PlanEntry::Status::kInProgress:
        AppendText("  ▸ " + entry.text, kBoldStyle, &row);
        break;
      case PlanEntry::Status::kCompleted:
        AppendText("  ☑ ", kGoodStyle, &row);
        AppendText(entry.text, kDimStyle, &row);
        break;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<StyledLine> ViewTail(std::string_view output, size_t rows_max) {
  while (output.ends_with('\n')) output.remove_suffix(1);
  std::vector<StyledLine> rows;
  size_t end = output.size();
  bool more = !output.empty();
  while (more && rows.size() < rows_max) {
    const size_t begin =
        end == 0 ? 0 : output.rfind('\n', end - 1) + 1;  // npos + 1 is 0
    rows.push_back(MakeLine(
        "  " + std::string(output.substr(begin, end - begin)), kDimStyle));
    more = begin > 0;
    end = begin == 0 ? 0 : begin - 1;
  }
  std::reverse(rows.begin(), rows.end());
  if (more) {
    const auto left_out =
        std::count(output.begin(), output.begin() + static_cast<ptrdiff_t>(end),
                   '\n') +
        1;
    rows.insert(rows.begin(),
                MakeLine(fmt::format("  … {} lines", left_out), kDimStyle));
  }
  return rows;
}

}  // namespace cofferdam::agent
