#include "fingerprint/section_stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cofferdam::fingerprint {
namespace {

// Where each of the keyed sections begins.
uint64_t DirectoryAt(uint64_t filter_at, uint64_t fingerprints) {
  return AlignedSection(filter_at + FilterWords(fingerprints) * 8);
}
uint64_t RemaindersAt(uint64_t filter_at, uint64_t fingerprints) {
  const uint64_t buckets = uint64_t{1} << BucketBits(fingerprints);
  return AlignedSection(DirectoryAt(filter_at, fingerprints) +
                        (buckets + 1) * 4);
}
uint64_t PostingsAt(uint64_t filter_at, uint64_t fingerprints) {
  return AlignedSection(
      RemaindersAt(filter_at, fingerprints) +
      PackedBytes(fingerprints, kKeyBits - BucketBits(fingerprints)));
}

uint64_t OutputsAt(const SegmentHeader& header) {
  const SectionPlace& before = header.section(Section::kPostings);
  return AlignedSection(before.offset + before.size);
}

}  // namespace

SectionStream::SectionStream(const PlacedWrite& write, uint64_t offset)
    : write_(&write),
      offset_(offset),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

void SectionStream::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (used_ == kBufferBytes) Flush();
    const size_t more = std::min(bytes.size(), kBufferBytes - used_);
    std::memcpy(buffer_.get() + used_, bytes.data(), more);
    used_ += more;
    bytes.remove_prefix(more);
  }
}

void SectionStream::Flush() {
  const std::string_view bytes(buffer_.get(), used_);
  hash_.Add(bytes);
  if (status_.ok()) status_ = (*write_)(offset_ + flushed_, bytes);
  flushed_ += used_;
  used_ = 0;
}

Result<SectionPlace> SectionStream::Finish() {
  Flush();
  TRY(std::move(status_));
  return SectionPlace{
      .offset = offset_, .size = flushed_, .checksum = hash_.Digest()};
}

Result<SectionPlace> KeyedStreams::Packed::Finish() {
  const std::string_view rest(reinterpret_cast<const char*>(&pending_),
                              static_cast<size_t>(pending_bits_ + 7) / 8);
  out_.Append(rest);
  out_.Append(std::string(kPackedPadding, '\0'));
  return out_.Finish();
}

KeyedStreams::KeyedStreams(uint64_t fingerprints, int posting_bits,
                           const PlacedWrite& write, uint64_t offset)
    : fingerprints_(fingerprints),
      filter_words_(FilterWords(fingerprints)),
      remainder_bits_(kKeyBits - BucketBits(fingerprints)),
      filter_(write, offset),
      directory_(write, DirectoryAt(offset, fingerprints)),
      remainders_(remainder_bits_, write, RemaindersAt(offset, fingerprints)),
      postings_(posting_bits, write, PostingsAt(offset, fingerprints)) {}

void KeyedStreams::Packed::Append(uint64_t base, int shift,
                                  std::span<const uint64_t> numbers) {
  // Held here: a write to the buffer could change any member.
  const int bits = bits_;
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  uint64_t pending = pending_;
  int pending_bits = pending_bits_;
  for (const uint64_t number : numbers) {
    const uint64_t value = (base + (number >> shift)) & mask;
    pending |= value << pending_bits;
    pending_bits += bits;
    if (pending_bits < 64) continue;
    out_.Put64(pending);
    pending_bits -= 64;
    pending = value >> (bits - pending_bits);  // what did not fit
  }
  pending_ = pending;
  pending_bits_ = pending_bits;
}

void KeyedStreams::AddKeys(uint64_t key_begin, int place_bits,
                           std::span<const uint64_t> postings) {
  const uint64_t words = filter_words_;
  uint64_t word = word_;
  uint64_t word_at = word_at_;
  for (const uint64_t posting : postings) {
    const uint64_t key = key_begin + (posting >> place_bits);
    const FilterProbe probe = ProbeFilter(key, words);
    for (; word_at < probe.word; ++word_at) {
      filter_.Put64(word);
      word = 0;
    }
    word |= probe.bits;
    const uint64_t bucket = key >> remainder_bits_;
    while (buckets_ <= bucket) PutBucket();
    ++added_;
  }
  word_ = word;
  word_at_ = word_at;
}

void KeyedStreams::Add(uint64_t key_begin, int place_bits,
                       std::span<const uint64_t> postings) {
  // So many as stay in the first cache from one loop to the next.
  constexpr size_t kTogether = 1024;
  while (!postings.empty()) {
    const auto some = postings.first(std::min(kTogether, postings.size()));
    AddKeys(key_begin, place_bits, some);
    remainders_.Append(key_begin, place_bits, some);
    postings_.Append(0, 0, some);
    postings = postings.subspan(some.size());
  }
}

Status KeyedStreams::Finish(SegmentHeader* header) {
  CHECK(added_ == fingerprints_);
  for (; word_at_ < filter_words_; ++word_at_) {
    filter_.Put64(std::exchange(word_, 0));
  }
  while (buckets_ <= uint64_t{1} << BucketBits(fingerprints_)) PutBucket();
  const auto place = [header](Section section) -> SectionPlace& {
    return header->sections[static_cast<size_t>(section)];
  };
  TRY_ASSIGN(place(Section::kFilter), filter_.Finish());
  TRY_ASSIGN(place(Section::kDirectory), directory_.Finish());
  TRY_ASSIGN(place(Section::kRemainders), remainders_.Finish());
  TRY_ASSIGN(place(Section::kPostings), postings_.Finish());
  return {};
}

OutputStreams::OutputStreams(const SegmentHeader& header,
                             const PlacedWrite& write)
    : write_(&write),
      table_(write, OutputsAt(header)),
      blobs_(write, AlignedSection(OutputsAt(header) +
                                   (header.outputs + 1) * kOutputEntryBytes)) {}

void OutputStreams::Add(uint64_t token_begin, std::string_view descriptor,
                        std::string_view evidence) {
  table_.Put64(token_begin);
  table_.Put64(blobs_.size());
  table_.Put32(static_cast<uint32_t>(descriptor.size()));
  table_.Put32(static_cast<uint32_t>(evidence.size()));
  blobs_.Append(descriptor);
  blobs_.Append(evidence);
}

Status OutputStreams::Finish(SegmentHeader* header) {
  Add(header->tokens, "", "");  // the table's end
  const auto place = [header](Section section) -> SectionPlace& {
    return header->sections[static_cast<size_t>(section)];
  };
  TRY_ASSIGN(place(Section::kOutputs), table_.Finish());
  TRY_ASSIGN(place(Section::kBlobs), blobs_.Finish());
  // An empty last section lies in the file, too.
  const SectionPlace& blobs = place(Section::kBlobs);
  if (blobs.size > 0) return {};
  return (*write_)(blobs.offset - 1, std::string_view("", 1));
}

}  // namespace cofferdam::fingerprint
