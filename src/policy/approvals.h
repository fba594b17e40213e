#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/snapshot.h"
#include "policy/approval.h"
#include "policy/grants.h"
#include "policy/question.h"

namespace cofferdam {
class Database;
}  // namespace cofferdam

namespace cofferdam::policy {

struct Storage;

// What asks for an approval.
struct ApprovalAsk {
  std::string_view rule;  // its name, or what stands for the terms
  FourEyes four_eyes = FourEyes::kNo;
  int64_t expires_at_micros = 0;
};

// Approval requests and their answers, in the tables `approval` and
// `approval_vote`; each change and its audit row are one transaction. What is
// open, granted or denied now also stands in memory, and after a failed write
// nothing has changed there.
//
// Methods may wait for the disk; current() and FindLive() never do. Safe from
// any thread.
class Approvals {
 public:
  // A person may have this many that are open or denied; the next one is
  // kExhausted.
  static constexpr size_t kLivePerPersonMax = 100;
  static constexpr size_t kLiveMax = 100'000;
  static constexpr int64_t kListMax = 10'000;
  static constexpr int64_t kGrantDefaultMicros = int64_t{24} * 3600 * 1'000'000;
  static constexpr int64_t kGrantMaxMicros = 366 * kGrantDefaultMicros;

  // `storage` outlives the object.
  static Result<std::unique_ptr<Approvals>> Open(Storage& storage);

  // The approval of this person, tool, provider, contract, repository, purpose
  // and rule that is alive: an open one, or the answer that still holds; none
  // alive: a new one, open. So an agent that tries again and again writes once.
  // `actor` is the key that the request showed.
  Result<Approval> Ask(const Question& question, const ApprovalAsk& ask,
                       std::string_view actor);
  // As Ask, but never makes one.
  std::optional<Approval> FindLive(const Question& question,
                                   std::string_view rule) const;

  // `actor` says yes. The approval is granted unless it asks for four eyes and
  // this is the first yes; of two, each dimension is as wide, and the time as
  // long, as both agreed on. kNotFound; kConflict unless it is open; kDenied
  // for the person who asked, for one who has said yes already, and, with four
  // eyes, for "local", which names nobody; kInvalid for terms that cannot be.
  Result<Approval> Grant(std::string_view id, const GrantTerms& terms,
                         std::string_view actor);
  // `actor` says no, or takes a grant back. Holds until `until_micros`, by
  // default as long as the request would have waited. kNotFound; kConflict when
  // it is denied or expired.
  Result<Approval> Deny(std::string_view id, std::string_view reason,
                        std::optional<int64_t> until_micros,
                        std::string_view actor);

  // kNotFound.
  Result<Approval> Get(std::string_view id);
  // By opening, oldest first: those that wait for an answer, or the newest
  // kListMax.
  enum class Which { kOpen, kAll };
  Result<std::vector<Approval>> List(Which which);

  // For the request path: no lock.
  std::shared_ptr<const Grants> current() const { return current_.Load(); }

  // Called with each approval that was granted or denied, on the thread that
  // did it. Set before others use the object.
  void SetListener(std::function<void(const Approval&)> listener) {
    listener_ = std::move(listener);
  }

 private:
  explicit Approvals(Storage& storage) : storage_(storage) {}

  Status Load();
  // The next three with the mutex of the connection they use.
  Result<Approval> Find(Database& database, std::string_view id);
  Result<std::string> PersonOf(std::string_view actor);
  Status CheckRoom(std::string_view person, int64_t now_micros) const;
  // Keeps it in memory, and forgets what is over.
  void Put(const Approval& approval);
  // Makes an edition of the grants among `live_`.
  void Publish();

  Storage& storage_;
  // Approvals that are alive, by what they are for. Changed under the writer's
  // mutex as well; read under this one alone.
  mutable std::mutex live_mutex_;
  std::map<std::string, Approval, std::less<>> live_;
  Snapshot<Grants> current_;
  std::function<void(const Approval&)> listener_;
};

}  // namespace cofferdam::policy
