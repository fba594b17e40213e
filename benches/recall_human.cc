#include "benches/recall_human.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace cofferdam::bench {

size_t HumanScan::Forbidden() const {
  return static_cast<size_t>(
      std::count_if(found.begin(), found.end(),
                    [](const HumanSeen& one) { return one.seen.forbidden(); }));
}

size_t HumanScan::Ambiguous() const {
  return static_cast<size_t>(
      std::count_if(found.begin(), found.end(), [](const HumanSeen& one) {
        return one.seen.verdict == policy::Verdict::kAmbiguous;
      }));
}

size_t HumanScan::AtLeast(double bits) const {
  return static_cast<size_t>(std::count_if(
      found.begin(), found.end(),
      [bits](const HumanSeen& one) { return one.seen.bits >= bits; }));
}

HumanScan ScanHuman(const RecallLedger& ledger,
                    const std::vector<HumanFile>& human) {
  const int64_t begin = SystemClock().SteadyMicros();
  std::vector<Examiner> examiners;
  for (size_t i = 0; i < BenchThreads(); ++i) examiners.emplace_back(ledger);
  std::vector<std::optional<Seen>> seen(human.size());
  std::vector<uint64_t> bytes(BenchThreads());
  ForEach(human.size(), BenchThreads(), [&](size_t thread, size_t i) {
    const std::string text = ReadFileText(human[i].path);
    bytes[thread] += text.size();
    const auto findings = examiners[thread].Examine(
        text, fingerprint::LanguageOfPath(human[i].path));
    if (!findings.empty()) seen[i] = See(findings, 0);
  });
  HumanScan scan;
  for (const uint64_t some : bytes) scan.bytes += some;
  for (size_t i = 0; i < human.size(); ++i)
    if (seen[i]) scan.found.push_back({i, *std::move(seen[i])});
  std::stable_sort(scan.found.begin(), scan.found.end(),
                   [](const HumanSeen& a, const HumanSeen& b) {
                     return a.seen.bits > b.seen.bits;
                   });
  scan.seconds =
      static_cast<double>(SystemClock().SteadyMicros() - begin) / 1e6;
  return scan;
}

}  // namespace cofferdam::bench
