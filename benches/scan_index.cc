#include "benches/scan_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <random>
#include <utility>

#include "base/json.h"
#include "benches/process.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"
#include "fingerprint/novelty.h"
#include "fingerprint/select.h"

namespace cofferdam::bench {
namespace {

using fingerprint::EvidenceStream;
using fingerprint::IndexWriter;
using fingerprint::OutputFingerprint;
using fingerprint::Segment;
using fingerprint::SegmentWriter;

double ThreadSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

// When the real outputs were written: 2026-01-01.
constexpr int64_t kOutputMicros = 1'767'225'600'000'000;

// One evidence stream serves all: what is measured never reads it.
std::string Evidence() {
  EvidenceStream stream;
  for (uint32_t i = 0; i < kRandomOutputTokens; ++i) {
    stream.normal.push_back(3);
    stream.name.push_back(0);
    stream.line.push_back(i / 8 + 1);
  }
  auto bytes = EncodeEvidence(stream);
  if (!bytes.ok()) Fail(bytes.error().message());
  return *std::move(bytes);
}

class RandomOutputs {
 public:
  std::vector<OutputFingerprint> Next() {
    for (uint64_t& token : tokens_) token = random_();
    selection_.Select(tokens_);
    std::vector<OutputFingerprint> fingerprints(selection_.size());
    for (size_t i = 0; i < selection_.size(); ++i) {
      fingerprints[i] = {.hash = selection_.hashes()[i],
                         .token = selection_.tokens()[i]};
    }
    return fingerprints;
  }

 private:
  std::mt19937_64 random_{1};
  std::vector<uint64_t> tokens_ = std::vector<uint64_t>(kRandomOutputTokens);
  fingerprint::Selection selection_;
};

// The row's descriptor, as the ledger writes them.
std::string DescriptorOf(const JsonDocument& row, uint64_t number) {
  const std::string_view provider = row["provider"].StringOrEmpty();
  const std::string_view model = row["model"].StringOrEmpty();
  JsonWriter writer;
  writer.BeginObject()
      .Field("v", 1)
      .Field("exchange", fmt::format("{:026}", number))
      .Field("sequence", number)
      .Field("part", 0)
      .Field("kind", "file")
      .FieldIfSet("path", row["path"].StringOrEmpty())
      .Field("route", "import")
      .Field("session", fmt::format("session-{}", number))
      .Field("provider", provider.empty() ? "stand-in" : provider)
      .Field("model", model.empty() ? row["package"].StringOrEmpty() : model)
      .Field("contract", "bench")
      .Field("terms_class", "forbid_compete")
      .Field("purpose", "product")
      .Field("time", kOutputMicros)
      .EndObject();
  return std::move(writer).Take();
}

void MergeAll(IndexWriter* index) {
  const auto merged = index->MergeAll();
  if (!merged.ok()) Fail(merged.error().message());
}

}  // namespace

RandomIndex AddRandomOutputs(const std::string& folder, uint64_t fingerprints,
                             uint64_t segment_fingerprints) {
  auto index = IndexWriter::Open(folder);
  if (!index.ok()) Fail(index.error().message());
  const std::string evidence = Evidence();
  RandomOutputs outputs;
  RandomIndex made;
  while (made.fingerprints < fingerprints) {
    const uint64_t sequence = index->covered() + 1;
    SegmentWriter writer({.first = sequence, .last = sequence});
    const uint64_t wanted =
        std::min(segment_fingerprints, fingerprints - made.fingerprints);
    while (writer.fingerprints() < wanted) {
      const std::vector<OutputFingerprint> own = outputs.Next();
      const double begin = ThreadSeconds();
      const Status added =
          writer.AddOutput("{}", evidence, kRandomOutputTokens, own);
      made.build_seconds += ThreadSeconds() - begin;
      if (!added.ok()) Fail(added.error().message());
    }
    made.fingerprints += writer.fingerprints();
    const double begin = ThreadSeconds();
    const Status sealed = index->AddSegment(std::move(writer));
    made.build_seconds += ThreadSeconds() - begin;
    if (!sealed.ok()) Fail(sealed.error().message());
  }
  const double begin = ThreadSeconds();
  MergeAll(&*index);
  made.merge_seconds = ThreadSeconds() - begin;
  auto opened = fingerprint::Index::Open(folder);
  if (!opened.ok()) Fail(opened.error().message());
  made.lookup_bytes = static_cast<double>(opened->counts().lookup_bytes);
  return made;
}

RealOutputs AddRealOutputs(const std::string& folder,
                           const std::vector<std::string>& files) {
  auto index = IndexWriter::Open(folder);
  if (!index.ok()) Fail(index.error().message());
  const uint64_t sequence = index->covered() + 1;
  SegmentWriter writer({.first = sequence, .last = sequence});
  fingerprint::TokenStream tokens;
  RealOutputs added;
  for (const std::string& path : files) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      auto row = JsonDocument::Parse(line);
      if (!row.ok()) Fail(path + ": " + row.error().message());
      const std::string_view text = (*row)["text"].StringOrEmpty();
      fingerprint::Lex(
          text, fingerprint::LanguageOfName((*row)["language"].StringOrEmpty()),
          &tokens);
      const auto sorted = SortOutput(tokens, {}, fingerprint::PromptGrams());
      const auto evidence = EncodeEvidence(MakeEvidence(tokens, {}, {}));
      if (!evidence.ok()) Fail(evidence.error().message());
      added.outputs += 1;
      const Status room = writer.AddOutput(
          DescriptorOf(*row, static_cast<uint64_t>(added.outputs)), *evidence,
          static_cast<uint32_t>(tokens.size()), sorted.fingerprints);
      if (!room.ok()) Fail(room.error().message());
      added.tokens += static_cast<double>(tokens.size());
      added.text_bytes += static_cast<double>(text.size());
    }
  }
  if (added.outputs == 0) return added;
  const Status sealed = index->AddSegment(std::move(writer));
  if (!sealed.ok()) Fail(sealed.error().message());
  added.segment_bytes =
      static_cast<double>(index->manifest().segments.back().bytes);
  MergeAll(&*index);
  return added;
}

}  // namespace cofferdam::bench
