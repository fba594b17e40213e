#include "base/ulid.h"

#include <fmt/format.h>

namespace cofferdam {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int Digit(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  size_t at = kCrockford.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string Ulid::ToString() const {
  // 26 digits hold 130 bits: the first digit carries the top 3 bits only.
  std::string text(26, '0');
  unsigned __int128 value = 0;
  for (uint8_t byte : bytes) value = (value << 8) | byte;
  for (int i = 25; i >= 0; --i) {
    text[i] = kCrockford[static_cast<size_t>(value & 31)];
    value >>= 5;
  }
  return text;
}

Result<Ulid> Ulid::Parse(std::string_view text) {
  auto wrong = [&] {
    return Error(Code::kInvalid, fmt::format("not a ULID: \"{}\"", text));
  };
  if (text.size() != 26 || Digit(text[0]) > 7) return wrong();
  unsigned __int128 value = 0;
  for (char c : text) {
    int digit = Digit(c);
    if (digit < 0) return wrong();
    value = (value << 5) | static_cast<unsigned>(digit);
  }
  Ulid id;
  for (int i = 15; i >= 0; --i) {
    id.bytes[i] = static_cast<uint8_t>(value);
    value >>= 8;
  }
  return id;
}

int64_t Ulid::milliseconds() const {
  int64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = (ms << 8) | bytes[i];
  return ms;
}

Ulid UlidGenerator::Next() {
  int64_t now = clock_.WallMicros() / 1000;
  std::lock_guard lock(mutex_);
  if (now > last_.milliseconds()) {
    random_.Fill(last_.bytes);
    for (int i = 5; i >= 0; --i) {
      last_.bytes[i] = static_cast<uint8_t>(now);
      now >>= 8;
    }
    // Room to count upwards within the millisecond.
    last_.bytes[6] &= 0x7f;
    return last_;
  }
  for (int i = 15; i >= 0; --i) {
    if (++last_.bytes[i] != 0) break;
  }
  return last_;
}

}  // namespace cofferdam
