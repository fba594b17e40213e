#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "benches/dialogue.h"

namespace cofferdam::bench {

// A closed loop of requests: each connection sends its next one when it has
// the answer to its last.
struct Load {
  uint16_t port = 0;  // of 127.0.0.1
  int connections = 1;
  int requests = 1;
  std::string request;  // RequestBytes
  // Instead of `request`, one for each of `requests`, sent in this order.
  std::vector<std::string> each_request;
  const AnswerText* expected = nullptr;
  // For held streams: called once, when every connection has received
  // kHeldFrames frames. Then `requests` must be `connections`.
  std::function<void()> when_all_held;
};

struct Measured {
  std::vector<double> total_us;  // from before the first send
  std::vector<double> first_us;  // to the first byte of the body
  // How much later each stamped frame arrived than it was sent.
  std::vector<double> frame_us;
  double seconds = 0;
  double cpu_us = 0;  // of the load itself
  int sent = 0;
  // Without an answer that is whole, has status 200 and is equal to the
  // expected one but for its digits.
  int failed = 0;
};

// Runs `load` to its end on the calling thread with one epoll and raw sockets.
Measured Drive(const Load& load);

// One request on a connection of its own. False when it failed.
bool DriveOne(uint16_t port, const std::string& request);

}  // namespace cofferdam::bench
