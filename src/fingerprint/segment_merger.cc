#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "base/check.h"
#include "fingerprint/posting_sorter.h"
#include "fingerprint/section_stream.h"
#include "fingerprint/segment.h"
#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {

// Reads the postings of a segment by rising key.
class PostingReader {
 public:
  PostingReader(const Segment& segment, uint64_t tokens_before)
      : segment_(segment), place_before_(tokens_before << 1) {}

  // Appends the postings that are left of keys below `end`, each as one number:
  // the key less `begin`, above `place_bits` bits of its place.
  Status Take(uint64_t begin, uint64_t end, int place_bits,
              std::vector<uint64_t>* numbers);
  bool at_end() const { return at_ == segment_.counts_.fingerprints; }

 private:
  const Segment& segment_;
  const uint64_t place_before_;
  uint64_t at_ = 0;
  uint64_t bucket_ = 0;  // that the next posting is of, once it is known
  uint64_t bucket_end_ = 0;
};

Status PostingReader::Take(uint64_t begin, uint64_t end, int place_bits,
                           std::vector<uint64_t>* numbers) {
  const int remainder_bits = segment_.remainder_bits_;
  const uint64_t buckets = uint64_t{1} << segment_.bucket_bits_;
  for (;;) {
    for (; at_ < bucket_end_; ++at_) {
      const uint64_t key = (bucket_ - 1) << remainder_bits |
                           UnpackAt(segment_.remainders_, at_, remainder_bits);
      if (key >= end) return {};
      if (key < begin) {
        return Error(Code::kCorrupt, "segment: a bucket is not sorted");
      }
      const uint64_t posting =
          UnpackAt(segment_.postings_, at_, segment_.posting_bits_);
      if (posting >> 1 >= segment_.counts_.tokens) {
        return Error(Code::kCorrupt, "segment: a posting is out of range");
      }
      numbers->push_back((key - begin) << place_bits |
                         (posting + place_before_));
    }
    if (bucket_ == buckets || bucket_ << remainder_bits >= end) return {};
    ++bucket_;
    bucket_end_ = Load32(segment_.directory_.data() + bucket_ * 4);
    if (bucket_end_ < at_ || bucket_end_ > segment_.counts_.fingerprints) {
      return Error(Code::kCorrupt, "segment: directory is not sorted");
    }
  }
}

// Writes the segment that holds the outputs of several. Each gives its postings
// by rising key, so they are merged a small range of keys at a time.
class SegmentMerger {
 public:
  static Status Merge(std::span<const Segment* const> segments,
                      const PlacedWrite& write) {
    SegmentMerger merger(segments, write);
    TRY(merger.Count());
    TRY(merger.WriteKeyed());
    TRY(merger.WriteOutputs());
    return write(0, EncodeHeader(merger.header_));
  }

 private:
  SegmentMerger(std::span<const Segment* const> segments,
                const PlacedWrite& write)
      : segments_(segments), write_(write) {}

  Status Count();
  Status WriteKeyed();
  Status WriteOutputs();

  const std::span<const Segment* const> segments_;
  const PlacedWrite& write_;
  SegmentHeader header_;
};

Status SegmentMerger::Count() {
  CHECK(!segments_.empty());
  header_.covers = segments_.front()->covers();
  for (const Segment* segment : segments_) {
    if (segment != segments_.front()) {
      CHECK(segment->covers().first == header_.covers.last + 1);
      header_.covers.last = segment->covers().last;
    }
    const SegmentCounts& counts = segment->counts();
    header_.outputs += counts.outputs;
    header_.tokens += counts.tokens;
    header_.fingerprints += counts.fingerprints;
    header_.dropped += counts.dropped;
  }
  if (header_.outputs > kSegmentOutputsMax ||
      header_.tokens > kSegmentTokensMax ||
      header_.fingerprints > kSegmentFingerprintsMax) {
    return Error(Code::kTooLarge, "segment: too much to be merged into one");
  }
  SetWidths(&header_);
  return {};
}

Status SegmentMerger::WriteKeyed() {
  // Postings of one range of keys fit a core's own cache.
  constexpr int kRangePostingsBits = 13;
  const int place_bits = header_.posting_bits;
  const int wanted = static_cast<int>(std::bit_width(header_.fingerprints)) -
                     kRangePostingsBits;
  const int least = kKeyBits + place_bits - 64;
  const int range_bits = kKeyBits - std::max({wanted, least, 0});
  std::vector<PostingReader> readers;
  uint64_t tokens = 0;
  for (const Segment* segment : segments_) {
    readers.emplace_back(*segment, tokens);
    tokens += segment->counts().tokens;
  }
  KeyedStreams keyed(header_.fingerprints, place_bits, write_, kHeaderBytes);
  PostingDigits sorter;
  std::vector<uint64_t> numbers;
  for (uint64_t begin = 0; begin < uint64_t{1} << kKeyBits;
       begin += uint64_t{1} << range_bits) {
    numbers.clear();
    const uint64_t end = begin + (uint64_t{1} << range_bits);
    for (PostingReader& reader : readers) {
      TRY(reader.Take(begin, end, place_bits, &numbers));
    }
    keyed.Add(begin, place_bits, sorter.Sort(numbers, place_bits, range_bits));
  }
  for (const PostingReader& reader : readers) {
    if (!reader.at_end()) {
      return Error(Code::kCorrupt, "segment: directory ends too early");
    }
  }
  return keyed.Finish(&header_);
}

Status SegmentMerger::WriteOutputs() {
  OutputStreams streams(header_, write_);
  uint64_t tokens = 0;
  for (const Segment* segment : segments_) {
    const uint64_t tokens_before = tokens;
    for (uint64_t i = 0; i < segment->counts().outputs; ++i) {
      TRY_ASSIGN(const Segment::Output output, segment->output(i));
      streams.Add(tokens, output.descriptor, output.evidence);
      tokens += output.tokens;
    }
    if (tokens - tokens_before != segment->counts().tokens) {
      return Error(Code::kCorrupt, "segment: outputs and tokens disagree");
    }
  }
  return streams.Finish(&header_);
}

Status MergeSegments(std::span<const Segment* const> segments,
                     const PlacedWrite& write) {
  return SegmentMerger::Merge(segments, write);
}

}  // namespace cofferdam::fingerprint
