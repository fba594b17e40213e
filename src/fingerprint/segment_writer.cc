#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "fingerprint/posting_sorter.h"
#include "fingerprint/segment.h"
#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {
namespace {

Error TooLarge(std::string_view what, uint64_t limit) {
  return {Code::kTooLarge,
          fmt::format("segment: more {} than {}", what, limit)};
}

}  // namespace

struct SegmentWriter::State {
  SequenceRange covers;
  PostingSorter postings;
  std::vector<OutputEntry> outputs;
  std::string blobs;
  uint64_t tokens = 0;
  uint64_t dropped = 0;

  Status Room(std::string_view descriptor, std::string_view evidence,
              uint64_t more_tokens, uint64_t more_fingerprints) const;
  void AddBlobs(std::string_view descriptor, std::string_view evidence,
                uint64_t more_tokens);
  size_t OutputOf(uint64_t token) const;
  void DropFrequent(SortedPostings* sorted);
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

size_t SegmentWriter::State::OutputOf(uint64_t token) const {
  const auto after =
      std::upper_bound(outputs.begin(), outputs.end(), token,
                       [](uint64_t sought, const OutputEntry& output) {
                         return sought < output.token_begin;
                       });
  return static_cast<size_t>(after - outputs.begin()) - 1;
}

// The parts of a segment that are written by rising key.
class KeyedSections {
 public:
  KeyedSections(uint64_t fingerprints, int posting_bits)
      : remainder_bits_(kKeyBits - BucketBits(fingerprints)),
        filter_(FilterWords(fingerprints), 0),
        directory_((size_t{1} << BucketBits(fingerprints)) + 1, 0),
        remainders_(fingerprints, remainder_bits_),
        postings_(fingerprints, posting_bits) {}

  void Add(uint64_t key, uint64_t place) {
    const FilterProbe probe = ProbeFilter(key, filter_.size());
    filter_[probe.word] |= probe.bits;
    ++directory_[(key >> remainder_bits_) + 1];
    remainders_.Append(key & ((uint64_t{1} << remainder_bits_) - 1));
    postings_.Append(place);
  }

  // Filter, directory, remainders, postings.
  void Finish(std::array<std::string, kSectionCount>* sections) && {
    for (size_t i = 1; i < directory_.size(); ++i) {
      directory_[i] += directory_[i - 1];
    }
    const auto bytes = [](const auto& numbers) {
      return std::string(reinterpret_cast<const char*>(numbers.data()),
                         numbers.size() * sizeof numbers[0]);
    };
    (*sections)[static_cast<size_t>(Section::kFilter)] = bytes(filter_);
    (*sections)[static_cast<size_t>(Section::kDirectory)] = bytes(directory_);
    (*sections)[static_cast<size_t>(Section::kRemainders)] =
        std::move(remainders_).Finish();
    (*sections)[static_cast<size_t>(Section::kPostings)] =
        std::move(postings_).Finish();
  }

 private:
  const int remainder_bits_;
  std::vector<uint64_t> filter_;
  std::vector<uint32_t> directory_;
  BitPacker remainders_;
  BitPacker postings_;
};

// Of one key and one output only the first postings stay. Most keys have few,
// and those need no look at the outputs.
void SegmentWriter::State::DropFrequent(SortedPostings* sorted) {
  uint64_t kept = 0;
  std::vector<uint64_t> begins = {0};
  uint64_t* const out = sorted->postings.get();
  for (size_t group = 0; group < sorted->groups(); ++group) {
    const std::span<const uint64_t> own = sorted->group(group);
    const auto rest = [&](size_t i) { return own[i] >> sorted->place_bits; };
    for (size_t i = 0; i < own.size();) {
      size_t end = i + 1;
      while (end < own.size() && rest(end) == rest(i)) ++end;
      const bool frequent = end - i > kPostingsPerKeyAndOutputMax;
      size_t output = 0;
      size_t in_output = 0;
      for (; i < end; ++i) {
        if (frequent) {
          const size_t owner = OutputOf(sorted->place(own[i]) >> 1);
          in_output = owner == output ? in_output + 1 : 1;
          output = owner;
          if (in_output > kPostingsPerKeyAndOutputMax) {
            ++dropped;
            continue;
          }
        }
        out[kept++] = own[i];
      }
    }
    begins.push_back(kept);
  }
  sorted->begins = std::move(begins);
}

std::string SegmentWriter::State::Serialise() {
  const int posting_bits = PostingBits(tokens);
  SortedPostings sorted = postings.Sort(posting_bits);
  DropFrequent(&sorted);
  const uint64_t fingerprints = sorted.begins.back();
  KeyedSections keyed(fingerprints, posting_bits);
  for (size_t group = 0; group < sorted.groups(); ++group) {
    for (const uint64_t posting : sorted.group(group)) {
      keyed.Add(sorted.key(group, posting), sorted.place(posting));
    }
  }
  sorted = {};
  const int bucket_bits = BucketBits(fingerprints);
  SegmentHeader header{
      .covers = covers,
      .outputs = outputs.size(),
      .tokens = tokens,
      .fingerprints = fingerprints,
      .dropped = dropped,
      .bucket_bits = static_cast<uint8_t>(bucket_bits),
      .remainder_bits = static_cast<uint8_t>(kKeyBits - bucket_bits),
      .posting_bits = static_cast<uint8_t>(posting_bits)};
  AddBlobs("", "", 0);  // the sentinel
  std::array<std::string, kSectionCount> sections;
  std::move(keyed).Finish(&sections);
  std::string& table = sections[static_cast<size_t>(Section::kOutputs)];
  for (const OutputEntry& output : outputs) {
    Append64(output.token_begin, &table);
    Append64(output.blob_begin, &table);
    Append32(output.descriptor_bytes, &table);
    Append32(output.evidence_bytes, &table);
  }
  sections[static_cast<size_t>(Section::kBlobs)] = std::move(blobs);
  size_t bytes = kHeaderBytes;
  for (const std::string& section : sections) {
    bytes += section.size() + kSectionAlignment;
  }
  std::string file;
  file.reserve(bytes);
  file.resize(kHeaderBytes);
  for (size_t i = 0; i < kSectionCount; ++i) {
    file.resize((file.size() + kSectionAlignment - 1) / kSectionAlignment *
                kSectionAlignment);
    header.sections[i] = {.offset = file.size(),
                          .size = sections[i].size(),
                          .checksum = Hash64(sections[i])};
    file.append(sections[i]);
    sections[i] = {};
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
    state_->postings.Add(SegmentKey(fingerprint.hash),
                         (begin + fingerprint.token) << 1 |
                             static_cast<uint64_t>(fingerprint.echo));
  }
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

std::string SegmentWriter::Finish() && { return state_->Serialise(); }

Status SegmentWriter::Finish(const std::string& path) && {
  return WriteFileAtomically(path, std::move(*this).Finish(), 0600);
}

}  // namespace cofferdam::fingerprint
