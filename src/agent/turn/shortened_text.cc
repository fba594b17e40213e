#include "agent/turn/shortened_text.h"

#include <fmt/format.h>

namespace cofferdam::agent {
namespace {

bool IsContinuation(char c) { return (c & 0xC0) == 0x80; }

}  // namespace

std::string ShortenedText(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t head = bytes_max * 2 / 3;
  size_t tail = text.size() - (bytes_max - head);
  while (head > 0 && IsContinuation(text[head])) --head;
  while (tail < text.size() && IsContinuation(text[tail])) ++tail;
  return fmt::format("{}\n[… {} bytes left out …]\n{}", text.substr(0, head),
                     tail - head, text.substr(tail));
}

}  // namespace cofferdam::agent
