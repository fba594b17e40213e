#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "account/rollup.h"
#include "policy/contract.h"
#include "policy/law.h"
#include "policy/prices.h"
#include "policy/terms.h"
#include "wire/types.h"

namespace cofferdam::gate {

// In which header the gate shows its credential to an upstream.
enum class UpstreamAuth { kXApiKey, kBearer, kApiKey, kXGoogApiKey };

// "x-api-key", "bearer", "api-key", "x-goog-api-key".
std::string_view UpstreamAuthName(UpstreamAuth auth);
std::optional<UpstreamAuth> ParseUpstreamAuth(std::string_view name);

// Where a credential comes from, one of the three at most; none: none is
// shown. Never logged.
struct CredentialOptions {
  std::string env;
  std::string file;
  // Run without a shell; what it prints, less white space around it.
  std::vector<std::string> command;
  // How long what a file or command gave is used before it is asked again.
  int64_t refresh_ms = 300'000;

  bool operator==(const CredentialOptions&) const = default;
};

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
  // "http://[user:password@]host:port" of a forward proxy, the two as they are
  // (not percent-encoded); empty: direct.
  std::string proxy;
  UpstreamAuth auth = UpstreamAuth::kXApiKey;
  CredentialOptions credential;
  // Names of the models it serves, "*" for any run of characters. A request
  // goes to the first upstream of its protocol, in the order of the file, that
  // has its model.
  std::vector<std::string> models = {"*"};
  // Paths beside those of the protocol that it may be asked for, as
  // "GET /v1/files", "/v1/files/*": a method or any, a path, "*" at its end
  // for whatever follows. They are not metered; each is recorded.
  std::vector<std::string> pass;
  // Chat Completions: ask for the usage of streams where the client did not,
  // and take the chunk out again.
  bool ask_for_usage = true;
  policy::Contract contract;

  bool operator==(const UpstreamOptions&) const = default;
};

// What a provider gives to the whole company, as `[provider.NAME]` of the
// configuration says.
struct CapacityOptions {
  // As UpstreamOptions::provider: all upstreams of that company together.
  std::string provider;
  int64_t requests_per_minute = 0;  // 0: no limit
  int64_t tokens_per_minute = 0;
  // How long a request waits for its turn at most.
  int64_t wait_ms = 30'000;
  // A person of that team gets so many times what others get.
  std::vector<std::pair<std::string, int64_t>> weights;

  bool operator==(const CapacityOptions&) const = default;
};

// Limits of the gate; every wait and size that a peer could draw out.
struct GateLimits {
  int64_t request_body_bytes_max = int64_t{64} << 20;
  int64_t request_header_bytes_max = 64 << 10;
  int64_t connections_max = 16'384;
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
  // Silence within a stream after which the client gets a sign of life; 0:
  // never.
  int64_t keepalive_ms = 15'000;
  // A cut answer whose model may have reasoned unseen, and whose request named
  // no bound, counts as this many tokens.
  int64_t output_tokens_reserve = 32'000;

  bool operator==(const GateLimits&) const = default;
};

// PEM files; both or none.
struct TlsFiles {
  std::string certificate;
  std::string key;

  bool operator==(const TlsFiles&) const = default;
};

struct GateOptions {
  // "127.0.0.1:8787"; port 0 for any free one.
  std::string listen;
  // With it the gate speaks TLS to its clients.
  TlsFiles tls;
  std::vector<UpstreamOptions> upstreams;
  std::vector<CapacityOptions> capacities;
  // What the contracts' outputs may be used for. Immutable.
  std::shared_ptr<const policy::TermsTable> terms;
  // Immutable; null: a law without rules.
  std::shared_ptr<const policy::Law> law;
  // What requests may cost, and what exchanges are charged. Immutable; null:
  // the table in the binary.
  std::shared_ptr<const policy::PriceTable> prices;
  account::Pricing pricing;
  GateLimits limits;
};

}  // namespace cofferdam::gate
