#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/snapshot.h"
#include "policy/principal.h"
#include "policy/records.h"
#include "policy/teams.h"
#include "seal/hash.h"

namespace cofferdam::policy {

// Everybody who may use the gate, in memory: what the request path asks
// instead of the store. The store that owns it keeps it current: a change is
// here before the store's method returns, and only once it is committed.
//
// Rows are immutable and shared; 64 shards of hash tables point at them, each
// under its own reader-writer lock. Reading locks at most three shards, one
// after another and in shared mode, for a look-up each; a change replaces one
// row, O(1) however many there are. About 400 bytes a row.
//
// Safe from any thread. Outlives the store, and answers kUnavailable then.
class Directory {
 public:
  Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Whose key this is. kUnauthenticated tells apart a malformed, an unknown, a
  // revoked (itself or the key that minted it) and an expired key, and says
  // what to do next. kUnavailable, never kUnauthenticated, when the rows are
  // not there to be asked. A hash and up to three look-ups, no I/O.
  Result<Principal> Authenticate(std::string_view secret,
                                 int64_t now_micros) const;

  // The person of that id, to show a name instead; none when unknown.
  std::optional<Person> FindPerson(std::string_view person_id) const;

  // The engineer or admin key of that id; none when unknown.
  std::optional<Key> FindKey(std::string_view key_id) const;

  // All teams now. No lock.
  std::shared_ptr<const TeamTree> teams() const { return teams_.Load(); }

  // For the store that fills it.
  void PutTeams(std::shared_ptr<const TeamTree> teams) {
    teams_.Store(std::move(teams));
  }
  void PutPerson(Person person);
  void PutKey(const seal::Digest& hash, Key key);
  void PutSession(const seal::Digest& hash, Session session);
  void RemoveSession(const seal::Digest& hash);
  // Before it opens, and after it closes, every question is kUnavailable.
  void Open() { open_.store(true, std::memory_order_release); }
  void Close() { open_.store(false, std::memory_order_release); }

 private:
  // Digests are uniform already; ids are hashed.
  struct DigestHash {
    size_t operator()(const seal::Digest& digest) const {
      size_t value;
      std::memcpy(&value, digest.data() + 8, sizeof(value));
      return value;
    }
  };
  struct IdHash {
    size_t operator()(std::string_view id) const;
  };

  template <typename Id, typename Row, typename Hash>
  class Table {
   public:
    std::shared_ptr<const Row> Find(const Id& id) const {
      const Shard& shard = shards_[Hash()(id) % kShardCount];
      std::shared_lock lock(shard.mutex);
      auto it = shard.rows.find(id);
      return it == shard.rows.end() ? nullptr : it->second;
    }
    void Put(const Id& id, std::shared_ptr<const Row> row) {
      Shard& shard = shards_[Hash()(id) % kShardCount];
      std::unique_lock lock(shard.mutex);
      shard.rows[id] = std::move(row);
    }
    void Remove(const Id& id) {
      Shard& shard = shards_[Hash()(id) % kShardCount];
      std::unique_lock lock(shard.mutex);
      shard.rows.erase(id);
    }

   private:
    static constexpr size_t kShardCount = 64;
    struct Shard {
      mutable std::shared_mutex mutex;
      std::unordered_map<Id, std::shared_ptr<const Row>, Hash> rows;
    };
    std::array<Shard, kShardCount> shards_;
  };

  Result<Principal> FromKey(const Key& key, int64_t now_micros) const;
  Result<Principal> FromSession(const Session& session,
                                int64_t now_micros) const;

  std::atomic<bool> open_ = false;
  Snapshot<TeamTree> teams_;  // null until the store has read them
  Table<seal::Digest, Key, DigestHash> keys_;
  Table<seal::Digest, Session, DigestHash> sessions_;
  Table<std::string, Key, IdHash> keys_by_id_;
  Table<std::string, Person, IdHash> persons_;
};

}  // namespace cofferdam::policy
