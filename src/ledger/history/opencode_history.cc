#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/sqlite.h"
#include "ledger/history/history_reader_internal.h"
#include "wire/blocks.h"
#include "wire/tools.h"
#include "wire/usage.h"

// opencode: messages and their parts are JSON in two tables of a SQLite file
// that it may be writing to.
namespace cofferdam::ledger {
namespace {

constexpr int64_t kMicrosPerMs = 1000;
// The year 2248: later times are nonsense.
constexpr int64_t kMsMax = int64_t{1} << 43;

constexpr std::string_view kMessages =
    "SELECT m.rowid, m.id, m.session_id, m.time_updated, length(m.data), "
    "CASE WHEN length(m.data) <= ?2 THEN m.data END, s.directory, s.version, "
    "m.time_created FROM message m JOIN session s ON s.id = m.session_id "
    "WHERE m.time_updated >= ?1 ORDER BY m.time_updated, m.id";
constexpr std::string_view kParts =
    "SELECT length(data), CASE WHEN length(data) <= ?2 THEN data END "
    "FROM part WHERE message_id = ?1 ORDER BY id LIMIT ?3";
constexpr std::string_view kEarlier =
    "SELECT count(*) FROM message WHERE session_id = ?1 AND time_created < ?2 "
    "AND json_valid(data) AND json_extract(data, '$.role') = 'assistant'";

// Of the messages of a session before one, and not before another.
constexpr std::string_view kGiven =
    "SELECT m.data, p.data FROM message m JOIN part p ON p.message_id = m.id "
    "WHERE m.session_id = ?1 AND m.id >= ?2 AND m.id < ?3 "
    "AND length(m.data) <= ?4 AND length(p.data) <= ?4 ORDER BY p.id";
// Sessions whose texts are remembered at once.
constexpr size_t kSessionsMax = 8;

struct Message {
  int64_t row = 0;
  std::string id;
  std::string session;
  int64_t updated_ms = 0;
  std::string directory;
  std::string version;
  int64_t turn = 0;
};

// Tokens of a step. What a total says beyond the others is output.
bool ReadTokens(const JsonValue& tokens, HistoryExchange* exchange) {
  const auto count = [](const JsonValue& value) {
    return wire::TokenCount(value);
  };
  const auto input = count(tokens["input"]);
  const auto output = count(tokens["output"]);
  if (!input || !output) return false;
  wire::Usage& usage = exchange->usage;
  usage.input_tokens = *input;
  usage.cache_read_tokens = count(tokens["cache"]["read"]).value_or(0);
  usage.cache_write_5m_tokens = count(tokens["cache"]["write"]).value_or(0);
  usage.output_tokens = *output;
  const int64_t known = usage.input_tokens + usage.cache_read_tokens +
                        usage.cache_write_5m_tokens;
  if (const auto total = count(tokens["total"]); total && *total >= known) {
    usage.output_tokens = std::max(*output, *total - known);
  }
  usage.reasoning_tokens =
      std::min(count(tokens["reasoning"]).value_or(0), usage.output_tokens);
  // An answer that failed used nothing that anybody told of.
  if (known + usage.output_tokens == 0) return false;
  exchange->usage_source = wire::UsageSource::kReported;
  return true;
}

class Opencode {
 public:
  Opencode(Database database, int64_t now_micros, HistorySink& sink)
      : database_(std::move(database)), now_micros_(now_micros), sink_(sink) {}

  Status Read(int64_t since_ms, HistoryRead* read) {
    next_ms_ = since_ms;
    TRY_ASSIGN(Statement rows, database_.Prepare(kMessages));
    rows.BindInt(1, since_ms)
        .BindInt(2, static_cast<int64_t>(kHistoryLineBytesMax));
    while (true) {
      TRY_ASSIGN(const bool more, rows.Step());
      if (!more) break;
      ++read->rows;
      TRY(TakeMessage(rows, read));
    }
    read->mark.held = held_ms_ > 0;
    const int64_t next = held_ms_ > 0 ? std::min(held_ms_, next_ms_) : next_ms_;
    JsonWriter context;
    context.BeginObject().Field("since", next).EndObject();
    read->mark.context = std::move(context).Take();
    return {};
  }

 private:
  Status TakeMessage(const Statement& row, HistoryRead* read) {
    Message message;
    message.row = row.Int(0);
    message.id = row.Text(1);
    message.session = row.Text(2);
    message.updated_ms = row.Int(3);
    next_ms_ = std::max(next_ms_, message.updated_ms);
    if (row.IsNull(5)) {
      sink_.Note({message.row, fmt::format("message: {} bytes, at most {}",
                                           row.Int(4), kHistoryLineBytesMax)});
      return {};
    }
    message.directory = row.Text(6);
    message.version = row.Text(7);
    const auto json = JsonDocument::Parse(row.Text(5));
    if (!json.ok() || !json->root().is_object()) {
      sink_.Note({message.row, "message: data: must be a JSON object"});
      return {};
    }
    if ((*json)["role"].StringOrEmpty() != "assistant") {
      ++read->passed_over;
      return {};
    }
    const bool ended =
        (*json)["time"]["completed"].present() || (*json)["error"].is_object();
    const int64_t updated_micros = message.updated_ms * kMicrosPerMs;
    if (!ended && now_micros_ - updated_micros < kHistorySettledMicros) {
      held_ms_ = held_ms_ == 0 ? message.updated_ms
                               : std::min(held_ms_, message.updated_ms);
      return {};
    }
    TRY_ASSIGN(message.turn, NextTurn(message.session, row.Int(8)));
    return TakeAnswer(message, json->root());
  }

  // Answers in the session before, counted once for each session.
  Result<int64_t> NextTurn(const std::string& session, int64_t created_ms) {
    const auto known = turns_.find(session);
    if (known != turns_.end()) return known->second++;
    TRY_ASSIGN(Statement earlier, database_.Prepare(kEarlier));
    earlier.BindText(1, session).BindInt(2, created_ms);
    TRY_ASSIGN(const bool row, earlier.Step());
    const int64_t turn = row ? earlier.Int(0) : 0;
    turns_[session] = turn + 1;
    return turn;
  }

  // What was given in the session before the message, read once.
  Result<const GivenTexts*> GivenBefore(const Message& message) {
    if (sessions_.size() == kSessionsMax &&
        !sessions_.contains(message.session)) {
      sessions_.clear();
    }
    Session& session = sessions_[message.session];
    TRY_ASSIGN(Statement rows, database_.Prepare(kGiven));
    rows.BindText(1, message.session)
        .BindText(2, session.next)
        .BindText(3, message.id)
        .BindInt(4, static_cast<int64_t>(GivenTexts::kBytesMax));
    while (true) {
      TRY_ASSIGN(const bool more, rows.Step());
      if (!more) break;
      const auto said = JsonDocument::Parse(rows.Text(0));
      const auto part = JsonDocument::Parse(rows.Text(1));
      if (!said.ok() || !part.ok()) continue;
      if ((*said)["role"].StringOrEmpty() == "user") {
        session.given.Add((*part)["text"].StringOrEmpty());
      }
      session.given.Add((*part)["state"]["output"].StringOrEmpty());
    }
    session.next = std::max(session.next, message.id);
    return &session.given;
  }

  // One answer for each step; nearly every message is one.
  Status TakeAnswer(const Message& message, const JsonValue& data) {
    TRY_ASSIGN(Statement parts, database_.Prepare(kParts));
    parts.BindText(1, message.id)
        .BindInt(2, static_cast<int64_t>(kHistoryLineBytesMax))
        .BindInt(3, static_cast<int64_t>(kHistoryPartsMax));
    TRY_ASSIGN(const GivenTexts* given, GivenBefore(message));
    const auto take = [&](HistoryExchange answer) -> Status {
      answer.given =
          given->QuotedBy(answer.parts, given->count(), kHistoryGivenBytesMax);
      return sink_.Take(std::move(answer), message.row);
    };
    HistoryExchange exchange = Begin(message, data);
    size_t steps = 0;
    while (true) {
      TRY_ASSIGN(const bool more, parts.Step());
      if (!more) break;
      if (parts.IsNull(1)) {
        sink_.Note(
            {message.row, fmt::format("part: {} bytes, at most {}",
                                      parts.Int(0), kHistoryLineBytesMax)});
        continue;
      }
      const auto json = JsonDocument::Parse(parts.Text(1));
      if (!json.ok() || !json->root().is_object()) {
        sink_.Note({message.row, "part: data: must be a JSON object"});
        continue;
      }
      if ((*json)["type"].StringOrEmpty() != "step-finish") {
        AddPart(json->root(), &exchange.parts);
        continue;
      }
      ReadTokens((*json)["tokens"], &exchange);
      if (++steps > 1) exchange.id += fmt::format("/{}", steps);
      TRY(take(std::exchange(exchange, Begin(message, data))));
    }
    if (exchange.parts.empty()) return {};
    if (steps == 0) {
      ReadTokens(data["tokens"], &exchange);
    } else {
      exchange.id += fmt::format("/{}", steps + 1);
    }
    return take(std::move(exchange));
  }

  static HistoryExchange Begin(const Message& message, const JsonValue& data) {
    HistoryExchange exchange;
    exchange.agent = HistoryAgent::kOpencode;
    exchange.id = message.id;
    exchange.session = message.session;
    exchange.turn = message.turn;
    exchange.tool_version = message.version;
    exchange.provider = data["providerID"].StringOrEmpty();
    exchange.model = data["modelID"].StringOrEmpty();
    exchange.stop_reason = data["finish"].StringOrEmpty();
    exchange.cwd = data["path"]["cwd"].StringOrEmpty();
    if (exchange.cwd.empty()) exchange.cwd = message.directory;
    const auto time = data["time"]["completed"].Int();
    exchange.time_micros =
        kMicrosPerMs *
        std::clamp<int64_t>(time.value_or(message.updated_ms), 0, kMsMax);
    const JsonValue error = data["error"];
    if (error["name"].StringOrEmpty() == "MessageAbortedError") {
      exchange.outcome = Outcome::kClientGone;
    } else if (error.is_object()) {
      exchange.outcome = Outcome::kUpstreamError;
    }
    return exchange;
  }

  static void AddPart(const JsonValue& part, std::vector<wire::Part>* parts) {
    const std::string_view type = part["type"].StringOrEmpty();
    if (type == "text" && !part["synthetic"].Bool().value_or(false)) {
      wire::AddWords(wire::PartKind::kText, part["text"].StringOrEmpty(),
                     parts);
    } else if (type == "reasoning") {
      wire::AddWords(wire::PartKind::kThinking, part["text"].StringOrEmpty(),
                     parts);
    } else if (type == "tool") {
      const JsonValue input = part["state"]["input"];
      if (!input.is_object()) return;
      for (wire::Part& made :
           wire::PartsOfToolCall(part["tool"].StringOrEmpty(),
                                 part["callID"].StringOrEmpty(), input)) {
        parts->push_back(std::move(made));
      }
    }
  }

  Database database_;
  const int64_t now_micros_;
  HistorySink& sink_;
  struct Session {
    GivenTexts given;
    std::string next;  // messages before it have been read
  };
  std::map<std::string, Session> sessions_;
  std::map<std::string, int64_t> turns_;
  int64_t next_ms_ = 0;
  // The earliest change of a message that is being written; 0: none is.
  int64_t held_ms_ = 0;
};

// Bytes of the file and of its log of writes, and when the later one changed.
Status ReadSize(const std::string& path, HistoryMark* mark) {
  mark->size = 0;
  mark->changed_micros = 0;
  for (const char* suffix : {"", "-wal"}) {
    struct stat info;
    if (stat((path + suffix).c_str(), &info) != 0) {
      if (*suffix != '\0') continue;
      return Error::FromErrno(errno, path);
    }
    if (!S_ISREG(info.st_mode)) {
      return Error(Code::kInvalid, path + suffix + ": is no file");
    }
    mark->size += static_cast<uint64_t>(info.st_size);
    mark->changed_micros = std::max(mark->changed_micros,
                                    int64_t{info.st_mtim.tv_sec} * 1'000'000 +
                                        int64_t{info.st_mtim.tv_nsec} / 1000);
  }
  return {};
}

}  // namespace

Result<HistoryRead> ReadOpencode(const HistorySource& source,
                                 const HistoryMark& from, int64_t now_micros,
                                 HistorySink& sink) {
  HistoryRead read;
  TRY(ReadSize(source.path, &read.mark));
  if (!from.held && from.size == read.mark.size &&
      from.changed_micros == read.mark.changed_micros) {
    read.mark = from;
    read.unchanged = true;
    return read;
  }
  TRY_ASSIGN(Database database, Database::Open(source.path, {}));
  int64_t since_ms = 0;
  const auto context = JsonDocument::Parse(from.context);
  // Messages of a file that was made anew are older or newer as it happens;
  // one that shrank is read whole.
  if (context.ok() && read.mark.size >= from.size) {
    since_ms = (*context)["since"].Int().value_or(0);
  }
  Opencode opencode(std::move(database), now_micros, sink);
  auto done = opencode.Read(since_ms, &read);
  if (!done.ok()) return std::move(done).error().Within(source.path);
  return read;
}

}  // namespace cofferdam::ledger
