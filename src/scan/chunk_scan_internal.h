#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "corpus/source.h"
#include "evidence/context_matcher.h"
#include "evidence/finding.h"
#include "evidence/marks.h"
#include "evidence/repository_grams.h"
#include "fingerprint/index.h"
#include "fingerprint/lex.h"
#include "scan/chunk_result.h"
#include "scan/pass_store.h"
#include "scan/scan.h"

namespace cofferdam::scan {

// What all threads of a scan share.
struct ScanShared {
  const fingerprint::Index& index;
  const ScanOptions& options;
  // The part of the index that this pass looks into.
  evidence::SegmentSpan pass;
  // A pass that is not the last only proposes; the last one decides on what it
  // and all before it, which `earlier` holds, propose.
  enum class Role { kProposes, kDecides };
  Role role = Role::kDecides;
  const PassStore* earlier = nullptr;
  bool several_passes() const {
    return role == Role::kProposes || earlier != nullptr;
  }
  // Of the whole index, for the pass that decides.
  evidence::RepositoryTables* repositories = nullptr;
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
  Status ScanText(const corpus::Record& record, const corpus::Field& field);
  Status Match(const corpus::Field& field, const evidence::DocumentPlace& place,
               fingerprint::Language language,
               std::span<const evidence::Proposal> proposals);
  void FindMarks(const corpus::Record& record);
  void CountFile(const corpus::Record& record);

  ScanShared& shared_;
  corpus::ChunkReader reader_;
  evidence::Proposer proposer_;
  evidence::ContextMatcher matcher_;
  std::optional<evidence::MarkFinder> marks_;
  fingerprint::TokenStream tokens_;
  evidence::ProposerCounts proposed_;
  corpus::RecordVisitor on_record_;
  corpus::PassedVisitor on_passed_;
  ChunkResult* result_ = nullptr;
  // Of the record before, in this chunk.
  const corpus::FilePlace* file_ = nullptr;
  uint64_t number_ = 0;
  // The chunk's number, and that of its text at hand.
  uint64_t chunk_ = 0;
  uint32_t text_ = 0;
  std::vector<evidence::Proposal> all_passes_;
};

}  // namespace cofferdam::scan
