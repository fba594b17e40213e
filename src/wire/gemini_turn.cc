#include "wire/gemini_turn.h"

#include <string>
#include <utility>

#include "wire/blocks.h"
#include "wire/proto_json.h"
#include "wire/tools.h"

namespace cofferdam::wire {

bool GeminiTurn::IsModels(const JsonValue& part) {
  return !EitherOf(part, "functionResponse").present() &&
         !EitherOf(part, "codeExecutionResult").present();
}

int64_t GeminiTurn::Add(const JsonValue& part, bool marked,
                        TextBudget* budget) {
  if (!IsModels(part)) return 0;
  if (auto text = part["text"].String()) {
    const bool is_thought = part["thought"].Bool().value_or(false);
    return AddText(is_thought ? PartKind::kThinking : PartKind::kText, *text,
                   marked, budget);
  }
  const JsonValue call = EitherOf(part, "functionCall");
  if (call.is_object()) {
    return AddCall(call["name"].StringOrEmpty(), call["id"].StringOrEmpty(),
                   call["args"], marked, budget);
  }
  const std::string_view code =
      EitherOf(part, "executableCode")["code"].StringOrEmpty();
  std::vector<Part> parts;
  AddWords(PartKind::kCommand, code, &parts);
  if (!parts.empty()) parts[0].tool = "code_execution";
  AddParts(std::move(parts), budget);
  return CountChars(code);
}

int64_t GeminiTurn::AddCall(std::string_view tool, std::string_view call_id,
                            const JsonValue& arguments, bool marked,
                            TextBudget* budget) {
  if (!arguments.is_object()) return 0;
  const std::string json = std::move(JsonWriter().Value(arguments)).Take();
  if (marked) {
    // A call comes whole: a half of a surrogate pair stays one.
    JoinedText mended;
    mended.Append(json, marked);
    AddParts(PartsOfJsonText(tool, call_id, std::move(mended).Take()), budget);
  } else {
    AddParts(PartsOfToolCall(tool, call_id, arguments), budget);
  }
  return CountChars(json);
}

int64_t GeminiTurn::AddText(PartKind kind, std::string_view text, bool marked,
                            TextBudget* budget) {
  if (text.empty()) return 0;
  if (pieces_.empty() || pieces_.back().is_call ||
      pieces_.back().kind != kind) {
    pieces_.emplace_back();
    pieces_.back().kind = kind;
  }
  budget->Append(text, marked, &pieces_.back().text);
  return CountChars(text);
}

void GeminiTurn::AddParts(std::vector<Part> parts, TextBudget* budget) {
  budget->Admit(&parts);
  if (parts.empty()) return;
  pieces_.emplace_back();
  pieces_.back().is_call = true;
  pieces_.back().calls = std::move(parts);
}

std::vector<Part> GeminiTurn::Take() && {
  std::vector<Part> parts;
  for (Piece& piece : pieces_) {
    AddWords(piece.kind, std::move(piece.text).Take(), &parts);
    for (Part& part : piece.calls) parts.push_back(std::move(part));
  }
  pieces_.clear();
  return parts;
}

}  // namespace cofferdam::wire
