#include <deque>
#include <limits>
#include <string>
#include <utility>

#include "ledger/history/history_reader_internal.h"
#include "wire/blocks.h"
#include "wire/gemini_turn.h"
#include "wire/text_budget.h"
#include "wire/tools.h"
#include "wire/usage.h"

// Gemini CLI: a row for each message, written again with the same id when its
// tools have run: the last one counts. Before 0.5x a session was one JSON file
// with all messages in it, which reads here as one line.
namespace cofferdam::ledger {
namespace {

// Messages that may still be written again: the newest.
constexpr size_t kOpenMax = 8;

class GeminiReader : public HistoryReader {
 public:
  explicit GeminiReader(const HistorySource& source) : cwd_(source.cwd) {}

  void Resume(std::string_view context) override {
    const auto json = JsonDocument::Parse(context);
    if (!json.ok()) return;
    session_ = (*json)["session"].StringOrEmpty();
    turn_ = (*json)["turn"].Int().value_or(0);
  }

  void Remember(std::string_view line) override {
    const auto row = JsonDocument::Parse(line);
    if (row.ok()) AddGiven(row->root());
  }

  void Take(const Line& line) override {
    const auto document = JsonDocument::Parse(line.text);
    if (!document.ok()) return Note(line.number, document.error().message());
    const JsonValue row = document->root();
    if (!row.is_object()) return Note(line.number, "must be a JSON object");
    const JsonValue set = row["$set"];
    if (row["sessionId"].is_string()) session_ = *row["sessionId"].String();
    if (row["messages"].is_array() || set["messages"].is_array()) {
      const JsonValue& all =
          set.is_object() ? set["messages"] : row["messages"];
      for (const JsonValue& message : all.Elements()) TakeRow(message, line);
    } else if (row["type"].present()) {
      TakeRow(row, line);
    } else if (set.present() || row["sessionId"].present() ||
               row["$rewindTo"].present()) {
      PassOver();
    } else {
      Note(line.number, "is neither a message nor an update of one");
    }
  }

  void Finish(End, const Line& next) override {
    while (!open_.empty()) CloseFirst();
    JsonWriter context;
    context.BeginObject()
        .FieldIfSet("session", session_)
        .Field("turn", turn_)
        .EndObject();
    SetResume({next.offset, next.number, std::move(context).Take()}, false);
  }

 private:
  struct Open {
    HistoryExchange exchange;
    int64_t line = 0;
    uint64_t given_before = 0;
  };

  // What the user said, and what tools showed.
  void AddGiven(const JsonValue& row) {
    const std::string_view type = row["type"].StringOrEmpty();
    if (type == "user") given().AddStrings(row["content"]);
    if (type != "gemini") return;
    for (const JsonValue& call : row["toolCalls"].Elements()) {
      given().AddStrings(call["result"]);
      given().Add(call["resultDisplay"]["originalContent"].StringOrEmpty());
    }
  }

  void TakeRow(const JsonValue& row, const Line& line) {
    if (!row["type"].is_string()) {
      return Note(line.number, "type: must be a string");
    }
    if (*row["type"].String() != "gemini") {
      AddGiven(row);
      return PassOver();
    }
    const std::string_view id = row["id"].StringOrEmpty();
    if (id.empty()) return Note(line.number, "id: must be a string");
    HistoryExchange exchange = ReadAnswer(row);
    // Its tools' results come after it.
    const uint64_t given_before = given().count();
    AddGiven(row);
    for (Open& open : open_) {
      if (open.exchange.id != id) continue;
      exchange.turn = open.exchange.turn;
      open.exchange = std::move(exchange);
      return;
    }
    if (open_.size() == kOpenMax) CloseFirst();
    exchange.turn = turn_++;
    open_.push_back({std::move(exchange), line.number, given_before});
  }

  HistoryExchange ReadAnswer(const JsonValue& row) const {
    HistoryExchange exchange;
    exchange.agent = HistoryAgent::kGemini;
    exchange.provider = "google";
    exchange.session = session_;
    exchange.cwd = cwd_;
    exchange.id = row["id"].StringOrEmpty();
    exchange.model = row["model"].StringOrEmpty();
    exchange.time_micros = HistoryTime(row["timestamp"]);
    AddThoughts(row["thoughts"], &exchange.parts);
    AddContent(row["content"], &exchange.parts);
    for (const JsonValue& call : row["toolCalls"].Elements()) {
      AddCall(call, &exchange.parts);
    }
    ReadTokens(row["tokens"], &exchange);
    return exchange;
  }

  // A thought is kept as its heading and the rest.
  static void AddThoughts(const JsonValue& thoughts,
                          std::vector<wire::Part>* parts) {
    std::string text;
    for (const JsonValue& thought : thoughts.Elements()) {
      const std::string_view subject = thought["subject"].StringOrEmpty();
      if (!subject.empty()) text.append("**").append(subject).append("**\n");
      text.append(thought["description"].StringOrEmpty());
    }
    wire::AddWords(wire::PartKind::kThinking, text, parts);
  }

  static void AddContent(const JsonValue& content,
                         std::vector<wire::Part>* parts) {
    wire::AddWords(wire::PartKind::kText, content.StringOrEmpty(), parts);
    wire::GeminiTurn turn;
    wire::TextBudget unbounded(std::numeric_limits<size_t>::max());
    if (content.is_object()) turn.Add(content, false, &unbounded);
    for (const JsonValue& part : content.Elements()) {
      turn.Add(part, false, &unbounded);
    }
    for (wire::Part& part : std::move(turn).Take()) {
      parts->push_back(std::move(part));
    }
  }

  // Its id is the tool's name and the id from the answer.
  static void AddCall(const JsonValue& call, std::vector<wire::Part>* parts) {
    const std::string_view name = call["name"].StringOrEmpty();
    std::string_view id = call["id"].StringOrEmpty();
    if (id.size() > name.size() + 2 && id.starts_with(name) &&
        id.substr(name.size(), 2) == "__") {
      id.remove_prefix(name.size() + 2);
    }
    if (!call["args"].is_object()) return;
    for (wire::Part& part : wire::PartsOfToolCall(name, id, call["args"])) {
      parts->push_back(std::move(part));
    }
  }

  // Cached tokens are a subset of the input, thoughts come on top of the
  // output, as in usageMetadata.
  static void ReadTokens(const JsonValue& tokens, HistoryExchange* exchange) {
    const auto count = [&](std::string_view name) {
      return wire::TokenCount(tokens[name]);
    };
    const auto input = count("input");
    const auto output = count("output");
    if (!input || !output) return;
    wire::Usage& usage = exchange->usage;
    usage.cache_read_tokens = std::min(count("cached").value_or(0), *input);
    usage.input_tokens =
        *input - usage.cache_read_tokens + count("tool").value_or(0);
    usage.reasoning_tokens = count("thoughts").value_or(0);
    usage.output_tokens = *output + usage.reasoning_tokens;
    const int64_t sum =
        usage.input_tokens + usage.cache_read_tokens + usage.output_tokens;
    if (const auto total = count("total"); total && *total > sum) {
      usage.output_tokens += *total - sum;
    }
    exchange->usage_source = wire::UsageSource::kReported;
  }

  void CloseFirst() {
    Open& first = open_.front();
    Give(std::move(first.exchange), first.line, first.given_before);
    open_.pop_front();
  }

  const std::string cwd_;
  std::string session_;
  int64_t turn_ = 0;
  std::deque<Open> open_;
};

}  // namespace

std::unique_ptr<HistoryReader> MakeGeminiReader(const HistorySource& source) {
  return std::make_unique<GeminiReader>(source);
}

}  // namespace cofferdam::ledger
