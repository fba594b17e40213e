#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "corpus/git_internal.h"
#include "corpus/object_ids_internal.h"

namespace cofferdam::corpus {

// Which objects have a note under a ref, and the blob that it is.
struct NoteList {
  std::unordered_map<git_oid, git_oid, ObjectIdHash, ObjectIdEqual> by_object;
  size_t missing = 0;  // of those objects the repository does not have
  std::vector<std::string> notices;
};

// Walks the ref's tree once, however it is fanned out; names in it that are no
// object's are passed over. Empty where there is no such ref.
NoteList ListGitNotes(git_repository* repository, const char* ref,
                      size_t notes_max);

}  // namespace cofferdam::corpus
