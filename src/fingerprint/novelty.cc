#include "fingerprint/novelty.h"

#include <algorithm>
#include <bit>

#include "fingerprint/language.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {
namespace {

// Whole tokens in kept byte ranges; both are sorted.
void MarkKept(const TokenStream& output,
              std::span<const std::pair<size_t, size_t>> kept,
              std::vector<char>* quoted) {
  size_t range = 0;
  for (size_t i = 0; i < output.size(); ++i) {
    while (range < kept.size() && kept[range].second <= output.begin()[i]) {
      ++range;
    }
    if (range == kept.size()) return;
    if (kept[range].first <= output.begin()[i] &&
        output.end()[i] <= kept[range].second) {
      (*quoted)[i] = 1;
    }
  }
}

template <typename Prompt>
void MarkQuoted(const TokenStream& output, const Prompt& prompt,
                std::vector<char>* quoted) {
  std::vector<uint64_t> grams;
  HashGrams(output.raw(), kQuoteGram, &grams);
  size_t marked = 0;
  for (size_t i = 0; i < grams.size(); ++i) {
    if (!prompt.HasRaw(grams[i])) continue;
    for (size_t j = std::max(i, marked); j < i + kQuoteGram; ++j) {
      (*quoted)[j] = 1;
    }
    marked = i + kQuoteGram;
  }
}

// A normalised gram may reach over what is quoted: where only some names of a
// text were changed, what lies between them is short.
template <typename Prompt>
void MarkEchoed(const TokenStream& output, const Prompt& prompt,
                const std::vector<char>& quoted, std::vector<char>* echoed) {
  std::vector<uint64_t> grams;
  HashGrams(output.normal(), kEchoGram, &grams);
  size_t marked = 0;
  for (size_t i = 0; i < grams.size(); ++i) {
    if (!prompt.HasNormal(grams[i])) continue;
    for (size_t j = std::max(i, marked); j < i + kEchoGram; ++j) {
      (*echoed)[j] = quoted[j] == 0;
    }
    marked = i + kEchoGram;
  }
}

bool AllMarked(const std::vector<char>& marked, size_t begin, size_t count) {
  const auto from = marked.begin() + static_cast<ptrdiff_t>(begin);
  return std::all_of(from, from + static_cast<ptrdiff_t>(count),
                     [](char one) { return one != 0; });
}

std::vector<TokenRange> Ranges(const std::vector<char>& marked) {
  std::vector<TokenRange> ranges;
  for (size_t i = 0; i < marked.size();) {
    if (!marked[i]) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < marked.size() && marked[end]) ++end;
    ranges.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(end)});
    i = end;
  }
  return ranges;
}

// Adds the short fingerprints of the words of stretch [begin, end).
void AddProse(const TokenStream& output, size_t begin, size_t end,
              const std::vector<char>& echoed, SelectScratch* scratch,
              std::vector<OutputFingerprint>* fingerprints) {
  std::vector<Fingerprint> selected;
  SelectProse(output.normal().subspan(begin, end - begin), &scratch->hashes,
              &selected);
  for (const Fingerprint& one : selected) {
    const auto kinds = output.kind().subspan(begin + one.token, kProseGram);
    if (!std::all_of(kinds.begin(), kinds.end(),
                     [](TokenKind kind) { return kind == TokenKind::kWord; })) {
      continue;
    }
    fingerprints->push_back(
        {.hash = one.hash,
         .token = static_cast<uint32_t>(begin + one.token),
         .echo = AllMarked(echoed, begin + one.token, kProseGram)});
  }
}

template <typename Prompt>
SortedOutput SortBy(const TokenStream& output,
                    std::span<const std::pair<size_t, size_t>> kept,
                    const Prompt& prompt) {
  std::vector<char> quoted(output.size(), 0);
  MarkQuoted(output, prompt, &quoted);
  MarkKept(output, kept, &quoted);

  SortedOutput sorted;
  sorted.quoted = Ranges(quoted);
  std::vector<char> echoed(output.size(), 0);
  MarkEchoed(output, prompt, quoted, &echoed);
  SelectScratch scratch;
  const bool prose =
      output.Uses(Language::kProse) || output.Uses(Language::kMarkdown);
  std::vector<OutputFingerprint> short_ones;
  const auto stretch = [&](size_t begin, size_t end) {
    HashKGrams(output.normal().subspan(begin, end - begin), &scratch.hashes);
    scratch.positions.clear();
    Winnow(scratch.hashes, &scratch.positions);
    for (const uint32_t at : scratch.positions) {
      sorted.fingerprints.push_back(
          {.hash = scratch.hashes[at],
           .token = static_cast<uint32_t>(begin + at),
           .echo = AllMarked(echoed, begin + at, kGram)});
    }
    if (prose) AddProse(output, begin, end, echoed, &scratch, &short_ones);
  };
  size_t begin = 0;
  for (const TokenRange& range : sorted.quoted) {
    stretch(begin, range.begin);
    begin = range.end;
  }
  stretch(begin, output.size());
  if (!short_ones.empty()) {
    const size_t middle = sorted.fingerprints.size();
    sorted.fingerprints.insert(sorted.fingerprints.end(), short_ones.begin(),
                               short_ones.end());
    std::inplace_merge(
        sorted.fingerprints.begin(),
        sorted.fingerprints.begin() + static_cast<ptrdiff_t>(middle),
        sorted.fingerprints.end(),
        [](const OutputFingerprint& a, const OutputFingerprint& b) {
          return a.token < b.token;
        });
  }
  sorted.echoed = Ranges(echoed);
  return sorted;
}

}  // namespace

void HashSet::Reserve(size_t count) {
  if (count * 2 <= slots_.size()) return;
  std::vector<uint64_t> old = std::move(slots_);
  slots_.assign(std::bit_ceil(std::max<size_t>(count * 2, 64)), 0);
  const size_t mask = slots_.size() - 1;
  for (const uint64_t hash : old) {
    if (hash == 0) continue;
    size_t at = hash & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = hash;
  }
}

void HashSet::Insert(uint64_t hash) {
  if (hash == 0) {
    size_ += !has_zero_;
    has_zero_ = true;
    return;
  }
  Reserve(size_ + 1);
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at] != 0) {
    if (slots_[at] == hash) return;
    at = (at + 1) & mask;
  }
  slots_[at] = hash;
  ++size_;
}

void HashSet::InsertAll(std::span<const uint64_t> hashes) {
  Reserve(size_ + hashes.size());
  for (const uint64_t hash : hashes) Insert(hash);
}

bool HashSet::Contains(uint64_t hash) const {
  if (hash == 0) return has_zero_;
  if (slots_.empty()) return false;
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at] != 0; at = (at + 1) & mask) {
    if (slots_[at] == hash) return true;
  }
  return false;
}

void PromptGrams::Add(const TokenStream& tokens) {
  HashGrams(tokens.raw(), kQuoteGram, &scratch_);
  raw_.InsertAll(scratch_);
  HashGrams(tokens.normal(), kEchoGram, &scratch_);
  normal_.InsertAll(scratch_);
}

void PromptGrams::AddText(std::string_view text, uint64_t languages) {
  for (int i = 0; i < kLanguageCount; ++i) {
    if (((languages >> i) & 1) == 0) continue;
    Lex(text, static_cast<Language>(i), &tokens_);
    Add(tokens_);
  }
}

SortedOutput SortOutput(const TokenStream& output,
                        std::span<const std::pair<size_t, size_t>> kept,
                        const PromptGrams& prompt) {
  return SortBy(output, kept, prompt);
}

SortedOutput SortOutput(const TokenStream& output,
                        std::span<const std::pair<size_t, size_t>> kept,
                        const PromptSearch& prompt) {
  return SortBy(output, kept, prompt);
}

}  // namespace cofferdam::fingerprint
