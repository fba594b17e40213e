#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/conversation.h"
#include "base/clock.h"
#include "base/result.h"

namespace cofferdam::agent {

// Bounds of one client's connection. What happens beyond each is said here.
struct AcpLimits {
  // One message of the client, without its end; a longer one is passed over
  // and answered with a parse error.
  size_t line_bytes_max = size_t{16} << 20;
  // Messages that wait for a client that does not read; then turns wait, too.
  size_t waiting_bytes_max = size_t{4} << 20;
  // How long they wait without a byte taken; then the client counts as gone.
  int64_t client_stall_ms = 300'000;
  // Open at once; one more is an error.
  size_t sessions_max = 32;
  // Requests of one session that wait for its turn to end; one more is an
  // error.
  size_t requests_waiting_max = 16;
  // Both sides of a diff; a larger one is told of in a line of text.
  size_t diff_bytes_max = size_t{1} << 20;
  // Of a running tool's output, its end; what a call came to is bounded by the
  // tool itself.
  size_t output_bytes_max = size_t{32} << 10;
  // How often a running tool's output is sent at most.
  int64_t output_gather_ms = 100;
  // Of session/list; the rest by cursor.
  size_t listed_max = 100;
};

struct AcpOptions {
  std::string version;     // of this program
  TurnLimits turn_limits;  // of every turn
  // Of new sessions; none: as configured.
  std::optional<Mode> mode;
  std::string model;  // likewise; empty: as configured
  AcpLimits limits;
  // Readable once the process should end; none: -1.
  int stop_fd = -1;
  const Clock* clock = &SystemClock();
};

// Speaks the Agent Client Protocol (agentclientprotocol.com), version 1, with
// the client at the other ends of `in` and `out`, which stay open: JSON-RPC
// 2.0, a message per line. What is offered is listed in docs/formats/acp.md.
// Every session has a thread of its own, which opens and drives its
// Conversation; Open and List are called one at a time. Returns when `in` ends,
// `out` has no reader, or `stop_fd` says so, after every turn has been
// interrupted and has ended: all of that is success. kUnavailable: the client
// stopped reading for client_stall_ms. SIGPIPE must be ignored.
Status RunAcp(const AcpOptions& options, Conversations& conversations, int in,
              int out);

}  // namespace cofferdam::agent
