#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/token_model.h"
#include "fingerprint/language.h"
#include "fingerprint/novelty.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {

// What people have written: how surprising a token is after those before it,
// which k-grams are common, and which stretches are prior art. Built by
// `background build` from human text, one file a layer: one that ships, made of
// text from before models wrote, and those of a company's own repositories.
// Format: docs/formats/background.md.
//
// A layer has a date, and all of its text is older. It says something about an
// exchange only if the exchange is not older than the layer: text that came
// later may be the exchange's own output. Callers pass the time of the
// exchange.

inline constexpr uint32_t kBackgroundVersion = 1;
inline constexpr size_t kBackgroundLayersMax = 16;
inline constexpr size_t kSourcesBytesMax = size_t{16} << 20;

// 2021-01-01: text from before is nobody's output.
inline constexpr int64_t kHumanBeforeMicros = 1'609'459'200'000'000;

// Prior art is known by grams of this many normalised tokens, of which
// winnowing with this window chooses.
inline constexpr size_t kPriorGram = 20;
inline constexpr size_t kPriorWindow = 16;
// A stretch is prior art if the chosen grams in a row that are known hold this
// many different ones: fewer may be a coincidence of 8-bit fingerprints, or an
// idiom that is repeated, such as accessors.
inline constexpr size_t kPriorRunMin = 4;
// Any stretch of at least this many tokens that stands in the background as
// it is, and does not repeat itself, is marked but for its ends.
inline constexpr size_t kPriorGuarantee =
    kPriorRunMin * kPriorWindow + kPriorGram - 1;

// A k-gram is common if this many projects hold it.
inline constexpr size_t kCommonProjectsMin = 3;

// Text written in one of these is counted together.
enum class Family : uint8_t {
  kProse,
  kPython,
  kC,
  kJava,  // and C#, Kotlin, Scala, Swift
  kJavaScript,
  kGo,
  kRust,
  kPhp,
  kRuby,  // and Perl
  kShell,
  kOther,
};
inline constexpr int kFamilyCount = 11;
Family FamilyOf(fingerprint::Language language);
// "prose", "python", … : stable, for JSON and messages.
std::string_view FamilyName(Family family);

// What one layer holds, for people.
struct BackgroundInfo {
  std::string name;         // the file, or "background" for bytes
  int64_t date_micros = 0;  // all of its text is older
  uint64_t projects = 0;
  uint64_t documents = 0;
  uint64_t tokens = 0;
  uint64_t common_grams = 0;
  uint64_t prior_grams = 0;
  uint64_t model_grams = 0;  // of the token models of all families
  uint64_t bytes = 0;
  uint64_t digest = 0;  // XXH3 of the header, which holds all checksums
};

// Immutable; any number of threads may use it at once.
class Background {
 public:
  // Which checksums are compared; bounds are always checked, so that no
  // content can lead outside the mapping.
  enum class Verify { kHeader, kContents };

  // Without layers: nothing is common, nothing prior art, and every token has
  // the bits that kNoModelEighths says.
  Background();
  // One layer a file, mapped. kCorrupt for a file that breaks the format,
  // kInvalid for another version, kTooLarge beyond kBackgroundLayersMax.
  static Result<Background> Open(std::span<const std::string> files,
                                 Verify verify = Verify::kHeader);
  // Over bytes that the caller keeps.
  static Result<Background> OverBytes(std::span<const std::string_view> layers,
                                      Verify verify = Verify::kHeader);
  // The layer in `built_in`, which the caller keeps, then those of `files`.
  static Result<Background> OpenWith(std::string_view built_in,
                                     std::span<const std::string> files,
                                     Verify verify = Verify::kHeader);
  Background(Background&&) noexcept;
  Background& operator=(Background&&) noexcept;
  ~Background();

  // Whether the normalised k-gram (HashKGrams) is one that people of several
  // projects wrote, by layers that say something about an exchange of then:
  // it proposes nothing. True by accident for one in 256. Without a time: by
  // layers of text from before models wrote, which hold for any exchange.
  bool IsCommon(uint64_t k_gram,
                int64_t exchange_micros = kHumanBeforeMicros) const;
  // Asks for what IsCommon(k_gram) will read.
  void PrefetchCommon(uint64_t k_gram) const;

  // A family's model with fewer grams than this is helped by that of C.
  static constexpr uint64_t kThinModelGrams = uint64_t{1} << 16;
  // Replaces `eighths` by -log2 P, in eighths of a bit, of each token of an
  // evidence stream's normal bytes given those before it: a back-off model of
  // the family, over all admitted layers the least, and never more than what
  // the stream itself foretells, since repetition proves nothing. About
  // 100 ns a token and layer.
  static constexpr uint8_t kNoModelEighths = 5 * 8;
  void TokenBits(Family family, std::span<const uint8_t> normal_bytes,
                 int64_t exchange_micros, std::vector<uint8_t>* eighths) const;
  void TokenBits(fingerprint::Language language,
                 std::span<const uint8_t> normal_bytes, int64_t exchange_micros,
                 std::vector<uint8_t>* eighths) const {
    TokenBits(FamilyOf(language), normal_bytes, exchange_micros, eighths);
  }
  // The two steps of it, as TokenModel has them.
  static void BitsOfRepetition(std::span<const uint8_t> normal_bytes,
                               std::vector<uint8_t>* eighths);
  void LowerBits(Family family, std::span<const uint8_t> normal_bytes,
                 int64_t exchange_micros, size_t begin, size_t end,
                 std::span<uint8_t> eighths) const;

  // Replaces `stretches` by the ranges of `normal` (TokenStream::normal of a
  // document) that stand in human text of an admitted layer, rising and
  // disjoint.
  void PriorArt(std::span<const uint64_t> normal, int64_t exchange_micros,
                std::vector<fingerprint::TokenRange>* stretches) const;

  size_t layers() const;
  BackgroundInfo info(size_t layer) const;
  // What the builder was told of the layer's sources: JSON, opaque here.
  std::string_view sources(size_t layer) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// TokenBits for exchanges of one time, as others take it. `background` must
// outlive it.
class BackgroundModel final : public TokenModel {
 public:
  BackgroundModel(const Background& background, int64_t exchange_micros)
      : background_(background), exchange_micros_(exchange_micros) {}
  void BitsOfRepetition(std::span<const uint8_t> normal,
                        std::vector<uint8_t>* eighths) const override {
    Background::BitsOfRepetition(normal, eighths);
  }
  void LowerBits(fingerprint::Language language,
                 std::span<const uint8_t> normal, size_t begin, size_t end,
                 std::span<uint8_t> eighths) const override {
    background_.LowerBits(FamilyOf(language), normal, exchange_micros_, begin,
                          end, eighths);
  }

 private:
  const Background& background_;
  const int64_t exchange_micros_;
};

// The grams of kPriorGram tokens that winnowing with kPriorWindow chooses, by
// rising place: hash and first token.
struct PriorScratch {
  std::vector<uint64_t> hashes;
};
void SelectPriorGrams(std::span<const uint64_t> normal, PriorScratch* scratch,
                      std::vector<fingerprint::Fingerprint>* out);

}  // namespace cofferdam::evidence
