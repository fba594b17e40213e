#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "ledger/history/given_texts_internal.h"
#include "ledger/history/history.h"

// Readers of histories that are lines, one for each form.
namespace cofferdam::ledger {

// From where a history must be read again to see what was not given out yet.
struct HistoryResume {
  uint64_t offset = 0;
  int64_t line = 0;
  std::string context;  // empty: none is needed
};

// Takes the lines of one file in their order and gives out answers as they are
// complete. Never fails: what it does not understand is noted.
class HistoryReader {
 public:
  struct Line {
    int64_t number = 0;     // from 1
    uint64_t offset = 0;    // of its first byte in the file
    std::string_view text;  // without its end
  };
  // Whether the file may have more to come.
  enum class End { kMayGrow, kSettled };

  virtual ~HistoryReader() = default;
  // Goes on with what the context of a HistoryResume says. Before any line.
  // One that it cannot read is none.
  virtual void Resume(std::string_view context) = 0;
  // Whether lines without any text mean something.
  virtual bool WantsBlankLines() const { return false; }
  // A line that an earlier reading took: only what it gave the model counts.
  virtual void Remember(std::string_view line) = 0;
  virtual void Take(const Line& line) = 0;
  // After the last line; `offset` is the end of what was read.
  virtual void Finish(End end, const Line& next) = 0;
  const HistoryResume& resume() const { return resume_; }
  // Whether something was held back at the end.
  bool held() const { return held_; }

  uint64_t passed_over() const { return passed_over_; }
  // What came out since the last call, each with its line.
  std::vector<std::pair<HistoryExchange, int64_t>> TakeExchanges() {
    return std::exchange(ready_, {});
  }
  std::vector<HistoryProblem> TakeProblems() {
    return std::exchange(problems_, {});
  }

 protected:
  // `given_before`: how many texts of given() came before the answer.
  void Give(HistoryExchange exchange, int64_t line, uint64_t given_before);
  void Note(int64_t line, std::string why) {
    problems_.push_back({line, std::move(why)});
  }
  void PassOver() { ++passed_over_; }
  GivenTexts& given() { return given_; }
  void SetResume(HistoryResume resume, bool held) {
    resume_ = std::move(resume);
    held_ = held;
  }

 private:
  std::vector<std::pair<HistoryExchange, int64_t>> ready_;
  std::vector<HistoryProblem> problems_;
  uint64_t passed_over_ = 0;
  GivenTexts given_;
  HistoryResume resume_;
  bool held_ = false;
};

// For every agent but opencode.
std::unique_ptr<HistoryReader> MakeClaudeReader(const HistorySource& source);
std::unique_ptr<HistoryReader> MakeCodexReader(const HistorySource& source);
std::unique_ptr<HistoryReader> MakeGeminiReader(const HistorySource& source);
std::unique_ptr<HistoryReader> MakeAiderReader(const HistorySource& source);
std::unique_ptr<HistoryReader> MakeCodeReader(const HistorySource& source);

// opencode's SQLite file.
Result<HistoryRead> ReadOpencode(const HistorySource& source,
                                 const HistoryMark& from, int64_t now_micros,
                                 HistorySink& sink);

// Microseconds of an RFC 3339 text; 0 for anything else.
int64_t HistoryTime(const JsonValue& value);
// Whether `row` says that it was the model that spoke.
bool SaysAssistant(const JsonValue& row);

}  // namespace cofferdam::ledger
