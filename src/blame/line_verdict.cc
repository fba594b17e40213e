#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "blame/line_verdict_internal.h"

namespace cofferdam::blame {
namespace {

// Of what a line tells, so much must be the model's own for the line to be the
// model's where it repeated the rest from its prompt, ...
constexpr double kModelShare = 0.5;
// ... so much for it to have changed a person's line, ...
constexpr double kTouchedShare = 0.15;
// ... and so much must be left of it for a person to have changed it.
constexpr double kChangedShare = 0.35;
// A line that tells less than this, such as "}", must stand between its own.
constexpr double kTrivialBits = 4;
// A chain that repeats what stands in a better one must tell so much.
constexpr double kRenamedTokensMin = 4;

struct Decision {
  LineClass line_class = LineClass::kUnknown;
  const LineVote* vote = nullptr;
  double share = 0;  // of tokens
};

class Decider {
 public:
  Decider(const LineVotes& votes, const std::vector<VotedLine>& lines,
          CandidateTimes times, const BlamedText& text)
      : votes_(votes), lines_(lines), times_(times), text_(text) {}

  std::vector<BlamedLine> Run() {
    decided_.resize(lines_.size());
    for (size_t i = 0; i < lines_.size(); ++i) decided_[i] = Decide(lines_[i]);
    std::vector<BlamedLine> blamed(lines_.size());
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (decided_[i].vote != nullptr) Write(decided_[i], &blamed[i]);
    }
    for (size_t i = 0; i < lines_.size(); ++i) FollowTrivial(i, &blamed[i]);
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].has_tokens()) continue;
      size_t end = i;
      while (end < lines_.size() && !lines_[end].has_tokens()) ++end;
      Follow(i, end, &blamed);
      i = end;
    }
    SettleLongTokens(&blamed);
    return blamed;
  }

 private:
  static void Write(const Decision& decision, BlamedLine* line) {
    line->line_class = decision.line_class;
    line->basis = Basis::kContent;
    line->origin = decision.vote->candidate;
    line->bits = decision.vote->chain_bits;
    line->matched = static_cast<float>(decision.share);
  }

  int64_t TimeOf(const LineVote& vote) const {
    return times_[vote.candidate] == 0 ? INT64_MAX : times_[vote.candidate];
  }

  // Of two outputs the one that has more of the line; else the older one.
  bool IsBetter(const LineVote& a, const LineVote& b) const {
    return std::tuple(a.exact_bits, a.quoted_bits, TimeOf(b), a.chain_bits) >
           std::tuple(b.exact_bits, b.quoted_bits, TimeOf(a), b.chain_bits);
  }

  Decision Decide(const VotedLine& line) const {
    if (line.votes.empty()) return {};
    uint32_t tokens = 0;
    uint32_t models = 0;
    double bits = 0;
    bool tells = false;  // more than operators
    const auto weigh = [&](uint32_t token) {
      ++tokens;
      bits += votes_.document().Bits(token, true);
      if (!votes_.IsModels(token)) return;
      ++models;
      tells |=
          votes_.tokens().kind()[token] != fingerprint::TokenKind::kOperator;
    };
    if (line.inside != kNone) weigh(line.inside);
    for (uint32_t i = line.token_begin; i < line.token_end; ++i) weigh(i);
    const LineVote* best = &line.votes.front();
    for (const LineVote& vote : line.votes) {
      if (IsBetter(vote, *best)) best = &vote;
    }
    Decision decision = {LineClass::kUnknown, best,
                         static_cast<double>(best->exact) / tokens};
    if (bits < kTrivialBits && !best->gapless) return {};
    const bool whole = best->exact + best->quoted == tokens;
    const bool all_models =
        models == tokens && (whole || line.votes.size() > 1) && best->exact > 0;
    if (all_models || (whole && best->exact_bits >= kModelShare * bits)) {
      decision.line_class = LineClass::kModel;
      if (all_models) decision.share = 1;
    } else if (whole ? best->exact_bits >= kTouchedShare * bits
                     : IsChanged(*best, bits, tokens, tells)) {
      decision.line_class = LineClass::kMixed;
    } else {
      return {};
    }
    return decision;
  }

  static bool IsChanged(const LineVote& vote, double bits, uint32_t tokens,
                        bool tells) {
    const double own = vote.exact_bits + vote.quoted_bits;
    if (vote.exact == 0) return false;
    if (tells && own >= kChangedShare * bits &&
        vote.exact_bits >= kTouchedShare * bits) {
      return true;
    }
    return vote.exact + vote.quoted + vote.same == tokens &&
           tokens >= kRenamedTokensMin;
  }

  // Commit times of the lines; 0 where it is not known or not committed.
  int64_t CommitTime(size_t line) const {
    return text_.file == nullptr
               ? 0
               : text_.history->commits[text_.file->lines[line].commit]
                     .committed_micros;
  }
  uint32_t CommitOf(size_t line) const {
    return text_.file == nullptr ? 0 : text_.file->lines[line].commit;
  }

  // Whether the history allows that a comment came with the line `beside`:
  // committed with it or, where that was changed since, before.
  bool MayComeWith(size_t line, size_t beside) const {
    if (text_.file == nullptr || CommitOf(line) == CommitOf(beside))
      return true;
    const int64_t then = CommitTime(line);
    const int64_t other = CommitTime(beside);
    return then != 0 && (other == 0 || then <= other);
  }

  const LineVote* VoteOf(size_t line, uint32_t candidate) const {
    for (const LineVote& vote : lines_[line].votes) {
      if (vote.candidate == candidate) return &vote;
    }
    return nullptr;
  }

  bool IsModel(size_t line) const {
    return line < lines_.size() &&
           (decided_[line].line_class == LineClass::kModel ||
            decided_[line].line_class == LineClass::kMixed);
  }

  // A line that tells little, such as "})", between two that a model wrote: it
  // is the model's if an output has it there at all, even quoted, or if it only
  // closes what was opened.
  void FollowTrivial(size_t line, BlamedLine* blamed) {
    const VotedLine& voted = lines_[line];
    if (decided_[line].vote != nullptr || !voted.has_tokens() ||
        voted.inside != kNone) {
      return;
    }
    double bits = 0;
    bool closes = true;
    for (uint32_t i = voted.token_begin; i < voted.token_end; ++i) {
      bits += votes_.document().Bits(i, true);
      closes &= votes_.tokens().kind()[i] == fingerprint::TokenKind::kOperator;
    }
    if (bits >= kTrivialBits || (!closes && voted.votes.empty())) return;
    size_t above = line;
    while (above > 0 && !lines_[above - 1].has_tokens()) --above;
    size_t below = line + 1;
    while (below < lines_.size() && !lines_[below].has_tokens()) ++below;
    if (above == 0 || !IsModel(above - 1) || !IsModel(below) ||
        !MayComeWith(line, above - 1) || !MayComeWith(line, below)) {
      return;
    }
    decided_[line] = decided_[above - 1];
    decided_[line].line_class = LineClass::kModel;
    decided_[line].share = 1;
    Write(decided_[line], blamed);
  }

  // Lines [begin, end) have no tokens: blank ones, and comments. How many the
  // output had there tells whether they may be its own.
  void Follow(size_t begin, size_t end, std::vector<BlamedLine>* blamed) {
    const bool above = begin > 0 && IsModel(begin - 1);
    const bool below = IsModel(end);
    if (!above && !below) return;
    // Lines between two of the same output, in it.
    std::optional<uint32_t> room;
    const Decision* from = nullptr;
    if (above && below) {
      const LineVote* first = decided_[begin - 1].vote;
      const LineVote* last = VoteOf(end, first->candidate);
      if (last == nullptr) {
        last = decided_[end].vote;
        first = VoteOf(begin - 1, last->candidate);
      }
      from = &decided_[begin - 1];
      if (first != nullptr && last != nullptr &&
          last->first_output_line > first->last_output_line) {
        room = last->first_output_line - first->last_output_line - 1;
        from = first->candidate == decided_[begin - 1].vote->candidate
                   ? &decided_[begin - 1]
                   : &decided_[end];
      }
    } else if (begin == 0) {
      from = &decided_[end];
      room = from->vote->first_output_line - 1;
    } else if (end == lines_.size()) {
      from = &decided_[begin - 1];
    } else {
      // At the edge of what the model wrote: blank lines belong to nobody, and
      // a comment belongs to what it stands over.
      if (!below) return;
      from = &decided_[end];
      if (from->vote->first_output_line == 1) return;
      room = from->vote->first_output_line - 1;
    }
    size_t comments = 0;
    for (size_t i = begin; i < end; ++i) comments += !lines_[i].blank();
    for (size_t i = end; i-- > begin;) {
      const bool blank = lines_[i].blank();
      if (!blank && room && comments > *room) continue;
      if (!blank && !(above && MayComeWith(i, begin - 1)) &&
          !(below && MayComeWith(i, end))) {
        continue;
      }
      // Above an edge, the block that touches the code, no more.
      if (!above && begin > 0 && blank) break;
      Decision followed = *from;
      followed.line_class = LineClass::kModel;
      followed.share = 1;
      Write(followed, &(*blamed)[i]);
    }
  }

  // Where something was changed in a string of several lines, tokens cannot say
  // on which: those that came with what stands around it are as the model wrote
  // them, and later ones were changed.
  void SettleLongTokens(std::vector<BlamedLine>* blamed) const {
    for (size_t i = 0; i < lines_.size(); ++i) {
      const VotedLine& line = lines_[i];
      const bool long_token =
          line.inside != kNone ||
          (i + 1 < lines_.size() && lines_[i + 1].inside != kNone);
      if (!long_token || (*blamed)[i].line_class == LineClass::kModel) continue;
      size_t first = i;
      while (first > 0 && lines_[first].inside != kNone) --first;
      size_t last = i;
      while (last + 1 < lines_.size() && lines_[last + 1].inside != kNone)
        ++last;
      size_t before = first;
      while (before > 0 && !lines_[before - 1].has_tokens()) --before;
      size_t after = last + 1;
      while (after < lines_.size() && !lines_[after].has_tokens()) ++after;
      const bool above = before > 0 && IsModel(before - 1);
      const bool below = IsModel(after);
      if (!above && !below) continue;
      const Decision& beside = decided_[above ? before - 1 : after];
      // The output has a string there at all.
      if (VoteOf(first, beside.vote->candidate) == nullptr) continue;
      const bool together = (above && MayComeWith(i, before - 1)) ||
                            (below && MayComeWith(i, after));
      Decision followed = beside;
      followed.line_class = together ? LineClass::kModel : LineClass::kMixed;
      Write(followed, &(*blamed)[i]);
    }
  }

  const LineVotes& votes_;
  const std::vector<VotedLine>& lines_;
  CandidateTimes times_;
  const BlamedText& text_;
  std::vector<Decision> decided_;
};

}  // namespace

std::vector<BlamedLine> DecideLines(const LineVotes& votes,
                                    const std::vector<VotedLine>& lines,
                                    CandidateTimes times,
                                    const BlamedText& text) {
  return Decider(votes, lines, times, text).Run();
}

}  // namespace cofferdam::blame
