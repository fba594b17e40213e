#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"

// Landlock (Documentation/userspace-api/landlock.rst of Linux), by its system
// calls: distributions' headers are older than their kernels.
namespace cofferdam::agent {

// What may be done below a path.
enum class LandlockAccess {
  kRead,        // read, list, execute
  kWrite,       // that, and everything a user does with their own files
  kDevice,      // that of kRead, and write to what is there, ioctl included
  kNewFolders,  // that of kRead, and make folders
};

// What is closed off altogether.
struct LandlockScopes {
  // TCP, since version 4.
  bool tcp = false;
  // Abstract Unix sockets and signals of processes outside, since version 6.
  bool abstract_sockets = true;
  bool signals = true;
};

// The highest version that kernel and we know, 1..7; 0: none.
int LandlockVersion();

// A set of rules that denies what no rule allows. A process takes it upon
// itself for good with landlock_restrict_self.
class LandlockRules {
 public:
  static Result<LandlockRules> Make(int version, const LandlockScopes& scopes);

  // 0 or errno. A path that is not there is no error. Async-signal-safe.
  int AllowRaw(const char* path, LandlockAccess access) const;
  Status Allow(const std::string& path, LandlockAccess access) const;
  int get() const { return fd_.get(); }
  FileDescriptor Take() && { return std::move(fd_); }

 private:
  LandlockRules(FileDescriptor fd, uint64_t handled)
      : fd_(std::move(fd)), handled_(handled) {}
  FileDescriptor fd_;
  uint64_t handled_ = 0;
};

// Of the calling thread; needs no_new_privs. Async-signal-safe; 0 or errno.
int RestrictSelf(int rules_fd);

}  // namespace cofferdam::agent
