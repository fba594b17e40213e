#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/snapshot.h"
#include "policy/question.h"
#include "policy/scope.h"

namespace cofferdam::policy {

struct Storage;

enum class MeasureKind {
  kPause,  // no new request
  kKill,   // nor does a running stream go on
};
// "pause", "kill".
std::string_view MeasureKindName(MeasureKind kind);

// A stop that a person ordered, until it is resumed or its time is over. Times
// are microseconds since 1970.
struct Measure {
  std::string id;
  MeasureKind kind = MeasureKind::kPause;
  Scope scope;
  std::string reason;  // shown to whoever is stopped
  std::string actor;
  int64_t created_at_micros = 0;
  std::optional<int64_t> until_micros;  // none: until it is resumed
  std::optional<int64_t> resumed_at_micros;
  std::string resumed_by;

  bool InForceAt(int64_t now_micros) const {
    return !resumed_at_micros && (!until_micros || now_micros < *until_micros);
  }
};

// The first of `measures` that is in force at the question's time and covers
// it; null when there is none. No allocation.
const Measure* FindMeasure(std::span<const Measure> measures,
                           const Question& question);

// Pauses and kills, in the table `measure`: who ordered them is in the audit,
// in the same transaction. Measures in force also stand in memory, as one
// immutable list. After a failed write nothing has changed there.
//
// Methods may wait for the disk; current() never does. Safe from any thread.
class Measures {
 public:
  // In force at once; the next one is kExhausted.
  static constexpr size_t kInForceMax = 1000;
  static constexpr int64_t kListMax = 10'000;

  // `storage` outlives the object.
  static Result<std::unique_ptr<Measures>> Open(Storage& storage);

  // An empty scope stops everything: whoever offers that asks twice. kInvalid:
  // a scope that cannot be, a reason that is blank or longer than 500 bytes, a
  // time that is over. In force when this returns.
  Result<Measure> Pause(const Scope& scope, std::string_view reason,
                        std::optional<int64_t> until_micros,
                        std::string_view actor);
  // As Pause; the kill listener has been called when this returns.
  Result<Measure> Kill(const Scope& scope, std::string_view reason,
                       std::optional<int64_t> until_micros,
                       std::string_view actor);

  // Ends one measure, or every one in force with exactly this scope. What was
  // ended; kNotFound when there is nothing to end.
  Result<Measure> Resume(std::string_view id, std::string_view actor);
  Result<std::vector<Measure>> Resume(const Scope& scope,
                                      std::string_view actor);

  // By creation: those in force, or the newest kListMax with all that are over.
  enum class Which { kInForce, kAll };
  Result<std::vector<Measure>> List(Which which);

  // What was in force after the latest change, by creation; some may be over
  // by the clock, which FindMeasure heeds. For the request path: no lock.
  std::shared_ptr<const std::vector<Measure>> current() const {
    return current_.Load();
  }

  // Called with each kill once it is in force, on the thread that ordered it.
  // Set before others use the object.
  void SetKillListener(std::function<void(const Measure&)> listener) {
    kill_listener_ = std::move(listener);
  }

 private:
  explicit Measures(Storage& storage) : storage_(storage) {}

  Status Load();
  Result<Measure> Order(MeasureKind kind, const Scope& scope,
                        std::string_view reason,
                        std::optional<int64_t> until_micros,
                        std::string_view actor);
  // Ends those that `chosen` says.
  Result<std::vector<Measure>> End(
      const std::function<bool(const Measure&)>& chosen,
      std::string_view actor);
  // Of the current list, those that are not over by the clock.
  std::vector<Measure> InForce(int64_t now_micros) const;

  Storage& storage_;
  Snapshot<std::vector<Measure>> current_;  // changed under the writer's mutex
  std::function<void(const Measure&)> kill_listener_;
};

}  // namespace cofferdam::policy
