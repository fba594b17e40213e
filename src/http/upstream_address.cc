#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "http/address_internal.h"

// Which addresses no upstream may have. The check looks at the bytes that
// connect gets, so that no spelling of an address and no answer of a name
// server goes around it.

namespace cofferdam::http {
namespace {

using V6 = std::array<uint8_t, 16>;

// A prefix of an address, in bytes and bits, with what lives there.
template <size_t kSize>
struct Range {
  std::array<uint8_t, kSize> prefix;
  int bits;
  std::string_view what;
};

constexpr std::string_view kMetadata = "a cloud's metadata service";

constexpr Range<4> kV4Ranges[] = {
    {{0, 0, 0, 0}, 8, "this network (0.0.0.0/8)"},
    {{169, 254, 0, 0}, 16, "link-local (169.254.0.0/16)"},
    {{224, 0, 0, 0}, 4, "multicast"},
    {{255, 255, 255, 255}, 32, "broadcast"},
    {{100, 100, 100, 200}, 32, kMetadata},  // Alibaba
    {{168, 63, 129, 16}, 32, kMetadata},    // Azure
    {{192, 0, 0, 192}, 32, kMetadata},      // Oracle
};

constexpr Range<16> kV6Ranges[] = {
    {{0}, 128, "the unspecified address"},
    {{0xfe, 0x80}, 10, "link-local (fe80::/10)"},
    {{0xff}, 8, "multicast"},
    // AWS, for machines and for pods.
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},
     128,
     kMetadata},
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23},
     128,
     kMetadata},
    // Google.
    {{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},
     128,
     kMetadata},
};

template <size_t kSize>
bool Within(const std::array<uint8_t, kSize>& address,
            const Range<kSize>& range) {
  const auto whole = static_cast<size_t>(range.bits) / 8;
  if (std::memcmp(address.data(), range.prefix.data(), whole) != 0) {
    return false;
  }
  const int rest = range.bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return (address[whole] & mask) == (range.prefix[whole] & mask);
}

template <size_t kSize>
std::optional<std::string_view> WhatIs(
    const std::array<uint8_t, kSize>& address,
    std::span<const Range<kSize>> ranges) {
  for (const auto& range : ranges) {
    if (Within(address, range)) return range.what;
  }
  return std::nullopt;
}

// Forms of IPv6 that lead to an IPv4 address: the prefix, and the place of the
// four bytes.
struct Embedding {
  Range<16> range;
  std::array<size_t, 4> places;
  uint8_t flipped = 0;  // in each byte
};
constexpr std::array<size_t, 4> kLast = {12, 13, 14, 15};

constexpr Embedding kEmbeddings[] = {
    {{{0}, 96, "IPv4-compatible"}, kLast},
    {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, "IPv4-mapped"}, kLast},
    {{{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, "IPv4-translated"}, kLast},
    {{{0, 0x64, 0xff, 0x9b}, 96, "NAT64"}, kLast},
    // RFC 8215; RFC 6052 steps over byte 8.
    {{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, "local NAT64"}, {6, 7, 9, 10}},
    {{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, "local NAT64"}, kLast},
    {{{0x20, 0x02}, 16, "6to4"}, {2, 3, 4, 5}},
    {{{0x20, 0x01, 0, 0}, 32, "Teredo"}, {4, 5, 6, 7}},
    {{{0x20, 0x01, 0, 0}, 32, "Teredo"}, kLast, 0xff},
};

std::optional<std::string_view> Why(const V6& address) {
  constexpr V6 kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (address == kLoopback) return std::nullopt;
  if (auto what = WhatIs<16>(address, kV6Ranges)) return what;
  // ISATAP: ::5efe:a.b.c.d under any prefix.
  const bool isatap = (address[8] & 0xfc) == 0 && address[9] == 0 &&
                      address[10] == 0x5e && address[11] == 0xfe;
  for (const Embedding& form : kEmbeddings) {
    if (!Within(address, form.range)) continue;
    std::array<uint8_t, 4> v4;
    for (size_t i = 0; i < 4; ++i) {
      v4[i] = address[form.places[i]] ^ form.flipped;
    }
    if (auto what = WhatIs<4>(v4, kV4Ranges)) return what;
  }
  if (isatap) {
    return WhatIs<4>({address[12], address[13], address[14], address[15]},
                     kV4Ranges);
  }
  return std::nullopt;
}

}  // namespace

Status CheckUpstreamAddress(const SocketAddress& address) {
  std::optional<std::string_view> why;
  if (address.family() == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address.storage);
    std::array<uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &in->sin_addr, bytes.size());
    why = WhatIs<4>(bytes, kV4Ranges);
  } else if (address.family() == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    V6 bytes;
    std::memcpy(bytes.data(), &in->sin6_addr, bytes.size());
    why = Why(bytes);
  }
  if (!why) return {};
  return Error(Code::kDenied, fmt::format("{}: no upstream may be there: {}",
                                          AddressName(address), *why));
}

}  // namespace cofferdam::http
