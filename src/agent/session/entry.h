#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/message.h"
#include "agent/observer.h"
#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"

// The lines of a session's file (docs/formats/code-session.md). Each function
// that writes one answers it with its line end.
namespace cofferdam::agent {

// Of every line, its end included. A longer one is not written.
inline constexpr size_t kSessionLineBytesMax = size_t{32} << 20;
// Of a title: the first words of the user.
inline constexpr size_t kSessionTitleBytesMax = 120;

enum class SessionEntry {
  kBegin,
  kPrompt,   // the user's message that begins a turn
  kMessage,  // every other one
  kFiles,    // how the workspace stood before a turn changed it
  kReplace,  // messages took the place of others: a compaction
  kRewind,
  kModel,
  kMode,
  kPlan,
  kMeter,
  kEnd,  // of a turn
};
std::string_view SessionEntryName(SessionEntry entry);

// What a session's first line says.
struct SessionBegin {
  std::string id;
  int64_t at_micros = 0;
  std::string workspace;
  std::string title;
  std::string model;
  Mode mode = Mode::kAsk;
  // Of the system prompt and the tools; hexadecimal.
  std::string system_digest;
  std::string version;  // of the program
  // Of a fork: the session it is a copy of, and the first turn of that one
  // that it has not.
  std::string parent;
  uint64_t parent_turn = 0;

  bool operator==(const SessionBegin&) const = default;
};

std::string BeginLine(const SessionBegin& begin);
Result<SessionBegin> ReadBegin(const JsonValue& line);

// `messages`: how many stand in the history after this line.
std::string PromptLine(uint64_t turn, uint64_t messages, int64_t at_micros,
                       std::string_view text, std::string_view note);
// `changed`: paths that the call of this outcome changed.
std::string MessageLine(const Message& message,
                        std::span<const std::string> changed, uint64_t messages,
                        int64_t at_micros);
// The message of a prompt, of a message, or of one in a replacement.
Result<Message> ReadMessage(const JsonValue& line);

std::string FilesLine(uint64_t turn, std::string_view snapshot,
                      uint64_t messages, int64_t at_micros);
// Messages [from, to) of the history gave way to `replacement`.
std::string ReplaceLine(uint64_t from, uint64_t to,
                        std::span<const Message> replacement,
                        std::string_view why, uint64_t messages,
                        int64_t at_micros);

enum class RewindOf { kConversation, kFiles, kBoth };
std::string_view RewindOfName(RewindOf what);
std::optional<RewindOf> ParseRewindOf(std::string_view name);
std::string RewindLine(uint64_t turn, RewindOf what, uint64_t messages,
                       int64_t at_micros);

std::string ModelLine(std::string_view model, std::string_view profile,
                      uint64_t messages, int64_t at_micros);
std::string ModeLine(Mode mode, uint64_t messages, int64_t at_micros);
std::string PlanLine(std::span<const PlanEntry> plan, uint64_t messages,
                     int64_t at_micros);
std::vector<PlanEntry> ReadPlan(const JsonValue& line);
std::string MeterLine(const Meter& meter, uint64_t messages, int64_t at_micros);
Meter ReadMeter(const JsonValue& line);
std::string EndLine(uint64_t turn, std::string_view how, std::string_view why,
                    uint64_t messages, int64_t at_micros);

// What the first bytes of a line tell without reading the rest.
struct SessionLineHead {
  SessionEntry entry = SessionEntry::kMessage;
  uint64_t messages = 0;
  uint64_t turn = 0;  // of a prompt
};
// None for a line that is not ours.
std::optional<SessionLineHead> ReadLineHead(std::string_view head);

// The first line of `text` that has something on it, cut to `bytes_max` where
// a character ends.
std::string FirstWords(std::string_view text, size_t bytes_max);

}  // namespace cofferdam::agent
