#include "fingerprint/segment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {
namespace {

// Buckets up to this are searched from their begin; larger ones hold keys that
// are very frequent.
constexpr uint64_t kLinearSearchMax = 64;

std::string_view Cut(std::string_view bytes, const SectionPlace& place) {
  return bytes.substr(place.offset, place.size);
}

Error Corrupt(std::string what) {
  return {Code::kCorrupt, "segment: " + std::move(what)};
}

}  // namespace

Segment::Segment(Segment&&) noexcept = default;
Segment& Segment::operator=(Segment&&) noexcept = default;
Segment::~Segment() = default;

Result<Segment> Segment::Open(const std::string& path, Verify verify) {
  TRY_ASSIGN(MappedFile file, MappedFile::Open(path));
  Segment segment;
  segment.file_ = std::make_unique<MappedFile>(std::move(file));
  Status attached = segment.Attach(segment.file_->bytes(), verify);
  if (!attached.ok()) return std::move(attached).error().Within(path);
  return segment;
}

Result<Segment> Segment::OverBytes(std::string_view bytes, Verify verify) {
  Segment segment;
  TRY(segment.Attach(bytes, verify));
  return segment;
}

Status Segment::Attach(std::string_view bytes, Verify verify) {
  TRY_ASSIGN(const SegmentHeader header, DecodeHeader(bytes, bytes.size()));
  if (verify == Verify::kContents) {
    for (size_t i = 0; i < kSectionCount; ++i) {
      if (Hash64(Cut(bytes, header.sections[i])) !=
          header.sections[i].checksum) {
        return Corrupt(
            fmt::format("checksum of section {} differs", kSectionNames[i]));
      }
    }
  }
  bytes_ = bytes;
  covers_ = header.covers;
  digest_ = Hash64(bytes.substr(0, kHeaderBytes));
  bucket_bits_ = header.bucket_bits;
  remainder_bits_ = header.remainder_bits;
  posting_bits_ = header.posting_bits;
  filter_words_ = FilterWords(header.fingerprints);
  filter_ = Cut(bytes, header.section(Section::kFilter));
  directory_ = Cut(bytes, header.section(Section::kDirectory));
  remainders_ = Cut(bytes, header.section(Section::kRemainders));
  postings_ = Cut(bytes, header.section(Section::kPostings));
  outputs_ = Cut(bytes, header.section(Section::kOutputs));
  blobs_ = Cut(bytes, header.section(Section::kBlobs));
  counts_ = {.outputs = header.outputs,
             .tokens = header.tokens,
             .fingerprints = header.fingerprints,
             .dropped = header.dropped,
             .bytes = bytes.size(),
             .lookup_bytes = filter_.size() + directory_.size() +
                             remainders_.size() + postings_.size()};
  return {};
}

Found Segment::FindListed(uint64_t hash, const Sink& sink) const {
  if (counts_.fingerprints == 0) return {};
  const uint64_t key = SegmentKey(hash);
  const uint64_t bucket = key >> remainder_bits_;
  const uint64_t remainder = key & ((uint64_t{1} << remainder_bits_) - 1);
  uint64_t at = Load32(directory_.data() + bucket * 4);
  const uint64_t end = Load32(directory_.data() + bucket * 4 + 4);
  if (end > counts_.fingerprints || at > end) return {};
  const auto at_remainder = [&](uint64_t i) {
    return UnpackAt(remainders_, i, remainder_bits_);
  };
  for (uint64_t size = end - at; size > kLinearSearchMax;) {
    const uint64_t half = size / 2;
    if (at_remainder(at + half) < remainder) at += half;
    size -= half;
  }
  while (at < end && at_remainder(at) < remainder) ++at;

  Found found;
  uint64_t output = 0;
  for (; at < end && at_remainder(at) == remainder; ++at) {
    if (found.given == kPostingsPerKeyMax) {
      ++found.dropped;
      continue;
    }
    const uint64_t posting = UnpackAt(postings_, at, posting_bits_);
    const Result<uint64_t> owner = OutputOfToken(posting >> 1, output);
    if (!owner.ok()) return found;
    output = *owner;
    const uint64_t begin = LoadOutputEntry(outputs_, output).token_begin;
    sink({.output = static_cast<uint32_t>(output),
          .token = static_cast<uint32_t>((posting >> 1) - begin),
          .echo = (posting & 1) != 0});
    ++found.given;
  }
  return found;
}

// The last output that begins at or before the token. Whatever the table
// holds, the answer is an ordinal of the table, and the token lies in it.
Result<uint64_t> Segment::OutputOfToken(uint64_t token, uint64_t from) const {
  uint64_t low = from;
  uint64_t high = counts_.outputs;
  while (high > low) {
    const uint64_t middle = low + (high - low) / 2;
    if (LoadOutputEntry(outputs_, middle).token_begin <= token) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return Corrupt("a posting belongs to no output");
  const uint64_t begin = LoadOutputEntry(outputs_, low - 1).token_begin;
  const uint64_t end = LoadOutputEntry(outputs_, low).token_begin;
  if (begin > token || end <= token) {
    return Corrupt("a posting belongs to no output");
  }
  return low - 1;
}

Result<Segment::Output> Segment::output(uint64_t ordinal) const {
  if (ordinal >= counts_.outputs) {
    return Error(Code::kNotFound,
                 fmt::format("segment: no output {}", ordinal));
  }
  const OutputEntry entry = LoadOutputEntry(outputs_, ordinal);
  const OutputEntry next = LoadOutputEntry(outputs_, ordinal + 1);
  const uint64_t bytes =
      uint64_t{entry.descriptor_bytes} + entry.evidence_bytes;
  if (entry.blob_begin > blobs_.size() ||
      bytes > blobs_.size() - entry.blob_begin ||
      entry.token_begin > next.token_begin ||
      next.token_begin - entry.token_begin > UINT32_MAX) {
    return Corrupt(fmt::format("entry of output {} is wrong", ordinal));
  }
  return Output{
      .descriptor = blobs_.substr(entry.blob_begin, entry.descriptor_bytes),
      .evidence = blobs_.substr(entry.blob_begin + entry.descriptor_bytes,
                                entry.evidence_bytes),
      .tokens = static_cast<uint32_t>(next.token_begin - entry.token_begin)};
}

Result<EvidenceStream> Segment::Evidence(uint64_t ordinal) const {
  TRY_ASSIGN(const Output found, output(ordinal));
  TRY_ASSIGN(EvidenceStream evidence, DecodeEvidence(found.evidence));
  if (evidence.size() != found.tokens) {
    return Corrupt(fmt::format("evidence of output {} has {} tokens, not {}",
                               ordinal, evidence.size(), found.tokens));
  }
  return evidence;
}

}  // namespace cofferdam::fingerprint
