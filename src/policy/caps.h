#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/snapshot.h"
#include "policy/cap.h"

namespace cofferdam::policy {

struct Storage;

// Caps that somebody set, in the table `cap`: each change and its audit row are
// one transaction. In memory they are one immutable list, to which the cap that
// the configuration gives to every person is added. Methods may wait for the
// disk; current() never does. Safe from any thread.
class Caps {
 public:
  // Caps at once; the next one is kExhausted.
  static constexpr size_t kCapsMax = 10'000;
  // The id of the configuration's cap.
  static constexpr std::string_view kDefaultId = "default";

  // `storage` outlives the object.
  static Result<std::unique_ptr<Caps>> Open(Storage& storage);

  struct Change {
    Cap cap;
    // The limit that it had; none for a new one.
    std::optional<int64_t> before;
  };
  // Sets a cap, or changes the limit and `ask` of the one there is for the same
  // scope, subject, unit and period. `cap.id` is given here. A person is named
  // by id or address, a key by id or the first 5 to 12 characters of its
  // secret, a repository as its remote is written; what is kept is the id, and
  // the repository's one name. kNotFound for a person, key or team that is not
  // known; kInvalid for a limit that is not positive, a subject that cannot be.
  Result<Change> Set(const Cap& cap, std::string_view actor);
  // kNotFound; kInvalid for the configuration's cap.
  Result<Cap> Remove(std::string_view id, std::string_view actor);

  // What the configuration gives each person a month, in micro-dollars; 0 for
  // none. It counts where no cap in dollars a month was set for each person.
  void SetDefault(int64_t micro_dollars);

  // By scope and subject; the configuration's last.
  std::shared_ptr<const std::vector<Cap>> current() const {
    return current_.Load();
  }

  // Called with current() now and after each change, in the order of the
  // changes; must be quick, and call nothing here. Empty takes it away.
  void SetListener(std::function<void(const std::vector<Cap>&)> listener);

 private:
  explicit Caps(Storage& storage) : storage_(storage) {}

  // The rest under the storage's writer mutex.
  Status Load();
  Result<std::string> FindSubject(CapScope scope, std::string_view subject);
  Result<std::string> FindKeyId(std::string_view which);
  Status Write(const Change& change, std::string_view actor);
  void Publish();

  Storage& storage_;
  std::vector<Cap> caps_;  // as in the table
  int64_t default_micro_dollars_ = 0;
  std::function<void(const std::vector<Cap>&)> listener_;
  Snapshot<std::vector<Cap>> current_;
};

}  // namespace cofferdam::policy
