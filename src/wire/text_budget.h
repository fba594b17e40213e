#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "wire/answer.h"
#include "wire/lenient_json.h"
#include "wire/types.h"

namespace cofferdam::wire {

// Keeps an answer's text within MeterLimits while it is put together.
class TextBudget {
 public:
  explicit TextBudget(size_t bytes_max) : bytes_left_(bytes_max) {}

  // Appends as much of `piece` as fits.
  void Append(std::string_view piece, bool marked, JoinedText* text);
  // Room that text which is no longer kept took.
  void Release(size_t bytes) { bytes_left_ += bytes; }
  // Cuts the texts of `parts`, from the end, to what is left, and takes it.
  void Admit(std::vector<Part>* parts);
  bool truncated() const { return truncated_; }

 private:
  size_t bytes_left_;
  bool truncated_ = false;
};

// Cuts `text` of a part and the ranges in it.
void CutPart(size_t bytes_max, Part* part);

}  // namespace cofferdam::wire
