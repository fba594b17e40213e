#include "agent/terminal/terminal_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/terminal/diff_view.h"
#include "agent/terminal/markdown.h"

namespace cofferdam::agent {
namespace {

// Output of a running command that is kept for its last rows.
constexpr size_t kCallTailBytesMax = size_t{16} << 10;
// Of a thought that goes on, for its last rows.
constexpr size_t kThoughtLookBytes = size_t{2} << 10;
constexpr int64_t kSecond = 1'000'000;

}  // namespace

void TerminalPage::set_columns(int columns) {
  columns_ = columns;
  if (stream_) stream_->set_columns(columns);
}

void TerminalPage::AddRow(StyledLine row) {
  blank_ = row.empty();
  finished_.push_back(std::move(row));
}

void TerminalPage::AddLine(const StyledLine& line) {
  // Continuation rows stand under the text, not under what indents it.
  StyledLine indent;
  if (!line.empty()) {
    const std::string& text = line.front().text;
    const size_t blanks = std::min(text.find_first_not_of(' '), text.size());
    AppendText(std::string(std::min<size_t>(blanks + 2, 8), ' '), kPlainStyle,
               &indent);
  }
  for (StyledLine& row : WrapLine(
           line,
           {.columns = columns_, .first_indent = {}, .rest_indent = indent})) {
    AddRow(std::move(row));
  }
}

void TerminalPage::Begin(Part part) {
  EndText();
  const bool alike =
      part_ == part && part != Part::kPrompt && part != Part::kText;
  if (!alike && !blank_) AddRow({});
  part_ = part;
}

void TerminalPage::EndText() {
  if (!stream_) return;
  stream_->Finish();
  for (StyledLine& row : stream_->TakeRows()) AddRow(std::move(row));
  stream_.reset();
}

std::vector<StyledLine> TerminalPage::ThoughtRows(std::string_view text) const {
  std::vector<StyledLine> rows;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const StyledLine indent = MakeLine("  ");
    for (StyledLine& row :
         WrapLine(MakeLine(line, kDimStyle), {.columns = columns_,
                                              .first_indent = indent,
                                              .rest_indent = indent})) {
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

void TerminalPage::Think(std::string_view piece) {
  if (!std::exchange(thinking_, true)) {
    thought_.clear();
    thought_shown_ = 0;
    thought_micros_ = clock_.SteadyMicros();
  }
  thought_ += piece;
  if (shown_ == Thinking::kWhole) {
    const size_t end = thought_.rfind('\n') + 1;  // npos + 1 is 0
    if (end > thought_shown_) {
      Begin(Part::kThought);
      for (StyledLine& row : ThoughtRows(std::string_view(thought_).substr(
               thought_shown_, end - thought_shown_))) {
        AddRow(std::move(row));
      }
      thought_shown_ = end;
    }
  }
  if (thought_.size() > 2 * kThoughtBytesMax) {
    const size_t gone = thought_.size() - kThoughtBytesMax;
    thought_.erase(0, gone);
    thought_shown_ -= std::min(thought_shown_, gone);
  }
}

void TerminalPage::EndThought() {
  if (!std::exchange(thinking_, false)) return;
  const auto rows =
      ThoughtRows(std::string_view(thought_).substr(thought_shown_));
  if (shown_ == Thinking::kWhole) {
    if (!rows.empty()) Begin(Part::kThought);
    for (const StyledLine& row : rows) AddRow(row);
    return;
  }
  if (rows.empty()) return;
  const int64_t seconds = (clock_.SteadyMicros() - thought_micros_) / kSecond;
  Begin(Part::kThought);
  const size_t begin = thought_.find_first_not_of(" \t\r\n");
  const std::string time = seconds > 0 ? fmt::format(" for {} s", seconds) : "";
  const std::string line =
      fmt::format("  thought{}: {}", time,
                  thought_.substr(begin, thought_.find('\n', begin) - begin));
  AddRow(CutLine(MakeLine(line, kDimStyle), columns_));
}

void TerminalPage::set_thinking(Thinking thinking) {
  shown_ = thinking;
  if (thinking == Thinking::kFolded || thought_.empty()) return;
  const size_t end = thinking_ ? thought_.rfind('\n') + 1 : thought_.size();
  Begin(Part::kThought);
  for (StyledLine& row :
       ThoughtRows(std::string_view(thought_).substr(0, end))) {
    AddRow(std::move(row));
  }
  thought_shown_ = end;
}

void TerminalPage::Print(const StyledLine& line) {
  Begin(Part::kWords);
  AddLine(line);
}

void TerminalPage::PrintChange(const FileChange& change) {
  Begin(Part::kCall);
  for (StyledLine& row :
       ViewChange(change, options_.request.workspace, columns_)) {
    AddRow(std::move(row));
  }
}

void TerminalPage::PrintMarkdown(std::string_view text) {
  Begin(Part::kText);
  stream_.emplace(columns_);
  stream_->Append(text);
  EndText();
}

void TerminalPage::ShowPrompt(const std::string& text) {
  Begin(Part::kPrompt);
  StyledLine mark = MakeLine("› ", {.colour = Colour::kCyan, .bold = true});
  std::string_view rest = text;
  do {
    const size_t end = std::min(rest.find('\n'), rest.size());
    for (StyledLine& row :
         WrapLine(MakeLine(rest.substr(0, end), kBoldStyle),
                  {.columns = columns_,
                   .first_indent = std::exchange(mark, MakeLine("  ")),
                   .rest_indent = MakeLine("  ")})) {
      AddRow(std::move(row));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  } while (!rest.empty());
}

TerminalPage::RunningCall* TerminalPage::Find(std::string_view id) {
  const auto found =
      std::find_if(calls_.begin(), calls_.end(),
                   [id](const RunningCall& one) { return one.call.id == id; });
  return found == calls_.end() ? nullptr : &*found;
}

void TerminalPage::Show(const Heard& heard) {
  if (const auto* thought = std::get_if<HeardThinking>(&heard)) {
    Think(thought->piece);
    return;
  }
  if (!std::holds_alternative<HeardMeter>(heard) &&
      !std::holds_alternative<HeardMode>(heard)) {
    EndThought();
  }
  if (const auto* text = std::get_if<HeardText>(&heard)) {
    if (!stream_) {
      Begin(Part::kText);
      stream_.emplace(columns_);
    }
    stream_->Append(text->piece);
    for (StyledLine& row : stream_->TakeRows()) AddRow(std::move(row));
  } else if (std::holds_alternative<HeardAnswerEnd>(heard)) {
    EndText();
  } else if (const auto* dropped = std::get_if<HeardAnswerDropped>(&heard)) {
    Print(MakeLine("that answer does not count: " + dropped->why, kWarnStyle));
  } else if (const auto* call = std::get_if<HeardCall>(&heard)) {
    EndText();
    calls_.push_back({.call = call->call});
  } else if (const auto* running = std::get_if<HeardCallRunning>(&heard)) {
    if (auto* one = Find(running->id)) one->progress = CallProgress::kRunning;
  } else if (const auto* output = std::get_if<HeardCallOutput>(&heard)) {
    if (auto* one = Find(output->id)) {
      one->output += output->piece;
      if (one->output.size() > 2 * kCallTailBytesMax) {
        one->output.erase(0, one->output.size() - kCallTailBytesMax);
      }
    }
  } else if (const auto* end = std::get_if<HeardCallEnd>(&heard)) {
    EndCall(*end);
  } else if (const auto* plan = std::get_if<HeardPlan>(&heard)) {
    Begin(Part::kCall);
    for (const StyledLine& row : ViewPlan(plan->plan)) AddLine(row);
  } else if (const auto* notice = std::get_if<HeardNotice>(&heard)) {
    Print(MakeLine(notice->line, kWarnStyle));
  } else if (std::holds_alternative<HeardTurnEnd>(heard)) {
    EndText();
    EndQuestion();
    for (const RunningCall& one : std::exchange(calls_, {})) {
      Begin(Part::kCall);
      AddLine(ViewCall(one.call, CallProgress::kFailed));
    }
  }
}

void TerminalPage::ShowChange(const FileChange& change, std::string_view more) {
  auto rows = ViewChange(change, options_.request.workspace, columns_ - 2);
  const size_t shown =
      rows.size() <= kShownDiffRowsMax + 3 ? rows.size() : kShownDiffRowsMax;
  for (size_t i = 0; i < rows.size(); ++i) {
    StyledLine row = MakeLine("  ");
    for (StyledSpan& span : rows[i]) row.push_back(std::move(span));
    if (i < shown) {
      AddRow(std::move(row));
    } else {
      rest_.push_back(std::move(row));
    }
  }
  if (shown < rows.size()) {
    AddRow(
        MakeLine(fmt::format("  … {} more rows, {}", rows.size() - shown, more),
                 kDimStyle));
  }
}

void TerminalPage::EndCall(const HeardCallEnd& end) {
  RunningCall* one = Find(end.id);
  if (one == nullptr) return;
  const RunningCall call = std::move(*one);
  calls_.erase(calls_.begin() + (one - calls_.data()));
  Begin(Part::kCall);
  AddLine(ViewCall(call.call, end.outcome.failed ? CallProgress::kFailed
                                                 : CallProgress::kDone));
  const std::string& workspace = options_.request.workspace;
  if (call.call.intent.kind == ToolKind::kExecute) {
    const bool own = call.call.id.starts_with('!');
    for (const StyledLine& row :
         ViewTail(own ? end.outcome.text : call.output,
                  own ? kOwnOutputRowsMax : kOutputRowsMax)) {
      AddRow(CutLine(row, columns_));
    }
  }
  if (call.previewed || call.call.intent.kind == ToolKind::kExecute) {
    ToolOutcome outcome = end.outcome;
    for (const StyledLine& row : ViewOutcome(outcome, workspace)) AddLine(row);
    return;
  }
  for (const FileChange& change : end.outcome.changes) {
    ShowChange(change, "/diff shows all");
  }
  rest_.clear();
  if (end.outcome.failed) {
    for (const StyledLine& row :
         ViewOutcome({.text = end.outcome.text, .failed = true}, workspace)) {
      AddLine(row);
    }
  }
}

void TerminalPage::Ask(const ShownCall& call) {
  Begin(Part::kCall);
  if (RunningCall* one = Find(call.id)) one->previewed = true;
  AddLine(ViewCall(call, CallProgress::kPending));
  std::string_view rest = call.intent.command;
  // The whole command: what cannot be seen cannot be allowed.
  while (rest.find('\n') != rest.npos) {
    rest.remove_prefix(rest.find('\n') + 1);
    AddLine(MakeLine("    " + std::string(rest.substr(0, rest.find('\n')))));
  }
  rest_.clear();
  for (const FileChange& change : call.intent.preview) {
    ShowChange(change, "v shows them");
  }
  question_ = call;
}

void TerminalPage::ShowRest() {
  for (StyledLine& row : std::exchange(rest_, {})) AddRow(std::move(row));
}

void TerminalPage::EndQuestion() {
  question_.reset();
  rest_.clear();
}

std::vector<StyledLine> TerminalPage::QuestionRows() const {
  std::vector<StyledLine> rows{{}};
  const ToolKind kind = question_->intent.kind;
  StyledLine line;
  AppendText(kind == ToolKind::kExecute ? "Run this command?"
             : kind == ToolKind::kEdit || kind == ToolKind::kDelete ||
                     kind == ToolKind::kMove
                 ? "Make this change?"
                 : "Allow this?",
             kBoldStyle, &line);
  rows.push_back(line);
  StyledLine keys = MakeLine("  ");
  const auto add = [&keys](std::string_view key, std::string_view words) {
    AppendText(key, {.colour = Colour::kCyan, .bold = true}, &keys);
    AppendText(" " + std::string(words) + "   ", kPlainStyle, &keys);
  };
  add("y", "yes");
  add("a", "always in this session");
  add("n", "no (Esc)");
  add("d", "no, and say why");
  if (!rest_.empty()) add("v", "see the rest");
  for (StyledLine& row : WrapLine(keys, {.columns = columns_,
                                         .first_indent = {},
                                         .rest_indent = MakeLine("  ")})) {
    rows.push_back(std::move(row));
  }
  return rows;
}

void TerminalPage::Rest() {
  EndText();
  begun_micros_ = 0;
}

std::vector<StyledLine> TerminalPage::TakeFinished() {
  return std::exchange(finished_, {});
}

std::vector<StyledLine> TerminalPage::Live(size_t rows_max, bool busy) const {
  std::vector<StyledLine> rows;
  if (stream_) {
    rows =
        stream_->Tail(std::min(rows_max > 4 ? rows_max - 4 : 0, kTailRowsMax));
  }
  if (thinking_) {
    std::string_view text = std::string_view(thought_).substr(thought_shown_);
    if (text.size() > kThoughtLookBytes) {
      text.remove_prefix(text.size() - kThoughtLookBytes);
      text.remove_prefix(std::min(text.find_first_of(" \n"), text.size()));
    }
    auto thought = ThoughtRows(text);
    const size_t left =
        thought.size() - std::min(thought.size(), kThoughtRowsMax);
    if (!thought.empty() && !blank_ && part_ != Part::kThought)
      rows.emplace_back();
    for (size_t i = left; i < thought.size(); ++i) {
      rows.push_back(std::move(thought[i]));
    }
  }
  bool gap = !blank_ && part_ != Part::kCall;
  for (const RunningCall& one : calls_) {
    if (question_ && one.call.id == question_->id) continue;
    if (std::exchange(gap, false)) rows.emplace_back();
    rows.push_back(CutLine(ViewCall(one.call, one.progress), columns_));
    for (const StyledLine& row : ViewTail(one.output, kRunningRowsMax)) {
      rows.push_back(CutLine(row, columns_));
    }
  }
  if (rows.size() > rows_max) {
    rows.erase(rows.begin(), rows.end() - static_cast<ptrdiff_t>(rows_max));
  }
  if (busy && !question_) {
    rows.emplace_back();
    const int64_t seconds =
        begun_micros_ == 0 ? 0
                           : (clock_.SteadyMicros() - begun_micros_) / kSecond;
    StyledLine line = MakeLine("◐ ", kWarnStyle);
    AppendText(fmt::format("{} · Esc ends it · {} s",
                           thinking_ ? "Thinking" : "Working", seconds),
               kDimStyle, &line);
    rows.push_back(std::move(line));
  }
  return rows;
}

}  // namespace cofferdam::agent
