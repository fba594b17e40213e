#include "scan/uri.h"

namespace cofferdam::scan {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view("-._~/!$&'()*+,;=@").find(c) !=
             std::string_view::npos;
}

}  // namespace

std::string UriOfPath(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri;
  if (path.starts_with("s3://")) {
    uri = "s3://";
    path.remove_prefix(uri.size());
  } else if (path.starts_with('/')) {
    uri = "file://";
  }
  while (path.starts_with("./")) path.remove_prefix(2);
  for (char c : path) {
    if (IsPlain(c)) {
      uri += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kDigits[byte >> 4];
    uri += kDigits[byte & 15];
  }
  return uri;
}

}  // namespace cofferdam::scan
