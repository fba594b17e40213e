#include "base/compress.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/check.h"

namespace cofferdam {
namespace {

constexpr int kZstdWindowLogMax = 23;
constexpr size_t kPieceBytes = 64 * 1024;

Error TooLarge(size_t bytes_max) {
  return Error(Code::kTooLarge,
               fmt::format("decompressed to more than {} bytes", bytes_max));
}

// The library reads formats from before RFC 8878, too, but only where it sees
// four bytes of a frame at once; nobody needs them.
bool IsOldZstd(std::string_view frame) {
  return frame.size() >= 4 && frame.substr(1, 3) == "\xb5\x2f\xfd" &&
         frame[0] != '\x28';
}

}  // namespace

std::string ZstdCompress(std::string_view data, int level) {
  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  // Making one costs more than a short text. About 1 MiB for each thread that
  // compresses.
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(
      ZSTD_createCCtx());
  CHECK(context != nullptr);
  std::string out(ZSTD_compressBound(data.size()), '\0');
  size_t size = ZSTD_compressCCtx(context.get(), out.data(), out.size(),
                                  data.data(), data.size(), level);
  CHECK(!ZSTD_isError(size));  // the bound is enough and levels are ours
  out.resize(size);
  return out;
}

namespace {

// One frame that says that it is short: none where it is anything else, or
// broken.
std::optional<std::string> DecompressShort(std::string_view frame,
                                           size_t bytes_max) {
  constexpr size_t kShortBytesMax = size_t{1} << 20;
  if (!frame.starts_with("\x28\xb5\x2f\xfd")) return std::nullopt;
  const unsigned long long size =
      ZSTD_getFrameContentSize(frame.data(), frame.size());
  // What is unknown or an error is larger than any size.
  if (size > std::min(bytes_max, kShortBytesMax) ||
      ZSTD_findFrameCompressedSize(frame.data(), frame.size()) !=
          frame.size()) {
    return std::nullopt;
  }
  struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  // Making one costs more than a short text.
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(
      ZSTD_createDCtx());
  CHECK(context != nullptr);
  std::string out(size, '\0');
  if (ZSTD_decompressDCtx(context.get(), out.data(), out.size(), frame.data(),
                          frame.size()) != size) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

Result<std::string> ZstdDecompress(std::string_view data, size_t bytes_max) {
  if (auto text = DecompressShort(data, bytes_max)) return *std::move(text);
  return Decode(ContentCoding::kZstd, data, bytes_max);
}

Result<ContentCoding> ParseContentCoding(std::string_view header_value) {
  std::string name;
  for (char c : header_value) {
    if (c == ' ' || c == '\t') continue;
    name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (name.empty() || name == "identity") return ContentCoding::kIdentity;
  if (name == "gzip" || name == "x-gzip") return ContentCoding::kGzip;
  if (name == "deflate") return ContentCoding::kDeflate;
  if (name == "zstd") return ContentCoding::kZstd;
  return Error(Code::kInvalid,
               fmt::format("content-encoding \"{}\" is not supported (gzip, "
                           "deflate, zstd)",
                           header_value));
}

struct StreamDecoder::State {
  ContentCoding coding;
  size_t bytes_max;
  size_t bytes_out = 0;
  z_stream inflater{};
  ZSTD_DStream* zstd = nullptr;
  bool ended = false;
  bool at_frame = true;  // zstd: the next byte begins a frame
  std::optional<Error> failure;
  std::string buffer;

  State(ContentCoding wanted, size_t limit) : coding(wanted), bytes_max(limit) {
    if (coding == ContentCoding::kGzip || coding == ContentCoding::kDeflate) {
      // +32: zlib or gzip, by the header.
      CHECK(inflateInit2(&inflater, 15 + 32) == Z_OK);
    } else if (coding == ContentCoding::kZstd) {
      zstd = ZSTD_createDStream();
      CHECK(zstd != nullptr);
      CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax,
                                                 kZstdWindowLogMax)));
    }
    if (coding != ContentCoding::kIdentity) buffer.resize(kPieceBytes);
  }
  ~State() {
    if (coding == ContentCoding::kGzip || coding == ContentCoding::kDeflate) {
      inflateEnd(&inflater);
    }
    ZSTD_freeDStream(zstd);
  }

  Status Deliver(std::string_view piece, const Sink& sink) {
    if (piece.size() > bytes_max - bytes_out) return TooLarge(bytes_max);
    bytes_out += piece.size();
    if (!piece.empty()) sink(piece);
    return {};
  }
  Status Inflate(std::string_view piece, const Sink& sink);
  Status Unzstd(std::string_view piece, const Sink& sink);
};

Status StreamDecoder::State::Inflate(std::string_view piece, const Sink& sink) {
  inflater.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  inflater.avail_in = static_cast<uInt>(piece.size());
  bool more = true;
  while (more) {
    // Members of a gzip file may follow one another.
    if (ended && inflater.avail_in > 0) {
      if (inflateReset(&inflater) != Z_OK) break;
      ended = false;
    }
    inflater.next_out = reinterpret_cast<Bytef*>(buffer.data());
    inflater.avail_out = static_cast<uInt>(buffer.size());
    int code = inflate(&inflater, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return Error(Code::kCorrupt, "broken gzip or deflate data");
    }
    TRY(Deliver({buffer.data(), buffer.size() - inflater.avail_out}, sink));
    ended = code == Z_STREAM_END;
    more = inflater.avail_in > 0 || inflater.avail_out == 0;
    if (code == Z_BUF_ERROR) more = false;
  }
  return {};
}

Status StreamDecoder::State::Unzstd(std::string_view piece, const Sink& sink) {
  ZSTD_inBuffer in{piece.data(), piece.size(), 0};
  while (true) {
    if (at_frame && IsOldZstd(piece.substr(in.pos))) {
      return Error(Code::kCorrupt, "broken zstd data: an old format");
    }
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    size_t code = ZSTD_decompressStream(zstd, &out, &in);
    if (ZSTD_isError(code)) {
      return Error(Code::kCorrupt, fmt::format("broken zstd data: {}",
                                               ZSTD_getErrorName(code)));
    }
    TRY(Deliver({buffer.data(), out.pos}, sink));
    ended = at_frame = code == 0;
    // Another call without input would begin another frame.
    if (in.pos == in.size && (ended || out.pos < out.size)) return {};
  }
}

StreamDecoder::StreamDecoder(ContentCoding coding, size_t bytes_max)
    : state_(std::make_unique<State>(coding, bytes_max)) {}
StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

Status StreamDecoder::Feed(std::string_view piece, const Sink& sink) {
  State& state = *state_;
  if (state.failure) return *state.failure;
  if (piece.empty()) return {};
  Status fed;
  switch (state.coding) {
    case ContentCoding::kIdentity:
      fed = state.Deliver(piece, sink);
      break;
    case ContentCoding::kGzip:
    case ContentCoding::kDeflate:
      fed = state.Inflate(piece, sink);
      break;
    case ContentCoding::kZstd:
      fed = state.Unzstd(piece, sink);
      break;
  }
  if (!fed.ok()) state.failure = fed.error();
  return fed;
}

bool StreamDecoder::at_end() const {
  return state_->coding == ContentCoding::kIdentity || state_->ended;
}

Result<std::string> Decode(ContentCoding coding, std::string_view data,
                           size_t bytes_max) {
  std::string out;
  StreamDecoder decoder(coding, bytes_max);
  TRY(decoder.Feed(data, [&](std::string_view piece) { out.append(piece); }));
  if (!decoder.at_end()) {
    return Error(Code::kCorrupt, "compressed data ends early");
  }
  return out;
}

}  // namespace cofferdam
