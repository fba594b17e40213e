#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"
#include "agent/message.h"
#include "agent/session/record_file.h"
#include "agent/tool.h"
#include "base/clock.h"
#include "base/result.h"
#include "ledger/exchange.h"
#include "ledger/history/history.h"

namespace cofferdam::agent {

struct RecorderOptions {
  // "$XDG_STATE_HOME/cofferdam/code/records/SESSION.jsonl".
  std::string path;
  std::string session;
  std::string workspace;
  std::string tool_version;
  // Whose model it is: the provider of the engine's contract, or what the
  // engine is called.
  std::string provider;
};

// One answer of an engine.
struct AnswerRecord {
  const EngineAnswer& answer;
  // As they were read out of the answer and run; empty: what the engine sent
  // as calls.
  std::span<const ToolCall> calls;
  // What the request held; what is new in it since the last answer is recorded,
  // so that it is not taken for the model's own words.
  std::span<const Message> history;
  std::string_view model;  // that was asked
  ledger::Outcome outcome = ledger::Outcome::kComplete;
};

// Records each exchange with an engine, and what its commands made, for the
// ledger (docs/formats/code-records.md). A line is with the operating system
// when its function returns, by one write; the ledger is not waited for, and
// may be away: `cofferdam import cofferdam-code` hands the records over. What a
// gate saw is recorded there already: of that only what it could not see is
// added here. For one thread.
class Recorder {
 public:
  // Touches nothing. `clock` outlives it.
  Recorder(RecorderOptions options, const Clock& clock);

  Status Answered(const AnswerRecord& record);
  // Files as a call of the last answer left them, whose text stands nowhere in
  // the answer: of a command.
  Status Made(std::string_view tool, std::string_view call_id,
              std::span<const FileChange> changes);
  // Whether anything was recorded that a ledger has not seen.
  bool has_news() const { return has_news_; }
  void set_handed_over() { has_news_ = false; }
  void set_provider(std::string provider) {
    options_.provider = std::move(provider);
  }

 private:
  ledger::HistoryExchange Origin(const AnswerRecord& record) const;
  Status RecordGiven(std::span<const Message> history, RecordFile& file);
  Status Append(std::string line, RecordFile& file);
  void FindRepository();

  RecorderOptions options_;
  const Clock& clock_;
  bool knows_repository_ = false;
  std::string repo_;
  std::string commit_;
  size_t given_upto_ = 0;
  int64_t answers_ = 0;
  // What later parts belong to; without parts.
  ledger::HistoryExchange last_;
  bool has_news_ = false;
};

}  // namespace cofferdam::agent
