#include "agent/sandbox/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "agent/sandbox/landlock.h"
#include "agent/sandbox/launch_internal.h"

// A child is forked that puts itself behind the walls step by step, sends the
// descriptors of its namespaces, and goes. The steps are prepared before the
// fork: between fork and exit only system calls are made.
namespace cofferdam::agent {
namespace {

enum class StepKind {
  kTake,      // a copy of the tree at `from`, before all is sealed: into `slot`
  kSeal,      // all that is mounted: read-only, no devices, no setuid
  kTmpfs,     // on `to`, options in `from`
  kFolder,    // make `to`, with `mode`
  kFile,      // make `to`, with `mode`
  kLink,      // `to` → `from`
  kPut,       // `slot` on `to`
  kBind,      // `from` over `to`
  kTerminal,  // pseudo-terminals of its own on `to`
  kOverlay,   // on `to`, options in `from`
  kReadOnly,  // the mount at `to`
};

struct Step {
  StepKind kind;
  std::string to;
  std::string from;
  mode_t mode = 0;
  size_t slot = 0;
  // Done without if the kernel cannot.
  bool optional = false;
};

constexpr size_t kSlotsMax = 64;

struct Rule {
  std::string path;
  LandlockAccess access;
};

// What the child needs, prepared.
struct Script {
  std::vector<Step> steps;
  std::vector<Rule> rules;
  std::string users_map;
  std::string groups_map;
  const LandlockRules* landlock = nullptr;
  const LandlockRules* history = nullptr;  // the same rules and one more
  std::string history_path;
  int answer = -1;  // socket
};

// What the child sends with the descriptors, or instead of them.
struct Answer {
  int32_t error_number = 0;
  int32_t step = 0;  // of the script; below 0: one of those before
};
enum Before : int32_t {
  kUsers = -1,
  kUsersMap = -2,
  kOthers = -3,
  kLoopback = -4,
  kRules = -5,
  kDescriptors = -6,
};

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

// Writes the list of steps.
class Scribe {
 public:
  explicit Scribe(const WallPlan& plan) : plan_(plan) {}

  Script Write() {
    TakeAll();
    Add({.kind = StepKind::kSeal});
    MakeDevices();
    MakeTmp();
    MakeRun();
    MakeCache();
    for (size_t i = 0; i < plan_.writable.size(); ++i) {
      const std::string& path = plan_.writable[i];
      MakeParents(path);
      Add({.kind = StepKind::kPut, .to = path, .slot = writable_slots_[i]});
      Allow(path, LandlockAccess::kWrite);
    }
    Hide();
    Add({.kind = StepKind::kReadOnly, .to = "/dev"});
    Add({.kind = StepKind::kReadOnly, .to = "/run", .optional = true});
    Allow("/", LandlockAccess::kRead);
    Allow("/tmp", LandlockAccess::kWrite);
    Allow("/dev", LandlockAccess::kDevice);
    Allow("/dev/shm", LandlockAccess::kWrite);
    return std::move(script_);
  }

 private:
  static constexpr std::array<std::string_view, 6> kNodes = {
      "null", "zero", "full", "random", "urandom", "tty"};
  // Of /run, what names and libraries are found by.
  static constexpr std::array<std::string_view, 4> kRunKept = {
      "/run/systemd/resolve", "/run/current-system", "/run/opengl-driver",
      "/run/NetworkManager/resolv.conf"};

  void Add(Step step) { script_.steps.push_back(std::move(step)); }
  void Allow(std::string path, LandlockAccess access) {
    script_.rules.push_back({std::move(path), access});
  }
  size_t Take(std::string path, bool optional) {
    const size_t slot = std::min(slots_++, kSlotsMax - 1);
    Add({.kind = StepKind::kTake,
         .from = std::move(path),
         .slot = slot,
         .optional = optional});
    return slot;
  }

  void TakeAll() {
    for (const std::string_view node : kNodes) {
      node_slots_.push_back(Take("/dev/" + std::string(node), false));
    }
    for (const std::string_view path : kRunKept) {
      struct stat status = {};
      if (stat(std::string(path).c_str(), &status) == 0) {
        run_.push_back({std::string(path), Take(std::string(path), true),
                        S_ISDIR(status.st_mode)});
      }
    }
    for (const std::string& path : plan_.writable) {
      writable_slots_.push_back(Take(path, false));
    }
  }

  void MakeDevices() {
    Add({.kind = StepKind::kTmpfs,
         .to = "/dev",
         .from = "mode=755,size=64k,nr_inodes=64"});
    for (size_t i = 0; i < kNodes.size(); ++i) {
      const std::string path = "/dev/" + std::string(kNodes[i]);
      Add({.kind = StepKind::kFile, .to = path, .mode = 0666});
      Add({.kind = StepKind::kPut, .to = path, .slot = node_slots_[i]});
    }
    constexpr std::pair<const char*, const char*> kLinks[] = {
        {"/dev/fd", "/proc/self/fd"},
        {"/dev/stdin", "/proc/self/fd/0"},
        {"/dev/stdout", "/proc/self/fd/1"},
        {"/dev/stderr", "/proc/self/fd/2"},
        {"/dev/ptmx", "pts/ptmx"}};
    for (const auto& [to, from] : kLinks) {
      Add({.kind = StepKind::kLink, .to = to, .from = from});
    }
    Add({.kind = StepKind::kFolder, .to = "/dev/pts", .mode = 0755});
    Add({.kind = StepKind::kTerminal, .to = "/dev/pts", .optional = true});
    Add({.kind = StepKind::kFolder, .to = "/dev/shm", .mode = 0755});
    Add({.kind = StepKind::kTmpfs,
         .to = "/dev/shm",
         .from = "mode=1777,nr_inodes=20000,size=" +
                 std::to_string(plan_.tmp_bytes_max / 4)});
    Add({.kind = StepKind::kFolder, .to = "/dev/.void", .mode = 0755});
    Add({.kind = StepKind::kFolder, .to = kVoidFolder, .mode = 0});
    Add({.kind = StepKind::kFile, .to = kVoidFile, .mode = 0});
  }

  void MakeTmp() {
    Add({.kind = StepKind::kTmpfs,
         .to = "/tmp",
         .from =
             "mode=1777,nr_inodes=200000,size=" +
             std::to_string(plan_.tmp_bytes_max - plan_.tmp_bytes_max / 4)});
  }

  // Sockets of the system's services live there.
  void MakeRun() {
    Add({.kind = StepKind::kTmpfs,
         .to = "/run",
         .from = "mode=755,size=64k,nr_inodes=64",
         .optional = true});
    for (const auto& [path, slot, is_folder] : run_) {
      MakeParents(path);
      if (!is_folder) {
        Add({.kind = StepKind::kFile,
             .to = path,
             .mode = 0644,
             .optional = true});
      }
      Add({.kind = StepKind::kPut, .to = path, .slot = slot, .optional = true});
    }
  }

  // Tools fail without a cache they can write; what they write stays private.
  void MakeCache() {
    const std::string cache = plan_.home + "/.cache";
    struct stat status = {};
    if (plan_.home.empty() || stat(cache.c_str(), &status) != 0 ||
        !S_ISDIR(status.st_mode) || cache.find_first_of(",:\\") != cache.npos) {
      return;
    }
    for (const std::string& path : plan_.writable) {
      if (IsBelow(cache, path) || IsBelow(path, cache)) {
        return;
      }
    }
    const std::string place = "/tmp/.cache-of-home";
    Add({.kind = StepKind::kFolder, .to = place, .mode = 0700});
    Add({.kind = StepKind::kFolder, .to = place + "/new", .mode = 0700});
    Add({.kind = StepKind::kFolder, .to = place + "/work", .mode = 0700});
    Add({.kind = StepKind::kOverlay,
         .to = cache,
         .from = "userxattr,lowerdir=" + cache + ",upperdir=" + place +
                 "/new,workdir=" + place + "/work",
         .optional = true});
    Allow(cache, LandlockAccess::kWrite);
  }

  // Where one of our empty file systems covers the way to `path`.
  void MakeParents(const std::string& path) {
    for (const std::string_view covered : {"/tmp", "/run", "/dev/shm"}) {
      if (!IsBelow(path, covered)) {
        continue;
      }
      for (size_t at = covered.size(); at != path.npos;
           at = path.find('/', at + 1)) {
        if (at > covered.size()) {
          Add({.kind = StepKind::kFolder,
               .to = path.substr(0, at),
               .mode = 0755,
               .optional = true});
        }
      }
      struct stat status = {};
      if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        Add({.kind = StepKind::kFolder,
             .to = path,
             .mode = 0755,
             .optional = true});
      }
    }
  }

  void Hide() {
    for (const std::string& path : plan_.hidden) {
      struct stat status = {};
      bool covered = stat(path.c_str(), &status) != 0;
      for (const std::string_view place : {"/tmp", "/run", "/dev"}) {
        covered |= IsBelow(path, place);
      }
      for (const std::string& writable : plan_.writable) {
        covered &= !IsBelow(path, writable);
      }
      if (covered) {
        continue;
      }
      Add({.kind = StepKind::kBind,
           .to = path,
           .from = S_ISDIR(status.st_mode) ? kVoidFolder : kVoidFile});
    }
  }

  struct RunKept {
    std::string path;
    size_t slot;
    bool is_folder;
  };

  const WallPlan& plan_;
  Script script_;
  size_t slots_ = 0;
  std::vector<size_t> node_slots_;
  std::vector<size_t> writable_slots_;
  std::vector<RunKept> run_;
};

// ---- The child.

[[noreturn]] void Refuse(int socket, int32_t step, int error_number) {
  const Answer answer = {error_number, step};
  [[maybe_unused]] const ssize_t sent =
      send(socket, &answer, sizeof(answer), MSG_NOSIGNAL);
  syscall(SYS_exit_group, 1);
  __builtin_unreachable();
}

int WriteTo(const char* path, const char* text, size_t length) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) {
    return errno;
  }
  const ssize_t written = write(fd, text, length);
  const int why = written == static_cast<ssize_t>(length) ? 0 : errno;
  close(fd);
  return why;
}

int DoStep(const Step& step, int* slots) {
  const char* to = step.to.c_str();
  const char* from = step.from.c_str();
  struct mount_attr attributes = {};
  switch (step.kind) {
    case StepKind::kTake:
      slots[step.slot] = open_tree(
          AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
      return slots[step.slot] < 0 ? errno : 0;
    case StepKind::kSeal:
      attributes.attr_set =
          MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
      attributes.propagation = MS_PRIVATE;
      return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes,
                           sizeof(attributes)) == 0
                 ? 0
                 : errno;
    case StepKind::kTmpfs:
      return mount("tmpfs", to, "tmpfs", MS_NOSUID | MS_NODEV, from) == 0
                 ? 0
                 : errno;
    case StepKind::kFolder:
      // An empty file system has taken the caller's mask off already.
      return mkdir(to, step.mode) == 0 || errno == EEXIST ? 0 : errno;
    case StepKind::kFile: {
      const int fd =
          open(to, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, step.mode);
      if (fd < 0) {
        return errno;
      }
      close(fd);
      return 0;
    }
    case StepKind::kLink:
      return symlink(from, to) == 0 ? 0 : errno;
    case StepKind::kPut:
      return move_mount(slots[step.slot], "", AT_FDCWD, to,
                        MOVE_MOUNT_F_EMPTY_PATH) == 0
                 ? 0
                 : errno;
    case StepKind::kBind:
      return BindOver(from, to, MOUNT_ATTR_RDONLY);
    case StepKind::kTerminal:
      return mount("devpts", to, "devpts", MS_NOSUID | MS_NOEXEC,
                   "newinstance,ptmxmode=0666,mode=620") == 0
                 ? 0
                 : errno;
    case StepKind::kOverlay:
      return mount("overlay", to, "overlay", MS_NOSUID | MS_NODEV, from) == 0
                 ? 0
                 : errno;
    case StepKind::kReadOnly:
      attributes.attr_set = MOUNT_ATTR_RDONLY;
      return mount_setattr(AT_FDCWD, to, 0, &attributes, sizeof(attributes)) ==
                     0
                 ? 0
                 : errno;
  }
  return EINVAL;
}

void EnterNamespaces(const Script& script) {
  // Its own files in /proc must be its own to write.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (unshare(CLONE_NEWUSER) != 0) {
    Refuse(script.answer, kUsers, errno);
  }
  WriteTo("/proc/self/setgroups", "deny", 4);
  int why = WriteTo("/proc/self/uid_map", script.users_map.data(),
                    script.users_map.size());
  if (why == 0) {
    why = WriteTo("/proc/self/gid_map", script.groups_map.data(),
                  script.groups_map.size());
  }
  if (why != 0) {
    Refuse(script.answer, kUsersMap, why);
  }
  if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET) != 0) {
    Refuse(script.answer, kOthers, errno);
  }
  // No namespaces of users within, and what is counted for each user outside
  // cannot be used up from here.
  constexpr std::pair<const char*, const char*> kLimits[] = {
      {"/proc/sys/user/max_user_namespaces", "0"},
      {"/proc/sys/user/max_inotify_watches", "16384"},
      {"/proc/sys/user/max_inotify_instances", "64"}};
  for (const auto& [path, value] : kLimits) {
    WriteTo(path, value, strlen(value));
  }
}

void RaiseLoopback(const Script& script) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {};
  memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
    Refuse(script.answer, kLoopback, errno);
  }
  close(fd);
}

constexpr size_t kSentMax = 4;

void SendNamespaces(const Script& script) {
  int sent[kSentMax];
  constexpr const char* kPaths[kSentMax] = {
      "/proc/self/ns/user", "/proc/self/ns/mnt", "/proc/self/ns/ipc",
      "/proc/self/ns/net"};
  for (size_t i = 0; i < kSentMax; ++i) {
    sent[i] = open(kPaths[i], O_RDONLY | O_CLOEXEC);
    if (sent[i] < 0) {
      Refuse(script.answer, kDescriptors, errno);
    }
  }
  Answer answer;
  struct iovec data = {&answer, sizeof(answer)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(sent))] = {};
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(sent));
  memcpy(CMSG_DATA(header), sent, sizeof(sent));
  if (sendmsg(script.answer, &message, MSG_NOSIGNAL) < 0) {
    Refuse(script.answer, kDescriptors, errno);
  }
}

[[noreturn]] void RunBuilder(const Script& script) {
  umask(0);
  EnterNamespaces(script);
  RaiseLoopback(script);
  int slots[kSlotsMax];
  std::fill(std::begin(slots), std::end(slots), -1);
  for (size_t i = 0; i < script.steps.size(); ++i) {
    const Step& step = script.steps[i];
    const int why = DoStep(step, slots);
    if (why != 0 && !step.optional) {
      Refuse(script.answer, static_cast<int32_t>(i), why);
    }
  }
  if (script.landlock != nullptr) {
    for (const Rule& rule : script.rules) {
      if (const int why =
              script.landlock->AllowRaw(rule.path.c_str(), rule.access);
          why != 0) {
        Refuse(script.answer, kRules, why);
      }
      if (script.history != nullptr) {
        script.history->AllowRaw(rule.path.c_str(), rule.access);
      }
    }
    if (script.history != nullptr) {
      script.history->AllowRaw(script.history_path.c_str(),
                               LandlockAccess::kWrite);
    }
  }
  SendNamespaces(script);
  syscall(SYS_exit_group, 0);
  __builtin_unreachable();
}

// ---- The caller.

std::string_view StepText(StepKind kind) {
  switch (kind) {
    case StepKind::kTake:
    case StepKind::kPut:
    case StepKind::kBind:
      return "bind";
    case StepKind::kSeal:
    case StepKind::kReadOnly:
      return "make read-only";
    case StepKind::kTmpfs:
      return "mount a tmpfs on";
    case StepKind::kFolder:
    case StepKind::kFile:
    case StepKind::kLink:
      return "make";
    case StepKind::kTerminal:
      return "mount devpts on";
    case StepKind::kOverlay:
      return "mount an overlay on";
  }
  return "do";
}

std::string FailedText(const Script& script, int32_t step) {
  switch (step) {
    case kUsers:
      return "make a user namespace";
    case kUsersMap:
      return "map the user into a namespace";
    case kOthers:
      return "make namespaces of mounts, IPC and network";
    case kLoopback:
      return "raise the loopback of a network namespace";
    case kRules:
      return "add Landlock rules";
    case kDescriptors:
      return "hand over namespaces";
    default:
      break;
  }
  const Step& failed = script.steps[static_cast<size_t>(step)];
  return std::string(StepText(failed.kind)) + " " +
         (failed.to.empty() ? failed.from.empty() ? "/" : failed.from
                            : failed.to);
}

Result<Walls> Receive(int socket, const Script& script) {
  Answer answer;
  int received[kSentMax];
  struct iovec data = {&answer, sizeof(answer)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(received))] = {};
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t got;
  do {
    got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof(answer))) {
    return Error(Code::kUnavailable, "its process died");
  }
  if (answer.error_number != 0) {
    return Error(
        Code::kUnavailable,
        Error::FromErrno(answer.error_number, FailedText(script, answer.step))
            .message());
  }
  const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof(received))) {
    return Error(Code::kUnavailable, "no descriptors came");
  }
  memcpy(received, CMSG_DATA(header), sizeof(received));
  Walls walls;
  walls.users.Reset(received[0]);
  walls.mounts.Reset(received[1]);
  walls.ipc.Reset(received[2]);
  walls.network.Reset(received[3]);
  return walls;
}

std::string MapOf(unsigned id) {
  const std::string text = std::to_string(id);
  return text + " " + text + " 1\n";
}

}  // namespace

Result<Walls> BuildWalls(const WallPlan& plan) {
  Script script = Scribe(plan).Write();
  script.users_map = MapOf(geteuid());
  script.groups_map = MapOf(getegid());
  std::optional<LandlockRules> rules;
  std::optional<LandlockRules> history;
  if (plan.landlock_version > 0) {
    TRY_ASSIGN(rules, LandlockRules::Make(plan.landlock_version, {}));
    script.landlock = &*rules;
  }
  if (plan.landlock_version > 0 && !plan.history.empty()) {
    TRY_ASSIGN(history, LandlockRules::Make(plan.landlock_version, {}));
    script.history = &*history;
    script.history_path = plan.history;
  }
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return Error::FromErrno(errno, "socketpair");
  }
  FileDescriptor ours(pair[0]);
  FileDescriptor theirs(pair[1]);
  script.answer = theirs.get();
  // No handler of ours may run in the child.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = _Fork();
  if (child == 0) {
    RunBuilder(script);
  }
  const int why = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) {
    return Error::FromErrno(why, "fork");
  }
  theirs.Reset(-1);
  Result<Walls> walls = Receive(ours.get(), script);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (walls.ok() && rules.has_value()) {
    walls->landlock_rules = std::move(*rules).Take();
  }
  if (walls.ok() && history.has_value()) {
    walls->history_rules = std::move(*history).Take();
  }
  return walls;
}

}  // namespace cofferdam::agent
