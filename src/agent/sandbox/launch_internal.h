#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

// What passes between the launcher and the processes it makes. Everything here
// is plain memory: between fork and exec of a program with threads nothing may
// be allocated, locked or thrown.
namespace cofferdam::agent {

// What was being done when a launch failed.
enum class LaunchStep : int32_t {
  kSession,
  kJoin,
  kMounts,
  kGuardian,
  kProc,
  kCommand,
  kStreams,
  kLimits,
  kFolder,
  kPrivileges,
  kLandlock,
  kSeccomp,
  kProgram,
};

// Sent through the status pipe, whole (less than PIPE_BUF).
struct LaunchMessage {
  enum class Kind : int32_t {
    kGuardian,  // value: its process id, outside
    kFailed,    // value: errno; step
    kStarted,   // the program runs
    kEnded,     // value: its wait status
  };
  Kind kind;
  int32_t value;
  LaunchStep step;
};

// One change to the view of files, made for one command.
struct LaunchMount {
  enum class Kind : int32_t {
    kReadOnly,  // what is there cannot be written, nor moved away
    kPinned,    // it cannot be moved away
    kHidden,    // nothing is there, and cannot be opened
    kWritable,  // it can be written, unless the machine itself forbids it
  };
  Kind kind;
  const char* path;
};

// Where walls keep an empty folder and an empty file that hide others.
inline constexpr char kVoidFolder[] = "/dev/.void/folder";
inline constexpr char kVoidFile[] = "/dev/.void/file";

struct LaunchPlan {
  // Descriptors of namespaces; -1: that of the caller.
  int user_namespace = -1;
  int mount_namespace = -1;
  int ipc_namespace = -1;
  int network_namespace = -1;
  // The command gets process ids of its own, and /proc with them.
  bool own_processes = false;
  // Written to kernel.pid_max of that namespace; 0: not.
  uint64_t pid_max = 0;
  const LaunchMount* mounts = nullptr;
  size_t mount_count = 0;

  // Whether privileges are given up: no new ones, no capabilities.
  bool confined = false;
  int landlock_rules = -1;
  const void* seccomp_program = nullptr;
  uint16_t seccomp_instructions = 0;
  uint64_t processes_max = 0;
  uint64_t file_bytes_max = 0;

  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* cwd = nullptr;
  int output = -1;    // becomes stdout and stderr
  int status = -1;    // for LaunchMessages
  int lifeline = -1;  // its other end closed: everything ends
  int kept = -1;      // stays open in the program

  char* guardian_stack_end = nullptr;
  char* command_stack_end = nullptr;
  pid_t guardian = 0;        // filled by the kernel
  int32_t failed_errno = 0;  // filled by the command's process
};

// The first process: joins the namespaces, starts the guardian (process 1 of
// the command's namespace, child of the caller's parent) and exits.
[[noreturn]] void RunLauncher(LaunchPlan* plan);

// Gives up all capabilities, for good. 0 or errno.
int DropCapabilities();

// Binds `from` over `to` (which may be the same), following no links. Sets
// and clears attributes (MOUNT_ATTR_…) on it. 0 or errno.
int BindOver(const char* from, const char* to, uint64_t set,
             uint64_t clear = 0);

}  // namespace cofferdam::agent
