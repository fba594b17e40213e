#include "policy/caps.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kColumns =
    "id, scope, subject, unit, period, amount, ask";
constexpr size_t kAskBytesMax = 200;
constexpr size_t kPrefixBytesMin = 5;
constexpr size_t kPrefixBytesMax = 12;

// The schema admits known names only.
Cap ReadCap(const Statement& row) {
  return {.id = std::string(row.Text(0)),
          .scope = ParseCapScope(row.Text(1)).value_or(CapScope::kCompany),
          .subject = std::string(row.Text(2)),
          .unit = ParseCapUnit(row.Text(3)).value_or(CapUnit::kMicroDollars),
          .period = ParseCapPeriod(row.Text(4)).value_or(CapPeriod::kDay),
          .limit = row.Int(5),
          .ask = std::string(row.Text(6))};
}

bool SameBudget(const Cap& a, const Cap& b) {
  return a.scope == b.scope && a.subject == b.subject && a.unit == b.unit &&
         a.period == b.period;
}

std::string Detail(const Cap& cap, std::optional<int64_t> before) {
  return JsonWriter()
      .BeginObject()
      .Field("scope", CapScopeName(cap.scope))
      .Field("subject", cap.subject)
      .Field("unit", CapUnitName(cap.unit))
      .Field("period", CapPeriodName(cap.period))
      .Field("limit", cap.limit)
      .FieldIfSet("before", before)
      .FieldIfSet("ask", cap.ask)
      .EndObject()
      .text();
}

Status CheckLimit(const Cap& cap) {
  if (cap.limit > 0 && cap.limit <= kAmountMax) return {};
  return Error(Code::kInvalid,
               fmt::format("limit: must be more than nothing and at most {}; "
                           "to stop work altogether use pause",
                           FormatLimit({.id = "",
                                        .scope = cap.scope,
                                        .subject = "",
                                        .unit = cap.unit,
                                        .period = CapPeriod::kTotal,
                                        .limit = kAmountMax,
                                        .ask = ""})));
}

Status CheckAsk(std::string_view ask) {
  const bool plain = std::none_of(ask.begin(), ask.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (plain && ask.size() <= kAskBytesMax) return {};
  return Error(
      Code::kInvalid,
      fmt::format("ask: must be one line of at most {} bytes", kAskBytesMax));
}

}  // namespace

Result<std::unique_ptr<Caps>> Caps::Open(Storage& storage) {
  std::unique_ptr<Caps> caps(new Caps(storage));
  std::lock_guard lock(storage.writer_mutex);
  TRY(caps->Load());
  caps->Publish();
  return caps;
}

Status Caps::Load() {
  TRY_ASSIGN(Statement select,
             storage_.writer.Prepare(
                 fmt::format("SELECT {} FROM cap ORDER BY id", kColumns)));
  TRY_ASSIGN(caps_, ReadAll(select, ReadCap));
  return {};
}

void Caps::Publish() {
  auto list = std::make_shared<std::vector<Cap>>(caps_);
  std::sort(list->begin(), list->end(), [](const Cap& a, const Cap& b) {
    return std::tie(a.scope, a.subject, a.unit, a.period) <
           std::tie(b.scope, b.subject, b.unit, b.period);
  });
  const Cap given = {.id = std::string(kDefaultId),
                     .scope = CapScope::kPerson,
                     .subject = "",
                     .unit = CapUnit::kMicroDollars,
                     .period = CapPeriod::kMonth,
                     .limit = default_micro_dollars_,
                     .ask = ""};
  const bool replaced =
      std::any_of(caps_.begin(), caps_.end(),
                  [&](const Cap& cap) { return SameBudget(cap, given); });
  if (given.limit > 0 && !replaced) list->push_back(given);
  if (listener_) listener_(*list);
  current_.Store(std::move(list));
}

void Caps::SetDefault(int64_t micro_dollars) {
  std::lock_guard lock(storage_.writer_mutex);
  default_micro_dollars_ = std::clamp<int64_t>(micro_dollars, 0, kAmountMax);
  Publish();
}

void Caps::SetListener(std::function<void(const std::vector<Cap>&)> listener) {
  std::lock_guard lock(storage_.writer_mutex);
  listener_ = std::move(listener);
  Publish();
}

Result<std::string> Caps::FindKeyId(std::string_view which) {
  TRY_ASSIGN(Statement by_id,
             storage_.writer.Prepare("SELECT id FROM key WHERE id = ?"));
  TRY_ASSIGN(bool row, by_id.BindText(1, which).Step());
  if (row) return std::string(by_id.Text(0));
  if (which.size() >= kPrefixBytesMin && which.size() <= kPrefixBytesMax) {
    TRY_ASSIGN(Statement by_prefix,
               storage_.writer.Prepare(
                   "SELECT id FROM key WHERE substr(prefix, 1, ?) = ?"));
    by_prefix.BindInt(1, static_cast<int64_t>(which.size())).BindText(2, which);
    TRY_ASSIGN(row, by_prefix.Step());
    if (row) {
      std::string id(by_prefix.Text(0));
      TRY_ASSIGN(row, by_prefix.Step());
      if (!row) return id;
      return Error(Code::kConflict,
                   fmt::format("key {}…: more than one key begins so", which));
    }
  }
  return Error(Code::kNotFound,
               fmt::format("key: no key of that id or beginning"));
}

Result<std::string> Caps::FindSubject(CapScope scope,
                                      std::string_view subject) {
  if (subject.empty()) return std::string();
  Database& writer = storage_.writer;
  switch (scope) {
    case CapScope::kCompany:
      return Error(Code::kInvalid, "company: there is one; name nothing");
    case CapScope::kPerson: {
      TRY_ASSIGN(Statement find,
                 writer.Prepare("SELECT id FROM person WHERE (id = ?1 OR "
                                "email = lower(?1)) AND erased IS NULL"));
      TRY_ASSIGN(const bool row, find.BindText(1, subject).Step());
      if (row) return std::string(find.Text(0));
      return Error(
          Code::kNotFound,
          fmt::format("person \"{}\": not known; add them first", subject));
    }
    case CapScope::kTeam: {
      TRY_ASSIGN(Statement find,
                 writer.Prepare("SELECT name FROM team WHERE name = ?"));
      TRY_ASSIGN(const bool row, find.BindText(1, subject).Step());
      if (row) return std::string(subject);
      return Error(Code::kNotFound,
                   fmt::format("team \"{}\": not known", subject));
    }
    case CapScope::kKey:
      return FindKeyId(subject);
    case CapScope::kRepo:
      return NormaliseRepo(subject);
    case CapScope::kPurpose:
      TRY(CheckPurpose(subject));
      return std::string(subject);
  }
  return Error(Code::kInternal, "cap: unknown scope");
}

Status Caps::Write(const Change& change, std::string_view actor) {
  const Cap& cap = change.cap;
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  TRY_ASSIGN(Statement put,
             storage_.writer.Prepare(
                 "INSERT INTO cap (id, scope, subject, unit, period, amount,"
                 " ask) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                 " SET amount = excluded.amount, ask = excluded.ask"));
  TRY(put.BindText(1, cap.id)
          .BindText(2, CapScopeName(cap.scope))
          .BindText(3, cap.subject)
          .BindText(4, CapUnitName(cap.unit))
          .BindText(5, CapPeriodName(cap.period))
          .BindInt(6, cap.limit)
          .BindText(7, cap.ask)
          .Run());
  TRY(storage_.Audit(actor, "budget.set", cap.id, Detail(cap, change.before)));
  return transaction.Commit();
}

Result<Caps::Change> Caps::Set(const Cap& cap, std::string_view actor) {
  TRY(CheckLimit(cap));
  TRY(CheckAsk(cap.ask));
  std::lock_guard lock(storage_.writer_mutex);
  Change change{.cap = cap, .before = {}};
  TRY_ASSIGN(change.cap.subject, FindSubject(cap.scope, cap.subject));
  auto known = std::find_if(caps_.begin(), caps_.end(), [&](const Cap& other) {
    return SameBudget(other, change.cap);
  });
  if (known != caps_.end()) {
    change.cap.id = known->id;
    change.before = known->limit;
  } else if (caps_.size() >= kCapsMax) {
    return Error(Code::kExhausted,
                 fmt::format("there are {} caps already, the most there may be",
                             kCapsMax));
  } else {
    change.cap.id = storage_.ids.Next().ToString();
  }
  TRY(Write(change, actor));
  if (known != caps_.end()) {
    *known = change.cap;
  } else {
    caps_.push_back(change.cap);
  }
  Publish();
  return change;
}

Result<Cap> Caps::Remove(std::string_view id, std::string_view actor) {
  if (id == kDefaultId) {
    return Error(Code::kInvalid,
                 "this cap is the configuration's: set [budget] "
                 "person_month_dollars = 0 there");
  }
  std::lock_guard lock(storage_.writer_mutex);
  const auto known = std::find_if(caps_.begin(), caps_.end(),
                                  [&](const Cap& cap) { return cap.id == id; });
  if (known == caps_.end()) {
    return Error(Code::kNotFound, fmt::format("no cap with id \"{}\"", id));
  }
  const Cap gone = *known;
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  TRY_ASSIGN(Statement remove,
             storage_.writer.Prepare("DELETE FROM cap WHERE id = ?"));
  TRY(remove.BindText(1, id).Run());
  TRY(storage_.Audit(actor, "budget.remove", gone.id, Detail(gone, {})));
  TRY(transaction.Commit());
  caps_.erase(known);
  Publish();
  return gone;
}

}  // namespace cofferdam::policy
