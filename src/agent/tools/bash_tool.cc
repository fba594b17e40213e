#include "agent/tools/bash_tool.h"

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>

#include "agent/tools/bash_jobs.h"
#include "agent/tools/shown_text.h"
#include "wire/shell_reader.h"

namespace cofferdam::agent {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kTitleBytesMax = 120;
// What Linux takes as one argument (MAX_ARG_STRLEN), with its end.
constexpr size_t kCommandBytesMax = (size_t{128} << 10) - 1;

constexpr std::string_view kDescription =
    "Run a bash command in a sandbox. It starts in the workspace; cd and "
    "variables do not last, files do, also in /tmp. stdin is empty; no "
    "editors or prompts. Only the workspace and /tmp can be written, the "
    "network may be off. You get stdout and stderr, exit code and time. "
    "background: true starts a server or long build as a job; {\"job\": 1} "
    "reads what is new, {\"job\": 1, \"kill\": true} ends it.";
constexpr std::string_view kSchema =
    R"({"type":"object","properties":{)"
    R"("command":{"type":"string"},)"
    R"("timeout":{"type":"integer","description":"seconds, default 120"},)"
    R"("background":{"type":"boolean"},)"
    R"("job":{"type":"integer"},)"
    R"("kill":{"type":"boolean"}}})";

// git's subcommands that write no more than history, index and work tree, and
// run no program that is named on the command line.
constexpr std::string_view kGitWriters[] = {
    "add",    "am",    "apply",       "branch", "checkout", "cherry-pick",
    "commit", "merge", "mv",          "notes",  "pull",     "fetch",
    "rebase", "reset", "restore",     "revert", "rm",       "stash",
    "switch", "tag",   "update-index"};
constexpr std::string_view kGitReaders[] = {
    "blame",  "diff",     "log",     "ls-files", "rev-parse", "show",
    "status", "rev-list", "ls-tree", "cat-file", "grep",      "merge-base"};
constexpr std::string_view kBeside[] = {
    "cd",   "echo", "printf", "cat",  "true", "ls", "head",
    "tail", "grep", "wc",     "test", "[",    "pwd"};

bool IsIn(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The subcommand, if nothing on the line has git run something else.
std::optional<std::string_view> GitSubcommand(
    const std::vector<wire::ShellWord>& words) {
  for (const wire::ShellWord& word : words) {
    if (word.value == "-c" || word.value == "-x" ||
        word.value.starts_with("--exec") ||
        word.value.starts_with("--config-env") ||
        word.value.starts_with("--git-dir") ||
        word.value.starts_with("--upload-pack")) {
      return std::nullopt;
    }
  }
  size_t at = 1;
  while (at < words.size() && words[at].value.starts_with('-')) {
    at += words[at].value == "-C" ? 2 : 1;
  }
  if (at >= words.size() || !words[at].is_literal) {
    return std::nullopt;
  }
  return words[at].value;
}

// What holds for all that a tool run writes.
std::string Seconds(int64_t micros) {
  return fmt::format("{:.1f} s", static_cast<double>(micros) / 1e6);
}

std::string EndText(const SandboxExit& exit, int64_t timeout_s) {
  using Why = SandboxExit::Why;
  const std::string time = Seconds(exit.wall_micros);
  switch (exit.why) {
    case Why::kExited:
      return fmt::format("[exit code {}, {}]", exit.code, time);
    case Why::kSignalled: {
      const char* name = sigabbrev_np(exit.code);
      return fmt::format("[ended by signal {}, {}]",
                         name == nullptr ? std::to_string(exit.code)
                                         : "SIG" + std::string(name),
                         time);
    }
    case Why::kDeadline:
      return fmt::format(
          "[killed: not done after {} s. Give a longer timeout, or run it with "
          "background: true]",
          timeout_s);
    case Why::kStopped:
      return fmt::format("[killed on request, {}]", time);
    case Why::kOutputLimit:
      return fmt::format("[killed: it wrote more than {} MiB]",
                         exit.output_bytes >> 20);
    case Why::kDiskFull:
      return "[killed: the disk is nearly full]";
    case Why::kLost:
      return "[killed: the sandbox lost it]";
  }
  return {};
}

// What a model should know of the walls when it runs into one.
std::string Hint(std::string_view output, const SandboxCommand& command) {
  const auto says = [&](std::string_view words) {
    return output.find(words) != output.npos;
  };
  if (command.network == Network::kOff &&
      (says("resolve host") || says("Network is unreachable") ||
       says("name resolution") || says("Name or service not known") ||
       says("EAI_AGAIN") || says("ENETUNREACH"))) {
    return "[the sandbox has no network in this session]";
  }
  if (says(".git/") &&
      (says("Read-only file system") || says("Permission denied"))) {
    return "[.git is read-only for commands; plain git add, commit, checkout "
           "and the like may write its history when they are the whole "
           "command]";
  }
  if (says("Read-only file system") || says("EROFS")) {
    return "[commands can write the workspace and /tmp only]";
  }
  return {};
}

void AddLine(std::string_view line, std::string* text) {
  if (!text->empty() && text->back() != '\n') {
    text->push_back('\n');
  }
  text->append(line);
}

// Hands output on in whole characters, and no more than a limit of it.
class Stream {
 public:
  Stream(ToolListener& listener, uint64_t bytes_max)
      : listener_(listener), left_(bytes_max) {}

  void Add(std::string_view piece) {
    has_nul_ = has_nul_ || piece.find('\0') != piece.npos;
    if (left_ == 0) {
      return;
    }
    held_.append(piece);
    // A character of at most four bytes may be cut at the end.
    size_t whole = held_.size();
    for (size_t back = 1; back <= std::min<size_t>(3, held_.size()); ++back) {
      const auto byte = static_cast<unsigned char>(held_[held_.size() - back]);
      if (byte >= 0xc0) {
        const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
        whole = length > back ? held_.size() - back : whole;
        break;
      }
      if (byte < 0x80) {
        break;
      }
    }
    Send(whole);
  }
  void End() { Send(held_.size()); }
  bool has_nul() const { return has_nul_; }

 private:
  void Send(size_t bytes) {
    bytes = std::min<uint64_t>(bytes, left_);
    if (bytes == 0) {
      return;
    }
    listener_.OnOutput(ShownText(std::string_view(held_).substr(0, bytes)));
    left_ -= bytes;
    held_.erase(0, bytes);
    if (left_ == 0) {
      held_.clear();
      listener_.OnOutput("\n[more is not shown here]\n");
    }
  }

  ToolListener& listener_;
  uint64_t left_;
  std::string held_;
  bool has_nul_ = false;
};

class BashTool : public Tool {
 public:
  explicit BashTool(BashToolOptions options)
      : options_(std::move(options)),
        spec_({"bash", std::string(kDescription), std::string(kSchema)}),
        shell_(access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh"),
        jobs_(options_.outputs, options_.shown) {}

  const ToolSpec& spec() const override { return spec_; }

  Result<Intent> Plan(const JsonValue& arguments) override {
    TRY(Check(arguments));
    Intent intent;
    if (const auto job = arguments["job"].Int()) {
      intent.kind = ToolKind::kRead;
      intent.title = fmt::format(
          "{} job {}",
          arguments["kill"].Bool().value_or(false) ? "End" : "Look at", *job);
      return intent;
    }
    const std::string_view command = arguments["command"].StringOrEmpty();
    TRY_ASSIGN(Sandbox * sandbox, options_.sandbox());
    intent.kind = ToolKind::kExecute;
    intent.command = command;
    intent.unconfined = sandbox->confinement() == Confinement::kNone;
    const std::string_view line = command.substr(0, command.find('\n'));
    const std::string_view cut = CutText(line, kTitleBytesMax);
    intent.title =
        fmt::format("Run {}{}", cut, cut.size() < command.size() ? " …" : "");
    if (GitAccessOf(command) == GitAccess::kHistory) {
      intent.writes.push_back(sandbox->policy().workspace + "/.git");
    }
    return intent;
  }

  ToolOutcome Run(const JsonValue& arguments, ToolListener& listener,
                  std::stop_token stop) override {
    const Status good = Check(arguments);
    Result<ToolOutcome> outcome = !good.ok() ? Result<ToolOutcome>(good.error())
                                  : arguments["job"].present()
                                      ? RunJob(arguments, stop)
                                      : RunCommand(arguments, listener, stop);
    if (!outcome.ok()) {
      return {.text = outcome.error().message(), .failed = true};
    }
    return *std::move(outcome);
  }

 private:
  Status Check(const JsonValue& arguments) const {
    const std::string_view command = arguments["command"].StringOrEmpty();
    const bool has_job = arguments["job"].present();
    if (has_job && !command.empty()) {
      return Error(Code::kInvalid,
                   "give either command, or job to look at one");
    }
    if (!has_job && command.find_first_not_of(" \t\r\n") == command.npos) {
      return Error(Code::kInvalid, "command is missing or empty");
    }
    if (command.size() > kCommandBytesMax) {
      return Error(Code::kTooLarge,
                   "the command is longer than 128 KiB: write a file with the "
                   "write tool and run that");
    }
    if (command.find('\0') != command.npos) {
      return Error(Code::kInvalid, "the command holds a NUL character");
    }
    return Status();
  }

  int64_t TimeoutOf(const JsonValue& arguments) const {
    const int64_t wanted =
        arguments["timeout"].Int().value_or(options_.limits.timeout_s_default);
    return std::clamp<int64_t>(wanted, 1, options_.limits.timeout_s_max);
  }

  Result<ToolOutcome> RunCommand(const JsonValue& arguments,
                                 ToolListener& listener, std::stop_token stop) {
    TRY_ASSIGN(Sandbox * sandbox, options_.sandbox());
    const std::string text(arguments["command"].StringOrEmpty());
    const bool background = arguments["background"].Bool().value_or(false);
    if (background) {
      TRY(jobs_.CanAdd());
    }
    SandboxCommand command = {
        .argv = {shell_, "-c", text},
        .cwd = {},
        .variables = options_.variables ? options_.variables() : Variables(),
        .git = GitAccessOf(text),
        .network = sandbox->policy().network};
    TRY_ASSIGN(std::unique_ptr<SandboxedProcess> process,
               sandbox->Start(command));
    if (background) {
      const int64_t job =
          jobs_.Add(text, std::move(process), options_.limits.output_bytes_max);
      return ToolOutcome{
          .text = fmt::format("[job {0} runs in the background; {{\"job\": "
                              "{0}}} reads its output]",
                              job)};
    }
    OutputCap cap(options_.shown, options_.outputs == nullptr
                                      ? std::string()
                                      : options_.outputs->Next("bash"));
    Stream stream(listener, options_.limits.streamed_bytes_max);
    const int64_t timeout_s = TimeoutOf(arguments);
    const SandboxExit exit =
        process->Wait({.deadline_ms = timeout_s * 1000,
                       .output_bytes_max = options_.limits.output_bytes_max,
                       .stop = stop,
                       .on_output = [&](std::string_view piece) {
                         cap.Append(piece);
                         stream.Add(piece);
                       }});
    stream.End();
    ToolOutcome outcome;
    outcome.text = cap.Show().text;
    AddEnd(exit, timeout_s, command, stream.has_nul(), &outcome);
    return outcome;
  }

  static void AddEnd(const SandboxExit& exit, int64_t timeout_s,
                     const SandboxCommand& command, bool has_nul,
                     ToolOutcome* outcome) {
    outcome->failed = exit.why != SandboxExit::Why::kExited || exit.code != 0;
    const std::string hint =
        outcome->failed ? Hint(outcome->text, command) : std::string();
    if (has_nul) {
      AddLine("[the output holds binary data]", &outcome->text);
    }
    for (const std::string& line : exit.set_aside) {
      AddLine("[sandbox: " + ShownText(line) + "]", &outcome->text);
    }
    if (!hint.empty()) {
      AddLine(hint, &outcome->text);
    }
    AddLine(EndText(exit, timeout_s), &outcome->text);
  }

  Result<ToolOutcome> RunJob(const JsonValue& arguments, std::stop_token stop) {
    const int64_t number = arguments["job"].Int().value_or(0);
    const bool kill = arguments["kill"].Bool().value_or(false);
    TRY_ASSIGN(JobReport report,
               kill ? jobs_.Kill(number)
                    : jobs_.Read(number, options_.limits.job_wait_ms, stop));
    ToolOutcome outcome;
    outcome.text = report.output.text;
    if (!report.exit.has_value()) {
      AddLine(fmt::format("[job {} runs since {}{}]", number,
                          Seconds(report.ran_micros),
                          report.output.bytes == 0 ? ", nothing new" : ""),
              &outcome.text);
      return outcome;
    }
    AddEnd(*report.exit, BashJobs::kDeadlineMillis / 1000, {}, false, &outcome);
    if (kill) {
      outcome.failed = false;  // as was asked
    }
    return outcome;
  }

  BashToolOptions options_;
  ToolSpec spec_;
  std::string shell_;
  BashJobs jobs_;
};

}  // namespace

std::unique_ptr<Tool> MakeBashTool(BashToolOptions options) {
  return std::make_unique<BashTool>(std::move(options));
}

GitAccess GitAccessOf(std::string_view command) {
  bool writes = false;
  for (const wire::ShellCommand& part : wire::ReadShell(command)) {
    if (part.words.empty() || !part.words[0].is_literal) {
      return GitAccess::kReadOnly;
    }
    const std::string_view program = part.words[0].value;
    if (program != "git") {
      if (!IsIn(program, kBeside)) {
        return GitAccess::kReadOnly;
      }
      continue;
    }
    const std::optional<std::string_view> subcommand =
        GitSubcommand(part.words);
    if (!subcommand.has_value()) {
      return GitAccess::kReadOnly;
    }
    if (IsIn(*subcommand, kGitWriters)) {
      writes = true;
    } else if (!IsIn(*subcommand, kGitReaders)) {
      return GitAccess::kReadOnly;
    }
  }
  return writes ? GitAccess::kHistory : GitAccess::kReadOnly;
}

}  // namespace cofferdam::agent
