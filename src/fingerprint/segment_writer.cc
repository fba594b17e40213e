#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "fingerprint/posting_sorter.h"
#include "fingerprint/section_stream.h"
#include "fingerprint/segment.h"
#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {
namespace {

Error TooLarge(std::string_view what, uint64_t limit) {
  return {Code::kTooLarge,
          fmt::format("segment: more {} than {}", what, limit)};
}

// Leaves out what one output has too often. Keeps its memory.
class FrequentKeys {
 public:
  // Of one key the first postings stay. Gives the number of others.
  size_t Drop(std::vector<PostingEntry>* entries) {
    constexpr size_t kMax = kPostingsPerKeyAndOutputMax;
    if (entries->size() <= kMax) return 0;
    // Keys are counted by their low bits: where no count is too large, which is
    // so of nearly all outputs, no key is too frequent.
    const size_t mask = std::bit_ceil(entries->size()) - 1;
    counts_.assign(mask + 1, 0);
    bool any = false;
    for (const PostingEntry& entry : *entries) {
      uint8_t& count = counts_[entry.key & mask];
      count = static_cast<uint8_t>(count + (count <= kMax));
      any |= count > kMax;
    }
    if (!any) return 0;
    std::unordered_map<uint64_t, size_t> kept;
    const auto is_beyond = [&](const PostingEntry& entry) {
      if (counts_[entry.key & mask] <= kMax) return false;
      size_t& own = kept[entry.key];
      if (own == kMax) return true;
      ++own;
      return false;
    };
    return std::erase_if(*entries, is_beyond);
  }

 private:
  std::vector<uint8_t> counts_;
};

}  // namespace

struct SegmentWriter::State {
  SequenceRange covers;
  PostingSorter postings;
  std::vector<PostingEntry> entries;  // of one output
  FrequentKeys frequent;
  std::vector<OutputEntry> outputs;
  std::string blobs;
  uint64_t tokens = 0;
  uint64_t dropped = 0;

  Status Room(std::string_view descriptor, std::string_view evidence,
              uint64_t more_tokens, uint64_t more_fingerprints) const;
  void AddBlobs(std::string_view descriptor, std::string_view evidence,
                uint64_t more_tokens);
  void AddPostings(uint64_t token_begin,
                   std::span<const OutputFingerprint> fingerprints);
  Status Write(const PlacedWrite& write);
};

Status SegmentWriter::State::Room(std::string_view descriptor,
                                  std::string_view evidence,
                                  uint64_t more_tokens,
                                  uint64_t more_fingerprints) const {
  if (descriptor.size() > kDescriptorBytesMax) {
    return TooLarge("bytes in a descriptor", kDescriptorBytesMax);
  }
  if (evidence.size() > kEvidenceBytesMax) {
    return TooLarge("bytes of evidence", kEvidenceBytesMax);
  }
  if (outputs.size() >= kSegmentOutputsMax) {
    return TooLarge("outputs", kSegmentOutputsMax);
  }
  if (more_tokens > kSegmentTokensMax - tokens) {
    return TooLarge("tokens", kSegmentTokensMax);
  }
  if (more_fingerprints > kSegmentFingerprintsMax - postings.size()) {
    return TooLarge("fingerprints", kSegmentFingerprintsMax);
  }
  return {};
}

void SegmentWriter::State::AddBlobs(std::string_view descriptor,
                                    std::string_view evidence,
                                    uint64_t more_tokens) {
  outputs.push_back(
      {.token_begin = tokens,
       .blob_begin = blobs.size(),
       .descriptor_bytes = static_cast<uint32_t>(descriptor.size()),
       .evidence_bytes = static_cast<uint32_t>(evidence.size())});
  blobs.append(descriptor).append(evidence);
  tokens += more_tokens;
}

// Adds an output's postings: of one key only the first stay.
void SegmentWriter::State::AddPostings(
    uint64_t token_begin, std::span<const OutputFingerprint> fingerprints) {
  entries.resize(fingerprints.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const OutputFingerprint& own = fingerprints[i];
    entries[i] = {.key = SegmentKey(own.hash),
                  .place = (token_begin + own.token) << 1 |
                           static_cast<uint64_t>(own.echo)};
  }
  dropped += frequent.Drop(&entries);
  postings.Add(entries);
}

Status SegmentWriter::State::Write(const PlacedWrite& write) {
  SegmentHeader header{.covers = covers,
                       .outputs = outputs.size(),
                       .tokens = tokens,
                       .fingerprints = postings.size(),
                       .dropped = dropped};
  SetWidths(&header);
  {
    KeyedStreams keyed(header.fingerprints, header.posting_bits, write,
                       kHeaderBytes);
    postings.Sort([&](const PostingGroup& group) {
      keyed.Add(group.key_begin, PostingGroup::kPlaceBits, group.postings);
    });
    TRY(keyed.Finish(&header));
  }
  OutputStreams streams(header, write);
  for (const OutputEntry& output : outputs) {
    const std::string_view blob = std::string_view(blobs).substr(
        output.blob_begin, output.descriptor_bytes + output.evidence_bytes);
    streams.Add(output.token_begin, blob.substr(0, output.descriptor_bytes),
                blob.substr(output.descriptor_bytes));
  }
  TRY(streams.Finish(&header));
  return write(0, EncodeHeader(header));
}

SegmentWriter::SegmentWriter(SequenceRange covers)
    : state_(std::make_unique<State>()) {
  CHECK(covers.first <= covers.last);
  state_->covers = covers;
}
SegmentWriter::~SegmentWriter() = default;
SegmentWriter::SegmentWriter(SegmentWriter&&) noexcept = default;
SegmentWriter& SegmentWriter::operator=(SegmentWriter&&) noexcept = default;

Status SegmentWriter::AddOutput(
    std::string_view descriptor, std::string_view evidence, uint32_t tokens,
    std::span<const OutputFingerprint> fingerprints) {
  TRY(state_->Room(descriptor, evidence, tokens, fingerprints.size()));
  const uint64_t begin = state_->tokens;
  for (const OutputFingerprint& fingerprint : fingerprints) {
    CHECK(fingerprint.token < tokens);
  }
  state_->AddBlobs(descriptor, evidence, tokens);
  state_->AddPostings(begin, fingerprints);
  return {};
}

void SegmentWriter::CoverUntil(uint64_t last) {
  CHECK(last >= state_->covers.last);
  state_->covers.last = last;
}

SequenceRange SegmentWriter::covers() const { return state_->covers; }
uint64_t SegmentWriter::outputs() const { return state_->outputs.size(); }
uint64_t SegmentWriter::fingerprints() const { return state_->postings.size(); }

uint64_t SegmentWriter::bytes() const {
  constexpr uint64_t kBitsPerFingerprint = 52;
  return kHeaderBytes + state_->blobs.size() +
         state_->outputs.size() * kOutputEntryBytes +
         state_->postings.size() * kBitsPerFingerprint / 8;
}

std::string SegmentWriter::Finish() && {
  std::string file;
  CHECK_OK(state_->Write([&](uint64_t offset, std::string_view bytes) {
    const size_t end = offset + bytes.size();
    if (file.size() < end) file.resize(end);
    file.replace(offset, bytes.size(), bytes);
    return Status();
  }));
  return file;
}

Status SegmentWriter::Finish(const PlacedWrite& write) && {
  return state_->Write(write);
}

Status SegmentWriter::Finish(const std::string& path) && {
  TRY_ASSIGN(
      PendingFile file,
      PendingFile::Create(fmt::format("{}.{}.new", path, getpid()), 0600));
  TRY(state_->Write([&](uint64_t offset, std::string_view bytes) {
    return file.WriteAt(offset, bytes);
  }));
  return std::move(file).Commit(path);
}

}  // namespace cofferdam::fingerprint
