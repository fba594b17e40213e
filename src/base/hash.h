#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace cofferdam {

// XXH3 64 bit: quick and well mixed, not against an adversary. Stable across
// versions and machines, so it may stand in files.
uint64_t Hash64(std::string_view data);
uint64_t Hash64(std::string_view data, uint64_t seed);

// Hash64 of what comes in pieces.
class Hash64Stream {
 public:
  Hash64Stream();
  Hash64Stream(Hash64Stream&&) noexcept;
  Hash64Stream& operator=(Hash64Stream&&) noexcept;
  ~Hash64Stream();

  void Add(std::string_view data);
  uint64_t Digest() const;  // of all that was added

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam
