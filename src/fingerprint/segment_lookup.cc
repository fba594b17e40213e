#include "fingerprint/segment_lookup.h"

#include <algorithm>
#include <array>

#include "fingerprint/filter_probe.h"
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

// A look-up under way: a bucket.
struct Pending {
  uint64_t remainder = 0;
  uint64_t at = 0;
  uint64_t end = 0;
};

// The first of [begin, end), which rise, that is `remainder` or more.
uint64_t FirstFrom(const Packed& remainders, uint64_t remainder, uint64_t begin,
                   uint64_t end) {
  for (uint64_t size = end - begin; size > kLinearSearchMax;) {
    const uint64_t half = size / 2;
    if (remainders.At(begin + half) < remainder) begin += half;
    size -= half;
  }
  while (begin < end && remainders.At(begin) < remainder) ++begin;
  return begin;
}

}  // namespace

void SegmentLookup::Filter(std::span<const uint64_t> hashes,
                           std::vector<uint32_t>* kept) const {
  if (segment_.filter_words_ == 0) return;
  const size_t before = kept->size();
  kept->resize(before + hashes.size() + kProbesBehind);
  kept->resize(before + ProbeMany(KeyFilter{segment_.filter_.data(),
                                            segment_.filter_words_},
                                  hashes, 0, kept->data() + before));
}

// Appends those of the queries, at most kAhead, that the segment holds.
void SegmentLookup::Locate(std::span<const uint64_t> hashes,
                           std::span<const uint32_t> queries,
                           std::vector<ListedKey>* keys) const {
  const uint64_t fingerprints = segment_.counts_.fingerprints;
  const Packed remainders = {segment_.remainders_, segment_.remainder_bits_};
  const char* const directory = segment_.directory_.data();
  std::array<Pending, kAhead> pending;
  for (size_t i = 0; i < queries.size(); ++i) {
    const uint64_t key = SegmentKey(hashes[queries[i]]);
    pending[i] = {.remainder = key & ((uint64_t{1} << remainders.bits) - 1),
                  .at = key >> remainders.bits};
    __builtin_prefetch(directory + pending[i].at * 4);
  }
  const std::span<Pending> batch = std::span(pending).first(queries.size());
  for (Pending& one : batch) {
    const char* entry = directory + one.at * 4;
    one.at = Load32(entry);
    one.end = Load32(entry + 4);
    if (one.end > fingerprints || one.at > one.end) one.at = one.end = 0;
    remainders.Fetch(one.at);
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    const Pending& one = batch[i];
    const uint64_t begin =
        FirstFrom(remainders, one.remainder, one.at, one.end);
    if (begin == one.end || remainders.At(begin) != one.remainder) continue;
    keys->push_back(
        {.query = queries[i], .begin = begin, .bucket_end = one.end});
  }
}

void SegmentLookup::Keys(std::span<const uint64_t> hashes,
                         std::span<const uint32_t> queries,
                         std::vector<ListedKey>* keys) const {
  if (segment_.counts_.fingerprints == 0) return;
  for (size_t from = 0; from < queries.size(); from += kAhead) {
    Locate(hashes,
           queries.subspan(from, std::min(kAhead, queries.size() - from)),
           keys);
  }
}

uint64_t SegmentLookup::Places(std::span<const ListedKey> keys, size_t most,
                               std::vector<ListedPlace>* places) const {
  const Packed remainders = {segment_.remainders_, segment_.remainder_bits_};
  const Packed postings = {segment_.postings_, segment_.posting_bits_};
  uint64_t left_out = 0;
  const size_t ahead = std::min(kAhead, keys.size());
  for (const ListedKey& key : keys.first(ahead)) postings.Fetch(key.begin);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + ahead < keys.size()) postings.Fetch(keys[i + ahead].begin);
    const ListedKey& key = keys[i];
    const uint64_t remainder = remainders.At(key.begin);
    uint64_t at = key.begin;
    const uint64_t most_end = std::min<uint64_t>(key.bucket_end, at + most);
    for (; at < most_end && remainders.At(at) == remainder; ++at) {
      places->push_back(
          {.token = postings.At(at) >> 1, .query = static_cast<uint32_t>(i)});
    }
    if (at < most_end) continue;
    left_out += FirstFrom(remainders, remainder + 1, at, key.bucket_end) - at;
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
