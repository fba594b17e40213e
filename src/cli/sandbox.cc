#include "agent/sandbox/sandbox.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;

// As shells say it of a program that a signal or a limit ended.
constexpr int kSignalBase = 128;
constexpr int kKilled = 137;
constexpr int64_t kDayMillis = int64_t{24} * 3600 * 1000;

Result<bool> IsOn(const Invocation& call, std::string_view flag) {
  const std::string word = call.Has(flag) ? call.Text(flag) : "off";
  if (word != "on" && word != "off") {
    return Error(Code::kInvalid,
                 fmt::format("{} takes on or off, not \"{}\"", flag, word));
  }
  return word == "on";
}

Result<agent::SandboxPolicy> PolicyOf(const Invocation& call) {
  agent::SandboxPolicy policy;
  std::error_code error;
  policy.workspace = call.Has("--cd")
                         ? std::filesystem::absolute(call.Text("--cd"), error)
                         : std::filesystem::current_path(error);
  for (const std::string& path : call.Texts("--writable")) {
    policy.writable.push_back(std::filesystem::absolute(path, error));
  }
  for (const std::string& path : call.Texts("--hidden")) {
    policy.hidden.push_back(std::filesystem::absolute(path, error));
  }
  policy.variables = call.Texts("--variable");
  TRY_ASSIGN(const bool network, IsOn(call, "--network"));
  policy.network = network ? agent::Network::kOn : agent::Network::kOff;
  TRY_ASSIGN(const bool sockets, IsOn(call, "--unix-sockets"));
  policy.unix_sockets =
      sockets ? agent::UnixSockets::kAllowed : agent::UnixSockets::kPairsOnly;
  if (call.Has("--confinement")) {
    const std::string wanted = call.Text("--confinement");
    std::optional<agent::Confinement> found;
    for (const agent::Confinement one :
         {agent::Confinement::kNamespaces, agent::Confinement::kBubblewrap,
          agent::Confinement::kLandlock, agent::Confinement::kNone}) {
      if (agent::ConfinementName(one) == wanted) {
        found = one;
      }
    }
    if (!found.has_value()) {
      return Error(Code::kInvalid,
                   "--confinement takes namespaces, bubblewrap, landlock or "
                   "none");
    }
    policy.strongest = *found;
  }
  return policy;
}

int Tell(const Invocation& call, const agent::Sandbox& sandbox) {
  const std::string_view name = agent::ConfinementName(sandbox.confinement());
  if (call.json()) {
    JsonWriter json;
    json.BeginObject().Field("confinement", name);
    json.Field("landlock", sandbox.landlock_version());
    json.Key("notes").BeginArray();
    for (const std::string& note : sandbox.notes()) {
      json.String(note);
    }
    json.EndArray().EndObject();
    fmt::print("{}\n", json.text());
  } else {
    fmt::print("confinement  {}\n", name);
    fmt::print("landlock     {}\n",
               sandbox.landlock_version() == 0
                   ? "none"
                   : fmt::format("version {}", sandbox.landlock_version()));
    for (const std::string& note : sandbox.notes()) {
      fmt::print("note         {}\n", note);
    }
  }
  return sandbox.confinement() == agent::Confinement::kNone ? 1 : 0;
}

int CodeOf(const agent::SandboxExit& exit) {
  using Why = agent::SandboxExit::Why;
  switch (exit.why) {
    case Why::kExited:
      return exit.code;
    case Why::kSignalled:
      return kSignalBase + exit.code;
    case Why::kDeadline:
      Say("cofferdam: sandbox: killed: its time is over");
      return kKilled;
    case Why::kDiskFull:
      Say("cofferdam: sandbox: killed: the disk is nearly full");
      return kKilled;
    case Why::kStopped:
    case Why::kOutputLimit:
    case Why::kLost:
      return kKilled;
  }
  return kKilled;
}

// A program started by fork and exec alone, until it has ended.
Status RunPlainly(const char* program) {
  char* const argv[] = {const_cast<char*>(program), nullptr};
  const pid_t child = fork();
  if (child == 0) {
    execv(program, argv);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
    return Error(Code::kUnavailable, fmt::format("{} did not run", program));
  }
  return Status();
}

int64_t MedianOf(std::vector<int64_t> micros) {
  std::nth_element(micros.begin(),
                   micros.begin() + static_cast<ptrdiff_t>(micros.size() / 2),
                   micros.end());
  return micros[micros.size() / 2];
}

// What the walls cost a command: /bin/true behind them and without them, taking
// turns, from the start until it has ended.
Result<int> Measure(const Invocation& call, agent::Sandbox& sandbox) {
  constexpr int64_t kRoundsMax = 10'000;
  constexpr char kProgram[] = "/bin/true";
  const int64_t rounds = *call.Number("--measure");
  if (rounds < 1 || rounds > kRoundsMax) {
    return Error(Code::kInvalid, "--measure takes 1 to 10000 rounds");
  }
  const Clock& clock = SystemClock();
  std::vector<int64_t> confined;
  std::vector<int64_t> plain;
  agent::SandboxCommand command;
  command.argv = {kProgram};
  for (int64_t i = 0; i < rounds; ++i) {
    const int64_t begun = clock.SteadyMicros();
    TRY_ASSIGN(std::unique_ptr<agent::SandboxedProcess> process,
               sandbox.Start(command));
    process->Wait({});
    const int64_t between = clock.SteadyMicros();
    TRY(RunPlainly(kProgram));
    confined.push_back(between - begun);
    plain.push_back(clock.SteadyMicros() - between);
  }
  const int64_t walls = MedianOf(std::move(confined));
  const int64_t bare = MedianOf(std::move(plain));
  if (call.json()) {
    JsonWriter json;
    json.BeginObject()
        .Field("confinement", agent::ConfinementName(sandbox.confinement()))
        .Field("rounds", rounds)
        .Field("confined_us", walls)
        .Field("plain_us", bare)
        .EndObject();
    fmt::print("{}\n", json.text());
  } else {
    fmt::print(
        "{:>8} us  in the sandbox ({})\n{:>8} us  by fork and exec\n"
        "{:>8} us  for the walls, medians of {}\n",
        walls, agent::ConfinementName(sandbox.confinement()), bare,
        walls - bare, rounds);
  }
  return 0;
}

Result<int> RunSandbox(const Invocation& call) {
  TRY_ASSIGN(agent::SandboxPolicy policy, PolicyOf(call));
  TRY_ASSIGN(std::unique_ptr<agent::Sandbox> sandbox,
             agent::Sandbox::Prepare(std::move(policy)));
  if (call.Has("--measure")) {
    return Measure(call, *sandbox);
  }
  if (call.positionals().empty()) {
    return Tell(call, *sandbox);
  }
  for (const std::string& note : sandbox->notes()) {
    Say("cofferdam: sandbox: " + note);
  }
  agent::SandboxCommand command;
  command.argv = call.positionals();
  command.network = sandbox->policy().network;
  command.git = call.Has("--history") ? agent::GitAccess::kHistory
                                      : agent::GitAccess::kReadOnly;
  TRY_ASSIGN(std::unique_ptr<agent::SandboxedProcess> process,
             sandbox->Start(command));
  agent::SandboxWait wait;
  wait.deadline_ms =
      call.Number("--timeout").value_or(kDayMillis / 1000) * 1000;
  wait.output_bytes_max = UINT64_MAX;
  wait.on_output = [](std::string_view piece) {
    while (!piece.empty()) {
      const ssize_t written = write(STDOUT_FILENO, piece.data(), piece.size());
      if (written <= 0) {
        return;
      }
      piece.remove_prefix(static_cast<size_t>(written));
    }
  };
  const agent::SandboxExit exit = process->Wait(wait);
  for (const std::string& line : exit.set_aside) {
    Say("cofferdam: sandbox: " + line);
  }
  return CodeOf(exit);
}

}  // namespace

std::vector<Command> SandboxCommands() {
  return {
      {"sandbox",
       "Runs a command as `code` runs those of a model, its stdin empty and "
       "stderr merged into stdout, and ends with its exit code; without one, "
       "says how well this machine can confine it (1: not at all)",
       {{"COMMAND", Positional::Count::kAny, "behind --"}},
       {{"--cd", Takes::kText, "the workspace; default: this folder"},
        {"--writable", Takes::kTexts,
         "another folder that it may write; may be given several times"},
        {"--hidden", Takes::kTexts,
         "a file or folder that it may not even read; may be given several "
         "times"},
        {"--variable", Takes::kTexts,
         "a variable of the environment that it gets, too; may be given "
         "several times"},
        {"--network", Takes::kText, "on or off (default)"},
        {"--unix-sockets", Takes::kText,
         "whether it may use sockets with names, which reach services "
         "outside: on or off (default)"},
        {"--history", Takes::kNothing,
         "it may write the history of the repository, as git commit does"},
        {"--confinement", Takes::kText,
         "the strongest to try: namespaces, bubblewrap, landlock, none"},
        {"--timeout", Takes::kNumber, "seconds until it is killed"},
        {"--measure", Takes::kNumber,
         "say what the walls cost /bin/true, by so many rounds"},
        {"--json", Takes::kNothing, "without a command: print JSON"}},
       false,
       RunSandbox}};
}

}  // namespace cofferdam::cli
