#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::agent {

// A regular expression that lines are searched for, in the syntax that RE2,
// ripgrep and Perl share: . [] [^] | () (?:) (?i) * + ? {n,m} (also lazy, which
// is the same here) ^ $ \b \B \< \> \d \w \s \D \W \S \t \xHH \x{H…} and
// [:alpha:] and its like. Characters are UTF-8; \w and \b know ASCII. No
// back-references, no look-around. Time is linear in the text whatever the
// pattern is: a lazily built automaton, of bounded size.
class LinePattern {
 public:
  static constexpr size_t kPatternBytesMax = 1000;
  // Steps of the compiled pattern.
  static constexpr size_t kProgramMax = 20'000;
  // States of the automaton that are kept; then it begins anew.
  static constexpr size_t kStatesMax = 2'000;

  enum class Case { kExact, kIgnore };
  // kInvalid says what is wrong with the pattern; kTooLarge.
  static Result<LinePattern> Compile(std::string_view pattern, Case letters);
  // The pattern that finds `text` itself.
  static std::string Quote(std::string_view text);

  LinePattern(LinePattern&&) noexcept;
  LinePattern& operator=(LinePattern&&) noexcept;
  ~LinePattern();

  // Whether `line`, which holds no "\n", has a match in it. Not safe from two
  // threads.
  bool Matches(std::string_view line) const;
  // The begin of the first line of `text` from `begin` on that has a match;
  // npos: none. `begin` begins a line.
  size_t FindLine(std::string_view text, size_t begin) const;

 private:
  struct State;
  explicit LinePattern(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::agent
