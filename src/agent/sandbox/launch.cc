#include "agent/sandbox/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "agent/sandbox/launch_internal.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kStackBytes = size_t{64} << 10;

Status MakePipe(FileDescriptor& reading, FileDescriptor& writing) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Error::FromErrno(errno, "pipe");
  }
  reading.Reset(ends[0]);
  writing.Reset(ends[1]);
  return Status();
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

LaunchMount::Kind MountKind(ViewChange::Kind kind) {
  switch (kind) {
    case ViewChange::Kind::kReadOnly:
      return LaunchMount::Kind::kReadOnly;
    case ViewChange::Kind::kPinned:
      return LaunchMount::Kind::kPinned;
    case ViewChange::Kind::kHidden:
      return LaunchMount::Kind::kHidden;
    case ViewChange::Kind::kWritable:
      return LaunchMount::Kind::kWritable;
  }
  return LaunchMount::Kind::kReadOnly;
}

std::string_view StepText(LaunchStep step) {
  switch (step) {
    case LaunchStep::kSession:
      return "make a session";
    case LaunchStep::kJoin:
      return "enter the namespaces";
    case LaunchStep::kMounts:
      return "protect files of the workspace";
    case LaunchStep::kGuardian:
      return "start its guardian";
    case LaunchStep::kProc:
      return "mount /proc";
    case LaunchStep::kCommand:
      return "start its process";
    case LaunchStep::kStreams:
      return "connect its streams";
    case LaunchStep::kLimits:
      return "set its limits";
    case LaunchStep::kFolder:
      return "enter its folder";
    case LaunchStep::kPrivileges:
      return "give up privileges";
    case LaunchStep::kLandlock:
      return "apply Landlock rules";
    case LaunchStep::kSeccomp:
      return "apply the seccomp filter";
    case LaunchStep::kProgram:
      return "run the program";
  }
  return "start";
}

// The next message; none when the other end has gone.
bool Receive(int status, LaunchMessage* message) {
  ssize_t got;
  do {
    got = read(status, message, sizeof(*message));
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof(*message));
}

void Reap(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Error FailedError(const LaunchOptions& options, const LaunchMessage& message) {
  const bool program = message.step == LaunchStep::kProgram ||
                       message.step == LaunchStep::kFolder;
  const std::string what =
      message.step == LaunchStep::kFolder
          ? options.cwd
          : std::string(message.step == LaunchStep::kProgram
                            ? options.program
                            : StepText(message.step));
  return Error(program ? Code::kNotFound : Code::kUnavailable,
               Error::FromErrno(message.value, what).message())
      .Within("sandbox");
}

// Waits until the program runs or has failed to.
Status AwaitStart(const LaunchOptions& options, Launched& launched) {
  LaunchMessage message;
  while (Receive(launched.status.get(), &message)) {
    switch (message.kind) {
      case LaunchMessage::Kind::kGuardian:
        launched.guardian = message.value;
        break;
      case LaunchMessage::Kind::kFailed:
        return FailedError(options, message);
      case LaunchMessage::Kind::kStarted:
        return Status();
      case LaunchMessage::Kind::kEnded:
        break;
    }
  }
  return Error(Code::kUnavailable, "sandbox: the launcher died");
}

}  // namespace

Result<Launched> Launch(const LaunchOptions& options) {
  Launched launched;
  FileDescriptor output;
  FileDescriptor status;
  FileDescriptor lifeline;
  TRY(MakePipe(launched.output, output));
  TRY(MakePipe(launched.status, status));
  TRY(MakePipe(lifeline, launched.lifeline));

  // All that the children need, made before the fork.
  std::vector<LaunchMount> mounts;
  for (const ViewChange& change : options.changes) {
    mounts.push_back({MountKind(change.kind), change.path.c_str()});
  }
  const std::vector<char*> argv = Pointers(options.argv);
  const std::vector<char*> envp = Pointers(options.environment);
  std::vector<char> stacks(2 * kStackBytes);
  LaunchPlan plan;
  if (options.walls != nullptr) {
    plan.user_namespace = options.walls->users.get();
    plan.mount_namespace = options.walls->mounts.get();
    plan.ipc_namespace = options.walls->ipc.get();
    plan.network_namespace =
        options.network ? -1 : options.walls->network.get();
    plan.own_processes = true;
    plan.pid_max = options.pid_max;
    plan.mounts = mounts.data();
    plan.mount_count = mounts.size();
  }
  plan.confined = options.confined;
  plan.landlock_rules = options.landlock_rules;
  if (options.seccomp_program != nullptr) {
    plan.seccomp_program = options.seccomp_program->data();
    plan.seccomp_instructions =
        static_cast<uint16_t>(options.seccomp_program->size());
  }
  plan.processes_max = options.processes_max;
  plan.file_bytes_max = options.file_bytes_max;
  plan.program = options.program.c_str();
  plan.argv = argv.data();
  plan.envp = envp.data();
  plan.cwd = options.cwd.c_str();
  plan.output = output.get();
  plan.status = status.get();
  plan.lifeline = lifeline.get();
  plan.kept = options.kept;
  plan.guardian_stack_end = stacks.data() + kStackBytes;
  plan.command_stack_end = stacks.data() + 2 * kStackBytes;

  // No handler of ours may run in the child.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t launcher = _Fork();
  if (launcher == 0) {
    RunLauncher(&plan);
  }
  const int why = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (launcher < 0) {
    return Error::FromErrno(why, "sandbox: fork");
  }
  output.Reset(-1);
  status.Reset(-1);
  lifeline.Reset(-1);
  launched.own_processes = plan.own_processes;
  const Status started = AwaitStart(options, launched);
  Reap(launcher);
  if (!started.ok()) {
    if (launched.guardian > 0) {
      kill(launched.guardian, SIGKILL);
      Reap(launched.guardian);
    }
    return started.error();
  }
  return launched;
}

}  // namespace cofferdam::agent
