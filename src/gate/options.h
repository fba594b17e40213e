#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/contract.h"
#include "wire/types.h"

namespace cofferdam::gate {

// How the gate shows its credential to an upstream.
enum class UpstreamAuth { kXApiKey, kBearer };

// One provider endpoint, as `[upstream.NAME]` of the configuration says.
struct UpstreamOptions {
  std::string name;
  // The company behind it; with provider_response_id it keys an exchange.
  std::string provider;
  wire::Protocol protocol = wire::Protocol::kAnthropicMessages;
  // "https://host[:port][/base]"; the request's path is appended.
  std::string url;
  // Certificates that may sign the upstream's; empty: the system's.
  std::string ca_file;
  UpstreamAuth auth = UpstreamAuth::kXApiKey;
  // Where the credential comes from, one of both at most. Neither: none is
  // sent. Read at each start, never logged.
  std::string credential_env;
  std::string credential_file;
  policy::Contract contract;
};

// Limits of the gate; every wait and size that a peer could draw out.
struct GateLimits {
  int64_t request_body_bytes_max = int64_t{64} << 20;
  int64_t request_header_bytes_max = 64 << 10;
  int64_t connections_max = 4096;
  // From the first byte of a request to its last.
  int64_t request_read_timeout_ms = 60'000;
  // A connection that waits for its next request.
  int64_t keep_alive_timeout_ms = 120'000;
  // A client that takes no byte of its answer.
  int64_t write_timeout_ms = 120'000;
  int64_t upstream_connect_timeout_ms = 10'000;
  int64_t upstream_first_byte_timeout_ms = 600'000;
  // Silence within an answer.
  int64_t stream_idle_timeout_ms = 300'000;
  int64_t upstream_connections_max = 1024;
  // One server-sent event as the meter keeps it; forwarding has no such limit.
  int64_t event_bytes_max = 16 << 20;
  // A compressed answer as the meter reads it.
  int64_t decoded_answer_bytes_max = int64_t{256} << 20;
  // How long SIGTERM waits for running exchanges.
  int64_t drain_ms = 30'000;
};

struct GateOptions {
  // "127.0.0.1:8787"; port 0 for any free one.
  std::string listen;
  std::vector<UpstreamOptions> upstreams;
  GateLimits limits;
};

}  // namespace cofferdam::gate
