#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "corpus/source.h"
#include "evidence/finding.h"
#include "evidence/marks.h"
#include "fingerprint/index.h"
#include "fingerprint/lex.h"
#include "scan/chunk_result.h"
#include "scan/scan.h"

namespace cofferdam::scan {

// What all threads of a scan share.
struct ScanShared {
  const fingerprint::Index& index;
  const ScanOptions& options;
  std::mutex large;  // held while a large text is matched
};

// Scans one chunk after the other; one per thread.
class ChunkScan {
 public:
  explicit ChunkScan(ScanShared* shared);
  ~ChunkScan();

  void Read(const corpus::Chunk& chunk, ChunkResult* result);

 private:
  void OnRecord(const corpus::Record& record);
  Status ScanField(const corpus::Record& record, const corpus::Field& field);
  Status Match(const corpus::Record& record, const corpus::Field& field,
               fingerprint::Language language,
               std::span<const evidence::Proposal> proposals);
  void FindMarks(const corpus::Record& record);
  void CountFile(const corpus::Record& record);

  ScanShared& shared_;
  corpus::ChunkReader reader_;
  evidence::Proposer proposer_;
  evidence::Matcher matcher_;
  std::optional<evidence::MarkFinder> marks_;
  fingerprint::TokenStream tokens_;
  evidence::ProposerCounts proposed_;
  corpus::RecordVisitor on_record_;
  corpus::PassedVisitor on_passed_;
  ChunkResult* result_ = nullptr;
  // Of the record before, in this chunk.
  const corpus::FilePlace* file_ = nullptr;
  uint64_t number_ = 0;
};

}  // namespace cofferdam::scan
