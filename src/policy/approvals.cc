#include "policy/approvals.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "policy/approval_rows_internal.h"
#include "policy/glob.h"
#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/scope.h"
#include "policy/storage_internal.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kLocal = "local";
constexpr int64_t kDenialMinMicros = int64_t{3600} * 1'000'000;
constexpr size_t kVotesForFourEyes = 2;

std::string AskedDetail(const Approval& approval) {
  return JsonWriter()
      .BeginObject()
      .Field("person", approval.person_id)
      .FieldIfSet("team", approval.team)
      .FieldIfSet("tool", approval.tool)
      .FieldIfSet("provider", approval.provider)
      .FieldIfSet("contract", approval.contract)
      .FieldIfSet("repo", approval.repo)
      .FieldIfSet("purpose", approval.purpose)
      .Field("rule", approval.rule)
      .EndObject()
      .text();
}

std::string GrantedDetail(const Approval& approval) {
  const Grant grant = approval.Allowed();
  JsonWriter json;
  json.BeginObject()
      .Field("rule", grant.rule)
      .Field("final", approval.state == ApprovalState::kGranted)
      .FieldIfSet("person", grant.person)
      .FieldIfSet("team", grant.team);
  if (grant.tool) json.Field("tool", *grant.tool);
  if (grant.provider) json.Field("provider", *grant.provider);
  if (grant.contract) json.Field("contract", *grant.contract);
  json.Field("repo", grant.repo_glob.value_or(grant.repo))
      .Field("purpose", grant.purpose)
      .Field("until_micros", grant.until_micros)
      .Field("reason", approval.votes.back().terms.reason)
      .EndObject();
  return std::move(json).Take();
}

// What makes two requests the same one; begins with the person.
std::string LiveKey(std::string_view person, std::string_view rule,
                    std::string_view tool, std::string_view provider,
                    std::string_view contract, std::string_view repo,
                    std::string_view purpose) {
  std::string key;
  for (std::string_view part :
       {person, rule, tool, provider, contract, repo, purpose}) {
    key += part;
    key.push_back('\0');
  }
  return key;
}

std::string LiveKey(const Approval& of) {
  return LiveKey(of.person_id, of.rule, of.tool, of.provider, of.contract,
                 of.repo, of.purpose);
}

std::string LiveKey(const Question& of, std::string_view rule) {
  return LiveKey(of.person_id, rule, of.tool, of.provider, of.contract, of.repo,
                 of.purpose);
}

Error NotOpen(const Approval& approval, int64_t now_micros) {
  return Error(Code::kConflict,
               fmt::format("approval {}: is {} already", approval.id,
                           ApprovalStateName(approval.StateAt(now_micros))));
}

// The terms with everything set that may be left out.
Result<GrantTerms> CheckTerms(GrantTerms terms, const Approval& approval,
                              int64_t now_micros) {
  if (!terms.repo.empty()) {
    TRY_ASSIGN(terms.repo, CheckRepoGlob(terms.repo));
    if (!MatchesGlob(terms.repo, approval.repo)) {
      return Error(Code::kInvalid,
                   fmt::format("repo: \"{}\" does not cover what was asked "
                               "for, \"{}\"",
                               terms.repo, approval.repo));
    }
  }
  if (terms.to == GrantTo::kTeam && approval.team.empty()) {
    return Error(Code::kInvalid, "team: the person was in none");
  }
  if (!terms.until_micros) {
    terms.until_micros = now_micros + Approvals::kGrantDefaultMicros;
  }
  if (*terms.until_micros <= now_micros ||
      *terms.until_micros > now_micros + Approvals::kGrantMaxMicros) {
    return Error(Code::kInvalid,
                 "until: must be in the future, at most 366 days from now");
  }
  return terms;
}

Status CheckApprover(const Approval& approval, std::string_view person) {
  if (person == approval.person_id) {
    return Error(
        Code::kDenied,
        fmt::format("approval {}: nobody grants his own request", approval.id));
  }
  if (approval.four_eyes == FourEyes::kNo) return {};
  if (person.empty()) {
    return Error(Code::kDenied,
                 fmt::format("approval {}: takes two people, and this command "
                             "line does not say who you are; use --admin URL, "
                             "with your own key in $COFFERDAM_ADMIN_KEY",
                             approval.id));
  }
  for (const Vote& vote : approval.votes) {
    if (vote.person_id == person) {
      return Error(Code::kDenied,
                   fmt::format("approval {}: you have granted it; it takes "
                               "somebody else, too",
                               approval.id));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Approvals>> Approvals::Open(Storage& storage) {
  std::unique_ptr<Approvals> approvals(new Approvals(storage));
  TRY(approvals->Load());
  return approvals;
}

Status Approvals::Load() {
  std::lock_guard lock(storage_.reader_mutex);
  TRY_ASSIGN(Statement select,
             storage_.reader.Prepare(fmt::format(
                 "SELECT {} FROM approval WHERE CASE state WHEN 'open'"
                 " THEN expires ELSE until END > ? ORDER BY opened, id",
                 kApprovalColumns)));
  select.BindInt(1, storage_.clock.WallMicros());
  TRY_ASSIGN(std::vector<Approval> alive,
             ReadApprovals(storage_.reader, select));
  for (Approval& approval : alive) {
    std::string key = LiveKey(approval);
    live_[std::move(key)] = std::move(approval);
  }
  Publish();
  return {};
}

void Approvals::Publish() {
  std::vector<std::shared_ptr<const policy::Grant>> grants;
  for (const auto& [key, approval] : live_) {
    if (approval.state != ApprovalState::kGranted) continue;
    grants.push_back(std::make_shared<const policy::Grant>(approval.Allowed()));
  }
  current_.Store(std::make_shared<const Grants>(std::move(grants)));
}

void Approvals::Put(const Approval& approval) {
  const int64_t now = storage_.clock.WallMicros();
  std::lock_guard lock(live_mutex_);
  std::erase_if(live_, [&](const auto& row) {
    return row.second.StateAt(now) == ApprovalState::kExpired;
  });
  Approval& row = live_[LiveKey(approval)];
  const bool grants_change = row.state == ApprovalState::kGranted ||
                             approval.state == ApprovalState::kGranted;
  row = approval;
  if (grants_change) Publish();
}

std::optional<Approval> Approvals::FindLive(const Question& question,
                                            std::string_view rule) const {
  std::lock_guard lock(live_mutex_);
  auto found = live_.find(LiveKey(question, rule));
  if (found == live_.end() ||
      found->second.StateAt(question.now_micros) == ApprovalState::kExpired) {
    return std::nullopt;
  }
  return found->second;
}

Status Approvals::CheckRoom(std::string_view person, int64_t now_micros) const {
  std::lock_guard lock(live_mutex_);
  size_t alive = 0;
  for (auto row = live_.lower_bound(person);
       row != live_.end() && row->second.person_id == person; ++row) {
    ApprovalState state = row->second.StateAt(now_micros);
    if (state == ApprovalState::kOpen || state == ApprovalState::kDenied) {
      ++alive;
    }
  }
  if (alive < kLivePerPersonMax && live_.size() < kLiveMax) return {};
  return Error(Code::kExhausted,
               fmt::format("{} approvals wait or were denied lately, the most "
                           "there may be; no new one is opened",
                           alive < kLivePerPersonMax ? live_.size() : alive));
}

Result<Approval> Approvals::Ask(const Question& question,
                                const ApprovalAsk& ask,
                                std::string_view actor) {
  if (auto live = FindLive(question, ask.rule)) return *std::move(live);
  std::lock_guard lock(storage_.writer_mutex);
  // Another request may have been quicker.
  if (auto live = FindLive(question, ask.rule)) return *std::move(live);
  TRY(CheckRoom(question.person_id, question.now_micros));
  Approval approval{.id = storage_.ids.Next().ToString(),
                    .person_id = std::string(question.person_id),
                    .team = std::string(question.team),
                    .tool = std::string(question.tool),
                    .provider = std::string(question.provider),
                    .model = std::string(question.model),
                    .contract = std::string(question.contract),
                    .repo = std::string(question.repo),
                    .purpose = std::string(question.purpose),
                    .rule = std::string(ask.rule),
                    .four_eyes = ask.four_eyes,
                    .opened_at_micros = question.now_micros,
                    .expires_at_micros = ask.expires_at_micros};
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  TRY(InsertApproval(storage_.writer, approval));
  TRY(storage_.Audit(actor, "approval.open", approval.id,
                     AskedDetail(approval)));
  TRY(transaction.Commit());
  Put(approval);
  return approval;
}

Result<Approval> Approvals::Find(Database& database, std::string_view id) {
  TRY_ASSIGN(Statement select,
             database.Prepare(fmt::format(
                 "SELECT {} FROM approval WHERE id = ?", kApprovalColumns)));
  select.BindText(1, id);
  TRY_ASSIGN(std::vector<Approval> found, ReadApprovals(database, select));
  if (found.empty()) {
    return Error(Code::kNotFound,
                 fmt::format("approval {}: not known; `cofferdam approval "
                             "list` shows those that wait",
                             id));
  }
  return std::move(found.front());
}

Result<std::string> Approvals::PersonOf(std::string_view actor) {
  if (actor == kLocal) return std::string();
  TRY_ASSIGN(Statement select,
             storage_.writer.Prepare("SELECT person FROM key WHERE id = ?"));
  select.BindText(1, actor);
  TRY_ASSIGN(std::vector<std::string> persons,
             ReadAll(select, [](const Statement& row) {
               return std::string(row.Text(0));
             }));
  if (persons.empty()) {
    return Error(Code::kDenied, "only a person's key settles an approval");
  }
  return persons.front();
}

Result<Approval> Approvals::Grant(std::string_view id, const GrantTerms& terms,
                                  std::string_view actor) {
  TRY(CheckReason(terms.reason));
  Approval approval;
  {
    std::lock_guard lock(storage_.writer_mutex);
    const int64_t now = storage_.clock.WallMicros();
    TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
    TRY_ASSIGN(approval, Find(storage_.writer, id));
    if (approval.StateAt(now) != ApprovalState::kOpen) {
      return NotOpen(approval, now);
    }
    TRY_ASSIGN(std::string person, PersonOf(actor));
    TRY(CheckApprover(approval, person));
    TRY_ASSIGN(GrantTerms checked, CheckTerms(terms, approval, now));
    approval.votes.push_back({.actor = std::string(actor),
                              .person_id = std::move(person),
                              .time_micros = now,
                              .terms = std::move(checked)});
    TRY(InsertVote(storage_.writer, approval));
    if (approval.four_eyes == FourEyes::kNo ||
        approval.votes.size() >= kVotesForFourEyes) {
      approval.state = ApprovalState::kGranted;
      approval.settled_at_micros = now;
      approval.settled_by = actor;
      approval.reason = approval.votes.back().terms.reason;
      approval.until_micros = approval.Allowed().until_micros;
      TRY(UpdateApproval(storage_.writer, approval));
    }
    TRY(storage_.Audit(actor, "approval.grant", approval.id,
                       GrantedDetail(approval)));
    TRY(transaction.Commit());
    Put(approval);
  }
  if (listener_ && approval.state == ApprovalState::kGranted) {
    listener_(approval);
  }
  return approval;
}

Result<Approval> Approvals::Deny(std::string_view id, std::string_view reason,
                                 std::optional<int64_t> until_micros,
                                 std::string_view actor) {
  TRY(CheckReason(reason));
  Approval approval;
  {
    std::lock_guard lock(storage_.writer_mutex);
    const int64_t now = storage_.clock.WallMicros();
    TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
    TRY_ASSIGN(approval, Find(storage_.writer, id));
    const ApprovalState before = approval.StateAt(now);
    if (before != ApprovalState::kOpen && before != ApprovalState::kGranted) {
      return NotOpen(approval, now);
    }
    const int64_t until = until_micros.value_or(
        now + std::max(kDenialMinMicros,
                       approval.expires_at_micros - approval.opened_at_micros));
    if (until <= now || until > now + kGrantMaxMicros) {
      return Error(Code::kInvalid,
                   "until: must be in the future, at most 366 days from now");
    }
    approval.state = ApprovalState::kDenied;
    approval.settled_at_micros = now;
    approval.settled_by = actor;
    approval.reason = reason;
    approval.until_micros = until;
    TRY(UpdateApproval(storage_.writer, approval));
    TRY(storage_.Audit(
        actor,
        before == ApprovalState::kOpen ? "approval.deny" : "approval.withdraw",
        approval.id,
        JsonWriter()
            .BeginObject()
            .Field("reason", reason)
            .Field("until_micros", until)
            .EndObject()
            .text()));
    TRY(transaction.Commit());
    Put(approval);
  }
  if (listener_) listener_(approval);
  return approval;
}

Result<Approval> Approvals::Get(std::string_view id) {
  std::lock_guard lock(storage_.reader_mutex);
  return Find(storage_.reader, id);
}

Result<std::vector<Approval>> Approvals::List(Which which) {
  if (which == Which::kOpen) {
    const int64_t now = storage_.clock.WallMicros();
    std::vector<Approval> open;
    {
      std::lock_guard lock(live_mutex_);
      for (const auto& [key, approval] : live_) {
        if (approval.StateAt(now) == ApprovalState::kOpen) {
          open.push_back(approval);
        }
      }
    }
    std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) {
      return std::tie(a.opened_at_micros, a.id) <
             std::tie(b.opened_at_micros, b.id);
    });
    return open;
  }
  std::lock_guard lock(storage_.reader_mutex);
  TRY_ASSIGN(Statement select, storage_.reader.Prepare(fmt::format(
                                   "SELECT {} FROM approval"
                                   " ORDER BY opened DESC, id DESC LIMIT ?",
                                   kApprovalColumns)));
  select.BindInt(1, kListMax);
  TRY_ASSIGN(std::vector<Approval> rows,
             ReadApprovals(storage_.reader, select));
  std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace cofferdam::policy
