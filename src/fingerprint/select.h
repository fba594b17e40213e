#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cofferdam::fingerprint {

// Winnowing as in Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms
// for document fingerprinting", SIGMOD 2003: of every w consecutive k-grams
// the one with the least hash is a fingerprint. Two texts that share a run of
// w + k - 1 tokens share a whole window, hence its least hash.
inline constexpr size_t kGram = 12;                        // k, tokens
inline constexpr size_t kWindow = 4;                       // w, k-grams
inline constexpr size_t kGuarantee = kWindow + kGram - 1;  // 15 tokens

// Prose is fingerprinted a second time, by grams so short that they survive
// where every third word was changed: of all grams of kProseGram words those
// whose hash is below 2^64 / kProseOneIn. Chosen by their own hash alone, since
// a change beside a gram must not take it away; what guarantees that a shared
// run is found is winnowing. They more than double the fingerprints of prose.
inline constexpr size_t kProseGram = 5;
inline constexpr uint64_t kProseOneIn = 2;

// A selected k-gram: its hash and its first token.
struct Fingerprint {
  uint64_t hash = 0;
  uint32_t token = 0;

  bool operator==(const Fingerprint&) const = default;
};

// A fingerprint of an output. `echo`: its normalised form stands in the
// exchange's prompt, so that alone it supports at most `ambiguous`.
struct OutputFingerprint {
  uint64_t hash = 0;
  uint32_t token = 0;
  bool echo = false;

  bool operator==(const OutputFingerprint&) const = default;
};

// The hashes of all grams of `length` (1..63) tokens, replacing `out`: out[i]
// covers tokens[i, i + length). Empty when there are fewer tokens. Stable
// across versions and machines, for it stands in segments.
void HashGrams(std::span<const uint64_t> tokens, size_t length,
               std::vector<uint64_t>* out);

inline void HashKGrams(std::span<const uint64_t> tokens,
                       std::vector<uint64_t>* out) {
  HashGrams(tokens, kGram, out);
}

// Appends the positions of the winnowed k-grams, rising. Fewer than w k-grams
// give their minimum, none gives none. Of equal hashes the rightmost counts.
void Winnow(std::span<const uint64_t> gram_hashes,
            std::vector<uint32_t>* positions);

// Replaces `out` by the fingerprints of one stretch of normalised tokens, by
// rising token. `scratch` is reused memory; it may be a fresh object.
struct SelectScratch {
  std::vector<uint64_t> hashes;
  std::vector<uint32_t> positions;
};
void SelectMinimizers(std::span<const uint64_t> normal, SelectScratch* scratch,
                      std::vector<Fingerprint>* out);

// Replaces `out` by the short fingerprints of one stretch of prose, by rising
// token. `hashes` is reused memory.
void SelectProse(std::span<const uint64_t> normal,
                 std::vector<uint64_t>* hashes, std::vector<Fingerprint>* out);

// The same in two arrays, for look-ups of many at once, and with the vector
// instructions of this machine. One per thread; keeps its memory.
class Selection {
 public:
  // By rising token, until the next Select.
  std::span<const uint64_t> hashes() const { return {hashes_.data(), size_}; }
  std::span<const uint32_t> tokens() const { return {tokens_.data(), size_}; }
  size_t size() const { return size_; }

  void Select(std::span<const uint64_t> normal);

 private:
  void Reserve(size_t grams);
  // Longer than size_: memory that is kept for reuse.
  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> tokens_;
  std::vector<uint64_t> grams_;
  size_t size_ = 0;
};

}  // namespace cofferdam::fingerprint
