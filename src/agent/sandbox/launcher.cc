// Everything here runs between fork and exec: system calls and plain memory
// only.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>

#include <algorithm>
#include <cstring>

#include "agent/sandbox/landlock.h"
#include "agent/sandbox/launch_internal.h"

namespace cofferdam::agent {
namespace {

[[noreturn]] void Leave(int code) {
  syscall(SYS_exit_group, code);
  __builtin_unreachable();
}

void Send(const LaunchPlan& plan, LaunchMessage message) {
  // Nobody reads any more: then nobody minds.
  [[maybe_unused]] const ssize_t sent =
      write(plan.status, &message, sizeof(message));
}

[[noreturn]] void Fail(const LaunchPlan& plan, LaunchStep step, int why) {
  Send(plan, {LaunchMessage::Kind::kFailed, why, step});
  Leave(127);
}

// Handlers of the caller must not run here, and what it ignores must not be
// ignored by programs.
void ForgetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < 65; ++signal) {
    sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Closes all descriptors but the plan's: a guardian that holds the lifeline of
// another command would keep it alive.
void CloseOthers(const LaunchPlan& plan) {
  int kept[] = {plan.user_namespace,
                plan.mount_namespace,
                plan.ipc_namespace,
                plan.network_namespace,
                plan.landlock_rules,
                plan.output,
                plan.status,
                plan.lifeline,
                plan.kept};
  std::sort(std::begin(kept), std::end(kept));
  unsigned from = 0;
  for (const int fd : kept) {
    if (fd < 0) {
      continue;
    }
    const unsigned next = static_cast<unsigned>(fd);
    if (next > from) {
      close_range(from, next - 1, 0);
    }
    from = std::max(from, next + 1);
  }
  close_range(from, ~0U, 0);
}

// The kernel prefers to end a command when memory is short.
void OfferToKill() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    [[maybe_unused]] const ssize_t written = write(fd, "500", 3);
    close(fd);
  }
}

void MountProc(const LaunchPlan& plan) {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const unsigned long sealed = plan.pid_max == 0 ? kFlags | MS_RDONLY : kFlags;
  if (mount("proc", "/proc", "proc", sealed, nullptr) != 0 &&
      mount("proc", "/proc", "proc", kFlags | MS_RDONLY, nullptr) != 0) {
    Fail(plan, LaunchStep::kProc, errno);
  }
  if (plan.pid_max == 0) {
    return;
  }
  const int fd = open("/proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    char digits[24];
    size_t at = sizeof(digits);
    for (uint64_t rest = plan.pid_max; rest != 0; rest /= 10) {
      digits[--at] = static_cast<char>('0' + rest % 10);
    }
    [[maybe_unused]] const ssize_t written =
        write(fd, digits + at, sizeof(digits) - at);
    close(fd);
  }
  if (mount(nullptr, "/proc", nullptr,
            kFlags | MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    Fail(plan, LaunchStep::kProc, errno);
  }
}

void MakeMounts(const LaunchPlan& plan) {
  for (size_t i = 0; i < plan.mount_count; ++i) {
    const LaunchMount& wanted = plan.mounts[i];
    int why = 0;
    if (wanted.kind == LaunchMount::Kind::kHidden) {
      struct stat status = {};
      why = stat(wanted.path, &status) != 0 ? errno
            : S_ISDIR(status.st_mode) ? BindOver(kVoidFolder, wanted.path, 0)
                                      : BindOver(kVoidFile, wanted.path, 0);
    } else if (wanted.kind == LaunchMount::Kind::kWritable) {
      // Else it stays what it was: read-only.
      BindOver(wanted.path, wanted.path, 0, MOUNT_ATTR_RDONLY);
    } else {
      why = BindOver(
          wanted.path, wanted.path,
          wanted.kind == LaunchMount::Kind::kReadOnly ? MOUNT_ATTR_RDONLY : 0);
    }
    // Gone since it was looked at: then there is nothing to protect, and the
    // guard of the workspace looks after what takes its place.
    if (why != 0 && why != ENOENT) {
      Fail(plan, LaunchStep::kMounts, why);
    }
  }
}

void SetLimit(const LaunchPlan& plan, __rlimit_resource_t what,
              uint64_t value) {
  struct rlimit limit = {};
  if (getrlimit(what, &limit) != 0) {
    Fail(plan, LaunchStep::kLimits, errno);
  }
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, value);
  limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
  if (setrlimit(what, &limit) != 0) {
    Fail(plan, LaunchStep::kLimits, errno);
  }
}

void SetStreams(const LaunchPlan& plan) {
  const int empty = open("/dev/null", O_RDONLY);
  if (empty < 0 || dup2(empty, 0) < 0 || dup2(plan.output, 1) < 0 ||
      dup2(plan.output, 2) < 0) {
    Fail(plan, LaunchStep::kStreams, errno);
  }
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (plan.kept >= 0) {
    fcntl(plan.kept, F_SETFD, 0);
  }
}

void Confine(const LaunchPlan& plan) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    Fail(plan, LaunchStep::kPrivileges, errno);
  }
  if (const int why = DropCapabilities(); why != 0) {
    Fail(plan, LaunchStep::kPrivileges, why);
  }
  if (plan.landlock_rules >= 0) {
    if (const int why = RestrictSelf(plan.landlock_rules); why != 0) {
      Fail(plan, LaunchStep::kLandlock, why);
    }
  }
  if (plan.seccomp_instructions != 0) {
    struct sock_fprog program = {};
    program.len = plan.seccomp_instructions;
    program.filter = static_cast<struct sock_filter*>(
        const_cast<void*>(plan.seccomp_program));
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
      Fail(plan, LaunchStep::kSeccomp, errno);
    }
  }
}

// The command's process, which shares the guardian's memory until exec.
int RunCommand(void* argument) {
  LaunchPlan& plan = *static_cast<LaunchPlan*>(argument);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  ForgetSignals();
  SetStreams(plan);
  SetLimit(plan, RLIMIT_CORE, 0);
  if (plan.processes_max != 0) {
    SetLimit(plan, RLIMIT_NPROC, plan.processes_max);
  }
  if (plan.file_bytes_max != 0) {
    SetLimit(plan, RLIMIT_FSIZE, plan.file_bytes_max);
  }
  if (plan.confined) {
    Confine(plan);
  }
  // With the command's own rights: it may be where it could go by itself.
  if (chdir(plan.cwd) != 0) {
    Fail(plan, LaunchStep::kFolder, errno);
  }
  execve(plan.program, plan.argv, plan.envp);
  plan.failed_errno = errno;
  Leave(127);
}

// The children of this process, by /proc; where the kernel has no such file
// only those that were reparented here and ended are seen.
void KillChildren() {
  const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return;
  }
  char text[4096];
  ssize_t length;
  long pid = 0;
  while ((length = read(fd, text, sizeof(text))) > 0) {
    for (ssize_t i = 0; i < length; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else if (pid > 1) {
        kill(static_cast<pid_t>(pid), SIGKILL);
        pid = 0;
      }
    }
  }
  close(fd);
}

// Where there is no namespace of processes whose end ends all: kills children
// until there is none; theirs become ours as they die.
void KillTree() {
  constexpr int kRoundsMax = 2000;
  for (int round = 0; round < kRoundsMax; ++round) {
    KillChildren();
    pid_t ended;
    while ((ended = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (ended < 0) {
      return;
    }
    poll(nullptr, 0, 1);
  }
}

[[noreturn]] void End(const LaunchPlan& plan) {
  if (!plan.own_processes) {
    KillTree();
  }
  Leave(0);
}

// Waits for the command, and for the lifeline to break.
[[noreturn]] void Guard(const LaunchPlan& plan, pid_t command, int signals) {
  for (;;) {
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == command) {
        // First the others, so that who hears of the end finds nothing left.
        if (!plan.own_processes) {
          KillTree();
        }
        Send(plan, {LaunchMessage::Kind::kEnded, status, {}});
        Leave(0);
      }
    }
    struct pollfd waits[2] = {{plan.lifeline, POLLIN, 0}, {signals, POLLIN, 0}};
    poll(waits, 2, -1);
    if (waits[0].revents != 0) {
      End(plan);
    }
    struct signalfd_siginfo info[4];
    [[maybe_unused]] const ssize_t got = read(signals, info, sizeof(info));
  }
}

int RunGuardian(void* argument) {
  LaunchPlan& plan = *static_cast<LaunchPlan*>(argument);
  Send(plan, {LaunchMessage::Kind::kGuardian, plan.guardian, {}});
  if (plan.own_processes) {
    MountProc(plan);
  } else {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  // Its memory is a copy of the agent's.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_NAME, "cofferdam-guard", 0, 0, 0);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_SETMASK, &children, nullptr);
  const int signals = signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
  const pid_t command = clone(RunCommand, plan.command_stack_end,
                              CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
  if (signals < 0 || command < 0) {
    Fail(plan, LaunchStep::kCommand, errno);
  }
  if (plan.failed_errno != 0) {
    Fail(plan, LaunchStep::kProgram, plan.failed_errno);
  }
  close(plan.output);
  if (plan.kept >= 0) {
    close(plan.kept);
  }
  DropCapabilities();
  Send(plan, {LaunchMessage::Kind::kStarted, 0, {}});
  Guard(plan, command, signals);
}

void Join(const LaunchPlan& plan) {
  // The namespace of users first: it gives the right to enter the others.
  const struct {
    int fd;
    int kind;
  } joined[] = {{plan.user_namespace, CLONE_NEWUSER},
                {plan.mount_namespace, CLONE_NEWNS},
                {plan.ipc_namespace, CLONE_NEWIPC},
                {plan.network_namespace, CLONE_NEWNET}};
  for (const auto& [fd, kind] : joined) {
    if (fd >= 0 && setns(fd, kind) != 0) {
      Fail(plan, LaunchStep::kJoin, errno);
    }
  }
  if (plan.mount_namespace >= 0 && unshare(CLONE_NEWNS) != 0) {
    Fail(plan, LaunchStep::kJoin, errno);
  }
  if (plan.own_processes && unshare(CLONE_NEWPID) != 0) {
    Fail(plan, LaunchStep::kJoin, errno);
  }
}

}  // namespace

void RunLauncher(LaunchPlan* plan) {
  CloseOthers(*plan);
  ForgetSignals();
  // Keys of the terminal are for the agent.
  setsid();
  if (plan->confined) {
    OfferToKill();
  }
  Join(*plan);
  MakeMounts(*plan);
  if (clone(RunGuardian, plan->guardian_stack_end,
            CLONE_VM | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, plan,
            &plan->guardian) < 0) {
    Fail(*plan, LaunchStep::kGuardian, errno);
  }
  Leave(0);
}

int DropCapabilities() {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < 64; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      // EINVAL: beyond the last. EPERM: we have none to drop anyway.
      break;
    }
  }
  struct __user_cap_header_struct header = {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  struct __user_cap_data_struct none[2] = {};
  return syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

int BindOver(const char* from, const char* to, uint64_t set, uint64_t clear) {
  const int tree = open_tree(
      AT_FDCWD, from,
      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
  if (tree < 0) {
    return errno;
  }
  struct mount_attr wanted = {};
  wanted.attr_set = set;
  wanted.attr_clr = clear;
  int why = 0;
  if (((set | clear) != 0 &&
       mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted,
                     sizeof(wanted)) != 0) ||
      move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    why = errno;
  }
  close(tree);
  return why;
}

}  // namespace cofferdam::agent
