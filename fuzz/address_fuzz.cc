// URLs and addresses: what is read is written so that it is read again as the
// same, and an address that no upstream may have is none in any form of IPv6.

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/check.h"
#include "http/address_internal.h"
#include "http/url.h"
#include "target.h"

namespace cofferdam::http {
namespace {

void CheckUrl(std::string_view text) {
  const Result<Url> url = Url::Parse(text);
  if (!url.ok()) {
    CHECK(url.error().code() == Code::kInvalid);
    return;
  }
  CHECK(!url->host.empty() && url->port != 0);
  CHECK(!url->base_path.ends_with('/'));
  const Result<Url> again = Url::Parse(url->ToString());
  CHECK(again.ok());
  CHECK(again->scheme == url->scheme && again->host == url->host &&
        again->port == url->port && again->base_path == url->base_path);
}

void CheckListenAddress(const std::string& text) {
  const auto address = ParseAddress(text);
  if (!address.ok()) return;
  const auto again = ParseAddress(AddressName(*address));
  CHECK(again.ok());
  CHECK(AddressName(*again) == AddressName(*address));
}

using V6 = std::array<uint8_t, 16>;

SocketAddress FromBytes(const V6& bytes) {
  SocketAddress address;
  auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
  in->sin6_family = AF_INET6;
  std::memcpy(&in->sin6_addr, bytes.data(), bytes.size());
  address.size = sizeof(*in);
  return address;
}

void CheckForms(const uint8_t* v4) {
  SocketAddress plain;
  auto* in = reinterpret_cast<sockaddr_in*>(&plain.storage);
  in->sin_family = AF_INET;
  std::memcpy(&in->sin_addr, v4, 4);
  plain.size = sizeof(*in);
  const bool allowed = CheckUpstreamAddress(plain).ok();
  V6 mapped{};
  mapped[10] = mapped[11] = 0xff;
  V6 nat64{0, 0x64, 0xff, 0x9b};
  for (V6* form : {&mapped, &nat64}) {
    std::copy_n(v4, 4, form->begin() + 12);
    CHECK(CheckUpstreamAddress(FromBytes(*form)).ok() == allowed);
  }
  V6 six_to_four{0x20, 0x02};
  std::copy_n(v4, 4, six_to_four.begin() + 2);
  CHECK(CheckUpstreamAddress(FromBytes(six_to_four)).ok() == allowed);
}

}  // namespace
}  // namespace cofferdam::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(cofferdam::FuzzText(data, size));
  cofferdam::http::CheckUrl(text);
  cofferdam::http::CheckListenAddress(text);
  if (size >= 4) cofferdam::http::CheckForms(data);
  if (size >= 16) {
    cofferdam::http::V6 bytes;
    std::copy_n(data, bytes.size(), bytes.begin());
    (void)cofferdam::http::CheckUpstreamAddress(
        cofferdam::http::FromBytes(bytes));
  }
  return 0;
}
