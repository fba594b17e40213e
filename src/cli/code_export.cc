#include "cli/code_export.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/subprocess.h"
#include "corpus/repository.h"

namespace cofferdam::cli {
namespace {

constexpr SubprocessLimits kBlameLimits = {
    .timeout_ms = 600'000, .output_bytes_max = size_t{64} << 20};
constexpr std::string_view kGitAi = "git-ai";
constexpr std::string_view kAgentTrace = "agent-trace";

// `cofferdam blame ROOT --export …`, as this process found its ledger.
Result<std::string> Blame(const Invocation& call, const std::string& root,
                          std::vector<std::string> words) {
  std::vector<std::string> command = {"/proc/self/exe", "blame", root};
  for (const char* flag : {"--config", "--data", "--admin"}) {
    if (!call.Has(flag)) continue;
    command.push_back(flag);
    command.push_back(call.Text(flag));
  }
  for (std::string& word : words) command.push_back(std::move(word));
  return ReadFromCommand(command, kBlameLimits);
}

Status AppendTrace(const std::string& root, const std::string& record) {
  const std::string folder = root + "/.agent-trace";
  TRY(MakeFolder(folder, 0777));
  const std::string path = folder + "/traces.jsonl";
  FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
           0666));
  if (!file.valid()) return Error::FromErrno(errno, "open " + path);
  ssize_t n;
  do {
    n = write(file.get(), record.data(), record.size());
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(record.size())) return {};
  return Error::FromErrno(n < 0 ? errno : ENOSPC, "write " + path);
}

}  // namespace

Status CheckExportFormat(std::string_view format) {
  if (format == kGitAi || format == kAgentTrace) return {};
  return Error(Code::kInvalid,
               fmt::format("--export: \"{}\" is neither git-ai nor agent-trace",
                           format));
}

Result<std::string> ExportProvenance(const Invocation& call,
                                     std::string_view format,
                                     const std::string& workspace) {
  TRY(CheckExportFormat(format));
  const auto repository =
      corpus::RepositoryAt(workspace, corpus::Compare::kSkip);
  if (!repository || repository->head_commit.empty()) {
    return Error(
        Code::kInvalid,
        fmt::format("--export: nothing is committed in {}", workspace));
  }
  if (format == kGitAi) {
    TRY(Blame(call, repository->root, {"--export", "git-ai", "--add-notes"}));
    return std::string("notes of git-ai are under refs/notes/ai");
  }
  TRY_ASSIGN(const std::string record,
             Blame(call, repository->root, {"--export", "agent-trace"}));
  TRY(AppendTrace(repository->root, record));
  return std::string("a record was added to .agent-trace/traces.jsonl");
}

}  // namespace cofferdam::cli
