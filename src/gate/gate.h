#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "base/workers.h"
#include "gate/options.h"
#include "http/loop.h"
#include "ledger/ledger.h"
#include "policy/store.h"
#include "policy/terms.h"

namespace cofferdam::gate {

// What the gate works with; everything outlives it.
struct GateRooms {
  http::LoopPool& loops;
  Workers& workers;  // for what touches the disk
  policy::Store& policy;
  ledger::Ledger& ledger;
  const policy::TermsTable& terms;
  const Clock& clock;
  Random& random;
  const Logger& logger;
};

// The proxy in front of coding agents: knows who asks, forwards requests to
// the upstream of their protocol byte for byte, meters the answer from a copy,
// and records each exchange in the ledger before the last byte of its answer
// leaves. Listens on one address; serves also /healthz and /cofferdam/v1/
// (whoami, token), which engineers' commands use.
class Gate {
 public:
  // Listens. kConflict when the address is in use, kInvalid for an upstream
  // whose URL or CA file cannot be used (the message names it). A credential
  // that is missing is logged, and requests for that upstream are refused.
  static Result<std::unique_ptr<Gate>> Start(const GateOptions& options,
                                             const GateRooms& rooms);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // "http://127.0.0.1:8787", with the real port.
  std::string url() const;

  // Stops listening, lets running exchanges end for limits.drain_ms, then cuts
  // the rest; each is in the ledger's queue when this returns. How many were
  // cut. Blocks; not from a loop.
  size_t Drain();

 private:
  class Impl;
  explicit Gate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cofferdam::gate
