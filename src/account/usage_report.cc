#include "account/usage_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "account/date.h"
#include "account/groups.h"

namespace cofferdam::account {
namespace {

std::string ValueOf(const RowName& name, Dimension dimension) {
  if (dimension == Dimension::kDay) return FormatDay(name.day);
  if (dimension == Dimension::kMonth) return FormatMonth(name.day);
  return name.of(dimension);
}

bool Has(const std::vector<Dimension>& dimensions, Dimension dimension) {
  return std::find(dimensions.begin(), dimensions.end(), dimension) !=
         dimensions.end();
}

// Whether the range is whole months, the running one up to today.
bool IsWholeMonths(const UsageQuery& query) {
  return query.from_day == StartOfMonth(query.from_day) &&
         (query.to_day + 1 == EndOfMonth(query.to_day) ||
          query.to_day >= query.today);
}

// What stands in one group of one month.
struct Cell {
  Tally tally;   // on all days
  Tally inside;  // on those of the range
  std::vector<std::string> row;
  std::vector<uint32_t> persons;
};

class Builder {
 public:
  explicit Builder(const UsageQuery& query) : query_(query) {
    report_.query = query;
    all_routes_ = Has(query.by, Dimension::kRoute);
    // Months are told apart anyway. Days must be where the range is not whole
    // months, since what is in it and what is not can be had from two reports.
    for (Dimension dimension : query.by) {
      if (dimension != Dimension::kMonth) cell_by_.push_back(dimension);
    }
    if (query.individuals == Individuals::kHidden && !IsWholeMonths(query) &&
        !Has(cell_by_, Dimension::kDay)) {
      cell_by_.push_back(Dimension::kDay);
    }
    // The same groups however a report orders them.
    std::sort(cell_by_.begin(), cell_by_.end());
  }

  // The days whose rows are needed.
  RollupRange range() const {
    if (query_.individuals == Individuals::kShown) {
      return {query_.from_day, query_.to_day + 1};
    }
    return {StartOfMonth(query_.from_day), EndOfMonth(query_.to_day)};
  }

  void Take(const RowName& name, const Tally& tally) {
    if (cells_.size() > kReportGroupsMax) return;
    const bool inside =
        name.day >= query_.from_day && name.day <= query_.to_day;
    const std::string& route = name.of(Dimension::kRoute);
    if (!all_routes_ && (route == "import" || route == "context")) {
      int64_t& count = route == "import" ? report_.imported_exchanges
                                         : report_.claimed_exchanges;
      if (inside) count += tally.exchanges;
      return;
    }
    std::vector<std::string> values = {FormatMonth(name.day)};
    for (Dimension dimension : cell_by_) {
      values.push_back(ValueOf(name, dimension));
    }
    Cell& cell = cells_[std::move(values)];
    Add(tally, &cell.tally);
    if (inside) {
      Add(tally, &cell.inside);
      Add(tally, &report_.total);
    }
    if (cell.row.empty()) {
      for (Dimension dimension : query_.by) {
        cell.row.push_back(ValueOf(name, dimension));
      }
    }
    const auto number = static_cast<uint32_t>(persons_.size());
    cell.persons.push_back(
        persons_.try_emplace(name.of(Dimension::kPerson), number)
            .first->second);
  }

  Result<UsageReport> Finish() {
    if (cells_.size() > kReportGroupsMax) {
      return Error(Code::kTooLarge,
                   fmt::format("more than {} groups; say a shorter range or "
                               "fewer names in by",
                               kReportGroupsMax));
    }
    // Of each month by itself.
    for (auto at = cells_.begin(); at != cells_.end();) {
      const std::string month = at->first.front();
      const auto begin = at;
      while (at != cells_.end() && at->first.front() == month) ++at;
      AddMonth(begin, at);
    }
    for (auto& [values, tally] : rows_) report_.rows.push_back({values, tally});
    std::stable_sort(report_.rows.begin(), report_.rows.end(),
                     [](const UsageRow& a, const UsageRow& b) {
                       return std::tuple(a.tally.micro_dollars,
                                         a.tally.tokens(), a.tally.exchanges) >
                              std::tuple(b.tally.micro_dollars,
                                         b.tally.tokens(), b.tally.exchanges);
                     });
    // Time goes on by itself.
    if (!query_.by.empty() && (query_.by.front() == Dimension::kDay ||
                               query_.by.front() == Dimension::kMonth)) {
      std::stable_sort(report_.rows.begin(), report_.rows.end(),
                       [](const UsageRow& a, const UsageRow& b) {
                         return a.values.front() < b.values.front();
                       });
    }
    return std::move(report_);
  }

 private:
  using Cells = std::map<std::vector<std::string>, Cell>;

  void AddMonth(Cells::iterator begin, Cells::iterator end) {
    std::vector<Group> groups;
    for (auto at = begin; at != end; ++at) {
      std::vector<uint32_t>& persons = at->second.persons;
      std::sort(persons.begin(), persons.end());
      persons.erase(std::unique(persons.begin(), persons.end()), persons.end());
      groups.push_back({{at->first.begin() + 1, at->first.end()}, persons});
    }
    std::vector<bool> shown(groups.size(), true);
    if (query_.individuals == Individuals::kHidden) {
      shown = ShownGroups(groups);
    }
    size_t number = 0;
    for (auto at = begin; at != end; ++at, ++number) {
      const Cell& cell = at->second;
      if (cell.inside == Tally{} || query_.by.empty()) continue;
      if (shown[number]) {
        Add(cell.inside, &rows_[cell.row]);
      } else {
        report_.folded = true;
        Add(cell.inside, &report_.folded_tally);
      }
    }
  }

  const UsageQuery& query_;
  std::vector<Dimension> cell_by_;
  bool all_routes_ = false;
  std::unordered_map<std::string, uint32_t> persons_;
  Cells cells_;  // by month, then cell_by_
  std::map<std::vector<std::string>, Tally> rows_;
  UsageReport report_;
};

}  // namespace

Result<UsageReport> MakeUsageReport(Rollup& rollup, const UsageQuery& query) {
  if (query.to_day < query.from_day) {
    return Error(Code::kInvalid,
                 fmt::format("to: {} is before {}", FormatDay(query.to_day),
                             FormatDay(query.from_day)));
  }
  if (query.individuals == Individuals::kHidden) {
    for (Dimension dimension : query.by) {
      if (NamesAPerson(dimension)) {
        return Error(Code::kDenied,
                     fmt::format("reports by {} are off: they take [privacy] "
                                 "individuals = true in the configuration",
                                 DimensionName(dimension)));
      }
    }
  }
  Builder builder(query);
  TRY(rollup.Read(builder.range(),
                  [&](const RowName& name, const Tally& tally) {
                    builder.Take(name, tally);
                  }));
  TRY_ASSIGN(UsageReport report, builder.Finish());
  report.edition = rollup.edition();
  return report;
}

Result<UsageQuery> ParseUsageQuery(std::string_view by, std::string_view from,
                                   std::string_view to, int32_t today,
                                   Individuals individuals) {
  UsageQuery query;
  query.individuals = individuals;
  query.today = today;
  TRY_ASSIGN(query.by, ParseDimensions(by));
  const auto day = [](std::string_view name, std::string_view text,
                      int32_t fallback) -> Result<int32_t> {
    if (text.empty()) return fallback;
    auto parsed = ParseDay(text);
    if (!parsed.ok()) return std::move(parsed).error().Within(name);
    return parsed;
  };
  TRY_ASSIGN(query.to_day, day("to", to, today));
  TRY_ASSIGN(query.from_day, day("from", from, StartOfMonth(query.to_day)));
  return query;
}

std::optional<std::vector<std::string>> GroupOf(const UsageQuery& query,
                                                const RowName& name) {
  const std::string& route = name.of(Dimension::kRoute);
  if (!Has(query.by, Dimension::kRoute) &&
      (route == "import" || route == "context")) {
    return std::nullopt;
  }
  std::vector<std::string> values;
  for (Dimension dimension : query.by) {
    values.push_back(ValueOf(name, dimension));
  }
  return values;
}

void WriteGroupNames(const UsageQuery& query, const UsageRow& row,
                     const PersonName& person, JsonWriter* json) {
  for (size_t i = 0; i < query.by.size(); ++i) {
    const std::string_view name = DimensionName(query.by[i]);
    const std::string& value = row.values[i];
    if (query.by[i] == Dimension::kPerson) {
      json->Field(name, value.empty() ? value : person(value));
      json->Field("person_id", value);
    } else {
      json->Field(name, value);
    }
  }
}

void WriteTally(const Tally& tally, JsonWriter* json) {
  for (const TallyField& field : kTallyFields) {
    json->Field(field.name, tally.*field.member);
  }
}

void WriteUsageReport(const UsageReport& report, const PersonName& person,
                      JsonWriter* json) {
  json->Field("from", FormatDay(report.query.from_day))
      .Field("to", FormatDay(report.query.to_day));
  json->Key("by").BeginArray();
  for (Dimension dimension : report.query.by) {
    json->String(DimensionName(dimension));
  }
  json->EndArray();
  json->Field("prices", report.edition);
  json->Key("rows").BeginArray();
  for (const UsageRow& row : report.rows) {
    json->BeginObject();
    WriteGroupNames(report.query, row, person, json);
    WriteTally(row.tally, json);
    json->EndObject();
  }
  json->EndArray();
  if (report.folded) {
    json->Key("folded").BeginObject();
    WriteTally(report.folded_tally, json);
    json->EndObject();
  }
  json->Key("total").BeginObject();
  WriteTally(report.total, json);
  json->EndObject();
  json->Field("imported_exchanges", report.imported_exchanges);
  json->Field("claimed_exchanges", report.claimed_exchanges);
}

}  // namespace cofferdam::account
