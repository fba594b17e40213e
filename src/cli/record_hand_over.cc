#include "cli/record_hand_over.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include "cli/config.h"
#include "cli/context.h"
#include "cli/gate_client.h"
#include "cli/history_target.h"
#include "http/url.h"

extern char** environ;

namespace cofferdam::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPollMs = 5;
// By which a command finds its ledger.
constexpr const char* kPlaceFlags[] = {"--config", "--data", "--admin"};

// Whether anybody would take records: nothing is made for them.
bool HasLedger(const Invocation& call) {
  auto stores = HistoryTarget::HasStores(call);
  return (stores.ok() && *stores) || ReadLogin().ok();
}

bool SameServer(const std::string& a, const std::string& b) {
  auto one = http::Url::Parse(a);
  auto other = http::Url::Parse(b);
  return one.ok() && other.ok() && one->scheme == other->scheme &&
         one->host == other->host && one->port == other->port;
}

}  // namespace

std::string ContractOfEngine(const Invocation& call,
                             const std::string& engine_url) {
  auto config = LoadConfigFor(call);
  if (!config.ok()) return "";
  for (const auto& upstream : config->gate.upstreams) {
    if (SameServer(upstream.url, engine_url)) return upstream.contract.name;
  }
  return "";
}

Status RecordHandOver::Start() {
  std::vector<std::string> words = {"cofferdam", "import", "cofferdam-code",
                                    "--delete-taken"};
  for (const char* flag : kPlaceFlags) {
    if (!call_.Has(flag)) continue;
    words.push_back(flag);
    words.push_back(call_.Text(flag));
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  // A group of its own: Ctrl-C of the terminal is not meant for it.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int error = posix_spawn(&child_, "/proc/self/exe", &actions,
                                &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    child_ = 0;
    return Error::FromErrno(error, "start cofferdam import");
  }
  wanted_ = false;
  return {};
}

bool RecordHandOver::Reap() {
  if (child_ == 0) return true;
  int status = 0;
  const pid_t ended = waitpid(child_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
  failed_ = ended != child_ || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  child_ = 0;
  return true;
}

void RecordHandOver::Begin() {
  std::lock_guard lock(mutex_);
  wanted_ = true;
  if (!Reap() || !HasLedger(call_)) return;
  failed_ = !Start().ok();
}

std::string RecordHandOver::WordsOfWaiting() const {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    std::error_code gone;
    const uint64_t size = entry.file_size(gone);
    if (!gone) bytes += size;
  }
  if (bytes < kWaitingBytesUntold) return "";
  return fmt::format(
      "{} MiB of records wait in {} for a ledger: log in to a gate, or give "
      "them to one with `cofferdam import cofferdam-code --data FOLDER`",
      bytes >> 20, folder_);
}

std::string RecordHandOver::Finish() {
  std::unique_lock lock(mutex_);
  const int64_t until = clock_.SteadyMicros() + kFinishMsMax * 1'000;
  int tries = 0;
  while (true) {
    if (Reap()) {
      if (!wanted_ && !failed_) return "";
      // What was new while one ran, or what one failed at, once more.
      if (tries++ > 0 || !HasLedger(call_)) break;
      failed_ = !Start().ok();
      continue;
    }
    if (clock_.SteadyMicros() > until) break;
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
    lock.lock();
  }
  if (!HasLedger(call_)) return WordsOfWaiting();
  return "what was recorded of this session could not all be handed to the "
         "ledger; it is kept, and `cofferdam import cofferdam-code` says why";
}

}  // namespace cofferdam::cli
