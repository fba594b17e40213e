// What it costs to look for marks of models in text that has none: this
// project's own sources and pages, as a corpus has them. The baseline looks for
// one byte that is not there (memchr), which is as fast as memory gives it.
// Beside them what hostile text costs, full of what the rules look at.

#include <fmt/format.h>
#include <time.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "benches/figures.h"
#include "corpus/record.h"
#include "evidence/marks.h"
#include "evidence/text_marks.h"

namespace cofferdam::bench {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBytes = size_t{256} << 20;
constexpr size_t kQuickBytes = size_t{32} << 20;
constexpr size_t kTextBytes = size_t{1} << 20;
constexpr size_t kHostileBytes = size_t{4} << 20;

// Files of that extension under `root`, one after another, again and again.
std::string Material(const std::string& root, std::string_view extension,
                     size_t bytes) {
  std::string text;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    // The marks' own rules and tests are made of marks.
    if (entry.path().extension() != extension ||
        entry.path().filename().string().find("mark") != std::string::npos) {
      continue;
    }
    auto file = ReadFile(entry.path(), 1 << 24);
    CHECK_OK(file);
    text += *file;
  }
  CHECK(!text.empty());
  std::string all;
  all.reserve(bytes + text.size());
  while (all.size() < bytes) all += text;
  all.resize(bytes);
  return all;
}

// This thread's time on a processor: what others do meanwhile does not count.
int64_t CpuMicros() {
  timespec now{};
  CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

// Bytes a second, in 1e9, of the best of three passes.
template <typename Work>
double Rate(size_t bytes, Work work) {
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const int64_t begin = CpuMicros();
    work();
    const int64_t micros = CpuMicros() - begin;
    best = std::max(
        best, static_cast<double>(bytes) /
                  static_cast<double>(std::max<int64_t>(1, micros)) / 1e3);
  }
  return best;
}

size_t FindIn(std::string_view text, size_t piece) {
  static evidence::TextMarkFinder finder;
  size_t found = 0;
  for (size_t at = 0; at < text.size(); at += piece) {
    found += finder.Find(text.substr(at, piece)).size();
  }
  return found;
}

double TextRate(const std::string& text, size_t piece) {
  size_t found = 0;
  const double rate = Rate(text.size(), [&] { found += FindIn(text, piece); });
  fmt::print(stderr, "bench: {} marks\n", found / 3);
  return rate;
}

// Records of 1 KB with the claims that code corpora have.
double RecordNanos(const std::string& text) {
  constexpr size_t kRecordBytes = 1024;
  corpus::FilePlace file;
  file.path = "corpus/part-0001.jsonl";
  const std::vector<corpus::Claim> claims = {{"repo", "example/wall"},
                                             {"path", "src/wall.cc"},
                                             {"license", "apache-2.0"},
                                             {"lang", "C++"}};
  evidence::MarkFinder finder(evidence::DatasetCatalogue::BuiltIn());
  size_t found = 0;
  const double rate = Rate(text.size(), [&] {
    for (size_t at = 0; at + kRecordBytes <= text.size(); at += kRecordBytes) {
      const corpus::Field field{
          "content", std::string_view(text).substr(at, kRecordBytes), ""};
      corpus::Record record;
      record.file = &file;
      record.number = at / kRecordBytes + 1;
      record.fields = {&field, 1};
      record.claims = claims;
      found += finder.Find(record).size();
    }
  });
  return kRecordBytes / rate;
}

std::string Hostile(std::string_view piece) {
  std::string text;
  while (text.size() < kHostileBytes) text += piece;
  return text;
}

int Main(const Options& options) {
  const size_t bytes = options.quick ? kQuickBytes : kBytes;
  const std::string code = Material(COFFERDAM_SOURCES, ".cc", bytes);
  const std::string pages = Material(COFFERDAM_PAGES, ".md", bytes);
  const double memory = Rate(bytes, [&] {
    CHECK(std::memchr(code.data(), '\x01', code.size()) == nullptr);
  });
  std::vector<Figure> figures;
  const auto add = [&](const char* name, double value, const char* unit,
                       Better better, std::optional<double> target = {}) {
    figures.push_back({name, value, unit, better, target});
  };
  const double on_code = TextRate(code, kTextBytes);
  add("code_gb_s", on_code, "GB/s", Better::kHigher, 3.0);
  add("pages_gb_s", TextRate(pages, kTextBytes), "GB/s", Better::kHigher, 3.0);
  add("code_4kb_texts_gb_s", TextRate(code, 4096), "GB/s", Better::kHigher,
      3.0);
  add("memchr_gb_s", memory, "GB/s", Better::kHigher);
  add("code_of_memchr", on_code / memory, "ratio", Better::kHigher);
  add("record_1kb_ns", RecordNanos(code), "ns", Better::kLower);
  double worst = on_code;
  for (std::string_view piece :
       {"-by: x\n", "n AI ", "Claude ", "gpt-4", "<|im_", "x\xE2\x80\x8By",
        "\xF3\xA0\x84\xB3", "uage assist with", "\xF3\xA0\x80\xA1"}) {
    worst = std::min(worst, TextRate(Hostile(piece), kHostileBytes));
  }
  add("hostile_gb_s", worst, "GB/s", Better::kHigher);
  PrintFigures("marks", "memchr for a byte that is not there", figures,
               options);
  return 0;
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  return cofferdam::bench::Main(cofferdam::bench::ParseOptions(argc, argv));
}
