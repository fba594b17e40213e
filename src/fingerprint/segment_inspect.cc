#include <fmt/format.h>

#include "base/hash.h"
#include "fingerprint/segment.h"
#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {

std::string InspectSegment(const Segment& segment) {
  const Result<SegmentHeader> header =
      DecodeHeader(segment.bytes_, segment.bytes_.size());
  if (!header.ok()) return header.error().message() + "\n";
  const SegmentCounts& counts = segment.counts();
  std::string out = fmt::format(
      "version       {}\ndigest        {:016x}\nexchanges     {}..{}\n"
      "outputs       {}\ntokens        {}\nfingerprints  {}\ndropped       {}\n"
      "bytes         {}\n",
      kSegmentVersion, segment.digest(), segment.covers().first,
      segment.covers().last, counts.outputs, counts.tokens, counts.fingerprints,
      counts.dropped, counts.bytes);
  if (counts.fingerprints > 0) {
    out += fmt::format("bytes/fingerprint  {:.3f} (filter, keys, postings)\n",
                       static_cast<double>(counts.lookup_bytes) /
                           static_cast<double>(counts.fingerprints));
  }
  out += fmt::format(
      "bits          key {} = bucket {} + remainder {}, posting {}\n", kKeyBits,
      header->bucket_bits, header->remainder_bits, header->posting_bits);
  for (size_t i = 0; i < kSectionCount; ++i) {
    const SectionPlace& place = header->sections[i];
    const bool sound = Hash64(segment.bytes_.substr(
                           place.offset, place.size)) == place.checksum;
    out += fmt::format("{:<12}  at {:>10}, {:>10} bytes, xxh3 {:016x} {}\n",
                       kSectionNames[i], place.offset, place.size,
                       place.checksum, sound ? "ok" : "DIFFERS");
  }
  return out;
}

}  // namespace cofferdam::fingerprint
