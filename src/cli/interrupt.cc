#include "cli/interrupt.h"

#include <signal.h>

namespace cofferdam::cli {
namespace {

std::atomic<bool> was_stopped = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void OnSignal(int) { was_stopped = true; }

void Take(void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  was_stopped = false;
  Take(OnSignal, static_cast<int>(SA_RESETHAND));
  // A file beyond the limit of the process is then an error that names it.
  signal(SIGXFSZ, SIG_IGN);
}

Interrupt::~Interrupt() {
  Take(SIG_DFL, 0);
  signal(SIGXFSZ, SIG_DFL);
}

const std::atomic<bool>* Interrupt::stopped() const { return &was_stopped; }

void Interrupt::Stop() { was_stopped = true; }

}  // namespace cofferdam::cli
