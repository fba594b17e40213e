#include <utility>

#include "scan/chunk_scan_internal.h"
#include "scan/record_place.h"

namespace cofferdam::scan {

using corpus::Field;
using corpus::PassedOver;
using corpus::Record;

ChunkCounts& ChunkCounts::operator+=(const ChunkCounts& other) {
  files += other.files;
  records += other.records;
  textless += other.textless;
  bytes += other.bytes;
  tokens += other.tokens;
  work += other.work;
  return *this;
}

void ChunkSums::Append(const ChunkSums& next) {
  counts += next.counts;
  if (next.first_file.empty()) return;
  if (first_file.empty()) first_file = next.first_file;
  if (next.first_file == last_file) --counts.files;
  last_file = next.last_file;
}

ChunkScan::ChunkScan(ScanShared* shared)
    : shared_(*shared),
      reader_(shared->options.source),
      proposer_(shared->index, shared->options.background,
                shared->options.propose, shared->pass),
      matcher_(shared->index, shared->options.token_model,
               shared->options.match, shared->repositories),
      on_record_([this](const Record& record) { OnRecord(record); }),
      on_passed_([this](const PassedOver& passed) {
        result_->steps.emplace_back(passed);
      }) {
  if (shared_.options.datasets != nullptr &&
      shared_.role == ScanShared::Role::kDecides) {
    marks_.emplace(*shared_.options.datasets);
  }
}

ChunkScan::~ChunkScan() = default;

void ChunkScan::Read(const corpus::Chunk& chunk, ChunkResult* result) {
  result_ = result;
  file_ = nullptr;
  number_ = 0;
  chunk_ = chunk.number();
  text_ = 0;
  proposed_ = {};
  const uint64_t bytes_before = reader_.bytes_read();
  Status status = reader_.Read(chunk, on_record_, on_passed_);
  if (!status.ok() && !result->error) result->error = std::move(status).error();
  result->sums.counts.bytes = reader_.bytes_read() - bytes_before;
  result->sums.counts.tokens = proposed_.tokens;
  evidence::MatchCounts& work = result->sums.counts.work;
  work.fingerprints += proposed_.fingerprints;
  work.seeds += proposed_.seeds;
  work.postings_dropped += proposed_.postings_dropped;
  work.seeds_dropped += proposed_.seeds_dropped;
  work.outputs_dropped += proposed_.outputs_dropped;
}

// Records of one file follow each other with rising numbers, so a file is a new
// one where another place is named or the numbers begin again.
void ChunkScan::CountFile(const Record& record) {
  bool same = record.number > number_ && record.file == file_ && number_ > 0;
  file_ = record.file;
  number_ = record.number;
  if (same) return;
  ++result_->sums.counts.files;
  if (result_->sums.first_file.empty())
    result_->sums.first_file = record.file->path;
  result_->sums.last_file = record.file->path;
}

void ChunkScan::OnRecord(const Record& record) {
  CountFile(record);
  ++result_->sums.counts.records;
  if (record.fields.empty()) ++result_->sums.counts.textless;
  if (result_->error) return;
  for (const Field& field : record.fields) {
    Status status = ScanField(record, field);
    if (!status.ok()) {
      result_->error =
          std::move(status).error().Within("scan " + record.file->path);
      return;
    }
  }
  FindMarks(record);
}

void ChunkScan::FindMarks(const Record& record) {
  if (!marks_) return;
  const auto marks = marks_->Find(record);
  if (marks.empty()) return;
  for (evidence::Finding& finding : MakeMarkedFindings(
           record, marks, shared_.options.judgement, shared_.options.keep_text,
           evidence::LoneMarks::kLeaveOut)) {
    result_->steps.emplace_back(std::move(finding));
  }
}

Status ChunkScan::ScanField(const Record& record, const Field& field) {
  if (field.text.size() <= kLargeTextBytes) return ScanText(record, field);
  std::lock_guard<std::mutex> lock(shared_.large);
  TRY(ScanText(record, field));
  tokens_ = fingerprint::TokenStream();
  return {};
}

Status ChunkScan::ScanText(const Record& record, const Field& field) {
  const fingerprint::Language language = LanguageOf(record, field);
  const uint32_t text = text_++;
  TRY_ASSIGN(std::span<const evidence::Proposal> proposals,
             proposer_.Propose(field.text, language, &proposed_));
  if (shared_.role == ScanShared::Role::kProposes) {
    if (!proposals.empty())
      result_->proposed.push_back(PassProposals::Of(text, proposals));
    return {};
  }
  if (shared_.earlier != nullptr) {
    all_passes_.clear();
    shared_.earlier->Find(chunk_, text, &all_passes_);
    all_passes_.insert(all_passes_.end(), proposals.begin(), proposals.end());
    proposed_.outputs_dropped +=
        KeepBest(shared_.options.propose.outputs_max, &all_passes_);
    proposals = all_passes_;
  }
  // Almost every text ends here, most without looking where it stands.
  if (proposals.empty() && record.file->repository == nullptr &&
      record.claims.empty()) {
    return {};
  }
  const RecordPlace place(record);
  if (proposals.empty()) {
    TRY_ASSIGN(const bool more,
               matcher_.MayFindMore(place.Of(field), language));
    if (!more) return {};
  }
  return Match(field, place.Of(field), language, proposals);
}

Status ChunkScan::Match(const Field& field,
                        const evidence::DocumentPlace& place,
                        fingerprint::Language language,
                        std::span<const evidence::Proposal> proposals) {
  fingerprint::Lex(field.text, language, &tokens_);
  TRY_ASSIGN(auto matches, matcher_.Align(tokens_, language, place, proposals,
                                          &result_->sums.counts.work));
  if (matches.empty()) return {};
  TRY_ASSIGN(auto findings, MakeFindings(shared_.index, std::move(matches),
                                         {.tokens = tokens_,
                                          .text = field.text,
                                          .language = language,
                                          .place = place},
                                         shared_.options.judgement,
                                         shared_.options.keep_text));
  for (evidence::Finding& finding : findings)
    result_->steps.emplace_back(std::move(finding));
  return {};
}

}  // namespace cofferdam::scan
