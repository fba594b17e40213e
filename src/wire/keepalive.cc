#include "wire/keepalive.h"

namespace cofferdam::wire {

std::string_view KeepaliveFrame(Protocol protocol) {
  if (protocol == Protocol::kAnthropicMessages) {
    return "event: ping\ndata: {\"type\": \"ping\"}\n\n";
  }
  return ": keepalive\n\n";
}

}  // namespace cofferdam::wire
