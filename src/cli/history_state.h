#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "ledger/history/history.h"

namespace cofferdam::cli {

// How far the histories of one agent have been read for one ledger: a mark for
// each file, in one JSON file of mode 0600 (docs/formats/spool.md). Losing it
// costs a second reading, and nothing else.
class HistoryState {
 public:
  // Files of which it keeps marks: those of files that are gone go first.
  static constexpr size_t kFilesMax = 200'000;

  // Empty where there is no file yet, or one that cannot be read as such.
  static HistoryState Load(std::string path);

  ledger::HistoryMark MarkOf(const std::string& file) const;
  void Set(const std::string& file, ledger::HistoryMark mark);
  // Of a file that is gone.
  void Forget(const std::string& file);
  // Replaces the file. Nothing is written where nothing changed.
  Status Save();

 private:
  explicit HistoryState(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::map<std::string, ledger::HistoryMark> marks_;
  bool changed_ = false;
};

}  // namespace cofferdam::cli
