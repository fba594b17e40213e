#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"
#include "base/json.h"
#include "wire/lenient_json.h"

namespace cofferdam::agent {

// A text put together from pieces, of which each can be shown as it comes:
// the half of a surrogate pair is held until its other half is there.
class PiecedText {
 public:
  // What is new of the text; valid until the next call.
  std::string_view Append(std::string_view piece, bool marked);
  // A half that is still held becomes U+FFFD, which is returned.
  std::string_view End();
  void Set(std::string_view text) { text_ = text; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string held_;  // a mark (wire/lenient_json.h)
};

// Whether braces are closed as often as opened, outside of strings: also of
// text that is not quite JSON. Reads each byte once.
class BraceScan {
 public:
  // `text` only grows between calls.
  bool IsClosed(std::string_view text);

 private:
  size_t at_ = 0;
  int64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool closed_ = false;
};

// A call as far as it has come.
struct CallDraft {
  std::string id;
  std::string name;
  PiecedText arguments;
  // Came as an object, so whole.
  bool is_object = false;
  // The engine's own key of it: an index or an item's id; none: it gave none.
  std::optional<int64_t> index;
  std::string item;
  BraceScan scan;

  bool IsWhole() { return is_object || scan.IsClosed(arguments.text()); }
};

// An answer put together from what an engine sends, within limits.
class AnswerBuilder {
 public:
  // `listener` must outlive it.
  explicit AnswerBuilder(AnswerListener& listener) : listener_(listener) {}

  void AddText(std::string_view piece, bool marked);
  void AddThinking(std::string_view piece, bool marked);
  // Null beyond kAnswerCallsMax. Valid until the next BeginCall.
  CallDraft* BeginCall(std::string_view name);
  void AddArguments(CallDraft& call, std::string_view piece, bool marked);
  // In place of what came so far.
  void SetArguments(CallDraft& call, std::string_view text);
  std::vector<CallDraft>& calls() { return calls_; }
  const std::string& text() const { return text_.text(); }
  const std::string& thinking() const { return thinking_.text(); }

  // The first fault counts.
  void Fail(EngineFault fault);
  bool failed() const { return fault_.has_value(); }

  EngineAnswer& answer() { return answer_; }
  // The model has ended: why it did has been said, or its usage.
  void set_ended() { ended_ = true; }
  bool ended() const { return ended_; }
  // The protocol's last event has come, or a whole body.
  void set_done() { ended_ = done_ = true; }
  bool done() const { return done_; }

  // Once, at the end.
  Engine::Reply Take();

 private:
  void Grow(size_t bytes);

  AnswerListener& listener_;
  PiecedText text_;
  PiecedText thinking_;
  std::vector<CallDraft> calls_;
  EngineAnswer answer_;
  std::optional<EngineFault> fault_;
  size_t bytes_ = 0;
  bool ended_ = false;
  bool done_ = false;
};

}  // namespace cofferdam::agent
