#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "corpus/passed_over.h"

namespace cofferdam::corpus {

enum class EntryKind { kFile, kFolder, kSymlink, kSpecial };

struct FolderEntry {
  std::string name;
  EntryKind kind = EntryKind::kFile;
};

// Fills `entries` with what stands in `folder` in byte order of the paths below
// it (a folder sorts as if its name ended in a slash), or says why it cannot:
// unreadable, or more than `entries_max` names.
std::optional<PassedOver> ListFolder(const std::string& folder,
                                     size_t entries_max,
                                     std::vector<FolderEntry>* entries);

}  // namespace cofferdam::corpus
