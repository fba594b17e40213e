#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam {

// How files are compressed: gzip (RFC 1952), zstd (RFC 8878), bzip2, xz. The
// codings of HTTP, with their own limits, are in base/compress.h.
enum class Codec { kGzip, kZstd, kBzip2, kXz };

// By the first bytes of a file, at least 6; none for anything else.
std::optional<Codec> CodecOfBytes(std::string_view head);

// "gzip", "zstd", "bzip2", "xz": for messages.
std::string_view CodecName(Codec codec);

// Memory of one decoder, at most: what a file says that it needs is only taken
// as it is used. Windows of zstd up to 2^31 bytes occur in public corpora.
inline constexpr int kZstdWindowLogMaxOfFiles = 31;
inline constexpr size_t kXzMemoryMax = size_t{256} << 20;

// Decodes a file piece by piece. Members may follow one another, as "cat" makes
// of several files, with zeros between or behind them. One thread at a time.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Takes bytes from the begin of `in` and fills `out`; how many were written.
  // 0 when all of `in` was taken and more is needed. kCorrupt for bytes that
  // break the format, kTooLarge for a need of more memory; again on every later
  // call.
  virtual Result<size_t> Decode(std::string_view* in, char* out,
                                size_t out_max) = 0;

  // Whether what was taken is whole: no member has begun and not ended.
  virtual bool at_end() const = 0;
};
std::unique_ptr<Decoder> MakeDecoder(Codec codec);

// Encodes a file piece by piece, as the format's own program does by default.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // Appends what `in` makes, perhaps later. Call Finish once, at the end.
  virtual void Encode(std::string_view in, std::string* out) = 0;
  virtual void Finish(std::string* out) = 0;
};
std::unique_ptr<Encoder> MakeEncoder(Codec codec);

}  // namespace cofferdam
