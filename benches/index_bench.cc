// What a record costs the ledger, and how fast one core fingerprints outputs
// of sessions whose prompts grow turn by turn; the same without anything
// shared between the prompts of a session, as the baseline, in the same run.

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/ulid.h"
#include "benches/figures.h"
#include "benches/growing_session.h"
#include "benches/process.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "ledger/secrets.h"
#include "seal/hash.h"
#include "seal/merkle.h"

namespace cofferdam::bench {
namespace {

double CpuMicros(clockid_t which) {
  timespec now{};
  clock_gettime(which, &now);
  return static_cast<double>(now.tv_sec) * 1e6 +
         static_cast<double>(now.tv_nsec) / 1e3;
}

const Logger& QuietLogger() {
  static const Logger logger(LogLevel::kError);
  return logger;
}

std::unique_ptr<ledger::Ledger> OpenLedger(const std::string& folder,
                                           ledger::LedgerOptions options) {
  auto ledger =
      ledger::Ledger::Open(folder, options, SystemClock(), QuietLogger());
  if (!ledger.ok()) Fail(ledger.error().message());
  return *std::move(ledger);
}

// --- What a record costs -----------------------------------------------------

// An exchange as the gate records it: one short answer.
ledger::ExchangeDraft SmallExchange(const Ulid& id) {
  ledger::ExchangeDraft draft;
  ledger::Exchange& exchange = draft.exchange;
  exchange.id = id;
  exchange.provider_response_id = "msg_" + id.ToString();
  exchange.session = "5f0c1c1e-0f6e-4a43-9a43-3f7f5d2d8c11";
  exchange.identity = ledger::IdentityGrade::kSession;
  exchange.origin.provider = "anthropic";
  exchange.origin.upstream = "anthropic";
  exchange.origin.model = "claude-x-1";
  exchange.origin.model_requested = "claude-x-1";
  exchange.origin.contract = "anthropic";
  exchange.origin.terms = {
      "forbid_compete", "2026-11-01", "anthropic", "api", "commercial", ""};
  exchange.origin.tool = "claude-code";
  exchange.origin.tool_version = "2.1.0";
  exchange.origin.person = "p_01k4000000";
  exchange.origin.team = "platform";
  exchange.origin.repo = "github.com/example/lab";
  exchange.origin.purpose = "product";
  exchange.policy_rule = "default";
  exchange.usage = {1200, 800, 0, 0, 150, 0};
  exchange.usage_source = wire::UsageSource::kReported;
  exchange.http_status = 200;
  exchange.stop_reason = "end_turn";
  const int64_t now = SystemClock().WallMicros();
  exchange.times = {now - 900, now - 800, now - 500, now};
  exchange.request_bytes = 600;
  exchange.response_bytes = 900;
  draft.parts.push_back(
      {wire::PartKind::kText,
       "",
       "",
       "",
       "The function returns early when the list is empty, so the loop below "
       "it never sees an empty list and needs no check of its own. I removed "
       "the check and ran the tests; all of them pass.",
       {}});
  draft.pending_prompt =
      R"({"model":"claude-x-1","max_tokens":1024,"stream":true,"messages":[)"
      R"({"role":"user","content":"Look at the loop in queue.py and tell me )"
      R"(whether its check for an empty list is needed. If it is not, take it )"
      R"(out and run the tests again."}]})";
  return draft;
}

struct AppendCost {
  double cpu_us = 0;
  double p50_us = 0;
  double p99_us = 0;
};

// CPU of the whole process per append, and how long one takes.
AppendCost MeasureAppend(size_t callers, size_t count, bool index) {
  TemporaryFolder folder;
  auto ledger = OpenLedger(folder.path() + "/ledger", {});
  std::optional<ledger::Indexer> indexer;
  if (index) {
    indexer.emplace(ledger.get(), ledger::IndexerOptions{}, SystemClock(),
                    SystemRandom(), QuietLogger());
  }
  const double begin = CpuMicros(CLOCK_PROCESS_CPUTIME_ID);
  std::vector<std::vector<double>> took(callers);
  std::vector<std::thread> threads;
  for (size_t caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      UlidGenerator ids(SystemClock(), SystemRandom());
      for (size_t i = 0; i < count / callers; ++i) {
        ledger::ExchangeDraft draft = SmallExchange(ids.Next());
        const int64_t from = SystemClock().SteadyMicros();
        const auto receipt = ledger->AppendSync(std::move(draft));
        if (!receipt.ok()) Fail(receipt.error().message());
        took[caller].push_back(
            static_cast<double>(SystemClock().SteadyMicros() - from));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (indexer) {
    const Status done = indexer->Flush(ledger->last_sequence(), 600'000);
    if (!done.ok()) Fail(done.error().message());
  }
  AppendCost cost;
  cost.cpu_us = (CpuMicros(CLOCK_PROCESS_CPUTIME_ID) - begin) /
                static_cast<double>(count);
  std::vector<double> all;
  for (const auto& some : took) all.insert(all.end(), some.begin(), some.end());
  cost.p50_us = Percentile(&all, 0.5);
  cost.p99_us = Percentile(&all, 0.99);
  return cost;
}

void AddAppendFigures(bool quick, std::vector<Figure>* figures) {
  const size_t count = quick ? 5'000 : 100'000;
  const auto add = [&](const std::string& name, double value) {
    figures->push_back({name, value, "us", Better::kLower, std::nullopt});
  };
  for (size_t callers : {size_t{1}, size_t{2}}) {
    const AppendCost cost = MeasureAppend(callers, count, false);
    const std::string of = fmt::format("append_{}_callers", callers);
    add(of + "_cpu", cost.cpu_us);
    add(of + "_p50", cost.p50_us);
    add(of + "_p99", cost.p99_us);
  }
  const AppendCost indexed = MeasureAppend(1, count, true);
  add("append_and_index_cpu", indexed.cpu_us);
  add("append_while_indexing_p50", indexed.p50_us);
  add("append_while_indexing_p99", indexed.p99_us);
}

// --- What proof and privacy cost ---------------------------------------------

// CPU of `work`, done `times` times, for each.
template <typename Work>
double CpuEach(size_t times, const Work& work) {
  const double begin = CpuMicros(CLOCK_THREAD_CPUTIME_ID);
  for (size_t i = 0; i < times; ++i) work();
  return (CpuMicros(CLOCK_THREAD_CPUTIME_ID) - begin) /
         static_cast<double>(times);
}

// What sessions write, one after another.
std::string WrittenText(size_t bytes_min) {
  const std::string shared = GrowingSession::MakeShared(1);
  GrowingSession session(7, shared);
  std::string text;
  while (text.size() < bytes_min) {
    for (const wire::Part& part : session.Next().parts) text += part.text;
  }
  return text;
}

// Beside masking what was written, counting its lines.
void AddProofFigures(bool quick, std::vector<Figure>* figures) {
  const std::string text = WrittenText(size_t{1} << 20);
  const size_t times = quick ? 4 : 40;
  const auto bytes = static_cast<double>(text.size());
  size_t found = 0;
  size_t lines = 0;
  const double mask =
      CpuEach(times, [&] { found += ledger::FindSecrets(text).size(); });
  const double count = CpuEach(times, [&] {
    const char* at = text.data();
    const char* const end = at + text.size();
    while ((at = static_cast<const char*>(std::memchr(
                at, '\n', static_cast<size_t>(end - at)))) != nullptr) {
      ++lines;
      ++at;
    }
  });
  if (found + lines == 0) Fail("the text has neither secrets nor lines");
  figures->push_back(
      {"mask_secrets", bytes / mask, "MB/s", Better::kHigher, 300});
  figures->push_back({"count_lines_baseline", bytes / count, "MB/s",
                      Better::kHigher, std::nullopt});
  // A version of a record in the log: commitment, leaf, nodes.
  const std::string record = ledger::ToJson(SmallExchange(Ulid{}).exchange);
  seal::CompactTree tree;
  std::string salted(16, 's');
  salted += record;
  const double leaf = CpuEach(quick ? 20'000 : 400'000, [&] {
    const seal::Digest commitment = seal::Sha256(salted);
    std::string entry(17, '\0');
    entry.append(commitment.begin(), commitment.end());
    tree.Add(seal::LeafHash(entry));
  });
  figures->push_back(
      {"log_leaf_cpu", leaf, "us", Better::kLower, std::nullopt});
}

// --- Indexing ----------------------------------------------------------------

constexpr size_t kSessions = 64;

enum class Sharing { kOn, kOff };

// CPU so far of this process's threads of one name.
double ThreadMicros(std::string_view name) {
  double micros = 0;
  std::error_code failed;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task", failed)) {
    std::string comm;
    std::getline(std::ifstream(task.path() / "comm"), comm);
    double nanos = 0;
    std::ifstream(task.path() / "schedstat") >> nanos;
    if (comm == name) micros += nanos / 1e3;
  }
  return micros;
}

double ResidentBytes() {
  double size = 0;
  double resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// A ledger that takes the turns of many sessions, one after another.
class Load {
 public:
  Load(Sharing sharing, const std::string& shared)
      : ledger_(OpenLedger(folder_.path() + "/ledger", {})),
        ids_(SystemClock(), SystemRandom()) {
    if (sharing == Sharing::kOff) indexing_.prompt_cache_bytes_max = 0;
    for (size_t i = 0; i < kSessions; ++i) {
      sessions_.push_back(
          std::make_unique<GrowingSession>(1'000 * (i + 1) + i, shared));
    }
  }

  // How long it took.
  double Append() {
    GrowingSession& session = *sessions_[appended_++ % kSessions];
    GrowingSession::Turn turn = session.Next();
    ledger::ExchangeDraft draft = SmallExchange(ids_.Next());
    draft.exchange.session = session.id();
    draft.exchange.request_bytes = turn.body.size();
    draft.parts = std::move(turn.parts);
    prompt_bytes_ += static_cast<double>(turn.body.size());
    draft.pending_prompt = std::move(turn.body);
    const int64_t begin = SystemClock().SteadyMicros();
    const auto receipt = ledger_->AppendSync(std::move(draft));
    if (!receipt.ok()) Fail(receipt.error().message());
    return static_cast<double>(SystemClock().SteadyMicros() - begin);
  }

  void StartIndexer() {
    indexer_.emplace(ledger_.get(), indexing_, SystemClock(), SystemRandom(),
                     QuietLogger());
  }
  // Until all is indexed.
  void Flush() {
    const Status done = indexer_->Flush(ledger_->last_sequence(), 600'000);
    if (!done.ok()) Fail(done.error().message());
  }

  const ledger::Ledger& ledger() const { return *ledger_; }
  double appended() const { return static_cast<double>(appended_); }
  double prompt_bytes() const { return prompt_bytes_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<ledger::Ledger> ledger_;
  ledger::IndexerOptions indexing_;
  UlidGenerator ids_;
  std::vector<std::unique_ptr<GrowingSession>> sessions_;
  std::optional<ledger::Indexer> indexer_;
  size_t appended_ = 0;
  double prompt_bytes_ = 0;
};

struct CatchUpCost {
  double prompt_bytes = 0;  // of one
  double stored_bytes = 0;
  double indexer_us = 0;
  double writer_us = 0;
};

// What it takes to index exchanges that wait already.
CatchUpCost MeasureCatchUp(Sharing sharing, const std::string& shared,
                           size_t count) {
  Load load(sharing, shared);
  for (size_t i = 0; i < count; ++i) load.Append();
  CatchUpCost cost;
  cost.prompt_bytes = load.prompt_bytes() / load.appended();
  cost.stored_bytes = static_cast<double>(load.ledger().Stats().pending_bytes) /
                      load.appended();
  const double writer = ThreadMicros("ledger-writer");
  load.StartIndexer();
  load.Flush();
  cost.indexer_us = ThreadMicros("indexer") / load.appended();
  cost.writer_us = (ThreadMicros("ledger-writer") - writer) / load.appended();
  return cost;
}

struct SteadyCost {
  double rate = 0;  // that was reached
  double indexer_us = 0;
  double lag_p50_ms = 0;
  double lag_max_ms = 0;
  double append_p50_us = 0;
  double append_p99_us = 0;
  double resident_mib = 0;
};

// 1,000 a second for `seconds`, indexed meanwhile.
SteadyCost MeasureSteady(const std::string& shared, double seconds) {
  Load load(Sharing::kOn, shared);
  load.StartIndexer();
  std::vector<double> lags;
  std::vector<double> took;
  const int64_t begin = SystemClock().SteadyMicros();
  for (int64_t due = begin; due < begin + static_cast<int64_t>(seconds * 1e6);
       due += 1'000) {
    const int64_t wait = due - SystemClock().SteadyMicros();
    if (wait > 0) std::this_thread::sleep_for(std::chrono::microseconds(wait));
    took.push_back(load.Append());
    lags.push_back(static_cast<double>(load.ledger().Stats().lag_micros) / 1e3);
  }
  SteadyCost cost;
  cost.rate = load.appended() * 1e6 /
              static_cast<double>(SystemClock().SteadyMicros() - begin);
  load.Flush();
  cost.indexer_us = ThreadMicros("indexer") / load.appended();
  cost.lag_max_ms = Percentile(&lags, 1);
  cost.lag_p50_ms = Percentile(&lags, 0.5);
  cost.append_p50_us = Percentile(&took, 0.5);
  cost.append_p99_us = Percentile(&took, 0.99);
  cost.resident_mib = ResidentBytes() / (1 << 20);
  return cost;
}

void AddIndexFigures(bool quick, std::vector<Figure>* figures) {
  const std::string shared = GrowingSession::MakeShared(1);
  const auto add = [&](std::string name, double value, std::string unit,
                       Better better, std::optional<double> target = {}) {
    figures->push_back(
        {std::move(name), value, std::move(unit), better, target});
  };
  const SteadyCost steady = MeasureSteady(shared, quick ? 2 : 20);
  add("outputs_appended_rate", steady.rate, "1/s", Better::kHigher);
  add("outputs_indexed_rate_one_core", 1e6 / steady.indexer_us, "1/s",
      Better::kHigher, 1'000);
  add("lag_p50", steady.lag_p50_ms, "ms", Better::kLower);
  add("lag_max", steady.lag_max_ms, "ms", Better::kLower);
  add("append_100_kb_p50", steady.append_p50_us, "us", Better::kLower);
  add("append_100_kb_p99", steady.append_p99_us, "us", Better::kLower);
  add("resident_with_the_generator", steady.resident_mib, "MiB",
      Better::kLower);
  const size_t count = quick ? 256 : 2'048;
  const CatchUpCost on = MeasureCatchUp(Sharing::kOn, shared, count);
  const CatchUpCost off = MeasureCatchUp(Sharing::kOff, shared, count);
  add("prompt_bytes", on.prompt_bytes / 1e3, "KB", Better::kLower);
  add("stored_bytes", on.stored_bytes / 1e3, "KB", Better::kLower);
  add("catch_up_indexer_cpu", on.indexer_us, "us", Better::kLower);
  add("catch_up_indexer_cpu_baseline", off.indexer_us, "us", Better::kLower);
  add("catch_up_writer_cpu", on.writer_us, "us", Better::kLower);
}

int Main(const Options& options) {
  std::vector<Figure> figures;
  AddIndexFigures(options.quick, &figures);
  AddAppendFigures(options.quick, &figures);
  AddProofFigures(options.quick, &figures);
  PrintFigures("index", "nothing shared between prompts", figures, options);
  return 0;
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  return cofferdam::bench::Main(cofferdam::bench::ParseOptions(argc, argv));
}
