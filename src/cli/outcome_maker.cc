#include "cli/outcome_maker.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "seal/hash.h"

namespace cofferdam::cli {
namespace {

using ledger::CommitOutcome;
using ledger::LinesByClass;

// A brought line with who wrote it.
struct Line {
  AttributedLine by;
  uint64_t digest = 0;  // of what stands in it but white space
  int64_t landed = 0;
  int64_t gone = 0;
};

struct Work {
  const corpus::MainBranch& branch;
  std::vector<std::pair<size_t, size_t>> files;  // commit, file
  std::vector<std::vector<Line>> lines;          // of each
  std::vector<std::string> changes;              // digests of what it brought
  std::mutex text_mutex;
  std::atomic<size_t> next = 0;
};

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

uint64_t DigestOf(std::string_view line) {
  std::string bare;
  for (char c : line) {
    if (c != ' ' && c != '\t' && c != '\r') bare += c;
  }
  return Hash64(bare);
}

Status AttributeFile(const Attribute& attribute, size_t at, Work* work) {
  const auto [commit_at, file_at] = work->files[at];
  const corpus::BroughtCommit& commit = work->branch.commits()[commit_at];
  const corpus::BroughtFile& file = commit.files[file_at];
  std::string text;
  {
    std::lock_guard lock(work->text_mutex);
    TRY_ASSIGN(text, work->branch.Text(file));
  }
  TRY_ASSIGN(const std::vector<AttributedLine> by,
             attribute(commit, file, text));
  const std::vector<std::string_view> texts = Split(text);
  seal::Sha256Stream change;
  change.Add(file.path);
  for (const corpus::BroughtLine& line : file.lines) {
    if (line.line == 0 || line.line > texts.size()) continue;
    const std::string_view bytes = texts[line.line - 1];
    Line made;
    if (line.line <= by.size()) made.by = by[line.line - 1];
    made.digest = DigestOf(bytes);
    made.landed = line.landed_micros;
    made.gone = line.gone_micros;
    work->lines[at].push_back(made);
    change.Add("\n");
    change.Add(bytes);
  }
  work->changes[at] = ToHex(change.Finish());
  return {};
}

Status AttributeAll(const std::function<Attribute()>& attributes,
                    size_t threads, Work* work) {
  threads =
      std::clamp<size_t>(work->files.size(), 1, std::max<size_t>(1, threads));
  std::vector<Status> ended(threads);
  const auto run = [&](size_t number) {
    const Attribute attribute = attributes();
    for (size_t at = work->next++; at < work->files.size(); at = work->next++) {
      ended[number] = AttributeFile(attribute, at, work);
      if (ended[number].ok()) continue;
      work->next = work->files.size();
      return;
    }
  };
  std::vector<std::thread> running;
  for (size_t i = 1; i < threads; ++i) running.emplace_back(run, i);
  run(0);
  for (std::thread& thread : running) thread.join();
  for (Status& status : ended) TRY(std::move(status));
  return {};
}

uint64_t* CountOf(blame::LineClass line_class, LinesByClass* lines) {
  switch (line_class) {
    case blame::LineClass::kModel:
      return &lines->model;
    case blame::LineClass::kMixed:
      return &lines->mixed;
    case blame::LineClass::kHuman:
      return &lines->human;
    case blame::LineClass::kUnknown:
      break;
  }
  return &lines->unknown;
}

bool StoodAt(int64_t time, const Line& line) {
  return line.landed <= time && line.gone > time;
}

// Adds lines up, each once.
class Sums {
 public:
  Sums(const EarlierLines& earlier, std::vector<CommitOutcome>* outcomes)
      : earlier_(earlier), outcomes_(outcomes) {}

  // The commits' files must come in the order of the branch.
  void Take(size_t commit, const std::vector<Line>& lines) {
    if (commit != commit_) {
      commit_ = commit;
      equal_.clear();
    }
    for (const Line& line : lines) TakeLine(line);
  }

  void Finish(int64_t now_micros) {
    std::vector<int64_t> landed(outcomes_->size());
    for (const Kept& kept : kept_) {
      landed[kept.commit] = std::max(landed[kept.commit], kept.line.landed);
    }
    for (size_t i = 0; i < outcomes_->size(); ++i) {
      if (landed[i] + ledger::kSurvivalMicros <= now_micros) {
        (*outcomes_)[i].alive.emplace();
      }
    }
    std::map<std::tuple<size_t, Ulid, uint32_t>, Names> sources;
    for (const Kept& kept : kept_) {
      CommitOutcome& outcome = (*outcomes_)[kept.commit];
      const bool alive = outcome.alive && kept.alive;
      ++*CountOf(kept.line.by.line_class, &outcome.added);
      if (alive) ++*CountOf(kept.line.by.line_class, &*outcome.alive);
      if (kept.name == 0) continue;
      Names& names =
          sources[{kept.commit, *kept.line.by.exchange, kept.line.by.part}];
      names.all.push_back(kept.name);
      if (alive) names.alive.push_back(kept.name);
    }
    for (auto& [place, names] : sources) {
      const auto& [commit, exchange, part] = place;
      std::vector<ledger::OutcomeSource>& into = (*outcomes_)[commit].sources;
      if (into.size() == ledger::kOutcomeSourcesMax) continue;
      into.push_back({exchange, part, ledger::MakeOutputLines(names.all),
                      ledger::MakeOutputLines(names.alive)});
    }
  }

 private:
  struct Kept {
    size_t commit = 0;
    uint64_t name = 0;  // 0: of no output
    Line line;
    bool alive = false;  // 30 days after it landed
  };
  struct Names {
    std::vector<uint64_t> all;
    std::vector<uint64_t> alive;
  };
  using Place = std::tuple<Ulid, uint32_t, uint64_t>;  // part, digest or name

  void TakeLine(const Line& line) {
    Kept kept = {commit_, 0, line, false};
    if (line.by.exchange) {
      const uint32_t number =
          equal_[{*line.by.exchange, line.by.part, line.digest}]++;
      kept.name = ledger::kLineDigestMin +
                  Hash64("line", line.digest + number) %
                      (ledger::kLineNameMax - ledger::kLineDigestMin);
      if (WasBrought(*line.by.exchange, line.by.part, kept.name)) {
        ++(*outcomes_)[commit_].again;
        return;
      }
      const auto [found, fresh] = first_.emplace(
          Place{*line.by.exchange, line.by.part, kept.name}, kept_.size());
      if (!fresh) {
        Kept& first = kept_[found->second];
        first.alive |=
            StoodAt(first.line.landed + ledger::kSurvivalMicros, line);
        ++(*outcomes_)[commit_].again;
        return;
      }
    }
    kept.alive = StoodAt(line.landed + ledger::kSurvivalMicros, line);
    kept_.push_back(kept);
  }

  bool WasBrought(const Ulid& exchange, uint32_t part, uint64_t name) const {
    const auto lines = earlier_.find({exchange, part});
    if (lines == earlier_.end()) return false;
    const auto next =
        std::upper_bound(lines->second.begin(), lines->second.end(), name,
                         [](uint64_t wanted, const ledger::OutputLines& range) {
                           return wanted < range.begin;
                         });
    return next != lines->second.begin() && std::prev(next)->end >= name;
  }

  const EarlierLines& earlier_;
  std::vector<CommitOutcome>* outcomes_;
  size_t commit_ = SIZE_MAX;
  std::map<Place, uint32_t> equal_;  // lines of this commit so far
  std::map<Place, size_t> first_;    // in kept_
  std::vector<Kept> kept_;
};

}  // namespace

Result<std::vector<CommitOutcome>> MakeOutcomes(
    const corpus::MainBranch& branch, const std::string& repo,
    const EarlierLines& earlier, const std::function<Attribute()>& attributes,
    size_t threads, int64_t now_micros) {
  Work work{.branch = branch};
  std::vector<CommitOutcome> outcomes;
  for (size_t i = 0; i < branch.commits().size(); ++i) {
    const corpus::BroughtCommit& commit = branch.commits()[i];
    CommitOutcome outcome;
    outcome.repo = repo;
    outcome.commit = commit.id;
    outcome.time = commit.authored_micros;
    outcome.left_out = commit.left_out_lines;
    for (const std::string& address : commit.authors) {
      if (outcome.authors.size() == ledger::kOutcomeAuthorsMax) break;
      outcome.authors.push_back({address, ""});
    }
    if (outcome.authors.empty()) outcome.authors.emplace_back();
    outcomes.push_back(std::move(outcome));
    for (size_t file = 0; file < commit.files.size(); ++file) {
      work.files.emplace_back(i, file);
    }
  }
  work.lines.resize(work.files.size());
  work.changes.resize(work.files.size());
  TRY(AttributeAll(attributes, threads, &work));
  std::vector<seal::Sha256Stream> changes(outcomes.size());
  Sums sums(earlier, &outcomes);
  for (size_t at = 0; at < work.files.size(); ++at) {
    const size_t commit = work.files[at].first;
    sums.Take(commit, work.lines[at]);
    changes[commit].Add(work.changes[at]);
  }
  sums.Finish(now_micros);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    // What brings nothing that counts is like no other.
    if (branch.commits()[i].files.empty()) changes[i].Add(outcomes[i].commit);
    outcomes[i].change = ToHex(changes[i].Finish());
  }
  return outcomes;
}

}  // namespace cofferdam::cli
