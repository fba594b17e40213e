#include "agent/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace cofferdam::agent {
namespace {

// include/uapi/linux/landlock.h of Linux 6.15.
struct RulesetAttributes {
  uint64_t handled_fs;
  uint64_t handled_net;
  uint64_t scoped;
};
struct [[gnu::packed]] PathBeneath {
  uint64_t allowed;
  int32_t parent_fd;
};
constexpr uint32_t kCreateVersion = 1;
constexpr int kRulePathBeneath = 1;

constexpr uint64_t kExecute = 1 << 0;
constexpr uint64_t kWriteFile = 1 << 1;
constexpr uint64_t kReadFile = 1 << 2;
constexpr uint64_t kReadFolder = 1 << 3;
constexpr uint64_t kRemoveFolder = 1 << 4;
constexpr uint64_t kRemoveFile = 1 << 5;
constexpr uint64_t kMakeFolder = 1 << 7;
constexpr uint64_t kMakeRegular = 1 << 8;
constexpr uint64_t kMakeSocket = 1 << 9;
constexpr uint64_t kMakeFifo = 1 << 10;
constexpr uint64_t kMakeLink = 1 << 12;
constexpr uint64_t kRefer = 1 << 13;         // version 2
constexpr uint64_t kTruncate = 1 << 14;      // version 3
constexpr uint64_t kIoctlDevice = 1 << 15;   // version 5
constexpr uint64_t kTcp = 3;                 // version 4: bind, connect
constexpr uint64_t kScopeAbstract = 1 << 0;  // version 6
constexpr uint64_t kScopeSignal = 1 << 1;

constexpr uint64_t kOnFiles =
    kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;

uint64_t Handled(int version) {
  uint64_t rights = (1 << 13) - 1;
  rights |= version >= 2 ? kRefer : 0;
  rights |= version >= 3 ? kTruncate : 0;
  rights |= version >= 5 ? kIoctlDevice : 0;
  return rights;
}

uint64_t Rights(LandlockAccess access) {
  constexpr uint64_t kReading = kExecute | kReadFile | kReadFolder;
  switch (access) {
    case LandlockAccess::kRead:
      return kReading;
    case LandlockAccess::kWrite:
      return kReading | kWriteFile | kRemoveFolder | kRemoveFile | kMakeFolder |
             kMakeRegular | kMakeSocket | kMakeFifo | kMakeLink | kRefer |
             kTruncate;
    case LandlockAccess::kDevice:
      return kReading | kWriteFile | kTruncate | kIoctlDevice;
    case LandlockAccess::kNewFolders:
      return kReading | kMakeFolder;
  }
  return 0;
}

}  // namespace

int LandlockVersion() {
  constexpr int kKnown = 7;
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateVersion);
  return version < 0 ? 0 : static_cast<int>(std::min<long>(version, kKnown));
}

Result<LandlockRules> LandlockRules::Make(int version,
                                          const LandlockScopes& scopes) {
  RulesetAttributes attributes = {.handled_fs = Handled(version)};
  if (version >= 4 && scopes.tcp) {
    attributes.handled_net = kTcp;
  }
  if (version >= 6) {
    attributes.scoped = (scopes.abstract_sockets ? kScopeAbstract : 0) |
                        (scopes.signals ? kScopeSignal : 0);
  }
  const long fd =
      syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
  if (fd < 0) {
    return Error::FromErrno(errno, "landlock_create_ruleset");
  }
  return LandlockRules(FileDescriptor(static_cast<int>(fd)),
                       attributes.handled_fs);
}

int LandlockRules::AllowRaw(const char* path, LandlockAccess access) const {
  const int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) {
    return 0;
  }
  struct stat status = {};
  PathBeneath rule = {.allowed = Rights(access) & handled_, .parent_fd = fd};
  if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode)) {
    rule.allowed &= kOnFiles;
  }
  const long added = rule.allowed == 0
                         ? 0
                         : syscall(SYS_landlock_add_rule, fd_.get(),
                                   kRulePathBeneath, &rule, 0);
  const int why = errno;
  close(fd);
  return added == 0 ? 0 : why;
}

Status LandlockRules::Allow(const std::string& path,
                            LandlockAccess access) const {
  const int why = AllowRaw(path.c_str(), access);
  if (why != 0) {
    return Error::FromErrno(why, "landlock: allow " + path);
  }
  return Status();
}

int RestrictSelf(int rules_fd) {
  return syscall(SYS_landlock_restrict_self, rules_fd, 0) == 0 ? 0 : errno;
}

}  // namespace cofferdam::agent
