#include "fingerprint/prompt_search.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"
#include "fingerprint/novelty.h"
#include "fingerprint/select.h"

namespace cofferdam::fingerprint {

TextGramsCache::TextGramsCache(size_t bytes_max, Random& random)
    : bytes_max_(bytes_max) {
  random.Fill({reinterpret_cast<uint8_t*>(seeds_), sizeof seeds_});
}

TextGramsCache::Key TextGramsCache::KeyOf(std::string_view text) const {
  if (text.size() < kTextBytesMin || bytes_max_ == 0) return {};
  return {{Hash64(text, seeds_[0]), Hash64(text, seeds_[1])}, text.size(), -1};
}

const TextGrams& TextGramsCache::Lex(std::string_view text, Language language) {
  fingerprint::Lex(text, language, &tokens_);
  lexed_bytes_ += text.size();
  HashGrams(tokens_.raw(), kQuoteGram, &scratch_.raw);
  HashGrams(tokens_.normal(), kEchoGram, &scratch_.normal);
  return scratch_;
}

const TextGrams& TextGramsCache::Get(Key key, std::string_view text,
                                     Language language) {
  if (text.size() < kTextBytesMin || bytes_max_ == 0) {
    return Lex(text, language);
  }
  key.language = static_cast<int>(language);
  if (const auto place = places_.find(key); place != places_.end()) {
    entries_.splice(entries_.begin(), entries_, place->second);
    return place->second->grams;
  }
  const TextGrams& grams = Lex(text, language);
  const size_t bytes =
      kEntryBytes + (grams.raw.size() + grams.normal.size()) * sizeof(uint64_t);
  if (bytes > bytes_max_) return grams;
  while (bytes_ + bytes > bytes_max_) {
    bytes_ -= entries_.back().bytes;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, grams, bytes});  // a copy has no room to spare
  places_[key] = entries_.begin();
  bytes_ += bytes;
  return entries_.front().grams;
}

size_t WantedGrams::PlaceOf(uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask;
  return at;
}

void WantedGrams::Grow(size_t count) {
  if (count * 2 <= slots_.size()) return;
  const std::vector<uint64_t> old = std::move(slots_);
  const std::vector<uint8_t> old_seen = std::move(seen_);
  slots_.assign(std::bit_ceil(std::max<size_t>(count * 2, 64)), 0);
  seen_.assign(slots_.size(), 0);
  for (size_t i = 0; i < old.size(); ++i) {
    if (old[i] == 0) continue;
    const size_t at = PlaceOf(old[i]);
    slots_[at] = old[i];
    seen_[at] = old_seen[i];
  }
}

void WantedGrams::Want(std::span<const uint64_t> hashes) {
  Grow(size_ + hashes.size());
  for (const uint64_t hash : hashes) {
    if (hash == 0) {
      wants_zero_ = true;
      continue;
    }
    const size_t at = PlaceOf(hash);
    size_ += slots_[at] == 0;
    slots_[at] = hash;
  }
  filter_.clear();
}

void WantedGrams::MakeFilter() {
  const size_t bits = std::bit_ceil(std::max<size_t>(size_ * 16, 1024));
  filter_shift_ = 64 - std::countr_zero(bits);
  filter_.assign(bits / 64, 0);
  const auto add = [this](uint64_t hash) {
    const uint64_t bit = hash >> filter_shift_;
    filter_[bit / 64] |= uint64_t{1} << (bit % 64);
  };
  for (const uint64_t hash : slots_) {
    if (hash != 0) add(hash);
  }
  if (wants_zero_) add(0);
}

void WantedGrams::See(std::span<const uint64_t> hashes) {
  if (empty()) return;
  if (filter_.empty()) MakeFilter();
  const uint64_t* const filter = filter_.data();
  const int shift = filter_shift_;
  for (const uint64_t hash : hashes) {
    const uint64_t bit = hash >> shift;
    if (((filter[bit / 64] >> (bit % 64)) & 1) == 0) continue;
    if (hash == 0) {
      zero_seen_ = wants_zero_;
      continue;
    }
    if (slots_.empty()) continue;
    const size_t at = PlaceOf(hash);
    seen_[at] |= slots_[at] == hash;
  }
}

bool WantedGrams::Seen(uint64_t hash) const {
  if (hash == 0) return zero_seen_;
  if (slots_.empty()) return false;
  const size_t at = PlaceOf(hash);
  return slots_[at] == hash && seen_[at] != 0;
}

void PromptSearch::Want(const TokenStream& output) {
  HashGrams(output.raw(), kQuoteGram, &scratch_);
  raw_.Want(scratch_);
  HashGrams(output.normal(), kEchoGram, &scratch_);
  normal_.Want(scratch_);
}

void PromptSearch::Add(const TextGrams& text) {
  raw_.See(text.raw);
  normal_.See(text.normal);
}

void PromptSearch::AddText(std::string_view text, uint64_t languages,
                           TextGramsCache* cache) {
  if (raw_.empty() && normal_.empty()) return;
  const TextGramsCache::Key key = cache->KeyOf(text);
  for (int i = 0; i < kLanguageCount; ++i) {
    if (((languages >> i) & 1) == 0) continue;
    Add(cache->Get(key, text, static_cast<Language>(i)));
  }
}

}  // namespace cofferdam::fingerprint
