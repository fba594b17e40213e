#pragma once

#include <git2.h>

namespace cofferdam::corpus {

// Reads the loose objects of an open repository in libgit2's stead, which goes
// round in an endless loop (1.5) when one of them ends early. A damaged object
// is then an error as any other. Those that alternates hold, and objects named
// by the beginning of their id, are left to libgit2.
//
// Call it once for each handle, before anything is read with it. An object that
// unpacks to more than it says, or says another length, is damaged; memory
// grows with what was really there.
void GuardLooseObjects(git_repository* repository);

}  // namespace cofferdam::corpus
