#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "fingerprint/evidence_stream.h"
#include "fingerprint/select.h"

namespace cofferdam::fingerprint {

// A sealed part of the index: the postings, evidence streams and descriptors
// of some outputs, in one immutable file that any process can map. Format:
// docs/formats/segment.md.

inline constexpr uint32_t kSegmentVersion = 1;

// Look-ups compare this many bits of a fingerprint's hash.
inline constexpr int kKeyBits = 36;
inline constexpr int kFilterBitsPerFingerprint = 6;

// Limits. Reaching one in a writer is kTooLarge: seal, and start the next.
inline constexpr uint64_t kSegmentFingerprintsMax = uint64_t{1} << 31;
inline constexpr uint64_t kSegmentOutputsMax = uint64_t{1} << 24;
inline constexpr uint64_t kSegmentTokensMax = uint64_t{1} << 38;
inline constexpr size_t kDescriptorBytesMax = size_t{1} << 20;
inline constexpr size_t kEvidenceBytesMax = size_t{1} << 28;
// A look-up gives at most this many postings; it counts the others.
inline constexpr size_t kPostingsPerKeyMax = 64;
// Of one output, a key keeps this many postings: tables and other repetition
// would give thousands. The others are dropped and counted when sealing.
inline constexpr size_t kPostingsPerKeyAndOutputMax = 16;

// The ledger sequence numbers that a segment covers, both included.
struct SequenceRange {
  uint64_t first = 0;
  uint64_t last = 0;

  bool operator==(const SequenceRange&) const = default;
};

struct SegmentCounts {
  uint64_t outputs = 0;
  uint64_t tokens = 0;
  uint64_t fingerprints = 0;  // postings held
  uint64_t dropped = 0;       // beyond kPostingsPerKeyAndOutputMax
  uint64_t bytes = 0;         // the whole file
  uint64_t lookup_bytes = 0;  // filter, keys and postings

  bool operator==(const SegmentCounts&) const = default;
};

// Where a fingerprint stands.
struct Posting {
  uint32_t output = 0;  // ordinal in the segment
  uint32_t token = 0;   // in that output
  bool echo = false;

  bool operator==(const Posting&) const = default;
};

struct Found {
  size_t given = 0;
  size_t dropped = 0;  // found, but beyond kPostingsPerKeyMax
};

// What a segment keeps of a hash: its top bits after spreading, since winnowing
// prefers small hashes.
inline constexpr uint64_t kKeyFactor = 0x9e3779b97f4a7c15;
inline uint64_t SegmentKey(uint64_t hash) {
  return (hash * kKeyFactor) >> (64 - kKeyBits);
}

// The word of the filter that a key belongs to, and its three bits there.
struct FilterProbe {
  uint64_t word = 0;
  uint64_t bits = 0;
};
inline constexpr uint64_t kFilterFactor = 0xbf58476d1ce4e5b9;
inline FilterProbe ProbeFilter(uint64_t key, uint64_t words) {
  const uint64_t mixed = key * kFilterFactor;
  return {.word = (key * words) >> kKeyBits,
          .bits = uint64_t{1} << (mixed >> 58) |
                  uint64_t{1} << (mixed >> 52 & 63) |
                  uint64_t{1} << (mixed >> 46 & 63)};
}

// Takes bytes of a file at their place; what is never given is zeros.
using PlacedWrite =
    std::function<Status(uint64_t offset, std::string_view bytes)>;

// Collects outputs in memory (8 bytes per fingerprint and up to 4 MB, plus the
// blobs) and writes a segment. Not for several threads at once.
class SegmentWriter {
 public:
  explicit SegmentWriter(SequenceRange covers);
  ~SegmentWriter();
  SegmentWriter(SegmentWriter&&) noexcept;
  SegmentWriter& operator=(SegmentWriter&&) noexcept;

  // `descriptor` is opaque (the output's origin as JSON); `evidence` comes
  // from EncodeEvidence and has `tokens` tokens; every fingerprint's token is
  // below `tokens`. kTooLarge at a limit above, and then nothing was added.
  Status AddOutput(std::string_view descriptor, std::string_view evidence,
                   uint32_t tokens,
                   std::span<const OutputFingerprint> fingerprints);

  // Widens the covered range; `last` must not fall.
  void CoverUntil(uint64_t last);

  SequenceRange covers() const;
  uint64_t outputs() const;
  uint64_t fingerprints() const;
  // About how large the file would be now.
  uint64_t bytes() const;

  // The bytes of the segment. The writer is empty afterwards.
  std::string Finish() &&;
  // Gives them to `write`, whose error comes back, in pieces as they are made.
  Status Finish(const PlacedWrite& write) &&;
  // The same, written atomically with mode 0600.
  Status Finish(const std::string& path) &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A mapped segment. Immutable; any number of threads may read it. It stays
// readable after its file was unlinked.
class Segment {
 public:
  // Which checksums Open compares; bounds are always checked, at opening or
  // at use, so that no content can lead outside the mapping.
  enum class Verify { kHeader, kContents };

  using Sink = std::function<void(const Posting&)>;

  // kCorrupt when the file breaks its format, kInvalid for another version.
  static Result<Segment> Open(const std::string& path,
                              Verify verify = Verify::kContents);
  // Over bytes that the caller keeps.
  static Result<Segment> OverBytes(std::string_view bytes,
                                   Verify verify = Verify::kContents);

  Segment(Segment&&) noexcept;
  Segment& operator=(Segment&&) noexcept;
  ~Segment();

  SequenceRange covers() const { return covers_; }
  const SegmentCounts& counts() const { return counts_; }
  // XXH3 of the header, which holds the checksums of all sections.
  uint64_t digest() const { return digest_; }

  // Whether `hash` may be in the segment: false for about 9 of 10 that are
  // not. One cache line.
  bool MayContain(uint64_t hash) const {
    if (filter_words_ == 0) return false;
    const FilterProbe probe = ProbeFilter(SegmentKey(hash), filter_words_);
    uint64_t word;
    std::memcpy(&word, filter_.data() + probe.word * 8, sizeof word);
    return (word & probe.bits) == probe.bits;
  }

  // Gives the postings of `hash` by rising place. Among n fingerprints a hash
  // that is not there is found with a probability of n / 2^kKeyBits.
  template <typename F>
  Found Find(uint64_t hash, F&& sink) const {
    if (!MayContain(hash)) return {};
    return FindListed(hash, std::forward<F>(sink));
  }
  Found FindListed(uint64_t hash, const Sink& sink) const;

  // An output by its ordinal, below counts().outputs (else kNotFound). Views
  // live as long as the segment.
  struct Output {
    std::string_view descriptor;
    std::string_view evidence;  // for DecodeEvidence
    uint32_t tokens = 0;
  };
  Result<Output> output(uint64_t ordinal) const;
  // kCorrupt also when the number of tokens is not the output's.
  Result<EvidenceStream> Evidence(uint64_t ordinal) const;

 private:
  friend class PostingReader;
  friend class SegmentLookup;
  friend std::string InspectSegment(const Segment& segment);
  Segment() = default;
  Status Attach(std::string_view bytes, Verify verify);
  // The output that the token belongs to, at `from` or after it.
  Result<uint64_t> OutputOfToken(uint64_t token, uint64_t from) const;

  std::unique_ptr<MappedFile> file_;
  std::string_view bytes_;
  SequenceRange covers_;
  SegmentCounts counts_;
  uint64_t digest_ = 0;
  int bucket_bits_ = 0;
  int remainder_bits_ = 0;
  int posting_bits_ = 0;
  uint64_t filter_words_ = 0;
  std::string_view filter_;
  std::string_view directory_;
  std::string_view remainders_;
  std::string_view postings_;
  std::string_view outputs_;
  std::string_view blobs_;
};

// Gives `write` one segment with the outputs of all, in their order: what one
// writer would have written. `segments` must cover ranges that follow each
// other (CHECK). Takes a few MB of memory, whatever their size. kTooLarge at a
// limit, kCorrupt when one is damaged; an error of `write` as it is.
Status MergeSegments(std::span<const Segment* const> segments,
                     const PlacedWrite& write);

// Text for `cofferdam index inspect`: counts, widths, sections, checksums.
std::string InspectSegment(const Segment& segment);

}  // namespace cofferdam::fingerprint
