#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::http {

// Where an upstream is: http(s)://host[:port][/base/path].
struct Url {
  enum class Scheme { kHttp, kHttps };
  Scheme scheme = Scheme::kHttp;
  std::string host;       // lower case, no brackets
  uint16_t port = 0;      // the scheme's own where none is given
  std::string base_path;  // "/base/path" without a final slash, or empty

  // kInvalid with the reason for anything else: other schemes, user names,
  // queries, fragments, a port out of range, bytes that cannot stand there.
  static Result<Url> Parse(std::string_view text);

  // "host", "host:port" where it is not the scheme's own, "[::1]:port".
  std::string authority() const;
  std::string ToString() const;
};

}  // namespace cofferdam::http
