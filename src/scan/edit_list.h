#pragma once

#include <string>
#include <vector>

#include "corpus/rewrite.h"
#include "scan/sink.h"

namespace cofferdam::scan {

// What is done with what may not be used.
enum class WriteAction {
  kDrop,    // the record goes
  kExcise,  // the lines of the finding go
  kMask,    // they are masked
};

// Gathers from findings what has to change in a corpus (corpus::Rewrite).
// Findings come in the corpus's order, those of one record after each other.
class EditList : public Sink {
 public:
  struct Options {
    WriteAction action = WriteAction::kDrop;
    bool ambiguous = false;  // whether these go, too
  };
  explicit EditList(Options options) : options_(options) {}

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver&) override {}

  std::vector<corpus::RecordEdit> Take() { return std::move(edits_); }

 private:
  Options options_;
  std::vector<corpus::RecordEdit> edits_;
};

// The file that was opened for `path`, a place in a container perhaps:
// "data.tar!a.jsonl" is in "data.tar". Asks the system which one is there.
std::string OuterPath(const std::string& path);

}  // namespace cofferdam::scan
