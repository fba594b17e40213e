#include "fingerprint/segment_lookup.h"

#include <algorithm>
#include <array>

#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {
namespace {

// Look-ups whose memory is asked for at once: as many lines as a core has
// outstanding, and some.
constexpr size_t kAhead = 32;
// Buckets up to this are searched from their begin (see Segment::FindListed).
constexpr uint64_t kLinearSearchMax = 64;

// A packed array's element, and asking for its memory.
struct Packed {
  std::string_view bytes;
  int bits;

  uint64_t At(uint64_t index) const { return UnpackAt(bytes, index, bits); }
  void Fetch(uint64_t index) const {
    const char* at = bytes.data() + index * static_cast<uint64_t>(bits) / 8;
    __builtin_prefetch(at);
    __builtin_prefetch(at + 64);
  }
};

// A look-up under way: a bucket, then the postings of its key.
struct Pending {
  uint64_t remainder = 0;
  uint64_t at = 0;
  uint64_t end = 0;
};

// Leaves of the bucket what has the remainder.
void Narrow(const Packed& remainders, Pending* one) {
  for (uint64_t size = one->end - one->at; size > kLinearSearchMax;) {
    const uint64_t half = size / 2;
    if (remainders.At(one->at + half) < one->remainder) one->at += half;
    size -= half;
  }
  while (one->at < one->end && remainders.At(one->at) < one->remainder) {
    ++one->at;
  }
  uint64_t end = one->at;
  while (end < one->end && remainders.At(end) == one->remainder) ++end;
  one->end = end;
}

}  // namespace

void SegmentLookup::Filter(std::span<const uint64_t> hashes,
                           std::vector<uint32_t>* kept) const {
  const uint64_t words = segment_.filter_words_;
  if (words == 0) return;
  const char* const filter = segment_.filter_.data();
  const size_t before = kept->size();
  kept->resize(before + hashes.size());
  uint32_t* out = kept->data() + before;
  size_t count = 0;
  std::array<FilterProbe, kAhead> probes;
  for (size_t from = 0; from < hashes.size(); from += kAhead) {
    const size_t batch = std::min(kAhead, hashes.size() - from);
    for (size_t i = 0; i < batch; ++i) {
      probes[i] = ProbeFilter(SegmentKey(hashes[from + i]), words);
      __builtin_prefetch(filter + probes[i].word * 8);
    }
    for (size_t i = 0; i < batch; ++i) {
      const uint64_t word = Load64(filter + probes[i].word * 8);
      out[count] = static_cast<uint32_t>(from + i);
      count += (word & probes[i].bits) == probes[i].bits;
    }
  }
  kept->resize(before + count);
}

uint64_t SegmentLookup::Places(std::span<const uint64_t> hashes, size_t most,
                               std::vector<ListedPlace>* places) const {
  const uint64_t fingerprints = segment_.counts_.fingerprints;
  if (fingerprints == 0) return 0;
  const Packed remainders = {segment_.remainders_, segment_.remainder_bits_};
  const Packed postings = {segment_.postings_, segment_.posting_bits_};
  const char* const directory = segment_.directory_.data();
  std::array<Pending, kAhead> pending;
  uint64_t left_out = 0;
  for (size_t from = 0; from < hashes.size(); from += kAhead) {
    const size_t count = std::min(kAhead, hashes.size() - from);
    const std::span<Pending> batch = std::span(pending).first(count);
    for (size_t i = 0; i < count; ++i) {
      const uint64_t key = SegmentKey(hashes[from + i]);
      batch[i] = {.remainder = key & ((uint64_t{1} << remainders.bits) - 1),
                  .at = key >> remainders.bits};
      __builtin_prefetch(directory + batch[i].at * 4);
    }
    for (Pending& one : batch) {
      const char* entry = directory + one.at * 4;
      one.at = Load32(entry);
      one.end = Load32(entry + 4);
      if (one.end > fingerprints || one.at > one.end) one.at = one.end = 0;
      remainders.Fetch(one.at);
    }
    for (Pending& one : batch) {
      Narrow(remainders, &one);
      if (one.at < one.end) postings.Fetch(one.at);
    }
    for (size_t i = 0; i < count; ++i) {
      const Pending& one = batch[i];
      const uint64_t given = std::min<uint64_t>(one.end - one.at, most);
      left_out += one.end - one.at - given;
      for (uint64_t j = one.at; j < one.at + given; ++j) {
        places->push_back({.token = postings.At(j) >> 1,
                           .query = static_cast<uint32_t>(from + i)});
      }
    }
  }
  return left_out;
}

Result<TokenOwner> SegmentLookup::OwnerOf(uint64_t token) const {
  TRY_ASSIGN(const uint64_t output, segment_.OutputOfToken(token, 0));
  const std::string_view table = segment_.outputs_;
  return TokenOwner{.output = static_cast<uint32_t>(output),
                    .begin = LoadOutputEntry(table, output).token_begin,
                    .end = LoadOutputEntry(table, output + 1).token_begin};
}

}  // namespace cofferdam::fingerprint
