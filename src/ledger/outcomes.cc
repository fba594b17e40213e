#include <fmt/format.h>

#include <array>
#include <future>
#include <map>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "ledger/group_internal.h"
#include "ledger/outcomes_internal.h"
#include "seal/hash.h"

namespace cofferdam::ledger {
namespace {

// Keys: a letter for what it is, 8 bytes for the repository, then
//   h                      the latest statement
//   o time commit          an outcome
//   c change               the time and commit of the outcome that brings it
// and "s", the salt that authors' ids are made with.
constexpr char kHead = 'h';
constexpr char kOutcome = 'o';
constexpr char kChange = 'c';
constexpr std::string_view kSaltKey = "s";
constexpr size_t kRepoBytes = 8;
constexpr size_t kPrefixBytes = 1 + kRepoBytes;
constexpr size_t kSaltBytes = 16;
// Outcomes that change in one batch of a purge.
constexpr size_t kBatch = 256;
// Characters of a digest in the id of an author without a person.
constexpr size_t kAuthorDigits = 20;

std::string Prefix(char kind, std::string_view repo) {
  const seal::Digest digest = seal::Sha256(repo);
  std::string key(1, kind);
  key.append(reinterpret_cast<const char*>(digest.data()), kRepoBytes);
  return key;
}

std::string Bytes(std::string_view hex) {
  const auto bytes = FromHex(hex);
  return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
}

std::string Place(const CommitOutcome& outcome) {
  std::string place;
  AppendBigEndian64(static_cast<uint64_t>(outcome.time), &place);
  return place + Bytes(outcome.commit);
}

std::string OutcomeKey(const CommitOutcome& outcome) {
  return Prefix(kOutcome, outcome.repo) + Place(outcome);
}

std::string ChangeKey(const CommitOutcome& outcome) {
  return Prefix(kChange, outcome.repo) + Bytes(outcome.change);
}

std::string HeadJson(const OutcomeStatement& statement) {
  JsonWriter out;
  out.BeginObject()
      .Field("v", 1)
      .Field("repo", statement.repo)
      .Field("head", statement.head)
      .Field("head_time", statement.head_micros)
      .EndObject();
  return std::move(out).Take();
}

Result<OutcomeHead> ReadHead(std::string_view value) {
  auto document = JsonDocument::Parse(value);
  if (!document.ok() || (*document)["v"].Int() != 1 ||
      !(*document)["head_time"].Int()) {
    return Error(Code::kCorrupt, "outcome: head is not of version 1");
  }
  return OutcomeHead{std::string((*document)["repo"].StringOrEmpty()),
                     std::string((*document)["head"].StringOrEmpty()),
                     *(*document)["head_time"].Int()};
}

Status CheckStatement(const OutcomeStatement& statement) {
  if (statement.repo.empty() || statement.head.empty()) {
    return Error(Code::kInvalid, "outcomes: of no repository or no head");
  }
  if (statement.from_micros < 0 ||
      statement.end_micros <= statement.from_micros) {
    return Error(Code::kInvalid, "outcomes: the time ends before it begins");
  }
  if (statement.commits.size() > kStatementCommitsMax) {
    return Error(Code::kTooLarge,
                 fmt::format("outcomes: {} commits, at most {}",
                             statement.commits.size(), kStatementCommitsMax));
  }
  for (const CommitOutcome& outcome : statement.commits) {
    if (outcome.repo != statement.repo ||
        outcome.time < statement.from_micros ||
        outcome.time >= statement.end_micros) {
      return Error(Code::kInvalid,
                   fmt::format("outcomes: commit {} is not of that repository "
                               "and time",
                               outcome.commit));
    }
    // As it will be read.
    auto again = OutcomeFromJson(ToJson(outcome));
    if (!again.ok()) return Error(Code::kInvalid, again.error().message());
  }
  return {};
}

// One statement against what the store holds. On the writer's thread.
class Recording {
 public:
  Recording(const OutcomeStatement& statement, const Store& store, Group* group)
      : statement_(statement), store_(store), group_(group) {}

  Result<OutcomeReceipt> Run() {
    const std::string head = Prefix(kHead, statement_.repo);
    TRY_ASSIGN(const auto known, store_.Get(Family::kOutcome, head));
    if (known) {
      TRY_ASSIGN(OutcomeHead newest, ReadHead(*known));
      if (newest.head_micros > statement_.head_micros) {
        receipt_.newer = std::move(newest);
        return std::move(receipt_);
      }
    }
    TRY(ReadOld());
    for (const CommitOutcome& outcome : statement_.commits) TRY(Take(outcome));
    for (const auto& [key, old] : old_) {
      Drop(old);
      ++receipt_.removed;
    }
    group_->PutOutcome(head, HeadJson(statement_));
    return std::move(receipt_);
  }

 private:
  // What was recorded of the statement's time.
  Status ReadOld() {
    const std::string prefix = Prefix(kOutcome, statement_.repo);
    std::string from = prefix;
    AppendBigEndian64(static_cast<uint64_t>(statement_.from_micros), &from);
    std::optional<Error> wrong;
    TRY(store_.Scan(Family::kOutcome, from,
                    [&](std::string_view key, std::string_view value) {
                      if (!key.starts_with(prefix)) return false;
                      auto outcome = OutcomeFromJson(value);
                      if (!outcome.ok()) {
                        wrong = outcome.error();
                        return false;
                      }
                      if (outcome->time >= statement_.end_micros) return false;
                      old_.emplace(key, *std::move(outcome));
                      return true;
                    }));
    if (wrong) return *std::move(wrong);
    return {};
  }

  void Drop(const CommitOutcome& old) {
    group_->DeleteOutcome(OutcomeKey(old));
    if (!taken_.contains(ChangeKey(old))) {
      group_->DeleteOutcome(ChangeKey(old));
    }
  }

  // The outcome that brought the same, if there is one and it is another.
  Result<std::optional<CommitOutcome>> SameChange(
      const CommitOutcome& outcome) {
    TRY_ASSIGN(const auto place,
               store_.Get(Family::kOutcome, ChangeKey(outcome)));
    if (!place || *place == Place(outcome)) {
      return std::optional<CommitOutcome>();
    }
    TRY_ASSIGN(
        const auto value,
        store_.Get(Family::kOutcome, Prefix(kOutcome, outcome.repo) + *place));
    if (!value) return std::optional<CommitOutcome>();
    TRY_ASSIGN(CommitOutcome same, OutcomeFromJson(*value));
    return std::optional(std::move(same));
  }

  // Teams are those of the first time.
  static void KeepTeams(const CommitOutcome& old, CommitOutcome* outcome) {
    for (OutcomeAuthor& author : outcome->authors) {
      for (const OutcomeAuthor& was : old.authors) {
        if (was.person == author.person && !was.team.empty()) {
          author.team = was.team;
        }
      }
    }
  }

  Status Take(CommitOutcome outcome) {
    if (!taken_.insert(ChangeKey(outcome)).second) {
      ++receipt_.duplicates;
      return {};
    }
    bool replaced = false;
    TRY_ASSIGN(const auto same, SameChange(outcome));
    if (same) {
      KeepTeams(*same, &outcome);
      old_.erase(OutcomeKey(*same));
      group_->DeleteOutcome(OutcomeKey(*same));
      replaced = true;
    }
    const auto old = old_.find(OutcomeKey(outcome));
    if (old != old_.end()) {
      KeepTeams(old->second, &outcome);
      if (old->second.change != outcome.change &&
          !taken_.contains(ChangeKey(old->second))) {
        group_->DeleteOutcome(ChangeKey(old->second));
      }
      old_.erase(old);
      replaced = true;
    }
    ++(replaced ? receipt_.replaced : receipt_.added);
    group_->PutOutcome(OutcomeKey(outcome), ToJson(outcome));
    group_->PutOutcome(ChangeKey(outcome), Place(outcome));
    return {};
  }

  const OutcomeStatement& statement_;
  const Store& store_;
  Group* const group_;
  std::map<std::string, CommitOutcome> old_;  // those not stated so far
  std::set<std::string> taken_;               // keys of changes
  OutcomeReceipt receipt_;
};

Status Commit(Writer* writer, Writer::Change change) {
  std::promise<Status> promise;
  auto status = promise.get_future();
  TRY(writer->Commit(std::move(change), [&promise](Status result) {
    promise.set_value(std::move(result));
  }));
  return status.get();
}

// Whether something of `outcome` went.
bool Forget(const std::set<Ulid>& exchanges, std::string_view person,
            CommitOutcome* outcome) {
  bool changed = std::erase_if(outcome->sources, [&](const auto& source) {
                   return exchanges.contains(source.exchange);
                 }) > 0;
  for (OutcomeAuthor& author : outcome->authors) {
    if (person.empty() || author.person != person) continue;
    author = {};
    changed = true;
  }
  return changed;
}

}  // namespace

Result<OutcomeReceipt> RecordStatement(const OutcomeStatement& statement,
                                       const Store& store, Writer* writer) {
  TRY(CheckStatement(statement));
  OutcomeReceipt receipt;
  TRY(Commit(writer, [&](Group& group) -> Status {
    TRY_ASSIGN(receipt, Recording(statement, store, &group).Run());
    return {};
  }));
  return receipt;
}

Status ScanCommitOutcomes(
    const Store& store,
    const std::function<bool(const CommitOutcome&)>& visitor) {
  std::optional<Error> wrong;
  TRY(store.Scan(Family::kOutcome, std::string(1, kOutcome),
                 [&](std::string_view key, std::string_view value) {
                   if (!key.starts_with(kOutcome)) return false;
                   auto outcome = OutcomeFromJson(value);
                   if (!outcome.ok()) {
                     wrong = outcome.error();
                     return false;
                   }
                   return visitor(*outcome);
                 }));
  if (wrong) return *std::move(wrong);
  return {};
}

Result<std::vector<OutcomeHead>> ReadOutcomeHeads(const Store& store) {
  std::vector<OutcomeHead> heads;
  std::optional<Error> wrong;
  TRY(store.Scan(Family::kOutcome, std::string(1, kHead),
                 [&](std::string_view key, std::string_view value) {
                   if (!key.starts_with(kHead)) return false;
                   auto head = ReadHead(value);
                   if (!head.ok()) {
                     wrong = head.error();
                     return false;
                   }
                   heads.push_back(*std::move(head));
                   return true;
                 }));
  if (wrong) return *std::move(wrong);
  return heads;
}

Result<std::string> MakeAuthorId(std::string_view address, const Store& store,
                                 Writer* writer, Random& random) {
  TRY_ASSIGN(auto salt, store.Get(Family::kOutcome, kSaltKey));
  if (!salt) {
    TRY(Commit(writer, [&](Group& group) -> Status {
      TRY_ASSIGN(salt, store.Get(Family::kOutcome, kSaltKey));
      if (salt) return {};
      std::array<uint8_t, kSaltBytes> fresh;
      random.Fill(fresh);
      salt.emplace(fresh.begin(), fresh.end());
      group.PutOutcome(kSaltKey, *salt);
      return {};
    }));
  }
  const seal::Digest digest = seal::Sha256(*salt + std::string(address));
  return "author:" + ToHex(digest).substr(0, kAuthorDigits);
}

Status ForgetInOutcomes(const std::set<Ulid>& exchanges,
                        std::string_view person, Store* store, Writer* writer) {
  std::vector<std::string> keys;
  TRY(store->Scan(Family::kOutcome, std::string(1, kOutcome),
                  [&](std::string_view key, std::string_view value) {
                    if (!key.starts_with(kOutcome)) return false;
                    auto outcome = OutcomeFromJson(value);
                    if (outcome.ok() && Forget(exchanges, person, &*outcome)) {
                      keys.emplace_back(key);
                    }
                    return true;
                  }));
  for (size_t at = 0; at < keys.size(); at += kBatch) {
    TRY(Commit(writer, [&](Group& group) -> Status {
      for (size_t i = at; i < std::min(at + kBatch, keys.size()); ++i) {
        TRY_ASSIGN(const auto value, store->Get(Family::kOutcome, keys[i]));
        if (!value) continue;
        TRY_ASSIGN(CommitOutcome outcome, OutcomeFromJson(*value));
        Forget(exchanges, person, &outcome);
        group.PutOutcome(keys[i], ToJson(outcome));
      }
      return {};
    }));
  }
  if (keys.empty()) return {};
  return store->Scrub(Family::kOutcome, std::string(kPrefixBytes, '\0'),
                      std::string(kPrefixBytes, '\xff'));
}

}  // namespace cofferdam::ledger
