#include "base/codec.h"

#include <bzlib.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cofferdam {
namespace {

constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);
constexpr std::string_view kBzip2Magic("BZh", 3);
constexpr std::string_view kXzMagic(
    "\xfd"
    "7zXZ\0",
    6);
// One call's worth for libraries that count in 32 bits.
constexpr size_t kStepBytesMax = size_t{1} << 30;

Error Broken(Codec codec, std::string_view why) {
  return Error(Code::kCorrupt,
               fmt::format("broken {} data: {}", CodecName(codec), why));
}

char* Mutable(std::string_view text) { return const_cast<char*>(text.data()); }

// What one library does with one member.
struct Step {
  size_t taken = 0;
  size_t written = 0;
  bool member_ended = false;
};

// Members one after the other; the parts that differ are Take's.
class MemberDecoder : public Decoder {
 public:
  Result<size_t> Decode(std::string_view* in, char* out,
                        size_t out_max) override {
    if (failure_) return *failure_;
    for (;;) {
      if (!in_member_) {
        // Padding.
        while (!in->empty() && in->front() == '\0') in->remove_prefix(1);
        if (in->empty()) return size_t{0};
        Restart();
        in_member_ = true;
      }
      std::string_view piece = in->substr(0, kStepBytesMax);
      Result<Step> step = Take(piece, out, std::min(out_max, kStepBytesMax));
      if (!step.ok()) {
        failure_ = step.error();
        return *failure_;
      }
      in->remove_prefix(step->taken);
      if (step->member_ended) in_member_ = false;
      if (step->written > 0) return step->written;
      if (in_member_ && step->taken == 0) {
        if (in->empty()) return size_t{0};
        failure_ = Error(Code::kCorrupt, "broken compressed data: stuck");
        return *failure_;
      }
    }
  }
  bool at_end() const override { return !in_member_; }

 protected:
  virtual void Restart() = 0;
  virtual Result<Step> Take(std::string_view in, char* out, size_t out_max) = 0;

 private:
  bool in_member_ = false;
  std::optional<Error> failure_;
};

class GzipDecoder final : public MemberDecoder {
 public:
  // +16: gzip only.
  GzipDecoder() { CHECK(inflateInit2(&stream_, 15 + 16) == Z_OK); }
  ~GzipDecoder() override { inflateEnd(&stream_); }

 private:
  void Restart() override { CHECK(inflateReset(&stream_) == Z_OK); }
  Result<Step> Take(std::string_view in, char* out, size_t out_max) override {
    stream_.next_in = reinterpret_cast<Bytef*>(Mutable(in));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(out_max);
    int code = inflate(&stream_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return Broken(Codec::kGzip,
                    stream_.msg != nullptr ? stream_.msg : "no gzip");
    return Step{in.size() - stream_.avail_in, out_max - stream_.avail_out,
                code == Z_STREAM_END};
  }
  z_stream stream_{};
};

class ZstdDecoder final : public MemberDecoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {
    CHECK(stream_ != nullptr);
    CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax,
                                               kZstdWindowLogMaxOfFiles)));
  }
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }

 private:
  void Restart() override {
    CHECK(!ZSTD_isError(ZSTD_DCtx_reset(stream_, ZSTD_reset_session_only)));
  }
  Result<Step> Take(std::string_view in, char* out, size_t out_max) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out, out_max, 0};
    size_t code = ZSTD_decompressStream(stream_, &to, &from);
    if (ZSTD_isError(code))
      return Broken(Codec::kZstd, ZSTD_getErrorName(code));
    return Step{from.pos, to.pos, code == 0};
  }
  ZSTD_DStream* stream_;
};

class Bzip2Decoder final : public MemberDecoder {
 public:
  ~Bzip2Decoder() override { End(); }

 private:
  void End() {
    if (open_) BZ2_bzDecompressEnd(&stream_);
    open_ = false;
  }
  void Restart() override {
    End();
    stream_ = {};
    CHECK(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK);
    open_ = true;
  }
  Result<Step> Take(std::string_view in, char* out, size_t out_max) override {
    stream_.next_in = Mutable(in);
    stream_.avail_in = static_cast<unsigned>(in.size());
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(out_max);
    int code = BZ2_bzDecompress(&stream_);
    if (code != BZ_OK && code != BZ_STREAM_END)
      return Broken(Codec::kBzip2,
                    code == BZ_DATA_ERROR_MAGIC ? "no bzip2" : "damaged");
    return Step{in.size() - stream_.avail_in, out_max - stream_.avail_out,
                code == BZ_STREAM_END};
  }
  bz_stream stream_{};
  bool open_ = false;
};

class XzDecoder final : public MemberDecoder {
 public:
  ~XzDecoder() override { lzma_end(&stream_); }

 private:
  void Restart() override {
    CHECK(lzma_stream_decoder(&stream_, kXzMemoryMax, 0) == LZMA_OK);
  }
  Result<Step> Take(std::string_view in, char* out, size_t out_max) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out);
    stream_.avail_out = out_max;
    lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    if (code == LZMA_MEMLIMIT_ERROR)
      return Error(Code::kTooLarge,
                   fmt::format("xz data needs more than {} bytes of memory",
                               kXzMemoryMax));
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
      return Broken(Codec::kXz,
                    code == LZMA_FORMAT_ERROR ? "no xz" : "damaged");
    return Step{in.size() - stream_.avail_in, out_max - stream_.avail_out,
                code == LZMA_STREAM_END};
  }
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

// Appends to a string by way of a block of its own.
class BlockEncoder : public Encoder {
 public:
  void Encode(std::string_view in, std::string* out) override {
    while (!in.empty()) {
      std::string_view piece = in.substr(0, kStepBytesMax);
      in.remove_prefix(piece.size());
      while (!piece.empty())
        piece.remove_prefix(Give(piece, Ends::kNo, out).taken);
    }
  }
  void Finish(std::string* out) override {
    while (!Give({}, Ends::kYes, out).member_ended) {
    }
  }

 protected:
  enum class Ends { kNo, kYes };
  // Encodes `in`, all the rest if it ends, as far as the `out_max` bytes go.
  virtual Step Put(std::string_view in, Ends ends, char* out,
                   size_t out_max) = 0;

 private:
  Step Give(std::string_view in, Ends ends, std::string* out) {
    Step step = Put(in, ends, block_, sizeof(block_));
    out->append(block_, step.written);
    return step;
  }
  char block_[size_t{64} << 10];
};

class GzipEncoder final : public BlockEncoder {
 public:
  GzipEncoder() {
    CHECK(deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~GzipEncoder() override { deflateEnd(&stream_); }

 private:
  Step Put(std::string_view in, Ends ends, char* out, size_t out_max) override {
    stream_.next_in = reinterpret_cast<Bytef*>(Mutable(in));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(out_max);
    int code = deflate(&stream_, ends == Ends::kYes ? Z_FINISH : Z_NO_FLUSH);
    CHECK(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
    return {in.size() - stream_.avail_in, out_max - stream_.avail_out,
            code == Z_STREAM_END};
  }
  z_stream stream_{};
};

class ZstdEncoder final : public BlockEncoder {
 public:
  ZstdEncoder() : stream_(ZSTD_createCCtx()) {
    CHECK(stream_ != nullptr);
    CHECK(
        !ZSTD_isError(ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 1)));
  }
  ~ZstdEncoder() override { ZSTD_freeCCtx(stream_); }

 private:
  Step Put(std::string_view in, Ends ends, char* out, size_t out_max) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out, out_max, 0};
    size_t code = ZSTD_compressStream2(
        stream_, &to, &from, ends == Ends::kYes ? ZSTD_e_end : ZSTD_e_continue);
    CHECK(!ZSTD_isError(code));
    return {from.pos, to.pos, ends == Ends::kYes && code == 0};
  }
  ZSTD_CCtx* stream_;
};

class Bzip2Encoder final : public BlockEncoder {
 public:
  Bzip2Encoder() { CHECK(BZ2_bzCompressInit(&stream_, 9, 0, 0) == BZ_OK); }
  ~Bzip2Encoder() override { BZ2_bzCompressEnd(&stream_); }

 private:
  Step Put(std::string_view in, Ends ends, char* out, size_t out_max) override {
    stream_.next_in = Mutable(in);
    stream_.avail_in = static_cast<unsigned>(in.size());
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(out_max);
    int code =
        BZ2_bzCompress(&stream_, ends == Ends::kYes ? BZ_FINISH : BZ_RUN);
    CHECK(code == BZ_RUN_OK || code == BZ_FINISH_OK || code == BZ_STREAM_END);
    return {in.size() - stream_.avail_in, out_max - stream_.avail_out,
            code == BZ_STREAM_END};
  }
  bz_stream stream_{};
};

class XzEncoder final : public BlockEncoder {
 public:
  XzEncoder() {
    CHECK(lzma_easy_encoder(&stream_, LZMA_PRESET_DEFAULT, LZMA_CHECK_CRC64) ==
          LZMA_OK);
  }
  ~XzEncoder() override { lzma_end(&stream_); }

 private:
  Step Put(std::string_view in, Ends ends, char* out, size_t out_max) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out);
    stream_.avail_out = out_max;
    lzma_ret code =
        lzma_code(&stream_, ends == Ends::kYes ? LZMA_FINISH : LZMA_RUN);
    CHECK(code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR);
    return {in.size() - stream_.avail_in, out_max - stream_.avail_out,
            code == LZMA_STREAM_END};
  }
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

std::optional<Codec> CodecOfBytes(std::string_view head) {
  if (head.starts_with(kGzipMagic) && head.size() > 2 && head[2] == '\x08')
    return Codec::kGzip;
  if (head.starts_with(kZstdMagic)) return Codec::kZstd;
  // A frame that is skipped may come first: 0x184D2A50 to 5F.
  if (head.size() >= 4 && (head[0] & '\xf0') == '\x50' &&
      head.substr(1, 3) == "\x2a\x4d\x18")
    return Codec::kZstd;
  if (head.starts_with(kBzip2Magic) && head.size() > 4 && head[3] >= '1' &&
      head[3] <= '9' && (head[4] == '\x31' || head[4] == '\x17'))
    return Codec::kBzip2;
  if (head.starts_with(kXzMagic)) return Codec::kXz;
  return std::nullopt;
}

std::string_view CodecName(Codec codec) {
  switch (codec) {
    case Codec::kGzip:
      return "gzip";
    case Codec::kZstd:
      return "zstd";
    case Codec::kBzip2:
      return "bzip2";
    case Codec::kXz:
      return "xz";
  }
  return "";
}

std::unique_ptr<Decoder> MakeDecoder(Codec codec) {
  switch (codec) {
    case Codec::kGzip:
      return std::make_unique<GzipDecoder>();
    case Codec::kZstd:
      return std::make_unique<ZstdDecoder>();
    case Codec::kBzip2:
      return std::make_unique<Bzip2Decoder>();
    case Codec::kXz:
      break;
  }
  return std::make_unique<XzDecoder>();
}

std::unique_ptr<Encoder> MakeEncoder(Codec codec) {
  switch (codec) {
    case Codec::kGzip:
      return std::make_unique<GzipEncoder>();
    case Codec::kZstd:
      return std::make_unique<ZstdEncoder>();
    case Codec::kBzip2:
      return std::make_unique<Bzip2Encoder>();
    case Codec::kXz:
      break;
  }
  return std::make_unique<XzEncoder>();
}

}  // namespace cofferdam
