#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::corpus {

// What the name of a member says about its value. A name can say several
// things: "source" may be a claim or a text, by its length.
struct MemberKind {
  bool text = false;      // strings are texts, whatever their length
  bool claim = false;     // short scalars are claims
  bool path = false;      // a claim that names a file
  bool language = false;  // a claim that names a language
};

// How many names of texts there are, for docs/formats/corpus.md.
extern const size_t kTextNameCount;

// By the last name of a path, without regard to case.
MemberKind KindOfMember(std::string_view name);

// A string under any other name is a text, too, if it is at least so long, as
// written, and has white space within its first bytes of that number: what is
// long, with spaces, and no text is rare; a text under a name that nobody
// thought of is not.
inline constexpr size_t kUnnamedTextBytesMin = 100;

// A step of the way to a value: a member, or an element of a list.
struct PathStep {
  std::string_view name;
  bool is_index = false;
  size_t index = 0;
};

// One name of `--field`: members with dots between them, "[]" for every element
// of a list, "[3]" for one, a backslash before a dot, bracket or backslash that
// belongs to a name: "messages[].content", "meta.text", "a\.b".
class FieldPattern {
 public:
  // kInvalid, naming it, for what cannot be read.
  static Result<FieldPattern> Parse(std::string_view text);

  // Whether it names the string at `path`: it ends there, or at a list of it,
  // or at a list of parts such as {"type": "text", "text": …}.
  bool Names(std::span<const PathStep> path) const;

 private:
  struct Step {
    std::string name;
    enum class Kind : uint8_t { kMember, kElement, kEveryElement } kind;
    size_t index = 0;
  };
  FieldPattern() = default;

  std::vector<Step> steps_;
};

}  // namespace cofferdam::corpus
