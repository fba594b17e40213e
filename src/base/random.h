#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cofferdam {

// A source of random bytes; passed in, so that a test can hold it.
class Random {
 public:
  virtual ~Random() = default;
  // Fills `out` entirely.
  virtual void Fill(std::span<uint8_t> out) = 0;
};

// The kernel's generator, fit for keys. Safe from any thread.
Random& SystemRandom();

// A fixed sequence from `seed` (SplitMix64), for tests. Not for keys, not for
// concurrent use.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void Fill(std::span<uint8_t> out) override;
  uint64_t Next();
  // Uniform enough for tests, in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }

 private:
  uint64_t state_;
};

}  // namespace cofferdam
