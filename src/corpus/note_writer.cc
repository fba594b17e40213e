#include "corpus/note_writer.h"

#include <memory>

#include "corpus/changes_internal.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {
namespace {

using SignatureHandle =
    std::unique_ptr<git_signature, GitFree<git_signature_free>>;

Result<SignatureHandle> Writer(git_repository* repository) {
  git_signature* who = nullptr;
  if (git_signature_default(&who, repository) != 0 &&
      git_signature_now(&who, "cofferdam", "cofferdam@localhost") != 0)
    return GitError("who writes notes");
  return SignatureHandle(who);
}

}  // namespace

Result<size_t> AddNotes(const std::string& path, const std::string& ref,
                        const std::vector<CommitNote>& notes) {
  TRY_ASSIGN(const RepositoryHandle handle, OpenForChanges({.path = path}));
  TRY_ASSIGN(const SignatureHandle who, Writer(handle.get()));
  size_t added = 0;
  for (const CommitNote& note : notes) {
    git_oid commit;
    if (git_oid_fromstr(&commit, note.commit.c_str()) != 0)
      return Error(Code::kInvalid, "\"" + note.commit + "\" is no commit's id");
    git_oid id;
    const int failed =
        git_note_create(&id, handle.get(), ref.c_str(), who.get(), who.get(),
                        &commit, note.text.c_str(), 0);
    if (failed == GIT_EEXISTS) continue;
    if (failed != 0) return GitError("note on " + note.commit);
    ++added;
  }
  return added;
}

}  // namespace cofferdam::corpus
