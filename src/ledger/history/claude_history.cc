#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "ledger/history/history_reader_internal.h"
#include "wire/blocks.h"
#include "wire/usage.h"

// Claude Code: a row for each content block of an answer, all with the
// answer's id and its usage as far as it was known then.
namespace cofferdam::ledger {
namespace {

// Sub-agents whose rows stand between each other's.
constexpr size_t kOpenMax = 64;
constexpr std::string_view kOwnWords = "<synthetic>";

class ClaudeReader : public HistoryReader {
 public:
  void Resume(std::string_view context) override {
    const auto json = JsonDocument::Parse(context);
    if (json.ok()) turn_ = (*json)["turn"].Int().value_or(0);
  }

  void Remember(std::string_view line) override {
    const auto row = JsonDocument::Parse(line);
    if (row.ok()) AddGiven(row->root());
  }

  void Take(const Line& line) override {
    const auto row = JsonDocument::Parse(line.text);
    if (!row.ok()) return Note(line.number, row.error().message());
    if (!row->root().is_object()) {
      return Note(line.number, "must be a JSON object");
    }
    const JsonValue type = (*row)["type"];
    if (!type.is_string()) {
      return Note(line.number, "type: must be a string");
    }
    if (*type.String() == "assistant") {
      TakeAnswer(row->root(), line);
    } else if (SaysAssistant(row->root())) {
      Note(line.number, "type: unknown, though it is an assistant's message");
    } else {
      AddGiven(row->root());
      PassOver();
    }
  }

  void Finish(End end, const Line& next) override {
    HistoryResume resume{next.offset, next.number, ""};
    int64_t turn = turn_;
    bool held = false;
    for (auto& [speaker, open] : open_) {
      // Until it is, the output tokens are those so far.
      const bool ended = !open.exchange.stop_reason.empty();
      if (ended || end == End::kSettled) {
        Close(open);
        continue;
      }
      held = true;
      if (open.offset < resume.offset) {
        resume.offset = open.offset;
        resume.line = open.line;
        turn = open.exchange.turn;
      }
    }
    if (!held) turn = turn_;
    JsonWriter context;
    context.BeginObject().Field("turn", turn).EndObject();
    resume.context = std::move(context).Take();
    open_.clear();
    SetResume(std::move(resume), held);
  }

 private:
  struct Open {
    HistoryExchange exchange;
    wire::AnthropicUsage usage;
    std::set<std::string, std::less<>> rows;
    uint64_t offset = 0;
    int64_t line = 0;
    uint64_t given_before = 0;
  };

  void AddGiven(const JsonValue& row) {
    if (row["type"].StringOrEmpty() != "user") return;
    given().AddStrings(row["message"]["content"]);
    given().Add(row["toolUseResult"]["originalFile"].StringOrEmpty());
  }

  void TakeAnswer(const JsonValue& row, const Line& line) {
    const JsonValue message = row["message"];
    if (!message.is_object()) {
      return Note(line.number, "message: must be an object");
    }
    // What Claude Code says itself where a provider gave an error.
    if (row["isApiErrorMessage"].Bool().value_or(false) ||
        message["model"].StringOrEmpty() == kOwnWords) {
      return PassOver();
    }
    const std::string_view id = message["id"].StringOrEmpty();
    const std::string_view row_id = row["uuid"].StringOrEmpty();
    if (id.empty() && row_id.empty()) {
      return Note(line.number, "message: has no id");
    }
    if (!message["content"].is_array() && !message["content"].is_string()) {
      return Note(line.number, "message: content: must be an array");
    }
    Open& open = OpenFor(row, id.empty() ? row_id : id, line);
    // A row that stands twice is one.
    if (!row_id.empty() && !open.rows.insert(std::string(row_id)).second) {
      return;
    }
    Fill(row, message, &open);
  }

  // The answer that the row belongs to, begun if it is a new one.
  Open& OpenFor(const JsonValue& row, std::string_view id, const Line& line) {
    std::string speaker(row["agentId"].StringOrEmpty());
    if (speaker.empty() && row["isSidechain"].Bool().value_or(false)) {
      speaker = "side";
    }
    const auto found = open_.find(speaker);
    if (found != open_.end()) {
      if (found->second.exchange.id == id) return found->second;
      Close(found->second);
      open_.erase(found);
    } else if (open_.size() == kOpenMax) {
      Close(open_.begin()->second);
      open_.erase(open_.begin());
    }
    Open& open = open_[speaker];
    open.offset = line.offset;
    open.line = line.number;
    open.given_before = given().count();
    open.exchange.agent = HistoryAgent::kClaudeCode;
    open.exchange.id = id;
    open.exchange.turn = turn_++;
    return open;
  }

  static void Fill(const JsonValue& row, const JsonValue& message, Open* open) {
    HistoryExchange& exchange = open->exchange;
    exchange.provider = "anthropic";
    exchange.provider_response_id = message["id"].StringOrEmpty();
    const auto take = [](const JsonValue& value, std::string* to) {
      if (!value.StringOrEmpty().empty()) *to = value.StringOrEmpty();
    };
    take(row["sessionId"], &exchange.session);
    take(row["cwd"], &exchange.cwd);
    take(row["version"], &exchange.tool_version);
    take(message["model"], &exchange.model);
    take(message["stop_reason"], &exchange.stop_reason);
    if (const int64_t time = HistoryTime(row["timestamp"])) {
      exchange.time_micros = time;
    }
    const JsonValue usage = message["usage"];
    open->usage.Merge(usage);
    if (usage["speed"].StringOrEmpty() == "fast") {
      exchange.price_mode = "fast";
    } else if (const auto tier = usage["service_tier"].StringOrEmpty();
               tier == "priority" || tier == "batch") {
      exchange.price_mode = tier;
    }
    const JsonValue content = message["content"];
    wire::AddWords(wire::PartKind::kText, content.StringOrEmpty(),
                   &exchange.parts);
    for (const JsonValue& block : content.Elements()) {
      wire::AddBlock(block, &exchange.parts);
    }
  }

  void Close(Open& open) {
    if (open.usage.has_input() || open.usage.has_output()) {
      open.exchange.usage = open.usage.ToUsage();
      open.exchange.usage_source = wire::UsageSource::kReported;
    }
    if (open.exchange.stop_reason.empty()) {
      open.exchange.outcome = Outcome::kTruncated;
    }
    Give(std::move(open.exchange), open.line, open.given_before);
  }

  // By who speaks: the session itself, or a sub-agent of it.
  std::map<std::string, Open> open_;
  int64_t turn_ = 0;
};

}  // namespace

std::unique_ptr<HistoryReader> MakeClaudeReader(const HistorySource&) {
  return std::make_unique<ClaudeReader>();
}

}  // namespace cofferdam::ledger
