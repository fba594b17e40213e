// What it costs to read a corpus: this project's own sources and pages as lines
// of JSON, one file a record, from the page cache. The baseline counts the
// newlines of the same file, as wc -l does. All on one thread, so that the
// figures are those of one core.

#include <fcntl.h>
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/json.h"
#include "benches/figures.h"
#include "corpus/byte_source.h"
#include "corpus/source.h"

namespace cofferdam::bench {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBytes = size_t{512} << 20;
constexpr size_t kQuickBytes = size_t{32} << 20;

// Lines of JSON, `bytes` of them or a little more.
std::string Lines(size_t bytes) {
  std::vector<std::string> lines;
  for (const char* root : {COFFERDAM_SOURCES, COFFERDAM_PAGES}) {
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      auto text = ReadFile(entry.path(), 1 << 24);
      CHECK_OK(text);
      JsonWriter json;
      json.BeginObject()
          .Field("text", *text)
          .Field("path", entry.path().string())
          .Field("license", "Apache-2.0")
          .Field("bytes", static_cast<uint64_t>(text->size()))
          .EndObject();
      lines.push_back(std::move(json).Take() + "\n");
    }
  }
  std::string all;
  for (size_t i = 0; all.size() < bytes; ++i) all += lines[i % lines.size()];
  return all;
}

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
    const int64_t micros = std::max<int64_t>(1, CpuMicros() - begin);
    best = std::max(
        best, static_cast<double>(bytes) / static_cast<double>(micros) / 1e3);
  }
  return best;
}

uint64_t CountLines(const std::string& path) {
  auto bytes = corpus::ReadDescriptor(
      FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)));
  std::string buffer(size_t{256} << 10, '\0');
  uint64_t lines = 0;
  for (;;) {
    auto got = bytes->Read(buffer.data(), buffer.size());
    CHECK_OK(got);
    if (*got == 0) return lines;
    for (const char* p = buffer.data();; ++lines, ++p) {
      p = static_cast<const char*>(
          std::memchr(p, '\n', static_cast<size_t>(buffer.data() + *got - p)));
      if (p == nullptr) break;
    }
  }
}

enum class Parse { kNo, kYes };

uint64_t ReadCorpus(const std::string& path, Parse parse) {
  corpus::SourceOptions options;
  auto source = corpus::OpenSource({path}, options);
  CHECK_OK(source);
  corpus::ChunkReader reader(options);
  uint64_t text_bytes = 0;
  for (;;) {
    auto chunk = (*source)->Next();
    CHECK_OK(chunk);
    if (!chunk->has_value()) return text_bytes;
    if (parse == Parse::kNo) continue;
    CHECK_OK(reader.Read(
        **chunk,
        [&](const corpus::Record& record) {
          for (const corpus::Field& field : record.fields)
            text_bytes += field.text.size();
        },
        [](const corpus::PassedOver&) { CHECK(false); }));
  }
}

double DecodeRate(const std::string& packed, size_t bytes) {
  std::string out(size_t{256} << 10, '\0');
  return Rate(bytes, [&] {
    auto decoder = MakeDecoder(Codec::kZstd);
    std::string_view rest = packed;
    while (true) {
      auto got = decoder->Decode(&rest, out.data(), out.size());
      CHECK_OK(got);
      if (*got == 0) break;
    }
  });
}

int Main(const Options& options) {
  const std::string lines = Lines(options.quick ? kQuickBytes : kBytes);
  const fs::path folder =
      fs::temp_directory_path() / fmt::format("cofferdam-bench-{}", ::getpid());
  fs::create_directories(folder);
  const std::string plain = folder / "x.jsonl";
  const std::string packed = folder / "x.jsonl.zst";
  CHECK_OK(WriteFileAtomically(plain, lines, 0600));
  std::string zstd;
  auto encoder = MakeEncoder(Codec::kZstd);
  encoder->Encode(lines, &zstd);
  encoder->Finish(&zstd);
  CHECK_OK(WriteFileAtomically(packed, zstd, 0600));

  const size_t size = lines.size();
  const double count = Rate(size, [&] { CountLines(plain); });
  const double split = Rate(size, [&] { ReadCorpus(plain, Parse::kNo); });
  const double parse = Rate(size, [&] { ReadCorpus(plain, Parse::kYes); });
  const double decode = DecodeRate(zstd, size);
  const double unpack = Rate(size, [&] { ReadCorpus(packed, Parse::kYes); });
  fs::remove_all(folder);

  std::vector<Figure> figures;
  const auto add = [&](const char* name, double value, const char* unit,
                       std::optional<double> target = {}) {
    figures.push_back({name, value, unit, Better::kHigher, target});
  };
  add("jsonl_gb_s", parse, "GB/s", 1.0);
  add("count_lines_gb_s", count, "GB/s");
  add("jsonl_of_count_lines", parse / count, "ratio");
  add("split_only_gb_s", split, "GB/s");
  add("zstd_gb_s", decode, "GB/s");
  add("jsonl_zst_gb_s", unpack, "GB/s");
  add("jsonl_zst_of_zstd", unpack / decode, "ratio");
  PrintFigures("corpus", "counting the lines of the same file", figures,
               options);
  return 0;
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  return cofferdam::bench::Main(cofferdam::bench::ParseOptions(argc, argv));
}
