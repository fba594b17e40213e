#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/check.h"
#include "base/hash.h"
#include "policy/hold_file.h"
#include "policy/hold_file_internal.h"

// The bytes of a hold file's header and slots: docs/formats/holds.md.

namespace cofferdam::policy {
namespace {

constexpr char kMagic[] = "CFHOLDS";  // with its zero, 8 bytes
constexpr uint32_t kVersion = 1;
constexpr size_t kStateBytes = 8;
constexpr size_t kChecksumAt = kStateBytes;
constexpr size_t kBodyAt = kChecksumAt + 8;
constexpr size_t kHeaderBytes = HoldFile::kHeaderBytes;

// Every text of a HeldExchange, in the order of the format.
constexpr std::string_view HeldExchange::* kTexts[] = {
    &HeldExchange::person,        &HeldExchange::key,
    &HeldExchange::team,          &HeldExchange::provider,
    &HeldExchange::upstream,      &HeldExchange::model,
    &HeldExchange::contract,      &HeldExchange::terms_class,
    &HeldExchange::terms_version, &HeldExchange::repo,
    &HeldExchange::purpose,       &HeldExchange::tool,
    &HeldExchange::tool_version,  &HeldExchange::session,
    &HeldExchange::commit,        &HeldExchange::rule};

// Little-endian numbers, whatever the machine.
template <typename Number>
void PutNumber(Number number, char** to) {
  using Bits = std::make_unsigned_t<Number>;
  auto bits = static_cast<Bits>(number);
  for (size_t i = 0; i < sizeof(Number); ++i) {
    *(*to)++ = static_cast<char>(bits >> (8 * i) & 0xff);
  }
}

template <typename Number>
Number TakeNumber(const char** from) {
  using Bits = std::make_unsigned_t<Number>;
  uint64_t bits = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    bits |= uint64_t{static_cast<unsigned char>(*(*from)++)} << (8 * i);
  }
  return static_cast<Number>(static_cast<Bits>(bits));
}

// At most `bytes_max`, not within a character.
std::string_view Cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

uint64_t ChecksumOf(const char* body, size_t bytes) {
  return Hash64({body, bytes}, kVersion);
}

}  // namespace

void WriteSlot(const HeldExchange& exchange, char* slot) {
  char* body = slot + kBodyAt;
  char* to = body + sizeof(uint16_t);  // its length comes last
  std::memcpy(to, exchange.id.bytes.data(), exchange.id.bytes.size());
  to += exchange.id.bytes.size();
  PutNumber(exchange.received_micros, &to);
  PutNumber(exchange.bound.micro_dollars, &to);
  PutNumber(exchange.bound.tokens, &to);
  PutNumber(exchange.input_tokens, &to);
  PutNumber(exchange.output_tokens, &to);
  PutNumber(exchange.request_bytes, &to);
  PutNumber(exchange.protocol, &to);
  PutNumber(exchange.grade, &to);
  // Each text needs a byte for its length at least.
  size_t room =
      HoldFile::kSlotBytes - static_cast<size_t>(to - slot) - std::size(kTexts);
  for (const auto text : kTexts) {
    const std::string_view kept =
        Cut(exchange.*text, std::min(room, HeldExchange::kTextBytesMax));
    PutNumber(static_cast<uint8_t>(kept.size()), &to);
    std::copy(kept.begin(), kept.end(), to);
    to += kept.size();
    room -= kept.size();
  }
  const auto bytes = static_cast<uint16_t>(to - body);
  char* at = body;
  PutNumber(bytes, &at);
  at = slot + kChecksumAt;
  PutNumber(ChecksumOf(body, bytes), &at);
}

SlotState ReadSlot(std::string_view slot, HeldExchange* exchange) {
  CHECK(slot.size() == HoldFile::kSlotBytes);
  const char* from = slot.data();
  const auto state = TakeNumber<uint64_t>(&from);
  if (state == 0) return SlotState::kFree;
  if (state != kTakenState) return SlotState::kBroken;
  const auto checksum = TakeNumber<uint64_t>(&from);
  const char* body = from;
  const size_t bytes = TakeNumber<uint16_t>(&from);
  if (bytes > HoldFile::kSlotBytes - kBodyAt ||
      ChecksumOf(body, bytes) != checksum) {
    return SlotState::kBroken;
  }
  const char* end = body + bytes;
  const size_t fixed = exchange->id.bytes.size() + 6 * sizeof(int64_t) + 2;
  if (static_cast<size_t>(end - from) < fixed + std::size(kTexts)) {
    return SlotState::kBroken;
  }
  std::memcpy(exchange->id.bytes.data(), from, exchange->id.bytes.size());
  from += exchange->id.bytes.size();
  exchange->received_micros = TakeNumber<int64_t>(&from);
  exchange->bound.micro_dollars = TakeNumber<int64_t>(&from);
  exchange->bound.tokens = TakeNumber<int64_t>(&from);
  exchange->input_tokens = TakeNumber<int64_t>(&from);
  exchange->output_tokens = TakeNumber<int64_t>(&from);
  exchange->request_bytes = TakeNumber<uint64_t>(&from);
  exchange->protocol = TakeNumber<uint8_t>(&from);
  exchange->grade = TakeNumber<uint8_t>(&from);
  if (exchange->bound.micro_dollars < 0 || exchange->bound.tokens < 0 ||
      exchange->input_tokens < 0 || exchange->output_tokens < 0) {
    return SlotState::kBroken;
  }
  for (const auto text : kTexts) {
    if (from == end) return SlotState::kBroken;
    const size_t size = TakeNumber<uint8_t>(&from);
    if (size > static_cast<size_t>(end - from)) return SlotState::kBroken;
    exchange->*text = {from, size};
    from += size;
  }
  return from == end ? SlotState::kTaken : SlotState::kBroken;
}

std::string HoldFileHeader() {
  std::string header(kHeaderBytes, '\0');
  char* to = header.data();
  std::memcpy(to, kMagic, sizeof(kMagic));
  to += sizeof(kMagic);
  PutNumber(kVersion, &to);
  PutNumber(HoldFile::kSlotBytes, &to);
  PutNumber(Hash64({header.data(), kHeaderBytes - sizeof(uint64_t)}), &to);
  return header;
}

Status CheckHoldFileHeader(std::string_view header) {
  if (header.size() < kHeaderBytes ||
      std::memcmp(header.data(), kMagic, sizeof(kMagic)) != 0) {
    return Error(Code::kCorrupt, "is not a file of reservations");
  }
  const char* from = header.data() + sizeof(kMagic);
  const auto version = TakeNumber<uint32_t>(&from);
  if (version != kVersion) {
    return Error(Code::kCorrupt,
                 fmt::format("has version {}, but this cofferdam reads only "
                             "version {}: let the one that wrote it end its "
                             "requests and stop, then remove the file",
                             version, kVersion));
  }
  const auto slot_bytes = TakeNumber<uint32_t>(&from);
  const auto checksum = TakeNumber<uint64_t>(&from);
  if (slot_bytes != HoldFile::kSlotBytes ||
      checksum != Hash64(header.substr(0, kHeaderBytes - sizeof(uint64_t)))) {
    return Error(Code::kCorrupt, "has a damaged header");
  }
  return {};
}

}  // namespace cofferdam::policy
