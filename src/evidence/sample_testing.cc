#include "evidence/sample_testing.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/json.h"
#include "fingerprint/evidence_stream.h"
#include "fingerprint/novelty.h"

namespace cofferdam::evidence {
namespace {

void Add(const SampleOutput& output, fingerprint::SegmentWriter* writer) {
  fingerprint::TokenStream tokens =
      LexSample(output.text, fingerprint::LanguageOfPath(output.path));
  fingerprint::PromptGrams prompt;
  if (!output.prompt.empty()) prompt.AddText(output.prompt, tokens.languages());
  fingerprint::SortedOutput sorted = SortOutput(tokens, {}, prompt);
  auto stream =
      EncodeEvidence(MakeEvidence(tokens, sorted.quoted, sorted.echoed));
  CHECK_OK(stream);
  CHECK_OK(writer->AddOutput(SampleDescriptor(output), *stream,
                             static_cast<uint32_t>(tokens.size()),
                             sorted.fingerprints));
}

}  // namespace

std::string SampleDescriptor(const SampleOutput& output) {
  JsonWriter writer;
  writer.BeginObject()
      .Field("v", 1)
      .Field("exchange", output.exchange)
      .Field("sequence", 1)
      .Field("part", output.part)
      .FieldIfSet("kind", output.kind)
      .FieldIfSet("path", output.path)
      .FieldIfSet("route", output.route)
      .FieldIfSet("provider", output.provider)
      .FieldIfSet("model", output.model)
      .FieldIfSet("contract", output.contract)
      .FieldIfSet("terms_class", output.terms_class)
      .Field("tool", "claude-code")
      .Field("person", "p_1")
      .Field("team", "applied-ai")
      .FieldIfSet("repo", output.repo)
      .Field("purpose", "product")
      .Field("time", output.time)
      .EndObject();
  return std::move(writer).Take();
}

SampleIndex::SampleIndex(const std::vector<SampleOutput>& outputs) {
  folder_ = testing::TempDir() + "cofferdam_index_XXXXXX";
  CHECK(::mkdtemp(folder_.data()) != nullptr);
  AddSegment(outputs);
}

void SampleIndex::AddSegment(const std::vector<SampleOutput>& outputs) {
  auto writer = fingerprint::IndexWriter::Open(folder_);
  CHECK_OK(writer);
  const uint64_t first = writer->covered() + 1;
  fingerprint::SegmentWriter segment({first, first + outputs.size()});
  for (const SampleOutput& output : outputs) Add(output, &segment);
  CHECK_OK(writer->AddSegment(std::move(segment)));
  auto index = fingerprint::Index::Open(folder_);
  CHECK_OK(index);
  index_ = std::make_unique<fingerprint::Index>(*std::move(index));
}

SampleIndex::~SampleIndex() {
  index_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

fingerprint::TokenStream LexSample(std::string_view text,
                                   fingerprint::Language language) {
  fingerprint::TokenStream tokens;
  Lex(text, language, &tokens);
  return tokens;
}

}  // namespace cofferdam::evidence
