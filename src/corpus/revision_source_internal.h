#pragma once

#include <memory>
#include <string>
#include <vector>

#include "corpus/source.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {

// The blobs of a revision of each repository of `paths`. A file's place is
// "REPOSITORY@REVISION:PATH".
Result<std::unique_ptr<Source>> OpenRevisions(
    const std::vector<std::string>& paths,
    std::shared_ptr<const Unpacking> shared);

}  // namespace cofferdam::corpus
