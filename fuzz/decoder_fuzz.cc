// Content codings of answers: any split gives the same bytes, within the limit.

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/compress.h"
#include "target.h"

namespace cofferdam {
namespace {

constexpr size_t kBytesMax = 1 << 16;

struct Decoded {
  bool ok = true;
  bool at_end = false;
  std::string text;

  bool operator==(const Decoded&) const = default;
};

Decoded DecodeInPieces(ContentCoding coding, std::string_view bytes,
                       size_t piece) {
  StreamDecoder decoder(coding, kBytesMax);
  Decoded out;
  while (!bytes.empty() && out.ok) {
    out.ok = decoder
                 .Feed(bytes.substr(0, piece),
                       [&](std::string_view text) { out.text += text; })
                 .ok();
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  out.at_end = decoder.at_end();
  CHECK(out.text.size() <= kBytesMax);
  return out;
}

void CheckCoding(ContentCoding coding, std::string_view bytes) {
  const Decoded whole = DecodeInPieces(coding, bytes, bytes.size());
  const Decoded split = DecodeInPieces(coding, bytes, 3);
  // libzstd compares a frame's size with what it says only where all of the
  // frame comes at once.
  const bool stricter = coding == ContentCoding::kZstd && !whole.ok;
  CHECK(split.ok == whole.ok || stricter);
  // Of what breaks, a piece may have been delivered that the whole kept back.
  if (whole.ok) CHECK(split == whole);
  const Result<std::string> at_once = Decode(coding, bytes, kBytesMax);
  CHECK(at_once.ok() == (whole.ok && whole.at_end));
  if (at_once.ok()) CHECK(*at_once == whole.text);
}

}  // namespace
}  // namespace cofferdam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::ContentCoding;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  if (bytes.empty()) return 0;
  for (ContentCoding coding :
       {ContentCoding::kGzip, ContentCoding::kDeflate, ContentCoding::kZstd}) {
    cofferdam::CheckCoding(coding, bytes);
  }
  return 0;
}
