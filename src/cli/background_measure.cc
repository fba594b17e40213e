#include "cli/background_measure.h"

#include <fmt/format.h>

#include <numeric>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "cli/table.h"
#include "corpus/tree.h"
#include "fingerprint/lex.h"
#include "fingerprint/select.h"

namespace cofferdam::cli {
namespace {

using evidence::Background;
using evidence::Family;
using evidence::kFamilyCount;
using fingerprint::Language;

// Everything the layers have ever seen counts.
constexpr int64_t kAnyTime = INT64_MAX;

class Measurer {
 public:
  Measurer(const Background& background, BackgroundMeasure* measure)
      : background_(background), measure_(*measure) {}

  void Add(const std::string& path, std::string_view text) {
    Language language = fingerprint::LanguageOfPath(path);
    if (language == Language::kGeneral) {
      language = fingerprint::GuessLanguage(text);
    }
    fingerprint::Lex(text, language, &tokens_);
    normal_.clear();
    for (const uint64_t one : tokens_.normal()) {
      normal_.push_back(fingerprint::EvidenceByte(one));
    }
    const Family family = evidence::FamilyOf(language);
    FamilyMeasure& of = measure_.families[static_cast<size_t>(family)];
    ++of.files;
    of.tokens += normal_.size();
    const int64_t begin = SystemClock().SteadyMicros();
    background_.TokenBits(family, normal_, kAnyTime, &eighths_);
    const int64_t modelled = SystemClock().SteadyMicros();
    of.bits += std::accumulate(eighths_.begin(), eighths_.end(), 0.0) / 8;
    fingerprint::SelectMinimizers(tokens_.normal(), &scratch_, &selected_);
    const int64_t selected = SystemClock().SteadyMicros();
    for (const fingerprint::Fingerprint& one : selected_) {
      of.common_grams += background_.IsCommon(one.hash, kAnyTime) ? 1 : 0;
    }
    const int64_t asked = SystemClock().SteadyMicros();
    background_.PriorArt(tokens_.normal(), kAnyTime, &stretches_);
    measure_.prior_micros += SystemClock().SteadyMicros() - asked;
    measure_.model_micros += modelled - begin;
    measure_.common_micros += asked - selected;
    of.grams += selected_.size();
    for (const fingerprint::TokenRange& one : stretches_) {
      of.prior_tokens += one.end - one.begin;
    }
    of.prior_files += stretches_.empty() ? 0 : 1;
  }

 private:
  const Background& background_;
  BackgroundMeasure& measure_;
  fingerprint::TokenStream tokens_;
  std::vector<uint8_t> normal_;
  std::vector<uint8_t> eighths_;
  fingerprint::SelectScratch scratch_;
  std::vector<fingerprint::Fingerprint> selected_;
  std::vector<fingerprint::TokenRange> stretches_;
};

double Share(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

// Nanoseconds each.
double Each(int64_t micros, uint64_t count) {
  return Share(static_cast<double>(micros) * 1000, static_cast<double>(count));
}

struct Totals {
  uint64_t tokens = 0;
  uint64_t grams = 0;
};
Totals TotalsOf(const BackgroundMeasure& measure) {
  Totals totals;
  for (const FamilyMeasure& of : measure.families) {
    totals.tokens += of.tokens;
    totals.grams += of.grams;
  }
  return totals;
}

}  // namespace

Result<BackgroundMeasure> MeasureBackground(const Background& background,
                                            const std::string& path) {
  const corpus::TreeLimits limits;
  TRY_ASSIGN(corpus::TreeWalk walk, corpus::TreeWalk::Open({path}, limits));
  BackgroundMeasure measure;
  Measurer measurer(background, &measure);
  std::string text;
  while (auto next = walk.Next()) {
    const auto* document = std::get_if<corpus::Document>(&*next);
    if (document == nullptr ||
        corpus::ReadDocument(*document, limits.text, &text)) {
      continue;
    }
    measurer.Add(document->path, text);
  }
  return measure;
}

std::string MeasureText(const BackgroundMeasure& measure) {
  using Align = TextTable::Align;
  TextTable table;
  table.Column("text", Align::kLeft)
      .Column("files", Align::kRight)
      .Column("tokens", Align::kRight)
      .Column("bits per token", Align::kRight)
      .Column("common k-grams", Align::kRight)
      .Column("prior art, tokens", Align::kRight)
      .Column("prior art, files", Align::kRight);
  for (int i = 0; i < kFamilyCount; ++i) {
    const FamilyMeasure& of = measure.families[static_cast<size_t>(i)];
    if (of.tokens == 0) continue;
    const auto tokens = static_cast<double>(of.tokens);
    const auto percent = [](double share) {
      return fmt::format("{:.2f} %", 100 * share);
    };
    table.Row({std::string(FamilyName(static_cast<Family>(i))),
               fmt::format("{}", of.files), fmt::format("{}", of.tokens),
               fmt::format("{:.3f}", of.bits / tokens),
               percent(Share(static_cast<double>(of.common_grams),
                             static_cast<double>(of.grams))),
               percent(static_cast<double>(of.prior_tokens) / tokens),
               percent(Share(static_cast<double>(of.prior_files),
                             static_cast<double>(of.files)))});
  }
  const Totals totals = TotalsOf(measure);
  return table.Text() +
         fmt::format(
             "{:.1f} ns a token for its bits, {:.1f} ns a k-gram to know "
             "whether it is common, {:.1f} ns a token to find prior art\n",
             Each(measure.model_micros, totals.tokens),
             Each(measure.common_micros, totals.grams),
             Each(measure.prior_micros, totals.tokens));
}

std::string MeasureJson(const BackgroundMeasure& measure) {
  JsonWriter json;
  json.BeginObject().Key("families").BeginObject();
  for (int i = 0; i < kFamilyCount; ++i) {
    const FamilyMeasure& of = measure.families[static_cast<size_t>(i)];
    if (of.tokens == 0) continue;
    json.Key(FamilyName(static_cast<Family>(i)))
        .BeginObject()
        .Field("files", of.files)
        .Field("tokens", of.tokens)
        .Field("bits", of.bits)
        .Field("grams", of.grams)
        .Field("common_grams", of.common_grams)
        .Field("prior_tokens", of.prior_tokens)
        .Field("prior_files", of.prior_files)
        .EndObject();
  }
  const Totals totals = TotalsOf(measure);
  json.EndObject()
      .Field("model_ns_per_token", Each(measure.model_micros, totals.tokens))
      .Field("common_ns_per_gram", Each(measure.common_micros, totals.grams))
      .Field("prior_ns_per_token", Each(measure.prior_micros, totals.tokens))
      .EndObject();
  return std::string(json.text());
}

}  // namespace cofferdam::cli
