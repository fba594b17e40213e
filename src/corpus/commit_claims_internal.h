#pragma once

#include <vector>

#include "corpus/git_internal.h"
#include "corpus/line_claim.h"

namespace cofferdam::corpus {

// What a commit says of itself, by its author, its trailers and, of a merge,
// the branch that it names: claims on all that it added.
std::vector<LineClaim> ClaimsOfCommit(const git_commit* commit);

}  // namespace cofferdam::corpus
