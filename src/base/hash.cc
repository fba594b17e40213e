#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cofferdam {

uint64_t Hash64(std::string_view data) {
  return XXH3_64bits(data.data(), data.size());
}

uint64_t Hash64(std::string_view data, uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

struct Hash64Stream::State {
  XXH3_state_t hash;
};

Hash64Stream::Hash64Stream() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(&state_->hash);
}
Hash64Stream::Hash64Stream(Hash64Stream&&) noexcept = default;
Hash64Stream& Hash64Stream::operator=(Hash64Stream&&) noexcept = default;
Hash64Stream::~Hash64Stream() = default;

void Hash64Stream::Add(std::string_view data) {
  XXH3_64bits_update(&state_->hash, data.data(), data.size());
}

uint64_t Hash64Stream::Digest() const {
  return XXH3_64bits_digest(&state_->hash);
}

}  // namespace cofferdam
