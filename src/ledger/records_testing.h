#pragma once

#include <cstdint>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "base/ulid.h"
#include "ledger/exchange.h"
#include "ledger/ledger.h"

// Exchanges and folders for the tests of this room.
namespace cofferdam::ledger {

// A folder that is removed, with all in it, when the object goes.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string In(std::string_view name) const;

 private:
  std::string path_;
};

// The same for the same number.
Ulid TestId(uint64_t number);

// An exchange with every field set, none of them to its default.
Exchange FullExchange();

// One text part "text"; id and provider_response_id by `number`.
ExchangeDraft TestDraft(uint64_t number, std::string_view text);

// A file part.
wire::Part FilePart(std::string_view path, std::string_view text);
wire::Part TextPart(std::string_view text);

// A module of Python as a person may have written it, and the same with every
// name changed.
std::string HumanCode();
std::string RenamedHumanCode();
// What a model may have written: the same for the same number, for another one
// the same lines in another order. Nothing of HumanCode.
std::string ModelCode(uint64_t number);

// A request of Claude Code: system, the task, a Read of `path` that showed
// `shown` with numbered lines, and the turn that asked for it, whose words are
// `said`. `later` are further messages as JSON, each with a comma before it.
std::string AnthropicPrompt(std::string_view path, std::string_view shown,
                            std::string_view said, std::string_view later = "");

// A caller of Append on a thread of its own, which leads the writer and is held
// in `done` until it is let go: what is appended meanwhile is queued.
class HeldWriter {
 public:
  explicit HeldWriter(Ledger& ledger);
  ~HeldWriter();
  void LetGo();
  std::thread::id thread() const { return thread_id_; }

 private:
  std::promise<void> held_;
  std::promise<void> release_;
  bool released_ = false;
  std::thread thread_;
  std::thread::id thread_id_;
};

// A logger that keeps quiet.
const Logger& QuietLogger();

}  // namespace cofferdam::ledger
