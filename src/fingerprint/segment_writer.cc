#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"
#include "base/hash.h"
#include "fingerprint/segment.h"
#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {
namespace {

struct Entry {
  uint64_t key = 0;
  uint64_t place = 0;  // token in the segment * 2 + echo
};

// Passes of six bits, stable: what was added in the order of places stays so
// within a key. Fewer and wider passes were slower: they write to more pages at
// once than the TLB holds.
constexpr int kDigitBits = 6;
constexpr int kPasses = 6;
static_assert(kPasses * kDigitBits == kKeyBits);
constexpr size_t kRadixSortMin = 4096;

void SortByKey(std::vector<Entry>* entries) {
  if (entries->size() < kRadixSortMin) {
    std::stable_sort(
        entries->begin(), entries->end(),
        [](const Entry& a, const Entry& b) { return a.key < b.key; });
    return;
  }
  constexpr uint64_t kMask = (1 << kDigitBits) - 1;
  std::array<std::vector<size_t>, kPasses> next;
  for (auto& counts : next) counts.assign(kMask + 2, 0);
  for (const Entry& entry : *entries) {
    for (int pass = 0; pass < kPasses; ++pass) {
      ++next[pass][(entry.key >> (pass * kDigitBits) & kMask) + 1];
    }
  }
  std::vector<Entry> other(entries->size());
  for (int pass = 0; pass < kPasses; ++pass) {
    std::vector<size_t>& begin = next[pass];
    for (size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    for (const Entry& entry : *entries) {
      other[begin[entry.key >> (pass * kDigitBits) & kMask]++] = entry;
    }
    entries->swap(other);
  }
}

Error TooLarge(std::string_view what, uint64_t limit) {
  return {Code::kTooLarge,
          fmt::format("segment: more {} than {}", what, limit)};
}

}  // namespace

struct SegmentWriter::State {
  SequenceRange covers;
  std::vector<Entry> entries;
  std::vector<OutputEntry> outputs;
  std::string blobs;
  uint64_t tokens = 0;
  uint64_t dropped = 0;

  Status Room(std::string_view descriptor, std::string_view evidence,
              uint64_t more_tokens, uint64_t more_fingerprints) const;
  void AddBlobs(std::string_view descriptor, std::string_view evidence,
                uint64_t more_tokens);
  void DropFrequent();
  size_t OutputOf(const Entry& entry) const;
  std::string Serialise();
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
  if (more_fingerprints > kSegmentFingerprintsMax - entries.size()) {
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

size_t SegmentWriter::State::OutputOf(const Entry& entry) const {
  const auto after =
      std::upper_bound(outputs.begin(), outputs.end(), entry.place >> 1,
                       [](uint64_t token, const OutputEntry& output) {
                         return token < output.token_begin;
                       });
  return static_cast<size_t>(after - outputs.begin()) - 1;
}

// Of one key and one output only the first postings stay. Most keys have few,
// and those need no look at the outputs.
void SegmentWriter::State::DropFrequent() {
  size_t kept = 0;
  for (size_t i = 0; i < entries.size();) {
    size_t end = i + 1;
    while (end < entries.size() && entries[end].key == entries[i].key) ++end;
    const bool frequent = end - i > kPostingsPerKeyAndOutputMax;
    size_t output = 0;
    size_t in_output = 0;
    for (; i < end; ++i) {
      if (frequent) {
        const size_t owner = OutputOf(entries[i]);
        in_output = owner == output ? in_output + 1 : 1;
        output = owner;
        if (in_output > kPostingsPerKeyAndOutputMax) {
          ++dropped;
          continue;
        }
      }
      entries[kept++] = entries[i];
    }
  }
  entries.resize(kept);
}

std::string SegmentWriter::State::Serialise() {
  SortByKey(&entries);
  DropFrequent();
  SegmentHeader header{.covers = covers,
                       .outputs = outputs.size(),
                       .tokens = tokens,
                       .fingerprints = entries.size(),
                       .dropped = dropped};
  const int bucket_bits = BucketBits(entries.size());
  const int remainder_bits = kKeyBits - bucket_bits;
  const int posting_bits = PostingBits(tokens);
  header.bucket_bits = static_cast<uint8_t>(bucket_bits);
  header.remainder_bits = static_cast<uint8_t>(remainder_bits);
  header.posting_bits = static_cast<uint8_t>(posting_bits);

  std::vector<uint64_t> filter(FilterWords(entries.size()), 0);
  std::vector<uint32_t> directory((size_t{1} << bucket_bits) + 1, 0);
  BitPacker remainders(entries.size(), remainder_bits);
  BitPacker postings(entries.size(), posting_bits);
  for (const Entry& entry : entries) {
    const FilterProbe probe = ProbeFilter(entry.key, filter.size());
    filter[probe.word] |= probe.bits;
    ++directory[(entry.key >> remainder_bits) + 1];
    remainders.Append(entry.key & ((uint64_t{1} << remainder_bits) - 1));
    postings.Append(entry.place);
  }
  for (size_t i = 1; i < directory.size(); ++i) {
    directory[i] += directory[i - 1];
  }
  std::string table;
  AddBlobs("", "", 0);  // the sentinel
  for (const OutputEntry& output : outputs) {
    Append64(output.token_begin, &table);
    Append64(output.blob_begin, &table);
    Append32(output.descriptor_bytes, &table);
    Append32(output.evidence_bytes, &table);
  }
  const std::string remainder_bytes = std::move(remainders).Finish();
  const std::string posting_bytes = std::move(postings).Finish();
  const std::array<std::string_view, kSectionCount> sections = {
      std::string_view(reinterpret_cast<const char*>(filter.data()),
                       filter.size() * 8),
      std::string_view(reinterpret_cast<const char*>(directory.data()),
                       directory.size() * 4),
      remainder_bytes,
      posting_bytes,
      table,
      blobs};
  std::string file(kHeaderBytes, '\0');
  for (size_t i = 0; i < kSectionCount; ++i) {
    file.resize((file.size() + kSectionAlignment - 1) / kSectionAlignment *
                kSectionAlignment);
    header.sections[i] = {.offset = file.size(),
                          .size = sections[i].size(),
                          .checksum = Hash64(sections[i])};
    file.append(sections[i]);
  }
  file.replace(0, kHeaderBytes, EncodeHeader(header));
  return file;
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
  state_->AddBlobs(descriptor, evidence, tokens);
  for (const OutputFingerprint& fingerprint : fingerprints) {
    CHECK(fingerprint.token < tokens);
    state_->entries.push_back(
        {.key = SegmentKey(fingerprint.hash),
         .place = (begin + fingerprint.token) << 1 |
                  static_cast<uint64_t>(fingerprint.echo)});
  }
  return {};
}

void SegmentWriter::CoverUntil(uint64_t last) {
  CHECK(last >= state_->covers.last);
  state_->covers.last = last;
}

SequenceRange SegmentWriter::covers() const { return state_->covers; }
uint64_t SegmentWriter::outputs() const { return state_->outputs.size(); }
uint64_t SegmentWriter::fingerprints() const { return state_->entries.size(); }

uint64_t SegmentWriter::bytes() const {
  constexpr uint64_t kBitsPerFingerprint = 52;
  return kHeaderBytes + state_->blobs.size() +
         state_->outputs.size() * kOutputEntryBytes +
         state_->entries.size() * kBitsPerFingerprint / 8;
}

std::string SegmentWriter::Finish() && { return state_->Serialise(); }

Status SegmentWriter::Finish(const std::string& path) && {
  return WriteFileAtomically(path, std::move(*this).Finish(), 0600);
}

// Takes segments apart again. Sorting all postings anew is as quick as merging
// them, and keeps one way to write a segment.
class SegmentMerger {
 public:
  static Result<std::string> Merge(std::span<const Segment* const> segments) {
    CHECK(!segments.empty());
    SegmentWriter writer(segments.front()->covers());
    for (const Segment* segment : segments) {
      if (segment != segments.front()) {
        CHECK(segment->covers().first == writer.covers().last + 1);
        writer.CoverUntil(segment->covers().last);
      }
      TRY(Add(*segment, writer.state_.get()));
    }
    return std::move(writer).Finish();
  }

 private:
  static Status Add(const Segment& segment, SegmentWriter::State* state) {
    const uint64_t count = segment.counts_.fingerprints;
    const uint64_t tokens_before = state->tokens;
    TRY(state->Room("", "", segment.counts_.tokens, count));
    for (uint64_t i = 0; i < segment.counts_.outputs; ++i) {
      TRY_ASSIGN(const Segment::Output output, segment.output(i));
      TRY(state->Room(output.descriptor, output.evidence, output.tokens, 0));
      state->AddBlobs(output.descriptor, output.evidence, output.tokens);
    }
    if (state->tokens - tokens_before != segment.counts_.tokens) {
      return Error(Code::kCorrupt, "segment: outputs and tokens disagree");
    }
    state->dropped += segment.counts_.dropped;
    const uint64_t buckets = uint64_t{1} << segment.bucket_bits_;
    uint64_t at = 0;
    for (uint64_t bucket = 0; bucket < buckets; ++bucket) {
      const uint64_t end = Load32(segment.directory_.data() + (bucket + 1) * 4);
      if (end < at || end > count) {
        return Error(Code::kCorrupt, "segment: directory is not sorted");
      }
      for (; at < end; ++at) {
        const uint64_t posting =
            UnpackAt(segment.postings_, at, segment.posting_bits_);
        if (posting >> 1 >= segment.counts_.tokens) {
          return Error(Code::kCorrupt, "segment: a posting is out of range");
        }
        state->entries.push_back(
            {.key = bucket << segment.remainder_bits_ |
                    UnpackAt(segment.remainders_, at, segment.remainder_bits_),
             .place = posting + (tokens_before << 1)});
      }
    }
    return {};
  }
};

Result<std::string> MergeSegments(std::span<const Segment* const> segments) {
  return SegmentMerger::Merge(segments);
}

}  // namespace cofferdam::fingerprint
