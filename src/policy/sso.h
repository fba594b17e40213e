#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "base/ulid.h"
#include "base/workers.h"
#include "policy/oidc.h"
#include "policy/sign_ins.h"
#include "policy/sso_options.h"
#include "policy/store.h"

namespace cofferdam::policy {

// Where a sign-in is made: at the gate for an engineer key, at the
// administration's address for a key of one of its roles.
enum class SsoDoor { kGate, kAdmin };

// A call of single sign-on (docs/formats/sso.md); nobody shows a key for it.
struct SsoCall {
  std::string method;
  // Behind the door's prefix: "sso", "sso/key", "sso/device",
  // "sso/device/key".
  std::string name;
  std::string body;  // JSON
};

// Turns a sign-in at an OpenID provider into a key: redeems the code that a
// command brings, checks the ID token, and gives what the person's groups are
// worth. The code is redeemed here, not by the command, so that the client's
// secret and every token stay between this process and the provider, and no
// call takes a token from outside.
//
// Who is refused hears what to do and a reference; what failed stands under it
// in the log (event "sso_refused"), without tokens, addresses and claims.
//
// Runs calls on two threads of its own, since they wait for the provider; at
// most kWaitingMax wait. Safe from any thread.
class SingleSignOn {
 public:
  static constexpr size_t kThreads = 2;
  static constexpr size_t kWaitingMax = 16;
  static constexpr size_t kBodyBytesMax = 16 << 10;
  // Discovery, code or device, keys, userinfo: four answers at most, and a
  // place in the queue.
  static constexpr int64_t kCallTimeoutMs = 120'000;

  // All of them outlive it. `fetch` makes a provider's transport of its
  // ca_file.
  SingleSignOn(Store& store, const Clock& clock, Random& random,
               const Logger& logger,
               std::function<OidcFetch(std::string)> fetch = FetchOverHttp);
  // Calls that wait are refused, one that runs asks the provider for nothing
  // more; blocks until they have ended.
  ~SingleSignOn();
  SingleSignOn(const SingleSignOn&) = delete;
  SingleSignOn& operator=(const SingleSignOn&) = delete;

  // From now on; none switches it off. Without a change the provider's answers
  // that are kept stay.
  void SetOptions(std::optional<SsoOptions> options);

  // Whether a path behind the door's prefix is one of its calls.
  static bool Owns(std::string_view name);

  // Runs the call on a thread of its own and gives the answer's JSON to
  // `answer` there, once. kExhausted when too many wait; `answer` is dropped.
  Status Submit(SsoDoor door, SsoCall call,
                std::function<void(Result<std::string>)> answer);
  // The same, here; blocks for as long as the provider takes.
  Result<std::string> Serve(SsoDoor door, const SsoCall& call);

 private:
  struct Provider {
    Provider(const SsoOptions& the_options, const Clock& clock, OidcFetch fetch)
        : options(the_options), oidc(options, clock, std::move(fetch)) {}
    const SsoOptions options;
    OidcProvider oidc;
  };
  struct Wanted {
    SsoDoor door;
    std::optional<Role> role;
  };

  Result<std::string> Describe(Provider& provider);
  Result<std::string> BeginDevice(Provider& provider);
  Result<std::string> RedeemCode(Provider& provider, SsoDoor door,
                                 const JsonDocument& body);
  Result<std::string> RedeemDevice(Provider& provider, SsoDoor door,
                                   const JsonDocument& body);
  Result<std::string> GiveKey(Provider& provider, const Wanted& wanted,
                              const OidcTokens& tokens,
                              std::optional<std::string_view> nonce);
  // Logs why, and says to the person what to do.
  Error Refused(SsoDoor door, const Error& error);

  Store& store_;
  const Clock& clock_;
  const Logger& logger_;
  const std::function<OidcFetch(std::string)> fetch_;
  UlidGenerator references_;
  std::mutex mutex_;  // guards provider_
  std::shared_ptr<Provider> provider_;
  std::atomic<bool> stopping_ = false;
  // Last, so that its threads end first.
  Workers workers_;
};

}  // namespace cofferdam::policy
