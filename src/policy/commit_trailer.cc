#include "policy/commit_trailer.h"

#include <fmt/format.h>

#include <algorithm>

namespace cofferdam::policy {
namespace {

constexpr std::string_view kTool = "{tool}";
constexpr std::string_view kModel = "{model}";
constexpr std::string_view kSession = "{session}";

// What git takes for the key of a trailer.
bool IsKeyByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-';
}

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
}

bool StartsWithName(std::string_view text) {
  return text.starts_with(kTool) || text.starts_with(kModel) ||
         text.starts_with(kSession);
}

// Without what would end the line, and not longer than a name may be.
std::string Tame(std::string_view name) {
  size_t end = std::min(name.size(), kTrailerNameBytesMax);
  // Not in the middle of a character.
  while (end < name.size() && end > 0 &&
         (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) {
    --end;
  }
  std::string out(name.substr(0, end));
  std::replace_if(out.begin(), out.end(), IsControl, ' ');
  return out;
}

}  // namespace

std::string WrongTrailer(std::string_view form) {
  if (form.size() > kTrailerBytesMax) {
    return fmt::format("longer than {} bytes", kTrailerBytesMax);
  }
  if (std::any_of(form.begin(), form.end(), IsControl)) {
    return "must be one line of text";
  }
  const size_t colon = form.find(": ");
  if (colon == form.npos || colon == 0 ||
      !std::all_of(form.begin(), form.begin() + static_cast<long>(colon),
                   IsKeyByte) ||
      form.find_first_not_of(' ', colon + 1) == form.npos) {
    return "must be \"Key: value\", the key of letters, digits and '-'";
  }
  for (size_t at = form.find('{'); at != form.npos;
       at = form.find('{', at + 1)) {
    if (StartsWithName(form.substr(at))) continue;
    const size_t end = form.find('}', at);
    return fmt::format("unknown {}, must be one of {}, {}, {}",
                       form.substr(at, end == form.npos ? end : end + 1 - at),
                       kTool, kModel, kSession);
  }
  return "";
}

std::string FillTrailer(std::string_view form, const TrailerNames& names) {
  std::string out;
  while (!form.empty()) {
    const size_t brace = form.find('{');
    out += form.substr(0, brace);
    if (brace == form.npos) break;
    form.remove_prefix(brace);
    size_t taken = 1;
    for (const auto& [name, value] :
         {std::pair(kTool, names.tool), std::pair(kModel, names.model),
          std::pair(kSession, names.session)}) {
      if (!form.starts_with(name)) continue;
      out += Tame(value);
      taken = name.size();
    }
    if (taken == 1) out += '{';
    form.remove_prefix(taken);
  }
  return out;
}

}  // namespace cofferdam::policy
