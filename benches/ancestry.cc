#include "benches/ancestry.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "fingerprint/lex.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::bench {
namespace {

using fingerprint::FoldedProduct;

// Of the outputs, every kStep-th run of kGramTokens is kept, so that each run
// of kAncestryRunTokens holds one; of the human files, all are looked up.
constexpr size_t kStep = 8;
constexpr size_t kGramTokens = kAncestryRunTokens - kStep + 1;
// Few enough to stay in a core's cache; one look-up in fifty goes on.
constexpr int kFilterBits = 26;

// Copies that were found by reading, though they share fewer tokens in a row:
// package and path.
constexpr std::pair<std::string_view, std::string_view> kKnownCopies[] = {
    // The centroid of a polygon, by the author of Leaflet's.
    {"maplibre-gl", "src/util/find_pole_of_inaccessibility.ts"},
};

// Calls `take(hash, begin)` for each run of kGramTokens tokens: a polynomial
// over 2^64, rolled, and folded at the end.
template <typename Take>
void EachGram(std::span<const uint64_t> raw, const Take& take) {
  constexpr uint64_t kBase = fingerprint::kHashSeed0;
  uint64_t top = 1;
  for (size_t i = 1; i < kGramTokens; ++i) top *= kBase;
  uint64_t sum = 0;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (i >= kGramTokens) sum -= raw[i - kGramTokens] * top;
    sum = sum * kBase + raw[i];
    if (i + 1 < kGramTokens) continue;
    take(FoldedProduct(sum ^ fingerprint::kHashSeed1, fingerprint::kHashSeed2),
         i + 1 - kGramTokens);
  }
}

struct Place {
  uint64_t hash = 0;
  uint32_t output = 0;
  uint32_t token = 0;
  bool operator<(const Place& other) const { return hash < other.hash; }
};

class RawGrams {
 public:
  explicit RawGrams(const std::vector<ModelOutput>& outputs)
      : filter_(size_t{1} << (kFilterBits - 6)) {
    fingerprint::TokenStream tokens;
    for (size_t i = 0; i < outputs.size(); ++i) {
      Lex(outputs[i].text, LanguageOf(outputs[i]), &tokens);
      raw_.emplace_back(tokens.raw().begin(), tokens.raw().end());
      EachGram(raw_.back(), [&](uint64_t hash, size_t begin) {
        if (begin % kStep != 0) return;
        places_.push_back(
            {hash, static_cast<uint32_t>(i), static_cast<uint32_t>(begin)});
        const uint64_t bit = hash >> (64 - kFilterBits);
        filter_[bit >> 6] |= uint64_t{1} << (bit & 63);
      });
    }
    std::sort(places_.begin(), places_.end());
  }

  // Calls `shared(output)` for each output that has `tokens_min` of `raw`, in
  // runs of kAncestryRunTokens.
  template <typename Shared>
  void Find(std::span<const uint64_t> raw, size_t tokens_min,
            const Shared& shared) const {
    // Of each output the runs, by where they begin there.
    std::map<uint32_t, std::map<size_t, size_t>> runs;
    EachGram(raw, [&](uint64_t hash, size_t begin) {
      const uint64_t bit = hash >> (64 - kFilterBits);
      if ((filter_[bit >> 6] >> (bit & 63) & 1) == 0) return;
      auto at = std::lower_bound(places_.begin(), places_.end(), Place{hash});
      for (; at != places_.end() && at->hash == hash; ++at) {
        const auto [from, tokens] = RunAround(raw, begin, *at);
        if (tokens >= kAncestryRunTokens) runs[at->output][from] = tokens;
      }
    });
    for (const auto& [output, found] : runs) {
      size_t tokens = 0;
      size_t until = 0;
      for (const auto& [from, count] : found) {
        tokens += from + count - std::min(from + count, std::max(until, from));
        until = std::max(until, from + count);
      }
      if (tokens >= tokens_min) shared(output);
    }
  }

 private:
  // The longest common run that holds those two places: where it begins in the
  // output, and its tokens.
  std::pair<size_t, size_t> RunAround(std::span<const uint64_t> raw,
                                      size_t begin, const Place& place) const {
    const std::vector<uint64_t>& other = raw_[place.output];
    size_t before = 0;
    while (before < begin && before < place.token &&
           raw[begin - before - 1] == other[place.token - before - 1])
      ++before;
    size_t after = 0;
    while (begin + after < raw.size() && place.token + after < other.size() &&
           raw[begin + after] == other[place.token + after])
      ++after;
    return {place.token - before, before + after};
  }

  std::vector<std::vector<uint64_t>> raw_;
  std::vector<Place> places_;  // by hash
  std::vector<uint64_t> filter_;
};

}  // namespace

std::vector<bool> SharesAncestry(const std::vector<ModelOutput>& outputs,
                                 const std::vector<HumanFile>& human) {
  const RawGrams grams(outputs);
  auto shares = std::make_unique<std::atomic<bool>[]>(outputs.size());
  std::vector<fingerprint::TokenStream> streams(BenchThreads());
  ForEach(human.size(), BenchThreads(), [&](size_t thread, size_t i) {
    Lex(ReadFileText(human[i].path), fingerprint::LanguageOfPath(human[i].path),
        &streams[thread]);
    grams.Find(streams[thread].raw(), kAncestryTokens, [&](uint32_t output) {
      shares[output].store(true, std::memory_order_relaxed);
    });
  });
  std::vector<bool> result(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    result[i] = shares[i] ||
                std::ranges::count(
                    kKnownCopies, std::pair<std::string_view, std::string_view>(
                                      outputs[i].package, outputs[i].path)) > 0;
  }
  return result;
}

class SharedRuns::Grams : public RawGrams {
 public:
  using RawGrams::RawGrams;
};

SharedRuns::SharedRuns(const std::vector<ModelOutput>& outputs)
    : grams_(std::make_unique<Grams>(outputs)) {}
SharedRuns::~SharedRuns() = default;

bool SharedRuns::Has(std::string_view text,
                     fingerprint::Language language) const {
  fingerprint::TokenStream tokens;
  Lex(text, language, &tokens);
  bool has = false;
  grams_->Find(tokens.raw(), kAncestryRunTokens, [&](uint32_t) { has = true; });
  return has;
}

}  // namespace cofferdam::bench
