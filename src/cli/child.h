#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace cofferdam::cli {

// Starts `command` (found on $PATH) with this process's standard streams and
// `environment` ("NAME=value"), passes SIGTERM and SIGHUP on to it, leaves the
// terminal's SIGINT and SIGQUIT to it, and waits. Its exit code, or 128 + the
// signal that ended it. kNotFound when there is no such program. Only from a
// process without other threads.
class Child {
 public:
  static Result<Child> Start(const std::vector<std::string>& command,
                             const std::vector<std::string>& environment);
  int Wait();

 private:
  explicit Child(int pid) : pid_(pid) {}
  int pid_;
};

// This process's environment without `unset`, with `set` ("NAME=value" each).
std::vector<std::string> Environment(
    const std::vector<std::string>& unset,
    const std::vector<std::pair<std::string, std::string>>& set);

}  // namespace cofferdam::cli
