#pragma once

#include <cstdint>
#include <string>

#include "http/client.h"
#include "http/stream_internal.h"

// What is said to a forward proxy (RFC 9110, 9.3.6 and 11.7).

namespace cofferdam::http {

// kInvalid when the upstream's proxy cannot be one.
Status CheckProxy(const Upstream& upstream);

// "Proxy-Authorization: Basic …\r\n", or nothing without a credential.
std::string ProxyAuthorization(const Upstream::Proxy& proxy);

// What the proxy says instead of doing it: kUnavailable.
Error ProxyRefusal(const ResponseHead& head);

// Makes a stream to the upstream's proxy one to the upstream. kUnavailable with
// what the proxy said, kDeadline, kCancelled.
Task<Status> OpenTunnel(Stream& stream, const Upstream& upstream,
                        int64_t timeout_ms);

}  // namespace cofferdam::http
