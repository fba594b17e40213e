#include "evidence/background_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "evidence/background_format.h"
#include "evidence/fuse_map.h"
#include "fingerprint/evidence_stream.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"
#include "fingerprint/novelty.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Fingerprint;
using fingerprint::Language;
using fingerprint::TokenStream;

constexpr int kProjectBits = 16;

void SortUnique(std::vector<uint64_t>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

bool IsTable(const TokenStream& tokens) {
  size_t literals = 0;
  for (const fingerprint::TokenKind kind : tokens.kind()) {
    literals += kind == fingerprint::TokenKind::kNumber ||
                kind == fingerprint::TokenKind::kString;
  }
  return static_cast<double>(literals) >
         kTableShareMax * static_cast<double>(tokens.size());
}

Family FamilyOfDocument(std::string_view path, std::string_view text,
                        Language* language) {
  *language = fingerprint::LanguageOfPath(path);
  if (*language == Language::kGeneral) {
    *language = fingerprint::GuessLanguage(text);
  }
  return FamilyOf(*language);
}

}  // namespace

struct BackgroundBuilder::State {
  int64_t date_micros = 0;
  BackgroundLimits limits;
  uint64_t projects = 0;
  uint64_t documents = 0;
  uint64_t tokens = 0;
  std::array<ModelText, kFamilyCount> texts;
  std::array<size_t, kFamilyCount> of_project{};
  // Key of a common gram and the project that holds it, in one word.
  static_assert(kProjectBits == 16);  // keys have 48 bits
  std::vector<uint64_t> grams;
  std::vector<uint64_t> project_grams;
  std::vector<uint64_t> prior;
  fingerprint::HashSet seen;  // digests of documents
  TokenStream stream;
  fingerprint::SelectScratch scratch;
  PriorScratch prior_scratch;
  std::vector<Fingerprint> selected;

  void AddModelText(Family family);
  void AddCommon();
  void AddPrior();
  void EndProject();
  std::vector<uint64_t> CommonKeys();
};

void BackgroundBuilder::State::AddModelText(Family family) {
  const auto index = static_cast<size_t>(family);
  const size_t room = std::min(limits.document_tokens_max,
                               limits.project_tokens_max - of_project[index]);
  const size_t count = std::min(stream.size(), room);
  if (count == 0) return;
  ModelText& text = texts[index];
  for (size_t i = 0; i < count; ++i) {
    text.bytes.push_back(fingerprint::EvidenceByte(stream.normal()[i]));
  }
  text.document_ends.push_back(static_cast<uint32_t>(text.bytes.size()));
  of_project[index] += count;
}

void BackgroundBuilder::State::AddCommon() {
  const size_t count = std::min(stream.size(), limits.document_tokens_max);
  fingerprint::SelectMinimizers(stream.normal().subspan(0, count), &scratch,
                                &selected);
  for (const Fingerprint& one : selected) {
    project_grams.push_back(BackgroundKey(one.hash));
  }
}

void BackgroundBuilder::State::AddPrior() {
  SelectPriorGrams(stream.normal(), &prior_scratch, &selected);
  for (const Fingerprint& one : selected) {
    prior.push_back(BackgroundKey(one.hash));
  }
}

void BackgroundBuilder::State::EndProject() {
  SortUnique(&project_grams);
  for (const uint64_t key : project_grams) {
    grams.push_back(key << kProjectBits | (projects - 1));
  }
  project_grams.clear();
  of_project.fill(0);
}

std::vector<uint64_t> BackgroundBuilder::State::CommonKeys() {
  std::sort(grams.begin(), grams.end());
  std::vector<uint64_t> keys;
  for (size_t i = 0; i < grams.size();) {
    size_t end = i + 1;
    while (end < grams.size() &&
           grams[end] >> kProjectBits == grams[i] >> kProjectBits) {
      ++end;
    }
    if (end - i >= kCommonProjectsMin) keys.push_back(grams[i] >> kProjectBits);
    i = end;
  }
  grams = {};
  return keys;
}

BackgroundBuilder::BackgroundBuilder(int64_t date_micros,
                                     const BackgroundLimits& limits)
    : state_(std::make_unique<State>()) {
  CHECK(limits.projects_max <= size_t{1} << kProjectBits);
  CHECK(limits.tokens_max < uint64_t{1} << 32);
  state_->date_micros = date_micros;
  state_->limits = limits;
}
BackgroundBuilder::BackgroundBuilder(BackgroundBuilder&&) noexcept = default;
BackgroundBuilder::~BackgroundBuilder() = default;

Status BackgroundBuilder::BeginProject() {
  if (state_->projects == state_->limits.projects_max) {
    return Error(Code::kTooLarge,
                 fmt::format("background: more than {} projects",
                             state_->limits.projects_max));
  }
  if (state_->projects > 0) state_->EndProject();
  ++state_->projects;
  return {};
}

Result<BackgroundBuilder::Added> BackgroundBuilder::AddDocument(
    std::string_view path, std::string_view text) {
  State& state = *state_;
  CHECK(state.projects > 0);
  Language language = Language::kGeneral;
  const Family family = FamilyOfDocument(path, text, &language);
  fingerprint::Lex(text, language, &state.stream);
  const TokenStream& tokens = state.stream;
  if (tokens.size() < kPriorGram) return Added::kTooShort;
  if (IsTable(tokens)) return Added::kTable;
  const uint64_t digest =
      Hash64({reinterpret_cast<const char*>(tokens.normal().data()),
              tokens.normal().size_bytes()});
  state.AddCommon();
  if (state.seen.Contains(digest)) return Added::kDuplicate;
  if (state.tokens + tokens.size() > state.limits.tokens_max) {
    return Error(Code::kTooLarge, fmt::format("background: more than {} tokens",
                                              state.limits.tokens_max));
  }
  state.seen.Insert(digest);
  state.tokens += tokens.size();
  ++state.documents;
  state.AddModelText(family);
  state.AddPrior();
  return Added::kAdded;
}

uint64_t BackgroundBuilder::tokens() const { return state_->tokens; }

Result<std::string> BackgroundBuilder::Finish(std::string_view sources) && {
  const std::unique_ptr<State> state = std::move(state_);
  if (sources.size() > kSourcesBytesMax) {
    return Error(Code::kTooLarge, "background: the list of sources");
  }
  if (state->projects > 0) state->EndProject();
  BackgroundHeader header{.date_micros = state->date_micros,
                          .projects = state->projects,
                          .documents = state->documents,
                          .tokens = state->tokens};
  std::string bytes(kBackgroundHeaderBytes, '\0');
  const auto append = [&](size_t section, const FuseShape& shape,
                          std::string_view content) {
    bytes.resize((bytes.size() + kBackgroundAlignment - 1) /
                 kBackgroundAlignment * kBackgroundAlignment);
    header.sections[section] = {.shape = shape,
                                .offset = bytes.size(),
                                .size = content.size(),
                                .checksum = Hash64(content)};
    bytes.append(content);
  };
  const BackgroundLimits& limits = state->limits;
  TRY_ASSIGN(
      BuiltFuseMap common,
      BuildFuseMap(state->CommonKeys(), {}, limits.common_fingerprint_bits, 0));
  append(kCommonSection, common.shape, common.bytes);
  SortUnique(&state->prior);
  TRY_ASSIGN(BuiltFuseMap prior,
             BuildFuseMap(state->prior, {}, limits.prior_fingerprint_bits, 0));
  state->prior = {};
  append(kPriorSection, prior.shape, prior.bytes);
  for (size_t i = 0; i < kFamilyCount; ++i) {
    TRY_ASSIGN(BuiltFuseMap model,
               BuildByteModel(state->texts[i], limits.model));
    state->texts[i] = {};
    append(kModelSection + i, model.shape, model.bytes);
  }
  append(kSourcesSection, {}, sources);
  bytes.replace(0, kBackgroundHeaderBytes, EncodeBackgroundHeader(header));
  return bytes;
}

}  // namespace cofferdam::evidence
