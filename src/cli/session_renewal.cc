#include "cli/session_renewal.h"

#include <chrono>
#include <utility>

#include "cli/context.h"

namespace cofferdam::cli {
namespace {

constexpr auto kRenewEvery = std::chrono::minutes(20);

}  // namespace

SessionRenewal::SessionRenewal(Login session)
    : thread_([this, session = std::move(session)] {
        std::unique_lock lock(mutex_);
        while (!ended_.wait_for(lock, kRenewEvery, [this] { return over_; })) {
          Status renewed = RenewToken(session);
          if (!renewed.ok()) {
            Say("cofferdam: the session key was not renewed: " +
                renewed.error().message());
          }
        }
      }) {}

SessionRenewal::~SessionRenewal() {
  {
    std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

}  // namespace cofferdam::cli
