#include "account/outcome_sums.h"

#include <utility>
#include <vector>

#include "ledger/outcome.h"

namespace cofferdam::account {
namespace {

using ledger::OutputLines;

struct Lines {
  std::vector<OutputLines> committed;
  std::vector<OutputLines> settled;
  std::vector<OutputLines> alive;
};

int64_t Count(const std::vector<OutputLines>& lines) {
  return static_cast<int64_t>(ledger::CountLines(lines));
}

}  // namespace

void Add(const OutputOutcome& more, OutputOutcome* sum) {
  sum->committed += more.committed;
  sum->settled += more.settled;
  sum->alive += more.alive;
}

Result<OutcomeSums> SumOutcomes(const ledger::Ledger& ledger, Rollup& rollup,
                                const RollupRange& range) {
  TRY_ASSIGN(const auto heads, ledger.OutcomeHeads());
  std::set<std::string> repos;
  for (const ledger::OutcomeHead& head : heads) repos.insert(head.repo);
  OutcomeSums sums;
  if (repos.empty()) return sums;
  TRY(rollup.Read(range, [&](const RowName& name, const Tally&) {
    if (repos.contains(name.of(Dimension::kRepo))) sums.by_name[name];
  }));
  std::map<Ulid, std::map<uint32_t, Lines>> exchanges;
  TRY(ledger.ScanOutcomes([&](const ledger::CommitOutcome& outcome) {
    for (const ledger::OutcomeSource& source : outcome.sources) {
      Lines& lines = exchanges[source.exchange][source.part];
      lines.committed = ledger::UniteLines(lines.committed, source.lines);
      if (!outcome.alive) continue;
      lines.settled = ledger::UniteLines(lines.settled, source.lines);
      lines.alive = ledger::UniteLines(lines.alive, source.alive);
    }
    return true;
  }));
  for (const auto& [id, parts] : exchanges) {
    auto exchange = ledger.Get(id);
    if (!exchange.ok()) {
      if (exchange.error().code() == Code::kNotFound) continue;
      return std::move(exchange).error();
    }
    const RowName name = NameOf(*exchange);
    if (exchange->purged == ledger::Purged::kRecord ||
        name.day < range.from_day || name.day >= range.end_day) {
      continue;
    }
    OutputOutcome& sum = sums.by_name[name];
    for (const auto& [part, lines] : parts) {
      Add({Count(lines.committed), Count(lines.settled), Count(lines.alive)},
          &sum);
    }
  }
  return sums;
}

}  // namespace cofferdam::account
