#include "benches/recall_models.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_map>
#include <utility>

#include "benches/process.h"
#include "benches/recall_material.h"
#include "fingerprint/lex.h"

namespace cofferdam::bench {
namespace {

namespace fs = std::filesystem;
using fingerprint::Language;

PairSeen ScanPair(const RecallLedger& ledger,
                  const std::vector<const ModelOutput*>& scanned) {
  Examiner examiner(ledger);
  PairSeen pair;
  for (const ModelOutput* output : scanned) {
    const auto findings = examiner.Examine(output->text, Language::kPython);
    const Seen seen = See(findings, 0);
    ++pair.answers;
    pair.flagged += seen.flagged();
    pair.forbidden += seen.forbidden();
    uint32_t longest = 0;
    for (const auto& finding : findings)
      longest = std::max(longest, finding.tokens_matched);
    pair.short_forbidden += seen.forbidden() && longest < kShortTokens;
  }
  return pair;
}

// The tokens of an answer, as hashes.
struct Stream {
  std::vector<uint64_t> normal;
  std::vector<uint64_t> raw;
};

std::vector<Stream> LexAll(const std::vector<ModelOutput>& answers) {
  std::vector<Stream> streams;
  fingerprint::TokenStream tokens;
  for (const ModelOutput& answer : answers) {
    Lex(answer.text, Language::kPython, &tokens);
    streams.push_back({{tokens.normal().begin(), tokens.normal().end()},
                       {tokens.raw().begin(), tokens.raw().end()}});
  }
  return streams;
}

// How well `answer` explains `claimed`: of the places where all its normal
// tokens stand in one run, the most raw tokens that are equal there, too; 0
// where there is no such place.
size_t Fit(const Stream& claimed, const Stream& answer) {
  size_t best = 0;
  auto at = answer.normal.begin();
  for (;;) {
    at = std::search(at, answer.normal.end(), claimed.normal.begin(),
                     claimed.normal.end());
    if (at == answer.normal.end()) return best;
    const auto raw = answer.raw.begin() + (at - answer.normal.begin());
    size_t equal = 0;
    for (size_t i = 0; i < claimed.raw.size(); ++i)
      equal += raw[static_cast<ptrdiff_t>(i)] == claimed.raw[i];
    best = std::max(best, equal);
    ++at;
  }
}

// Whether the finding names one model alone, though an answer of another one
// to the same task explains its lines as well.
bool NamesOneAlone(const evidence::Finding& finding,
                   const fingerprint::TokenStream& tokens,
                   const std::vector<ModelOutput>& answers,
                   const std::vector<Stream>& streams,
                   const std::vector<size_t>& same_task) {
  std::set<std::string> named;
  for (const auto& found : finding.origins) named.insert(found.origin.model);
  if (named.size() != 1 || finding.origins_left_out > 0) return false;
  const auto line = tokens.line();
  const auto first =
      std::lower_bound(line.begin(), line.end(), finding.lines.begin) -
      line.begin();
  const auto last =
      std::upper_bound(line.begin(), line.end(), finding.lines.end) -
      line.begin();
  const Stream claimed = {
      {tokens.normal().begin() + first, tokens.normal().begin() + last},
      {tokens.raw().begin() + first, tokens.raw().begin() + last}};
  size_t of_named = 0;
  size_t of_others = 0;
  for (const size_t i : same_task) {
    size_t& best = named.contains(answers[i].model) ? of_named : of_others;
    best = std::max(best, Fit(claimed, streams[i]));
  }
  return of_others > 0 && of_others >= of_named;
}

void ExamineTogether(const evidence::Background* background,
                     const std::vector<ModelOutput>& answers,
                     ModelsSeen* seen) {
  const RecallLedger ledger(background, answers);
  const std::vector<Stream> streams = LexAll(answers);
  std::unordered_map<std::string, std::vector<size_t>> tasks;
  for (size_t i = 0; i < answers.size(); ++i)
    tasks[answers[i].package].push_back(i);
  std::vector<Examiner> examiners;
  for (size_t i = 0; i < BenchThreads(); ++i) examiners.emplace_back(ledger);
  std::vector<std::pair<size_t, size_t>> counts(answers.size());
  ForEach(answers.size(), BenchThreads(), [&](size_t thread, size_t i) {
    Examiner& examiner = examiners[thread];
    for (const auto& finding :
         examiner.Examine(answers[i].text, Language::kPython)) {
      ++counts[i].first;
      counts[i].second += NamesOneAlone(finding, examiner.tokens(), answers,
                                        streams, tasks.at(answers[i].package));
    }
  });
  for (const auto& [findings, alone] : counts) {
    seen->findings += findings;
    seen->named_alone += alone;
  }
}

}  // namespace

ModelsSeen ExamineModels(const evidence::Background* background,
                         const std::vector<ModelOutput>& answers) {
  std::map<std::string, std::vector<ModelOutput>> by_model;
  for (const ModelOutput& answer : answers)
    by_model[answer.model].push_back(answer);
  ModelsSeen seen;
  std::vector<const std::vector<ModelOutput>*> of;
  for (const auto& [model, some] : by_model) {
    seen.models.push_back(model);
    of.push_back(&some);
  }
  seen.pairs.assign(of.size(), std::vector<PairSeen>(of.size()));
  for (size_t ledger_of = 0; ledger_of < of.size(); ++ledger_of) {
    const RecallLedger ledger(background, *of[ledger_of]);
    ForEach(of.size(), BenchThreads(), [&](size_t, size_t scanned_of) {
      std::vector<const ModelOutput*> scanned;
      for (const ModelOutput& output : *of[scanned_of])
        scanned.push_back(&output);
      seen.pairs[ledger_of][scanned_of] = ScanPair(ledger, scanned);
    });
  }
  ExamineTogether(background, answers, &seen);
  return seen;
}

std::map<std::string, LevelSeen> ExaminePlagiarism(
    const evidence::Background* background, const std::string& zip) {
  const TemporaryFolder folder;
  Output({"python3", "-m", "zipfile", "-e", zip, folder.path()});
  std::map<std::string, std::vector<std::string>> cases;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    const fs::path inner = entry.path().lexically_relative(folder.path());
    if (entry.path().extension() != ".java") continue;
    // IR-Plag-Dataset/case-01/…
    cases[std::next(inner.begin())->string()].push_back(entry.path().string());
  }
  std::map<std::string, LevelSeen> levels;
  for (auto& [name, files] : cases) {
    std::sort(files.begin(), files.end());
    std::vector<ModelOutput> originals;
    for (const std::string& path : files) {
      if (path.find("/original/") == std::string::npos) continue;
      originals.push_back({.provider = "bench",
                           .model = "original",
                           .language = "java",
                           .package = name,
                           .path = "Original.java",
                           .text = ReadFileText(path)});
    }
    const RecallLedger ledger(background, originals);
    Examiner examiner(ledger);
    for (const std::string& path : files) {
      const fs::path inner = fs::path(path).lexically_relative(folder.path());
      const auto part = std::next(inner.begin(), 2);
      if (*part == "original") continue;
      const std::string level = *part == "plagiarized"
                                    ? std::next(part)->string()
                                    : std::string("independent");
      const Seen seen =
          See(examiner.Examine(ReadFileText(path), Language::kJava), 1);
      ++levels[level].files;
      levels[level].flagged += seen.flagged();
      levels[level].forbidden += seen.forbidden();
    }
  }
  return levels;
}

}  // namespace cofferdam::bench
