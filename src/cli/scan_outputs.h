#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "scan/report_file.h"
#include "scan/sink.h"

namespace cofferdam::cli {

// What every report says of its scan.
struct ScanWords {
  std::string corpus;            // the paths, for people
  std::string purpose;           // "training" or "evaluation"
  int64_t time = 0;              // microseconds since 1970 UTC
  scan::Write print;             // to stdout
  scan::FetchText fetch_text;    // unset without --show
  scan::PersonName person_name;  // unset: ids are shown
};

// Columns of the terminal behind `descriptor` as it is now; a page's width
// where there is none.
size_t WindowColumns(int descriptor);
// The same within what a report can be laid out for.
size_t TerminalColumns(int descriptor);

// The flags --json, --jsonl, --sarif and --html: any of them at once.
std::vector<Flag> ScanOutputFlags();
// kInvalid where a file to write is one of the corpus, or two are the same, or
// a statement would lie in a folder that it states.
Status CheckScanFiles(const Invocation& call);
// Whether a report that shows the documents' lines is asked for.
bool ShowsLines(const Invocation& call);

// The reports that an invocation asks for. One goes to stdout: JSON with
// --json, a file named "-", or else the words for people.
class ScanOutputs {
 public:
  // Opens every file, so that a wrong path is said before a long scan. kInvalid
  // where two reports would go to stdout.
  static Result<ScanOutputs> Open(const Invocation& call,
                                  const ScanWords& words);
  ScanOutputs(ScanOutputs&&) noexcept = default;

  scan::SinkList* sink() { return sinks_.get(); }
  // Calls `stop` when a file cannot be written, since the rest of a long scan
  // would be lost; FilesStatus then says why.
  void WatchFiles(std::function<void()> stop);
  Status FilesStatus() const;
  // Ends the reports and lands the files; the first error.
  Status Close(const scan::ScanReport& report);

 private:
  explicit ScanOutputs(scan::Write print)
      : print_(std::move(print)), sinks_(std::make_unique<scan::SinkList>()) {}
  void Add(std::unique_ptr<scan::Sink> sink);
  Result<scan::Write> Target(const std::string& path,
                             scan::ReportFile::Landing landing);
  Status AddFiles(const Invocation& call, const ScanWords& words);

  scan::Write print_;
  bool stdout_taken_ = false;
  std::vector<std::unique_ptr<scan::ReportFile>> files_;
  std::vector<std::unique_ptr<scan::Sink>> owned_;
  std::unique_ptr<scan::SinkList> sinks_;
};

}  // namespace cofferdam::cli
