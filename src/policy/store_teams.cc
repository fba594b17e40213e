#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"
#include "policy/store.h"

namespace cofferdam::policy {
namespace {

Team ReadTeam(const Statement& row) {
  return {.name = std::string(row.Text(0)),
          .parent = std::string(row.Text(1)),
          .created_at_micros = row.Int(2)};
}

Result<std::vector<Team>> ReadTeams(Database& database) {
  TRY_ASSIGN(Statement select,
             database.Prepare("SELECT name, parent, created FROM team"));
  return ReadAll(select, ReadTeam);
}

const Team* FindTeam(const std::vector<Team>& teams, std::string_view name) {
  auto found = std::find_if(teams.begin(), teams.end(), [&](const Team& team) {
    return team.name == name;
  });
  return found == teams.end() ? nullptr : &*found;
}

std::string ParentDetail(std::string_view parent) {
  return JsonWriter()
      .BeginObject()
      .FieldIfSet("parent", parent)
      .EndObject()
      .text();
}

Error UnknownTeam(std::string_view name) {
  return Error(Code::kNotFound,
               fmt::format("team {}: not known; `cofferdam team list` shows "
                           "all, `cofferdam team add` makes one",
                           name));
}

}  // namespace

Result<std::shared_ptr<const TeamTree>> Store::ReadTeamTree() {
  TRY_ASSIGN(std::vector<Team> teams, ReadTeams(storage_->writer));
  return TeamTree::Make(std::move(teams));
}

Status Store::EnsureTeam(std::string_view team, std::string_view actor) {
  TRY_ASSIGN(
      Statement insert,
      storage_->writer.Prepare("INSERT INTO team (name, created) VALUES (?, ?)"
                               " ON CONFLICT DO NOTHING"));
  insert.BindText(1, team).BindInt(2, storage_->clock.WallMicros());
  TRY(insert.Run());
  if (storage_->writer.changes() == 0) return {};
  return storage_->Audit(actor, "team.add", team, "{}");
}

Result<Team> Store::AddTeam(std::string_view name, std::string_view parent,
                            std::string_view actor) {
  TRY(CheckTeam(name));
  std::lock_guard lock(storage_->writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(std::vector<Team> teams, ReadTeams(storage_->writer));
  if (FindTeam(teams, name) != nullptr) {
    return Error(Code::kConflict,
                 fmt::format("team {}: exists already; `cofferdam team move` "
                             "puts it below another one",
                             name));
  }
  if (!parent.empty() && FindTeam(teams, parent) == nullptr) {
    return UnknownTeam(parent);
  }
  Team team{.name = std::string(name),
            .parent = std::string(parent),
            .created_at_micros = storage_->clock.WallMicros()};
  teams.push_back(team);
  TRY_ASSIGN(std::shared_ptr<const TeamTree> tree,
             TeamTree::Make(std::move(teams)));
  TRY_ASSIGN(Statement insert,
             storage_->writer.Prepare("INSERT INTO team (name, created, parent)"
                                      " VALUES (?, ?, nullif(?, ''))"));
  insert.BindText(1, name)
      .BindInt(2, team.created_at_micros)
      .BindText(3, parent);
  TRY(insert.Run());
  TRY(storage_->Audit(actor, "team.add", name, ParentDetail(parent)));
  TRY(transaction.Commit());
  directory_->PutTeams(std::move(tree));
  return team;
}

Result<Team> Store::MoveTeam(std::string_view name, std::string_view parent,
                             std::string_view actor) {
  std::lock_guard lock(storage_->writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(std::vector<Team> teams, ReadTeams(storage_->writer));
  const Team* found = FindTeam(teams, name);
  if (found == nullptr) return UnknownTeam(name);
  if (!parent.empty() && FindTeam(teams, parent) == nullptr) {
    return UnknownTeam(parent);
  }
  Team& team = teams[static_cast<size_t>(found - teams.data())];
  team.parent = parent;
  Team moved = team;
  TRY_ASSIGN(std::shared_ptr<const TeamTree> tree,
             TeamTree::Make(std::move(teams)));
  TRY_ASSIGN(Statement update,
             storage_->writer.Prepare("UPDATE team SET parent = nullif(?, '')"
                                      " WHERE name = ?"));
  update.BindText(1, parent).BindText(2, name);
  TRY(update.Run());
  TRY(storage_->Audit(actor, "team.move", name, ParentDetail(parent)));
  TRY(transaction.Commit());
  directory_->PutTeams(std::move(tree));
  return moved;
}

Result<Person> Store::MovePerson(std::string_view person, std::string_view team,
                                 std::string_view actor) {
  TRY(CheckTeam(team));
  std::lock_guard lock(storage_->writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(Person row, FindPersonRow(person));
  if (row.erased_at_micros) {
    return Error(Code::kNotFound,
                 fmt::format("person {}: has been erased", row.id));
  }
  TRY(EnsureTeam(team, actor));
  TRY_ASSIGN(Statement update, storage_->writer.Prepare(
                                   "UPDATE person SET team = ? WHERE id = ?"));
  update.BindText(1, team).BindText(2, row.id);
  TRY(update.Run());
  TRY(storage_->Audit(actor, "person.move", row.id,
                      JsonWriter()
                          .BeginObject()
                          .Field("from", row.team)
                          .Field("team", team)
                          .EndObject()
                          .text()));
  TRY_ASSIGN(std::shared_ptr<const TeamTree> tree, ReadTeamTree());
  TRY(transaction.Commit());
  row.team = team;
  directory_->PutTeams(std::move(tree));
  directory_->PutPerson(row);
  return row;
}

}  // namespace cofferdam::policy
