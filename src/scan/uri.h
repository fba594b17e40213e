#pragma once

#include <string>
#include <string_view>

namespace cofferdam::scan {

// A path as a URI reference (RFC 3986): bytes that may not stand there, and a
// colon in the first name, are percent-encoded. Relative paths stay relative,
// absolute ones get "file://", and what is a URI already ("s3://…") keeps its
// scheme.
std::string UriOfPath(std::string_view path);

}  // namespace cofferdam::scan
