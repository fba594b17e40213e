#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/sandbox/sandboxed_process.h"
#include "base/result.h"

// The walls around the commands that a model has run. Threat model, what each
// wall stops and what it does not: docs/decisions/code-sandbox.md.
namespace cofferdam::agent {

// kOff: a network of its own that reaches nothing but its own loopback, the
// same one for all commands of a sandbox.
enum class Network { kOff, kOn };

// Sockets in the file system reach whoever listens there, outside too, and no
// kernel before Linux 7 can tell those inside from those outside. kPairsOnly:
// socketpair(2), none with a name.
enum class UnixSockets { kPairsOnly, kAllowed };

// What of a repository a command may write. kHistory: objects, references,
// index (what `git commit` needs), never hooks, settings or attributes.
enum class GitAccess { kReadOnly, kHistory };

// How strong the walls are, strongest first.
enum class Confinement {
  kNamespaces,  // ours: namespaces, Landlock where there is one, seccomp
  kBubblewrap,  // the same view of files by bwrap; seccomp
  kLandlock,    // Landlock and seccomp: see notes()
  kNone,        // a clean environment, limits, nothing else
};
std::string_view ConfinementName(Confinement confinement);

struct SandboxLimits {
  // Processes and threads at once.
  uint64_t processes_max = 4096;
  // One file that a command writes.
  uint64_t file_bytes_max = uint64_t{16} << 30;
  // /tmp (three quarters) and /dev/shm, in memory.
  uint64_t tmp_bytes_max = uint64_t{1} << 30;
  // A command that lets the workspace's file system fall below this is killed.
  uint64_t disk_free_bytes_min = uint64_t{256} << 20;
};

struct SandboxPolicy {
  static constexpr size_t kWritableMax = 32;
  static constexpr size_t kHiddenMax = 256;
  static constexpr size_t kVariablesMax = 256;

  // Absolute; commands may write here, but for protected names
  // (protected_names.h).
  std::string workspace;
  // Further folders that they may write, as far as they exist; the same names
  // are protected there. Those that would undo the walls are an error
  // (writable_folders.h).
  std::vector<std::string> writable;
  // Files and folders that they may not even read, besides those that
  // SecretPaths(home) names.
  std::vector<std::string> hidden;
  // The user's; empty: from the environment.
  std::string home;
  Network network = Network::kOff;
  UnixSockets unix_sockets = UnixSockets::kPairsOnly;
  SandboxLimits limits;
  // Names of variables of our own environment that commands get, besides those
  // that CleanEnvironment (clean_environment.h) lets through.
  std::vector<std::string> variables;
  // Where to begin on the way down; a test's, or a user's whose kernel fails.
  Confinement strongest = Confinement::kNamespaces;
};

struct SandboxCommand {
  // The program absolute, or to be found in the clean environment's PATH.
  std::vector<std::string> argv;
  // Absolute; empty: the workspace.
  std::string cwd;
  // On top of the clean environment.
  std::vector<std::pair<std::string, std::string>> variables;
  GitAccess git = GitAccess::kReadOnly;
  // Narrower or wider than the policy's, if the user has said so.
  Network network = Network::kOff;
};

// Walls, put up once and used for many commands: /tmp and the loopback network
// are the same for all of them, processes are not: each command has its own
// process tree, and nothing of it is left when it has ended.
// One thread at a time may call Start; processes live on their own, also
// longer than the Sandbox.
class Sandbox {
 public:
  // Tries the confinements from policy.strongest down to kNone and takes the
  // first that this machine can do. Fails for a wrong policy only (kInvalid,
  // kNotFound). About 2 ms.
  static Result<std::unique_ptr<Sandbox>> Prepare(SandboxPolicy policy);
  ~Sandbox();

  // kNotFound when there is no such program; kUnavailable when a wall could
  // not be put up: then nothing has run.
  Result<std::unique_ptr<SandboxedProcess>> Start(
      const SandboxCommand& command);

  const SandboxPolicy& policy() const;
  // kNone: ask the user before each command, whatever the mode.
  Confinement confinement() const;
  // The highest Landlock version in use, 0 for none.
  int landlock_version() const;
  // What this machine cannot do and what follows from that, one line each;
  // none when all walls stand.
  const std::vector<std::string>& notes() const;

 private:
  struct State;
  explicit Sandbox(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::agent
