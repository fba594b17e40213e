#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tools/line_pattern.h"
#include "base/result.h"

namespace cofferdam::agent {

// A regular expression as steps of a machine that is in many of them at once
// (Thompson 1968).
struct PatternStep {
  enum class Kind {
    kBytes,      // one byte of a set, then `next`
    kSplit,      // `next` or `other`
    kLineBegin,  // at the begin of a line
    kLineEnd,
    kWordEdge,  // between a word character and another
    kNoWordEdge,
    kWordBegin,
    kWordEnd,
    kMatch,
  };
  Kind kind = Kind::kMatch;
  uint32_t set = 0;  // of PatternProgram::sets
  uint32_t next = 0;
  uint32_t other = 0;
};

struct PatternProgram {
  std::vector<PatternStep> steps;
  std::vector<std::bitset<256>> sets;
  uint32_t begin = 0;
  // The text that is searched for, if the pattern is nothing else; empty: it
  // is more.
  std::string literal;
};

Result<PatternProgram> CompilePattern(std::string_view pattern,
                                      LinePattern::Case letters);

}  // namespace cofferdam::agent
