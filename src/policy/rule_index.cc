#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "policy/glob.h"
#include "policy/rule_index_internal.h"

namespace cofferdam::policy {
namespace {

constexpr Grade kGrades[] = {Grade::kNone, Grade::kAgent, Grade::kSession,
                             Grade::kAttested};

// A pattern by its stars.
struct Shape {
  std::string_view prefix;  // before the first star
  std::string_view suffix;  // behind the last one
  bool literal = false;
  bool inner = false;  // something stands between stars, or on both sides
};

Shape ShapeOf(std::string_view pattern) {
  const size_t first = pattern.find('*');
  if (first == std::string_view::npos) return {pattern, {}, true, false};
  const size_t last = pattern.rfind('*');
  Shape shape{pattern.substr(0, first), pattern.substr(last + 1)};
  shape.inner =
      pattern.substr(first, last - first + 1).find_first_not_of('*') !=
          std::string_view::npos ||
      (!shape.prefix.empty() && !shape.suffix.empty());
  return shape;
}

bool ComparesOnly(const std::vector<VersionPattern>& patterns) {
  return std::none_of(
      patterns.begin(), patterns.end(),
      [](const VersionPattern& pattern) { return pattern.is_text(); });
}

enum class Versions { kInRows, kElsewhere };

// Whether rows alone tell when the rule matches.
bool IsExact(const Conditions& when, Versions versions) {
  for (size_t i = 0; i < kFieldCount; ++i) {
    if (!when.none_of[i].empty()) return false;
    for (const std::string& pattern : when.any_of[i]) {
      if (ShapeOf(pattern).inner) return false;
    }
  }
  const bool told =
      when.tool_versions.empty() ||
      (versions == Versions::kInRows && ComparesOnly(when.tool_versions));
  return told && when.labels == 0;
}

}  // namespace

uint32_t RuleRows::Add() {
  bits_.resize(bits_.size() + words_);
  return static_cast<uint32_t>(bits_.size() / words_ - 1);
}

uint32_t RuleRows::AddCopy(uint32_t row) {
  const uint32_t copy = Add();
  Join(copy, row);
  return copy;
}

void RuleRows::Set(uint32_t row, size_t rule) {
  bits_[row * words_ + rule / 64] |= uint64_t{1} << (rule % 64);
}

void RuleRows::Join(uint32_t row, uint32_t other) {
  for (size_t i = 0; i < words_; ++i) {
    bits_[row * words_ + i] |= bits_[other * words_ + i];
  }
}

size_t AffixIndex::Common(std::string_view a, std::string_view b) const {
  const size_t size = std::min(a.size(), b.size());
  if (end_ == End::kFront) {
    return static_cast<size_t>(
        std::mismatch(a.begin(), a.begin() + static_cast<long>(size), b.begin())
            .first -
        a.begin());
  }
  return static_cast<size_t>(std::mismatch(a.rbegin(),
                                           a.rbegin() + static_cast<long>(size),
                                           b.rbegin())
                                 .first -
                             a.rbegin());
}

bool AffixIndex::Less(std::string_view a, std::string_view b) const {
  if (end_ == End::kFront) return a < b;
  return std::lexicographical_compare(
      a.rbegin(), a.rend(), b.rbegin(), b.rend(), [](char x, char y) {
        return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
      });
}

void AffixIndex::Add(std::string_view affix, size_t rule) {
  nodes_.push_back({std::string(affix), {rule}});
}

void AffixIndex::Build(RuleRows* rows) {
  std::stable_sort(
      nodes_.begin(), nodes_.end(),
      [this](const Node& a, const Node& b) { return Less(a.affix, b.affix); });
  std::vector<Node> merged;
  for (Node& node : nodes_) {
    if (!merged.empty() && merged.back().affix == node.affix) {
      merged.back().rules.push_back(node.rules.front());
    } else {
      merged.push_back(std::move(node));
    }
  }
  nodes_ = std::move(merged);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    // The one before, or one that fits that, fits this one if any does.
    uint32_t parent = i == 0 ? kNoRow : static_cast<uint32_t>(i - 1);
    while (parent != kNoRow && Common(nodes_[parent].affix, node.affix) !=
                                   nodes_[parent].affix.size()) {
      parent = nodes_[parent].parent;
    }
    node.parent = parent;
    node.row =
        parent == kNoRow ? rows->Add() : rows->AddCopy(nodes_[parent].row);
    for (size_t rule : node.rules) rows->Set(node.row, rule);
  }
}

uint32_t AffixIndex::Find(std::string_view value) const {
  const auto behind = std::upper_bound(
      nodes_.begin(), nodes_.end(), value,
      [this](std::string_view a, const Node& b) { return Less(a, b.affix); });
  if (behind == nodes_.begin()) return kNoRow;
  const Node* node = &*(behind - 1);
  const size_t common = Common(node->affix, value);
  while (node->affix.size() > common) {
    if (node->parent == kNoRow) return kNoRow;
    node = &nodes_[node->parent];
  }
  return node->row;
}

FieldIndex::FieldIndex() = default;

void FieldIndex::Add(const std::vector<std::string>& patterns, size_t rule) {
  if (patterns.empty()) {
    any_.push_back(rule);
    return;
  }
  used_ = true;
  for (const std::string& pattern : patterns) {
    const Shape shape = ShapeOf(pattern);
    if (shape.literal) {
      literals_.push_back({pattern, {rule}});
    } else if (!shape.prefix.empty()) {
      prefixes_.Add(shape.prefix, rule);
    } else if (!shape.suffix.empty()) {
      suffixes_.Add(shape.suffix, rule);
    } else {
      any_.push_back(rule);
    }
  }
}

void FieldIndex::Build(RuleRows* rows) {
  if (!used_) return;
  any_row_ = rows->Add();
  for (size_t rule : any_) rows->Set(any_row_, rule);
  // An empty affix takes in all others' values, so it bears the `any` row.
  for (AffixIndex* affixes : {&prefixes_, &suffixes_}) {
    if (affixes->empty()) continue;
    for (size_t rule : any_) affixes->Add("", rule);
    affixes->Build(rows);
  }
  std::stable_sort(
      literals_.begin(), literals_.end(),
      [](const Literal& a, const Literal& b) { return a.text < b.text; });
  std::vector<Literal> merged;
  for (Literal& literal : literals_) {
    if (!merged.empty() && merged.back().text == literal.text) {
      merged.back().rules.push_back(literal.rules.front());
    } else {
      merged.push_back(std::move(literal));
    }
  }
  literals_ = std::move(merged);
  if (!literals_.empty()) {
    table_.assign(std::bit_ceil(literals_.size() * 2), 0);
  }
  for (size_t i = 0; i < literals_.size(); ++i) {
    Literal& literal = literals_[i];
    literal.row = rows->AddCopy(any_row_);
    for (const AffixIndex* affixes : {&prefixes_, &suffixes_}) {
      if (affixes->empty()) continue;
      const uint32_t row = affixes->Find(literal.text);
      if (row != AffixIndex::kNoRow) rows->Join(literal.row, row);
    }
    for (size_t rule : literal.rules) rows->Set(literal.row, rule);
    size_t slot = Hash64(literal.text) & (table_.size() - 1);
    while (table_[slot] != 0) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = static_cast<uint32_t>(i + 1);
  }
}

const FieldIndex::Literal* FieldIndex::FindLiteral(
    std::string_view value) const {
  if (table_.empty()) return nullptr;
  size_t slot = Hash64(value) & (table_.size() - 1);
  while (table_[slot] != 0) {
    const Literal& literal = literals_[table_[slot] - 1];
    if (literal.text == value) return &literal;
    slot = (slot + 1) & (table_.size() - 1);
  }
  return nullptr;
}

FieldIndex::Found FieldIndex::Find(std::string_view value,
                                   const RuleRows& rows) const {
  if (const Literal* literal = FindLiteral(value)) {
    return {rows.At(literal->row), nullptr};
  }
  const uint32_t front =
      prefixes_.empty() ? AffixIndex::kNoRow : prefixes_.Find(value);
  const uint32_t back =
      suffixes_.empty() ? AffixIndex::kNoRow : suffixes_.Find(value);
  const bool both = front != AffixIndex::kNoRow && back != AffixIndex::kNoRow;
  if (both) return {rows.At(front), rows.At(back)};
  if (front != AffixIndex::kNoRow) return {rows.At(front), nullptr};
  if (back != AffixIndex::kNoRow) return {rows.At(back), nullptr};
  return {rows.At(any_row_), nullptr};
}

// The rows of one question. A rule is a candidate if its bit stands in every
// one of `rows`, in either of each pair, and in any of `teams`.
struct RuleIndex::Candidates {
  std::array<const uint64_t*, kRowsMax> rows;
  size_t row_count = 0;
  std::array<FieldIndex::Found, kFieldCount> pairs;
  size_t pair_count = 0;
  std::array<const uint64_t*, 2 * kTeamsMax> teams;
  size_t team_count = 0;
  bool confirm_all = false;

  void Add(FieldIndex::Found found) {
    if (found.second == nullptr) {
      rows[row_count++] = found.first;
    } else {
      pairs[pair_count++] = found;
    }
  }
  uint64_t Word(size_t i) const {
    uint64_t word = ~uint64_t{0};
    for (size_t r = 0; r < row_count; ++r) word &= rows[r][i];
    for (size_t p = 0; p < pair_count; ++p) {
      word &= pairs[p].first[i] | pairs[p].second[i];
    }
    if (team_count == 0 || word == 0) return word;
    uint64_t team = 0;
    for (size_t t = 0; t < team_count; ++t) team |= teams[t][i];
    return word & team;
  }
};

RuleIndex::RuleIndex(std::span<const Rule> rules)
    : rules_(rules), rows_(rules.size()) {
  if (rules_.empty()) return;
  for (size_t i = 0; i < kFieldCount; ++i) {
    for (size_t rule = 0; rule < rules_.size(); ++rule) {
      fields_[i].Add(rules_[rule].when.any_of[i], rule);
    }
    fields_[i].Build(&rows_);
  }
  for (Grade grade : kGrades) {
    const uint32_t row = rows_.Add();
    for (size_t rule = 0; rule < rules_.size(); ++rule) {
      if (rules_[rule].when.grade_min <= grade) rows_.Set(row, rule);
    }
    grade_rows_[static_cast<size_t>(grade)] = row;
  }
  AddVersions();
  const Versions versions =
      version_rows_.empty() ? Versions::kElsewhere : Versions::kInRows;
  unlabelled_row_ = rows_.Add();
  inexact_row_ = rows_.Add();
  for (size_t rule = 0; rule < rules_.size(); ++rule) {
    const Conditions& when = rules_[rule].when;
    if (when.labels == 0) rows_.Set(unlabelled_row_, rule);
    if (!IsExact(when, versions)) rows_.Set(inexact_row_, rule);
    labels_used_ = labels_used_ || when.labels != 0;
    grades_used_ = grades_used_ || when.grade_min != Grade::kNone;
  }
  AddTimes();
}

void RuleIndex::AddTimes() {
  for (const Rule& rule : rules_) {
    if (!rule.when.time) continue;
    for (const auto& [begin, end] : rule.when.time->spans()) {
      time_begins_.push_back(begin);
      time_begins_.push_back(end % kWeekMinutes);
    }
  }
  if (time_begins_.empty()) return;
  time_begins_.push_back(0);
  std::sort(time_begins_.begin(), time_begins_.end());
  time_begins_.erase(std::unique(time_begins_.begin(), time_begins_.end()),
                     time_begins_.end());
  for (int begin : time_begins_) {
    const uint32_t row = rows_.Add();
    for (size_t rule = 0; rule < rules_.size(); ++rule) {
      const std::optional<WeekTime>& time = rules_[rule].when.time;
      if (!time || time->Contains(begin)) rows_.Set(row, rule);
    }
    time_rows_.push_back(row);
  }
}

void RuleIndex::AddVersions() {
  for (const Rule& rule : rules_) {
    for (const VersionPattern& pattern : rule.when.tool_versions) {
      for (std::string_view version : pattern.versions()) {
        versions_.emplace_back(version);
      }
    }
  }
  std::sort(versions_.begin(), versions_.end(),
            [](const std::string& a, const std::string& b) {
              return CompareVersions(a, b) < 0;
            });
  versions_.erase(std::unique(versions_.begin(), versions_.end(),
                              [](const std::string& a, const std::string& b) {
                                return CompareVersions(a, b) == 0;
                              }),
                  versions_.end());
  if (versions_.empty() || versions_.size() > kVersionsMax) return;
  for (size_t place = 0; place <= 2 * versions_.size(); ++place) {
    version_rows_.push_back(rows_.Add());
  }
  no_version_row_ = rows_.Add();
  for (size_t rule = 0; rule < rules_.size(); ++rule) {
    const std::vector<VersionPattern>& patterns =
        rules_[rule].when.tool_versions;
    const bool open = patterns.empty() || !ComparesOnly(patterns);
    if (open) rows_.Set(no_version_row_, rule);
    for (size_t place = 0; place < version_rows_.size(); ++place) {
      const bool holds =
          open || std::any_of(patterns.begin(), patterns.end(),
                              [&](const VersionPattern& pattern) {
                                return pattern.HoldsAt(place, versions_);
                              });
      if (holds) rows_.Set(version_rows_[place], rule);
    }
  }
}

uint32_t RuleIndex::VersionRow(std::string_view version) const {
  return IsVersion(version) ? version_rows_[PlaceOfVersion(version, versions_)]
                            : no_version_row_;
}

uint32_t RuleIndex::TimeRow(int64_t now_micros) const {
  const auto behind = std::upper_bound(time_begins_.begin(), time_begins_.end(),
                                       MinuteOfWeek(now_micros));
  return time_rows_[static_cast<size_t>(behind - time_begins_.begin() - 1)];
}

// Any of the asker's teams will do, so their rows are joined. False when there
// are too many of them: then every candidate is confirmed.
bool RuleIndex::LookAtTeams(const Question& question, Candidates* out) const {
  if (question.teams.size() > kTeamsMax) return false;
  const FieldIndex& field = fields_[static_cast<size_t>(Field::kTeam)];
  for (std::string_view team : question.teams) {
    const FieldIndex::Found found = field.Find(team, rows_);
    out->teams[out->team_count++] = found.first;
    if (found.second != nullptr) out->teams[out->team_count++] = found.second;
  }
  return true;
}

void RuleIndex::Look(const Question& question, Labels labels,
                     Candidates* out) const {
  for (size_t i = 0; i < kFieldCount; ++i) {
    if (!fields_[i].used()) continue;
    const Field field = static_cast<Field>(i);
    if (field == Field::kTeam && !question.teams.empty()) {
      out->confirm_all = !LookAtTeams(question, out);
    } else {
      out->Add(fields_[i].Find(TextOf(field, question), rows_));
    }
  }
  if (grades_used_) {
    out->rows[out->row_count++] =
        rows_.At(grade_rows_[static_cast<size_t>(question.grade)]);
  }
  if (!time_rows_.empty()) {
    out->rows[out->row_count++] = rows_.At(TimeRow(question.now_micros));
  }
  if (!version_rows_.empty()) {
    out->rows[out->row_count++] = rows_.At(VersionRow(question.tool_version));
  }
  if (labels_used_ && labels == Labels::kRead && question.labels == 0) {
    out->rows[out->row_count++] = rows_.At(unlabelled_row_);
  }
}

size_t RuleIndex::First(const Question& question, Labels labels,
                        size_t from) const {
  if (from >= rules_.size()) return kNone;
  Candidates candidates;
  Look(question, labels, &candidates);
  const uint64_t* inexact = rows_.At(inexact_row_);
  const size_t words = rows_.words();
  for (size_t i = from / 64; i < words; ++i) {
    uint64_t word = candidates.Word(i);
    if (i == from / 64) word &= ~uint64_t{0} << (from % 64);
    for (; word != 0; word &= word - 1) {
      const size_t rule = i * 64 + static_cast<size_t>(std::countr_zero(word));
      if (rule >= rules_.size()) break;  // nobody looked anything up
      const bool exact = (inexact[i] & word & -word) == 0;
      if (exact && !candidates.confirm_all) return rule;
      const Conditions& when = rules_[rule].when;
      const bool holds = labels == Labels::kRead
                             ? Holds(when, question)
                             : HoldsWithoutLabels(when, question);
      if (holds) return rule;
    }
  }
  return kNone;
}

}  // namespace cofferdam::policy
