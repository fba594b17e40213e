#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/question.h"
#include "policy/rule.h"

// The idea: a set of rules is a row of bits, one for each rule in the order of
// the file. For each thing that rules can name, the index keeps one row for
// each value that matters: the rules that this value does not rule out. A
// question looks up one row for each thing it says, and the first bit that is
// set in all of them is the first rule that matches.
//
// Literal values stand in a hash table. Of globs, "prefix*" and "*suffix" are
// found by a binary search for the longest one that fits the value, whose row
// holds the shorter ones too; so are versions among those that rules compare
// with. All else (stars elsewhere, exceptions, labels) only narrows the
// candidates: such a rule is checked one by one with Holds when its bit comes
// up first.
namespace cofferdam::policy {

// Rows of equal width, each a set of rules.
class RuleRows {
 public:
  explicit RuleRows(size_t rules) : words_((rules + 63) / 64) {}

  size_t words() const { return words_; }
  // A new row, empty, or a copy of an old one.
  uint32_t Add();
  uint32_t AddCopy(uint32_t row);
  void Set(uint32_t row, size_t rule);
  // row |= other
  void Join(uint32_t row, uint32_t other);
  const uint64_t* At(uint32_t row) const { return &bits_[row * words_]; }

 private:
  size_t words_;
  std::vector<uint64_t> bits_;
};

// Prefixes (or suffixes) of values, each with the row of all that fit whatever
// it fits.
class AffixIndex {
 public:
  enum class End { kFront, kBack };
  explicit AffixIndex(End end) : end_(end) {}

  void Add(std::string_view affix, size_t rule);
  void Build(RuleRows* rows);
  bool empty() const { return nodes_.empty(); }
  static constexpr uint32_t kNoRow = UINT32_MAX;
  // The row of the longest affix that fits `value`.
  uint32_t Find(std::string_view value) const;

 private:
  struct Node {
    std::string affix;
    std::vector<size_t> rules;
    uint32_t parent = kNoRow;  // the longest other one that fits this one
    uint32_t row = kNoRow;
  };
  // How many characters both have in common at our end.
  size_t Common(std::string_view a, std::string_view b) const;
  bool Less(std::string_view a, std::string_view b) const;

  End end_;
  std::vector<Node> nodes_;  // sorted once built
};

// What rules say of one text of a question.
class FieldIndex {
 public:
  FieldIndex();
  // `patterns` of one rule; none: it takes any value.
  void Add(const std::vector<std::string>& patterns, size_t rule);
  void Build(RuleRows* rows);
  // Whether any rule says anything.
  bool used() const { return used_; }

  // One row of candidates, or two to be joined.
  struct Found {
    const uint64_t* first;
    const uint64_t* second;  // may be null
  };
  Found Find(std::string_view value, const RuleRows& rows) const;

 private:
  struct Literal {
    std::string text;
    std::vector<size_t> rules;
    uint32_t row = 0;
  };
  const Literal* FindLiteral(std::string_view value) const;

  bool used_ = false;
  std::vector<size_t> any_;  // rules that take any value, as far as rows tell
  uint32_t any_row_ = 0;
  std::vector<Literal> literals_;
  std::vector<uint32_t> table_;  // hash -> literal + 1, open addressing
  AffixIndex prefixes_{AffixIndex::End::kFront};
  AffixIndex suffixes_{AffixIndex::End::kBack};
};

// All rules of one law. Immutable once made; safe from any thread.
class RuleIndex {
 public:
  // `rules` outlives it, and does not move.
  explicit RuleIndex(std::span<const Rule> rules);

  enum class Labels { kRead, kIgnore };
  static constexpr size_t kNone = SIZE_MAX;
  // The place of the first rule at or behind `from` that matches; with
  // kIgnore, whatever it asks of the prompt. Does not allocate.
  size_t First(const Question& question, Labels labels, size_t from) const;

 private:
  static constexpr size_t kTeamsMax = 16;  // with more, teams narrow nothing
  static constexpr size_t kRowsMax = kFieldCount + 4;
  struct Candidates;

  void AddTimes();
  void AddVersions();
  uint32_t VersionRow(std::string_view version) const;
  uint32_t TimeRow(int64_t now_micros) const;
  void Look(const Question& question, Labels labels, Candidates* out) const;
  bool LookAtTeams(const Question& question, Candidates* out) const;

  std::span<const Rule> rules_;
  RuleRows rows_;
  std::array<FieldIndex, kFieldCount> fields_;
  std::array<uint32_t, 4> grade_rows_{};  // by the asker's grade
  bool grades_used_ = false;
  // Where in the week the set of rules changes, and the row from there on.
  std::vector<int> time_begins_;
  std::vector<uint32_t> time_rows_;
  // The versions that rules compare with, ascending, and a row for each place
  // among them (PlaceOfVersion); empty if there are none, or too many.
  static constexpr size_t kVersionsMax = 512;
  std::vector<std::string> versions_;
  std::vector<uint32_t> version_rows_;
  uint32_t no_version_row_ = 0;  // of what is no version
  uint32_t unlabelled_row_ = 0;
  bool labels_used_ = false;
  uint32_t inexact_row_ = 0;  // rules that Holds has to confirm
};

}  // namespace cofferdam::policy
