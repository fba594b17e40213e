#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/cap.h"
#include "policy/money.h"

// The book of all budgets: what every subject has spent and holds in its
// windows, beside the caps it falls under. In memory; refilled at start.
namespace cofferdam::policy {

// Whose and what for a request is. Views; empty ones fall under no cap.
struct Charge {
  std::string_view person_id;
  std::string_view key_id;
  std::string_view repo;
  std::string_view purpose;
  // The person's team and its ancestors, each once; at most kTeamsMax.
  std::span<const std::string_view> teams;
  int64_t now_micros = 0;

  static constexpr size_t kTeamsMax = 16;
  static constexpr size_t kNameBytesMax = 1024;
};

// Why Reserve refused; see RefusalText for words.
struct CapRefusal {
  enum class Kind {
    kSpent,    // not before the window ends
    kWait,     // it would fit once requests that run now have ended
    kTooLarge  // the request alone may cost more than the cap
  };
  Kind kind = Kind::kSpent;
  Cap cap;
  std::string subject;  // that the cap was applied to; empty: the company
  CapWindow window;     // the cap renews at its end
  int64_t spent = 0;    // these in the cap's unit
  int64_t reserved = 0;
  int64_t asked = 0;
};

// What an engineer reads: which cap, what was spent and is held, what this
// request would hold, when it renews, what to do, whom to ask.
std::string RefusalText(const CapRefusal& refusal);

// Where one subject stands with one cap.
struct CapState {
  Cap cap;
  std::string subject;
  CapWindow window;
  int64_t spent = 0;
  int64_t reserved = 0;
};

// 80 or 100 percent of a cap are spent. 100 also when a request is refused
// and 80 are spent: what is left fits nothing, and spending stops there.
struct CapAlert {
  int percent = 0;  // 80 or 100
  CapState state;
};

struct StateFilter {
  std::optional<CapScope> scope;
  std::string subject;  // empty: any
  std::string cap_id;   // empty: any
  // Leaves out what has less of its limit spent and reserved.
  int percent_min = 0;
  size_t rows_max = 10'000;
};

struct BookStats {
  size_t subjects = 0;
  size_t holds = 0;  // open now
  // Subjects that were not counted, as the book was full and no cap was on
  // them; times one was met.
  uint64_t untracked = 0;
  // Requests whose time lay more than kClockSlackMicros before a time that
  // was seen already, and the latest time seen.
  uint64_t clock_went_back = 0;
  int64_t latest_micros = 0;
};

struct BookOptions {
  // Each takes about 300 bytes.
  size_t subjects_max = 1'000'000;
  // From the system's random source, so that nobody can choose names that
  // fall on one place of the table.
  uint64_t hash_seed = 0;
};

class Book;

// What one request holds. Move-only; the book must outlive it. One that goes
// without Settle or Release is charged in full: nothing is forgotten.
class Hold {
 public:
  // The company, the teams, a person, a key, a repository, a purpose.
  static constexpr size_t kSubjectsMax = Charge::kTeamsMax + 5;

  Hold() = default;
  Hold(Hold&& other) noexcept { Take(other); }
  Hold& operator=(Hold&& other) noexcept;
  ~Hold();

  explicit operator bool() const { return book_ != nullptr; }
  const Amount& bound() const { return bound_; }

 private:
  friend class Book;
  struct Line {
    uint32_t subject = 0;  // its place in the book
    int32_t day = 0;       // names the windows it was reserved in
  };
  void Take(Hold& other) noexcept;

  Book* book_ = nullptr;
  Amount bound_;
  uint32_t count_ = 0;
  std::array<Line, kSubjectsMax> lines_;
};

// Counts every subject in every period and both units, capped or not, so that
// a new cap knows at once what was spent. Thread-safe: one lock guards all
// counters, so that a request is checked against all its caps and enters all
// of them in one step. No cap is ever passed, under any race, and a request
// that one cap refuses has never touched another. No allocation once a
// subject is known, but for refusals.
//
// Which window: that of `now_micros`, and none that is older than the latest
// the subject was seen in. When the clock goes back, charges go on in the
// later window, which has its spending already: a spent window never opens
// again. When it jumped forward first, the subject's cap thus renews only when
// the clock passes the end of that later window, or after a restart. A request
// that runs over midnight belongs to the window it was reserved in, whenever
// it settles.
class Book {
 public:
  static constexpr int64_t kClockSlackMicros = 5'000'000;

  explicit Book(BookOptions options = {});
  ~Book();
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;

  // Puts `caps` in force for all that is reserved from now on; counters stay.
  // Caps must pass CheckCap. A cap with a subject stands in for the one for
  // each of its scope with the same unit and period; of several alike the
  // smallest counts.
  void SetCaps(std::vector<Cap> caps);

  // Whether any cap applies: a request that cannot be bounded is refused then.
  bool Capped(const Charge& charge) const;

  // Holds `bound` on every subject of `charge`, if spent + reserved + bound
  // stays within every cap; else kExhausted with RefusalText, and `refusal`
  // filled. Also kExhausted when the book is full and a cap is on the new
  // subject, kTooLarge beyond the limits of Charge. Amounts are not negative;
  // each counts as at most kAmountMax.
  Result<Hold> Reserve(const Charge& charge, Amount bound,
                       CapRefusal* refusal = nullptr);
  // Frees what it holds and charges `used`, which may be more than was held:
  // the caller flags that as an overrun.
  void Settle(Hold hold, Amount used);
  // Frees what it holds; nothing was used.
  void Release(Hold hold);

  // Charges what was used earlier, to the windows of `now_micros` that are
  // still the latest; in any order. Never alerts: what it crosses counts as
  // told. For the refill at start; names beyond the limits are passed over.
  void AddSpent(const Charge& charge, Amount used);

  // One row for each cap and subject, named caps first; those for each one of
  // a scope show the subjects seen so far. Takes the lock for a few rows at a
  // time.
  std::vector<CapState> States(int64_t now_micros,
                               const StateFilter& filter = {}) const;
  BookStats Stats() const;

  // Called at 80 and 100 percent, once for each cap, subject and window, on
  // the thread that reserved or settled, without the lock; must be quick. A
  // cap whose limit changes is told anew.
  void SetAlert(std::function<void(const CapAlert&)> alert);

 private:
  friend class Hold;
  struct Subject;
  struct CapTable;
  struct Wanted;
  struct Names;
  using Alerts = std::vector<CapAlert>;

  std::unique_lock<std::mutex> Lock() const;
  Subject& At(uint32_t place) const;
  std::optional<uint32_t> Find(const Wanted& wanted) const;
  std::optional<uint32_t> Add(const Wanted& wanted);
  void Grow();
  Subject* Enter(const Wanted& wanted, int32_t day, uint32_t* place);
  void FillLimits(Subject* subject) const;
  void NoteTime(int64_t now_micros);
  void Close(Hold* hold, Amount used);
  void Charged(Subject* subject, Alerts* alerts) const;
  Error Refuse(const Hold& hold, Amount bound, CapRefusal* refusal,
               Alerts* alerts);
  CapState StateOf(const Subject& subject, const Cap& cap, int lane,
                   int32_t day) const;
  void AddNamedStates(const CapTable& table, int32_t day,
                      const StateFilter& filter,
                      std::vector<CapState>* rows) const;
  void AddSeenStates(const CapTable& table, int32_t day,
                     const StateFilter& filter,
                     std::vector<CapState>* rows) const;
  void Tell(const Alerts& alerts) const;

  const BookOptions options_;
  mutable std::mutex mutex_;
  // What follows is guarded by it.
  std::shared_ptr<const CapTable> table_;
  uint32_t edition_ = 1;  // of table_
  std::vector<std::unique_ptr<Subject[]>> chunks_;
  size_t subjects_ = 0;
  std::vector<uint64_t> places_;  // open addressing: half a hash, place + 1
  std::shared_ptr<const std::function<void(const CapAlert&)>> alert_;
  BookStats stats_;
};

}  // namespace cofferdam::policy
