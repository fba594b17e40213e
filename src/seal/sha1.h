#pragma once

#include <string>
#include <string_view>

namespace cofferdam::seal {

// SHA-1 (FIPS 180-4) in 40 hexadecimal digits, for formats that name files by
// it; it proves nothing against anyone who wants two files of one name.
std::string Sha1Hex(std::string_view data);

// The name that git gives to a file's bytes.
std::string GitBlobId(std::string_view bytes);

}  // namespace cofferdam::seal
