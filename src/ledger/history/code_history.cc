#include <utility>

#include "ledger/history/history_reader_internal.h"

// What cofferdam code recorded for the ledger (docs/formats/code-records.md): a
// line for each answer, as it is sent, and one for what the model was given.
namespace cofferdam::ledger {
namespace {

class CodeReader : public HistoryReader {
 public:
  void Resume(std::string_view) override {}

  void Remember(std::string_view line) override {
    auto json = JsonDocument::Parse(line);
    if (json.ok()) TakeGiven(json->root());
  }

  void Take(const Line& line) override {
    auto json = JsonDocument::Parse(line.text);
    if (!json.ok()) {
      Note(line.number, json.error().message());
      return;
    }
    if (TakeGiven(json->root())) {
      PassOver();
      return;
    }
    auto exchange = HistoryFromJson(json->root());
    if (!exchange.ok()) {
      Note(line.number, exchange.error().message());
    } else if (exchange->agent != HistoryAgent::kCofferdamCode) {
      Note(line.number, "agent: must be cofferdam-code");
    } else {
      Give(*std::move(exchange), line.number, given().count());
    }
  }

  void Finish(End, const Line& next) override {
    SetResume({next.offset, next.number, {}}, false);
  }

 private:
  bool TakeGiven(const JsonValue& row) {
    if (!row["given_texts"].is_array()) return false;
    for (const JsonValue& text : row["given_texts"].Elements()) {
      given().Add(text.StringOrEmpty());
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<HistoryReader> MakeCodeReader(const HistorySource&) {
  return std::make_unique<CodeReader>();
}

}  // namespace cofferdam::ledger
