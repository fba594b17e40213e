#pragma once

#include <string_view>

#include "wire/types.h"

namespace cofferdam::wire {

// An event that says nothing, for a client that waits in silence: Anthropic's
// `ping`, for the others a comment (WHATWG HTML, 9.2.6). To be written between
// two events of an uncompressed event stream only. Valid for ever.
std::string_view KeepaliveFrame(Protocol protocol);

}  // namespace cofferdam::wire
