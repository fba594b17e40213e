#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "evidence/fuse_map.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::evidence {

// A back-off model of evidence bytes (Katz, "Estimation of probabilities from
// sparse data", 1987, with absolute discounting), pruned to what tells
// something and kept in a FuseMap. A gram that is kept has the probability of
// its last byte after the others, and the weight that what is not kept after
// it has. With a gram, all its shorter endings are kept.

// Lengths of grams: all up to 9 bytes, then two long ones for boilerplate.
inline constexpr size_t kModelLengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 21};
inline constexpr size_t kModelDense = 9;  // so many of them rise by one

// A value: -log2 of the probability in eighths of a bit, and above it -log2 of
// the weight in halves of a bit.
inline constexpr int kModelProbabilityBits = 7;
inline constexpr int kModelWeightBits = 4;
inline constexpr int kModelValueBits = kModelProbabilityBits + kModelWeightBits;
inline constexpr int kModelFingerprintBits = 9;
// A byte that the model has never seen.
inline constexpr unsigned kUnseenEighths = 12 * 8;

inline uint32_t ModelValue(unsigned eighths, unsigned weight_halves) {
  return eighths | weight_halves << kModelProbabilityBits;
}

// Grams are hashed from their last byte to their first, so that a longer one
// goes on where a shorter one ended.
inline constexpr uint64_t kModelHashBegin = 0x2545f4914f6cdd1d;
inline uint64_t ModelHashStep(uint64_t hash, uint8_t byte_before) {
  return fingerprint::FoldedProduct(
      hash ^ (uint64_t{byte_before} + 1) * fingerprint::kHashSeed1,
      fingerprint::kHashSeed0);
}

// Replaces `eighths` by the surprise of each byte of `text` after those before
// it, at most 255.
void ModelEighths(const FuseMap& model, std::span<const uint8_t> text,
                  std::vector<uint8_t>* eighths);
// The same of the bytes from `begin` to `end` alone, the first of `eighths`
// being that of `begin`.
void ModelEighths(const FuseMap& model, std::span<const uint8_t> text,
                  size_t begin, size_t end, std::span<uint8_t> eighths);

// Lowers `eighths` to what a reader who remembers the text so far would need:
// where the last kRepeatContextMin bytes or more stood before, the byte that
// followed them is foretold, the surer the longer that went well. Never raises.
inline constexpr size_t kRepeatContextMin = 4;
inline constexpr size_t kRepeatContextMax = 32;
void LowerByRepetition(std::span<const uint8_t> text,
                       std::vector<uint8_t>* eighths);

// What the model is made of: the bytes of one family's documents, one after
// the other.
struct ModelText {
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> document_ends;  // rising; the last is bytes.size()
};

// Keeps a gram if it occurs at least `count_min` times and knowing it saves at
// least `gain_bits_min` bits on the text. Occurrences in one document beyond
// `document_count_max` do not count. About 40 bytes of memory a byte of text.
struct ModelOptions {
  double gain_bits_min = 24;
  uint32_t count_min = 3;
  uint32_t document_count_max = 4;
};
Result<BuiltFuseMap> BuildByteModel(const ModelText& text,
                                    const ModelOptions& options);

}  // namespace cofferdam::evidence
