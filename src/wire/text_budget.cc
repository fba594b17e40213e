#include "wire/text_budget.h"

#include <algorithm>

namespace cofferdam::wire {

void TextBudget::Append(std::string_view piece, bool marked, JoinedText* text) {
  std::string_view fits = CutUtf8(piece, bytes_left_);
  if (fits.size() < piece.size()) {
    truncated_ = true;
    // What follows must not close the gap.
    bytes_left_ = 0;
  } else {
    bytes_left_ -= fits.size();
  }
  text->Append(fits, marked);
}

void TextBudget::Admit(std::vector<Part>* parts) {
  size_t kept = 0;
  for (Part& part : *parts) {
    if (part.text.size() > bytes_left_) {
      truncated_ = true;
      CutPart(bytes_left_, &part);
      bytes_left_ = 0;
    } else {
      bytes_left_ -= part.text.size();
    }
    if (part.text.empty()) break;
    ++kept;
  }
  parts->resize(kept);
}

void CutPart(size_t bytes_max, Part* part) {
  size_t bytes = CutUtf8(part->text, bytes_max).size();
  part->text.resize(bytes);
  std::vector<ByteRange>& kept = part->kept;
  while (!kept.empty() && kept.back().begin >= bytes) kept.pop_back();
  if (!kept.empty()) kept.back().end = std::min(kept.back().end, bytes);
}

}  // namespace cofferdam::wire
