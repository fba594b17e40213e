#include "benches/recall_pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "base/random.h"

namespace cofferdam::bench {
namespace {

constexpr double kTokensPerLineMin = 2;
// Windows of outputs that are tried for one piece.
constexpr size_t kTries = 400;
constexpr size_t kHumanLinesPerGroup = 20'000;
constexpr uint64_t kHumanFileBytesMax = 100'000;
// An hour between the exchange and the commit.
constexpr int64_t kNewerMicros = 3'600'000'000;

// A window of an output.
struct Piece {
  size_t output = 0;
  Code code;
};

std::optional<Piece> Choose(const std::vector<ModelOutput>& outputs,
                            const std::vector<size_t>& from,
                            const PieceOptions& options, SeededRandom* random) {
  for (size_t attempt = 0; attempt < kTries && !from.empty(); ++attempt) {
    const size_t output = from[random->Below(from.size())];
    const Code code =
        ReadCode(outputs[output].text, LanguageOf(outputs[output]));
    if (code.size() < options.lines) continue;
    Code window = Slice(code, random->Below(code.size() - options.lines + 1),
                        options.lines);
    const size_t tokens = TokensOf(window);
    const double least = kTokensPerLineMin * static_cast<double>(options.lines);
    if (static_cast<double>(tokens) < least || tokens < options.tokens_min)
      continue;
    return Piece{output, std::move(window)};
  }
  return std::nullopt;
}

// Places in `from` by group.
std::array<std::vector<size_t>, kGroupCount> ByGroup(
    const std::vector<ModelOutput>& outputs, const std::vector<size_t>& from) {
  std::array<std::vector<size_t>, kGroupCount> groups;
  for (const size_t i : from) {
    const Group group = GroupOf(outputs[i].language);
    if (group != Group::kOther) groups[static_cast<size_t>(group)].push_back(i);
  }
  return groups;
}

// The output's lines from the first to the last of `code`, with what lies
// between.
std::string TextOf(const ModelOutput& output, const Code& code) {
  std::string text;
  uint32_t number = 1;
  for (size_t at = 0; at < output.text.size(); ++number) {
    const size_t end =
        std::min(output.text.find('\n', at), output.text.size() - 1);
    if (number >= code.front().number && number <= code.back().number)
      text += output.text.substr(at, end + 1 - at);
    at = end + 1;
  }
  return text;
}

// An hour after the exchange, at another path of the output's repository.
evidence::DocumentPlace LaterIn(std::string_view repository) {
  return {.repository = repository,
          .path_in_repository = "elsewhere/renamed",
          .time = kWrittenMicros + kNewerMicros};
}

// Calls `look(examiner, piece, group, random)` for options.count pieces of
// each language and gathers what it returns, a PieceSeen or nothing.
template <typename Look>
std::vector<PieceSeen> ForPieces(const RecallLedger& ledger,
                                 const std::vector<ModelOutput>& outputs,
                                 const std::vector<size_t>& from,
                                 const PieceOptions& options,
                                 const Look& look) {
  const auto groups = ByGroup(outputs, from);
  std::vector<Examiner> examiners;
  for (size_t i = 0; i < BenchThreads(); ++i) examiners.emplace_back(ledger);
  std::vector<std::optional<PieceSeen>> seen(kGroupCount * options.count);
  ForEach(seen.size(), BenchThreads(), [&](size_t thread, size_t i) {
    const Group group = kGroups[i / options.count];
    // Not a product: pieces of other rows must not repeat in this one.
    SeededRandom random(options.seed * 1'000'003 + options.lines * 10'007 + i);
    const auto piece =
        Choose(outputs, groups[static_cast<size_t>(group)], options, &random);
    if (!piece) return;
    seen[i] = look(&examiners[thread], *piece, &random);
    if (seen[i]) seen[i]->group = group;
  });
  std::vector<PieceSeen> found;
  for (auto& one : seen)
    if (one) found.push_back(*std::move(one));
  return found;
}

}  // namespace

HumanLines ReadHumanLines(const std::vector<HumanFile>& human) {
  HumanLines lines;
  SeededRandom random(11);
  std::vector<size_t> order(human.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.Below(i)]);
  for (const size_t i : order) {
    auto& group = lines[static_cast<size_t>(human[i].group)];
    if (group.size() >= kHumanLinesPerGroup ||
        human[i].bytes > kHumanFileBytesMax)
      continue;
    for (CodeLine& line :
         ReadCode(ReadFileText(human[i].path),
                  fingerprint::LanguageOfPath(human[i].path))) {
      if (line.tokens.size() >= 2 && random.Below(4) == 0)
        group.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<PieceSeen> ExaminePieces(const RecallLedger& ledger,
                                     const std::vector<ModelOutput>& outputs,
                                     const std::vector<size_t>& from,
                                     const HumanLines& human,
                                     const PieceOptions& options) {
  return ForPieces(
      ledger, outputs, from, options,
      [&](Examiner* examiner, const Piece& piece, SeededRandom* random) {
        const ModelOutput& output = outputs[piece.output];
        const fingerprint::Language language = LanguageOf(output);
        const auto& others =
            human[static_cast<size_t>(GroupOf(output.language))];
        const std::string repository = RepositoryOf(output);
        evidence::DocumentPlace place;
        if (options.context) place = LaterIn(repository);
        PieceSeen seen;
        for (size_t level = 0; level < kEdits.size(); ++level) {
          Code code = piece.code;
          RenameSome(options.names_changed, &code, random);
          if (!others.empty()) EditLines(kEdits[level], others, random, &code);
          seen.at[level] =
              See(examiner->Examine(Reformat(code, language, random), language,
                                    place),
                  piece.output + 1);
        }
        return seen;
      });
}

std::vector<PieceSeen> ExamineVerbatim(const RecallLedger& ledger,
                                       const std::vector<ModelOutput>& outputs,
                                       const std::vector<size_t>& from,
                                       const PieceOptions& options) {
  return ForPieces(
      ledger, outputs, from, options,
      [&](Examiner* examiner, const Piece& piece, SeededRandom*) {
        const ModelOutput& output = outputs[piece.output];
        PieceSeen seen;
        seen.at[0] = See(
            examiner->Examine(TextOf(output, piece.code), LanguageOf(output)),
            piece.output + 1);
        return seen;
      });
}

PersonsSeen ExaminePersons(const RecallLedger& ledger,
                           const SharedRuns& ledgers_text,
                           const std::vector<ModelOutput>& persons,
                           const PieceOptions& options) {
  std::vector<size_t> all(persons.size());
  std::iota(all.begin(), all.end(), size_t{0});
  std::atomic<size_t> left_out = 0;
  PersonsSeen seen;
  seen.pieces =
      ForPieces(ledger, persons, all, options,
                [&](Examiner* examiner, const Piece& piece,
                    SeededRandom*) -> std::optional<PieceSeen> {
                  const ModelOutput& file = persons[piece.output];
                  const fingerprint::Language language = LanguageOf(file);
                  const std::string text = TextOf(file, piece.code);
                  if (ledgers_text.Has(text, language)) {
                    ++left_out;
                    return std::nullopt;
                  }
                  const std::string repository = RepositoryOf(file);
                  evidence::DocumentPlace place;
                  if (options.context) place = LaterIn(repository);
                  PieceSeen one;
                  one.at[0] = See(examiner->Examine(text, language, place), 0);
                  return one;
                });
  seen.left_out = left_out;
  return seen;
}

std::vector<PieceSeen> ExamineEchoes(const evidence::Background* background,
                                     const std::vector<ModelOutput>& outputs,
                                     const std::vector<size_t>& from,
                                     const HumanLines& human,
                                     const PieceOptions& options) {
  const auto groups = ByGroup(outputs, from);
  std::vector<PieceSeen> seen;
  std::vector<std::string> persons;
  std::array<std::vector<ModelOutput>, kEdits.size()> rewritten;
  for (size_t i = 0; i < kGroupCount * options.count; ++i) {
    const Group group = kGroups[i / options.count];
    SeededRandom random(options.seed * 1'000'003 + options.lines * 10'007 + i);
    const auto piece =
        Choose(outputs, groups[static_cast<size_t>(group)], options, &random);
    if (!piece) continue;
    const ModelOutput& output = outputs[piece->output];
    const auto& others = human[static_cast<size_t>(GroupOf(output.language))];
    const fingerprint::Language language = LanguageOf(output);
    persons.push_back(Reformat(piece->code, language, &random));
    for (size_t level = 0; level < kEdits.size(); ++level) {
      Code code = piece->code;
      RenameAll(&code, &random);
      if (!others.empty()) EditLines(kEdits[level], others, &random, &code);
      ModelOutput answer = output;
      answer.text = Reformat(code, language, &random);
      rewritten[level].push_back(std::move(answer));
    }
    seen.push_back({.group = group});
  }
  for (size_t level = 0; level < kEdits.size(); ++level) {
    const RecallLedger ledger(background, rewritten[level],
                              [&](size_t i) { return persons[i]; });
    Examiner examiner(ledger);
    for (size_t i = 0; i < persons.size(); ++i)
      seen[i].at[level] = See(
          examiner.Examine(persons[i], LanguageOf(rewritten[level][i])), i + 1);
  }
  return seen;
}

std::vector<PieceSeen> ExamineProse(const RecallLedger& ledger,
                                    const std::vector<ModelOutput>& outputs,
                                    size_t words, size_t count) {
  std::vector<std::pair<size_t, std::vector<std::string>>> prose;
  std::vector<std::string> others;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].language != "markdown") continue;
    // Between fences stands code.
    std::string text;
    bool fenced = false;
    for (size_t at = 0; at < outputs[i].text.size();) {
      const size_t end =
          std::min(outputs[i].text.find('\n', at), outputs[i].text.size());
      const std::string line = outputs[i].text.substr(at, end - at);
      if (line.starts_with("```")) {
        fenced = !fenced;
      } else if (!fenced && line.find('|') == std::string::npos) {
        text += line + '\n';
      }
      at = end + 1;
    }
    std::vector<std::string> found = WordsOf(text);
    others.insert(others.end(), found.begin(), found.end());
    if (found.size() >= words) prose.emplace_back(i, std::move(found));
  }
  if (prose.empty()) return {};
  std::vector<Examiner> examiners;
  for (size_t i = 0; i < BenchThreads(); ++i) examiners.emplace_back(ledger);
  std::vector<PieceSeen> seen(count);
  ForEach(count, BenchThreads(), [&](size_t thread, size_t i) {
    SeededRandom random(77'001 + i);
    const auto& [output, all] = prose[random.Below(prose.size())];
    const size_t begin = random.Below(all.size() - words + 1);
    for (size_t level = 0; level < kWordEdits.size(); ++level) {
      std::vector<std::string> some(
          all.begin() + static_cast<ptrdiff_t>(begin),
          all.begin() + static_cast<ptrdiff_t>(begin + words));
      EditWords(kWordEdits[level], others, &random, &some);
      seen[i].at[level] =
          See(examiners[thread].Examine(Wrapped(some),
                                        fingerprint::Language::kMarkdown),
              output + 1);
    }
  });
  return seen;
}

}  // namespace cofferdam::bench
