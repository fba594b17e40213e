#pragma once

#include <string>

#include "base/random.h"
#include "base/result.h"
#include "cli/gate_client.h"

namespace cofferdam::cli {

// How somebody signs in at the provider.
struct SsoLogin {
  enum class Way {
    kBrowser,       // here: a browser is opened where there is one
    kPrintAddress,  // here, with a browser that the person opens
    kDevice,        // on another device (RFC 8628)
  };
  Way way = Way::kBrowser;
  std::string role;  // of a key for administration; empty: the most there is
};

struct SsoKey {
  std::string secret;
  std::string role;
  std::string person;
  std::string team;
  std::string expires_at;
};

// Signs in at the provider that the server at `where` (the gate, or the
// administration) trusts, and comes back with a key. Says on stderr what to do.
// Waits for the person: 5 minutes, or as long as the provider's code lives.
// Errors carry the server's own words.
Result<SsoKey> SignInBySso(const Login& where, const SsoLogin& how,
                           Random& random);

}  // namespace cofferdam::cli
