#include <algorithm>

#include "base/compress.h"
#include "base/encoding.h"
#include "ledger/keys_internal.h"
#include "seal/hash.h"
#include "wire/digest.h"

namespace cofferdam::ledger {
namespace {

constexpr char kRaw = 0;
constexpr char kZstd = 1;
// Quick: texts are compressed on the indexer's thread, many of them.
constexpr int kZstdLevel = 1;

// Numbers of protocols in files; never given again to another one.
constexpr std::pair<wire::Protocol, char> kProtocols[] = {
    {wire::Protocol::kAnthropicMessages, 1},
    {wire::Protocol::kOpenAiResponses, 2},
    {wire::Protocol::kOpenAiChat, 3},
    {wire::Protocol::kGemini, 4},
};

// Fields of a hash, each with its length before it, so that no two lists of
// fields give the same bytes.
void AddField(std::string_view field, std::string* out) {
  AppendBigEndian64(field.size(), out);
  out->append(field);
}

std::string DigestOf(std::string_view data) {
  const seal::Digest digest = seal::Sha256(data);
  return {digest.begin(), digest.end()};
}

}  // namespace

std::string SequenceKey(uint64_t sequence) {
  std::string key;
  AppendBigEndian64(sequence, &key);
  return key;
}

std::string PartKey(uint64_t sequence, uint16_t part) {
  std::string key = SequenceKey(sequence);
  AppendBigEndian16(part, &key);
  return key;
}

std::string_view IdKey(const Ulid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

std::string ClaimKey(const ClaimDigest& digest, uint64_t sequence) {
  std::string key(digest.begin(), digest.end());
  AppendBigEndian64(sequence, &key);
  return key;
}

std::optional<uint64_t> SequenceOfKey(std::string_view key) {
  if (key.size() < kSequenceBytes) return std::nullopt;
  return ReadBigEndian64(key.substr(0, kSequenceBytes));
}

std::string SequencesValue(const std::vector<uint64_t>& sequences) {
  std::string value;
  for (uint64_t sequence : sequences) AppendBigEndian64(sequence, &value);
  return value;
}

Result<std::vector<uint64_t>> ReadSequences(std::string_view value) {
  if (value.empty() || value.size() % kSequenceBytes != 0) {
    return Error(Code::kCorrupt, "ledger: list of sequences is cut");
  }
  std::vector<uint64_t> sequences;
  for (size_t i = 0; i < value.size(); i += kSequenceBytes) {
    sequences.push_back(ReadBigEndian64(value.substr(i, kSequenceBytes)));
  }
  return sequences;
}

std::optional<std::string> DedupeKey(const Exchange& exchange,
                                     std::string_view history_id) {
  std::string fields;
  if (!exchange.provider_response_id.empty()) {
    AddField("response", &fields);
    AddField(exchange.origin.provider, &fields);
    AddField(exchange.provider_response_id, &fields);
    return DigestOf(fields);
  }
  if (exchange.session.empty()) return std::nullopt;
  if (!history_id.empty()) {
    AddField("history", &fields);
    AddField(exchange.origin.tool, &fields);
    AddField(exchange.session, &fields);
    AddField(history_id, &fields);
    return DigestOf(fields);
  }
  if (exchange.parts.empty()) return std::nullopt;
  AddField("session", &fields);
  AddField(exchange.session, &fields);
  for (const PartRecord& part : exchange.parts) {
    AddField(wire::PartKindName(part.kind), &fields);
    AddField(part.path, &fields);
    AddField(part.digest, &fields);
  }
  return DigestOf(fields);
}

int64_t InputTokens(const wire::Usage& usage) {
  return usage.input_tokens + usage.cache_read_tokens +
         usage.cache_write_5m_tokens + usage.cache_write_1h_tokens;
}

std::optional<std::string> UsageKey(const Exchange& exchange) {
  const wire::Usage& usage = exchange.usage;
  if (exchange.usage_source != wire::UsageSource::kReported ||
      exchange.operation != wire::Operation::kGenerate ||
      exchange.route == Route::kContext || exchange.continues ||
      exchange.parts.empty()) {
    return std::nullopt;
  }
  std::string fields;
  AddField("usage", &fields);
  AddField(exchange.origin.provider, &fields);
  AppendBigEndian64(static_cast<uint64_t>(InputTokens(usage)), &fields);
  AppendBigEndian64(static_cast<uint64_t>(usage.output_tokens), &fields);
  return DigestOf(fields);
}

std::string ClaimedTurnKey(const std::vector<ClaimDigest>& claims) {
  std::string fields;
  AddField("claim", &fields);
  for (const ClaimDigest& claim : claims) {
    AddField({reinterpret_cast<const char*>(claim.data()), claim.size()},
             &fields);
  }
  return DigestOf(fields);
}

std::string RawText(std::string_view text) {
  std::string value;
  value.reserve(1 + text.size());
  value.push_back(kRaw);
  value.append(text);
  return value;
}

std::string CompressedText(std::string_view text, size_t bytes_min) {
  if (text.size() < bytes_min) return RawText(text);
  std::string packed = ZstdCompress(text, kZstdLevel);
  if (packed.size() >= text.size()) return RawText(text);
  return packed.insert(0, 1, kZstd);
}

Result<std::string> ReadText(std::string_view value, uint64_t bytes) {
  if (value.empty()) return Error(Code::kCorrupt, "text: no codec byte");
  const char codec = value.front();
  value.remove_prefix(1);
  std::string text;
  if (codec == kRaw) {
    text = value;
  } else if (codec == kZstd) {
    Result<std::string> unpacked = ZstdDecompress(value, bytes);
    if (!unpacked.ok()) {
      return Error(Code::kCorrupt, "text: " + unpacked.error().message());
    }
    text = *std::move(unpacked);
  } else {
    return Error(Code::kCorrupt, "text: unknown codec " +
                                     std::to_string(static_cast<int>(codec)));
  }
  if (text.size() != bytes) {
    return Error(Code::kCorrupt, "text: " + std::to_string(text.size()) +
                                     " bytes, not " + std::to_string(bytes) +
                                     " as recorded");
  }
  return text;
}

std::string PendingHead(wire::Protocol protocol) {
  for (const auto& [known, number] : kProtocols) {
    if (known == protocol) return std::string(1, number);
  }
  CHECK(false);
  return {};
}

Result<PendingPrompt> ReadPending(std::string_view value) {
  for (const auto& [known, number] : kProtocols) {
    if (!value.empty() && value.front() == number) {
      return PendingPrompt{known, value.substr(1)};
    }
  }
  return Error(Code::kCorrupt, "pending prompt: unknown protocol");
}

std::optional<ClaimDigest> ClaimOf(const wire::Part& part) {
  const std::string text = wire::ClaimText(part);
  if (text.empty()) return std::nullopt;
  return seal::Sha256(text);
}

}  // namespace cofferdam::ledger
