#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/line_writer.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "base/workers.h"
#include "gate/options.h"
#include "http/loop.h"
#include "ledger/ledger.h"
#include "policy/budget.h"
#include "policy/hold_file.h"
#include "policy/measures.h"
#include "policy/principal.h"
#include "policy/sso.h"
#include "policy/store.h"

namespace cofferdam::gate {

// What the gate works with; everything outlives it.
struct GateRooms {
  http::LoopPool& loops;
  Workers& workers;  // for what touches the disk
  policy::Store& policy;
  ledger::Ledger& ledger;
  policy::Book& book;
  policy::HoldFile& holds;
  const Clock& clock;
  Random& random;
  const Logger& logger;
  // Where the labels that rules ask prompts for are (evidence/label_index.h).
  std::string labels_folder;
  LineWriter* access_log = nullptr;     // a line for each request; null: none
  policy::SingleSignOn* sso = nullptr;  // null: there is none
  // Takes what an agent's history told of, of who shows the key; answers JSON.
  // On a worker. Empty: histories are not taken.
  std::function<Result<std::string>(const policy::Principal& principal,
                                    std::string_view body)>
      histories;
};

// The proxy in front of coding agents: knows who asks, forwards requests to
// the upstream of their protocol and model byte for byte, meters the answer
// from a copy, and records each exchange in the ledger before the last byte of
// its answer leaves. Listens on one address; serves also /healthz, /readyz,
// lists of models, and /cofferdam/v1/ (whoami, token) for engineers' commands.
class Gate {
 public:
  // Listens. kConflict when the address is in use; kInvalid, kDenied and others
  // for an upstream, certificate or key that cannot be used (the message names
  // it). A credential that is missing is logged, and requests for that upstream
  // are refused.
  static Result<std::unique_ptr<Gate>> Start(const GateOptions& options,
                                             const GateRooms& rooms);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // "http://127.0.0.1:8787" (https with TLS), with the real port.
  std::string url() const;

  // Takes up another edition of the configuration: upstreams, contracts, terms
  // and the limits of an exchange. Requests that run go on with the edition
  // they began with; connections are kept, those to unchanged upstreams too.
  // Reads the files of the certificate and key again. On an error the old
  // edition stays whole. Returns the names of settings that differ but only
  // count at the next start. Blocks for files; not from a loop.
  Result<std::vector<std::string>> Reload(const GateOptions& options);
  // The configuration on disk cannot be used, so the old one stays in force:
  // counted, and said by ready() until a reload succeeds.
  void NoteBrokenReload();

  // Ends what runs and falls under the kill: an error event in its protocol,
  // within a second. New requests are up to the measure itself. From any
  // thread.
  void Kill(const policy::Measure& measure);

  // The counters, as Prometheus reads them.
  std::string MetricsText() const;
  // {"ready":true,…}, or why requests would be refused now.
  struct Readiness {
    bool ready = false;
    std::string json;
  };
  Readiness ready() const;

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
