#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "corpus/byte_source.h"

namespace cofferdam::corpus {

// Of the names and other headers of one member.
inline constexpr uint64_t kTarHeaderBytesMax = 1 << 20;

struct TarMember {
  std::string name;
  uint64_t size = 0;  // of its bytes, without the padding behind them
  char type = '0';
  bool size_in_pax = false;  // a header before its own says the size

  // Whether its bytes are those of a file.
  bool HasText() const { return type == '0' || type == '\0' || type == '7'; }
};

// How many bytes stand behind a member of `size` bytes.
uint64_t TarPadding(uint64_t size);

// Reads the headers of an archive (POSIX ustar and pax, GNU's long names and
// large sizes). Between two calls the caller reads a member's bytes and padding
// from the source. Zeros do not end an archive: others may follow.
class TarHeaderReader {
 public:
  explicit TarHeaderReader(ByteSource* archive) : archive_(archive) {}

  // None at the end. kCorrupt where no header stands, kTooLarge for headers
  // beyond kTarHeaderBytesMax.
  Result<std::optional<TarMember>> Next();

  // What the last call read: first so many zeros, then headers.
  uint64_t zeros() const { return zeros_; }
  const std::string& headers() const { return headers_; }

 private:
  Result<std::string> Take(uint64_t bytes);

  ByteSource* archive_;
  uint64_t zeros_ = 0;
  std::string headers_;
};

// `headers` of `member` with another size. kInvalid where pax says the size.
Result<std::string> WithTarSize(const std::string& headers,
                                const TarMember& member, uint64_t size);

// The next `*left` bytes of `archive`, which counts down.
std::unique_ptr<ByteSource> ReadTarMember(ByteSource* archive, uint64_t* left);

}  // namespace cofferdam::corpus
