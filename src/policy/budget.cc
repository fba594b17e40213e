#include "policy/budget.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "policy/budget_internal.h"

// The counters: finding subjects, reserving and settling.

namespace cofferdam::policy {
namespace {

constexpr size_t kChunk = 1024;         // subjects allocated together
constexpr size_t kPlacesMin = 1 << 12;  // a power of two
constexpr int kSpins = 200;

using Lanes = std::array<int64_t, kLanes>;

Lanes LanesOf(Amount amount) {
  CHECK(amount.micro_dollars >= 0 && amount.tokens >= 0);
  Lanes lanes;
  for (int lane = 0; lane < kLanes; lane += kCapUnits) {
    lanes[lane] = std::min(amount.micro_dollars, kAmountMax);
    lanes[lane + 1] = std::min(amount.tokens, kAmountMax);
  }
  return lanes;
}

}  // namespace

// All that a charge falls under.
struct Book::Names {
  std::array<Wanted, Hold::kSubjectsMax> all;
  size_t count = 0;

  Status Read(const Charge& charge, uint64_t seed) {
    if (charge.teams.size() > Charge::kTeamsMax) {
      return Error(Code::kTooLarge, "budget: the team has too many ancestors");
    }
    Status fits = Add(CapScope::kCompany, "", seed);
    for (std::string_view team : charge.teams) {
      if (fits.ok()) fits = AddNamed(CapScope::kTeam, team, seed);
    }
    if (fits.ok()) fits = AddNamed(CapScope::kPerson, charge.person_id, seed);
    if (fits.ok()) fits = AddNamed(CapScope::kKey, charge.key_id, seed);
    if (fits.ok()) fits = AddNamed(CapScope::kRepo, charge.repo, seed);
    if (fits.ok()) fits = AddNamed(CapScope::kPurpose, charge.purpose, seed);
    return fits;
  }

 private:
  Status AddNamed(CapScope scope, std::string_view name, uint64_t seed) {
    return name.empty() ? Status() : Add(scope, name, seed);
  }
  Status Add(CapScope scope, std::string_view name, uint64_t seed) {
    if (name.size() > Charge::kNameBytesMax) {
      return Error(Code::kTooLarge, "budget: a name is too long");
    }
    all[count++] = Wanted(scope, name, seed);
    return {};
  }
};

Book::Book(BookOptions options)
    : options_(options),
      table_(std::make_shared<const CapTable>()),
      places_(kPlacesMin) {}

Book::~Book() = default;

// Sections under the lock are short: whoever finds it taken spins a little
// before it sleeps.
std::unique_lock<std::mutex> Book::Lock() const {
  std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  for (int i = 0; i < kSpins && !lock.owns_lock(); ++i) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    lock.try_lock();
  }
  if (!lock.owns_lock()) lock.lock();
  return lock;
}

Book::Subject& Book::At(uint32_t place) const {
  return chunks_[place / kChunk][place % kChunk];
}

std::optional<uint32_t> Book::Find(const Wanted& wanted) const {
  const size_t mask = places_.size() - 1;
  const uint64_t half = wanted.hash >> 32;
  for (size_t at = wanted.hash & mask;; at = (at + 1) & mask) {
    if (places_[at] == 0) return std::nullopt;
    if (places_[at] >> 32 != half) continue;
    const auto place = static_cast<uint32_t>(places_[at]) - 1;
    const Subject& subject = At(place);
    if (subject.hash == wanted.hash && subject.scope == wanted.scope &&
        subject.name == wanted.name) {
      return place;
    }
  }
}

std::optional<uint32_t> Book::Add(const Wanted& wanted) {
  if (subjects_ >= options_.subjects_max) return std::nullopt;
  if (subjects_ % kChunk == 0) {
    chunks_.push_back(std::make_unique<Subject[]>(kChunk));
  }
  if ((subjects_ + 1) * 2 > places_.size()) Grow();
  const auto place = static_cast<uint32_t>(subjects_++);
  Subject& subject = At(place);
  subject.hash = wanted.hash;
  subject.scope = wanted.scope;
  subject.name = wanted.name;
  const size_t mask = places_.size() - 1;
  size_t at = wanted.hash & mask;
  while (places_[at] != 0) at = (at + 1) & mask;
  places_[at] = (wanted.hash >> 32 << 32) | (place + 1);
  return place;
}

void Book::Grow() {
  places_.assign(places_.size() * 2, 0);
  const size_t mask = places_.size() - 1;
  for (uint32_t place = 0; place < subjects_; ++place) {
    const uint64_t hash = At(place).hash;
    size_t at = hash & mask;
    while (places_[at] != 0) at = (at + 1) & mask;
    places_[at] = (hash >> 32 << 32) | (place + 1);
  }
}

void Book::FillLimits(Subject* subject) const {
  const LaneCaps caps = table_->For(subject->scope, subject->name);
  for (int lane = 0; lane < kLanes; ++lane) {
    const int64_t limit = caps[lane] ? caps[lane]->limit : kNoLimit;
    if (limit == subject->limit[lane]) continue;
    subject->limit[lane] = limit;
    subject->told &= ~ToldBits(lane);
  }
  subject->edition = edition_;
}

// The subject, made if it is new, with limits and windows of now. Null when
// there is no room for it.
Book::Subject* Book::Enter(const Wanted& wanted, int32_t day, uint32_t* place) {
  std::optional<uint32_t> found = Find(wanted);
  if (!found) found = Add(wanted);
  if (!found) return nullptr;
  *place = *found;
  Subject& subject = At(*found);
  if (subject.edition != edition_) FillLimits(&subject);
  if (subject.day < day) subject.MoveTo(day);
  return &subject;
}

void Book::NoteTime(int64_t now_micros) {
  if (now_micros > stats_.latest_micros) {
    stats_.latest_micros = now_micros;
  } else if (now_micros < stats_.latest_micros - kClockSlackMicros) {
    ++stats_.clock_went_back;
  }
}

void Book::SetCaps(std::vector<Cap> caps) {
  for (const Cap& cap : caps) CHECK_OK(CheckCap(cap));
  auto table = std::make_shared<const CapTable>(std::move(caps));
  auto lock = Lock();
  table_.swap(table);
  ++edition_;
  lock.unlock();  // the old table goes without it
}

bool Book::Capped(const Charge& charge) const {
  Names names;
  if (!names.Read(charge, options_.hash_seed).ok()) return true;
  auto lock = Lock();
  const std::shared_ptr<const CapTable> table = table_;
  lock.unlock();
  for (size_t i = 0; i < names.count; ++i) {
    for (const Cap* cap : table->For(names.all[i].scope, names.all[i].name)) {
      if (cap != nullptr) return true;
    }
  }
  return false;
}

Result<Hold> Book::Reserve(const Charge& charge, Amount bound,
                           CapRefusal* refusal) {
  Names names;
  TRY(names.Read(charge, options_.hash_seed));
  const Lanes lanes = LanesOf(bound);
  const int32_t day = DayOf(charge.now_micros);
  Hold hold;
  bool fits = true;
  auto lock = Lock();
  NoteTime(charge.now_micros);
  for (size_t i = 0; i < names.count; ++i) {
    const Wanted& wanted = names.all[i];
    uint32_t place = 0;
    Subject* subject = Enter(wanted, day, &place);
    if (subject == nullptr) {
      ++stats_.untracked;
      if (!table_->Any(wanted.scope, wanted.name)) continue;
      return Error(Code::kExhausted,
                   "budget: the book has no room for one more subject under "
                   "a cap; ask whoever runs the gate");
    }
    hold.lines_[hold.count_++] = {place, subject->day};
    fits = fits && subject->Fits(lanes);
  }
  if (!fits) {
    Alerts alerts;
    Error error = Refuse(hold, bound, refusal, &alerts);
    lock.unlock();
    Tell(alerts);
    return error;
  }
  for (uint32_t i = 0; i < hold.count_; ++i) {
    Subject& subject = At(hold.lines_[i].subject);
    for (int lane = 0; lane < kLanes; ++lane) {
      subject.reserved[lane] += lanes[lane];
    }
  }
  ++stats_.holds;
  hold.book_ = this;
  hold.bound_ = bound;
  return hold;
}

// Which of the caps that do not fit to name: one that must renew before one
// that is only held, and of those the one that renews last, since nothing
// passes before.
Error Book::Refuse(const Hold& hold, Amount bound, CapRefusal* refusal,
                   Alerts* alerts) {
  const Lanes lanes = LanesOf(bound);
  CapRefusal worst;
  bool found = false;
  for (uint32_t i = 0; i < hold.count_; ++i) {
    Subject& subject = At(hold.lines_[i].subject);
    const LaneCaps caps = table_->For(subject.scope, subject.name);
    for (int lane = 0; lane < kLanes; ++lane) {
      if (subject.FitsLane(lane, lanes[lane])) continue;
      if (caps[lane] == nullptr) continue;  // at the end of all numbers
      const CapState state = StateOf(subject, *caps[lane], lane, subject.day);
      const auto kind = lanes[lane] > state.cap.limit
                            ? CapRefusal::Kind::kTooLarge
                        : lanes[lane] > state.cap.limit - state.spent
                            ? CapRefusal::Kind::kSpent
                            : CapRefusal::Kind::kWait;
      if (kind == CapRefusal::Kind::kSpent) {
        subject.Cross(lane, Threshold::kSpent, state, alerts);
      }
      const auto rank = [](const CapRefusal& r) {
        return std::pair(r.kind != CapRefusal::Kind::kWait,
                         r.window.end_micros);
      };
      CapRefusal here{kind,        state.cap,      state.subject, state.window,
                      state.spent, state.reserved, lanes[lane]};
      if (!found || rank(here) > rank(worst)) worst = std::move(here);
      found = true;
    }
  }
  if (!found) {
    return Error(Code::kExhausted, "budget: the sums are at their end");
  }
  Error error(Code::kExhausted, RefusalText(worst));
  if (refusal != nullptr) *refusal = std::move(worst);
  return error;
}

void Book::Close(Hold* hold, Amount used) {
  CHECK(hold->book_ == this);
  const Lanes bound = LanesOf(hold->bound_);
  const Lanes charged = LanesOf(used);
  Alerts alerts;
  auto lock = Lock();
  for (uint32_t i = 0; i < hold->count_; ++i) {
    const Hold::Line& line = hold->lines_[i];
    Subject& subject = At(line.subject);
    for (int lane = 0; lane < kLanes; ++lane) {
      // A window that has ended took what it held and spent with it.
      if (!subject.InWindow(lane, line.day)) continue;
      CHECK(subject.reserved[lane] >= bound[lane]);
      subject.reserved[lane] -= bound[lane];
      subject.spent[lane] = AddAmounts(subject.spent[lane], charged[lane]);
    }
    if (subject.edition != edition_) FillLimits(&subject);
    Charged(&subject, &alerts);
  }
  --stats_.holds;
  lock.unlock();
  hold->book_ = nullptr;
  Tell(alerts);
}

void Book::Settle(Hold hold, Amount used) { Close(&hold, used); }

void Book::Release(Hold hold) { Close(&hold, {}); }

void Book::AddSpent(const Charge& charge, Amount used) {
  Names names;
  // What is too long stands at the end; what came before it is counted.
  const Status read = names.Read(charge, options_.hash_seed);
  (void)read.ok();
  const Lanes charged = LanesOf(used);
  const int32_t day = DayOf(charge.now_micros);
  auto lock = Lock();
  for (size_t i = 0; i < names.count; ++i) {
    uint32_t place = 0;
    Subject* subject = Enter(names.all[i], day, &place);
    if (subject == nullptr) {
      ++stats_.untracked;
      continue;
    }
    for (int lane = 0; lane < kLanes; ++lane) {
      if (!subject->InWindow(lane, day)) continue;
      subject->spent[lane] = AddAmounts(subject->spent[lane], charged[lane]);
    }
    subject->MarkTold();
  }
}

BookStats Book::Stats() const {
  auto lock = Lock();
  BookStats stats = stats_;
  stats.subjects = subjects_;
  return stats;
}

Hold& Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  if (book_ != nullptr) book_->Close(this, bound_);
  Take(other);
  return *this;
}

Hold::~Hold() {
  if (book_ != nullptr) book_->Close(this, bound_);
}

void Hold::Take(Hold& other) noexcept {
  book_ = std::exchange(other.book_, nullptr);
  bound_ = other.bound_;
  count_ = other.count_;
  std::copy_n(other.lines_.begin(), count_, lines_.begin());
}

}  // namespace cofferdam::policy
