#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace cofferdam::seal {

using Digest = std::array<uint8_t, 32>;

// SHA-256 (FIPS 180-4).
Digest Sha256(std::string_view data);

// The same of data that comes in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;

  void Add(std::string_view data);
  // Ends it; nothing may follow.
  Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::seal
