#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "corpus/object_ids_internal.h"

namespace cofferdam::corpus {

// Lines of a text: newlines, and what follows the last of them.
size_t CountLines(std::string_view text);

// Lines that are the same in two texts, counted from 0.
struct SameLines {
  uint32_t before = 0;
  uint32_t after = 0;
  uint32_t count = 0;

  bool operator==(const SameLines&) const = default;
};

// Whether a difference in white space at the end of a line is one.
enum class LineEnds { kExact, kIgnored };

// Rising and disjoint on both sides; by git's own algorithm, with its indent
// heuristic, as git blame has it.
Result<std::vector<SameLines>> MatchLines(std::string_view before,
                                          std::string_view after,
                                          LineEnds ends);

// Share of the longer text that stands in the other, too, by whole lines in any
// order: 0 to 1.
double Similarity(std::string_view a, std::string_view b);

// Blobs of one repository, with a cache of the last ones. One thread at a time.
class BlobCache {
 public:
  BlobCache(git_repository* repository, size_t bytes_max)
      : repository_(repository), bytes_max_(bytes_max) {}

  using Text = std::shared_ptr<const std::string>;
  // kTooLarge beyond bytes_max, known before it is unpacked; kUnavailable where
  // it is missing or no blob.
  Result<Text> Read(const git_oid& id);

 private:
  struct Kept {
    git_oid id;
    Text text;
  };
  git_repository* repository_;
  size_t bytes_max_;
  std::list<Kept> kept_;  // the last used first
  std::unordered_map<git_oid, std::list<Kept>::iterator, ObjectIdHash,
                     ObjectIdEqual>
      by_id_;
  size_t kept_bytes_ = 0;
};

}  // namespace cofferdam::corpus
