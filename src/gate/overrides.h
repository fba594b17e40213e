#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "policy/question.h"

namespace cofferdam::gate {

// Which overrides of the terms the audit knows of today: a rule that lets pass
// what the terms would stop is audited once a day (UTC) for each rule, person,
// contract, repository and purpose, not for each request. Safe from any thread.
class Overrides {
 public:
  // Beyond so many it forgets and audits again.
  static constexpr size_t kKnownMax = 65'536;

  // Whether this one is to be audited; it counts as known from now on.
  bool IsNews(std::string_view rule, const policy::Question& question);
  // It could not be audited.
  void Forget(std::string_view rule, const policy::Question& question);

 private:
  std::mutex mutex_;
  int64_t day_ = -1;
  std::unordered_set<uint64_t> known_;
};

}  // namespace cofferdam::gate
