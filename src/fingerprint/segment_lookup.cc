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

// Writes to `out` the places, counted from `first`, of those of `hashes`, at
// most kAhead, that pass the filter, and perhaps something behind them, in all
// as many as hashes; returns how many.
size_t FilterBatch(std::string_view filter, uint64_t words,
                   std::span<const uint64_t> hashes, size_t first,
                   uint32_t* out) {
  // Not FilterProbes: those would be set to zero first.
  std::array<const char*, kAhead> words_at;
  std::array<uint64_t, kAhead> bits;
  for (size_t i = 0; i < hashes.size(); ++i) {
    const FilterProbe probe = ProbeFilter(SegmentKey(hashes[i]), words);
    words_at[i] = filter.data() + probe.word * 8;
    bits[i] = probe.bits;
    __builtin_prefetch(words_at[i]);
  }
  size_t count = 0;
  for (size_t i = 0; i < hashes.size(); ++i) {
    out[count] = static_cast<uint32_t>(first + i);
    count += (Load64(words_at[i]) & bits[i]) == bits[i];
  }
  return count;
}

}  // namespace

void SegmentLookup::Filter(std::span<const uint64_t> hashes,
                           std::vector<uint32_t>* kept) const {
  if (segment_.filter_words_ == 0) return;
  const size_t before = kept->size();
  kept->resize(before + hashes.size());
  uint32_t* out = kept->data() + before;
  for (size_t from = 0; from < hashes.size(); from += kAhead) {
    const size_t batch = std::min(kAhead, hashes.size() - from);
    out += FilterBatch(segment_.filter_, segment_.filter_words_,
                       hashes.subspan(from, batch), from, out);
  }
  kept->resize(static_cast<size_t>(out - kept->data()));
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

size_t SegmentLookup::Keys(std::span<const uint64_t> hashes,
                           std::vector<ListedKey>* keys) const {
  if (segment_.filter_words_ == 0) return 0;
  // What passed the filter waits until there are enough to ask for at once.
  std::array<uint32_t, 2 * kAhead> passed;
  size_t waiting = 0;
  size_t filtered = 0;
  for (size_t from = 0; from < hashes.size(); from += kAhead) {
    const size_t batch = std::min(kAhead, hashes.size() - from);
    const size_t more =
        FilterBatch(segment_.filter_, segment_.filter_words_,
                    hashes.subspan(from, batch), from, &passed[waiting]);
    filtered += more;
    waiting += more;
    if (waiting < kAhead) continue;
    Locate(hashes, std::span(passed).first(kAhead), keys);
    waiting -= kAhead;
    std::copy_n(passed.begin() + kAhead, waiting, passed.begin());
  }
  Locate(hashes, std::span(passed).first(waiting), keys);
  return filtered;
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
