// Histories of coding agents: the first byte says whose, the others are the
// file. It is read whole, and as if it had been half as long before.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/check.h"
#include "ledger/history/history.h"
#include "target.h"

namespace {

using cofferdam::JsonDocument;
using cofferdam::Status;
using cofferdam::ledger::HistoryExchange;

class Checking : public cofferdam::ledger::HistorySink {
 public:
  Status Take(HistoryExchange exchange, int64_t) override {
    HistoryExchange bounded = exchange;
    BoundHistoryExchange(&bounded);
    CHECK(bounded == exchange);
    const auto json = JsonDocument::Parse(ToJson(exchange));
    CHECK(json.ok());
    const auto back = cofferdam::ledger::HistoryFromJson(json->root());
    CHECK(back.ok() && *back == exchange);
    return {};
  }
  void Note(cofferdam::ledger::HistoryProblem problem) override {
    CHECK(!problem.why.empty());
  }
};

// One file for the whole run, in memory where there is such a folder.
const std::string& FilePath() {
  static const std::string path = [] {
    std::string name = "/dev/shm/histories-fuzz-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      name = "histories-fuzz-XXXXXX";
      CHECK(mkdtemp(name.data()) != nullptr);
    }
    static const std::string folder = name;
    std::atexit([] {
      for (const char* end : {"/h.jsonl", "/h.jsonl-wal", "/h.jsonl-shm", ""}) {
        std::remove((folder + end).c_str());
      }
    });
    return name + "/h.jsonl";
  }();
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr auto& kAgents = cofferdam::ledger::kHistoryAgents;
  cofferdam::ledger::HistorySource source;
  source.agent = kAgents[data[0] % std::size(kAgents)];
  source.path = FilePath();
  source.cwd = "/w";
  const std::string_view text = cofferdam::FuzzText(data + 1, size - 1);
  Checking sink;
  cofferdam::ledger::HistoryMark mark;
  for (const size_t bytes : {text.size() / 2, text.size(), text.size()}) {
    std::ofstream(source.path, std::ios::binary) << text.substr(0, bytes);
    // Later each time, and at last so late that nothing is held back.
    const int64_t now = bytes == text.size() ? int64_t{1} << 60 : 0;
    const auto read = ReadHistory(source, mark, now, sink);
    if (!read.ok()) continue;
    mark = read->mark;
    CHECK(mark.offset <= bytes ||
          source.agent == cofferdam::ledger::HistoryAgent::kOpencode);
    const auto json = JsonDocument::Parse(ToJson(mark));
    CHECK(json.ok());
    CHECK(cofferdam::ledger::HistoryMarkFromJson(json->root()).ok());
  }
  return 0;
}
