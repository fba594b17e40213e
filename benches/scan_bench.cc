// How fast a scan reads: a tree of human code against a ledger of outputs, in
// turns with `cat` of the same files, both from the page cache.
//
// The corpus is the machine's own C and C++ headers. The ledger holds the
// outputs of --data DIR/ai-code-outputs.jsonl (by default ../shared/data);
// where that file is missing (it is published as EvalPlus' EvalPerf results),
// it holds outputs that this bench makes up.

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/ulid.h"
#include "benches/figures.h"
#include "benches/process.h"
#include "console/stores.h"

namespace cofferdam::bench {
namespace {

struct ModelOutput {
  std::string provider;
  std::string model;
  std::string text;
};

// Functions of made-up arithmetic: enough to fill an index, no one's work.
std::vector<ModelOutput> MadeUp(size_t count) {
  SeededRandom random(20);
  std::vector<ModelOutput> outputs;
  for (size_t i = 0; i < count; ++i) {
    std::string text = fmt::format("def step_{}(a, b, c):\n", i);
    for (int line = 0; line < 30; ++line) {
      text += fmt::format("    a = (b {} {}) {} c[{}]\n",
                          "+-*/%"[random.Below(5)], random.Below(100),
                          "+-*|&"[random.Below(5)], random.Below(10));
    }
    outputs.push_back({"bench", "made-up", text + "    return a\n"});
  }
  return outputs;
}

std::vector<ModelOutput> ReadOutputs(const std::string& folder, bool quick) {
  std::ifstream file(folder + "/ai-code-outputs.jsonl");
  size_t most = quick ? 500 : SIZE_MAX;
  std::vector<ModelOutput> outputs;
  std::string line;
  while (outputs.size() < most && std::getline(file, line)) {
    auto row = JsonDocument::Parse(line);
    if (!row.ok()) Fail("ai-code-outputs.jsonl: " + row.error().message());
    outputs.push_back({std::string((*row)["provider"].StringOrEmpty()),
                       std::string((*row)["model"].StringOrEmpty()),
                       std::string((*row)["text"].StringOrEmpty())});
  }
  if (!outputs.empty()) return outputs;
  fmt::print(stderr,
             "bench: no {}/ai-code-outputs.jsonl (EvalPlus' EvalPerf results, "
             "provider/model/text a line); using made-up outputs\n",
             folder);
  return MadeUp(quick ? 500 : 5000);
}

void FillLedger(const std::string& folder,
                const std::vector<ModelOutput>& outputs) {
  const Logger logger(LogLevel::kWarning);
  const Clock& clock = SystemClock();
  console::StoresOptions options;
  options.folder = folder;
  auto stores = console::Stores::Open(options, clock, SystemRandom(), logger);
  if (!stores.ok()) Fail(stores.error().message());
  UlidGenerator ids(clock, SystemRandom());
  for (const ModelOutput& output : outputs) {
    ledger::ExchangeDraft draft;
    draft.exchange.id = ids.Next();
    draft.exchange.provider_response_id = draft.exchange.id.ToString();
    draft.exchange.route = ledger::Route::kImport;
    draft.exchange.origin.provider = output.provider;
    draft.exchange.origin.model = output.model;
    draft.exchange.origin.terms.terms_class = "forbid_compete";
    draft.exchange.times.received = clock.WallMicros();
    wire::Part part;
    part.kind = wire::PartKind::kFile;
    part.path = "answer.py";
    part.text = output.text;
    draft.parts.push_back(std::move(part));
    auto receipt = (*stores)->ledger().AppendSync(std::move(draft));
    if (!receipt.ok()) Fail(receipt.error().message());
  }
  uint64_t last = (*stores)->ledger().last_sequence();
  Status flushed = (*stores)->indexer().Flush(last, 600'000);
  if (!flushed.ok()) Fail(flushed.error().message());
  auto sealed = (*stores)->sealer().SealNow();
  if (!sealed.ok()) Fail(sealed.error().message());
  Status closed = (*stores)->Close();
  if (!closed.ok()) Fail(closed.error().message());
}

// Copies headers of this machine until there are `bytes_max` of them.
void MakeCorpus(const std::string& folder, uint64_t bytes_max) {
  namespace fs = std::filesystem;
  uint64_t bytes = 0;
  size_t number = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it("/usr/include", error), end;
       it != end && bytes < bytes_max; it.increment(error)) {
    if (error || !it->is_regular_file(error)) continue;
    std::string to = fmt::format("{}/{:03}", folder, number / 200);
    fs::create_directories(to, error);
    to += fmt::format("/{}_{}", number++, it->path().filename().string());
    fs::copy_file(it->path(), to, error);
    if (!error) bytes += it->file_size(error);
  }
}

double Seconds(const std::vector<std::string>& command) {
  int64_t begin = SystemClock().SteadyMicros();
  // 1: a negative result, which is an answer here.
  Output(command, 1);
  return static_cast<double>(SystemClock().SteadyMicros() - begin) / 1e6;
}

int Main(const Options& options, const std::string& data) {
  TemporaryFolder folder;
  std::string stores = folder.path() + "/data";
  std::string corpus = folder.path() + "/corpus";
  WriteFile(folder.path() + "/cofferdam.toml", "");
  FillLedger(stores, ReadOutputs(data, options.quick));
  MakeCorpus(corpus, options.quick ? 10'000'000 : 200'000'000);

  std::vector<std::string> scan = {
      CofferdamBinary(), "scan", corpus,     "--json",
      "--data",          stores, "--config", folder.path() + "/cofferdam.toml"};
  std::vector<std::string> cat = {
      "sh", "-c", "find \"$0\" -type f -print0 | xargs -0 cat >/dev/null",
      corpus};
  auto report = JsonDocument::Parse(Output(scan, 1));
  if (!report.ok()) Fail("scan: " + report.error().message());
  double bytes = static_cast<double>((*report)["bytes"].Int().value_or(0));
  double files = static_cast<double>((*report)["files"].Int().value_or(0));
  if (bytes == 0) Fail("no headers under /usr/include to scan");

  std::vector<double> scan_seconds;
  std::vector<double> cat_seconds;
  std::vector<double> ratios;
  for (int turn = 0; turn < (options.quick ? 3 : 7); ++turn) {
    cat_seconds.push_back(Seconds(cat));
    scan_seconds.push_back(Seconds(scan));
    ratios.push_back(scan_seconds.back() / cat_seconds.back());
  }
  double megabytes = bytes / 1e6;
  PrintFigures("scan", "cat of the same files",
               {{"corpus", megabytes, "MB", Better::kHigher, std::nullopt},
                {"files", files, "files", Better::kHigher, std::nullopt},
                {"scan_rate", megabytes / Percentile(&scan_seconds, 0.5),
                 "MB/s", Better::kHigher, std::nullopt},
                {"cat_rate", megabytes / Percentile(&cat_seconds, 0.5), "MB/s",
                 Better::kHigher, std::nullopt},
                {"scan_time_of_cat_time", Percentile(&ratios, 0.5), "ratio",
                 Better::kLower, std::nullopt},
                {"findings",
                 static_cast<double>((*report)["findings"].Elements().size()),
                 "findings", Better::kLower, std::nullopt}},
               options);
  return 0;
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  std::string data = "../shared/data";
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--data" && i + 1 < argc) {
      data = argv[++i];
    } else {
      rest.push_back(argv[i]);
    }
  }
  return cofferdam::bench::Main(cofferdam::bench::ParseOptions(
                                    static_cast<int>(rest.size()), rest.data()),
                                data);
}
