#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"

namespace cofferdam::policy {

// An address of the provider: what to connect to, and what to ask there.
struct OidcAddress {
  std::string server;  // "https://login.example.com:8443"
  std::string target;  // "/oauth2/token?tenant=1"

  // kInvalid unless it is https, or http on loopback (127.0.0.0/8, [::1],
  // localhost), without user name and fragment.
  static Result<OidcAddress> Parse(std::string_view url);
};

// How the provider is asked; given, so that a test can be the provider.
// `body` of a POST is a form.
using OidcFetch = std::function<Result<http::Response>(
    const OidcAddress& address, const http::RequestHead& head,
    std::string_view body)>;

// Over the network: 10 s and 512 KiB at most, certificates checked against
// `ca_file`, or the system's. Redirects are answers like any other, and no
// answer but 200 is one of ours.
OidcFetch FetchOverHttp(std::string ca_file);

// One value of a form or query, percent-encoded (RFC 3986, 2.3).
std::string FormEncoded(std::string_view text);

}  // namespace cofferdam::policy
