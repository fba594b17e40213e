#include "agent/calls/call_families.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "agent/calls/call_objects.h"
#include "agent/calls/loose_reader.h"
#include "agent/calls/python_calls.h"
#include "agent/calls/tagged_arguments.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kNameBytesMax = 128;
// Between a name and its arguments.
constexpr size_t kHeaderBytesMax = 256;
// Wrappers inside one another.
constexpr int kNestingMax = 3;

struct Wrapper {
  std::string_view open;
  std::string_view close;  // empty: the calls end by themselves
};

constexpr Wrapper kWrappers[] = {
    {"<tool_call>", "</tool_call>"},
    {"<tool_calls>", "</tool_calls>"},
    {"<function_call>", "</function_call>"},
    {"<function_calls>", "</function_calls>"},
    {"<functioncall>", "</functioncall>"},
    {"<TOOLCALL>", "</TOOLCALL>"},
    {"<minimax:tool_call>", "</minimax:tool_call>"},
    {"<seed:tool_call>", "</seed:tool_call>"},
    {"<antml:function_calls>", "</antml:function_calls>"},
    {"<｜DSML｜function_calls>", "</｜DSML｜function_calls>"},
    {"<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>"},
    {"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"},
    {"<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"},
    {"<|tool_call_section_begin|>", "<|tool_call_section_end|>"},
    {"<|action_start|><|plugin|>", "<|action_end|>"},
    {"<|python_start|>", "<|python_end|>"},
    {"<|tool_call_start|>", "<|tool_call_end|>"},
    {"<|START_ACTION|>", "<|END_ACTION|>"},
    {"<|tool_call|>", "<|/tool_call|>"},
    {"[TOOL_REQUEST]", "[END_TOOL_REQUEST]"},
    {"[TOOL_CALL]", "[/TOOL_CALL]"},
    {"[TOOL_CALLS]", ""},
    {"<|python_tag|>", ""},
    {"functools", ""},  // of Phi, before a list
};
// Calls that stand without a wrapper around them, too.
constexpr std::string_view kOpeners[] = {"<function=",
                                         "<invoke name=\"",
                                         "<antml:invoke name=\"",
                                         "<｜DSML｜invoke name=\"",
                                         "<｜tool▁call▁begin｜>",
                                         "<|tool_call_begin|>"};
constexpr std::string_view kHarmonyOpeners[] = {
    "<|start|>assistant", "<|channel|>commentary", "<|channel|>analysis",
    "to=functions."};
constexpr std::string_view kEndTokens[] = {
    "<|im_end|>",      "<|eot_id|>",
    "<|eom_id|>",      "</s>",
    "<|end|>",         "<|call|>",
    "<|return|>",      "<|endoftext|>",
    "<|end_of_text|>", "<｜end▁of▁sentence｜>"};
constexpr std::string_view kTraces[] = {
    "<tool_call",       "</tool_call",        "<|tool_call",
    "<tool_code",       "<function=",         "<invoke name",
    "<function_call",   "<functioncall",      "[TOOL_CALL",
    "[TOOL_REQUEST",    "<｜tool▁call",       "<｜DSML｜",
    "<|python_tag|>",   "to=functions.",      "<TOOLCALL>",
    "<|START_ACTION|>", "<|python_start",     "<|action_start",
    "<start_function",  "<|tools_prefix",     "functools[{",
    "\nAction Input:",  "\"recipient_name\"", "invoke name=\""};

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         c == '-' || c == '.' || c == ':';
}

// Walks over one group of calls that begins with a marker.
class FamilyReader {
 public:
  FamilyReader(std::string_view text, size_t place, Ending ending)
      : text_(text), place_(place), ending_(ending) {}

  std::optional<PrintedGroup> Read() {
    if (const Wrapper* wrapper = FindWrapper()) {
      Wrapped(*wrapper);
    } else if (IsAnyOf(kOpeners)) {
      const size_t begin = place_;
      if (!Item("")) Fail(begin, "", "its tags do not end as they began");
    } else if (IsAnyOf(kHarmonyOpeners)) {
      if (!Harmony()) return {};
    } else {
      return {};
    }
    if (group_.calls.empty()) return {};
    group_.end = place_;
    return std::move(group_);
  }

 private:
  std::string_view rest() const { return text_.substr(place_); }
  bool At(std::string_view token) const {
    return !token.empty() && rest().starts_with(token);
  }
  bool Take(std::string_view token) {
    if (!At(token)) return false;
    place_ += token.size();
    return true;
  }
  void Space() {
    const size_t next = text_.find_first_not_of(" \t\r\n,;", place_);
    place_ = next == std::string_view::npos ? text_.size() : next;
  }
  template <size_t n>
  bool IsAnyOf(const std::string_view (&tokens)[n]) const {
    return std::any_of(std::begin(tokens), std::end(tokens),
                       [&](std::string_view token) { return At(token); });
  }
  const Wrapper* FindWrapper() const {
    for (const Wrapper& wrapper : kWrappers)
      if (At(wrapper.open)) return &wrapper;
    return nullptr;
  }
  void Wrapped(const Wrapper& wrapper) {
    Take(wrapper.open);
    ++nesting_;
    for (bool first = true;; first = false) {
      const size_t before = place_;
      Space();
      const size_t begin = place_;
      if (Take(wrapper.close)) {
        if (first) Fail(begin, wrapper.close, "nothing stands in it");
        return;
      }
      if (const Wrapper* inner = FindWrapper(); inner != nullptr) {
        if (first && nesting_ < kNestingMax) {
          Wrapped(*inner);
          continue;
        }
        // The one before was not closed.
        if (!first) {
          place_ = before;
          return;
        }
      }
      const bool is_call = At("{") || At("[") || IsAnyOf(kOpeners);
      if (Item(wrapper.close)) {
        if (wrapper.close.empty() && !MoreItems()) return;
        continue;
      }
      place_ = before;
      // Behind a call other words may follow, if the wrapper has no end.
      if (!first && !is_call) return;
      Fail(begin, wrapper.close, "");
      return;
    }
  }

  // Behind a call of a family without a closing marker: whether one more comes.
  bool MoreItems() {
    const size_t before = place_;
    Space();
    if (At("{") || IsAnyOf(kOpeners)) return true;
    place_ = before;
    return false;
  }

  bool Item(std::string_view close) {
    if (At("{") || At("[")) {
      if (Json(close)) return true;
      return Python();
    }
    if (At("<function=")) return FunctionTag(close);
    if (At("<｜tool▁call▁begin｜>")) return DeepSeek();
    if (At("<|tool_call_begin|>")) return Kimi();
    if (IsAnyOf(kOpeners)) return Tagged(ReadInvokeTag(text_, place_));
    return Named(close);
  }

  bool Json(std::string_view close) {
    LooseReader reader(rest(), ending_);
    if (reader.Value() &&
        AddJson(reader.json(), reader.mends(), &group_.calls)) {
      place_ += reader.place();
      // A bracket too many, but not the one that ends a list of calls.
      LooseReader surplus(rest(), ending_);
      surplus.SurplusClosers();
      if (surplus.place() > 0 && !group_.calls.empty()) {
        place_ += surplus.place();
        group_.calls.back().mends.emplace_back("a closing bracket too many");
      }
      return true;
    }
    if (close.empty()) return false;
    // Up to the closing marker, which shows that nothing was cut.
    const size_t end = text_.find(close, place_);
    if (end == std::string_view::npos) return false;
    const Result<MendedJson> mended =
        MendJson(text_.substr(place_, end - place_), Ending::kItsOwn);
    if (!mended.ok() ||
        !AddCallsOf(mended->document.root(), mended->mends, &group_.calls)) {
      return false;
    }
    place_ = end;
    return true;
  }

  static bool AddJson(const std::string& json,
                      const std::vector<std::string_view>& mends,
                      std::vector<PrintedCall>* calls) {
    const Result<JsonDocument> document = JsonDocument::Parse(json);
    return document.ok() && AddCallsOf(document->root(), mends, calls);
  }

  bool Python() {
    std::optional<PythonCalls> read = ReadPythonCalls(text_, place_);
    if (!read || read->calls.empty()) return false;
    for (RawCall& call : read->calls)
      group_.calls.push_back(
          {.raw = std::move(call), .mends = {}, .problem = ""});
    place_ = read->end;
    return true;
  }

  bool Tagged(std::optional<TaggedCall> call) {
    if (!call) return false;
    place_ = call->end;
    group_.calls.push_back(
        {.raw = std::move(call->raw), .mends = {}, .problem = ""});
    return true;
  }

  // Qwen-Coder's form, or Llama's: <function=NAME>{…}</function>.
  bool FunctionTag(std::string_view close) {
    const size_t begin = place_;
    Take("<function=");
    const std::string name = Name();
    if (!name.empty() && Take(">")) {
      Space();
      if (At("{") && Arguments(name, "", "</function>")) {
        Space();
        Take("</function>");
        return true;
      }
    }
    place_ = begin;
    if (Tagged(ReadFunctionTag(text_, place_))) return true;
    // The wrapper's end stands for a missing one of the function.
    const size_t end =
        close.empty() ? std::string_view::npos : text_.find(close, place_);
    if (end == std::string_view::npos) return false;
    std::string closed(text_.substr(place_, end - place_));
    if (closed.find("</function>") != std::string::npos) return false;
    closed += "</function>";
    std::optional<TaggedCall> call = ReadFunctionTag(closed, 0);
    if (!call) return false;
    call->end = end;
    Tagged(std::move(call));
    group_.calls.back().mends.emplace_back("a missing end");
    return true;
  }

  std::string Name() {
    const size_t begin = place_;
    while (place_ < text_.size() && place_ - begin < kNameBytesMax &&
           IsNameCharacter(text_[place_])) {
      ++place_;
    }
    return std::string(text_.substr(begin, place_ - begin));
  }

  // An object of arguments for `name`; bounded by `close` if it does not end by
  // itself.
  bool Arguments(const std::string& name, const std::string& id,
                 std::string_view close) {
    LooseReader reader(rest(), ending_);
    std::string json;
    std::vector<std::string_view> mends;
    if (At("{") && reader.Value()) {
      json = reader.json();
      mends = reader.mends();
      place_ += reader.place();
    } else {
      const size_t end =
          close.empty() ? std::string_view::npos : text_.find(close, place_);
      if (end == std::string_view::npos) return false;
      const Result<MendedJson> mended =
          MendJson(text_.substr(place_, end - place_), Ending::kItsOwn);
      if (!mended.ok()) return false;
      JsonWriter writer;
      writer.Value(mended->document.root());
      json = writer.text();
      mends = mended->mends;
      place_ = end;
    }
    group_.calls.push_back(
        {.raw = {.id = id, .name = name, .arguments = std::move(json)},
         .mends = {mends.begin(), mends.end()},
         .problem = ""});
    return true;
  }

  // A name, and then its arguments in one of several forms: GLM, Mistral.
  bool Named(std::string_view close) {
    const size_t begin = place_;
    const std::string name = Name();
    if (name.empty()) return false;
    if (At("(")) {
      place_ = begin;
      return Python();
    }
    const size_t after = place_;
    std::string id;
    if (Take("[CALL_ID]")) id = Name();
    Take("[ARGS]");
    while (place_ < text_.size() &&
           (text_[place_] == ' ' || text_[place_] == '\n')) {
      ++place_;
    }
    if (At("{")) return Arguments(name, id, close);
    place_ = after;
    Space();
    if (At("<arg_key>") || At("<tool_sep>"))
      return Tagged(ReadKeyValueTags(text_, begin));
    // GLM writes nothing behind the name of a tool that needs nothing.
    if (At(close)) {
      group_.calls.push_back({.raw = {.id = id, .name = name, .arguments = ""},
                              .mends = {},
                              .problem = ""});
      return true;
    }
    place_ = begin;
    return false;
  }

  bool DeepSeek() {
    constexpr std::string_view kSeparator = "<｜tool▁sep｜>";
    constexpr std::string_view kEnd = "<｜tool▁call▁end｜>";
    Take("<｜tool▁call▁begin｜>");
    const size_t begin = place_;
    if (!(Take("function") && Take(kSeparator))) place_ = begin;
    const std::string name = Name();
    Take(kSeparator);
    Space();
    Take("```json");
    Space();
    if (name.empty() || !Arguments(name, "", kEnd)) return false;
    Space();
    Take("```");
    Space();
    Take(kEnd);
    return true;
  }

  bool Kimi() {
    constexpr std::string_view kEnd = "<|tool_call_end|>";
    Take("<|tool_call_begin|>");
    Space();
    const std::string id = Name();
    Space();
    if (id.empty() || !Take("<|tool_call_argument_begin|>")) return false;
    Space();
    if (!Arguments(id, id, kEnd)) return false;
    Space();
    Take(kEnd);
    return true;
  }

  // Whether this is a call is known only once its recipient was read.
  bool Harmony() {
    const size_t begin = place_;
    const std::string_view header = rest().substr(0, kHeaderBytesMax);
    const size_t to = header.find("to=");
    const size_t message = header.find("<|message|>");
    if (to == std::string_view::npos || to > message) return false;
    place_ += to + 3;
    const std::string name = Name();
    const size_t brace = rest().substr(0, kHeaderBytesMax).find('{');
    if (name.empty() || name == "user" || name == "assistant") return false;
    const std::string_view between = rest().substr(0, brace);
    if (brace == std::string_view::npos ||
        between.find('\n') != std::string_view::npos) {
      Fail(begin, "<|call|>", "its arguments are no JSON object");
      group_.calls.back().raw.name = name;
      return true;
    }
    place_ += brace;
    if (!Arguments(name, "", "<|call|>")) {
      Fail(begin, "<|call|>", "");
      group_.calls.back().raw.name = name;
      return true;
    }
    Space();
    Take("<|call|>") || Take("<|end|>");
    return true;
  }

  // Up to the closing marker, or to the end of the text, no call can be read.
  void Fail(size_t begin, std::string_view close, std::string_view why) {
    const size_t end =
        close.empty() ? std::string_view::npos : text_.find(close, begin);
    place_ = end == std::string_view::npos ? text_.size() : end + close.size();
    const std::string_view words =
        text_.substr(begin, std::min(end, text_.size()) - begin);
    std::string problem(why);
    if (problem.empty()) {
      LooseReader reader(words, ending_);
      problem = reader.Value() ? "it does not have a name and arguments"
                               : reader.why();
    }
    group_.calls.push_back({.raw = {.id = "",
                                    .name = GuessedName(words),
                                    .arguments = std::string(words)},
                            .mends = {},
                            .problem = std::move(problem)});
  }

  // The name that a call would have, for the message about it.
  static std::string GuessedName(std::string_view words) {
    for (std::string_view mark :
         {"\"name\"", "'name'", "<function=", "invoke name=\""}) {
      const size_t found = words.find(mark);
      if (found == std::string_view::npos) continue;
      size_t begin = found + mark.size();
      begin = words.find_first_not_of(" :\"'\n", begin);
      if (begin == std::string_view::npos) continue;
      size_t end = begin;
      while (end < words.size() && end - begin < kNameBytesMax &&
             IsNameCharacter(words[end])) {
        ++end;
      }
      return std::string(words.substr(begin, end - begin));
    }
    return "";
  }

  std::string_view text_;
  size_t place_;
  Ending ending_;
  int nesting_ = 0;
  PrintedGroup group_;
};

}  // namespace

std::optional<PrintedGroup> ReadMarkedCalls(std::string_view text, size_t place,
                                            Ending ending) {
  return FamilyReader(text, place, ending).Read();
}

bool HasTraceOfCall(std::string_view text) {
  return std::any_of(std::begin(kTraces), std::end(kTraces),
                     [&](std::string_view trace) {
                       return text.find(trace) != std::string_view::npos;
                     });
}

size_t EndTokenBytes(std::string_view text, size_t place) {
  for (std::string_view token : kEndTokens)
    if (text.substr(place).starts_with(token)) return token.size();
  return 0;
}

}  // namespace cofferdam::agent
