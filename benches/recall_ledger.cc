#include "benches/recall_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/json.h"
#include "fingerprint/evidence_stream.h"
#include "fingerprint/novelty.h"
#include "fingerprint/segment.h"

namespace cofferdam::bench {
namespace {

// Outputs that are sorted before they are written, at once.
constexpr size_t kBatch = 1024;

std::string DescriptorOf(const ModelOutput& output, uint64_t sequence) {
  JsonWriter writer;
  writer.BeginObject()
      .Field("v", 1)
      .Field("exchange", fmt::format("{:026}", sequence))
      .Field("sequence", sequence)
      .Field("part", 0)
      .Field("kind", "file")
      .FieldIfSet("path", output.path)
      .Field("route", "import")
      .Field("session", fmt::format("session-{}", sequence))
      .Field("provider", output.provider)
      .Field("model", output.model)
      .Field("contract", output.provider)
      .Field("terms_class", "forbid_compete")
      .Field("repo", RepositoryOf(output))
      .Field("purpose", "product")
      .Field("time", kWrittenMicros)
      .EndObject();
  return std::move(writer).Take();
}

struct Sorted {
  std::string evidence;
  uint32_t tokens = 0;
  uint32_t quoted = 0;
  uint32_t echoed = 0;
  std::vector<fingerprint::OutputFingerprint> fingerprints;
};

uint32_t TokensIn(const std::vector<fingerprint::TokenRange>& ranges) {
  uint32_t tokens = 0;
  for (const auto& range : ranges) tokens += range.end - range.begin;
  return tokens;
}

Sorted SortOne(const ModelOutput& output, const std::string& prompt) {
  fingerprint::TokenStream tokens;
  Lex(output.text, LanguageOf(output), &tokens);
  fingerprint::PromptGrams grams;
  if (!prompt.empty()) grams.AddText(prompt, tokens.languages());
  fingerprint::SortedOutput sorted = SortOutput(tokens, {}, grams);
  auto evidence =
      EncodeEvidence(MakeEvidence(tokens, sorted.quoted, sorted.echoed));
  if (!evidence.ok()) Fail(evidence.error().message());
  return {.evidence = *std::move(evidence),
          .tokens = static_cast<uint32_t>(tokens.size()),
          .quoted = TokensIn(sorted.quoted),
          .echoed = TokensIn(sorted.echoed),
          .fingerprints = std::move(sorted.fingerprints)};
}

}  // namespace

fingerprint::Language LanguageOf(const ModelOutput& output) {
  return fingerprint::LanguageOfName(output.language);
}

std::string RepositoryOf(const ModelOutput& output) {
  return "git.example.com/" + output.package;
}

RecallLedger::RecallLedger(const evidence::Background* background,
                           const std::vector<ModelOutput>& outputs,
                           const PromptOf& prompt_of)
    : background_(background) {
  if (background != nullptr) {
    model_ = std::make_unique<evidence::BackgroundModel>(
        *background, evidence::kHumanBeforeMicros);
  }
  fingerprint::SegmentWriter segment({1, outputs.size() + 1});
  std::vector<Sorted> batch;
  for (size_t begin = 0; begin < outputs.size(); begin += kBatch) {
    const size_t count = std::min(kBatch, outputs.size() - begin);
    batch.assign(count, {});
    ForEach(count, BenchThreads(), [&](size_t, size_t i) {
      batch[i] = SortOne(outputs[begin + i],
                         prompt_of ? prompt_of(begin + i) : std::string());
    });
    for (size_t i = 0; i < count; ++i) {
      megabytes_ += static_cast<double>(outputs[begin + i].text.size()) / 1e6;
      tokens_ += batch[i].tokens;
      quoted_ += batch[i].quoted;
      echoed_ += batch[i].echoed;
      const Status added = segment.AddOutput(
          DescriptorOf(outputs[begin + i], begin + i + 1), batch[i].evidence,
          batch[i].tokens, batch[i].fingerprints);
      if (!added.ok()) Fail(added.error().message());
    }
  }
  auto writer = fingerprint::IndexWriter::Open(folder_.path() + "/index");
  if (!writer.ok()) Fail(writer.error().message());
  const Status written = writer->AddSegment(std::move(segment));
  if (!written.ok()) Fail(written.error().message());
  auto index = fingerprint::Index::Open(folder_.path() + "/index");
  if (!index.ok()) Fail(index.error().message());
  index_ = std::make_unique<fingerprint::Index>(*std::move(index));
  repositories_ = std::make_unique<evidence::RepositoryTables>(*index_);
}

Examiner::Examiner(const RecallLedger& ledger)
    : ledger_(ledger),
      proposer_(ledger.index(), ledger.background(), {}),
      matcher_(ledger.index(), ledger.model(), {}, ledger.repositories()) {}

std::vector<evidence::Finding> Examiner::Examine(
    std::string_view text, fingerprint::Language language,
    const evidence::DocumentPlace& place) {
  auto proposals = proposer_.Propose(text, language, &proposer_counts_);
  if (!proposals.ok()) Fail(proposals.error().message());
  if (proposals->empty()) {
    const auto more = matcher_.MayFindMore(place, language);
    if (!more.ok()) Fail(more.error().message());
    if (!*more) return {};
  }
  Lex(text, language, &tokens_);
  auto matches = matcher_.Align(tokens_, language, place, *proposals, &counts_);
  if (!matches.ok()) Fail(matches.error().message());
  if (matches->empty()) return {};
  auto findings = MakeFindings(
      ledger_.index(), *std::move(matches),
      {.tokens = tokens_, .text = text, .language = language, .place = place},
      {.background = ledger_.background()}, evidence::KeepText::kNo);
  if (!findings.ok()) Fail(findings.error().message());
  return *std::move(findings);
}

Seen See(const std::vector<evidence::Finding>& findings, uint64_t sequence) {
  Seen seen;
  for (const evidence::Finding& finding : findings) {
    seen.verdict = std::max(seen.verdict, finding.verdict);
    if (finding.bits() >= seen.bits) {
      seen.bits = finding.bits();
      seen.why = finding.why;
    }
    for (const evidence::FoundOrigin& found : finding.origins)
      seen.names_it |= found.origin.sequence == sequence;
    if (!finding.origins.empty())
      seen.rests_on.push_back(finding.origins.front());
  }
  return seen;
}

size_t BenchThreads() {
  return std::max<size_t>(1, std::thread::hardware_concurrency());
}

void ForEach(size_t count, size_t threads,
             const std::function<void(size_t thread, size_t i)>& work) {
  std::atomic<size_t> next = 0;
  const auto run = [&](size_t thread) {
    for (size_t i = next++; i < count; i = next++) work(thread, i);
  };
  std::vector<std::thread> others;
  for (size_t thread = 1; thread < threads; ++thread)
    others.emplace_back(run, thread);
  run(0);
  for (std::thread& other : others) other.join();
}

}  // namespace cofferdam::bench
