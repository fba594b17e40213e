#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "agent/terminal/key_reader.h"
#include "agent/terminal/line_editor.h"

namespace cofferdam::agent {

// Changes that can be taken back, and what their texts may be together; then
// the oldest go.
inline constexpr size_t kVimUndoMax = 100;
inline constexpr size_t kVimUndoBytesMax = size_t{16} << 20;
// A larger count is this.
inline constexpr size_t kVimCountMax = 9999;

// Keys as vi has them, for a LineEditor. Insert mode is the editor's own keys
// until Escape. In normal mode: h j k l w W b B e E 0 ^ $ gg G f F t T move;
// d c y take them, or dd cc yy, iw aw; x X s S D C r p P o O i I a A u; counts.
// What is deleted is what p puts back.
class VimKeys {
 public:
  enum class Mode { kInsert, kNormal };

  // As LineEditor::Press. Escape in normal mode with nothing begun is kUnused.
  LineEditor::Outcome Press(const Key& key, LineEditor& editor);
  Mode mode() const { return mode_; }
  // For a new text: insert mode, nothing to take back.
  void Reset();

 private:
  using Outcome = LineEditor::Outcome;
  struct Motion {
    size_t to = 0;
    bool found = true;
    bool inclusive = false;
    bool lines = false;  // whole ones
  };
  struct Was {
    std::string text;
    size_t cursor = 0;
  };

  Outcome PressNormal(const Key& key, LineEditor& editor);
  Outcome Take(std::string_view character, LineEditor& editor);
  Outcome TakeAwaited(std::string_view character, LineEditor& editor);
  Outcome TakeCommand(char command, LineEditor& editor);
  Motion Move(char motion, const LineEditor& editor) const;
  Motion Find(char how, std::string_view what, const LineEditor& editor) const;
  // What the operator that waits does with a motion; none waits: it moves.
  Outcome Apply(const Motion& motion, LineEditor& editor);
  Outcome Operate(size_t begin, size_t end, LineEditor& editor);
  Outcome OperateOnLines(size_t begin, size_t end, LineEditor& editor);
  Outcome OperateOnWord(bool with_blanks, LineEditor& editor);
  Outcome Put(bool before, LineEditor& editor);
  Outcome Open(bool above, LineEditor& editor);
  Outcome Undo(LineEditor& editor);
  void Insert(LineEditor& editor, size_t at);
  void Keep(Was was);
  void Clear();
  size_t Count() const;

  Mode mode_ = Mode::kInsert;
  bool kept_ = false;  // what the text was before this insert mode
  char operator_ = 0;
  char awaited_ = 0;  // r f F t T g, or i a behind an operator: one key more
  size_t count_ = 0;  // typed before the operator; 0: none
  size_t motion_count_ = 0;  // behind it
  std::string put_;
  bool put_lines_ = false;
  std::deque<Was> undo_;
  size_t undo_bytes_ = 0;
};

}  // namespace cofferdam::agent
