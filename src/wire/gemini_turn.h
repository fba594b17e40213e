#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/lenient_json.h"
#include "wire/text_budget.h"
#include "wire/types.h"

namespace cofferdam::wire {

// A content of Gemini's role "model", put together from the `parts` of one or
// many chunks: texts of the same kind that stand side by side are one, so that
// a turn reads the same streamed, whole and sent back.
class GeminiTurn {
 public:
  // Whether a part is the model's: text, a call, code it runs; not a function's
  // response or the result of code.
  static bool IsModels(const JsonValue& part);

  // Adds one part as far as the budget goes. Answers the Unicode code points
  // that the model wrote in it, beyond the budget too.
  int64_t Add(const JsonValue& part, bool marked, TextBudget* budget);
  // Pieces so far, at most one for each part added.
  size_t pieces() const { return pieces_.size(); }
  std::vector<Part> Take() &&;

 private:
  struct Piece {
    PartKind kind = PartKind::kText;
    JoinedText text;
    std::vector<Part> calls;  // instead of text
    bool is_call = false;
  };

  int64_t AddCall(std::string_view tool, std::string_view call_id,
                  const JsonValue& arguments, bool marked, TextBudget* budget);
  int64_t AddText(PartKind kind, std::string_view text, bool marked,
                  TextBudget* budget);
  void AddParts(std::vector<Part> parts, TextBudget* budget);

  std::vector<Piece> pieces_;
};

}  // namespace cofferdam::wire
