#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace cofferdam {
namespace {

class KernelRandom : public Random {
 public:
  void Fill(std::span<uint8_t> out) override {
    size_t filled = 0;
    while (filled < out.size()) {
      ssize_t n = getrandom(out.data() + filled, out.size() - filled, 0);
      if (n < 0 && errno == EINTR) continue;
      CHECK(n > 0);  // getrandom without flags cannot fail on a booted Linux
      filled += static_cast<size_t>(n);
    }
  }
};

}  // namespace

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

uint64_t SeededRandom::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void SeededRandom::Fill(std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); i += 8) {
    uint64_t word = Next();
    std::memcpy(out.data() + i, &word, std::min<size_t>(8, out.size() - i));
  }
}

}  // namespace cofferdam
