// How fast a scan reads, and what the index behind it takes.
//
// The corpus is JSONL of the human code that tools/bench_data.py fetches
// (--corpus FOLDER; this machine's headers where it is missing), in the page
// cache. The index holds 100 million fingerprints of random tokens, so nothing
// in the corpus is a copy; then the model outputs of --data
// FOLDER/ai-code-outputs.jsonl (../shared/data) and the stand-ins of --standins
// FILE are added to it, and the corpus is read again. A scan is scan::Scan as
// the command calls it, with the background of --background FILE, all
// languages, marks, thresholds and verdicts; only nothing is printed. The
// figures of the tree are of the program, start to finish.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "benches/figures.h"
#include "benches/process.h"
#include "benches/scan_index.h"
#include "benches/scan_stages.h"
#include "fingerprint/index.h"

namespace cofferdam::bench {
namespace {

namespace fs = std::filesystem;

double Now() { return static_cast<double>(SystemClock().SteadyMicros()) / 1e6; }

std::vector<fs::path> FilesUnder(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end;
       !failed && at != end; at.increment(failed)) {
    if (at->is_regular_file(failed)) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Files of `folder`, one a line, until there are `bytes_max`.
void MakeJsonl(const std::string& folder, const std::string& to,
               uint64_t bytes_max) {
  std::ofstream out(to, std::ios::binary);
  uint64_t bytes = 0;
  const std::vector<fs::path> files = FilesUnder(folder);
  // Every n-th, so that the part is like the whole.
  uint64_t all = 0;
  std::error_code ignored;
  for (const fs::path& path : files) all += fs::file_size(path, ignored);
  const size_t step = std::max<uint64_t>(1, all / bytes_max);
  for (size_t i = 0; i < files.size() && bytes < bytes_max; i += step) {
    const std::string text = ReadText(files[i]);
    if (text.find('\0') != std::string::npos) continue;
    JsonWriter json;
    json.BeginObject()
        .Field("path", std::string_view(files[i].string()))
        .Field("text", std::string_view(text))
        .EndObject();
    const std::string line = std::move(json).Take() + "\n";
    out << line;
    bytes += line.size();
  }
  if (bytes == 0) Fail("no files under " + folder);
}

// 10,000 files of a few KB.
void MakeTree(const std::string& corpus, const std::string& to) {
  size_t number = 0;
  for (const fs::path& path : FilesUnder(corpus)) {
    if (number == 10'000) return;
    std::error_code failed;
    const uint64_t bytes = fs::file_size(path, failed);
    if (failed || bytes < 200 || bytes > 8'000) continue;
    const std::string folder = fmt::format("{}/{:03}", to, number / 100);
    fs::create_directories(folder, failed);
    fs::copy_file(
        path,
        fmt::format("{}/{:05}_{}", folder, number++, path.filename().string()),
        failed);
  }
}

double BestSeconds(const std::vector<std::string>& command) {
  double best = 1e9;
  for (int turn = 0; turn < 5; ++turn) {
    const double begin = Now();
    Output(command, 1);
    best = std::min(best, Now() - begin);
  }
  return best;
}

bool Have(const std::string& program) {
  return Output({"sh", "-c", "command -v \"$0\" || true", program}) != "";
}

// Where the material lies.
struct Places {
  std::string data = "../shared/data";
  std::string corpus = "build/data/human";
  std::string standins = "build/data/standins.jsonl";
  std::string background = "data/background.bin";
};

evidence::Background OpenBackground(const std::string& file) {
  auto opened = evidence::Background::Open(std::span(&file, 1));
  if (!opened.ok()) Fail(opened.error().message());
  return *std::move(opened);
}

class ScanBench {
  static constexpr size_t kCores = 2;

 public:
  ScanBench(const Options& options, Places places)
      : options_(options), places_(std::move(places)) {
    if (fs::is_directory(places_.corpus)) return;
    fmt::print(stderr, "bench: no {}, which tools/bench_data.py fetches\n",
               places_.corpus);
    places_.corpus = "/usr/include";
  }

  void Run() {
    MakeJsonl(places_.corpus, jsonl_,
              options_.quick ? 20'000'000 : 400'000'000);
    IndexFigures();
    ThroughputFigures();
    TreeFigures();
    PrintFigures("scan", "zstd -dc of the same bytes", figures_, options_);
  }

 private:
  void Add(std::string name, double value, std::string unit, Better better,
           std::optional<double> target = {}) {
    figures_.push_back(
        {std::move(name), value, std::move(unit), better, target});
  }

  void IndexFigures() {
    const uint64_t million = 1'000'000;
    const RandomIndex made =
        AddRandomOutputs(index_, (options_.quick ? 2 : 100) * million,
                         (options_.quick ? 1 : 50) * million);
    const double count = static_cast<double>(made.fingerprints);
    Add("index_fingerprints", count / 1e6, "M", Better::kHigher);
    Add("index_bytes_per_fingerprint", made.lookup_bytes / count, "B",
        Better::kLower, 6.5);
    Add("index_build_one_core", count / 1e6 / made.build_seconds, "M/s",
        Better::kHigher, 20);
    Add("index_merge_one_core", count / 1e6 / made.merge_seconds, "M/s",
        Better::kHigher);
    const double begin = Now();
    const auto opened = fingerprint::Index::Open(index_);
    if (!opened.ok()) Fail(opened.error().message());
    Add("index_opens", (Now() - begin) * 1e3, "ms", Better::kLower, 100);
  }

  void ThroughputFigures() {
    const double bytes = static_cast<double>(fs::file_size(jsonl_));
    Add("corpus", bytes / 1e6, "MB", Better::kHigher);
    const evidence::Background background = OpenBackground(places_.background);
    const evidence::BackgroundModel model(background,
                                          evidence::kHumanBeforeMicros);
    const Known known = {.background = &background,
                         .token_model = &model,
                         .datasets = &evidence::DatasetCatalogue::BuiltIn()};
    const Throughput none = MeasureScan(jsonl_, index_, known, kCores);
    Add("scan_without_copies_two_cores", none.megabytes_per_second, "MB/s",
        Better::kHigher, 1'000);
    Add("scan_without_copies_a_core", none.megabytes_per_core_second, "MB/s",
        Better::kHigher, 500);
    for (Figure& figure : StageFigures(jsonl_, index_, known)) {
      figure.name = "one_core_" + figure.name;
      figures_.push_back(std::move(figure));
    }
    HumanFigures(known);
    ZstdFigures(bytes, none.megabytes_per_second);
  }

  // Against outputs of models and stand-ins, too.
  void HumanFigures(const Known& known) {
    std::vector<std::string> files = {places_.data + "/ai-code-outputs.jsonl"};
    if (!options_.quick) files.push_back(places_.standins);
    const RealOutputs real = AddRealOutputs(index_, files);
    if (real.tokens > 0) {
      Add("index_real_outputs", real.text_bytes / 1e6, "MB", Better::kHigher);
      Add("index_bytes_per_output_token", real.segment_bytes / real.tokens, "B",
          Better::kLower);
    }
    const Throughput human = MeasureScan(jsonl_, index_, known, kCores);
    Add("scan_human_two_cores", human.megabytes_per_second, "MB/s",
        Better::kHigher, 500);
    Add("scan_human_a_core", human.megabytes_per_core_second, "MB/s",
        Better::kHigher, 250);
    Add("scan_human_looked_at", human.outputs_looked_at, "outputs",
        Better::kLower);
    Add("scan_human_findings", human.findings, "findings", Better::kLower);
  }

  void ZstdFigures(double bytes, double scanned) {
    if (!Have("zstd")) return;
    Output({"zstd", "-q", "-3", jsonl_});
    const double unpacked =
        bytes / 1e6 /
        BestSeconds(
            {"sh", "-c", "zstd -dcq \"$0\" >/dev/null", jsonl_ + ".zst"});
    Add("zstd_dc", unpacked, "MB/s", Better::kHigher);
    Add("scan_without_copies_of_zstd_dc", scanned / unpacked, "ratio",
        Better::kHigher);
  }

  // Start to finish of the program, on a ledger that is empty.
  void TreeFigures() {
    const std::string tree = folder_.path() + "/tree";
    MakeTree(places_.corpus, tree);
    WriteFile(folder_.path() + "/cofferdam.toml", "");
    const double scan = BestSeconds({CofferdamBinary(), "scan", tree, "--data",
                                     folder_.path() + "/data", "--config",
                                     folder_.path() + "/cofferdam.toml"});
    Add("tree_of_10000_files", scan * 1e3, "ms", Better::kLower);
    AddRandomOutputs(folder_.path() + "/small", 1'000'000, 1'000'000);
    const double sealed = BestSeconds(
        {CofferdamBinary(), "scan", tree, "--index", folder_.path() + "/small",
         "--config", folder_.path() + "/cofferdam.toml"});
    Add("tree_with_a_sealed_index", sealed * 1e3, "ms", Better::kLower);
    if (!Have("rg")) {
      fmt::print(stderr, "bench: no rg here to compare the tree with\n");
      return;
    }
    const double search = BestSeconds({"rg", "-c", "cofferdam", tree});
    Add("tree_rg", search * 1e3, "ms", Better::kLower);
    Add("tree_time_of_rg", scan / search, "ratio", Better::kLower, 1.5);
    Add("tree_with_a_sealed_index_of_rg", sealed / search, "ratio",
        Better::kLower);
  }

  const Options options_;
  Places places_;
  TemporaryFolder folder_;
  const std::string jsonl_ = folder_.path() + "/corpus.jsonl";
  const std::string index_ = folder_.path() + "/index";
  std::vector<Figure> figures_;
};

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  cofferdam::bench::Places places;
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    std::string* place = flag == "--data"         ? &places.data
                         : flag == "--corpus"     ? &places.corpus
                         : flag == "--standins"   ? &places.standins
                         : flag == "--background" ? &places.background
                                                  : nullptr;
    if (place != nullptr && i + 1 < argc) {
      *place = argv[++i];
    } else {
      rest.push_back(argv[i]);
    }
  }
  cofferdam::bench::ScanBench(cofferdam::bench::ParseOptions(
                                  static_cast<int>(rest.size()), rest.data()),
                              places)
      .Run();
  return 0;
}
