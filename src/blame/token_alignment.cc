#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "blame/token_alignment_internal.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::blame {
namespace {

using fingerprint::EvidenceStream;
using fingerprint::TokenKind;

// Seeds are so many tokens with the same names.
constexpr uint32_t kSeedTokens = 5;
// Places of one seed in the document that are looked at.
constexpr size_t kPlacesMax = 48;
// Runs of one output that are chained, and those before one that are tried.
constexpr size_t kRunsMax = size_t{1} << 14;
constexpr size_t kLookBack = 96;
// A gap is compared token by token if it has at most so many pairs, ...
constexpr size_t kGapCellsMax = size_t{1} << 18;
// ... and so many tokens before the first and after the last run are tried.
constexpr uint32_t kEndTokens = 48;
// What of an output stands in a better chain is a copy from this share on.
constexpr double kAgainShare = 0.5;

// What a token tells, in bits: its class, and its name. About what they tell
// in code of any language; half of what identifiers tell is their name.
constexpr double kIdentifierBits = 0.5;
constexpr double kNameBits = 2.5;
constexpr double kRenamedBits = -3;
// A run goes on over what tells against it up to so many bits.
constexpr double kDropBits = 30;
constexpr double kNumberBits = 2;
constexpr double kStringBits = 1.5;
constexpr double kLiteralBits = 2;
// A long string is nobody else's by chance; its name has eight bits.
constexpr double kLongStringBits = 6;
constexpr uint32_t kLongStringBytes = 24;
constexpr double kOperatorBits = 0.9;
constexpr double kKeywordBits = 2;
constexpr double kWordBits = 3;

uint64_t Symbol(uint8_t normal, uint8_t name) {
  // Literals are compared by class: a formatter may write them otherwise.
  return normal == 0 ? 256u + name : normal;
}

// The token's name were it written with the other quotation marks.
uint8_t OtherQuotes(std::string_view token) {
  const size_t open = token.find_first_of("'\"");
  if (open == std::string_view::npos || token.size() < open + 2) return 0;
  const char quote = token[open];
  if (token.back() != quote) return 0;
  const char other = quote == '"' ? '\'' : '"';
  std::string changed(token);
  // Black writes prefixes in small letters.
  for (size_t i = 0; i < open; ++i) {
    if (changed[i] >= 'A' && changed[i] <= 'Z')
      changed[i] = static_cast<char>(changed[i] - 'A' + 'a');
  }
  const size_t width = changed.substr(open, 3) == std::string(3, quote) &&
                               changed.size() >= open + 6
                           ? 3
                           : 1;
  for (size_t i = 0; i < width; ++i) {
    changed[open + i] = other;
    changed[changed.size() - 1 - i] = other;
  }
  const uint64_t hash = fingerprint::HashToken(changed.data(), changed.size(),
                                               changed.data() + changed.size());
  return static_cast<uint8_t>(hash >> 56);
}

double GapCost(uint32_t document, uint32_t output) {
  if (document == 0 && output == 0) return 0;
  const auto longer = static_cast<double>(std::max(document, output));
  const auto shift =
      std::fabs(static_cast<double>(document) - static_cast<double>(output));
  return 1 + 0.5 * std::log2(1 + longer) + 0.5 * std::log2(1 + shift);
}

}  // namespace

struct AlignedDocument::Run {
  uint32_t document = 0;
  uint32_t output = 0;
  uint32_t length = 0;
  double bits = 0;
};

AlignedDocument::AlignedDocument(const fingerprint::TokenStream& tokens,
                                 std::string_view text)
    : tokens_(tokens) {
  const auto size = static_cast<uint32_t>(tokens.size());
  normal_.resize(size);
  name_.resize(size);
  other_name_.resize(size);
  for (uint32_t i = 0; i < size; ++i) {
    normal_[i] = fingerprint::EvidenceByte(tokens.normal()[i]);
    if (normal_[i] > 2) continue;
    name_[i] = static_cast<uint8_t>(tokens.raw()[i] >> 56);
    if (normal_[i] == 2) {
      other_name_[i] = OtherQuotes(
          text.substr(tokens.begin()[i], tokens.end()[i] - tokens.begin()[i]));
    }
  }
  for (uint32_t i = 0; i + kSeedTokens <= size; ++i) {
    uint64_t hash = 0;
    for (uint32_t k = 0; k < kSeedTokens; ++k)
      hash = hash * 521 + Symbol(normal_[i + k], name_[i + k]);
    grams_.push_back({hash, i});
  }
  std::sort(grams_.begin(), grams_.end(), [](const Gram& a, const Gram& b) {
    return std::pair(a.hash, a.token) < std::pair(b.hash, b.token);
  });
}

double AlignedDocument::Bits(uint32_t token, bool exact) const {
  switch (tokens_.kind()[token]) {
    case TokenKind::kIdentifier:
      return kIdentifierBits + (exact ? kNameBits : kRenamedBits);
    case TokenKind::kNumber:
      return exact ? kNumberBits : 0;
    case TokenKind::kString:
      if (!exact) return kStringBits;
      return kStringBits +
             (tokens_.end()[token] - tokens_.begin()[token] >= kLongStringBytes
                  ? kLongStringBits
                  : kLiteralBits);
    case TokenKind::kKeyword:
      return kKeywordBits;
    case TokenKind::kOperator:
      return kOperatorBits;
    case TokenKind::kWord:
      return kWordBits;
  }
  return 0;
}

// Adds the run through a seed that tells most.
void AlignedDocument::AddRun(uint32_t token, uint32_t output,
                             const EvidenceStream& stream,
                             std::vector<Run>* runs) const {
  const auto bits = [&](uint32_t i, uint32_t j) {
    return Bits(i, Exact(i, stream, j));
  };
  Run run = {token, output, kSeedTokens, 0};
  for (uint32_t i = 0; i < kSeedTokens; ++i)
    run.bits += bits(token + i, output + i);
  double sum = 0;
  double best = 0;
  for (uint32_t back = 1; back <= std::min(token, output) &&
                          Same(token - back, stream, output - back);
       ++back) {
    sum += bits(token - back, output - back);
    if (sum < best - kDropBits) break;
    if (sum <= best) continue;
    best = sum;
    run.document = token - back;
    run.output = output - back;
  }
  run.bits += best;
  run.length += token - run.document;
  sum = best = 0;
  const uint32_t on_max =
      std::min(static_cast<uint32_t>(size()) - token,
               static_cast<uint32_t>(stream.size()) - output);
  uint32_t end = kSeedTokens;
  for (uint32_t on = kSeedTokens;
       on < on_max && Same(token + on, stream, output + on); ++on) {
    sum += bits(token + on, output + on);
    if (sum < best - kDropBits) break;
    if (sum <= best) continue;
    best = sum;
    end = on + 1;
  }
  run.bits += best;
  run.length += end - kSeedTokens;
  runs->push_back(run);
}

std::vector<AlignedDocument::Run> AlignedDocument::FindRuns(
    const EvidenceStream& stream) const {
  std::vector<Run> runs;
  // By diagonal: how far the last run on it goes in the document.
  std::vector<uint32_t> until(size() + stream.size() + 1);
  const auto output_size = static_cast<uint32_t>(stream.size());
  for (uint32_t j = 0; j + kSeedTokens <= output_size; ++j) {
    uint64_t hash = 0;
    for (uint32_t k = 0; k < kSeedTokens; ++k)
      hash = hash * 521 + Symbol(stream.normal[j + k], stream.name[j + k]);
    auto at = std::lower_bound(
        grams_.begin(), grams_.end(), hash,
        [](const Gram& gram, uint64_t h) { return gram.hash < h; });
    for (size_t places = 0;
         at != grams_.end() && at->hash == hash && places < kPlacesMax;
         ++at, ++places) {
      uint32_t& reached = until[at->token + output_size - j];
      if (at->token < reached || runs.size() == kRunsMax) continue;
      AddRun(at->token, j, stream, &runs);
      reached = runs.back().document + runs.back().length;
    }
  }
  return runs;
}

// Of an output too small for seeds: all its tokens in a row, on lines of their
// own, in one place only.
std::vector<TokenChain> AlignedDocument::Whole(
    const EvidenceStream& stream) const {
  std::vector<TokenChain> found;
  const auto length = static_cast<uint32_t>(stream.size());
  const auto document_size = static_cast<uint32_t>(size());
  for (uint32_t i = 0; i + length <= document_size; ++i) {
    if (i > 0 && line(i) == line(i - 1)) continue;
    if (i + length < document_size && line(i + length) == line(i + length - 1))
      continue;
    uint32_t same = 0;
    while (same < length && Exact(i + same, stream, same)) ++same;
    if (same < length) continue;
    if (!found.empty()) return {};
    TokenChain& chain = found.emplace_back();
    for (uint32_t k = 0; k < length; ++k) {
      chain.pairs.push_back({i + k, k, true});
      chain.bits += Bits(i + k, true);
    }
  }
  return found;
}

// Pairs what is the same in a gap: a longest common subsequence by bits, in
// which pairs that follow each other count more.
void AlignedDocument::Fill(uint32_t document_begin, uint32_t document_end,
                           uint32_t output_begin, uint32_t output_end,
                           const EvidenceStream& stream,
                           std::vector<TokenPair>* pairs) const {
  const size_t rows = document_end - document_begin;
  const size_t columns = output_end - output_begin;
  if (rows == 0 || columns == 0 || rows * columns > kGapCellsMax) return;
  constexpr float kFollows = 0.5F;
  std::vector<float> best((rows + 1) * (columns + 1), 0);
  std::vector<float> ends((rows + 1) * (columns + 1), 0);
  const auto at = [columns](size_t i, size_t j) {
    return i * (columns + 1) + j;
  };
  const auto document = [&](size_t i) {
    return static_cast<uint32_t>(document_begin + i);
  };
  const auto output = [&](size_t j) {
    return static_cast<uint32_t>(output_begin + j);
  };
  for (size_t i = 1; i <= rows; ++i) {
    for (size_t j = 1; j <= columns; ++j) {
      best[at(i, j)] = std::max(best[at(i - 1, j)], best[at(i, j - 1)]);
      if (!Exact(document(i - 1), stream, output(j - 1))) continue;
      const float before = ends[at(i - 1, j - 1)];
      ends[at(i, j)] = static_cast<float>(Bits(document(i - 1), true)) +
                       std::max(best[at(i - 1, j - 1)],
                                before > 0 ? before + kFollows : 0.0F);
      best[at(i, j)] = std::max(best[at(i, j)], ends[at(i, j)]);
    }
  }
  const size_t first = pairs->size();
  for (size_t i = rows, j = columns; i > 0 && j > 0;) {
    if (ends[at(i, j)] > 0 && ends[at(i, j)] >= best[at(i, j)]) {
      pairs->push_back({document(i - 1), output(j - 1), true});
      --i;
      --j;
    } else {
      --(best[at(i - 1, j)] >= best[at(i, j - 1)] ? i : j);
    }
  }
  std::reverse(pairs->begin() + static_cast<ptrdiff_t>(first), pairs->end());
}

// The pairs of runs that follow each other, and of what lies between them.
TokenChain AlignedDocument::Join(const std::vector<Run>& runs,
                                 const EvidenceStream& stream) const {
  TokenChain chain;
  uint32_t document = runs.front().document;
  uint32_t output = runs.front().output;
  Fill(document - std::min(document, kEndTokens), document,
       output - std::min(output, kEndTokens), output, stream, &chain.pairs);
  for (const Run& run : runs) {
    // Where two runs overlap, the one before keeps what it has.
    uint32_t skip = 0;
    if (document > run.document) skip = document - run.document;
    if (output > run.output) skip = std::max(skip, output - run.output);
    if (skip >= run.length) continue;
    Fill(document, run.document + skip, output, run.output + skip, stream,
         &chain.pairs);
    for (uint32_t i = skip; i < run.length; ++i) {
      chain.pairs.push_back({run.document + i, run.output + i,
                             Exact(run.document + i, stream, run.output + i)});
    }
    document = run.document + run.length;
    output = run.output + run.length;
  }
  const auto document_size = static_cast<uint32_t>(size());
  const auto output_size = static_cast<uint32_t>(stream.size());
  Fill(document, std::min(document_size, document + kEndTokens), output,
       std::min(output_size, output + kEndTokens), stream, &chain.pairs);
  return chain;
}

std::vector<TokenChain> AlignedDocument::Align(const EvidenceStream& stream,
                                               double bits_min,
                                               size_t chains_max) const {
  if (stream.size() == 0) return {};
  std::vector<Run> runs = FindRuns(stream);
  if (runs.empty()) return Whole(stream);
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) {
    return std::tuple(a.document, a.output) < std::tuple(b.document, b.output);
  });
  struct Link {
    double score = 0;
    ptrdiff_t before = -1;
  };
  std::vector<TokenChain> chains;
  std::vector<bool> used_runs(runs.size());
  std::vector<uint32_t> used(stream.size());
  while (chains.size() < chains_max) {
    // Again for each chain, since what is used up joins no other.
    std::vector<Link> links(runs.size());
    ptrdiff_t best = -1;
    for (size_t i = 0; i < runs.size(); ++i) {
      if (used_runs[i]) continue;
      links[i].score = runs[i].bits;
      size_t looked = 0;
      for (size_t j = i; j-- > 0 && looked < kLookBack;) {
        if (used_runs[j]) continue;
        ++looked;
        const Run& before = runs[j];
        const Run& after = runs[i];
        if (before.document >= after.document || before.output >= after.output)
          continue;
        const uint32_t document_end = before.document + before.length;
        const uint32_t output_end = before.output + before.length;
        uint32_t overlap = 0;
        if (document_end > after.document)
          overlap = document_end - after.document;
        if (output_end > after.output)
          overlap = std::max(overlap, output_end - after.output);
        if (overlap >= after.length) continue;
        const double kept =
            after.bits * (after.length - overlap) / after.length;
        const double cost = GapCost(after.document + overlap - document_end,
                                    after.output + overlap - output_end);
        const double score = links[j].score + kept - cost;
        if (score > links[i].score)
          links[i] = {score, static_cast<ptrdiff_t>(j)};
      }
      if (best < 0 || links[i].score > links[static_cast<size_t>(best)].score)
        best = static_cast<ptrdiff_t>(i);
    }
    if (best < 0 || links[static_cast<size_t>(best)].score < bits_min) break;
    std::vector<Run> path;
    for (ptrdiff_t i = best; i >= 0; i = links[static_cast<size_t>(i)].before) {
      path.push_back(runs[static_cast<size_t>(i)]);
      used_runs[static_cast<size_t>(i)] = true;
    }
    std::reverse(path.begin(), path.end());
    TokenChain chain = Join(path, stream);
    chain.bits = links[static_cast<size_t>(best)].score;
    size_t again = 0;
    for (const TokenPair& pair : chain.pairs) again += used[pair.output]++ > 0;
    chain.again = static_cast<double>(again) >
                  kAgainShare * static_cast<double>(chain.pairs.size());
    chains.push_back(std::move(chain));
  }
  return chains;
}

}  // namespace cofferdam::blame
