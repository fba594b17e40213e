#include "ledger/records_testing.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/random.h"

namespace cofferdam::ledger {

TestFolder::TestFolder() {
  // In memory where that can be had: a store makes its files with many syncs.
  std::error_code ignored;
  const std::filesystem::path memory = "/dev/shm";
  const bool fast = std::filesystem::is_directory(memory, ignored) &&
                    access(memory.c_str(), W_OK) == 0;
  std::string name = ((fast ? memory : std::filesystem::temp_directory_path()) /
                      "ledger_XXXXXX")
                         .string();
  CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::In(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

Ulid TestId(uint64_t number) {
  std::string bytes;
  AppendBigEndian64(0x0199'0000'0000'0000 + number, &bytes);
  AppendBigEndian64(number, &bytes);
  Ulid id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

Exchange FullExchange() {
  Exchange exchange;
  exchange.sequence = 41;
  exchange.id = TestId(7);
  exchange.provider_response_id = "msg_0123";
  exchange.route = Route::kImport;
  exchange.operation = wire::Operation::kCountTokens;
  exchange.session = "session-1";
  exchange.parent = "agent-0";
  exchange.turn = 3;
  exchange.identity = IdentityGrade::kSession;
  Origin& origin = exchange.origin;
  origin.provider = "anthropic";
  origin.upstream = "anthropic-eu";
  origin.model = "claude-x-1";
  origin.model_requested = "claude-x";
  origin.contract = "commercial";
  origin.terms = {"forbid_compete", "2026-11-01", "anthropic", "api",
                  "commercial",     "none/such"};
  origin.tool = "claude-code";
  origin.tool_version = "2.1.0";
  origin.person = "p_1";
  origin.key = "k_1";
  origin.team = "applied-ai";
  origin.repo = "example.com/lab/model";
  origin.commit = "0f0f";
  origin.purpose = "product";
  exchange.policy_rule = "rule.2";
  exchange.grant = "g_1";
  exchange.context_origins = {"commercial", "inhouse"};
  exchange.usage = {1, 2, 3, 4, 5, 6};
  exchange.usage_source = wire::UsageSource::kEstimated;
  exchange.price_mode = "fast";
  exchange.held_micro_dollars = 900;
  exchange.held_tokens = 77;
  exchange.outcome = Outcome::kClientGone;
  exchange.http_status = 200;
  exchange.error_type = "overloaded_error";
  exchange.stop_reason = "end_turn";
  exchange.times = {11, 12, 13, 14};
  exchange.request_bytes = 1000;
  exchange.response_bytes = 2000;
  exchange.interventions = {"keepalive"};
  wire::Part part = FilePart("src/a \"b\".py", "one\ntwo\n");
  part.kept = {{0, 4}};
  exchange.parts = {MakePartRecord(part), MakePartRecord(TextPart("Done."))};
  exchange.notes = {"parts_truncated"};
  exchange.revision = 5;
  exchange.continues = TestId(6);
  exchange.purged = Purged::kTexts;
  exchange.purge_audit = "01K4000000000G00000000000A";
  return exchange;
}

ExchangeDraft TestDraft(uint64_t number, std::string_view text) {
  ExchangeDraft draft;
  draft.exchange.id = TestId(number);
  draft.exchange.provider_response_id = "msg_" + std::to_string(number);
  draft.exchange.session = "session-1";
  draft.exchange.origin.provider = "anthropic";
  draft.exchange.origin.model = "claude-x-1";
  draft.exchange.origin.contract = "commercial";
  draft.exchange.usage = {10, 0, 0, 0, 5, 0};
  draft.exchange.usage_source = wire::UsageSource::kReported;
  draft.exchange.http_status = 200;
  draft.exchange.times = {1000, 1001, 1002, 1003};
  draft.parts = {TextPart(text)};
  return draft;
}

wire::Part FilePart(std::string_view path, std::string_view text) {
  wire::Part part;
  part.kind = wire::PartKind::kFile;
  part.tool = "Write";
  part.call_id = "toolu_1";
  part.path = path;
  part.text = text;
  return part;
}

wire::Part TextPart(std::string_view text) {
  wire::Part part;
  part.text = text;
  return part;
}

std::string HumanCode() {
  return R"(import bisect
import heapq

class Timetable:
    def __init__(self, stations):
        self.stations = sorted(stations)
        self.trains = {}
        self.delays = []

    def add(self, number, calls):
        if number in self.trains:
            raise KeyError(number)
        self.trains[number] = [(name, minute) for name, minute in calls]
        for name, minute in calls:
            place = bisect.bisect_left(self.stations, name)
            if place == len(self.stations) or self.stations[place] != name:
                self.stations.insert(place, name)

    def delay(self, number, minutes):
        heapq.heappush(self.delays, (-minutes, number))
        while len(self.delays) > 20:
            heapq.heappop(self.delays)
        return self.delays[0][1] if self.delays else None
)";
}

std::string RenamedHumanCode() {
  std::string code = HumanCode();
  const std::pair<std::string_view, std::string_view> names[] = {
      {"Timetable", "Orchard"}, {"stations", "rows"}, {"trains", "trees"},
      {"delays", "frosts"},     {"delay", "freeze"},  {"number", "label"},
      {"calls", "fruits"},      {"name", "kind"},     {"minutes", "nights"},
      {"minute", "weight"},     {"place", "spot"},    {"bisect_left", "seek"},
      {"bisect", "finder"},     {"heapq", "piles"},   {"heappush", "pile"},
      {"heappop", "unpile"},    {"insert", "plant"},  {"add", "grow"},
  };
  for (const auto& [from, to] : names) {
    for (size_t at = code.find(from); at != std::string::npos;
         at = code.find(from, at + to.size())) {
      code.replace(at, from.size(), to);
    }
  }
  return code;
}

std::string ModelCode(uint64_t number) {
  SeededRandom random(number);
  static constexpr const char* kLines[] = {
      "    while total[i] < limit: total[i] += step(*args)\n",
      "    return [x ** 2 for x in values if x % 3 != 1]\n",
      "    with open(path, 'rb') as source: data = source.read()\n",
      "    assert isinstance(left, dict) and not right\n",
      "    try: del cache[key, 0]\n    except KeyError: pass\n",
      "    lambda a, *b: a @ b[-1] | ~mask\n",
      "    yield from walk(node.left) or walk(node.right)\n",
      "    global state; state = state << 2 ^ seed\n",
      "    print(f'{x}', sep='', file=log)\n",
      "    if a is not b and c <= d < e: raise Halt(a) from b\n",
  };
  std::string code;
  for (int f = 0; f < 4; ++f) {
    code += "def task_" + std::to_string(number) + "_" + std::to_string(f) +
            "(values, limit):\n";
    for (int i = 0; i < 8; ++i) code += kLines[random.Below(10)];
  }
  return code;
}

std::string AnthropicPrompt(std::string_view path, std::string_view shown,
                            std::string_view said, std::string_view later) {
  std::string numbered;
  int line = 0;
  while (!shown.empty()) {
    const size_t end = std::min(shown.find('\n'), shown.size() - 1) + 1;
    numbered += fmt::format("{:6}\u2192{}", ++line, shown.substr(0, end));
    shown.remove_prefix(end);
  }
  JsonWriter file;
  file.BeginObject().Field("file_path", path).EndObject();
  JsonWriter said_json, result_json;
  said_json.String(said);
  result_json.String(numbered);
  return fmt::format(
      R"({{"model":"claude-x","max_tokens":32000,"stream":true,)"
      R"("system":[{{"type":"text","text":"You are a careful engineer."}}],)"
      R"("tools":[{{"name":"Read","description":"Reads a file.",)"
      R"("input_schema":{{"type":"object"}}}}],"messages":[)"
      R"({{"role":"user","content":"Make {0} better."}},)"
      R"({{"role":"assistant","content":[{{"type":"text","text":{1}}},)"
      R"({{"type":"tool_use","id":"toolu_r","name":"Read","input":{2}}}]}},)"
      R"({{"role":"user","content":[{{"type":"tool_result",)"
      R"("tool_use_id":"toolu_r","content":{3}}}]}}{4}]}})",
      path, said_json.text(), file.text(), result_json.text(), later);
}

HeldWriter::HeldWriter(Ledger& ledger)
    : thread_([this, &ledger] {
        ledger.Append(TestDraft(900'000, "hold"),
                      [this](const Result<AppendReceipt>&) {
                        held_.set_value();
                        release_.get_future().wait();
                      });
      }),
      thread_id_(thread_.get_id()) {
  held_.get_future().wait();
}

HeldWriter::~HeldWriter() {
  LetGo();
  thread_.join();
}

void HeldWriter::LetGo() {
  if (!std::exchange(released_, true)) release_.set_value();
}

const Logger& QuietLogger() {
  static const Logger logger(LogLevel::kError, [](std::string_view) {});
  return logger;
}

}  // namespace cofferdam::ledger
