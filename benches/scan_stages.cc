#include "benches/scan_stages.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "benches/process.h"
#include "corpus/source.h"
#include "evidence/marks.h"
#include "evidence/proposer.h"
#include "fingerprint/index.h"
#include "fingerprint/normals.h"
#include "fingerprint/segment_lookup.h"
#include "fingerprint/select.h"
#include "scan/scan.h"

namespace cofferdam::bench {
namespace {

using fingerprint::Index;
using fingerprint::Language;

constexpr int kTurns = 3;

double CpuSeconds(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Text {
  std::string text;
  Language language;
};

Language LanguageOf(const corpus::Record& record, std::string_view text) {
  if (!record.path_hint.empty()) {
    const Language named = fingerprint::LanguageOfPath(record.path_hint);
    if (named != Language::kGeneral) return named;
  }
  return fingerprint::GuessLanguage(text);
}

using TextVisitor =
    std::function<void(const corpus::Record&, const corpus::Field&)>;

void ReadChunk(corpus::ChunkReader* reader, const corpus::Chunk& chunk,
               const TextVisitor& visit) {
  const Status read = reader->Read(
      chunk,
      [&](const corpus::Record& record) {
        for (const corpus::Field& field : record.fields) visit(record, field);
      },
      [](const corpus::PassedOver&) {});
  if (!read.ok()) Fail(read.error().message());
}

std::unique_ptr<corpus::Source> Open(const std::string& jsonl) {
  auto source = corpus::OpenSource({jsonl}, {});
  if (!source.ok()) Fail(source.error().message());
  return *std::move(source);
}

void ReadAll(const std::string& jsonl, const TextVisitor& visit) {
  const auto source = Open(jsonl);
  corpus::ChunkReader reader({});
  for (;;) {
    auto chunk = source->Next();
    if (!chunk.ok()) Fail(chunk.error().message());
    if (!chunk->has_value()) return;
    ReadChunk(&reader, **chunk, visit);
  }
}

Index OpenIndex(const std::string& folder) {
  auto index = Index::Open(folder);
  if (!index.ok()) Fail(index.error().message());
  return *std::move(index);
}

// Findings are counted as they come, and nothing is written.
class FindingCounter final : public scan::Sink {
 public:
  void OnFinding(const evidence::Finding&) override { ++count_; }
  void OnPassedOver(const corpus::PassedOver&) override {}
  size_t count() const { return count_; }

 private:
  size_t count_ = 0;
};

// Of this thread, so that what else the machine does counts little.
double BestThreadSeconds(const std::function<void()>& run) {
  double best = 1e9;
  for (int turn = 0; turn < kTurns; ++turn) {
    const double begin = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
    run();
    best = std::min(best, CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - begin);
  }
  return best;
}

}  // namespace

std::vector<Figure> StageFigures(const std::string& jsonl,
                                 const std::string& index_folder,
                                 const Known& known) {
  const Index index = OpenIndex(index_folder);
  std::vector<Text> texts;
  double bytes = 0;
  ReadAll(jsonl, [&](const corpus::Record& record, const corpus::Field& field) {
    texts.push_back({std::string(field.text), LanguageOf(record, field.text)});
    bytes += static_cast<double>(field.text.size());
  });
  std::vector<Figure> figures;
  const auto add = [&](std::string name, const std::function<void()>& run) {
    figures.push_back({std::move(name), bytes / 1e6 / BestThreadSeconds(run),
                       "MB/s", Better::kHigher, std::nullopt});
  };
  size_t seen = 0;
  add("parse", [&] {
    ReadAll(jsonl, [&](const corpus::Record&, const corpus::Field& field) {
      seen += field.text.size();
    });
  });
  fingerprint::NormalLexer lexer;
  fingerprint::Selection selection;
  add("lex", [&] {
    for (const Text& one : texts) {
      seen += lexer.Lex(one.text, one.language).size();
    }
  });
  add("lex_winnow", [&] {
    for (const Text& one : texts) {
      selection.Select(lexer.Lex(one.text, one.language));
      seen += selection.size();
    }
  });
  std::vector<uint32_t> kept;
  add("lex_winnow_filter", [&] {
    for (const Text& one : texts) {
      selection.Select(lexer.Lex(one.text, one.language));
      for (size_t i = 0; i < index.segment_count(); ++i) {
        kept.clear();
        fingerprint::SegmentLookup(index.segment(i))
            .Filter(selection.hashes(), &kept);
        seen += kept.size();
      }
    }
  });
  evidence::Proposer proposer(index, known.background, {});
  evidence::ProposerCounts counts;
  add("propose", [&] {
    for (const Text& one : texts) {
      const auto proposals = proposer.Propose(one.text, one.language, &counts);
      if (!proposals.ok()) Fail(proposals.error().message());
    }
  });
  evidence::MarkFinder marks(*known.datasets);
  add("parse_marks", [&] {
    ReadAll(jsonl, [&](const corpus::Record& record, const corpus::Field&) {
      seen += marks.Find(record).size();
    });
  });
  if (seen == 0) Fail("the corpus has no text");
  return figures;
}

Throughput MeasureScan(const std::string& jsonl,
                       const std::string& index_folder, const Known& known,
                       size_t threads) {
  scan::ScanOptions options;
  options.index_folder = index_folder;
  options.threads = threads;
  options.background = options.judgement.background = known.background;
  options.token_model = known.token_model;
  options.datasets = known.datasets;
  Throughput best;
  for (int turn = 0; turn < kTurns; ++turn) {
    FindingCounter findings;
    const double begin_cpu = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    const int64_t begin = SystemClock().SteadyMicros();
    const auto report = scan::Scan({jsonl}, options, &findings);
    if (!report.ok()) Fail(report.error().message());
    const double megabytes = static_cast<double>(report->bytes) / 1e6;
    const double seconds =
        static_cast<double>(SystemClock().SteadyMicros() - begin) / 1e6;
    const double cpu = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - begin_cpu;
    best.megabytes_per_second =
        std::max(best.megabytes_per_second, megabytes / seconds);
    best.megabytes_per_core_second =
        std::max(best.megabytes_per_core_second, megabytes / cpu);
    best.outputs_looked_at = static_cast<double>(report->work.outputs);
    best.findings = static_cast<double>(findings.count());
  }
  return best;
}

}  // namespace cofferdam::bench
