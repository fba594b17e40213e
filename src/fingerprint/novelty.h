#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fingerprint/lex.h"
#include "fingerprint/prompt_search.h"
#include "fingerprint/select.h"

namespace cofferdam::fingerprint {

// Sorts an output into what it quotes from its prompt, what echoes it, and
// what is the model's own (DESIGN, "What is the model's own").

// A run of this many raw tokens that stands in the prompt is a quotation.
inline constexpr size_t kQuoteGram = 20;
// One of this many normalised tokens is an echo. Of k-grams, 100 KB of a
// repository hold a third of whatever else is written in it; of these, a tenth;
// of 32 tokens a twenty-fifth, but those miss what a person changed here and
// there (`./bench recall`, texts of persons in prompts).
inline constexpr size_t kEchoGram = 20;

// Half-open range of tokens.
struct TokenRange {
  uint32_t begin = 0;
  uint32_t end = 0;

  bool operator==(const TokenRange&) const = default;
};

// A set of 64-bit hashes: open addressing, never shrinks.
class HashSet {
 public:
  void Insert(uint64_t hash);
  void InsertAll(std::span<const uint64_t> hashes);
  bool Contains(uint64_t hash) const;
  size_t size() const { return size_; }

 private:
  void Reserve(size_t count);
  std::vector<uint64_t> slots_;  // 0 is an empty slot
  size_t size_ = 0;
  bool has_zero_ = false;
};

// What a prompt holds: its raw 20-grams and its normalised 20-grams. Grams do
// not cross from one added text to the next. About 16 bytes of memory per
// token and set. The plain way, for one prompt; the indexer, which sees prompts
// that share most of their texts, uses PromptSearch.
class PromptGrams {
 public:
  void Add(const TokenStream& tokens);

  // Lexes `text` in every language of the set `languages` (bits as in
  // TokenStream::languages) and adds it. A quotation is recognised only where
  // prompt and output were lexed alike, so pass the union of the languages of
  // the outputs that will be sorted. Line numbers that tools put before lines
  // are the caller's to remove (wire::ReadPrompt does).
  void AddText(std::string_view text, uint64_t languages);

  bool HasRaw(uint64_t quote_gram) const { return raw_.Contains(quote_gram); }
  bool HasNormal(uint64_t echo_gram) const {
    return normal_.Contains(echo_gram);
  }
  size_t size() const { return raw_.size() + normal_.size(); }

 private:
  HashSet raw_;
  HashSet normal_;
  TokenStream tokens_;
  std::vector<uint64_t> scratch_;
};

// An output after sorting. Ranges are sorted, disjoint and not adjacent.
struct SortedOutput {
  // Tokens inside a matched raw 20-gram or inside a kept byte range.
  std::vector<TokenRange> quoted;
  // Unquoted tokens inside a run of kEchoGram tokens whose normalised form
  // stands in the prompt.
  std::vector<TokenRange> echoed;
  // Fingerprints of the stretches between quotations, by rising token; of one
  // token, that of prose comes last.
  std::vector<OutputFingerprint> fingerprints;
};

// `kept` are byte ranges of the output's text that nobody wrote in this
// exchange (wire::Part::kept as pairs begin, end), sorted and disjoint; a
// token is kept when it lies in one whole. Every maximal run of unquoted
// tokens is a stretch and is winnowed by itself, so no k-gram with a quoted
// token has a posting. A k-gram of a stretch that is echoed throughout is
// echoed, else novel.
SortedOutput SortOutput(const TokenStream& output,
                        std::span<const std::pair<size_t, size_t>> kept,
                        const PromptGrams& prompt);
// The same; `prompt` must have been told to want `output`.
SortedOutput SortOutput(const TokenStream& output,
                        std::span<const std::pair<size_t, size_t>> kept,
                        const PromptSearch& prompt);

}  // namespace cofferdam::fingerprint
