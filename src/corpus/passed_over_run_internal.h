#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "corpus/passed_over.h"
#include "corpus/source.h"

namespace cofferdam::corpus {

// Records that were passed over one after the other for the same reason, said
// once: a file of another format must not make a report of every line.
class PassedOverRun {
 public:
  PassedOverRun(const std::string& path, const PassedVisitor& on_passed)
      : path_(path), on_passed_(on_passed) {}
  ~PassedOverRun() { Flush(); }

  void Add(PassedOver passed, uint64_t record) {
    if (run_ && run_->reason == passed.reason) {
      ++run_->records;
      return;
    }
    Flush();
    run_ = std::move(passed);
    run_->path = path_;
    run_->record = record;
    run_->records = 1;
  }
  // Call before a record is given.
  void Flush() {
    if (run_) on_passed_(*run_);
    run_.reset();
  }

 private:
  const std::string& path_;
  const PassedVisitor& on_passed_;
  std::optional<PassedOver> run_;
};

// Without a path.
PassedOver TooLongRecord(const SourceLimits& limits);
std::optional<PassedOver> TooLong(std::string_view record,
                                  const SourceLimits& limits);

}  // namespace cofferdam::corpus
