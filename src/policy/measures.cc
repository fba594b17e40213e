#include "policy/measures.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kColumns =
    "id, kind, person, team, tool, provider, model, contract, repo, purpose,"
    " reason, actor, created, until, resumed, resumed_by";

Measure ReadMeasure(const Statement& row) {
  auto text = [&](int column) { return std::string(row.Text(column)); };
  return {.id = text(0),
          .kind = row.Text(1) == MeasureKindName(MeasureKind::kKill)
                      ? MeasureKind::kKill
                      : MeasureKind::kPause,
          .scope = {.person = text(2),
                    .team = text(3),
                    .tool = text(4),
                    .provider = text(5),
                    .model = text(6),
                    .contract = text(7),
                    .repo = text(8),
                    .purpose = text(9)},
          .reason = text(10),
          .actor = text(11),
          .created_at_micros = row.Int(12),
          .until_micros = row.OptionalInt(13),
          .resumed_at_micros = row.OptionalInt(14),
          .resumed_by = text(15)};
}

Status Insert(Database& writer, const Measure& measure) {
  TRY_ASSIGN(Statement insert,
             writer.Prepare(fmt::format("INSERT INTO measure ({}) VALUES (?, ?,"
                                        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                                        " NULL, '')",
                                        kColumns)));
  const Scope& scope = measure.scope;
  insert.BindText(1, measure.id)
      .BindText(2, MeasureKindName(measure.kind))
      .BindText(3, scope.person)
      .BindText(4, scope.team)
      .BindText(5, scope.tool)
      .BindText(6, scope.provider)
      .BindText(7, scope.model)
      .BindText(8, scope.contract)
      .BindText(9, scope.repo)
      .BindText(10, scope.purpose)
      .BindText(11, measure.reason)
      .BindText(12, measure.actor)
      .BindInt(13, measure.created_at_micros)
      .BindInt(14, measure.until_micros);
  return insert.Run();
}

std::string Detail(const Measure& measure) {
  const Scope& scope = measure.scope;
  return JsonWriter()
      .BeginObject()
      .FieldIfSet("person", scope.person)
      .FieldIfSet("team", scope.team)
      .FieldIfSet("tool", scope.tool)
      .FieldIfSet("provider", scope.provider)
      .FieldIfSet("model", scope.model)
      .FieldIfSet("contract", scope.contract)
      .FieldIfSet("repo", scope.repo)
      .FieldIfSet("purpose", scope.purpose)
      .Field("reason", measure.reason)
      .FieldIfSet("until_micros", measure.until_micros)
      .EndObject()
      .text();
}

}  // namespace

std::string_view MeasureKindName(MeasureKind kind) {
  return kind == MeasureKind::kKill ? "kill" : "pause";
}

const Measure* FindMeasure(std::span<const Measure> measures,
                           const Question& question) {
  for (const Measure& measure : measures) {
    if (measure.InForceAt(question.now_micros) &&
        Matches(measure.scope, question)) {
      return &measure;
    }
  }
  return nullptr;
}

Result<std::unique_ptr<Measures>> Measures::Open(Storage& storage) {
  std::unique_ptr<Measures> measures(new Measures(storage));
  TRY(measures->Load());
  return measures;
}

Status Measures::Load() {
  std::lock_guard lock(storage_.reader_mutex);
  TRY_ASSIGN(Statement select,
             storage_.reader.Prepare(
                 fmt::format("SELECT {} FROM measure WHERE resumed IS NULL"
                             " AND (until IS NULL OR until > ?)"
                             " ORDER BY created, id",
                             kColumns)));
  select.BindInt(1, storage_.clock.WallMicros());
  TRY_ASSIGN(std::vector<Measure> rows, ReadAll(select, ReadMeasure));
  current_.Store(std::make_shared<const std::vector<Measure>>(std::move(rows)));
  return {};
}

std::vector<Measure> Measures::InForce(int64_t now_micros) const {
  std::vector<Measure> rows = *current_.Load();
  std::erase_if(rows, [&](const Measure& measure) {
    return !measure.InForceAt(now_micros);
  });
  return rows;
}

Result<Measure> Measures::Order(MeasureKind kind, const Scope& scope,
                                std::string_view reason,
                                std::optional<int64_t> until_micros,
                                std::string_view actor) {
  TRY_ASSIGN(Scope checked, CheckScope(scope));
  TRY(CheckReason(reason));
  std::lock_guard lock(storage_.writer_mutex);
  const int64_t now = storage_.clock.WallMicros();
  if (until_micros && *until_micros <= now) {
    return Error(Code::kInvalid,
                 fmt::format("until: {} is over", FormatTime(*until_micros)));
  }
  std::vector<Measure> rows = InForce(now);
  if (rows.size() >= kInForceMax) {
    return Error(Code::kExhausted,
                 fmt::format("{} pauses and kills are in force, the most there "
                             "may be; resume some",
                             rows.size()));
  }
  Measure measure{.id = storage_.ids.Next().ToString(),
                  .kind = kind,
                  .scope = std::move(checked),
                  .reason = std::string(reason),
                  .actor = std::string(actor),
                  .created_at_micros = now,
                  .until_micros = until_micros,
                  .resumed_at_micros = std::nullopt,
                  .resumed_by = ""};
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  TRY(Insert(storage_.writer, measure));
  TRY(storage_.Audit(actor, fmt::format("measure.{}", MeasureKindName(kind)),
                     measure.id, Detail(measure)));
  TRY(transaction.Commit());
  rows.push_back(measure);
  current_.Store(std::make_shared<const std::vector<Measure>>(std::move(rows)));
  return measure;
}

Result<Measure> Measures::Pause(const Scope& scope, std::string_view reason,
                                std::optional<int64_t> until_micros,
                                std::string_view actor) {
  return Order(MeasureKind::kPause, scope, reason, until_micros, actor);
}

Result<Measure> Measures::Kill(const Scope& scope, std::string_view reason,
                               std::optional<int64_t> until_micros,
                               std::string_view actor) {
  TRY_ASSIGN(Measure measure,
             Order(MeasureKind::kKill, scope, reason, until_micros, actor));
  if (kill_listener_) kill_listener_(measure);
  return measure;
}

Result<std::vector<Measure>> Measures::End(
    const std::function<bool(const Measure&)>& chosen, std::string_view actor) {
  std::lock_guard lock(storage_.writer_mutex);
  const int64_t now = storage_.clock.WallMicros();
  std::vector<Measure> left;
  std::vector<Measure> ended;
  for (Measure& measure : InForce(now)) {
    (chosen(measure) ? ended : left).push_back(std::move(measure));
  }
  if (ended.empty()) {
    return Error(Code::kNotFound,
                 "no pause or kill in force is meant; `cofferdam pause --list` "
                 "shows them all");
  }
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  for (Measure& measure : ended) {
    measure.resumed_at_micros = now;
    measure.resumed_by = actor;
    TRY_ASSIGN(Statement update,
               storage_.writer.Prepare("UPDATE measure SET resumed = ?,"
                                       " resumed_by = ? WHERE id = ?"));
    update.BindInt(1, now).BindText(2, actor).BindText(3, measure.id);
    TRY(update.Run());
    TRY(storage_.Audit(actor, "measure.resume", measure.id, Detail(measure)));
  }
  TRY(transaction.Commit());
  current_.Store(std::make_shared<const std::vector<Measure>>(std::move(left)));
  return ended;
}

Result<Measure> Measures::Resume(std::string_view id, std::string_view actor) {
  TRY_ASSIGN(
      std::vector<Measure> ended,
      End([&](const Measure& measure) { return measure.id == id; }, actor));
  return std::move(ended.front());
}

Result<std::vector<Measure>> Measures::Resume(const Scope& scope,
                                              std::string_view actor) {
  TRY_ASSIGN(Scope checked, CheckScope(scope));
  return End([&](const Measure& measure) { return measure.scope == checked; },
             actor);
}

Result<std::vector<Measure>> Measures::List(Which which) {
  if (which == Which::kInForce) return InForce(storage_.clock.WallMicros());
  std::lock_guard lock(storage_.reader_mutex);
  TRY_ASSIGN(Statement select, storage_.reader.Prepare(fmt::format(
                                   "SELECT {} FROM measure"
                                   " ORDER BY created DESC, id DESC LIMIT ?",
                                   kColumns)));
  select.BindInt(1, kListMax);
  TRY_ASSIGN(std::vector<Measure> rows, ReadAll(select, ReadMeasure));
  std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace cofferdam::policy
