#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "ledger/exchange.h"
#include "wire/types.h"

// What coding agents leave on their users' disks about what models answered
// them (docs/formats/histories.md).
namespace cofferdam::ledger {

enum class HistoryAgent {
  kClaudeCode,
  kCodex,
  kGemini,
  kOpencode,
  kAider,
  kCofferdamCode,  // ours, which keeps records for this (code-records.md)
};

inline constexpr HistoryAgent kHistoryAgents[] = {
    HistoryAgent::kClaudeCode, HistoryAgent::kCodex,
    HistoryAgent::kGemini,     HistoryAgent::kOpencode,
    HistoryAgent::kAider,      HistoryAgent::kCofferdamCode};

// "claude-code", "codex", "gemini", "opencode", "aider", "cofferdam-code": as
// commands have them.
std::string_view HistoryAgentName(HistoryAgent agent);
std::optional<HistoryAgent> ParseHistoryAgent(std::string_view name);
// The name that the gate knows the same agent by: "gemini-cli" for Gemini.
std::string_view HistoryTool(HistoryAgent agent);

// A line of a history. A longer one is passed over and told of.
inline constexpr size_t kHistoryLineBytesMax = size_t{32} << 20;
// Texts of one exchange. What is beyond is cut off.
inline constexpr size_t kHistoryTextBytesMax = size_t{16} << 20;
inline constexpr size_t kHistoryPartsMax = 4096;
// Of what was given: the texts with most lines are kept.
inline constexpr size_t kHistoryGivenBytesMax = size_t{512} << 10;
// Names: sessions, models, ids, paths of repositories. Longer ones are cut.
inline constexpr size_t kHistoryNameBytesMax = 1024;

// One answer of a model, as an agent's history tells of it. Everything but
// agent and parts may be unknown, and is empty then.
struct HistoryExchange {
  HistoryAgent agent = HistoryAgent::kClaudeCode;
  // The provider's id of the answer ("msg_…", "resp_…"), where the agent keeps
  // it: it is what the gate's record has, too.
  std::string provider_response_id;
  // The ledger's own id of it, where a gate that the answer came through said
  // one (x-cofferdam-exchange).
  std::string exchange;
  // The agent's own id of the answer, unique in its session. The same answer
  // read again has the same.
  std::string id;
  std::string session;
  // Whose model it was in the agent's own words: "anthropic", or a name from
  // the user's settings, as "cofferdam".
  std::string provider;
  std::string model;
  std::string tool_version;
  // Answers in the same session before this one.
  int64_t turn = 0;
  // When it was complete, microseconds since 1970 UTC; 0: unknown.
  int64_t time_micros = 0;
  // Folder in which the agent worked, an absolute path of the user's machine.
  std::string cwd;
  // As the history has it, a URL; and HEAD when the session began.
  std::string repo;
  std::string commit;
  wire::Usage usage;
  wire::UsageSource usage_source = wire::UsageSource::kNone;
  std::string price_mode;  // as Exchange::price_mode
  std::string stop_reason;
  Outcome outcome = Outcome::kComplete;
  std::vector<wire::Part> parts;
  // What the model was given in the session before and may have quoted: texts
  // of the user and of tools that have a line of the answer.
  std::vector<std::string> given;
  // The parts came after the answer: what commands of its calls made of files.
  bool later = false;
  // Texts were cut at kHistoryTextBytesMax, or parts left out.
  bool cut = false;

  bool operator==(const HistoryExchange&) const = default;
};

// Cuts names and texts to the limits above.
void BoundHistoryExchange(HistoryExchange* exchange);

// As spools and calls carry it: an object without white space.
std::string ToJson(const HistoryExchange& exchange);
// kInvalid names the member that is wrong. Members that it does not know are
// passed over.
Result<HistoryExchange> HistoryFromJson(const JsonValue& json);

// Where a history lies, and what its place says of it.
struct HistorySource {
  HistoryAgent agent = HistoryAgent::kClaudeCode;
  std::string path;
  // The folder that the agent worked in, where the place says it and the file
  // does not (Gemini, aider).
  std::string cwd;
};

// How far a history has been read, so that the next time goes on from there.
struct HistoryMark {
  // Bytes from the beginning that need not be read again, and the lines in
  // them.
  uint64_t offset = 0;
  int64_t line = 0;
  // Size and time of change of the file then; nothing is read while both are
  // the same and nothing was held back.
  uint64_t size = 0;
  int64_t changed_micros = 0;
  // An answer at the end was not complete.
  bool held = false;
  // Of the first bytes, and of the last before `offset`: a file in which they
  // differ was written anew, and is read from its beginning.
  std::string head;
  std::string tail;
  // What the reader knew at `offset`, JSON of its own.
  std::string context;

  bool operator==(const HistoryMark&) const = default;
};

std::string ToJson(const HistoryMark& mark);
Result<HistoryMark> HistoryMarkFromJson(const JsonValue& json);

// Something that was not understood.
struct HistoryProblem {
  // From 1; 0: of the file as a whole. Of SQLite: the number of the row.
  int64_t line = 0;
  std::string why;
};

// Who takes what was read.
class HistorySink {
 public:
  virtual ~HistorySink() = default;
  // `line` is where the answer begins. An error ends the reading, and is what
  // ReadHistory answers.
  virtual Status Take(HistoryExchange exchange, int64_t line) = 0;
  virtual void Note(HistoryProblem problem) = 0;
};

// What a reading came to.
struct HistoryRead {
  HistoryMark mark;
  // Rows that were read, and those of them that tell of no answer.
  uint64_t rows = 0;
  uint64_t passed_over = 0;
  // Nothing was new.
  bool unchanged = false;
};

// A file that nobody has written to for so long does not grow: what seems
// half-written in it stays so.
inline constexpr int64_t kHistorySettledMicros = int64_t{600} * 1'000'000;

// Reads what is new in a history since `from` and gives each answer to `sink`,
// in bounded memory. The source is not changed. An answer that is being written
// is held back until it is complete, or until the file has settled. What cannot
// be understood is noted, never fatal; errors are those of the file (kNotFound,
// kDenied, kCorrupt for a damaged database) and of the sink.
Result<HistoryRead> ReadHistory(const HistorySource& source,
                                const HistoryMark& from, int64_t now_micros,
                                HistorySink& sink);

}  // namespace cofferdam::ledger
