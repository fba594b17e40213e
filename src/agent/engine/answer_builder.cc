#include "agent/engine/answer_builder.h"

#include <fmt/format.h>

#include <utility>

#include "agent/engine/http_engine.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kMarkBytes = 4;

// Marks of high halves are U+10F000 to U+10F3FF.
bool EndsWithHighHalf(std::string_view text) {
  if (text.size() < kMarkBytes) return false;
  const std::string_view last = text.substr(text.size() - kMarkBytes);
  return last[0] == '\xf4' && last[1] == '\x8f' &&
         static_cast<unsigned char>(last[2]) < 0x90;
}

std::string Joined(std::string_view marked) {
  wire::JoinedText joined;
  joined.Append(marked, true);
  return std::move(joined).Take();
}

}  // namespace

std::string_view PiecedText::Append(std::string_view piece, bool marked) {
  const size_t before = text_.size();
  if (!marked && held_.empty()) {
    text_ += piece;
    return std::string_view(text_).substr(before);
  }
  std::string whole = std::exchange(held_, {});
  // A mark in a piece without marks is a character of the model's own; joined
  // with a held one it is lost, as wire/lenient_json.h says.
  whole += piece;
  if (marked && EndsWithHighHalf(whole)) {
    held_ = whole.substr(whole.size() - kMarkBytes);
    whole.resize(whole.size() - kMarkBytes);
  }
  text_ += Joined(whole);
  return std::string_view(text_).substr(before);
}

std::string_view PiecedText::End() {
  const size_t before = text_.size();
  text_ += Joined(std::exchange(held_, {}));
  return std::string_view(text_).substr(before);
}

bool BraceScan::IsClosed(std::string_view text) {
  for (; at_ < text.size(); ++at_) {
    const char c = text[at_];
    if (std::exchange(escaped_, false)) continue;
    if (c == '\\') {
      escaped_ = in_string_;
    } else if (c == '"') {
      in_string_ = !in_string_;
    } else if (!in_string_ && c == '{') {
      ++depth_;
    } else if (!in_string_ && c == '}') {
      --depth_;
    }
    if (c != ' ' && c != '\n') closed_ = c == '}' && depth_ == 0;
  }
  return closed_;
}

void AnswerBuilder::Grow(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kAnswerBytesMax) {
    Fail({.kind = EngineFault::Kind::kBadAnswer,
          .message = fmt::format("the answer is longer than {} bytes",
                                 kAnswerBytesMax)});
  }
}

void AnswerBuilder::AddText(std::string_view piece, bool marked) {
  Grow(piece.size());
  if (failed()) return;
  const std::string_view shown = text_.Append(piece, marked);
  if (!shown.empty()) listener_.OnText(shown);
}

void AnswerBuilder::AddThinking(std::string_view piece, bool marked) {
  Grow(piece.size());
  if (failed()) return;
  const std::string_view shown = thinking_.Append(piece, marked);
  if (!shown.empty()) listener_.OnThinking(shown);
}

CallDraft* AnswerBuilder::BeginCall(std::string_view name) {
  if (calls_.size() >= kAnswerCallsMax) {
    Fail({.kind = EngineFault::Kind::kBadAnswer,
          .message = fmt::format("the answer has more than {} calls",
                                 kAnswerCallsMax)});
    return nullptr;
  }
  calls_.emplace_back().name = name;
  listener_.OnCall(name);
  return &calls_.back();
}

void AnswerBuilder::AddArguments(CallDraft& call, std::string_view piece,
                                 bool marked) {
  Grow(piece.size());
  if (!failed()) call.arguments.Append(piece, marked);
}

void AnswerBuilder::SetArguments(CallDraft& call, std::string_view text) {
  if (text.size() > call.arguments.text().size()) {
    Grow(text.size() - call.arguments.text().size());
  }
  if (!failed()) call.arguments.Set(text);
}

void AnswerBuilder::Fail(EngineFault fault) {
  if (!fault_) fault_ = std::move(fault);
}

Engine::Reply AnswerBuilder::Take() {
  if (const auto rest = text_.End(); !rest.empty()) listener_.OnText(rest);
  if (const auto rest = thinking_.End(); !rest.empty()) {
    listener_.OnThinking(rest);
  }
  answer_.text = text_.text();
  answer_.thinking = thinking_.text();
  for (CallDraft& call : calls_) {
    call.arguments.End();
    answer_.calls.push_back(
        {std::move(call.id), std::move(call.name), call.arguments.text()});
  }
  return {std::move(answer_), std::move(fault_)};
}

}  // namespace cofferdam::agent
