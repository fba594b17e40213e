#include "fingerprint/evidence_stream.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/check.h"
#include "base/compress.h"
#include "base/encoding.h"

namespace cofferdam::fingerprint {
namespace {

constexpr int kCompressionLevel = 6;
// Normal bytes up to this are classes, whose tokens have a name byte.
constexpr uint8_t kLastClass = 2;
// What one token can cost at most before compression: its two bytes, a line
// group of its own, and a range of its own in each list.
constexpr size_t kPayloadBytesPerToken = 2 + 6 + 2 * 4;
constexpr size_t kPayloadBytesFixed = 64;

void AppendLines(std::span<const uint32_t> lines, std::string* out) {
  std::string groups;
  size_t count = 0;
  uint32_t before = 0;
  for (size_t i = 0; i < lines.size();) {
    size_t end = i;
    while (end < lines.size() && lines[end] == lines[i]) ++end;
    CHECK(lines[i] > before);
    AppendVarint(lines[i] - before, &groups);
    AppendVarint(end - i, &groups);
    before = lines[i];
    i = end;
    ++count;
  }
  AppendVarint(count, out);
  out->append(groups);
}

void AppendRanges(std::span<const TokenRange> ranges, size_t tokens,
                  std::string* out) {
  AppendVarint(ranges.size(), out);
  uint32_t before = 0;
  for (const TokenRange& range : ranges) {
    CHECK(before <= range.begin && range.begin < range.end &&
          range.end <= tokens);
    AppendVarint(range.begin - before, out);
    AppendVarint(range.end - range.begin, out);
    before = range.end;
  }
}

Error Corrupt(const char* what) {
  return {Code::kCorrupt, std::string("evidence stream: ") + what};
}

// Reads the payload piece by piece; once something is wrong, stays wrong.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view payload) : in_(payload) {}

  bool ReadSize(uint64_t most, uint64_t* value) {
    const std::optional<uint64_t> read = ReadVarint(&in_);
    if (!read || *read > most) return false;
    *value = *read;
    return true;
  }

  bool ReadBytes(size_t count, std::vector<uint8_t>* bytes) {
    if (in_.size() < count) return false;
    const std::span<const uint8_t> from = AsBytes(in_.substr(0, count));
    bytes->assign(from.begin(), from.end());
    in_.remove_prefix(count);
    return true;
  }

  bool ReadNames(std::span<const uint8_t> normal, std::vector<uint8_t>* names) {
    names->assign(normal.size(), 0);
    for (size_t i = 0; i < normal.size(); ++i) {
      if (normal[i] > kLastClass) continue;
      if (in_.empty()) return false;
      (*names)[i] = static_cast<uint8_t>(in_.front());
      in_.remove_prefix(1);
    }
    return true;
  }

  bool ReadLines(size_t tokens, std::vector<uint32_t>* lines) {
    uint64_t groups = 0;
    if (!ReadSize(tokens, &groups)) return false;
    lines->reserve(tokens);
    uint64_t line = 0;
    for (uint64_t i = 0; i < groups; ++i) {
      uint64_t step = 0;
      uint64_t count = 0;
      if (!ReadSize(std::numeric_limits<uint32_t>::max() - line, &step) ||
          !ReadSize(tokens - lines->size(), &count) || step == 0 ||
          count == 0) {
        return false;
      }
      line += step;
      lines->insert(lines->end(), count, static_cast<uint32_t>(line));
    }
    return lines->size() == tokens;
  }

  bool ReadRanges(size_t tokens, std::vector<TokenRange>* ranges) {
    uint64_t count = 0;
    if (!ReadSize(tokens, &count)) return false;
    uint64_t at = 0;
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t gap = 0;
      uint64_t length = 0;
      if (!ReadSize(tokens - at, &gap) ||
          !ReadSize(tokens - at - gap, &length) || length == 0 ||
          (i > 0 && gap == 0)) {
        return false;
      }
      const uint64_t begin = at + gap;
      at = begin + length;
      ranges->push_back(
          {static_cast<uint32_t>(begin), static_cast<uint32_t>(at)});
    }
    return true;
  }

  bool at_end() const { return in_.empty(); }

 private:
  std::string_view in_;
};

}  // namespace

EvidenceStream MakeEvidence(const TokenStream& tokens,
                            std::span<const TokenRange> quoted,
                            std::span<const TokenRange> echoed) {
  EvidenceStream evidence;
  evidence.normal.reserve(tokens.size());
  evidence.name.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const uint8_t byte = EvidenceByte(tokens.normal()[i]);
    evidence.normal.push_back(byte);
    evidence.name.push_back(
        byte <= kLastClass ? static_cast<uint8_t>(tokens.raw()[i] >> 56) : 0);
  }
  evidence.line.assign(tokens.line().begin(), tokens.line().end());
  evidence.quoted.assign(quoted.begin(), quoted.end());
  evidence.echoed.assign(echoed.begin(), echoed.end());
  return evidence;
}

Result<std::string> EncodeEvidence(const EvidenceStream& evidence) {
  const size_t tokens = evidence.size();
  if (tokens > kEvidenceTokensMax) {
    return Error(Code::kTooLarge, "evidence stream: " + std::to_string(tokens) +
                                      " tokens; the limit is " +
                                      std::to_string(kEvidenceTokensMax));
  }
  CHECK(evidence.name.size() == tokens && evidence.line.size() == tokens);
  std::string payload;
  AppendVarint(tokens, &payload);
  payload.append(evidence.normal.begin(), evidence.normal.end());
  for (size_t i = 0; i < tokens; ++i) {
    if (evidence.normal[i] <= kLastClass) {
      payload.push_back(static_cast<char>(evidence.name[i]));
    }
  }
  AppendLines(evidence.line, &payload);
  AppendRanges(evidence.quoted, tokens, &payload);
  AppendRanges(evidence.echoed, tokens, &payload);
  std::string bytes(1, static_cast<char>(kEvidenceVersion));
  bytes.append(ZstdCompress(payload, kCompressionLevel));
  return bytes;
}

Result<EvidenceStream> DecodeEvidence(std::string_view bytes) {
  if (bytes.empty()) return Corrupt("empty");
  if (static_cast<uint8_t>(bytes.front()) != kEvidenceVersion) {
    return Corrupt("unknown version");
  }
  Result<std::string> payload = ZstdDecompress(
      bytes.substr(1),
      kEvidenceTokensMax * kPayloadBytesPerToken + kPayloadBytesFixed);
  if (!payload.ok())
    return std::move(payload).error().Within("evidence stream");
  PayloadReader reader(*payload);
  uint64_t tokens = 0;
  if (!reader.ReadSize(std::numeric_limits<uint64_t>::max(), &tokens)) {
    return Corrupt("no token count");
  }
  if (tokens > kEvidenceTokensMax) {
    return Error(Code::kTooLarge, "evidence stream: too many tokens");
  }
  EvidenceStream evidence;
  if (!reader.ReadBytes(tokens, &evidence.normal)) return Corrupt("short");
  if (!reader.ReadNames(evidence.normal, &evidence.name)) {
    return Corrupt("names end early");
  }
  if (!reader.ReadLines(tokens, &evidence.line)) return Corrupt("bad lines");
  if (!reader.ReadRanges(tokens, &evidence.quoted) ||
      !reader.ReadRanges(tokens, &evidence.echoed)) {
    return Corrupt("bad ranges");
  }
  if (!reader.at_end()) return Corrupt("bytes behind the end");
  return evidence;
}

}  // namespace cofferdam::fingerprint
