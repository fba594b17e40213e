#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/history_spool.h"
#include "console/admin.h"

namespace cofferdam::cli {

// What became of answers that were handed over.
struct HistoryTaken {
  uint64_t added = 0;
  uint64_t merged = 0;   // with what the gate saw
  uint64_t already = 0;  // imported before
  uint64_t bytes = 0;    // of texts of those that were added
  int64_t last_sequence = 0;
  // Those that the ledger would not have: where they were read, and why.
  std::vector<std::pair<std::string, std::string>> refused;
  // Answers that wait in the spool, and why they do.
  uint64_t waiting = 0;
  std::string waiting_why;
};

// Where answers go: a ledger that this machine administers, or the gate that
// the engineer has logged in to.
class HistoryTarget {
 public:
  // By the invocation: the gate with --gate, or where a login is there and no
  // data folder is and none was named; else the administration that other
  // commands use.
  static Result<std::unique_ptr<HistoryTarget>> Open(const Invocation& call,
                                                     const std::string& agent);
  // Whether a data folder is here, or the invocation names an administration:
  // else Open would make one where nobody has logged in.
  static Result<bool> HasStores(const Invocation& call);
  virtual ~HistoryTarget() = default;

  // Takes them for good: in the ledger, or in the spool.
  virtual Status Take(std::vector<HistorySpool::Record> records) = 0;
  // Hands over what waits. To be called once, at the end.
  virtual Status Finish() = 0;
  // "the ledger", "the gate http://…".
  virtual std::string name() const = 0;
  // Where the marks of what was read for it are kept.
  virtual std::string state_folder() const = 0;

  const HistoryTaken& taken() const { return taken_; }

 protected:
  // Adds up what a call answered of `records`.
  Status AddUp(const std::string& answer,
               const std::vector<HistorySpool::Record>& records);
  HistoryTaken taken_;
};

}  // namespace cofferdam::cli
