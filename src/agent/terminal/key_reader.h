#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// What was pressed.
struct Key {
  enum class Kind {
    kText,   // characters, in `text`
    kPaste,  // pasted as one, in `text`; lines end in \n
    kEnter,
    kNewLine,  // Alt-Enter, Shift-Enter, Ctrl-J
    kTab,
    kBackTab,
    kBackspace,
    kDelete,
    kLeft,
    kRight,
    kUp,
    kDown,
    kWordLeft,
    kWordRight,
    kHome,
    kEnd,
    kPageUp,
    kPageDown,
    kEscape,
    kControl,  // Ctrl and the letter in `text`, lower case
    kAlt,      // Alt and the character in `text`
  };
  Kind kind = Kind::kText;
  std::string text;

  bool operator==(const Key&) const = default;
};

// A paste beyond this is cut.
inline constexpr size_t kPasteBytesMax = size_t{4} << 20;
// An escape sequence beyond this is none, and is passed over.
inline constexpr size_t kSequenceBytesMax = 64;

// Turns the bytes of a terminal in raw mode into keys (ECMA-48, xterm,
// bracketed paste, kitty's CSI u for Enter). Sequences that are not known are
// passed over. In any pieces the same bytes are the same keys, but that runs
// of text may come in several.
class KeyReader {
 public:
  void Feed(std::string_view bytes, std::vector<Key>* keys);
  // An escape that nothing followed: after a short wait it is the key itself.
  bool waiting() const { return !pending_.empty() && !pasting_; }
  void Flush(std::vector<Key>* keys);

 private:
  // Takes one key off the front of pending_; false: needs more bytes.
  bool Step(std::vector<Key>* keys);
  bool StepEscape(std::vector<Key>* keys);
  bool StepPaste(std::vector<Key>* keys);
  bool StepText(std::vector<Key>* keys);
  void TakeSequence(std::string_view parameters, char last,
                    std::vector<Key>* keys);

  std::string pending_;
  bool pasting_ = false;
  std::string paste_;
};

}  // namespace cofferdam::agent
