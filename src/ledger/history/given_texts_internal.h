#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "wire/types.h"

namespace cofferdam::ledger {

// What a session's model was given: what the user said and what tools showed.
// A history has a session's texts once, and a long session has very many, so
// each answer is told only of those that it may have quoted: texts that have a
// line of its own. Lines are compared by their letters and digits, without the
// number that a tool puts before them. Bounded: the newest are kept.
class GivenTexts {
 public:
  static constexpr size_t kTextBytesMax = size_t{256} << 10;  // of one
  static constexpr size_t kBytesMax = size_t{4} << 20;        // of all
  // A shorter line is nobody's.
  static constexpr size_t kLineCharactersMin = 12;
  // Texts that have the same line, of which the newest are remembered.
  static constexpr size_t kSameLineMax = 4;

  void Add(std::string_view text);
  // Every string below `value`, at most kDepthMax deep, but for those of
  // members that hold ids and types.
  void AddStrings(const JsonValue& value);
  static constexpr int kDepthMax = 8;

  // How many texts there have been.
  uint64_t count() const { return first_ + texts_.size(); }
  // Those of the first `before` texts that have a line of `parts`, in their
  // order, at most `bytes_max` together: the ones with most lines.
  std::vector<std::string> QuotedBy(const std::vector<wire::Part>& parts,
                                    uint64_t before, size_t bytes_max) const;

 private:
  void AddStrings(const JsonValue& value, int depth);

  std::deque<std::string> texts_;
  uint64_t first_ = 0;  // number of texts_.front()
  size_t bytes_ = 0;
  // Numbers of texts by the hash of a line; those of texts that are gone mean
  // nothing.
  std::unordered_map<uint64_t, std::vector<uint64_t>> lines_;
};

}  // namespace cofferdam::ledger
