#include "agent/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <climits>
#include <cstdlib>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "agent/sandbox/bubblewrap.h"
#include "agent/sandbox/clean_environment.h"
#include "agent/sandbox/guarded_folders.h"
#include "agent/sandbox/landlock.h"
#include "agent/sandbox/landlock_view.h"
#include "agent/sandbox/launch.h"
#include "agent/sandbox/linked_worktree.h"
#include "agent/sandbox/protected_names.h"
#include "agent/sandbox/sandboxed_process_internal.h"
#include "agent/sandbox/seccomp_filter.h"
#include "agent/sandbox/walls.h"
#include "agent/sandbox/workspace_guard.h"
#include "agent/sandbox/writable_folders.h"
#include "base/clock.h"

namespace cofferdam::agent {
namespace {

std::string RealPath(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) == nullptr ? std::string() : resolved;
}

bool IsFolder(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool Exists(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0;
}

bool IsAtOrBelow(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

// kernel.pid_max is one for all before Linux 6.14.
bool HasOwnPidMax() {
  struct utsname name = {};
  if (uname(&name) != 0) {
    return false;
  }
  const std::string_view release = name.release;
  int major = 0;
  int minor = 0;
  const char* end = release.data() + release.size();
  const auto after = std::from_chars(release.data(), end, major);
  if (after.ec != std::errc() || after.ptr == end || *after.ptr != '.') {
    return false;
  }
  std::from_chars(after.ptr + 1, end, minor);
  return major > 6 || (major == 6 && minor >= 14);
}

Result<std::string> FindProgram(const std::string& name,
                                std::string_view path) {
  if (name.find('/') != name.npos) {
    return name;
  }
  while (!path.empty()) {
    const size_t colon = path.find(':');
    const std::string candidate =
        std::string(path.substr(0, colon)) + "/" + name;
    if (candidate.starts_with('/') && access(candidate.c_str(), X_OK) == 0 &&
        !IsFolder(candidate)) {
      return candidate;
    }
    path.remove_prefix(colon == path.npos ? path.size() : colon + 1);
  }
  return Error(Code::kNotFound, "sandbox: no program " + name + " in PATH");
}

// A repository of which a command may write the history, and what it must not
// make in there.
struct OpenedRepository {
  std::string path;
  std::string shown;
  std::vector<std::string> missing;
};

}  // namespace

std::string_view ConfinementName(Confinement confinement) {
  switch (confinement) {
    case Confinement::kNamespaces:
      return "namespaces";
    case Confinement::kBubblewrap:
      return "bubblewrap";
    case Confinement::kLandlock:
      return "landlock";
    case Confinement::kNone:
      return "none";
  }
  return "none";
}

struct Sandbox::State {
  SandboxPolicy policy;
  Confinement confinement = Confinement::kNone;
  int landlock = 0;
  std::vector<std::string> notes;
  std::vector<std::string> environment;
  std::vector<std::string> writable;  // real paths, the workspace first
  std::vector<std::string> hidden;    // what is there
  std::vector<std::string> absent;    // what is not, but must not be seen
  std::optional<Walls> walls;
  std::string bwrap;
  std::string tmp;  // where there are no walls of ours
  uint64_t pid_max = 0;
  // By whether sockets of the internet may be made.
  std::vector<uint64_t> filters[2];
  // Shared with the processes that still run.
  std::shared_ptr<GuardedFolders> guarded;
  // Where the repository of the workspace stands, if not in it.
  std::optional<LinkedWorktree> linked;

  ~State() {
    if (!tmp.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(tmp, ignored);
    }
  }

  Status Check();
  Status CheckWishes() const;
  Status Choose();
  Status Try(Confinement wanted);
  Status MakeTmp();
  void FindLinked();
  bool MayWriteLinked(const SandboxCommand& command) const;
  std::vector<ViewChange> Changes(const SandboxCommand& command,
                                  std::vector<std::string> read_only);
  std::vector<OpenedRepository> Opened(const SandboxCommand& command) const;
  Result<Launched> Launch(const SandboxCommand& command,
                          std::vector<ViewChange> changes);
  Status Place(const SandboxCommand& command, LaunchOptions& options,
               FileDescriptor& kept);
};

// Makes the policy's paths real and its secrets known.
Status Sandbox::State::Check() {
  environment = OurEnvironment();
  if (!policy.workspace.starts_with('/') || !IsFolder(policy.workspace)) {
    return Error(Code::kNotFound,
                 "sandbox: " + policy.workspace + " is no folder");
  }
  policy.workspace = RealPath(policy.workspace);
  if (policy.workspace == "/" || policy.workspace.empty()) {
    return Error(Code::kInvalid, "sandbox: / is no workspace");
  }
  if (policy.home.empty()) {
    policy.home = VariableIn(environment, "HOME");
  }
  TRY(CheckWishes());
  writable.push_back(policy.workspace);
  for (const std::string& path : policy.writable) {
    if (const std::string real = RealPath(path);
        IsFolder(real) &&
        std::find(writable.begin(), writable.end(), real) == writable.end()) {
      writable.push_back(real);
    }
  }
  std::vector<std::string> secrets = policy.hidden;
  if (policy.home.starts_with('/') && policy.home.size() > 1) {
    for (std::string& path : SecretPaths(policy.home)) {
      secrets.push_back(std::move(path));
    }
  }
  for (const std::string& path : secrets) {
    const std::string real = RealPath(path);
    if (real.empty()) {
      absent.push_back(path);
    } else if (std::none_of(writable.begin(), writable.end(),
                            [&](const std::string& folder) {
                              return IsAtOrBelow(folder, real);
                            })) {
      hidden.push_back(real);
    } else {
      notes.push_back(path +
                      " is not hidden: a folder that commands may write is "
                      "in it");
    }
  }
  FindLinked();
  return Status();
}

// What the user wants may be wrong, but not undo the walls.
Status Sandbox::State::CheckWishes() const {
  if (policy.writable.size() > SandboxPolicy::kWritableMax) {
    return Error(Code::kInvalid, "sandbox: more than 32 writable folders");
  }
  if (policy.hidden.size() > SandboxPolicy::kHiddenMax) {
    return Error(Code::kInvalid, "sandbox: more than 256 hidden paths");
  }
  if (policy.variables.size() > SandboxPolicy::kVariablesMax) {
    return Error(Code::kInvalid, "sandbox: more than 256 variables");
  }
  for (const std::string& path : policy.writable) {
    const Status good = CheckWritableFolder(path, policy.home);
    if (!good.ok()) {
      return Error(good.error()).Within("sandbox");
    }
  }
  for (const std::string& name : policy.variables) {
    const Status good = CheckPassedVariable(name);
    if (!good.ok()) {
      return Error(good.error()).Within("sandbox");
    }
  }
  return Status();
}

// A hidden repository stays hidden.
void Sandbox::State::FindLinked() {
  linked = FindLinkedWorktree(policy.workspace);
  const auto hides = [&](const std::string& path) {
    return linked.has_value() && (IsAtOrBelow(linked->common, path) ||
                                  IsAtOrBelow(path, linked->common));
  };
  if (std::any_of(hidden.begin(), hidden.end(), hides)) {
    linked.reset();
  }
}

Status Sandbox::State::MakeTmp() {
  if (tmp.empty()) {
    std::string path = "/tmp/cofferdam-code-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      return Error::FromErrno(errno, "make a folder in /tmp");
    }
    tmp = path;
  }
  return Status();
}

// Puts a confinement up and runs a command in it.
Status Sandbox::State::Try(Confinement wanted) {
  confinement = wanted;
  switch (wanted) {
    case Confinement::kNamespaces: {
      WallPlan plan = {.writable = writable,
                       .hidden = hidden,
                       .home = policy.home,
                       .history = linked ? linked->common : std::string(),
                       .tmp_bytes_max = policy.limits.tmp_bytes_max,
                       .landlock_version = landlock};
      TRY_ASSIGN(walls, BuildWalls(plan));
      break;
    }
    case Confinement::kBubblewrap:
      bwrap = FindBubblewrap();
      if (bwrap.empty()) {
        return Error(Code::kUnavailable, "is not installed");
      }
      TRY(MakeTmp());
      break;
    case Confinement::kLandlock:
      if (landlock == 0) {
        return Error(Code::kUnavailable, "this kernel has none");
      }
      TRY(MakeTmp());
      break;
    case Confinement::kNone:
      return Status();
  }
  SandboxCommand probe;
  probe.argv = {"true"};
  TRY_ASSIGN(Launched launched, Launch(probe, {}));
  auto parts = std::make_unique<SandboxedProcess::Parts>();
  parts->launched = std::move(launched);
  SandboxedProcess process(std::move(parts));
  std::string said;
  const SandboxExit exit = process.Wait(
      {.deadline_ms = 5000,
       .on_output = [&](std::string_view piece) { said += piece; }});
  if (exit.why != SandboxExit::Why::kExited || exit.code != 0) {
    return Error(Code::kUnavailable,
                 "a command fails in it: " + said.substr(0, said.find('\n')));
  }
  return Status();
}

Status Sandbox::State::Choose() {
  landlock = LandlockVersion();
  for (const Network network : {Network::kOff, Network::kOn}) {
    TRY_ASSIGN(filters[static_cast<int>(network)],
               SeccompProgram({policy.unix_sockets, network}));
  }
  const bool is_root = geteuid() == 0;
  if (is_root && HasOwnPidMax()) {
    constexpr uint64_t kPidMaxLeast = 301;
    pid_max = std::max(policy.limits.processes_max, kPidMaxLeast);
  }
  for (int level = static_cast<int>(policy.strongest);
       level <= static_cast<int>(Confinement::kNone); ++level) {
    const Confinement wanted = static_cast<Confinement>(level);
    const Status done = Try(wanted);
    if (done.ok()) {
      break;
    }
    walls.reset();
    notes.push_back("no confinement by " +
                    std::string(ConfinementName(wanted)) + ": " +
                    done.error().message());
  }
  GuardOptions guard;
  if (confinement == Confinement::kBubblewrap) {
    guard.links = GuardOptions::Links::kPutBack;
  }
  guarded = std::make_shared<GuardedFolders>(writable, guard);
  const auto note = [&](std::string_view line) { notes.emplace_back(line); };
  switch (confinement) {
    case Confinement::kNamespaces:
      if (landlock == 0) {
        note(
            "this kernel has no Landlock: the view of files has one wall "
            "where it could have two");
      }
      break;
    case Confinement::kBubblewrap:
      note(
          "bubblewrap confines commands: no Landlock as a second wall, and "
          "background servers cannot be reached by later commands");
      break;
    case Confinement::kLandlock:
      note(
          "Landlock alone confines commands: they see other processes' names "
          "and command lines, make no new files right inside the workspace "
          "where something there is protected, cannot commit, and have no "
          "network at all unless it is on");
      if (landlock < 6) {
        note(
            "this kernel's Landlock cannot keep commands from sending "
            "signals to your other processes");
      }
      break;
    case Confinement::kNone:
      note("nothing confines commands here: each is asked for before it runs");
      break;
  }
  if (is_root && pid_max == 0 && confinement != Confinement::kNone) {
    note(
        "as root on a kernel before 6.14 the number of processes has no "
        "bound; a command's deadline ends them all");
  }
  return Status();
}

// What is protected in the workspace now, and secrets that have come since.
std::vector<ViewChange> Sandbox::State::Changes(
    const SandboxCommand& command, std::vector<std::string> read_only) {
  std::vector<ViewChange> changes;
  for (const std::string& path : absent) {
    if (Exists(path)) {
      if (const std::string real = RealPath(path); !real.empty()) {
        changes.push_back({ViewChange::Kind::kHidden, real});
      }
    }
  }
  const std::string git = policy.workspace + "/.git";
  for (std::string& path : read_only) {
    if (path != git || command.git == GitAccess::kReadOnly || !IsFolder(git)) {
      changes.push_back({ViewChange::Kind::kReadOnly, std::move(path)});
      continue;
    }
    changes.push_back({ViewChange::Kind::kPinned, git});
    for (const std::string_view name : ProtectedGitNames()) {
      if (const std::string part = git + "/" + std::string(name);
          Exists(part)) {
        changes.push_back({ViewChange::Kind::kReadOnly, part});
      }
    }
  }
  if (MayWriteLinked(command)) {
    for (ViewChange& change : HistoryChanges(*linked)) {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

// Only while .git leads where it did when the walls were put up.
bool Sandbox::State::MayWriteLinked(const SandboxCommand& command) const {
  return command.git == GitAccess::kHistory && linked.has_value() &&
         FindLinkedWorktree(policy.workspace) == linked;
}

std::vector<OpenedRepository> Sandbox::State::Opened(
    const SandboxCommand& command) const {
  if (MayWriteLinked(command)) {
    return {{linked->own, linked->own,
             WorkspaceGuard::MissingGitNames(linked->own)},
            {linked->common, linked->common, MissingCommonNames(*linked)}};
  }
  const std::string git = policy.workspace + "/.git";
  if (command.git == GitAccess::kReadOnly || !IsFolder(git)) {
    return {};
  }
  return {{git, ".git", WorkspaceGuard::MissingGitNames(git)}};
}

// What depends on the confinement. `kept` lives until the launch is done.
Status Sandbox::State::Place(const SandboxCommand& command,
                             LaunchOptions& options, FileDescriptor& kept) {
  switch (confinement) {
    case Confinement::kNamespaces:
      options.walls = &*walls;
      options.network = command.network == Network::kOn;
      options.pid_max = pid_max;
      options.landlock_rules =
          walls->history_rules.valid() && MayWriteLinked(command)
              ? walls->history_rules.get()
              : walls->landlock_rules.get();
      options.seccomp_program = &filters[static_cast<int>(Network::kOn)];
      return Status();
    case Confinement::kBubblewrap: {
      const std::vector<uint64_t>& filter =
          filters[static_cast<int>(Network::kOn)];
      kept.Reset(memfd_create("seccomp", 0));
      const size_t bytes = filter.size() * sizeof(uint64_t);
      if (!kept.valid() || pwrite(kept.get(), filter.data(), bytes, 0) !=
                               static_cast<ssize_t>(bytes)) {
        return Error::FromErrno(errno, "sandbox: keep the seccomp filter");
      }
      options.argv[0] = options.program;
      std::vector<std::string> words =
          BubblewrapArguments(bwrap, {.writable = writable,
                                      .hidden = hidden,
                                      .changes = std::move(options.changes),
                                      .tmp = tmp,
                                      .cwd = options.cwd,
                                      .network = command.network,
                                      .seccomp_fd = kept.get()});
      words.insert(words.end(), options.argv.begin(), options.argv.end());
      options.argv = std::move(words);
      options.changes.clear();
      options.program = bwrap;
      options.confined = false;
      options.kept = kept.get();
      return Status();
    }
    case Confinement::kLandlock: {
      LandlockView view = {.writable = writable,
                           .hidden = hidden,
                           .network = command.network == Network::kOn};
      view.writable.push_back(tmp);
      for (const ViewChange& change : options.changes) {
        if (change.kind == ViewChange::Kind::kWritable) {
          continue;  // no commits by Landlock alone
        }
        (change.kind == ViewChange::Kind::kHidden ? view.hidden
                                                  : view.read_only)
            .push_back(change.path);
      }
      options.changes.clear();
      TRY_ASSIGN(LandlockRules rules, MakeLandlockView(landlock, view));
      kept = std::move(rules).Take();
      options.landlock_rules = kept.get();
      options.seccomp_program = &filters[static_cast<int>(command.network)];
      return Status();
    }
    case Confinement::kNone:
      options.changes.clear();
      return Status();
  }
  return Status();
}

Result<Launched> Sandbox::State::Launch(const SandboxCommand& command,
                                        std::vector<ViewChange> changes) {
  if (command.argv.empty()) {
    return Error(Code::kInvalid, "sandbox: an empty command");
  }
  LaunchOptions options;
  std::vector<std::pair<std::string, std::string>> variables =
      command.variables;
  if (!tmp.empty() && confinement == Confinement::kLandlock) {
    variables.insert(variables.begin(), {"TMPDIR", tmp});
  }
  options.environment =
      CleanEnvironment(environment, policy.variables, variables);
  TRY_ASSIGN(
      options.program,
      FindProgram(command.argv[0], VariableIn(options.environment, "PATH")));
  options.argv = command.argv;
  options.cwd = command.cwd.empty() ? policy.workspace : command.cwd;
  options.changes = std::move(changes);
  options.processes_max = policy.limits.processes_max;
  options.file_bytes_max = policy.limits.file_bytes_max;
  FileDescriptor kept;
  TRY(Place(command, options, kept));
  return agent::Launch(options);
}

Result<std::unique_ptr<Sandbox>> Sandbox::Prepare(SandboxPolicy policy) {
  auto state = std::make_unique<State>();
  state->policy = std::move(policy);
  TRY(state->Check());
  TRY(state->Choose());
  return std::unique_ptr<Sandbox>(new Sandbox(std::move(state)));
}

Sandbox::Sandbox(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sandbox::~Sandbox() = default;

Result<std::unique_ptr<SandboxedProcess>> Sandbox::Start(
    const SandboxCommand& command) {
  State& state = *state_;
  const std::shared_ptr<GuardedFolders> guarded = state.guarded;
  const int64_t began = SystemClock().WallMicros();
  const bool was_complete = guarded->complete();
  GuardedFolders::Beginning beginning = guarded->Begin(began);
  if (was_complete && !guarded->complete()) {
    state.notes.push_back(
        "the workspace is too large to be guarded whole: repositories and "
        "settings deep inside can be changed by commands");
  }
  const std::vector<OpenedRepository> opened = state.Opened(command);
  Result<Launched> launched = state.Launch(
      command, state.Changes(command, std::move(beginning.read_only)));
  if (!launched.ok()) {
    guarded->Abort(began);
    return std::move(launched).error();
  }
  auto parts = std::make_unique<SandboxedProcess::Parts>();
  parts->launched = *std::move(launched);
  parts->workspace.Reset(
      open(state.policy.workspace.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  parts->disk_free_bytes_min = state.policy.limits.disk_free_bytes_min;
  parts->on_tick = [guarded] { return guarded->Tick(); };
  parts->on_end = [guarded, began, opened, earlier = beginning.lines] {
    std::vector<std::string> lines = earlier;
    const auto add = [&lines](std::vector<std::string> more) {
      lines.insert(lines.end(), more.begin(), more.end());
    };
    add(guarded->End(began));
    for (const OpenedRepository& one : opened) {
      add(WorkspaceGuard::SweepGit(one.path, one.missing, one.shown));
    }
    return lines;
  };
  return std::make_unique<SandboxedProcess>(std::move(parts));
}

const SandboxPolicy& Sandbox::policy() const { return state_->policy; }
Confinement Sandbox::confinement() const { return state_->confinement; }
int Sandbox::landlock_version() const { return state_->landlock; }
const std::vector<std::string>& Sandbox::notes() const { return state_->notes; }

}  // namespace cofferdam::agent
