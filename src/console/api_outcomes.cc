#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "account/adoption.h"
#include "account/date.h"
#include "base/json.h"
#include "console/api_internal.h"
#include "ledger/outcome.h"
#include "policy/names.h"

// What came of outputs in repositories, and the report that is made of it.
namespace cofferdam::console {
namespace {

constexpr int64_t kCatchUpMs = 60'000;

// The authors of commits, by the addresses that commits name.
class Authors {
 public:
  static Result<Authors> Read(Stores& stores) {
    Authors authors(stores);
    TRY_ASSIGN(const auto persons, stores.policy().ListPersons());
    for (const policy::Person& person : persons) {
      if (person.email.empty()) continue;
      authors.known_[person.email] = {person.id, person.team};
    }
    return authors;
  }

  // Nobody for an empty address.
  Result<ledger::OutcomeAuthor> Of(const std::string& address) {
    if (address.empty()) return ledger::OutcomeAuthor();
    auto email = policy::NormaliseEmail(address);
    const std::string name = email.ok() ? *email : address;
    const auto found = known_.find(name);
    if (found != known_.end()) return found->second;
    TRY_ASSIGN(std::string id, stores_.ledger().AuthorId(name));
    const ledger::OutcomeAuthor author = {std::move(id), ""};
    known_[name] = author;
    ++unknown_;
    return author;
  }

  size_t unknown() const { return unknown_; }

 private:
  explicit Authors(Stores& stores) : stores_(stores) {}

  Stores& stores_;
  std::map<std::string, ledger::OutcomeAuthor> known_;
  size_t unknown_ = 0;
};

Result<ledger::OutcomeStatement> ReadStatement(const JsonDocument& body,
                                               Authors* authors) {
  ledger::OutcomeStatement statement;
  TRY_ASSIGN(const std::string_view repo, Text(body, "repo"));
  TRY_ASSIGN(const std::string_view head, Text(body, "head"));
  TRY_ASSIGN(const auto from, Number(body, "from"));
  TRY_ASSIGN(const auto end, Number(body, "end"));
  TRY_ASSIGN(const auto head_time, Number(body, "head_time"));
  statement.repo = repo;
  statement.head = head;
  statement.from_micros = from.value_or(-1);
  statement.end_micros = end.value_or(0);
  statement.head_micros = head_time.value_or(0);
  for (const JsonValue& value : body["commits"].Elements()) {
    JsonWriter json;
    json.Value(value);
    auto outcome = ledger::OutcomeFromJson(json.text());
    if (!outcome.ok()) {
      return Error(Code::kInvalid, "commits: " + outcome.error().message());
    }
    // Addresses come in, ids stay.
    for (ledger::OutcomeAuthor& author : outcome->authors) {
      TRY_ASSIGN(author, authors->Of(author.person));
    }
    statement.commits.push_back(*std::move(outcome));
  }
  return statement;
}

account::PersonName NamesOf(Stores& stores) {
  return [&stores](const std::string& id) { return NameOfPerson(stores, id); };
}

}  // namespace

Result<std::string> RecordOutcomes(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(Authors authors, Authors::Read(stores));
  TRY_ASSIGN(const ledger::OutcomeStatement statement,
             ReadStatement(body, &authors));
  TRY_ASSIGN(const ledger::OutcomeReceipt receipt,
             stores.ledger().RecordOutcomes(statement));
  JsonWriter json;
  json.BeginObject()
      .Field("recorded", !receipt.newer.has_value())
      .Field("added", receipt.added)
      .Field("replaced", receipt.replaced)
      .Field("removed", receipt.removed)
      .Field("duplicates", receipt.duplicates)
      .Field("authors_unknown", uint64_t{authors.unknown()});
  if (receipt.newer) {
    json.Field("newer_head", receipt.newer->head)
        .Field(
            "newer_head_day",
            account::FormatDay(account::DayOfTime(receipt.newer->head_micros)));
  }
  json.EndObject();
  return std::move(json).Take();
}

Result<std::string> ListOutcomeLines(Stores& stores,
                                     const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view repo, Text(body, "repo"));
  TRY_ASSIGN(const auto before, Number(body, "before"));
  if (repo.empty() || !before) {
    return Error(Code::kInvalid, "repo, before: must be there");
  }
  std::map<std::pair<Ulid, uint32_t>, std::vector<ledger::OutputLines>> lines;
  TRY(stores.ledger().ScanOutcomes([&](const ledger::CommitOutcome& outcome) {
    if (outcome.repo != repo || outcome.time >= *before) return true;
    for (const ledger::OutcomeSource& source : outcome.sources) {
      auto& all = lines[{source.exchange, source.part}];
      all = ledger::UniteLines(all, source.lines);
    }
    return true;
  }));
  JsonWriter json;
  json.BeginObject().Key("sources").BeginArray();
  for (const auto& [place, ranges] : lines) {
    json.BeginObject()
        .Field("exchange", place.first.ToString())
        .Field("part", uint64_t{place.second})
        .Key("lines")
        .BeginArray();
    for (const ledger::OutputLines& range : ranges) {
      json.BeginArray()
          .Int(static_cast<int64_t>(range.begin))
          .Int(static_cast<int64_t>(range.end))
          .EndArray();
    }
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Result<std::string> ReportAdoption(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view by, Text(body, "by"));
  TRY_ASSIGN(const std::string_view from, Text(body, "from"));
  TRY_ASSIGN(const std::string_view to, Text(body, "to"));
  TRY_ASSIGN(const auto threshold, Number(body, "threshold"));
  TRY_ASSIGN(const account::UsageQuery range,
             account::ParseUsageQuery(
                 "", from, to, account::DayOfTime(stores.clock().WallMicros()),
                 stores.individuals()));
  account::AdoptionQuery query;
  TRY_ASSIGN(query.by, account::ParseAdoptionBy(by));
  query.from_day = range.from_day;
  query.to_day = range.to_day;
  query.today = range.today;
  query.individuals = range.individuals;
  if (threshold) {
    query.threshold =
        static_cast<int32_t>(std::clamp<int64_t>(*threshold, 0, 101));
  }
  for (const JsonValue& repo : body["repos"].Elements()) {
    query.repos.emplace(repo.StringOrEmpty());
  }
  TRY(stores.rollup().CatchUp(stores.ledger().last_sequence(), kCatchUpMs));
  TRY_ASSIGN(const account::AdoptionReport report,
             account::MakeAdoption(stores.ledger(), stores.rollup(), query));
  JsonWriter json;
  json.BeginObject();
  account::WriteAdoption(report, NamesOf(stores), &json);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
