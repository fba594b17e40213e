#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/shipped_background.h"
#include "console/stores.h"
#include "corpus/tree.h"
#include "evidence/calibration.h"
#include "evidence/matcher.h"
#include "evidence/proposer.h"
#include "fingerprint/language.h"

namespace cofferdam::cli {
namespace {

using Count = Positional::Count;
using fingerprint::Language;

// Measures human texts one after the other.
class Measure {
 public:
  Measure(const fingerprint::Index& index,
          const evidence::Background& background)
      : index_(index),
        background_(background),
        model_(background, evidence::kHumanBeforeMicros),
        proposer_(index, &background, {}),
        matcher_(index, &model_, {}) {}

  Status Add(std::string_view project, std::string_view path,
             std::string_view text, evidence::Calibration* calibration) {
    Language language = fingerprint::LanguageOfPath(path);
    if (language == Language::kGeneral)
      language = fingerprint::GuessLanguage(text);
    TRY_ASSIGN(auto proposals, proposer_.Propose(text, language, &proposed_));
    evidence::TextBits bits;
    if (!proposals.empty()) {
      Lex(text, language, &tokens_);
      TRY_ASSIGN(auto matches,
                 matcher_.Align(tokens_, language, proposals, &matched_));
      evidence::ScannedText scanned = {
          .tokens = tokens_, .text = text, .language = language, .place = {}};
      TRY_ASSIGN(
          bits, MeasureText(index_, std::move(matches), scanned, &background_));
    }
    calibration->Add(evidence::FamilyOf(language), project, bits);
    return {};
  }

 private:
  const fingerprint::Index& index_;
  const evidence::Background& background_;
  evidence::BackgroundModel model_;
  evidence::Proposer proposer_;
  evidence::Matcher matcher_;
  evidence::ProposerCounts proposed_;
  evidence::MatchCounts matched_;
  fingerprint::TokenStream tokens_;
};

Status ReadProject(const std::string& path, Measure* measure,
                   evidence::Calibration* calibration) {
  const corpus::TreeLimits limits;
  TRY_ASSIGN(corpus::TreeWalk walk, corpus::TreeWalk::Open({path}, limits));
  std::string text;
  while (auto next = walk.Next()) {
    const auto* document = std::get_if<corpus::Document>(&*next);
    if (document == nullptr ||
        corpus::ReadDocument(*document, limits.text, &text)) {
      continue;
    }
    TRY(measure->Add(path, document->path, text, calibration));
  }
  for (const std::string& notice : walk.notices()) Say("cofferdam: " + notice);
  return {};
}

Result<int> Calibrate(const Invocation& call) {
  TRY_ASSIGN(const Config config, LoadConfigFor(call));
  TRY_ASSIGN(
      fingerprint::Index index,
      fingerprint::Index::Open(console::IndexFolder(config.data_folder)));
  if (index.segment_count() == 0) {
    return Error(Code::kInvalid,
                 "calibrate: the index is empty: fill the ledger, then run "
                 "`cofferdam index build`");
  }
  TRY_ASSIGN(const evidence::Background background, LoadBackground(config));
  evidence::Calibration calibration;
  Measure measure(index, background);
  for (const std::string& path : call.positionals())
    TRY(ReadProject(path, &measure, &calibration));
  Print(calibration.ToToml(evidence::Thresholds::BuiltIn()));
  return 0;
}

}  // namespace

std::vector<Command> CalibrateCommands() {
  return {{"calibrate",
           "print thresholds by what people's text reaches against the index",
           {{"PATH", Count::kMany,
             "folders of text that people wrote, each one project"}},
           {},
           false,
           Calibrate}};
}

}  // namespace cofferdam::cli
