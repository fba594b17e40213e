#include "benches/ancestry.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>

#include "fingerprint/lex.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::bench {
namespace {

using fingerprint::FoldedProduct;

// Of the outputs, every kStep-th run of kGramTokens is kept, so that each run
// of kAncestryTokens holds one; of the human files, all are looked up.
constexpr size_t kStep = 16;
constexpr size_t kGramTokens = kAncestryTokens - kStep + 1;
// Few enough to stay in a core's cache; one look-up in fifty goes on.
constexpr int kFilterBits = 26;

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

class Grams {
 public:
  explicit Grams(const std::vector<ModelOutput>& outputs)
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

  // Calls `shared(output)` for each run of kAncestryTokens of `raw` that
  // stands in an output.
  template <typename Shared>
  void Find(std::span<const uint64_t> raw, const Shared& shared) const {
    EachGram(raw, [&](uint64_t hash, size_t begin) {
      const uint64_t bit = hash >> (64 - kFilterBits);
      if ((filter_[bit >> 6] >> (bit & 63) & 1) == 0) return;
      auto at = std::lower_bound(places_.begin(), places_.end(), Place{hash});
      for (; at != places_.end() && at->hash == hash; ++at)
        if (RunAround(raw, begin, *at) >= kAncestryTokens) shared(at->output);
    });
  }

 private:
  // Tokens of the longest common run that holds those two places.
  size_t RunAround(std::span<const uint64_t> raw, size_t begin,
                   const Place& place) const {
    const std::vector<uint64_t>& other = raw_[place.output];
    size_t before = 0;
    while (before < begin && before < place.token &&
           raw[begin - before - 1] == other[place.token - before - 1])
      ++before;
    size_t after = 0;
    while (begin + after < raw.size() && place.token + after < other.size() &&
           raw[begin + after] == other[place.token + after])
      ++after;
    return before + after;
  }

  std::vector<std::vector<uint64_t>> raw_;
  std::vector<Place> places_;  // by hash
  std::vector<uint64_t> filter_;
};

}  // namespace

std::vector<bool> SharesAncestry(const std::vector<ModelOutput>& outputs,
                                 const std::vector<HumanFile>& human) {
  const Grams grams(outputs);
  auto shares = std::make_unique<std::atomic<bool>[]>(outputs.size());
  std::vector<fingerprint::TokenStream> streams(BenchThreads());
  ForEach(human.size(), BenchThreads(), [&](size_t thread, size_t i) {
    Lex(ReadFileText(human[i].path), fingerprint::LanguageOfPath(human[i].path),
        &streams[thread]);
    grams.Find(streams[thread].raw(), [&](uint32_t output) {
      shares[output].store(true, std::memory_order_relaxed);
    });
  });
  std::vector<bool> result(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) result[i] = shares[i];
  return result;
}

}  // namespace cofferdam::bench
