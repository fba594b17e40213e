#pragma once

#include <cstdint>
#include <vector>

#include "agent/sandbox/sandbox.h"
#include "base/result.h"

namespace cofferdam::agent {

struct SeccompRules {
  UnixSockets unix_sockets = UnixSockets::kPairsOnly;
  // Whether sockets of the internet may be made: only where they lead nowhere,
  // or the user allows the network.
  Network network = Network::kOff;
};

// A program for seccomp(2), as the kernel takes it: instructions of 8 bytes.
// It denies the calls that get a process out of its walls, reach other
// processes or widen the kernel's surface for no use to a build or a test; all
// other calls pass. Architectures other than ours are denied altogether.
Result<std::vector<uint64_t>> SeccompProgram(const SeccompRules& rules);

}  // namespace cofferdam::agent
