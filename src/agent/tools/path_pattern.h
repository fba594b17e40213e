#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::agent {

// A pattern of file names as shells and editors have it: * and ? within a
// name, ** across folders, [a-z] and [!a-z], {cc,h}. Without a slash it is for
// the last name of a path, wherever that is.
class PathPattern {
 public:
  static constexpr size_t kBytesMax = 500;
  // Alternatives that braces come to.
  static constexpr size_t kAlternativesMax = 100;

  // kInvalid, kTooLarge.
  static Result<PathPattern> Parse(std::string_view pattern);
  // `path`: relative, with slashes. Time is at most the product of both sizes.
  bool Matches(std::string_view path) const;

 private:
  std::vector<std::string> alternatives_;
};

}  // namespace cofferdam::agent
