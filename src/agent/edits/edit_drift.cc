// Lines that are equal say where the old text might stand: each of them votes
// for the distance between its place in the file and in the old text. Only few
// distances are then looked at closely. White space and typography count
// nothing, blank lines are left out of both.

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "agent/edits/edit_internal.h"
#include "base/hash.h"

namespace cofferdam::agent {
namespace {

// Of a changed character, and of white space.
constexpr int kCharacterCost = 10;
constexpr int kBlankCost = 1;
// A line may differ in this many characters per hundred, at least in one and
// at most in six; a shorter line not at all.
constexpr size_t kDriftPercent = 15;
constexpr int kDriftMost = 6 * kCharacterCost;
constexpr size_t kDriftLineMin = 4;
constexpr size_t kDriftLineMax = 400;
// One line of four may differ.
constexpr size_t kLinesPerDrift = 4;
// A line that stands more often in the file says nothing of the place.
constexpr size_t kVotersMax = 32;
constexpr size_t kCandidatesMax = 8;

bool IsSpace(char c) { return c == ' ' || c == '\t'; }
int CostOf(char c) { return IsSpace(c) ? kBlankCost : kCharacterCost; }

// The weighted edit distance, or more than `cost_max`.
int LineDistance(std::string_view a, std::string_view b, int cost_max) {
  size_t band = static_cast<size_t>(cost_max / kBlankCost) + 1;
  size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (gap > band) return cost_max + 1;
  std::vector<int> last(b.size() + 1, 0);
  for (size_t j = 1; j <= b.size(); ++j)
    last[j] = last[j - 1] + CostOf(b[j - 1]);
  std::vector<int> next(b.size() + 1, 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    next[0] = last[0] + CostOf(a[i - 1]);
    int least = next[0];
    for (size_t j = 1; j <= b.size(); ++j) {
      int change = a[i - 1] == b[j - 1]
                       ? 0
                       : std::max(CostOf(a[i - 1]), CostOf(b[j - 1]));
      next[j] = std::min({last[j - 1] + change, last[j] + CostOf(a[i - 1]),
                          next[j - 1] + CostOf(b[j - 1])});
      least = std::min(least, next[j]);
    }
    if (least > cost_max) return cost_max + 1;
    std::swap(last, next);
  }
  return last[b.size()];
}

int AllowedCost(std::string_view line) {
  if (line.size() < kDriftLineMin || line.size() > kDriftLineMax) return 0;
  int share = static_cast<int>(line.size() * kDriftPercent / 100);
  return std::clamp(share * kCharacterCost, kCharacterCost, kDriftMost);
}

bool IsTelling(std::string_view line) {
  return std::count_if(line.begin(), line.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0;
         }) >= 3;
}

// A line that is not blank, as it is compared.
struct Solid {
  size_t index = 0;
  std::string_view text;
};

class DriftFinder {
 public:
  DriftFinder(const EditText& file, const EditLines& old_text)
      : file_(file), old_(old_text) {
    const Projection& all = file.projection(Closeness::kPunctuation);
    for (size_t i = 0; i < all.line_begins.size(); ++i) {
      size_t end = i + 1 < all.line_begins.size() ? all.line_begins[i + 1]
                                                  : all.text.size();
      std::string_view line(all.text.data() + all.line_begins[i],
                            end - all.line_begins[i] - 1);
      if (!line.empty()) lines_.push_back({i, line});
    }
    texts_.resize(old_text.lines.size());
    for (size_t i = 0; i < old_text.lines.size(); ++i) {
      ProjectLine(old_text.lines[i], Closeness::kPunctuation, &texts_[i],
                  nullptr);
      if (!texts_[i].empty()) wanted_.push_back({i, texts_[i]});
    }
  }

  std::optional<EditPlace> Find() {
    if (wanted_.size() < 2 || wanted_.size() > lines_.size())
      return std::nullopt;
    std::optional<EditPlace> found;
    for (size_t begin : Candidates()) {
      Fit fit = FitAt(begin);
      if (fit == Fit::kNone) continue;
      // A second place that is nearly as good: none is certain.
      if (found || fit == Fit::kNearly) return std::nullopt;
      found = PlaceAt(begin);
    }
    return found;
  }

 private:
  enum class Fit { kGood, kNearly, kNone };

  std::vector<size_t> Candidates() const {
    std::unordered_map<uint64_t, std::vector<size_t>> places;
    std::unordered_map<uint64_t, size_t> times;
    for (const Solid& line : wanted_) ++times[Hash64(line.text)];
    for (size_t i = 0; i < lines_.size(); ++i) {
      uint64_t hash = Hash64(lines_[i].text);
      if (times.contains(hash)) places[hash].push_back(i);
    }
    std::unordered_map<size_t, size_t> votes;
    for (size_t k = 0; k < wanted_.size(); ++k) {
      auto at = places.find(Hash64(wanted_[k].text));
      if (at == places.end() || at->second.size() > kVotersMax) continue;
      for (size_t place : at->second) {
        if (place >= k && place - k + wanted_.size() <= lines_.size())
          ++votes[place - k];
      }
    }
    std::vector<std::pair<size_t, size_t>> order;  // votes, place
    for (const auto& [place, count] : votes) order.push_back({count, place});
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    std::vector<size_t> begins;
    for (const auto& [count, place] : order) {
      if (begins.size() == kCandidatesMax) break;
      begins.push_back(place);
    }
    return begins;
  }

  Fit FitAt(size_t begin) const {
    const size_t unequal_max =
        std::max<size_t>(1, wanted_.size() / kLinesPerDrift);
    size_t unequal = 0;
    bool anchored = false;
    bool nearly = false;
    for (size_t k = 0; k < wanted_.size(); ++k) {
      std::string_view held = lines_[begin + k].text;
      std::string_view wanted = wanted_[k].text;
      if (held == wanted) {
        anchored = anchored || IsTelling(wanted);
        continue;
      }
      if (++unequal > 2 * unequal_max) return Fit::kNone;
      int allowed = AllowedCost(wanted);
      if (allowed == 0 || held.size() > 2 * kDriftLineMax) return Fit::kNone;
      int cost = LineDistance(held, wanted, 2 * allowed);
      if (cost > 2 * allowed) return Fit::kNone;
      nearly = nearly || cost > allowed;
    }
    if (!anchored) return Fit::kNone;
    return nearly || unequal > unequal_max ? Fit::kNearly : Fit::kGood;
  }

  EditPlace PlaceAt(size_t begin) const {
    EditPlace place;
    place.closeness = Closeness::kPunctuation;
    place.partners.assign(old_.lines.size(), kNoLine);
    for (size_t k = 0; k < wanted_.size(); ++k) {
      place.partners[wanted_[k].index] = lines_[begin + k].index;
      place.drifted =
          place.drifted || lines_[begin + k].text != wanted_[k].text;
    }
    size_t first = lines_[begin].index;
    size_t last = lines_[begin + wanted_.size() - 1].index;
    PairBlankLines(first, &last, &place);
    place.span.first_line = first;
    place.span.last_line = last;
    place.span.begin = file_.lines()[first].begin;
    place.span.end =
        old_.ends ? file_.lines()[last].next : file_.lines()[last].end;
    return place;
  }

  // Blank lines of both that stand at the same place are partners, too.
  void PairBlankLines(size_t first, size_t* last, EditPlace* place) const {
    size_t next = first;
    bool begun = false;
    for (size_t i = 0; i < old_.lines.size(); ++i) {
      size_t& partner = place->partners[i];
      if (partner != kNoLine) {
        next = partner + 1;
        begun = true;
        continue;
      }
      if (!begun || next >= file_.lines().size()) continue;
      if (!IsBlankLine(file_.line(next))) continue;
      partner = next++;
      *last = std::max(*last, partner);
    }
  }

  const EditText& file_;
  const EditLines& old_;
  std::vector<std::string> texts_;
  std::vector<Solid> lines_;
  std::vector<Solid> wanted_;
};

}  // namespace

std::optional<EditPlace> FindDrifted(const EditText& file,
                                     const EditLines& old_text) {
  return DriftFinder(file, old_text).Find();
}

}  // namespace cofferdam::agent
