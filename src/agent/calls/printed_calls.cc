#include "agent/calls/printed_calls.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "agent/calls/call_arguments.h"
#include "agent/calls/tool_names.h"

namespace cofferdam::agent {
namespace {

// Calls of one text beyond this are left in it.
constexpr size_t kPrintedMax = 64;
// What is read for calls without a marker, in lengths of the text.
constexpr size_t kBareReadsMax = 8;
// Markers that are looked at where nothing is run.
constexpr size_t kMaskedMax = 256;
// Places before the end of a thought that may begin a call around it.
constexpr size_t kAroundMax = 16;
// How far inline code, and words that announce an example, are looked for.
constexpr size_t kInlineBytesMax = 1000;
constexpr size_t kBeforeBytesMax = 300;

// Enough to know a marker by.
constexpr size_t kMarkerBytesMax = 32;

constexpr std::string_view kTooMany = "is one of too many";
constexpr std::string_view kFenced = "stands in a fence";
constexpr std::string_view kQuoted = "is quoted";
constexpr std::string_view kInline = "stands in inline code";
constexpr std::string_view kThought = "was only thought";
constexpr std::string_view kEndlessThought =
    "stands in a <think> that does not end";
constexpr std::string_view kAnnounced = "is announced as an example";
constexpr std::string_view kInProse = "stands in the middle of a sentence";
constexpr std::string_view kNotLast = "has words behind it and no marker";
constexpr std::string_view kNotExact =
    "has no marker and does not match a tool exactly";

constexpr std::array<std::string_view, 18> kExampleWords = {
    "for example", "e.g.",       "for instance", "an example", "example:",
    "example of",  "such as",    "like this",    "looks like", "look like",
    "format:",     "format is",  "this format",  "syntax:",    "syntax is",
    "this syntax", "do not run", "would be"};

bool HasWords(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

// Whether something else than words may begin with `c`.
bool MayMatter(char c) {
  return c == '`' || c == '<' || c == '[' || c == 't' || c == 'f';
}

class TextScanner {
 public:
  TextScanner(std::string_view text, std::span<const ToolSpec> tools,
              Ending ending)
      : text_(text), tools_(tools), ending_(ending) {}

  PrintedCalls Run() {
    SkipThoughtWithoutBeginning();
    bool line_start = true;
    while (place_ < text_.size()) {
      const size_t before = place_;
      if (line_start && (Fence() || Quote() || Bare())) {
        line_start = true;
        continue;
      }
      if (MayMatter(text_[place_]) && (Inline() || Thought() || Marked())) {
        line_start = false;
        continue;
      }
      line_start = text_[before] == '\n';
      ++place_;
    }
    Keep(text_.size());
    found_.all_thought = !HasWords(outside_);
    found_.trace = HasTraceOfCall(outside_);
    if (!found_.calls.empty()) Trim();
    return std::move(found_);
  }

 private:
  std::string_view rest() const { return text_.substr(place_); }

  // The text up to `end` stays.
  void Keep(size_t end) {
    found_.text += text_.substr(kept_, end - kept_);
    kept_ = end;
    Outside(end);
  }

  // The text up to `begin` is what the model says itself.
  void Outside(size_t begin) {
    if (begin > outside_end_)
      outside_ += text_.substr(outside_end_, begin - outside_end_);
  }

  // `end` and what ends an answer behind it.
  size_t PastEnd(size_t end) const {
    for (;;) {
      const size_t next = text_.find_first_not_of(" \t\r\n;,", end);
      if (next == std::string_view::npos) return text_.size();
      const size_t bytes = EndTokenBytes(text_, next);
      if (bytes == 0) return next;
      end = next + bytes;
    }
  }

  void Trim() {
    while (!found_.text.empty() &&
           std::isspace(static_cast<unsigned char>(found_.text.back())) != 0) {
      found_.text.pop_back();
    }
  }

  // The end of the line that holds `place`, without its break.
  size_t LineEnd(size_t place) const {
    const size_t end = text_.find('\n', place);
    return end == std::string_view::npos ? text_.size() : end;
  }

  size_t PastLine(size_t place) const {
    return std::min(LineEnd(place) + 1, text_.size());
  }

  // A template may have put the beginning into the prompt.
  void SkipThoughtWithoutBeginning() {
    constexpr std::string_view kEnd = "</think>";
    const size_t end = text_.find(kEnd);
    if (end == std::string_view::npos || text_.find("<think>") < end) return;
    // Where it is only spoken of, in quotes or inside of a call.
    if (end > 0 && std::string_view("`'\"").find(text_[end - 1]) !=
                       std::string_view::npos) {
      return;
    }
    if (StandsInCall(end)) return;
    Mask(0, end, kThought);
    place_ = end + kEnd.size();
    boundary_ = outside_end_ = place_;
  }

  // Whether a call that can be read begins before `place` and ends behind it.
  bool StandsInCall(size_t place) const {
    size_t tries = 0;
    for (size_t at = 0; at < place && tries < kAroundMax;) {
      if (!MayBegin(text_, at)) {
        ++at;
        continue;
      }
      ++tries;
      const std::optional<PrintedGroup> group =
          ReadMarkedCalls(text_, at, ending_);
      const bool reads =
          group && std::all_of(group->calls.begin(), group->calls.end(),
                               [](const PrintedCall& call) {
                                 return call.problem.empty();
                               });
      if (reads && group->end > place) return true;
      at = reads ? std::max(group->end, at + 1) : at + 1;
    }
    return false;
  }

  // Calls of tools between `begin` and `end` are remembered, not run.
  void Mask(size_t begin, size_t end, std::string_view why) {
    const std::string_view inside = text_.substr(begin, end - begin);
    Outside(begin);
    outside_end_ = end;
    bool line_start = true;
    for (size_t place = 0; place < inside.size();) {
      std::optional<PrintedGroup> group;
      if (MayBegin(inside, place) && masked_ < kMaskedMax) {
        ++masked_;
        group = ReadMarkedCalls(inside, place, Ending::kItsOwn);
      }
      if (!group && line_start && MayBeBare(inside, place))
        group = ReadBareCalls(inside, place, tools_, &looked_at_);
      if (group) {
        for (PrintedCall& call : group->calls) {
          if (call.problem.empty() &&
              FindTool(call.raw.name, tools_).tool != nullptr) {
            Leave(std::move(call), why);
          }
        }
      }
      const size_t next = group ? std::max(group->end, place + 1) : place + 1;
      line_start =
          inside[next - 1] == '\n' || (line_start && inside[next - 1] == ' ');
      place = next;
    }
  }

  void Leave(PrintedCall call, std::string_view why) {
    if (found_.left.size() < kPrintedMax) {
      found_.left.push_back(
          {.call = std::move(call), .why = why, .thought = why == kThought});
    }
  }

  bool Fence() {
    const size_t begin = text_.find_first_not_of(' ', place_);
    if (begin == std::string_view::npos || begin - place_ > 3) return false;
    const char mark = text_[begin];
    if (mark != '`' && mark != '~') return false;
    size_t width = 0;
    while (begin + width < text_.size() && text_[begin + width] == mark)
      ++width;
    const size_t line_end = LineEnd(begin);
    if (width < 3) return false;
    // ```x``` in one line is inline code.
    if (mark == '`' &&
        text_.substr(begin + width, line_end - begin - width).find('`') !=
            std::string_view::npos) {
      return false;
    }
    const std::string closing(width, mark);
    size_t line = PastLine(begin);
    const size_t inside = line;
    while (line < text_.size()) {
      const size_t word = text_.find_first_not_of(' ', line);
      if (word != std::string_view::npos &&
          text_.substr(word).starts_with(closing) &&
          !HasWords(text_.substr(word, LineEnd(word) - word))) {
        break;
      }
      line = PastLine(line);
    }
    Mask(inside, line, kFenced);
    place_ = std::max(PastLine(line), PastLine(begin));
    boundary_ = place_;
    return true;
  }

  bool Quote() {
    if (!rest().starts_with(">")) return false;
    const size_t end = PastLine(place_);
    Mask(place_ + 1, end, kQuoted);
    place_ = end;
    boundary_ = place_;
    return true;
  }

  bool Inline() {
    if (text_[place_] != '`') return false;
    size_t width = 0;
    while (place_ + width < text_.size() && text_[place_ + width] == '`')
      ++width;
    const std::string_view near = text_.substr(place_ + width, kInlineBytesMax);
    size_t close = 0;
    for (;;) {
      close = near.find(std::string(width, '`'), close);
      if (close == std::string_view::npos) break;
      size_t found = width;
      while (close + found < near.size() && near[close + found] == '`') ++found;
      if (found == width) break;
      close += found;
    }
    if (close == std::string_view::npos ||
        near.substr(0, close).find("\n\n") != std::string_view::npos) {
      place_ += width;
      return true;
    }
    Mask(place_ + width, place_ + width + close, kInline);
    place_ += width + close + width;
    return true;
  }

  bool Thought() {
    constexpr std::string_view kBegin = "<think>";
    constexpr std::string_view kEnd = "</think>";
    if (!rest().starts_with(kBegin)) return false;
    const size_t end = text_.find(kEnd, place_);
    // Without an end all that follows is thought.
    const size_t last = end == std::string_view::npos ? text_.size() : end;
    Mask(place_, last, last == end ? kThought : kEndlessThought);
    place_ = end == std::string_view::npos ? last : end + kEnd.size();
    boundary_ = outside_end_ = place_;
    return true;
  }

  static bool MayBegin(std::string_view text, size_t place) {
    const char c = text[place];
    return c == '<' || (c == '[' && text.substr(place).starts_with("[TOOL")) ||
           (c == 't' && text.substr(place).starts_with("to=functions.")) ||
           (c == 'f' && text.substr(place).starts_with("functools[{"));
  }

  // Of Harmony's header without its tokens, words before the recipient.
  size_t HeaderBegin(size_t begin) const {
    if (text_[begin] != 't') return begin;
    for (std::string_view word : {" ", "commentary", "analysis", "assistant"}) {
      if (begin >= boundary_ + word.size() &&
          text_.substr(begin - word.size(), word.size()) == word) {
        begin -= word.size();
      }
    }
    return begin;
  }

  bool Marked() {
    if (!MayBegin(text_, place_)) return false;
    if (found_.calls.size() >= kPrintedMax) {
      if (!too_many_ && HasTraceOfCall(rest().substr(0, kMarkerBytesMax)))
        Leave({}, kTooMany);
      too_many_ = true;
      return false;
    }
    std::optional<PrintedGroup> group = ReadMarkedCalls(text_, place_, ending_);
    if (!group) return false;
    const size_t begin = HeaderBegin(place_);
    std::string_view why;
    if (!FollowsCall(begin)) {
      if (IsAnnounced(begin))
        why = kAnnounced;
      else if (IsInProse(begin, group->end))
        why = kInProse;
    }
    Accept(begin, std::move(*group), why);
    return true;
  }

  // Nothing but white space stands between the call before and `begin`.
  bool FollowsCall(size_t begin) const {
    return last_call_end_ > 0 && last_call_end_ <= begin &&
           !HasWords(text_.substr(last_call_end_, begin - last_call_end_));
  }

  bool IsAnnounced(size_t begin) const {
    size_t from = begin > kBeforeBytesMax ? begin - kBeforeBytesMax : 0;
    from = std::max(from, boundary_);
    std::string before(text_.substr(from, begin - from));
    while (!before.empty() &&
           std::isspace(static_cast<unsigned char>(before.back())) != 0) {
      before.pop_back();
    }
    const size_t line = before.rfind('\n');
    if (line != std::string::npos) before.erase(0, line);
    std::transform(before.begin(), before.end(), before.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return std::any_of(kExampleWords.begin(), kExampleWords.end(),
                       [&](std::string_view words) {
                         return before.find(words) != std::string::npos;
                       });
  }

  bool IsInProse(size_t begin, size_t end) const {
    // What was looked at before is no prose, and its lines are not read again.
    const std::string_view own =
        text_.substr(boundary_, std::max(begin, boundary_) - boundary_);
    const size_t line = own.rfind('\n');
    const std::string_view before =
        line == std::string_view::npos ? own : own.substr(line);
    const size_t behind = PastEnd(end);
    if (text_.substr(end, behind - end).find('\n') != std::string_view::npos)
      return false;
    return HasWords(before) &&
           HasWords(
               text_.substr(behind, kBeforeBytesMax)
                   .substr(0,
                           text_.substr(behind, kBeforeBytesMax).find('\n')));
  }

  void Accept(size_t begin, PrintedGroup group, std::string_view why) {
    if (why.empty()) {
      Keep(begin);
      for (PrintedCall& call : group.calls)
        found_.calls.push_back(std::move(call));
      kept_ = group.end;
      outside_end_ = group.end;
      if (const size_t end = PastEnd(group.end); end == text_.size())
        kept_ = end;
      last_call_end_ = group.end;
    } else {
      for (PrintedCall& call : group.calls) Leave(std::move(call), why);
    }
    place_ = std::max(group.end, place_ + 1);
    boundary_ = place_;
  }

  // Cheap signs that a call may begin here.
  bool MayBeBare(std::string_view text, size_t place) const {
    if (looked_at_ > kBareReadsMax * text_.size()) return false;
    const std::string_view near = text.substr(place, 200);
    const size_t next = near.find_first_not_of(" \t\r\n", 1);
    if (near.empty() || next == std::string_view::npos) return false;
    if (near[0] == '{' || near[0] == '[') {
      for (std::string_view key : {"name", "tool", "function", "type", "id",
                                   "argument", "param", "args", "input"}) {
        if (near.find(key) != std::string_view::npos) return true;
      }
    }
    const bool opens = near[0] == '[' || near[0] == '<';
    return std::any_of(tools_.begin(), tools_.end(), [&](const ToolSpec& tool) {
      if (!opens) return BeginsPythonCall(near, tool.name);
      return near.substr(near[0] == '<' ? 1 : next).starts_with(tool.name);
    });
  }

  // A call in Python's form that ends the text and cannot be read, as with
  // arguments without names.
  void NoteUnreadPython(size_t begin) {
    const bool list = text_[begin] == '[';
    const std::string_view line =
        text_.substr(begin, LineEnd(begin) - begin).substr(list ? 1 : 0);
    if (HasWords(text_.substr(LineEnd(begin)))) return;
    const size_t last = line.find_last_not_of(" \t\r");
    for (const ToolSpec& tool : tools_) {
      if (!BeginsPythonCall(line, tool.name)) continue;
      int depth = 0;
      size_t at = tool.name.size();
      for (; at < line.size(); ++at) {
        depth += line[at] == '(' ? 1 : line[at] == ')' ? -1 : 0;
        if (depth == 0) break;
      }
      if (at != (list ? last - 1 : last)) return;
      Leave({.raw = {.id = "", .name = tool.name, .arguments = ""},
             .mends = {},
             .problem = ""},
            kNotExact);
      return;
    }
  }

  // Calls without markers, one after the other; they must end the text.
  bool Bare() {
    const size_t begin = text_.find_first_not_of(" \t", place_);
    if (begin == std::string_view::npos || !MayBeBare(text_, begin))
      return false;
    std::optional<PrintedGroup> all =
        ReadBareCalls(text_, begin, tools_, &looked_at_);
    if (!all) {
      NoteUnreadPython(begin);
      return false;
    }
    size_t next = PastEnd(all->end);
    while (next < text_.size() && MayBeBare(text_, next)) {
      std::optional<PrintedGroup> more =
          ReadBareCalls(text_, next, tools_, &looked_at_);
      if (!more) break;
      all->end = more->end;
      for (PrintedCall& call : more->calls)
        all->calls.push_back(std::move(call));
      next = PastEnd(all->end);
    }
    const bool exact =
        std::all_of(all->calls.begin(), all->calls.end(),
                    [&](const PrintedCall& call) { return IsExact(call); });
    const bool known = std::any_of(
        all->calls.begin(), all->calls.end(), [&](const PrintedCall& call) {
          return FindTool(call.raw.name, tools_).tool != nullptr;
        });
    const bool last = next == text_.size();
    // Data that only looks like a call, with text around it.
    if (!known && !last) return false;
    std::string_view why;
    if (!FollowsCall(begin) && IsAnnounced(begin))
      why = kAnnounced;
    else if (!last)
      why = kNotLast;
    else if (!exact || ending_ == Ending::kCutOff)
      why = kNotExact;
    Accept(begin, std::move(*all), why);
    return true;
  }

  bool IsExact(const PrintedCall& call) const {
    if (!call.mends.empty()) return false;
    for (const ToolSpec& tool : tools_) {
      if (tool.name != call.raw.name) continue;
      const Result<JsonDocument> arguments =
          JsonDocument::Parse(call.raw.arguments);
      if (!arguments.ok() || !arguments->root().is_object()) return false;
      const Result<FittedArguments> fitted =
          FitArguments(arguments->root(), tool, UnknownArguments::kRefuse);
      return fitted.ok() && fitted->mends.empty();
    }
    return false;
  }

  std::string_view text_;
  std::span<const ToolSpec> tools_;
  Ending ending_;
  size_t place_ = 0;
  size_t kept_ = 0;           // up to here the text is kept or a call
  size_t boundary_ = 0;       // the end of the last thing that is no prose
  size_t last_call_end_ = 0;  // 0: none yet
  size_t looked_at_ = 0;      // bytes, for calls without a marker
  size_t masked_ = 0;
  bool too_many_ = false;
  std::string outside_;  // what is neither fenced nor quoted nor thought
  size_t outside_end_ = 0;
  PrintedCalls found_;
};

}  // namespace

PrintedCalls FindPrintedCalls(std::string_view text,
                              std::span<const ToolSpec> tools, Ending ending) {
  if (text.size() > kMendedBytesMax)
    return {.calls = {}, .text = std::string(text), .left = {}};
  return TextScanner(text, tools, ending).Run();
}

}  // namespace cofferdam::agent
