#include "agent/turn/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/turn/shortened_text.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

// What the context is taken to be while nothing says it.
constexpr int64_t kContextTokensAssumed = 32'768;
// Of a result that has given way.
constexpr size_t kStubBytes = 300;
constexpr size_t kSaidBytes = 200;

constexpr std::string_view kAskForSummary =
    "[The context is nearly full. Write a summary from which you can go on "
    "with "
    "the work, without calling tools: what the user wants, what was found out, "
    "what was changed in which files, what failed and why, what is left to do. "
    "Name files, functions and commands exactly. At most 500 words.{}]";
constexpr std::string_view kCutForSummary = "[Long results are cut.]\n";
constexpr std::string_view kSummedUp = "(Summed up above; going on.)";

class Deaf : public AnswerListener {
 public:
  void OnText(std::string_view) override {}
  void OnThinking(std::string_view) override {}
  void OnCall(std::string_view) override {}
};

// Adds up what is at work in a call: the file it names.
std::vector<std::string> PathsOf(const ToolCall& call) {
  std::vector<std::string> paths;
  auto document = JsonDocument::Parse(call.arguments);
  if (!document.ok()) return paths;
  if (auto path = (*document)["path"].String()) {
    paths.emplace_back(*path);
  }
  // The patch language names its files in lines of their own.
  std::string_view patch = (*document)["patch"].StringOrEmpty();
  while (!patch.empty()) {
    std::string_view line = patch.substr(0, patch.find('\n'));
    for (std::string_view mark : {"*** Update File: ", "*** Add File: "}) {
      if (line.starts_with(mark)) paths.emplace_back(line.substr(mark.size()));
    }
    patch.remove_prefix(std::min(patch.size(), line.size() + 1));
  }
  return paths;
}

std::string FirstLine(std::string_view text) {
  return ShortenedText(text.substr(0, text.find('\n')), kSaidBytes);
}

// What the user said last in so many words.
std::optional<size_t> LastPrompt(std::span<const Message> messages) {
  for (size_t i = messages.size(); i > 0; --i) {
    const Message& message = messages[i - 1];
    if (message.role == Message::Role::kUser && !message.text.empty()) {
      return i - 1;
    }
  }
  return std::nullopt;
}

std::string OpenEntries(std::span<const PlanEntry> plan) {
  std::string lines;
  for (const PlanEntry& entry : plan) {
    if (entry.status == PlanEntry::Status::kCompleted) continue;
    lines += fmt::format(
        "- {}{}\n", entry.text,
        entry.status == PlanEntry::Status::kInProgress ? " (in progress)" : "");
  }
  return lines;
}

std::string NoRoom(const ConversationState& state) {
  return fmt::format(
      "the context of {} tokens has no room for the tools, the user's words "
      "and "
      "the last results",
      state.context_tokens.value_or(kContextTokensAssumed));
}

}  // namespace

size_t BeginOfTail(std::span<const Message> messages, size_t bytes_max) {
  size_t begin = messages.size();
  size_t bytes = 0;
  size_t at = messages.size();
  while (at > 0) {
    --at;
    bytes += BytesOfMessage(messages[at]);
    if (messages[at].role == Message::Role::kTool) continue;
    if (bytes > bytes_max && begin < messages.size()) break;
    begin = at;
    if (bytes > bytes_max) break;
  }
  return begin;
}

std::vector<std::string> FilesOfCalls(std::span<const Message> messages,
                                      size_t files_max) {
  std::vector<std::string> files;
  for (size_t i = messages.size(); i > 0 && files.size() < files_max; --i) {
    for (const ToolCall& call : messages[i - 1].calls) {
      for (std::string& path : PathsOf(call)) {
        if (std::find(files.begin(), files.end(), path) == files.end()) {
          files.push_back(std::move(path));
        }
      }
    }
  }
  if (files.size() > files_max) files.resize(files_max);
  std::reverse(files.begin(), files.end());
  return files;
}

std::string MechanicalSummary(std::span<const Message> messages) {
  std::vector<std::string> lines;
  for (const Message& message : messages) {
    if (message.role == Message::Role::kUser) {
      // What an earlier compaction kept goes on, shortened.
      if (!message.note.empty()) {
        lines.push_back(ShortenedText(message.note, 2000));
      }
      if (!message.text.empty()) {
        lines.push_back("User: " + FirstLine(message.text));
      }
    } else if (message.role == Message::Role::kAssistant) {
      if (!message.text.empty()) {
        lines.push_back("You: " + FirstLine(message.text));
      }
      for (const ToolCall& call : message.calls) {
        auto result = std::find_if(
            messages.begin(), messages.end(),
            [&call](const Message& one) { return one.call_id == call.id; });
        bool failed = result != messages.end() && result->failed;
        lines.push_back(fmt::format("Called {} {}{}", call.name,
                                    ShortenedText(call.arguments, kSaidBytes),
                                    failed ? " (failed)" : ""));
      }
    }
  }
  std::string text;
  size_t from = lines.size() > Compaction::kCallsNamedMax
                    ? lines.size() - Compaction::kCallsNamedMax
                    : 0;
  if (from > 0) text = fmt::format("({} earlier steps are left out)\n", from);
  for (size_t i = from; i < lines.size(); ++i) text += lines[i] + "\n";
  return text;
}

bool CutResults(std::vector<Message>* messages, size_t bytes_max) {
  for (size_t result_bytes = size_t{32} << 10; result_bytes >= kStubBytes;
       result_bytes /= 2) {
    // The older ones first, then the last one, too.
    for (size_t keep_last : {1, 0}) {
      if (BytesOfMessages(*messages) <= bytes_max) return true;
      size_t results = messages->size();
      for (size_t i = messages->size(); i > 0; --i) {
        if ((*messages)[i - 1].role == Message::Role::kTool) {
          results = i - 1;
          break;
        }
      }
      for (size_t i = 0; i < messages->size(); ++i) {
        Message& message = (*messages)[i];
        if (message.role != Message::Role::kTool) continue;
        if (keep_last == 1 && i == results) continue;
        message.text = ShortenedText(message.text, result_bytes);
      }
    }
  }
  return BytesOfMessages(*messages) <= bytes_max;
}

size_t Compaction::BytesFor(int level) const {
  int64_t context = state_.context_tokens.value_or(kContextTokensAssumed);
  double tokens =
      static_cast<double>(context) -
      static_cast<double>(state_.estimate.Tokens(state_.BytesBeforeMessages()));
  int index = std::clamp(level, 1, 3) - 1;
  return static_cast<size_t>(std::max(0.0, tokens) * kShares[index] *
                             state_.estimate.bytes_per_token());
}

std::optional<std::string> Compaction::Ask(std::vector<Message> messages) {
  EngineRequest request;
  request.system = state_.parts.system;
  request.messages = messages;
  request.tools = state_.specs;
  request.tool_choice = EngineRequest::ToolChoice::kNone;
  request.sampling = state_.parts.model.sampling;
  request.output_tokens_max = kSummaryTokensMax;
  Deaf deaf;
  Engine::Reply reply = state_.parts.engine->Complete(request, deaf, stop_);
  state_.Count(reply.answer,
               state_.BytesBeforeMessages() + BytesOfMessages(messages));
  if (reply.fault.has_value()) return std::nullopt;
  if (state_.parts.hooks.on_answer) {
    state_.parts.hooks.on_answer(reply.answer, {}, messages,
                                 state_.parts.model.name);
  }
  if (reply.answer.text.size() < kSummaryBytesMin ||
      RunsAway(reply.answer.text)) {
    return std::nullopt;
  }
  return ShortenedText(reply.answer.text, kSummaryBytesMax);
}

std::optional<std::string> Compaction::AskForSummary(std::string_view focus) {
  std::vector<Message> messages = state_.history.messages();
  if (messages.back().role == Message::Role::kUser) {
    Message none;
    none.role = Message::Role::kAssistant;
    none.text = "(no answer)";
    messages.push_back(std::move(none));
  }
  Message ask;
  ask.note = fmt::format(
      kAskForSummary,
      focus.empty() ? "" : fmt::format(" Keep in mind above all: {}", focus));
  messages.push_back(std::move(ask));
  int64_t context = state_.context_tokens.value_or(kContextTokensAssumed);
  int64_t room = context - kSummaryTokensMax -
                 state_.estimate.Tokens(state_.BytesBeforeMessages());
  size_t bytes_max =
      static_cast<size_t>(std::max<double>(0, static_cast<double>(room)) *
                          state_.estimate.bytes_per_token());
  // As it stands the engine has it in its cache; cut it only if it must be.
  if (BytesOfMessages(messages) > bytes_max) {
    // It is another conversation then, and says so from its first words on.
    messages.front().note = std::string(kCutForSummary) + messages.front().note;
    if (!CutResults(&messages, bytes_max)) return std::nullopt;
  }
  return Ask(std::move(messages));
}

Status Compaction::Run(int level, std::string_view focus) {
  return RunWithin(BytesFor(level), level, focus);
}

Status Compaction::RunAfterRefusal(int level) {
  double refused =
      static_cast<double>(BytesOfMessages(state_.history.messages()));
  double share = kRefusedShares[std::clamp(level, 1, 3) - 1];
  return RunWithin(
      std::min(BytesFor(level), static_cast<size_t>(refused * share)), level,
      "");
}

Status Compaction::RunWithin(size_t bytes_max, int level,
                             std::string_view focus) {
  const std::vector<Message>& messages = state_.history.messages();
  if (messages.empty()) return {};
  size_t bytes_before = BytesOfMessages(messages);
  std::optional<std::string> summary;
  // Asked at first; later the engine has shown that it takes less than that.
  if (level <= 1) summary = AskForSummary(focus);
  if (stop_.stop_requested()) {
    return Error(Code::kCancelled,
                 "interrupted while the history was summed up");
  }
  size_t tail_at = BeginOfTail(
      messages,
      std::min(bytes_max / 2, level == 0 ? bytes_before / 4 : bytes_max));
  if (tail_at == 0 && bytes_before <= bytes_max) {
    if (level < 3) return {};
    return Error(Code::kTooLarge, NoRoom(state_));
  }
  std::vector<Message> tail(messages.begin() + static_cast<ptrdiff_t>(tail_at),
                            messages.end());
  std::span<const Message> old(messages.data(), tail_at);

  Message head;
  head.note = "[The conversation so far was shortened.]\n";
  head.note += summary.value_or(ShortenedText(
      MechanicalSummary(old), std::min(kSummaryBytesMax, bytes_max / 4)));
  std::string open = OpenEntries(state_.plan);
  if (!open.empty()) head.note += "\n[Still to do]\n" + open;
  std::vector<std::string> files = FilesOfCalls(messages, kFilesMax);
  if (!files.empty()) {
    head.note += fmt::format("\n[Files worked on, the latest last]\n- {}\n",
                             fmt::join(files, "\n- "));
  }
  std::optional<size_t> prompt = LastPrompt(messages);
  if (prompt.has_value() && *prompt < tail_at) {
    head.note += "\n[The user's last words]";
    head.text = messages[*prompt].text;
  }
  std::vector<Message> now;
  now.push_back(std::move(head));
  if (!tail.empty() && tail.front().role == Message::Role::kUser) {
    Message between;
    between.role = Message::Role::kAssistant;
    between.text = kSummedUp;
    now.push_back(std::move(between));
  }
  std::move(tail.begin(), tail.end(), std::back_inserter(now));
  if (!CutResults(&now, bytes_max) &&
      (BytesOfMessages(now) >= bytes_before ||
       (level >= 3 && BytesOfMessages(now) > BytesFor(level)))) {
    return Error(Code::kTooLarge, NoRoom(state_));
  }
  TRY(state_.history.Replace(
      0, messages.size(), std::move(now),
      summary ? "summary by the model" : "summary without the model"));
  if (state_.parts.hooks.on_history) {
    state_.parts.hooks.on_history(state_.history.messages());
  }
  observer_.OnNotice(fmt::format(
      "context compacted{}: about {} tokens are {} now",
      summary ? "" : " without the model's help",
      state_.estimate.Tokens(bytes_before), state_.EstimatedTokens()));
  state_.meter.context_used = state_.EstimatedTokens();
  observer_.OnMeter(state_.meter);
  return {};
}

}  // namespace cofferdam::agent
