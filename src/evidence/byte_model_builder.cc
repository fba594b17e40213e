#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "evidence/byte_model.h"

namespace cofferdam::evidence {
namespace {

constexpr double kDiscount = 0.75;
constexpr unsigned kWeightHalvesMax = (1u << kModelWeightBits) - 1;
constexpr unsigned kEighthsMax = (1u << kModelProbabilityBits) - 1;
constexpr double kWeightMin = 1.0 / 256;

double Share(unsigned eighths) { return std::exp2(-double(eighths) / 8); }

unsigned Eighths(double likely) {
  return static_cast<unsigned>(
      std::lround(std::clamp<double>(-8 * std::log2(likely), 0, kEighthsMax)));
}

unsigned WeightHalves(double kept_share, double kept_lower) {
  const double weight = std::clamp(
      (1 - kept_share) / std::max(1 - kept_lower, 1e-6), kWeightMin, 1.0);
  return std::min(kWeightHalvesMax,
                  static_cast<unsigned>(std::lround(-2 * std::log2(weight))));
}

// One occurrence of a gram: where it ends, and the hash of its context with
// the last byte in the low bits, so that sorting brings together the grams of
// a context, and the occurrences of a gram by their place.
struct Occurrence {
  uint64_t key = 0;
  uint32_t at = 0;

  uint64_t context() const { return key >> 8; }
};

// By key; equal keys stay in their order. Several times as fast as comparing,
// and most of a build is this. `spare` is reused memory.
void SortByKey(std::vector<Occurrence>* all, std::vector<Occurrence>* spare) {
  constexpr int kDigitBits = 11;
  constexpr size_t kDigits = size_t{1} << kDigitBits;
  spare->resize(all->size());
  for (int shift = 0; shift < 64; shift += kDigitBits) {
    std::array<size_t, kDigits> place{};
    for (const Occurrence& one : *all) {
      ++place[one.key >> shift & (kDigits - 1)];
    }
    size_t before = 0;
    for (size_t& count : place) before += std::exchange(count, before);
    for (const Occurrence& one : *all) {
      (*spare)[place[one.key >> shift & (kDigits - 1)]++] = one;
    }
    all->swap(*spare);
  }
}

// A gram among those that go on from one context.
struct Gram {
  std::span<const Occurrence> all;
  double count = 0;
  double lower = 0;  // its probability without it
  bool keep = false;
  unsigned eighths = 0;
};

// Goes from short grams to long ones. For every place in the text it knows the
// longest gram kept so far that ends there, and how likely the byte is by what
// was kept so far.
class Trainer {
 public:
  Trainer(const ModelText& text, const ModelOptions& options)
      : text_(text.bytes),
        options_(options),
        document_(text_.size()),
        offset_(text_.size()),
        depth_(text_.size()),
        likely_(text_.size(), 1.0f / 256),
        entry_(text_.size()),
        hash_(text_.size(), kModelHashBegin) {
    uint32_t at = 0;
    for (uint32_t number = 0; number < text.document_ends.size(); ++number) {
      const uint32_t begin = at;
      for (; at < text.document_ends[number]; ++at) {
        document_[at] = number;
        offset_[at] = static_cast<uint8_t>(std::min(at - begin, 255u));
      }
    }
    CHECK(at == text_.size());
  }

  Result<BuiltFuseMap> Train() {
    size_t before = 0;
    for (const size_t length : kModelLengths) {
      TrainLength(length, before);
      before = length;
    }
    return BuildFuseMap(keys_, values_, kModelFingerprintBits, kModelValueBits);
  }

 private:
  void TrainLength(size_t length, size_t before) {
    Collect(length, before);
    SortByKey(&occurrences_, &spare_);
    context_entry_ = entry_;
    const std::span<const Occurrence> all = occurrences_;
    for (size_t i = 0; i < all.size();) {
      size_t end = i + 1;
      while (end < all.size() && all[end].context() == all[i].context()) ++end;
      TrainContext(all.subspan(i, end - i), length, before);
      i = end;
    }
  }

  // The places whose context is in the model; for a long gram, whose context
  // ends in one that is.
  void Collect(size_t length, size_t before) {
    occurrences_.clear();
    const size_t context_min = std::min(length, kModelDense) - 1;
    for (size_t i = 0; i < text_.size(); ++i) {
      if (offset_[i] + 1u < length) continue;
      if (length > 1 && depth_[i - 1] < context_min) continue;
      uint64_t context = kModelHashBegin;
      for (size_t back = 1; back < length; ++back) {
        context = ModelHashStep(context, text_[i - back]);
      }
      occurrences_.push_back({.key = (context & ~uint64_t{255}) | text_[i],
                              .at = static_cast<uint32_t>(i)});
    }
    for (const Occurrence& one : occurrences_) {
      if (depth_[one.at] < before) continue;
      uint64_t& hash = hash_[one.at];
      for (size_t back = before; back < length; ++back) {
        hash = ModelHashStep(hash, text_[one.at - back]);
      }
    }
  }

  double CountOf(std::span<const Occurrence> gram) const {
    size_t count = 0;
    for (size_t i = 0; i < gram.size();) {
      size_t end = i + 1;
      while (end < gram.size() &&
             document_[gram[end].at] == document_[gram[i].at]) {
        ++end;
      }
      count += std::min<size_t>(end - i, options_.document_count_max);
      i = end;
    }
    return static_cast<double>(count);
  }

  void TrainContext(std::span<const Occurrence> all, size_t length,
                    size_t before) {
    grams_.clear();
    double total = 0;
    for (size_t i = 0; i < all.size();) {
      size_t end = i + 1;
      while (end < all.size() && all[end].key == all[i].key) ++end;
      const auto gram = all.subspan(i, end - i);
      const double count =
          length == 1 ? static_cast<double>(gram.size()) : CountOf(gram);
      grams_.push_back(
          {.all = gram, .count = count, .lower = likely_[all[i].at]});
      total += count;
      i = end;
    }
    const double left = kDiscount * static_cast<double>(grams_.size()) / total;
    double kept_share = 0;
    double kept_lower = 0;
    for (Gram& gram : grams_) {
      const double likely =
          (gram.count - kDiscount) / total + left * gram.lower;
      gram.keep = length == 1 || Tells(gram, likely, left, before);
      if (!gram.keep) continue;
      gram.eighths = Eighths(likely);
      kept_share += Share(gram.eighths);
      kept_lower += gram.lower;
    }
    if (kept_share == 0) return;
    const bool weighs = length > 1 && length <= kModelDense;
    const unsigned halves = weighs ? WeightHalves(kept_share, kept_lower) : 0;
    if (weighs) {
      const uint32_t context = context_entry_[all.front().at - 1];
      values_[context] |= halves << kModelProbabilityBits;
    }
    Apply(length, Share(4 * halves));
  }

  // Whether a gram is worth its place. Its shorter ending must be kept, for it
  // is looked up after that.
  bool Tells(const Gram& gram, double likely, double left,
             size_t before) const {
    if (gram.count < options_.count_min ||
        depth_[gram.all.front().at] != before) {
      return false;
    }
    const double without = std::max(left, kWeightMin) * gram.lower;
    return gram.count * std::log2(likely / without) >= options_.gain_bits_min;
  }

  void Apply(size_t length, double weight) {
    for (const Gram& gram : grams_) {
      if (!gram.keep) {
        for (const Occurrence& one : gram.all) {
          likely_[one.at] *= static_cast<float>(weight);
        }
        continue;
      }
      for (const Occurrence& one : gram.all) {
        likely_[one.at] = static_cast<float>(Share(gram.eighths));
        depth_[one.at] = static_cast<uint8_t>(length);
        entry_[one.at] = static_cast<uint32_t>(keys_.size());
      }
      keys_.push_back(hash_[gram.all.front().at]);
      values_.push_back(ModelValue(gram.eighths, 0));
    }
  }

  std::span<const uint8_t> text_;
  const ModelOptions options_;
  std::vector<uint32_t> document_;
  std::vector<uint8_t> offset_;  // in its document, at most 255
  std::vector<uint8_t> depth_;   // length of the longest gram kept
  std::vector<float> likely_;
  std::vector<uint32_t> entry_;  // of the longest gram kept
  std::vector<uint32_t> context_entry_;
  std::vector<uint64_t> hash_;
  std::vector<Occurrence> occurrences_;
  std::vector<Occurrence> spare_;
  std::vector<Gram> grams_;
  std::vector<uint64_t> keys_;
  std::vector<uint32_t> values_;
};

}  // namespace

Result<BuiltFuseMap> BuildByteModel(const ModelText& text,
                                    const ModelOptions& options) {
  return Trainer(text, options).Train();
}

}  // namespace cofferdam::evidence
