#pragma once

#include "base/result.h"
#include "corpus/changes.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {

// Opens the repository of `place`, with the folders of objects that it names.
// kNotFound outside of one.
Result<RepositoryHandle> OpenForChanges(const ChangePlace& place);

// What of the lines of `after` is not in `before`, by git's own comparison.
Result<std::vector<LineSpan>> AddedLines(std::string_view before,
                                         std::string_view after);

// What is in both.
std::vector<LineSpan> CommonSpans(const std::vector<LineSpan>& a,
                                  const std::vector<LineSpan>& b);

}  // namespace cofferdam::corpus
