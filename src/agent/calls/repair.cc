#include "agent/calls/repair.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "agent/calls/call_arguments.h"
#include "agent/calls/mended_json.h"
#include "agent/calls/printed_calls.h"
#include "agent/calls/tool_names.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kShownNameBytesMax = 64;
// Of arguments that cannot be read the history keeps a beginning; others stand
// there whole, so that the model sees what it said, if they are no longer.
constexpr size_t kUnreadBytesMax = 400;
constexpr size_t kRefusedBytesMax = 4000;
constexpr size_t kMendsShownMax = 8;

using Call = std::variant<RepairedCall, RefusedCall>;

bool IsIdCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ||
         c == '_' || c == '.' || c == ':';
}

// A name that every engine takes back in a history.
std::string NameForHistory(std::string_view name) {
  std::string kept;
  for (char c : name.substr(0, kShownNameBytesMax)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       c == '-' || c == '_';
    kept += plain ? c : '_';
  }
  return kept.empty() ? "unknown" : kept;
}

// Arguments that stand in the history for those of a refused call.
std::string ArgumentsForHistory(const RawCall& raw, const MendedJson* read) {
  JsonWriter json;
  const bool is_short = raw.arguments.size() <= kRefusedBytesMax;
  const Result<JsonDocument> valid =
      JsonDocument::Parse(is_short ? raw.arguments : "");
  if (is_short && read != nullptr) {
    json.Value(read->document.root());
  } else if (valid.ok() && valid->root().is_object()) {
    json.Value(valid->root());
  } else {
    json.BeginObject();
    json.Field("unread", Excerpt(raw.arguments, kUnreadBytesMax));
    json.EndObject();
  }
  return std::move(json).Take();
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// A patch that came as it is: a text of its own with a beginning and an end.
bool IsBarePatch(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  const size_t end = text.find_last_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return false;
  text = text.substr(begin, end - begin + 1);
  return text.starts_with("*** Begin Patch") && text.ends_with("*** End Patch");
}

Result<MendedJson> ReadArguments(const RawCall& raw, const ToolSpec& tool,
                                 Ending ending) {
  if (IsBlank(raw.arguments)) return MendJson("{}", ending);
  if (tool.name == "patch" && IsBarePatch(raw.arguments) &&
      IsUtf8(raw.arguments)) {
    JsonWriter json;
    json.BeginObject().Field("patch", raw.arguments).EndObject();
    TRY_ASSIGN(MendedJson mended, MendJson(json.text(), ending));
    mended.mends.push_back("a patch without its object");
    return mended;
  }
  return MendJson(raw.arguments, ending);
}

// {"name": …, "arguments": {…}} in the arguments of a call without a name.
bool TakeNameFromArguments(RawCall* raw, Ending ending) {
  if (!IsBlank(raw->name)) return false;
  const Result<MendedJson> mended = MendJson(raw->arguments, ending);
  if (!mended.ok()) return false;
  const JsonValue name = mended->document["name"];
  JsonValue arguments = mended->document["arguments"];
  if (!arguments.present()) arguments = mended->document["parameters"];
  if (!name.is_string() || mended->document.root().Members().size() != 2)
    return false;
  JsonWriter json;
  if (arguments.is_object()) json.Value(arguments);
  std::string text = arguments.is_object()
                         ? json.text()
                         : std::string(arguments.StringOrEmpty());
  raw->name = name.StringOrEmpty();
  raw->arguments = std::move(text);
  return true;
}

class CallReader {
 public:
  CallReader(std::span<const ToolSpec> tools, Ending ending, IdMaker* ids)
      : tools_(tools), ending_(ending), ids_(ids) {}

  // `mends` is what was mended before.
  Call Read(const RawCall& given, std::vector<std::string> mends = {}) const {
    RawCall raw = given;
    if (TakeNameFromArguments(&raw, ending_))
      mends.emplace_back("a name among the arguments");
    const NamedTool named = FindTool(raw.name, tools_);
    if (named.tool == nullptr)
      return Refuse(raw, nullptr, NoSuchTool(raw.name, tools_));
    const Result<MendedJson> mended = ReadArguments(raw, *named.tool, ending_);
    if (!mended.ok())
      return Refuse(raw, nullptr, Unreadable(raw, *named.tool, mended.error()),
                    named.tool);
    const Result<FittedArguments> fitted = FitArguments(
        mended->document.root(), *named.tool, UnknownArguments::kDrop);
    if (!fitted.ok()) {
      std::string why = fitted.error().message();
      if (named.by_other_name)
        why = fmt::format("{} {}", NoSuchTool(raw.name, tools_), why);
      return Refuse(raw, &*mended, std::move(why), named.tool);
    }
    if (!named.mend.empty()) mends.push_back(named.mend);
    mends.insert(mends.end(), mended->mends.begin(), mended->mends.end());
    mends.insert(mends.end(), fitted->mends.begin(), fitted->mends.end());
    if (mends.size() > kMendsShownMax) mends.resize(kMendsShownMax);
    return RepairedCall{.call = {.id = ids_->Take(raw.id),
                                 .name = named.tool->name,
                                 .arguments = fitted->json},
                        .repaired = fmt::format("{}", fmt::join(mends, "; "))};
  }

  Call ReadPrinted(const PrintedCall& printed) const {
    if (printed.problem.empty()) {
      std::vector<std::string> mends = printed.mends;
      mends.insert(mends.begin(), "printed as text");
      return Read(printed.raw, std::move(mends));
    }
    const NamedTool named = FindTool(printed.raw.name, tools_);
    std::string why =
        ending_ == Ending::kCutOff
            ? "Your answer reached its longest length inside it. Do it again "
              "in smaller pieces, over several calls."
            : fmt::format("It is printed as text and cannot be read: {}.",
                          printed.problem);
    if (named.tool != nullptr)
      why += " " + ArgumentsOf(*named.tool);
    else
      why += " " + NoSuchTool(printed.raw.name, tools_);
    return Refuse(printed.raw, nullptr, std::move(why), named.tool);
  }

  // `tool`, when it is known which one was meant.
  RefusedCall Refuse(const RawCall& raw, const MendedJson* read,
                     std::string why, const ToolSpec* tool = nullptr) const {
    return {.raw = raw,
            .why = fmt::format("This call was not run. {}", why),
            .stand_in = {
                .id = ids_->Take(raw.id),
                .name = tool != nullptr ? tool->name : NameForHistory(raw.name),
                .arguments = ArgumentsForHistory(raw, read)}};
  }

 private:
  std::string Unreadable(const RawCall& raw, const ToolSpec& tool,
                         const Error& error) const {
    if (ending_ == Ending::kCutOff) {
      return fmt::format(
          "Your answer reached its longest length inside the arguments, {} "
          "bytes into them, so that they were cut. Do it again in smaller "
          "pieces, over several calls. {}",
          raw.arguments.size(), ArgumentsOf(tool));
    }
    return fmt::format("Its arguments are not one certain JSON object: {}. {}",
                       error.message(), ArgumentsOf(tool));
  }

  std::span<const ToolSpec> tools_;
  Ending ending_;
  IdMaker* ids_;
};

}  // namespace

void IdMaker::Keep(std::string_view id) { taken_.emplace(id); }

std::string IdMaker::Take(std::string_view wanted) {
  const bool fit = !wanted.empty() && wanted.size() <= kIdBytesMax &&
                   std::all_of(wanted.begin(), wanted.end(), IsIdCharacter);
  if (fit && taken_.emplace(wanted).second) return std::string(wanted);
  for (;;) {
    std::string made = fmt::format("call{:05}", next_++);
    if (taken_.insert(made).second) return made;
  }
}

namespace {

std::vector<Call> ReadHandedOver(const EngineAnswer& answer,
                                 const CallReader& reader) {
  std::vector<Call> calls;
  for (size_t i = 0; i < answer.calls.size(); ++i) {
    const RawCall& raw = answer.calls[i];
    const auto same = [&](const RawCall& other) {
      return !raw.id.empty() && other.id == raw.id && other.name == raw.name &&
             other.arguments == raw.arguments;
    };
    const auto before = answer.calls.begin() + static_cast<ptrdiff_t>(i);
    if (i >= kCallsOfAnswerMax) {
      calls.emplace_back(
          reader.Refuse(raw, nullptr,
                        fmt::format("One answer can hold at most {} calls.",
                                    kCallsOfAnswerMax)));
    } else if (std::any_of(answer.calls.begin(), before, same)) {
      calls.emplace_back(reader.Refuse(
          raw, nullptr, "It is the same as one before, also in its id."));
    } else {
      calls.push_back(reader.Read(raw));
    }
  }
  return calls;
}

// Marks the call that the engine handed over and that `printed` repeats.
bool IsHandedOver(const Call& printed, std::vector<Call>* calls) {
  const auto* read = std::get_if<RepairedCall>(&printed);
  if (read == nullptr) return false;
  for (Call& call : *calls) {
    auto* other = std::get_if<RepairedCall>(&call);
    if (other == nullptr || other->call.name != read->call.name ||
        other->call.arguments != read->call.arguments) {
      continue;
    }
    constexpr std::string_view kAlso = "also printed as text";
    if (other->repaired.find(kAlso) == std::string::npos) {
      if (!other->repaired.empty()) other->repaired += "; ";
      other->repaired += kAlso;
    }
    return true;
  }
  return false;
}

std::string Suspicion(const PrintedCall& call, std::string_view why) {
  return fmt::format(
      "Your text holds a call of \"{}\" that was not run, since it {}.",
      Excerpt(call.raw.name, kShownNameBytesMax), why);
}

// What was left in the text, or only thought.
void AddSuspicions(const EngineAnswer& answer, const PrintedCalls& printed,
                   std::span<const ToolSpec> tools, CallsOfAnswer* read) {
  const auto add = [&](std::string words) {
    if (read->suspicious.size() < kSuspectsMax)
      read->suspicious.push_back(std::move(words));
  };
  const bool nothing_else = read->calls.empty() && IsBlank(read->text);
  for (const PrintedCalls::Left& left : printed.left) {
    if (!left.thought || (read->calls.empty() && printed.all_thought))
      add(Suspicion(left.call, left.why));
  }
  if (nothing_else) {
    const PrintedCalls thought =
        FindPrintedCalls(answer.thinking, tools, Ending::kItsOwn);
    for (const PrintedCall& call : thought.calls)
      add(Suspicion(call, "stands in what you thought"));
  }
  if (read->calls.empty() && read->suspicious.empty() && printed.trace) {
    add("Your text holds the marker of a call, but no call can be read from "
        "it.");
  }
  if (answer.finish == Finish::kToolCalls && read->calls.empty() &&
      read->suspicious.empty() && !tools.empty()) {
    add("Your answer ended as if with a call, but none came with it.");
  }
}

}  // namespace

CallsOfAnswer ReadCalls(const EngineAnswer& answer,
                        std::span<const ToolSpec> tools, IdMaker& ids) {
  const bool own_end =
      answer.finish == Finish::kStop || answer.finish == Finish::kToolCalls;
  const Ending ending = own_end ? Ending::kItsOwn : Ending::kCutOff;
  const CallReader reader(tools, ending, &ids);
  std::vector<Call> handed_over = ReadHandedOver(answer, reader);
  PrintedCalls printed = FindPrintedCalls(answer.text, tools, ending);
  CallsOfAnswer read{
      .calls = {}, .text = std::move(printed.text), .suspicious = {}};
  for (const PrintedCall& one : printed.calls) {
    Call call = reader.ReadPrinted(one);
    if (IsHandedOver(call, &handed_over)) continue;
    read.calls.push_back(std::move(call));
  }
  std::move(handed_over.begin(), handed_over.end(),
            std::back_inserter(read.calls));
  AddSuspicions(answer, printed, tools, &read);
  return read;
}

}  // namespace cofferdam::agent
