#include "account/adoption.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "account/date.h"
#include "account/groups.h"

namespace cofferdam::account {
namespace {

using ledger::CommitOutcome;
using ledger::LinesByClass;

constexpr int32_t kSettledDays = 30;
constexpr std::string_view kUnknownAuthor = "author:";

uint64_t WithModels(const LinesByClass& lines) {
  return lines.model + lines.mixed;
}

ShareRange RangeOf(uint64_t least, uint64_t most, uint64_t all) {
  if (all == 0) return {};
  return {static_cast<double>(least) / static_cast<double>(all),
          static_cast<double>(most) / static_cast<double>(all)};
}

std::optional<double> PerLine(int64_t sum, int64_t lines) {
  if (lines <= 0) return std::nullopt;
  return static_cast<double>(sum) / static_cast<double>(lines);
}

bool Has(const std::vector<Dimension>& dimensions, Dimension dimension) {
  return std::find(dimensions.begin(), dimensions.end(), dimension) !=
         dimensions.end();
}

void AddSums(const AdoptionSums& more, AdoptionSums* sum) {
  sum->commits += more.commits;
  sum->lines += more.lines;
  sum->settled += more.settled;
  sum->alive += more.alive;
  sum->again += more.again;
  sum->left_out += more.left_out;
}

// An author's share of a commit.
struct Share {
  int32_t day = 0;
  const std::string* repo = nullptr;
  const ledger::OutcomeAuthor* author = nullptr;
  AdoptionSums sums;
};

Share ShareOfAuthor(const CommitOutcome& outcome, size_t author) {
  const size_t authors = outcome.authors.size();
  const auto part = [&](uint64_t all) {
    return static_cast<int64_t>(all / authors +
                                (author < all % authors ? 1 : 0));
  };
  Share share;
  share.day = DayOfTime(outcome.time);
  share.repo = &outcome.repo;
  share.author = &outcome.authors[author];
  share.sums.commits = author == 0 ? 1 : 0;
  share.sums.lines = ledger::ShareOf(outcome.added, author, authors);
  if (outcome.alive) {
    share.sums.settled = share.sums.lines;
    share.sums.alive = ledger::ShareOf(*outcome.alive, author, authors);
  }
  share.sums.again = part(outcome.again);
  share.sums.left_out = part(outcome.left_out);
  return share;
}

// What one person did in one group.
using Persons = std::unordered_map<std::string, LinesByClass>;

void CountEngineers(const Persons& persons, int32_t threshold,
                    AdoptionSums* sums) {
  const auto share = static_cast<uint64_t>(threshold);
  for (const auto& [person, lines] : persons) {
    if (person.empty() || lines.total() == 0) continue;
    ++sums->engineers;
    const uint64_t least = WithModels(lines);
    const uint64_t bar = share * lines.total();
    sums->above_least += least * 100 >= bar ? 1 : 0;
    sums->above_most += (least + lines.unknown) * 100 >= bar ? 1 : 0;
  }
}

Status Check(const AdoptionQuery& query) {
  if (query.to_day < query.from_day) {
    return Error(Code::kInvalid,
                 fmt::format("until: {} is before {}", FormatDay(query.to_day),
                             FormatDay(query.from_day)));
  }
  if (query.threshold < 1 || query.threshold > 100) {
    return Error(Code::kInvalid, "threshold: must be 1 to 100 percent");
  }
  if (query.repos.size() > kAdoptionReposMax) {
    return Error(Code::kInvalid,
                 fmt::format("{} repositories, at most {}", query.repos.size(),
                             kAdoptionReposMax));
  }
  if (query.individuals == Individuals::kShown) return {};
  if (Has(query.by, Dimension::kPerson)) {
    return Error(Code::kDenied,
                 "reports by engineer are off: they take [privacy] individuals "
                 "= true in the configuration");
  }
  // Two ranges that differ by days tell what was done on them.
  if (query.from_day != StartOfMonth(query.from_day)) {
    return Error(Code::kInvalid,
                 fmt::format("since: while people are not told apart, reports "
                             "hold whole months: say {}",
                             FormatDay(StartOfMonth(query.from_day))));
  }
  const int32_t last = EndOfMonth(query.to_day) - 1;
  if (query.to_day != last && query.to_day < query.today) {
    return Error(Code::kInvalid,
                 fmt::format("until: while people are not told apart, reports "
                             "hold whole months: say {}",
                             FormatDay(std::min(last, query.today))));
  }
  return {};
}

using Values = std::vector<std::string>;

class Builder {
 public:
  // `chosen`: those that are told of.
  Builder(const AdoptionQuery& query, const std::set<std::string>& chosen,
          bool all_repos)
      : query_(query),
        chosen_(chosen),
        all_repos_(all_repos),
        cell_by_(query.by) {
    // Where repositories are chosen, each is looked at by itself, among all
    // there are: what two choices differ by may then be shown.
    std::erase(cell_by_, Dimension::kMonth);
    if (!all_repos && !Has(cell_by_, Dimension::kRepo)) {
      cell_by_.push_back(Dimension::kRepo);
    }
    std::sort(cell_by_.begin(), cell_by_.end());
    fine_by_ = cell_by_;
    if (!Has(fine_by_, Dimension::kRepo)) {
      fine_by_.push_back(Dimension::kRepo);
      std::sort(fine_by_.begin(), fine_by_.end());
    }
    report_.query = query;
  }

  // Dimensions that use is asked by.
  std::vector<Dimension> usage_by() const {
    std::vector<Dimension> by = fine_by_;
    by.push_back(Dimension::kMonth);
    return by;
  }

  void Take(const CommitOutcome& outcome) {
    for (size_t i = 0; i < outcome.authors.size(); ++i) {
      const Share share = ShareOfAuthor(outcome, i);
      TakeShare(share, cell_by_, &cells_);
      TakeShare(share, fine_by_, &fine_);
      if (chosen_.contains(outcome.repo) &&
          share.author->person.starts_with(kUnknownAuthor)) {
        unknown_.insert(share.author->person);
      }
    }
  }

  // Values by usage_by().
  void TakeUsage(const UsageRow& row) {
    Values key = {row.values.back()};
    key.insert(key.end(), row.values.begin(), row.values.end() - 1);
    usage_[std::move(key)] = row.tally;
  }

  Result<AdoptionReport> Finish() {
    if (cells_.size() > kReportGroupsMax) {
      return Error(Code::kTooLarge,
                   fmt::format("more than {} groups; say a shorter range",
                               kReportGroupsMax));
    }
    Suppress(&cells_);
    Suppress(&fine_);
    for (const auto& [key, cell] : cells_) AddCell(key, cell);
    AddCost();
    if (!query_.by.empty()) {
      for (auto& [values, row] : rows_) {
        CountEngineers(row.persons, query_.threshold, &row.sums);
        report_.rows.push_back({values, row.sums});
      }
    } else {
      report_.folded = false;
      report_.folded_sums = {};
    }
    CountEngineers(total_persons_, query_.threshold, &report_.total);
    report_.unknown_authors = static_cast<int64_t>(unknown_.size());
    return std::move(report_);
  }

 private:
  struct Cell {
    AdoptionSums sums;
    Persons persons;
    std::string repo;  // of one of its commits
    bool shown = true;
    bool month_shown = true;
  };
  using Cells = std::map<Values, Cell>;  // by month, then its dimensions
  struct Row {
    AdoptionSums sums;
    Persons persons;
  };

  void TakeShare(const Share& share, const std::vector<Dimension>& by,
                 Cells* cells) {
    Values key = {FormatMonth(share.day)};
    for (Dimension dimension : by) {
      key.push_back(dimension == Dimension::kPerson ? share.author->person
                    : dimension == Dimension::kTeam ? share.author->team
                                                    : *share.repo);
    }
    Cell& cell = (*cells)[std::move(key)];
    cell.repo = *share.repo;
    AddSums(share.sums, &cell.sums);
    cell.persons[share.author->person] += share.sums.lines;
  }

  void AddCell(const Values& key, const Cell& cell) {
    if (!all_repos_ && !chosen_.contains(cell.repo)) return;
    if (!cell.month_shown || (!cell.shown && !all_repos_)) {
      report_.withheld = true;
      return;
    }
    AdoptionSums sums = cell.sums;
    // Of a month of which only some lines have had their time, these may be
    // one person's.
    if (query_.individuals == Individuals::kHidden && !IsSettled(key.front())) {
      sums.settled = sums.alive = {};
    }
    AddSums(sums, &report_.total);
    for (const auto& [person, lines] : cell.persons) {
      total_persons_[person] += lines;
    }
    if (!cell.shown) {
      report_.folded = true;
      AddSums(sums, &report_.folded_sums);
      return;
    }
    Row& row = rows_[RowOf(key, cell_by_)];
    AddSums(sums, &row.sums);
    for (const auto& [person, lines] : cell.persons) {
      row.persons[person] += lines;
    }
  }

  // The row that a cell belongs to.
  Values RowOf(const Values& key, const std::vector<Dimension>& by) const {
    Values values;
    for (Dimension dimension : query_.by) {
      if (dimension == Dimension::kMonth) {
        values.push_back(key.front());
        continue;
      }
      const auto at = std::find(by.begin(), by.end(), dimension) - by.begin();
      values.push_back(key[static_cast<size_t>(at) + 1]);
    }
    return values;
  }

  // Of each month by itself.
  void Suppress(Cells* cells) {
    if (query_.individuals == Individuals::kShown) return;
    for (auto at = cells->begin(); at != cells->end();) {
      const std::string month = at->first.front();
      const auto begin = at;
      std::vector<Group> groups;
      std::set<uint32_t> all;
      for (; at != cells->end() && at->first.front() == month; ++at) {
        Group group{{at->first.begin() + 1, at->first.end()}, {}};
        for (const auto& [person, lines] : at->second.persons) {
          // Who brought nothing hides nobody.
          if (person.empty() || lines.total() == 0) continue;
          group.persons.push_back(NumberOf(person));
        }
        all.insert(group.persons.begin(), group.persons.end());
        std::sort(group.persons.begin(), group.persons.end());
        groups.push_back(std::move(group));
      }
      const std::vector<bool> shown = ShownGroups(groups);
      size_t number = 0;
      for (auto cell = begin; cell != at; ++cell) {
        cell->second.shown = shown[number++];
        cell->second.month_shown = all.size() >= kGroupPersonsMin;
      }
    }
  }

  uint32_t NumberOf(const std::string& person) {
    const auto next = static_cast<uint32_t>(numbers_.size());
    return numbers_.try_emplace(person, next).first->second;
  }

  // Whether all that was committed in that month of the range has had its 30
  // days.
  bool IsSettled(const std::string& month) const {
    const auto first = ParseDay(month + "-01");
    if (!first.ok()) return false;
    const int32_t end = std::min(EndOfMonth(*first), query_.to_day + 1);
    return end + kSettledDays <= query_.today;
  }

  // Where both the lines and the use of a repository's group may be shown.
  void AddCost() {
    for (const auto& [key, cell] : fine_) {
      const auto used = usage_.find(key);
      if (!cell.shown || used == usage_.end() || !IsSettled(key.front()) ||
          !chosen_.contains(cell.repo)) {
        continue;
      }
      const auto add = [&](AdoptionSums* sums) {
        sums->tokens += used->second.tokens();
        sums->micro_dollars += used->second.micro_dollars;
        sums->surviving_lines +=
            static_cast<int64_t>(WithModels(cell.sums.alive));
      };
      add(&report_.total);
      const auto row = rows_.find(RowOf(key, fine_by_));
      if (!query_.by.empty() && row != rows_.end()) add(&row->second.sums);
    }
  }

  const AdoptionQuery& query_;
  const std::set<std::string>& chosen_;
  const bool all_repos_;
  std::vector<Dimension> cell_by_;
  // Those and the repository: what use is set against.
  std::vector<Dimension> fine_by_;
  Cells cells_;
  Cells fine_;
  std::map<Values, Tally> usage_;
  std::map<Values, Row> rows_;
  Persons total_persons_;
  std::set<std::string> unknown_;
  std::unordered_map<std::string, uint32_t> numbers_;
  AdoptionReport report_;
};

void WriteLines(std::string_view name, const LinesByClass& lines,
                JsonWriter* json) {
  json->Key(name)
      .BeginObject()
      .Field("model", lines.model)
      .Field("mixed", lines.mixed)
      .Field("human", lines.human)
      .Field("unknown", lines.unknown)
      .EndObject();
}

void WriteRange(std::string_view name, const ShareRange& range,
                JsonWriter* json) {
  json->Key(name)
      .BeginObject()
      .Field("least", range.least)
      .Field("most", range.most)
      .EndObject();
}

void WriteOptional(std::string_view name, std::optional<double> value,
                   JsonWriter* json) {
  json->Key(name);
  if (value) {
    json->Double(*value);
  } else {
    json->Null();
  }
}

enum class Engineers { kLeftOut, kTold };

void WriteSums(const AdoptionSums& sums, Engineers engineers,
               JsonWriter* json) {
  json->Field("commits", sums.commits);
  WriteLines("lines", sums.lines, json);
  WriteRange("with_models", sums.with_models(), json);
  if (engineers == Engineers::kTold) {
    json->Field("engineers", sums.engineers);
    json->Key("engineers_above")
        .BeginObject()
        .Field("least", sums.above_least)
        .Field("most", sums.above_most)
        .EndObject();
  }
  WriteLines("settled", sums.settled, json);
  WriteLines("alive", sums.alive, json);
  WriteOptional("survival", sums.survival(), json);
  json->Field("tokens", sums.tokens)
      .Field("micro_dollars", sums.micro_dollars)
      .Field("surviving_lines", sums.surviving_lines);
  WriteOptional("tokens_per_line", sums.tokens_per_line(), json);
  WriteOptional("micro_dollars_per_line", sums.micro_dollars_per_line(), json);
  json->Field("again", sums.again).Field("left_out", sums.left_out);
}

}  // namespace

ShareRange AdoptionSums::with_models() const {
  const uint64_t least = WithModels(lines);
  return RangeOf(least, least + lines.unknown, lines.total());
}

ShareRange AdoptionSums::engineers_above() const {
  return RangeOf(static_cast<uint64_t>(above_least),
                 static_cast<uint64_t>(above_most),
                 static_cast<uint64_t>(engineers));
}

std::optional<double> AdoptionSums::survival() const {
  return PerLine(static_cast<int64_t>(WithModels(alive)),
                 static_cast<int64_t>(WithModels(settled)));
}

std::optional<double> AdoptionSums::tokens_per_line() const {
  return PerLine(tokens, surviving_lines);
}

std::optional<double> AdoptionSums::micro_dollars_per_line() const {
  return PerLine(micro_dollars, surviving_lines);
}

Result<std::vector<Dimension>> ParseAdoptionBy(std::string_view text) {
  std::string names(text);
  constexpr std::string_view kEngineer = "engineer";
  for (size_t at = 0; (at = names.find(kEngineer, at)) != std::string::npos;) {
    names.replace(at, kEngineer.size(), "person");
  }
  TRY_ASSIGN(std::vector<Dimension> by, ParseDimensions(names));
  for (Dimension dimension : by) {
    if (dimension != Dimension::kPerson && dimension != Dimension::kTeam &&
        dimension != Dimension::kRepo && dimension != Dimension::kMonth) {
      return Error(Code::kInvalid,
                   fmt::format("by: adoption is told by engineer, team, repo "
                               "and month, not by {}",
                               DimensionName(dimension)));
    }
  }
  return by;
}

Result<AdoptionReport> MakeAdoption(const ledger::Ledger& ledger,
                                    Rollup& rollup,
                                    const AdoptionQuery& query) {
  TRY(Check(query));
  TRY_ASSIGN(std::vector<ledger::OutcomeHead> heads, ledger.OutcomeHeads());
  const size_t all = heads.size();
  std::erase_if(heads, [&](const ledger::OutcomeHead& head) {
    return !query.repos.empty() && !query.repos.contains(head.repo);
  });
  std::sort(heads.begin(), heads.end(),
            [](const auto& a, const auto& b) { return a.repo < b.repo; });
  std::set<std::string> repos;
  for (const ledger::OutcomeHead& head : heads) repos.insert(head.repo);
  Builder builder(query, repos, heads.size() == all);
  TRY(ledger.ScanOutcomes([&](const CommitOutcome& outcome) {
    const int32_t day = DayOfTime(outcome.time);
    if (day >= query.from_day && day <= query.to_day) builder.Take(outcome);
    return true;
  }));
  UsageQuery usage;
  usage.by = builder.usage_by();
  usage.from_day = query.from_day;
  usage.to_day = query.to_day;
  usage.today = query.today;
  usage.individuals = query.individuals;
  TRY_ASSIGN(const UsageReport used, MakeUsageReport(rollup, usage));
  for (const UsageRow& row : used.rows) builder.TakeUsage(row);
  TRY_ASSIGN(AdoptionReport report, builder.Finish());
  report.repos = std::move(heads);
  report.imported_exchanges = used.imported_exchanges;
  return report;
}

void WriteAdoption(const AdoptionReport& report, const PersonName& person,
                   JsonWriter* json) {
  json->Field("from", FormatDay(report.query.from_day))
      .Field("to", FormatDay(report.query.to_day))
      .Field("today", FormatDay(report.query.today))
      .Field("threshold", int64_t{report.query.threshold});
  UsageQuery names;
  names.by = report.query.by;
  json->Key("by").BeginArray();
  for (Dimension dimension : report.query.by) {
    json->String(DimensionName(dimension));
  }
  json->EndArray().Key("repos").BeginArray();
  for (const ledger::OutcomeHead& head : report.repos) {
    json->BeginObject()
        .Field("repo", head.repo)
        .Field("head", head.head)
        .Field("head_day", FormatDay(DayOfTime(head.head_micros)))
        .EndObject();
  }
  json->EndArray().Key("rows").BeginArray();
  for (const AdoptionRow& row : report.rows) {
    json->BeginObject();
    WriteGroupNames(names, {row.values, {}}, person, json);
    WriteSums(row.sums, Engineers::kTold, json);
    json->EndObject();
  }
  json->EndArray();
  if (report.folded) {
    json->Key("folded").BeginObject();
    WriteSums(report.folded_sums, Engineers::kLeftOut, json);
    json->EndObject();
  }
  json->Key("total").BeginObject();
  WriteSums(report.total, Engineers::kTold, json);
  json->EndObject();
  json->Field("withheld", report.withheld)
      .Field("unknown_authors", report.unknown_authors)
      .Field("imported_exchanges", report.imported_exchanges);
}

}  // namespace cofferdam::account
