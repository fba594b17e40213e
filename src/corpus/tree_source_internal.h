#pragma once

#include <memory>
#include <string>
#include <vector>

#include "corpus/source.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {

// Files and folders, as TreeWalk finds them.
Result<std::unique_ptr<Source>> OpenTree(
    const std::vector<std::string>& paths,
    std::shared_ptr<const Unpacking> shared);

}  // namespace cofferdam::corpus
