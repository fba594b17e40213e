#include "cli/background_source.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <variant>

#include "cli/context.h"
#include "corpus/commits.h"
#include "corpus/record.h"
#include "corpus/source.h"
#include "corpus/tree.h"
#include "evidence/bits.h"
#include "evidence/matcher.h"
#include "evidence/thresholds.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"

namespace cofferdam::cli {

using evidence::BackgroundBuilder;
using fingerprint::Language;

struct BackgroundSource::State {
  BackgroundSourceOptions options;
  std::optional<fingerprint::Index> index;
  std::optional<evidence::Matcher> matcher;
  fingerprint::TokenStream tokens;

  Result<bool> CarriesFinding(std::string_view path, std::string_view text);
  Status Add(std::string_view path, std::string_view text,
             BackgroundBuilder* builder, BackgroundSourceCounts* counts);
  Status ReadFiles(const std::string& path, BackgroundBuilder* builder,
                   BackgroundSourceCounts* counts);
  Status ReadCommitted(const std::string& path, BackgroundBuilder* builder,
                       BackgroundSourceCounts* counts);
};

// Content alone: where text stands says nothing about who wrote it first.
Result<bool> BackgroundSource::State::CarriesFinding(std::string_view path,
                                                     std::string_view text) {
  if (!matcher) return false;
  Language language = fingerprint::LanguageOfPath(path);
  if (language == Language::kGeneral) {
    language = fingerprint::GuessLanguage(text);
  }
  fingerprint::Lex(text, language, &tokens);
  evidence::MatchCounts counts;
  TRY_ASSIGN(const std::vector<evidence::Match> matches,
             matcher->Find(tokens, language, &counts));
  const double decisive =
      evidence::Thresholds::BuiltIn().Of(language).strong_bits;
  for (const evidence::Match& match : matches) {
    if (evidence::WeighContent(match, tokens).bits() >= decisive) {
      return true;
    }
  }
  return false;
}

Status BackgroundSource::State::Add(std::string_view path,
                                    std::string_view text,
                                    BackgroundBuilder* builder,
                                    BackgroundSourceCounts* counts) {
  TRY_ASSIGN(const bool found, CarriesFinding(path, text));
  if (found) {
    ++counts->with_findings;
    return {};
  }
  TRY_ASSIGN(const BackgroundBuilder::Added added,
             builder->AddDocument(path, text));
  switch (added) {
    case BackgroundBuilder::Added::kAdded:
      ++counts->added;
      break;
    case BackgroundBuilder::Added::kTooShort:
      ++counts->too_short;
      break;
    case BackgroundBuilder::Added::kTable:
      ++counts->tables;
      break;
    case BackgroundBuilder::Added::kDuplicate:
      ++counts->duplicates;
      break;
  }
  return {};
}

Status BackgroundSource::State::ReadFiles(const std::string& path,
                                          BackgroundBuilder* builder,
                                          BackgroundSourceCounts* counts) {
  const corpus::TreeLimits limits;
  TRY_ASSIGN(corpus::TreeWalk walk, corpus::TreeWalk::Open({path}, limits));
  std::string text;
  while (auto next = walk.Next()) {
    const auto* document = std::get_if<corpus::Document>(&*next);
    if (document == nullptr ||
        corpus::ReadDocument(*document, limits.text, &text)) {
      ++counts->passed_over;
      continue;
    }
    TRY(Add(document->path, text, builder, counts));
  }
  for (const std::string& notice : walk.notices()) Say("cofferdam: " + notice);
  return {};
}

Status BackgroundSource::State::ReadCommitted(const std::string& path,
                                              BackgroundBuilder* builder,
                                              BackgroundSourceCounts* counts) {
  corpus::SourceOptions source_options;
  TRY_ASSIGN(source_options.revision,
             corpus::CommitBefore(path, options.before_micros));
  TRY_ASSIGN(const std::unique_ptr<corpus::Source> source,
             corpus::OpenSource({path}, source_options));
  corpus::ChunkReader reader(source_options);
  Status status;
  const auto on_record = [&](const corpus::Record& record) {
    for (const corpus::Field& field : record.fields) {
      if (!status.ok()) return;
      status = Add(record.path_hint, field.text, builder, counts);
    }
  };
  const auto on_passed = [&](const corpus::PassedOver&) {
    ++counts->passed_over;
  };
  while (true) {
    TRY_ASSIGN(std::optional<corpus::Chunk> chunk, source->Next());
    if (!chunk) break;
    TRY(reader.Read(*chunk, on_record, on_passed));
    TRY(std::move(status));
  }
  for (const std::string& notice : source->notices()) {
    Say("cofferdam: " + notice);
  }
  return {};
}

BackgroundSource::BackgroundSource(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
BackgroundSource::BackgroundSource(BackgroundSource&&) noexcept = default;
BackgroundSource::~BackgroundSource() = default;

Result<BackgroundSource> BackgroundSource::Open(
    const BackgroundSourceOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  std::error_code error;
  if (!options.index_folder.empty() &&
      std::filesystem::exists(options.index_folder, error)) {
    TRY_ASSIGN(state->index, fingerprint::Index::Open(options.index_folder));
    state->matcher.emplace(*state->index, nullptr, evidence::MatchLimits{});
  }
  return BackgroundSource(std::move(state));
}

Status BackgroundSource::Read(const std::string& path,
                              BackgroundBuilder* builder,
                              BackgroundSourceCounts* counts) {
  TRY(builder->BeginProject());
  return state_->options.dates == BackgroundSourceOptions::Dates::kVouchedFor
             ? state_->ReadFiles(path, builder, counts)
             : state_->ReadCommitted(path, builder, counts);
}

bool BackgroundSource::looks_for_findings() const {
  return state_->matcher.has_value();
}

}  // namespace cofferdam::cli
