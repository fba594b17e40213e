#include "agent/session/commit_trailer.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

// githooks(5): those that a git command on the client side runs and whose work
// would be missed.
constexpr const char* kHooks[] = {"applypatch-msg",    "pre-applypatch",
                                  "post-applypatch",   "pre-commit",
                                  "pre-merge-commit",  "prepare-commit-msg",
                                  "commit-msg",        "post-commit",
                                  "pre-rebase",        "post-checkout",
                                  "post-merge",        "pre-push",
                                  "post-rewrite",      "reference-transaction",
                                  "post-index-change", "pre-auto-gc",
                                  "sendemail-validate"};

constexpr const char* kVariable = "COFFERDAM_COMMIT_TRAILER";

// First what the repository itself would run: of core.hooksPath in its files,
// else its folder of hooks; without our variables, so that it finds them. Then
// the trailer, which is never taken for words of the shell; a message that is
// empty stays so where git would refuse it.
constexpr std::string_view kScript = R"sh(#!/bin/sh
name=${0##*/}
own=$(env -u GIT_CONFIG_COUNT git config --path core.hooksPath) ||
  own=$(git rev-parse --git-common-dir)/hooks
own=$own/$name
if [ -x "$own" ]; then "$own" "$@" || exit $?; fi
[ -n "$COFFERDAM_COMMIT_TRAILER" ] || exit 0
case $name in
  prepare-commit-msg) ;;
  commit-msg | applypatch-msg)
    git stripspace --strip-comments <"$1" | grep -q . || exit 0 ;;
  *) exit 0 ;;
esac
# A merge's message has no end of line, and a trailer must not stand right there.
[ -z "$(tail -c 1 "$1")" ] || echo >>"$1"
exec git -c trailer.separators=: interpret-trailers --in-place --no-divider \
  --where end --if-exists addIfDifferent --if-missing add \
  --trailer "$COFFERDAM_COMMIT_TRAILER" "$1"
)sh";

constexpr size_t kScriptBytesMax = 4096;

// Again only where it is not there: commands may be running it.
Status WriteScript(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    auto text = ReadFile(path, kScriptBytesMax);
    if (text.ok() && *text == kScript) return {};
  }
  return WriteFileAtomically(path, kScript, 0700);
}

}  // namespace

Result<CommitTrailer> CommitTrailer::Make(const std::string& folder,
                                          const std::string& trailer) {
  if (trailer.empty() || trailer.find_first_of("\r\n") != std::string::npos ||
      trailer.find(':') == std::string::npos) {
    return Error(Code::kInvalid,
                 "a trailer of commits must be one line \"Key: value\"");
  }
  TRY(MakeFolder(folder, 0700));
  TRY(WriteScript(folder + "/run"));
  for (const char* hook : kHooks) {
    if (symlink("run", (folder + "/" + hook).c_str()) != 0 && errno != EEXIST) {
      return Error::FromErrno(errno, "make " + folder + "/" + hook);
    }
  }
  return CommitTrailer(folder, trailer);
}

std::vector<std::pair<std::string, std::string>> CommitTrailer::Variables(
    int count) const {
  return {{"GIT_CONFIG_COUNT", std::to_string(count + 1)},
          {fmt::format("GIT_CONFIG_KEY_{}", count), "core.hooksPath"},
          {fmt::format("GIT_CONFIG_VALUE_{}", count), folder_},
          {kVariable, trailer_}};
}

}  // namespace cofferdam::agent
