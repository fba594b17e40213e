#include "gate/overrides.h"

#include "base/hash.h"

namespace cofferdam::gate {
namespace {

constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;

uint64_t KeyOf(std::string_view rule, const policy::Question& question) {
  uint64_t key = 0;
  for (std::string_view part : {rule, question.person_id, question.contract,
                                question.repo, question.purpose}) {
    key = Hash64(part, key);
  }
  return key;
}

}  // namespace

bool Overrides::IsNews(std::string_view rule,
                       const policy::Question& question) {
  const uint64_t key = KeyOf(rule, question);
  const int64_t day = question.now_micros / kDayMicros;
  std::lock_guard lock(mutex_);
  if (day != day_ || known_.size() >= kKnownMax) {
    known_.clear();
    day_ = day;
  }
  return known_.insert(key).second;
}

void Overrides::Forget(std::string_view rule,
                       const policy::Question& question) {
  std::lock_guard lock(mutex_);
  known_.erase(KeyOf(rule, question));
}

}  // namespace cofferdam::gate
