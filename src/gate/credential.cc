#include "gate/credential.h"

#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/subprocess.h"

namespace cofferdam::gate {
namespace {

constexpr size_t kBytesMax = 16 << 10;
constexpr int64_t kCommandTimeoutMs = 10'000;
// A request waits a little longer than the command may take.
constexpr int64_t kWaitMs = 15'000;

std::string Trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  size_t end = text.find_last_not_of(" \t\r\n");
  return std::string(text.substr(begin, end - begin + 1));
}

// One line of printable bytes: what a header can carry.
bool IsSecret(std::string_view text) {
  for (unsigned char c : text) {
    if (c < 0x21 || c > 0x7e) return false;
  }
  return !text.empty();
}

Result<std::string> ReadSecret(const CredentialOptions& options) {
  std::string source;
  Result<std::string> text = std::string();
  if (!options.env.empty()) {
    source = "the environment variable " + options.env;
    const char* value = std::getenv(options.env.c_str());
    if (value == nullptr) {
      return Error(Code::kUnavailable,
                   source + " was not set when the gate started");
    }
    text = std::string(value);
  } else if (!options.file.empty()) {
    source = options.file;
    text = ReadFile(options.file, kBytesMax);
  } else {
    source = "the command " + options.command.front();
    text = ReadFromCommand(options.command, {kCommandTimeoutMs, kBytesMax});
  }
  if (!text.ok()) return Error(Code::kUnavailable, text.error().message());
  std::string secret = Trimmed(*text);
  if (!IsSecret(secret)) {
    return Error(Code::kUnavailable,
                 secret.empty() ? source + " gives nothing"
                                : source + " gives more than one word");
  }
  return secret;
}

}  // namespace

struct Credential::State : std::enable_shared_from_this<State> {
  State(const CredentialOptions& o, std::string name, const Clock& c,
        Workers& w, const Logger& l)
      : options(o),
        upstream(std::move(name)),
        clock(c),
        workers(w),
        logger(l) {}

  const CredentialOptions options;
  const std::string upstream;
  const Clock& clock;
  Workers& workers;
  const Logger& logger;

  mutable std::mutex mutex;
  Value value;
  std::optional<Error> error;  // of the last try, if it failed
  int64_t tried_us = 0;
  bool refused = false;
  bool fetching = false;
  std::vector<http::Promise<Value>> waiting;

  bool configured() const {
    return !options.env.empty() || !options.file.empty() ||
           !options.command.empty();
  }
  bool renewable() const {
    return !options.file.empty() || !options.command.empty();
  }
  bool OlderThan(int64_t ms) const {
    return clock.SteadyMicros() - tried_us >= ms * 1000;
  }

  Error Unavailable() const {
    return Error(Code::kUnavailable,
                 fmt::format("upstream \"{}\" has no credential: {}", upstream,
                             error ? error->message() : "it is being fetched"));
  }

  // Off the loops.
  void Fetch() {
    Result<std::string> secret = ReadSecret(options);
    std::vector<http::Promise<Value>> wake;
    std::optional<Result<Value>> answer;
    {
      std::lock_guard lock(mutex);
      fetching = false;
      tried_us = clock.SteadyMicros();
      if (secret.ok()) {
        value = std::make_shared<const std::string>(*std::move(secret));
        error.reset();
        refused = false;
        answer = value;
      } else {
        const bool news =
            !error || error->message() != secret.error().message();
        error = secret.error();
        if (news) {
          logger.Warning(
              "upstream_without_credential",
              {{"upstream", upstream}, {"reason", error->message()}});
        }
        answer = Unavailable();
      }
      wake.swap(waiting);
    }
    for (http::Promise<Value>& promise : wake) promise.Set(*answer);
  }

  // With the mutex held; kExhausted when the workers are all busy.
  Status StartFetch() {
    if (fetching) return {};
    TRY(workers.Submit([self = shared_from_this()] { self->Fetch(); }));
    fetching = true;
    return {};
  }
};

std::shared_ptr<Credential> Credential::Open(const CredentialOptions& options,
                                             std::string upstream,
                                             const Clock& clock,
                                             Workers& workers,
                                             const Logger& logger) {
  auto state = std::make_shared<State>(options, std::move(upstream), clock,
                                       workers, logger);
  if (!state->configured()) {
    state->value = std::make_shared<const std::string>();
  } else if (options.command.empty()) {
    state->Fetch();
  }
  return std::shared_ptr<Credential>(new Credential(std::move(state)));
}

http::Task<Result<Credential::Value>> Credential::Get(http::Loop& loop) {
  std::optional<http::Future<Value>> wait;
  {
    State& state = *state_;
    std::lock_guard lock(state.mutex);
    if (!state.renewable()) {
      if (state.value == nullptr) co_return state.Unavailable();
      co_return state.value;
    }
    if (state.value != nullptr && !state.refused) {
      if (state.OlderThan(state.options.refresh_ms)) {
        // What cannot be renewed now still serves.
        Status started = state.StartFetch();
        static_cast<void>(started);
      }
      co_return state.value;
    }
    if (state.error && !state.fetching && !state.OlderThan(kRetryMs)) {
      co_return state.Unavailable();
    }
    CO_TRY(state.StartFetch());
    auto [promise, future] = http::MakePromise<Value>(loop);
    state.waiting.push_back(std::move(promise));
    wait.emplace(std::move(future));
  }
  co_return co_await wait->Wait(kWaitMs);
}

void Credential::Refused() {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (state.renewable() && state.value != nullptr && !state.fetching &&
      state.OlderThan(kRetryMs)) {
    state.refused = true;
  }
}

Status Credential::state() const {
  const State& state = *state_;
  std::lock_guard lock(state.mutex);
  // A command that has not run yet is no fault.
  if (state.value != nullptr || !state.error) return {};
  return state.Unavailable();
}

}  // namespace cofferdam::gate
