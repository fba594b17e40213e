#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace cofferdam::corpus {

struct CommitNote {
  std::string commit;  // 40 hexadecimal digits
  std::string text;
};

// Adds notes under `ref` ("refs/notes/ai") of the repository at `path`, by
// whom git's configuration names, else by "cofferdam". A note that is there
// stays as it is. How many were added; after an error some may be.
Result<size_t> AddNotes(const std::string& path, const std::string& ref,
                        const std::vector<CommitNote>& notes);

}  // namespace cofferdam::corpus
