#include <algorithm>
#include <string>
#include <utility>

#include "ledger/history/history_reader_internal.h"
#include "wire/blocks.h"
#include "wire/usage.h"

// Codex: the items of an answer one row each, then a row with what it used. Up
// to about 0.120 that row is an event without the answer's id.
namespace cofferdam::ledger {
namespace {

class CodexReader : public HistoryReader {
 public:
  void Resume(std::string_view context) override {
    const auto json = JsonDocument::Parse(context);
    if (!json.ok()) return;
    for (const auto& [name, member] : Known()) {
      known_.*member = (*json)[name].StringOrEmpty();
    }
    known_.turn = (*json)["turn"].Int().value_or(0);
    has_records_ = (*json)["records"].Bool().value_or(false);
  }

  void Remember(std::string_view line) override {
    const auto row = JsonDocument::Parse(line);
    if (row.ok()) AddGiven((*row)["payload"]);
  }

  void Take(const Line& line) override {
    const auto document = JsonDocument::Parse(line.text);
    if (!document.ok()) return Note(line.number, document.error().message());
    const JsonValue row = document->root();
    if (!row.is_object()) return Note(line.number, "must be a JSON object");
    if (line.number == 1 && !row["type"].present()) return TakeOldHead(row);
    if (!row["type"].is_string()) {
      return Note(line.number, "type: must be a string");
    }
    const std::string_view type = *row["type"].String();
    const JsonValue payload = row["payload"];
    if (!payload.present() && wire::IsOutputItem(row)) {
      return TakeItem(row, row, line);  // before rows had payloads
    }
    if (type == "session_meta" || type == "turn_context" ||
        type == "response_item" || type == "token_usage_record" ||
        type == "event_msg") {
      if (!payload.is_object()) {
        return Note(line.number, "payload: must be an object");
      }
    }
    if (type == "session_meta") {
      TakeMeta(payload);
    } else if (type == "turn_context") {
      Set(payload["model"], &known_.model);
      Set(payload["cwd"], &known_.cwd);
    } else if (type == "response_item" && wire::IsOutputItem(payload)) {
      TakeItem(row, payload, line);
      return;
    } else if (type == "token_usage_record") {
      TakeRecord(row, payload, line);
      return;
    } else if (type == "event_msg") {
      TakeEvent(row, payload, line);
    }
    AddGiven(payload);
    PassOver();
  }

  void Finish(End end, const Line& next) override {
    const bool waits = !open_.parts.empty();
    if (waits && end == End::kSettled) Close(line_);
    const bool held = waits && end == End::kMayGrow;
    JsonWriter context;
    context.BeginObject();
    for (const auto& [name, member] : Known()) {
      context.FieldIfSet(name, known_.*member);
    }
    context.Field("turn", known_.turn)
        .Field("records", has_records_)
        .EndObject();
    SetResume({held ? offset_ : next.offset, held ? line_ : next.number,
               std::move(context).Take()},
              held);
  }

 private:
  using Members =
      std::vector<std::pair<std::string_view, std::string HistoryExchange::*>>;
  // What rows say of all answers after them.
  static const Members& Known() {
    using E = HistoryExchange;
    static const Members members = {
        {"session", &E::session}, {"provider", &E::provider},
        {"model", &E::model},     {"tool_version", &E::tool_version},
        {"cwd", &E::cwd},         {"repo", &E::repo},
        {"commit", &E::commit}};
    return members;
  }

  static void Set(const JsonValue& value, std::string* to) {
    if (!value.StringOrEmpty().empty()) *to = value.StringOrEmpty();
  }

  // Messages of others, and what tools answered.
  void AddGiven(const JsonValue& item) {
    if (wire::IsOutputItem(item)) return;
    const std::string_view type = item["type"].StringOrEmpty();
    if (type == "message") given().AddStrings(item["content"]);
    if (type.ends_with("_call_output")) given().AddStrings(item["output"]);
  }

  void TakeMeta(const JsonValue& meta) {
    // A session that continues another has the other's rows after its own.
    if (known_.session.empty()) Set(meta["id"], &known_.session);
    if (known_.session.empty()) Set(meta["session_id"], &known_.session);
    Set(meta["cwd"], &known_.cwd);
    Set(meta["cli_version"], &known_.tool_version);
    Set(meta["model_provider"], &known_.provider);
    Set(meta["git"]["repository_url"], &known_.repo);
    Set(meta["git"]["commit_hash"], &known_.commit);
  }

  // {"id","timestamp","git"} of 2025, without a type.
  void TakeOldHead(const JsonValue& row) {
    TakeMeta(row);
    PassOver();
  }

  void TakeItem(const JsonValue& row, const JsonValue& item, const Line& line) {
    if (open_.parts.empty()) {
      offset_ = line.offset;
      line_ = line.number;
      given_before_ = given().count();
    }
    wire::AddItem(item, &open_.parts);
    SetTime(row);
  }

  void SetTime(const JsonValue& row) {
    if (const int64_t time = HistoryTime(row["timestamp"])) {
      open_.time_micros = time;
    }
  }

  void TakeRecord(const JsonValue& row, const JsonValue& record,
                  const Line& line) {
    has_records_ = true;
    if (!TakeUsage(record["usage"])) {
      return Note(line.number, "payload: usage: lacks its totals");
    }
    open_.provider_response_id = record["response_id"].StringOrEmpty();
    SetTime(row);
    Close(open_.parts.empty() ? line.number : line_);
  }

  void TakeEvent(const JsonValue& row, const JsonValue& event,
                 const Line& line) {
    const std::string_view type = event["type"].StringOrEmpty();
    if (type == "token_count" && !has_records_ && !open_.parts.empty()) {
      if (!TakeUsage(event["info"]["last_token_usage"])) return;
      SetTime(row);
      Close(line_);
    } else if (type == "task_complete" || type == "turn_aborted") {
      // Nothing says any more what it used.
      if (open_.parts.empty()) return;
      if (type == "turn_aborted") open_.outcome = Outcome::kClientGone;
      Close(line_);
    }
    static_cast<void>(line);
  }

  // Cached, written and reasoning tokens are subsets.
  bool TakeUsage(const JsonValue& usage) {
    const auto count = [&](std::string_view name) {
      return wire::TokenCount(usage[name]);
    };
    const auto input = count("input_tokens");
    const auto output = count("output_tokens");
    if (!input || !output) return false;
    wire::Usage& to = open_.usage;
    to.cache_read_tokens =
        std::min(count("cached_input_tokens").value_or(0), *input);
    to.cache_write_5m_tokens =
        std::min(count("cache_write_input_tokens").value_or(0),
                 *input - to.cache_read_tokens);
    to.input_tokens = *input - to.cache_read_tokens - to.cache_write_5m_tokens;
    to.output_tokens = *output;
    to.reasoning_tokens =
        std::min(count("reasoning_output_tokens").value_or(0), *output);
    open_.usage_source = wire::UsageSource::kReported;
    return true;
  }

  void Close(int64_t line) {
    HistoryExchange exchange = std::exchange(open_, {});
    exchange.agent = HistoryAgent::kCodex;
    for (const auto& [name, member] : Known()) {
      exchange.*member = known_.*member;
    }
    exchange.turn = known_.turn++;
    Give(std::move(exchange), line, given_before_);
  }

  HistoryExchange known_;
  HistoryExchange open_;
  uint64_t offset_ = 0;
  uint64_t given_before_ = 0;
  int64_t line_ = 0;
  bool has_records_ = false;
};

}  // namespace

std::unique_ptr<HistoryReader> MakeCodexReader(const HistorySource&) {
  return std::make_unique<CodexReader>();
}

}  // namespace cofferdam::ledger
