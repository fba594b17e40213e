#include "fingerprint/section_stream.h"

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

Status KeyedStreams::Finish(SegmentHeader* header) {
  CHECK(added_ == fingerprints_);
  while (word_at_ < filter_words_) PutWord();
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

}  // namespace cofferdam::fingerprint
