#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <optional>

#include "evidence/align_internal.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::EvidenceStream;
using fingerprint::TokenRange;

// Of a token's worth, what its name adds if it is the same.
constexpr double kNameWorth = 0.1;

int64_t Diagonal(const Seed& seed) {
  return int64_t{seed.document} - int64_t{seed.output};
}

bool SeedHolds(const Seed& seed, uint32_t tokens,
               std::span<const uint8_t> document,
               std::span<const uint8_t> output, const TokenRange& stretch) {
  // The index compares part of a hash only, so a seed may be a chance hit.
  return uint64_t{seed.document} + tokens <= document.size() &&
         uint64_t{seed.output} + tokens <= stretch.end &&
         std::equal(document.begin() + seed.document,
                    document.begin() + seed.document + tokens,
                    output.begin() + seed.output);
}

SharedRun Longest(const Seed& seed, uint32_t tokens,
                  std::span<const uint8_t> document,
                  std::span<const uint8_t> output, const TokenRange& stretch) {
  uint32_t back = 0;
  uint32_t back_max = std::min(seed.document, seed.output - stretch.begin);
  while (back < back_max &&
         document[seed.document - back - 1] == output[seed.output - back - 1]) {
    ++back;
  }
  uint32_t on = tokens;
  auto on_max = static_cast<uint32_t>(std::min<size_t>(
      document.size() - seed.document, stretch.end - seed.output));
  while (on < on_max &&
         document[seed.document + on] == output[seed.output + on]) {
    ++on;
  }
  return {seed.document - back, seed.output - back, back + on};
}

// A run's place in the best chain that ends with it.
struct Link {
  double score = 0;
  int32_t before = -1;
};

uint32_t Overlap(const SharedRun& before, const SharedRun& after) {
  uint32_t document_end = before.document + before.length;
  uint32_t output_end = before.output + before.length;
  uint32_t overlap = 0;
  if (document_end > after.document) overlap = document_end - after.document;
  if (output_end > after.output)
    overlap = std::max(overlap, output_end - after.output);
  return overlap;
}

// What `after` adds to a chain that ends with `before`; none when it does not
// follow it.
std::optional<double> Gain(const SharedRun& before, const SharedRun& after,
                           const AlignCosts& costs) {
  if (before.document >= after.document || before.output >= after.output)
    return std::nullopt;
  uint32_t overlap = Overlap(before, after);
  if (overlap >= after.length) return std::nullopt;
  uint32_t document_gap =
      after.document + overlap - (before.document + before.length);
  uint32_t output_gap =
      after.output + overlap - (before.output + before.length);
  if (document_gap > kGapTokensMax || output_gap > costs.output_gap_max)
    return std::nullopt;
  return costs.token_worth * (after.length - overlap) -
         GapCost(document_gap, output_gap);
}

// Whether a pair of equal normalised tokens has the same name, too.
bool SameName(const SharedRun& run, uint32_t at, const DocumentTokens& document,
              const EvidenceStream& stream) {
  uint32_t output = run.output + at;
  return stream.normal[output] <= 2 &&
         document.raw[run.document + at] >> 56 == stream.name[output];
}

bool BeginsLine(const DocumentTokens& document, uint32_t token) {
  return token == 0 || token >= document.line.size() ||
         document.line[token] != document.line[token - 1];
}

// What a run is worth by itself. Names that are the same count a little, so
// that of a table's rows each is taken for itself and not for the next one.
double Worth(const SharedRun& run, const DocumentTokens& document,
             const EvidenceStream& stream, const AlignCosts& costs) {
  uint32_t names = 0;
  for (uint32_t i = 0; i < run.length; ++i)
    names += SameName(run, i, document, stream);
  return costs.token_worth * (run.length + kNameWorth * names);
}

// Shortens `left` and `right`, of which one follows the other, until they do
// not overlap: of the last `overlap` tokens of the one and the first of the
// other, which stand for the same, some go to each.
void Separate(uint32_t overlap, const DocumentTokens& document,
              const EvidenceStream& stream, SharedRun* left, SharedRun* right) {
  if (overlap == 0) return;
  // `cut` tokens of the overlap stay with the left, which keeps one at least.
  uint32_t cut_min = left->length > overlap ? 0 : overlap - left->length + 1;
  double names = 0;
  for (uint32_t i = cut_min; i < overlap; ++i)
    names += SameName(*right, i, document, stream);
  double best_score = -1;
  uint32_t best = overlap;
  for (uint32_t cut = cut_min; cut <= overlap; ++cut) {
    uint32_t left_length = left->length - (overlap - cut);
    if (cut > cut_min) {
      names -= SameName(*right, cut - 1, document, stream);
      names += SameName(*left, left_length - 1, document, stream);
    }
    double score = names +
                   0.25 * BeginsLine(document, left->document + left_length) +
                   0.25 * BeginsLine(document, right->document + cut);
    if (score >= best_score) {
      best_score = score;
      best = cut;
    }
  }
  left->length -= overlap - best;
  right->document += best;
  right->output += best;
  right->length -= best;
}

// Cuts the runs of a chain where they overlap; those that lose much of the
// document by it are added to `lost` as they were.
void SeparateAll(const DocumentTokens& document, const EvidenceStream& stream,
                 std::vector<SharedRun>* chain,
                 std::vector<std::vector<SharedRun>>* lost) {
  auto lost_much = [](const SharedRun& before, const SharedRun& after) {
    uint32_t cut = before.length - after.length;
    return cut >= fingerprint::kGuarantee || 2 * cut > before.length;
  };
  for (size_t i = 1; i < chain->size(); ++i) {
    SharedRun& left = (*chain)[i - 1];
    SharedRun& right = (*chain)[i];
    SharedRun left_before = left;
    SharedRun right_before = right;
    Separate(Overlap(left, right), document, stream, &left, &right);
    if (left.document + left.length == right.document) continue;
    if (lost_much(left_before, left)) lost->push_back({left_before});
    if (lost_much(right_before, right)) lost->push_back({right_before});
  }
}

}  // namespace

AlignCosts CostsOf(fingerprint::Language language) {
  if (!fingerprint::IsProse(language)) return {};
  return {.seed_tokens = fingerprint::kProseGram,
          .token_worth = 4,
          .output_gap_max = 256,
          .run_tokens_min = 2};
}

double GapCost(uint32_t document_tokens, uint32_t output_tokens) {
  // A gap costs 5 bits to open and a tenth for each token, a substitution 4
  // (facts: prototype of the evidence model).
  double opened = 0;
  for (uint32_t tokens : {document_tokens, output_tokens}) {
    if (tokens > 0) opened += 5 + 0.1 * tokens;
  }
  if (document_tokens == 0 || output_tokens == 0) return opened;
  double replaced = 4.0 * std::max(document_tokens, output_tokens);
  return std::min(opened, replaced);
}

TokenRange StretchAround(const EvidenceStream& stream, uint32_t token) {
  auto size = static_cast<uint32_t>(stream.size());
  auto after = std::upper_bound(
      stream.quoted.begin(), stream.quoted.end(), token,
      [](uint32_t t, const TokenRange& range) { return t < range.begin; });
  uint32_t begin = 0;
  if (after != stream.quoted.begin()) {
    begin = std::prev(after)->end;
    if (begin > token) return {token, token};
  }
  return {begin, after == stream.quoted.end() ? size : after->begin};
}

ExtendResult Extend(std::vector<Seed>* seeds, std::span<const uint8_t> document,
                    const EvidenceStream& stream, const AlignCosts& costs,
                    size_t runs_max, uint64_t compared_max,
                    uint64_t* compared) {
  ExtendResult result;
  std::sort(seeds->begin(), seeds->end(), [](const Seed& a, const Seed& b) {
    return std::pair(Diagonal(a), a.document) <
           std::pair(Diagonal(b), b.document);
  });
  // Seeds of one diagonal lie in the same run until it ends.
  int64_t diagonal = 0;
  uint32_t covered = 0;
  for (const Seed& seed : *seeds) {
    if (Diagonal(seed) != diagonal) covered = 0;
    diagonal = Diagonal(seed);
    if (seed.document < covered) continue;
    if (*compared >= compared_max) {
      ++result.seeds_dropped;
      continue;
    }
    if (seed.output >= stream.size()) continue;
    TokenRange stretch = StretchAround(stream, seed.output);
    if (!SeedHolds(seed, costs.seed_tokens, document, stream.normal, stretch))
      continue;
    SharedRun run =
        Longest(seed, costs.seed_tokens, document, stream.normal, stretch);
    *compared += run.length;
    covered = run.document + run.length;
    if (result.runs.size() == runs_max) {
      ++result.runs_dropped;
    } else {
      result.runs.push_back(run);
    }
  }
  return result;
}

std::vector<std::vector<SharedRun>> Chain(std::vector<SharedRun> runs,
                                          const DocumentTokens& document,
                                          const EvidenceStream& stream,
                                          const AlignCosts& costs) {
  std::sort(runs.begin(), runs.end(),
            [](const SharedRun& a, const SharedRun& b) {
              return std::pair(a.document, a.output) <
                     std::pair(b.document, b.output);
            });
  std::vector<Link> links(runs.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    const double alone = Worth(runs[i], document, stream, costs);
    const double by_names = alone - costs.token_worth * runs[i].length;
    links[i].score = alone;
    for (size_t j = i - std::min(i, kChainLookBack); j < i; ++j) {
      std::optional<double> gain = Gain(runs[j], runs[i], costs);
      if (!gain) continue;
      const double score = links[j].score + *gain + by_names;
      if (score > links[i].score) links[i] = {score, static_cast<int32_t>(j)};
    }
  }
  std::vector<size_t> order(runs.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(-links[a].score, a) < std::pair(-links[b].score, b);
  });
  std::vector<bool> used(runs.size());
  std::vector<std::vector<SharedRun>> chains;
  std::vector<std::vector<SharedRun>> lost;
  for (size_t last : order) {
    std::vector<SharedRun> chain;
    for (auto i = static_cast<int32_t>(last); i >= 0 && !used[i];
         i = links[i].before) {
      used[i] = true;
      chain.push_back(runs[i]);
    }
    if (chain.empty()) continue;
    std::reverse(chain.begin(), chain.end());
    SeparateAll(document, stream, &chain, &lost);
    chains.push_back(std::move(chain));
  }
  std::move(lost.begin(), lost.end(), std::back_inserter(chains));
  return chains;
}

namespace {

// What is equal between both sides of a gap, relative to its begin.
std::vector<SharedRun> RunsInGap(const DocumentTokens& document,
                                 uint32_t document_from, uint32_t rows,
                                 const EvidenceStream& stream,
                                 uint32_t output_from, uint32_t columns,
                                 const AlignCosts& costs,
                                 GapAlignment* alignment) {
  std::vector<bool> open;
  if (!stream.quoted.empty()) {
    open.resize(columns);
    for (uint32_t j = 0; j < columns; ++j) {
      const TokenRange stretch = StretchAround(stream, output_from + j);
      open[j] = stretch.begin < stretch.end;
    }
  }
  std::vector<SharedRun> runs;
  alignment->Align(document.normal.subspan(document_from, rows),
                   std::span(stream.normal).subspan(output_from, columns), open,
                   &runs, costs.run_tokens_min);
  return runs;
}

}  // namespace

void FillGaps(const DocumentTokens& document, const EvidenceStream& stream,
              const AlignCosts& costs, std::vector<SharedRun>* chain,
              GapAlignment* alignment) {
  std::vector<SharedRun> filled;
  for (const SharedRun& run : *chain) {
    if (!filled.empty()) {
      uint32_t document_from = filled.back().document + filled.back().length;
      uint32_t output_from = filled.back().output + filled.back().length;
      uint32_t document_gap = run.document - document_from;
      uint32_t output_gap = run.output - output_from;
      if (std::min(document_gap, output_gap) >= costs.run_tokens_min &&
          std::max<size_t>(document_gap, output_gap) <= kAlignedTokensMax) {
        for (const SharedRun& found :
             RunsInGap(document, document_from, document_gap, stream,
                       output_from, output_gap, costs, alignment)) {
          filled.push_back({document_from + found.document,
                            output_from + found.output, found.length});
        }
      }
    }
    filled.push_back(run);
  }
  *chain = std::move(filled);
}

namespace {

// How many of `runs`, counted from the chain's side, are worth their gaps.
// `gap` tells the tokens between run i and what stands before it on that side.
template <typename GapBefore>
size_t WorthTheirGaps(size_t count, const GapBefore& gap,
                      const AlignCosts& costs,
                      const std::vector<SharedRun>& from_chain) {
  double gained = 0;
  double best = 0;
  size_t worth = 0;
  for (size_t i = 0; i < count; ++i) {
    auto [document_gap, output_gap] = gap(i);
    gained += costs.token_worth * from_chain[i].length -
              GapCost(document_gap, output_gap);
    if (gained > best) {
      best = gained;
      worth = i + 1;
    }
  }
  return worth;
}

void FillBefore(const DocumentTokens& document, const EvidenceStream& stream,
                const AlignCosts& costs, std::vector<SharedRun>* chain,
                GapAlignment* alignment) {
  const SharedRun first = chain->front();
  uint32_t rows = std::min(first.document, kEndTokensMax);
  uint32_t columns = std::min(first.output, kEndTokensMax);
  if (std::min(rows, columns) < costs.run_tokens_min) return;
  uint32_t document_from = first.document - rows;
  uint32_t output_from = first.output - columns;
  std::vector<SharedRun> found =
      RunsInGap(document, document_from, rows, stream, output_from, columns,
                costs, alignment);
  std::reverse(found.begin(), found.end());
  auto gap = [&](size_t i) {
    uint32_t document_until = i == 0 ? rows : found[i - 1].document;
    uint32_t output_until = i == 0 ? columns : found[i - 1].output;
    return std::pair(document_until - found[i].document - found[i].length,
                     output_until - found[i].output - found[i].length);
  };
  found.resize(WorthTheirGaps(found.size(), gap, costs, found));
  for (SharedRun& run : found) {
    run.document += document_from;
    run.output += output_from;
  }
  chain->insert(chain->begin(), found.rbegin(), found.rend());
}

void FillAfter(const DocumentTokens& document, const EvidenceStream& stream,
               const AlignCosts& costs, std::vector<SharedRun>* chain,
               GapAlignment* alignment) {
  const SharedRun last = chain->back();
  uint32_t document_from = last.document + last.length;
  uint32_t output_from = last.output + last.length;
  auto rows = static_cast<uint32_t>(
      std::min<size_t>(document.normal.size() - document_from, kEndTokensMax));
  auto columns = static_cast<uint32_t>(
      std::min<size_t>(stream.size() - output_from, kEndTokensMax));
  if (std::min(rows, columns) < costs.run_tokens_min) return;
  std::vector<SharedRun> found =
      RunsInGap(document, document_from, rows, stream, output_from, columns,
                costs, alignment);
  auto gap = [&](size_t i) {
    SharedRun before = i == 0 ? SharedRun{} : found[i - 1];
    return std::pair(found[i].document - before.document - before.length,
                     found[i].output - before.output - before.length);
  };
  found.resize(WorthTheirGaps(found.size(), gap, costs, found));
  for (SharedRun& run : found) {
    run.document += document_from;
    run.output += output_from;
  }
  chain->insert(chain->end(), found.begin(), found.end());
}

}  // namespace

void FillEnds(const DocumentTokens& document, const EvidenceStream& stream,
              const AlignCosts& costs, std::vector<SharedRun>* chain,
              GapAlignment* alignment) {
  FillBefore(document, stream, costs, chain, alignment);
  FillAfter(document, stream, costs, chain, alignment);
}

}  // namespace cofferdam::evidence
