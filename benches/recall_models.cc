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

// Normal tokens of each answer.
using Streams = std::vector<std::vector<uint64_t>>;

Streams LexAll(const std::vector<ModelOutput>& answers) {
  Streams streams;
  fingerprint::TokenStream tokens;
  for (const ModelOutput& answer : answers) {
    Lex(answer.text, Language::kPython, &tokens);
    streams.emplace_back(tokens.normal().begin(), tokens.normal().end());
  }
  return streams;
}

// Whether the finding names one model alone, though all its tokens stand, in
// one run, in an answer of another model to the same task.
bool NamesOneAlone(const evidence::Finding& finding,
                   const fingerprint::TokenStream& tokens,
                   const std::vector<ModelOutput>& answers,
                   const Streams& streams,
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
  const auto normal = tokens.normal();
  const std::vector<uint64_t> claimed(normal.begin() + first,
                                      normal.begin() + last);
  return std::any_of(same_task.begin(), same_task.end(), [&](size_t i) {
    return !named.contains(answers[i].model) &&
           std::search(streams[i].begin(), streams[i].end(), claimed.begin(),
                       claimed.end()) != streams[i].end();
  });
}

void ExamineTogether(const evidence::Background* background,
                     const std::vector<ModelOutput>& answers,
                     ModelsSeen* seen) {
  const RecallLedger ledger(background, answers);
  const Streams streams = LexAll(answers);
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
