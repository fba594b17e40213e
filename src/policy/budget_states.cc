#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "policy/budget.h"
#include "policy/budget_internal.h"

// What the book says: states, alerts, refusals.

namespace cofferdam::policy {
namespace {

constexpr uint32_t kRowsPerLock = 512;

CapWindow WindowOfDay(CapPeriod period, int32_t day) {
  return WindowOf(period, int64_t{day} * 86'400 * 1'000'000);
}

bool Shown(const CapState& row, const StateFilter& filter) {
  return filter.percent_min == 0 ||
         static_cast<double>(row.spent + row.reserved) * 100 >=
             static_cast<double>(row.cap.limit) * filter.percent_min;
}

bool Asked(const Cap& cap, const StateFilter& filter) {
  return (!filter.scope || cap.scope == *filter.scope) &&
         (filter.cap_id.empty() || cap.id == filter.cap_id);
}

std::string Whose(const CapRefusal& refusal) {
  switch (refusal.cap.scope) {
    case CapScope::kCompany:
      return "the company's budget";
    case CapScope::kTeam:
      return fmt::format("the budget of team {}", refusal.subject);
    case CapScope::kPerson:
      return "your budget";
    case CapScope::kKey:
      return "the budget of this key";
    case CapScope::kRepo:
      return fmt::format("the budget of repository {}", refusal.subject);
    case CapScope::kPurpose:
      return fmt::format("the budget for purpose {}", refusal.subject);
  }
  return "a budget";
}

}  // namespace

Book::CapTable::CapTable(std::vector<Cap> caps) : all(std::move(caps)) {
  for (const Cap& cap : all) {
    LaneCaps& lanes = by_name[static_cast<size_t>(cap.scope)][cap.subject];
    const Cap*& place = lanes[LaneOf(cap)];
    if (place == nullptr || cap.limit < place->limit) place = &cap;
  }
}

LaneCaps Book::CapTable::For(CapScope scope, std::string_view name) const {
  const auto& named = by_name[static_cast<size_t>(scope)];
  LaneCaps caps{};
  const auto each = named.find("");
  if (each != named.end()) caps = each->second;
  const auto own = name.empty() ? named.end() : named.find(name);
  if (own == named.end()) return caps;
  for (int lane = 0; lane < kLanes; ++lane) {
    if (own->second[lane] != nullptr) caps[lane] = own->second[lane];
  }
  return caps;
}

bool Book::CapTable::Any(CapScope scope, std::string_view name) const {
  const LaneCaps caps = For(scope, name);
  return std::any_of(caps.begin(), caps.end(),
                     [](const Cap* cap) { return cap != nullptr; });
}

void Book::Subject::MoveTo(int32_t later) {
  for (int lane = 0; lane < kLanes; ++lane) {
    if (InWindow(lane, later)) continue;
    spent[lane] = 0;
    reserved[lane] = 0;
    told &= ~ToldBits(lane);
  }
  day = later;
}

bool Book::Subject::Has(int lane, Threshold threshold) const {
  if (limit[lane] == kNoLimit) return false;
  if (threshold == Threshold::kSpent) return spent[lane] >= limit[lane];
  return spent[lane] >= limit[lane] - limit[lane] / kNearRest;
}

void Book::Subject::Cross(int lane, Threshold threshold, const CapState& state,
                          Alerts* alerts) {
  if (!Has(lane, Threshold::kNear)) return;
  const uint16_t bit = ToldBit(lane, threshold);
  if ((told & bit) != 0) return;
  told |= bit;
  alerts->push_back(
      {threshold == Threshold::kSpent ? 100 : kNearPercent, state});
}

void Book::Subject::MarkTold() {
  for (int lane = 0; lane < kLanes; ++lane) {
    for (Threshold threshold : {Threshold::kNear, Threshold::kSpent}) {
      if (Has(lane, threshold)) told |= ToldBit(lane, threshold);
    }
  }
}

// Finds thresholds that were just crossed.
void Book::Charged(Subject* subject, Alerts* alerts) const {
  for (int lane = 0; lane < kLanes; ++lane) {
    for (Threshold threshold : {Threshold::kNear, Threshold::kSpent}) {
      if (!subject->Has(lane, threshold) ||
          (subject->told & ToldBit(lane, threshold)) != 0) {
        continue;
      }
      const Cap* cap = table_->For(subject->scope, subject->name)[lane];
      if (cap == nullptr) continue;
      subject->Cross(lane, threshold,
                     StateOf(*subject, *cap, lane, subject->day), alerts);
    }
  }
}

void Book::Tell(const Alerts& alerts) const {
  if (alerts.empty()) return;
  auto lock = Lock();
  const auto alert = alert_;
  lock.unlock();
  if (alert == nullptr) return;
  for (const CapAlert& one : alerts) (*alert)(one);
}

void Book::SetAlert(std::function<void(const CapAlert&)> alert) {
  auto kept = std::make_shared<const std::function<void(const CapAlert&)>>(
      std::move(alert));
  auto lock = Lock();
  alert_ = *kept ? std::move(kept) : nullptr;
}

CapState Book::StateOf(const Subject& subject, const Cap& cap, int lane,
                       int32_t day) const {
  const int32_t shown = std::max(day, subject.day);
  CapState state{cap, subject.name, WindowOfDay(cap.period, shown), 0, 0};
  if (subject.InWindow(lane, shown)) {
    state.spent = subject.spent[lane];
    state.reserved = subject.reserved[lane];
  }
  return state;
}

void Book::AddNamedStates(const CapTable& table, int32_t day,
                          const StateFilter& filter,
                          std::vector<CapState>* rows) const {
  for (const Cap& cap : table.all) {
    if (cap.subject.empty() && cap.scope != CapScope::kCompany) continue;
    if (!Asked(cap, filter) || rows->size() >= filter.rows_max ||
        (!filter.subject.empty() && cap.subject != filter.subject)) {
      continue;
    }
    const Wanted wanted(cap.scope, cap.subject, options_.hash_seed);
    auto lock = Lock();
    const auto place = Find(wanted);
    CapState row =
        place ? StateOf(At(*place), cap, LaneOf(cap), day)
              : CapState{cap, cap.subject, WindowOfDay(cap.period, day), 0, 0};
    lock.unlock();
    if (Shown(row, filter)) rows->push_back(std::move(row));
  }
}

void Book::AddSeenStates(const CapTable& table, int32_t day,
                         const StateFilter& filter,
                         std::vector<CapState>* rows) const {
  const bool any =
      std::any_of(table.all.begin(), table.all.end(), [&](const Cap& cap) {
        return cap.subject.empty() && cap.scope != CapScope::kCompany &&
               Asked(cap, filter);
      });
  if (!any) return;
  auto lock = Lock();
  for (uint32_t place = 0; place < subjects_; ++place) {
    if (rows->size() >= filter.rows_max) return;
    if (place % kRowsPerLock == kRowsPerLock - 1) {
      lock.unlock();
      lock = Lock();
    }
    const Subject& subject = At(place);
    if (subject.scope == CapScope::kCompany ||
        (filter.scope && subject.scope != *filter.scope) ||
        (!filter.subject.empty() && subject.name != filter.subject)) {
      continue;
    }
    const LaneCaps caps = table.For(subject.scope, subject.name);
    for (int lane = 0; lane < kLanes; ++lane) {
      if (caps[lane] == nullptr || !caps[lane]->subject.empty() ||
          !Asked(*caps[lane], filter)) {
        continue;
      }
      CapState row = StateOf(subject, *caps[lane], lane, day);
      if (Shown(row, filter)) rows->push_back(std::move(row));
    }
  }
}

std::vector<CapState> Book::States(int64_t now_micros,
                                   const StateFilter& filter) const {
  auto lock = Lock();
  const std::shared_ptr<const CapTable> table = table_;
  lock.unlock();
  const int32_t day = DayOf(now_micros);
  std::vector<CapState> rows;
  AddNamedStates(*table, day, filter, &rows);
  AddSeenStates(*table, day, filter, &rows);
  return rows;
}

std::string RefusalText(const CapRefusal& refusal) {
  const auto words = [&](int64_t amount) {
    return refusal.cap.unit == CapUnit::kTokens ? FormatTokens(amount)
                                                : FormatDollars(amount);
  };
  const int64_t left = std::max<int64_t>(
      0, refusal.cap.limit - refusal.spent - refusal.reserved);
  std::string text = fmt::format("{} of {} (cap \"{}\") ", Whose(refusal),
                                 FormatLimit(refusal.cap), refusal.cap.id);
  const std::string so_far =
      fmt::format("{} spent, {} held by requests that still run, {} left",
                  words(refusal.spent), words(refusal.reserved), words(left));
  const std::string ask =
      refusal.cap.ask.empty() ? "whoever runs the gate" : refusal.cap.ask;
  if (refusal.kind == CapRefusal::Kind::kTooLarge) {
    return text + fmt::format(
                      "is smaller than what this one request may use, "
                      "{}. Ask for less output (max_tokens), send a "
                      "smaller prompt, or ask {} to raise the cap.",
                      words(refusal.asked), ask);
  }
  if (refusal.kind == CapRefusal::Kind::kWait) {
    return text + fmt::format(
                      "is held by other requests now: {}; this one may "
                      "use up to {}. Try again when they have ended, "
                      "or ask {} to raise the cap.",
                      so_far, words(refusal.asked), ask);
  }
  text += fmt::format(
      "does not reach for this request: {}; this one may use "
      "up to {}. ",
      so_far, words(refusal.asked));
  if (refusal.cap.period == CapPeriod::kTotal) {
    return text + fmt::format("It does not renew; ask {} to raise it.", ask);
  }
  return text + fmt::format(
                    "It renews on {} at 00:00 UTC; before that, ask "
                    "{} to raise it.",
                    FormatTime(refusal.window.end_micros).substr(0, 10), ask);
}

}  // namespace cofferdam::policy
