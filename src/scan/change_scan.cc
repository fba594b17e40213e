#include "scan/change_scan.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "corpus/memory_file.h"
#include "scan/chunk_scan_internal.h"

namespace cofferdam::scan {
namespace {

using corpus::ChangedFile;
using corpus::kLastLine;
using corpus::LineSpan;
using evidence::Finding;

// Where lines of a text begin.
class LineStarts {
 public:
  explicit LineStarts(std::string_view text) : size_(text.size()) {
    starts_.push_back(0);
    for (size_t at = text.find('\n'); at != std::string_view::npos;
         at = text.find('\n', at + 1))
      starts_.push_back(at + 1);
  }

  // Of a line from 1; the text's end for those behind it.
  uint64_t Begin(uint64_t line) const {
    return line <= starts_.size() ? starts_[line - 1] : size_;
  }
  // From 1, of a byte.
  uint32_t LineOf(uint64_t byte) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), byte);
    return static_cast<uint32_t>(after - starts_.begin());
  }

 private:
  uint64_t size_;
  std::vector<uint64_t> starts_;
};

bool HasWords(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

bool IsWhole(const ChangedFile& file) {
  return file.added.size() == 1 && file.added.front().begin == 1 &&
         file.added.front().end == kLastLine;
}

// The parts of a finding that stand on added lines and say something.
std::vector<Finding> OnAddedLines(const Finding& finding,
                                  const ChangedFile& file,
                                  const LineStarts& lines) {
  if (IsWhole(file)) return {finding};
  std::vector<Finding> parts;
  if (finding.place.record != 0 || !finding.place.field.empty()) {
    const uint32_t begin = lines.LineOf(finding.place.record_begin);
    const uint64_t end =
        std::max(finding.place.record_end, finding.place.record_begin + 1);
    const uint32_t last = lines.LineOf(end - 1);
    for (const LineSpan& span : file.added) {
      if (span.begin <= last && begin <= span.end) return {finding};
    }
    return parts;
  }
  for (const LineSpan& span : file.added) {
    const uint32_t begin = std::max(span.begin, finding.lines.begin);
    const uint32_t end = std::min(span.end, finding.lines.end);
    if (begin > end) continue;
    const uint64_t byte_begin = lines.Begin(begin);
    const uint64_t byte_end = lines.Begin(uint64_t{end} + 1);
    const std::string_view text =
        std::string_view(file.bytes).substr(byte_begin, byte_end - byte_begin);
    if (!HasWords(text)) continue;
    Finding part = finding;
    part.lines = {begin, end};
    part.byte_begin = byte_begin;
    part.byte_end = byte_end;
    if (part.text) part.text = std::string(text);
    parts.push_back(std::move(part));
  }
  return parts;
}

ScanOptions With(ScanOptions options, policy::ScanPurpose purpose) {
  options.judgement.purpose = purpose;
  return options;
}

// What one purpose needs.
struct Scanner {
  Scanner(const fingerprint::Index& index, ScanOptions with)
      : options(std::move(with)),
        repositories(index),
        shared{.index = index,
               .options = options,
               .repositories = &repositories,
               .large = {}},
        chunks(&shared) {}

  ScanOptions options;
  evidence::RepositoryTables repositories;
  ScanShared shared;
  ChunkScan chunks;
};

}  // namespace

class ChangeScan::State {
 public:
  State(const fingerprint::Index& index, const ScanOptions& options)
      : index_(index), options_(options) {
    report_.covered_sequence = index.covered();
  }

  Status Scan(const ChangedFile& file, policy::ScanPurpose purpose,
              Sink* sink) {
    Scanner& scanner = ScannerFor(purpose);
    ChunkResult result;
    scanner.chunks.Read(
        corpus::MemoryFile(file.place, file.bytes, scanner.options.source),
        &result);
    if (result.error) return *std::move(result.error);
    const LineStarts lines(file.bytes);
    for (const ChunkResult::Step& step : result.steps) {
      if (const auto* passed = std::get_if<corpus::PassedOver>(&step)) {
        report_.passed_over += std::max<uint64_t>(passed->records, 1);
        sink->OnPassedOver(*passed);
        continue;
      }
      for (const Finding& part :
           OnAddedLines(std::get<Finding>(step), file, lines)) {
        if (part.verdict < policy::Verdict::kAmbiguous) continue;
        report_.verdicts.Add(part);
        report_.origins.Add(part);
        sink->OnFinding(part);
      }
    }
    const ChunkCounts& counts = result.sums.counts;
    report_.files += counts.files;
    report_.records += counts.records;
    report_.bytes += counts.bytes;
    report_.tokens += counts.tokens;
    report_.work += counts.work;
    return {};
  }

  const ScanReport& report() const { return report_; }

 private:
  Scanner& ScannerFor(policy::ScanPurpose purpose) {
    std::unique_ptr<Scanner>& scanner =
        purpose == policy::ScanPurpose::kTraining ? training_ : evaluation_;
    if (scanner == nullptr)
      scanner = std::make_unique<Scanner>(index_, With(options_, purpose));
    return *scanner;
  }

  const fingerprint::Index& index_;
  ScanOptions options_;
  std::unique_ptr<Scanner> training_;
  std::unique_ptr<Scanner> evaluation_;
  ScanReport report_;
};

ChangeScan::ChangeScan(const fingerprint::Index& index,
                       const ScanOptions& options)
    : state_(std::make_unique<State>(index, options)) {}
ChangeScan::~ChangeScan() = default;

Status ChangeScan::Scan(const corpus::ChangedFile& file,
                        policy::ScanPurpose purpose, Sink* sink) {
  return state_->Scan(file, purpose, sink);
}

const ScanReport& ChangeScan::report() const { return state_->report(); }

}  // namespace cofferdam::scan
