#include "agent/sandbox/sandboxed_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "agent/sandbox/launch_internal.h"
#include "agent/sandbox/sandboxed_process_internal.h"
#include "base/check.h"
#include "base/clock.h"

namespace cofferdam::agent {
namespace {

constexpr int64_t kTickMillis = 250;
constexpr size_t kPieceBytes = size_t{64} << 10;

uint64_t FreeBytes(int folder) {
  struct statvfs status = {};
  if (fstatvfs(folder, &status) != 0) {
    return UINT64_MAX;
  }
  return uint64_t{status.f_bavail} * status.f_frsize;
}

// One Wait: hears output and status, looks after the limits.
class Watch {
 public:
  Watch(SandboxedProcess& process, SandboxedProcess::Parts& parts,
        const SandboxWait& wait)
      : process_(process), parts_(parts), wait_(wait) {}

  SandboxExit Run() {
    const Clock& clock = SystemClock();
    const int64_t begun = clock.SteadyMicros();
    const FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const std::stop_callback on_stop(wait_.stop, [&] {
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t n = write(wake.get(), &one, sizeof(one));
    });
    const bool watch_disk =
        parts_.workspace.valid() &&
        FreeBytes(parts_.workspace.get()) >= parts_.disk_free_bytes_min;
    fcntl(parts_.launched.output.get(), F_SETFL, O_NONBLOCK);
    while (!ended_) {
      const int64_t left_ms =
          wait_.deadline_ms - (clock.SteadyMicros() - begun) / 1000;
      Poll(wake.get(), std::clamp<int64_t>(left_ms, 0, kTickMillis));
      if (ended_ || killed_) {
        continue;
      }
      if (wait_.stop.stop_requested()) {
        Kill(SandboxExit::Why::kStopped);
      } else if (exit_.output_bytes > wait_.output_bytes_max) {
        Kill(SandboxExit::Why::kOutputLimit);
      } else if (watch_disk && FreeBytes(parts_.workspace.get()) <
                                   parts_.disk_free_bytes_min) {
        Kill(SandboxExit::Why::kDiskFull);
      } else if ((clock.SteadyMicros() - begun) / 1000 >= wait_.deadline_ms) {
        Kill(SandboxExit::Why::kDeadline);
      } else if (parts_.on_tick && clock.SteadyMicros() >= next_tick_) {
        Add(parts_.on_tick());
        next_tick_ = clock.SteadyMicros() + kTickMillis * 1000;
      }
    }
    Reap();
    Drain();
    exit_.wall_micros = clock.SteadyMicros() - begun;
    if (parts_.on_end) {
      Add(parts_.on_end());
    }
    return std::move(exit_);
  }

 private:
  void Add(std::vector<std::string> lines) {
    std::move(lines.begin(), lines.end(), std::back_inserter(exit_.set_aside));
  }

  void Kill(SandboxExit::Why why) {
    killed_ = true;
    exit_.why = why;
    process_.Kill();
  }

  void Poll(int wake, int64_t millis) {
    struct pollfd waits[3] = {
        {parts_.launched.status.get(), POLLIN, 0},
        {output_ended_ ? -1 : parts_.launched.output.get(), POLLIN, 0},
        {killed_ ? -1 : wake, POLLIN, 0}};
    if (poll(waits, 3, static_cast<int>(millis)) <= 0) {
      return;
    }
    if (waits[1].revents != 0) {
      ReadOutput();
    }
    if (waits[0].revents != 0) {
      ReadStatus();
    }
  }

  // False when there is nothing more to read now.
  bool ReadOutput() {
    const ssize_t got =
        read(parts_.launched.output.get(), piece_.data(), piece_.size());
    if (got <= 0) {
      output_ended_ = got == 0;
      return false;
    }
    if (exit_.output_bytes > wait_.output_bytes_max) {
      return true;  // it dies; nobody hears the rest
    }
    exit_.output_bytes += static_cast<uint64_t>(got);
    if (wait_.on_output) {
      wait_.on_output({piece_.data(), static_cast<size_t>(got)});
    }
    return true;
  }

  void ReadStatus() {
    LaunchMessage message;
    const ssize_t got =
        read(parts_.launched.status.get(), &message, sizeof(message));
    if (got < 0 && errno == EINTR) {
      return;
    }
    ended_ = true;
    if (killed_) {
      return;
    }
    if (got != static_cast<ssize_t>(sizeof(message)) ||
        message.kind != LaunchMessage::Kind::kEnded) {
      exit_.why = SandboxExit::Why::kLost;
      process_.Kill();
    } else if (WIFSIGNALED(message.value)) {
      exit_.why = SandboxExit::Why::kSignalled;
      exit_.code = WTERMSIG(message.value);
    } else {
      exit_.code = WEXITSTATUS(message.value);
    }
  }

  // The guardian is gone only when all in its namespace are.
  void Reap() {
    const std::lock_guard lock(parts_.mutex);
    while (waitpid(parts_.launched.guardian, nullptr, 0) < 0 &&
           errno == EINTR) {
    }
    parts_.reaped = true;
  }

  // No more than a pipe holds: where processes can get away, they may write on.
  void Drain() {
    constexpr int kPiecesMax = 64;
    for (int i = 0; i < kPiecesMax && !output_ended_ && ReadOutput(); ++i) {
    }
  }

  SandboxedProcess& process_;
  SandboxedProcess::Parts& parts_;
  const SandboxWait& wait_;
  SandboxExit exit_;
  bool ended_ = false;
  bool killed_ = false;
  bool output_ended_ = false;
  int64_t next_tick_ = 0;
  std::vector<char> piece_ = std::vector<char>(kPieceBytes);
};

}  // namespace

SandboxedProcess::SandboxedProcess(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

SandboxedProcess::~SandboxedProcess() {
  if (!parts_->reaped) {
    Kill();
    Wait({});
  }
}

SandboxExit SandboxedProcess::Wait(const SandboxWait& wait) {
  CHECK(!parts_->reaped);
  return Watch(*this, *parts_, wait).Run();
}

void SandboxedProcess::Kill() {
  const std::lock_guard lock(parts_->mutex);
  if (parts_->reaped) {
    return;
  }
  if (parts_->launched.own_processes) {
    kill(parts_->launched.guardian, SIGKILL);
  } else {
    parts_->launched.lifeline.Reset(-1);
  }
}

pid_t SandboxedProcess::pid() const { return parts_->launched.guardian; }

}  // namespace cofferdam::agent
