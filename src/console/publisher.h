#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "console/checkpoints.h"

namespace cofferdam::console {

struct PublisherOptions {
  // A folder, which is made if it is missing, or an http(s) URL, below whose
  // path each checkpoint is PUT.
  std::string target;
  int64_t every_s = 600;
  // For the whole of one PUT.
  int64_t timeout_ms = 10'000;
};

// Puts signed checkpoints where the owner of a data folder cannot take them
// back, as docs/formats/checkpoint.md says ("Publication"). A failure is logged
// once, counted, and tried again at the next interval; it stops nothing.
class Publisher {
 public:
  struct Counts {
    uint64_t published = 0;
    uint64_t failed = 0;
    // Wall clock in microseconds; 0: never.
    int64_t last_micros = 0;
  };

  // Publishes at once, and then every `every_s`, on a thread of its own. All of
  // it must outlive the object.
  Publisher(PublisherOptions options, Checkpoints& checkpoints,
            const Clock& clock, const Logger& logger);
  // Ends the thread, and publishes once what grew since the last time unless
  // that failed.
  ~Publisher();

  // Makes and publishes a checkpoint now; nothing if neither log has grown
  // since the last one. From any thread.
  Status Publish();
  Counts counts() const;
  // In Prometheus' text form.
  std::string MetricsText() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether `target` is a URL; kInvalid for one that cannot be published to.
Result<bool> IsUrlTarget(std::string_view target);

}  // namespace cofferdam::console
