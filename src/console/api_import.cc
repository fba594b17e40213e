#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/clock.h"
#include "console/api_internal.h"
#include "console/import_line.h"
#include "policy/names.h"

// Outputs that did not pass the gate.
namespace cofferdam::console {
namespace {

// Lines that an answer names as bad; the others are counted.
constexpr size_t kBadShownMax = 100;
// What may wait for the indexer when a call begins, so that an import of any
// length leaves the gate its room.
constexpr uint64_t kPendingBytesMax = uint64_t{64} << 20;
constexpr uint64_t kPendingExchangesMax = 16'384;
constexpr int64_t kFlushTimeoutMs = 600'000;

enum class AtBadLine { kGoOn, kStop };

// The terms of contracts that the configuration does not have.
Result<std::optional<policy::Contract>> StatedTerms(const JsonDocument& body) {
  const JsonValue terms = body["terms"];
  if (!terms.present()) return std::optional<policy::Contract>();
  policy::Contract stated;
  stated.product = terms["product"].StringOrEmpty();
  stated.plan = terms["plan"].StringOrEmpty();
  stated.weights = terms["weights"].StringOrEmpty();
  const std::string_view name = terms["class"].StringOrEmpty();
  if (!name.empty()) {
    stated.terms_class = policy::ParseTermsClass(name);
    if (!stated.terms_class) {
      return Error(
          Code::kInvalid,
          fmt::format("terms: class: \"{}\" is none; it is forbid_any, "
                      "unknown, forbid_compete, allow_viral, "
                      "allow_limited, allow_naming or allow",
                      name));
    }
  }
  const int said = (stated.terms_class ? 1 : 0) +
                   (stated.weights.empty() ? 0 : 1) +
                   (stated.product.empty() && stated.plan.empty() ? 0 : 1);
  if (said != 1) {
    return Error(Code::kInvalid,
                 "terms: say a class, or weights, or product and plan");
  }
  return std::optional(std::move(stated));
}

// One call's lines, taken into the ledger in their order.
class Import {
 public:
  Import(Stores& stores, ImportDefaults defaults, AtBadLine at_bad_line)
      : stores_(stores),
        defaults_(std::move(defaults)),
        contracts_(stores.contracts()),
        rooms_{*contracts_,
               [this](std::string_view email) { return PersonId(email); },
               stores.clock().WallMicros()},
        at_bad_line_(at_bad_line) {}

  Status Run(const std::vector<JsonValue>& lines) {
    TRY(MakeRoom());
    for (const JsonValue& line : lines) {
      TRY(Take(line));
      if (stopped_) break;
    }
    return {};
  }

  std::string Answer(std::string_view audit) const {
    JsonWriter json;
    json.BeginObject()
        .Field("added", added_)
        .Field("already", already_)
        .Field("bytes", bytes_)
        .Field("persons_unknown", persons_unknown_)
        .Field("last_sequence", stores_.ledger().last_sequence())
        .Field("stopped", stopped_)
        .Field("bad_count", bad_count_)
        .Key("bad")
        .BeginArray();
    for (const auto& [number, message] : bad_) {
      json.BeginObject()
          .Field("line", number)
          .Field("message", message)
          .EndObject();
    }
    json.EndArray().Field("audit", audit).EndObject();
    return std::move(json).Take();
  }

 private:
  Status MakeRoom() {
    const ledger::LedgerStats stats = stores_.ledger().Stats();
    if (stats.pending_bytes <= kPendingBytesMax &&
        stats.pending_exchanges <= kPendingExchangesMax) {
      return {};
    }
    return stores_.indexer().Flush(stats.last_sequence, kFlushTimeoutMs);
  }

  Status Take(const JsonValue& line) {
    const int64_t number = line["number"].Int().value_or(0);
    Result<ImportedOutput> read =
        ReadImportLine(line["output"], defaults_, rooms_, stores_.ids().Next());
    if (!read.ok()) {
      NoteBad(number, read.error().message());
      return {};
    }
    const uint64_t bytes = read->draft.parts.front().text.size();
    auto receipt = stores_.ledger().AppendSync(std::move(read->draft));
    if (!receipt.ok()) {
      return std::move(receipt).error().Within(fmt::format("line {}", number));
    }
    ++(receipt->merged ? already_ : added_);
    if (!receipt->merged) bytes_ += bytes;
    persons_unknown_ += read->person_unknown ? 1 : 0;
    return {};
  }

  void NoteBad(int64_t number, std::string message) {
    ++bad_count_;
    if (bad_.size() < kBadShownMax) {
      bad_.emplace_back(number, std::move(message));
    }
    stopped_ = at_bad_line_ == AtBadLine::kStop;
  }

  // By an address, or by the id itself.
  std::string PersonId(std::string_view name) {
    if (people_.empty()) {
      auto persons = stores_.policy().ListPersons();
      if (!persons.ok()) return "";
      for (const policy::Person& person : *persons) {
        people_[person.id] = person.id;
        if (!person.email.empty()) people_[person.email] = person.id;
      }
    }
    auto email = policy::NormaliseEmail(name);
    const auto found = people_.find(email.ok() ? *email : std::string(name));
    return found == people_.end() ? "" : found->second;
  }

  Stores& stores_;
  const ImportDefaults defaults_;
  const std::shared_ptr<const Contracts> contracts_;
  const ImportRooms rooms_;
  const AtBadLine at_bad_line_;
  std::map<std::string, std::string> people_;

  uint64_t added_ = 0;
  uint64_t already_ = 0;
  uint64_t bytes_ = 0;
  uint64_t persons_unknown_ = 0;
  uint64_t bad_count_ = 0;
  std::vector<std::pair<int64_t, std::string>> bad_;
  bool stopped_ = false;
};

std::string AuditDetail(std::string_view file,
                        const std::vector<JsonValue>& lines,
                        std::string_view reason) {
  JsonWriter json;
  json.BeginObject()
      .Field("file", file)
      .Field("lines", uint64_t{lines.size()})
      .Field("first_line", lines.front()["number"].Int().value_or(0))
      .Field("reason", reason)
      .EndObject();
  return std::move(json).Take();
}

}  // namespace

Result<std::string> ImportOutputs(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view file, Text(body, "file"));
  TRY_ASSIGN(const std::string_view reason, Text(body, "reason"));
  TRY_ASSIGN(const bool strict, Truth(body, "strict"));
  ImportDefaults defaults;
  defaults.members = body["defaults"];
  TRY_ASSIGN(defaults.terms, StatedTerms(body));
  const std::vector<JsonValue> lines = body["lines"].Elements();
  if (lines.empty()) {
    return Error(Code::kInvalid, "lines: must be an array of lines");
  }
  TRY_ASSIGN(const std::string audit,
             stores.policy().audit_log().Add(
                 request.actor, "ledger.import", "ledger",
                 AuditDetail(file, lines, reason), reason));
  Import import(stores, std::move(defaults),
                strict ? AtBadLine::kStop : AtBadLine::kGoOn);
  TRY(import.Run(lines));
  return import.Answer(audit);
}

}  // namespace cofferdam::console
