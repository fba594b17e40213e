#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "fingerprint/lex.h"

namespace cofferdam::fingerprint {

// Which grams of some outputs stand in a prompt, for many prompts that share
// texts. It decides as PromptGrams does, the other way round: the outputs are
// small and the prompt is large, so the grams of the outputs make the set, and
// those of the prompt, which a TextGramsCache keeps per text, run past it.

// The grams of one text lexed in one language: the hashes of its raw 20-grams
// and of its normalised 20-grams, in their order. 16 bytes a token.
struct TextGrams {
  std::vector<uint64_t> raw;
  std::vector<uint64_t> normal;
};

// The grams of texts that were asked for lately, so that what prompts share,
// with the prompt before in their session or with other sessions, is lexed
// once. Texts are told apart by their length and 128 bits of a hash that is
// seeded anew for each cache, so that nobody can prepare two that collide. Not
// for concurrent use.
class TextGramsCache {
 public:
  // Texts below are lexed each time: that costs no more than a look-up.
  static constexpr size_t kTextBytesMin = 64;
  // What an entry takes beside its grams, about.
  static constexpr size_t kEntryBytes = 192;

  // Keeps at most `bytes_max`, least recently used first to go; 0 keeps none.
  TextGramsCache(size_t bytes_max, Random& random);

  // Which text is meant, computed once for all languages.
  struct Key {
    uint64_t hash[2] = {0, 0};
    uint64_t size = 0;
    int language = -1;
    bool operator==(const Key&) const = default;
  };
  Key KeyOf(std::string_view text) const;

  // Valid until the next call. `key` is KeyOf(text).
  const TextGrams& Get(Key key, std::string_view text, Language language);

  size_t bytes() const { return bytes_; }
  uint64_t lexed_bytes() const { return lexed_bytes_; }

 private:
  struct Entry {
    Key key;
    TextGrams grams;
    size_t bytes = 0;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return key.hash[0] + static_cast<size_t>(key.language);
    }
  };
  const TextGrams& Lex(std::string_view text, Language language);

  const size_t bytes_max_;
  uint64_t seeds_[2];
  size_t bytes_ = 0;
  uint64_t lexed_bytes_ = 0;
  std::list<Entry> entries_;  // the last used first
  std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> places_;
  TokenStream tokens_;
  TextGrams scratch_;
};

// Some hashes that are looked for, and which of them have been seen.
class WantedGrams {
 public:
  void Want(std::span<const uint64_t> hashes);
  void See(std::span<const uint64_t> hashes);
  // False for one that is not wanted.
  bool Seen(uint64_t hash) const;
  bool empty() const { return size_ == 0 && !wants_zero_; }

 private:
  void Grow(size_t count);
  void MakeFilter();
  // Where `hash` is, or the empty slot where it would be.
  size_t PlaceOf(uint64_t hash) const;

  std::vector<uint64_t> slots_;  // 0 is an empty slot
  std::vector<uint8_t> seen_;
  size_t size_ = 0;
  bool wants_zero_ = false;
  bool zero_seen_ = false;
  // One bit for the top bits of each wanted hash: nearly every gram of a
  // prompt is passed over without a look at the slots.
  std::vector<uint64_t> filter_;
  int filter_shift_ = 0;
};

// What SortOutput asks of a prompt, of which only `Want`ed outputs are sorted.
// Texts may be added after some outputs have been sorted.
class PromptSearch {
 public:
  void Want(const TokenStream& output);
  void Add(const TextGrams& text);
  // Adds `text` in every language of the set (bits as in
  // TokenStream::languages), as PromptGrams::AddText does.
  void AddText(std::string_view text, uint64_t languages,
               TextGramsCache* cache);

  bool HasRaw(uint64_t quote_gram) const { return raw_.Seen(quote_gram); }
  bool HasNormal(uint64_t echo_gram) const { return normal_.Seen(echo_gram); }

 private:
  WantedGrams raw_;
  WantedGrams normal_;
  std::vector<uint64_t> scratch_;
};

}  // namespace cofferdam::fingerprint
