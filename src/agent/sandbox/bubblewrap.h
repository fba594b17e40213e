#pragma once

#include <string>
#include <vector>

#include "agent/sandbox/launch.h"
#include "agent/sandbox/sandbox.h"

namespace cofferdam::agent {

// The path of bwrap, as it is installed; empty: it is not.
std::string FindBubblewrap();

struct BubblewrapView {
  std::vector<std::string> writable;  // real paths
  std::vector<std::string> hidden;    // real paths
  std::vector<ViewChange> changes;
  std::string tmp;  // a folder outside that is /tmp inside
  std::string cwd;
  Network network = Network::kOff;
  int seccomp_fd = -1;  // from where bwrap reads the filter; -1: none
};

// bwrap's command line for a view of files like that of our own walls; the
// command follows it.
std::vector<std::string> BubblewrapArguments(const std::string& bwrap,
                                             const BubblewrapView& view);

}  // namespace cofferdam::agent
