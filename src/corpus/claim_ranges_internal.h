#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cofferdam::corpus {

// Lines from 1, both inclusive.
using LineRange = std::pair<uint32_t, uint32_t>;

// Reads "1-4,9,12-10": sorted, with those joined that touch or overlap.
// `*broken` counts what is no range: not a number, 0, or an end before its
// beginning. No more than `ranges_max` are kept.
std::vector<LineRange> ReadLineRanges(std::string_view text, size_t ranges_max,
                                      size_t* broken);

// Sorts and joins.
void JoinRanges(std::vector<LineRange>* ranges);

// A model's name without those that name none: "", "unknown", "default",
// "auto", "<synthetic>".
std::string SaidModel(std::string_view model);

// The tool as the ledger names it, else as it is said.
std::string SaidTool(std::string_view tool);

// Collects sentences, no more than `max`; the last says how many there were.
class Notices {
 public:
  explicit Notices(size_t max) : max_(max) {}
  void Add(std::string sentence);
  std::vector<std::string> Take();

 private:
  size_t max_;
  size_t more_ = 0;
  std::vector<std::string> sentences_;
};

}  // namespace cofferdam::corpus
