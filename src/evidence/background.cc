#include "evidence/background.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "evidence/background_format.h"
#include "evidence/byte_model.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;

constexpr std::array<std::string_view, kFamilyCount> kFamilyNames = {
    "prose", "python", "c",    "java",  "javascript", "go",
    "rust",  "php",    "ruby", "shell", "other"};

struct Layer {
  std::optional<MappedFile> file;
  std::string name;
  std::string_view bytes;
  BackgroundHeader header;
  FuseMap common;
  FuseMap prior;
  std::array<FuseMap, kFamilyCount> models;
  std::string_view sources;
};

std::string_view Cut(std::string_view bytes, const BackgroundSection& section) {
  return bytes.substr(section.offset, section.size);
}

Status Attach(std::string_view bytes, Background::Verify verify, Layer* layer) {
  TRY_ASSIGN(layer->header, DecodeBackgroundHeader(bytes, bytes.size()));
  layer->bytes = bytes;
  const auto& sections = layer->header.sections;
  for (size_t i = 0; i < kBackgroundSections; ++i) {
    if (verify == Background::Verify::kContents &&
        Hash64(Cut(bytes, sections[i])) != sections[i].checksum) {
      return Error(
          Code::kCorrupt,
          fmt::format("background: checksum of section {} differs", i));
    }
  }
  const auto map = [&](size_t i) {
    return FuseMap::Over(sections[i].shape, Cut(bytes, sections[i]));
  };
  TRY_ASSIGN(layer->common, map(kCommonSection));
  TRY_ASSIGN(layer->prior, map(kPriorSection));
  for (size_t i = 0; i < kFamilyCount; ++i) {
    TRY_ASSIGN(layer->models[i], map(kModelSection + i));
    const FuseShape& shape = layer->models[i].shape();
    if (shape.keys != 0 && shape.value_bits != kModelValueBits) {
      return Error(Code::kCorrupt, "background: a model has other widths");
    }
  }
  layer->sources = Cut(bytes, sections[kSourcesSection]);
  return {};
}

}  // namespace

Family FamilyOf(Language language) {
  switch (language) {
    case Language::kProse:
    case Language::kMarkdown:
      return Family::kProse;
    case Language::kPython:
      return Family::kPython;
    case Language::kC:
      return Family::kC;
    case Language::kJava:
    case Language::kCSharp:
    case Language::kKotlin:
    case Language::kScala:
    case Language::kSwift:
      return Family::kJava;
    case Language::kJavaScript:
      return Family::kJavaScript;
    case Language::kGo:
      return Family::kGo;
    case Language::kRust:
      return Family::kRust;
    case Language::kPhp:
      return Family::kPhp;
    case Language::kRuby:
      return Family::kRuby;
    case Language::kShell:
      return Family::kShell;
    case Language::kGeneral:
    case Language::kHash:
    case Language::kSql:
    case Language::kDash:
    case Language::kLisp:
    case Language::kMarkup:
    case Language::kStyle:
      return Family::kOther;
  }
  CHECK(false);
}

std::string_view FamilyName(Family family) {
  return kFamilyNames[static_cast<size_t>(family)];
}

struct Background::State {
  std::vector<Layer> layers;

  Status Open(std::span<const std::string> files, Verify verify);

  Status Add(std::string name, std::string_view bytes, Verify verify) {
    if (layers.size() == kBackgroundLayersMax) {
      return Error(
          Code::kTooLarge,
          fmt::format("background: more than {} layers", kBackgroundLayersMax));
    }
    Layer layer;
    layer.name = std::move(name);
    TRY(Attach(bytes, verify, &layer));
    layers.push_back(std::move(layer));
    return {};
  }
};

Background::Background() : state_(std::make_unique<State>()) {}
Background::Background(Background&&) noexcept = default;
Background& Background::operator=(Background&&) noexcept = default;
Background::~Background() = default;

Status Background::State::Open(std::span<const std::string> files,
                               Verify verify) {
  for (const std::string& path : files) {
    TRY_ASSIGN(MappedFile file, MappedFile::Open(path));
    const Status added = Add(path, file.bytes(), verify);
    if (!added.ok()) return added.error().Within(path);
    layers.back().file = std::move(file);
  }
  return {};
}

Result<Background> Background::Open(std::span<const std::string> files,
                                    Verify verify) {
  Background background;
  TRY(background.state_->Open(files, verify));
  return background;
}

Result<Background> Background::OpenWith(std::string_view built_in,
                                        std::span<const std::string> files,
                                        Verify verify) {
  Background background;
  TRY(background.state_->Add("built in", built_in, verify));
  TRY(background.state_->Open(files, verify));
  return background;
}

Result<Background> Background::OverBytes(
    std::span<const std::string_view> layers, Verify verify) {
  Background background;
  for (const std::string_view bytes : layers) {
    TRY(background.state_->Add("background", bytes, verify));
  }
  return background;
}

bool Background::IsCommon(uint64_t k_gram, int64_t exchange_micros) const {
  const uint64_t key = BackgroundKey(k_gram);
  for (const Layer& layer : state_->layers) {
    if (layer.header.date_micros <= exchange_micros &&
        layer.common.Contains(key)) {
      return true;
    }
  }
  return false;
}

void Background::PrefetchCommon(uint64_t k_gram) const {
  for (const Layer& layer : state_->layers) {
    layer.common.Prefetch(BackgroundKey(k_gram));
  }
}

namespace {

// The least of what several models say of a text's bytes from `begin` to `end`.
class LeastBits {
 public:
  LeastBits(std::span<const uint8_t> text, size_t begin, size_t end)
      : text_(text), begin_(begin), end_(end) {}

  void Ask(const FuseMap& model) {
    if (model.shape().keys == 0) return;
    std::vector<uint8_t>& said = least_.empty() ? least_ : other_;
    said.resize(end_ - begin_);
    ModelEighths(model, text_, begin_, end_, said);
    if (&said == &least_) return;
    for (size_t i = 0; i < other_.size(); ++i) {
      least_[i] = std::min(least_[i], other_[i]);
    }
  }

  // Empty where no model said anything.
  const std::vector<uint8_t>& least() const { return least_; }

 private:
  std::span<const uint8_t> text_;
  const size_t begin_;
  const size_t end_;
  std::vector<uint8_t> least_;
  std::vector<uint8_t> other_;
};

}  // namespace

void Background::BitsOfRepetition(std::span<const uint8_t> normal_bytes,
                                  std::vector<uint8_t>* eighths) {
  eighths->assign(normal_bytes.size(), UINT8_MAX);
  LowerByRepetition(normal_bytes, eighths);
}

// A family of which a layer has read little would find everything surprising:
// there the model of C may know better.
void Background::LowerBits(Family family, std::span<const uint8_t> normal_bytes,
                           int64_t exchange_micros, size_t begin, size_t end,
                           std::span<uint8_t> eighths) const {
  CHECK(eighths.size() == normal_bytes.size());
  LeastBits bits(normal_bytes, begin, end);
  for (const Layer& layer : state_->layers) {
    if (layer.header.date_micros > exchange_micros) continue;
    const FuseMap& model = layer.models[static_cast<size_t>(family)];
    bits.Ask(model);
    if (family != Family::kC && family != Family::kProse &&
        model.shape().keys < kThinModelGrams) {
      bits.Ask(layer.models[static_cast<size_t>(Family::kC)]);
    }
  }
  const std::vector<uint8_t>& least = bits.least();
  for (size_t i = begin; i < end; ++i) {
    eighths[i] = std::min(eighths[i],
                          least.empty() ? kNoModelEighths : least[i - begin]);
  }
}

void Background::TokenBits(Family family, std::span<const uint8_t> normal_bytes,
                           int64_t exchange_micros,
                           std::vector<uint8_t>* eighths) const {
  BitsOfRepetition(normal_bytes, eighths);
  LowerBits(family, normal_bytes, exchange_micros, 0, normal_bytes.size(),
            *eighths);
}

namespace {

void Mark(uint32_t begin, uint32_t end,
          std::vector<fingerprint::TokenRange>* stretches) {
  if (!stretches->empty() && stretches->back().end >= begin) {
    stretches->back().end = end;
  } else {
    stretches->push_back({.begin = begin, .end = end});
  }
}

}  // namespace

void Background::PriorArt(
    std::span<const uint64_t> normal, int64_t exchange_micros,
    std::vector<fingerprint::TokenRange>* stretches) const {
  stretches->clear();
  PriorScratch scratch;
  std::vector<fingerprint::Fingerprint> grams;
  SelectPriorGrams(normal, &scratch, &grams);
  const auto known = [&](uint64_t hash) {
    const uint64_t key = BackgroundKey(hash);
    return std::ranges::any_of(state_->layers, [&](const Layer& layer) {
      return layer.header.date_micros <= exchange_micros &&
             layer.prior.Contains(key);
    });
  };
  std::vector<uint64_t> different;
  for (size_t begin = 0; begin < grams.size();) {
    if (!known(grams[begin].hash)) {
      ++begin;
      continue;
    }
    size_t end = begin;
    different.clear();
    for (; end < grams.size() && known(grams[end].hash); ++end) {
      if (different.size() < kPriorRunMin &&
          std::ranges::find(different, grams[end].hash) == different.end()) {
        different.push_back(grams[end].hash);
      }
    }
    if (different.size() == kPriorRunMin) {
      Mark(grams[begin].token,
           grams[end - 1].token + static_cast<uint32_t>(kPriorGram), stretches);
    }
    begin = end;
  }
}

size_t Background::layers() const { return state_->layers.size(); }

BackgroundInfo Background::info(size_t layer) const {
  CHECK(layer < layers());
  const Layer& one = state_->layers[layer];
  BackgroundInfo info{
      .name = one.name,
      .date_micros = one.header.date_micros,
      .projects = one.header.projects,
      .documents = one.header.documents,
      .tokens = one.header.tokens,
      .common_grams = one.common.shape().keys,
      .prior_grams = one.prior.shape().keys,
      .bytes = one.bytes.size(),
      .digest = Hash64(one.bytes.substr(0, kBackgroundHeaderBytes))};
  for (const FuseMap& model : one.models) {
    info.model_grams += model.shape().keys;
  }
  return info;
}

std::string_view Background::sources(size_t layer) const {
  CHECK(layer < layers());
  return state_->layers[layer].sources;
}

// A ring of the least hashes so far: each is less than those behind it.
void SelectPriorGrams(std::span<const uint64_t> normal, PriorScratch* scratch,
                      std::vector<fingerprint::Fingerprint>* out) {
  out->clear();
  fingerprint::HashGrams(normal, kPriorGram, &scratch->hashes);
  const std::vector<uint64_t>& hashes = scratch->hashes;
  static_assert((kPriorWindow & (kPriorWindow - 1)) == 0);
  std::array<uint32_t, kPriorWindow> ring;
  size_t begin = 0;
  size_t end = 0;
  for (size_t i = 0; i < hashes.size(); ++i) {
    while (end > begin && hashes[ring[(end - 1) % kPriorWindow]] >= hashes[i]) {
      --end;
    }
    if (end > begin && ring[begin % kPriorWindow] + kPriorWindow <= i) ++begin;
    ring[end++ % kPriorWindow] = static_cast<uint32_t>(i);
    if (i + 1 < kPriorWindow && i + 1 < hashes.size()) continue;
    const uint32_t least = ring[begin % kPriorWindow];
    if (out->empty() || out->back().token != least) {
      out->push_back({.hash = hashes[least], .token = least});
    }
  }
}

}  // namespace cofferdam::evidence
