#pragma once

#include <string>
#include <vector>

#include "scan/sink.h"

namespace cofferdam::cli {

// Keeps which of the paths that the user named could not be read. Whatever a
// walk finds below them is passed over and told; but whoever names a file has
// said that it matters, so then the scan has failed.
class NamedPaths final : public scan::Sink {
 public:
  explicit NamedPaths(const std::vector<std::string>& paths);

  void OnFinding(const evidence::Finding&) override {}
  // A file that is no text is read as far as it goes, and a record within one
  // is no more than that record, unless it was all there was.
  void OnPassedOver(const corpus::PassedOver& passed) override;
  void Finish(const scan::ScanReport& report) override;

  // After the end: says each on stderr. Whether all were read.
  bool Tell() const;

 private:
  std::vector<std::string> named_;  // as the walk shows them, sorted
  std::vector<corpus::PassedOver> unread_;
  std::vector<corpus::PassedOver> begins_;  // first records, of few files
};

}  // namespace cofferdam::cli
