#pragma once

#include <git2.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "corpus/git_internal.h"
#include "corpus/shadow_objects_internal.h"

namespace cofferdam::corpus {

// What a repository's index says of files, read once and never written: for a
// file that is as it was when git looked at it, the index knows its blob.
class ShadowIndex {
 public:
  struct Entry {
    uint32_t mode = 0;
    RawId id{};
    const git_index_entry* raw = nullptr;
    int64_t index_seconds = 0;

    // Whether git would say without reading it that the file is unchanged, and
    // could not be wrong.
    bool Fits(const struct stat& info) const;
  };

  // Null where there is none that can be read.
  static std::unique_ptr<ShadowIndex> Open(git_repository* repository);

  // Paths are asked for in their order. Null for what git does not track.
  const Entry* Find(const std::string& path);
  bool HasBelow(const std::string& folder) const;
  // False where git may change bytes on their way to the repository (ends of
  // lines, filters).
  bool keeps_bytes() const { return keeps_bytes_; }

 private:
  ShadowIndex() = default;
  void FindConversions(git_repository* repository);

  IndexHandle index_;
  size_t count_ = 0;
  size_t at_ = 0;
  int64_t seconds_ = 0;
  bool keeps_bytes_ = true;
  Entry entry_;
};

}  // namespace cofferdam::corpus
