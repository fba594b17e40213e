#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fingerprint/novelty.h"

namespace cofferdam::fingerprint {
namespace {

struct Numbered {
  uint64_t number = 0;
  std::string_view separator;
  size_t size = 0;  // of the whole prefix
};

// What tools put behind the number. Longer ones first, since "|" begins "| ".
// The tab comes before ": " because both are cut from the line.
constexpr std::string_view kSeparators[] = {"\xe2\x86\x92", "\t", "| ", "|",
                                            ": ",           ":",  " "};

// "   12→text", "L12: text"; none where no number begins the line.
std::optional<Numbered> ReadNumber(std::string_view line) {
  size_t at = 0;
  while (at < line.size() && line[at] == ' ') ++at;
  if (at < line.size() && line[at] == 'L') ++at;
  Numbered read;
  const size_t digits = at;
  while (at < line.size() && at < digits + 9 && line[at] >= '0' &&
         line[at] <= '9') {
    read.number = read.number * 10 + static_cast<uint64_t>(line[at] - '0');
    ++at;
  }
  if (at == digits) return std::nullopt;
  for (const std::string_view separator : kSeparators) {
    if (line.substr(at).starts_with(separator)) {
      read.separator = separator;
      read.size = at + separator.size();
      return read;
    }
  }
  // A tool may cut the blank behind the number of an empty line.
  if (at == line.size()) {
    read.size = at;
    return read;
  }
  return std::nullopt;
}

bool SameKind(const Numbered& a, const Numbered& b) {
  if (a.separator.empty() || b.separator.empty()) return true;
  // ":" and ": " differ only by what follows.
  return a.separator.substr(0, 1) == b.separator.substr(0, 1);
}

bool Follows(const std::optional<Numbered>& a,
             const std::optional<Numbered>& b) {
  return a && b && b->number == a->number + 1 && SameKind(*a, *b);
}

// The line at `at`, without its newline.
std::string_view LineAt(std::string_view text, size_t at) {
  const size_t end = text.find('\n', at);
  return text.substr(at, end == std::string_view::npos ? end : end - at);
}

std::optional<Numbered> NumberAt(std::string_view text, size_t at) {
  if (at >= text.size()) return std::nullopt;
  return ReadNumber(LineAt(text, at));
}

}  // namespace

std::string StripLineNumbers(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  std::optional<Numbered> before;
  std::optional<Numbered> here = NumberAt(text, 0);
  for (size_t at = 0; at < text.size();) {
    const std::string_view line = LineAt(text, at);
    const size_t next = at + line.size() + 1;
    const std::optional<Numbered> after = NumberAt(text, next);
    const bool numbered = Follows(before, here) || Follows(here, after);
    plain.append(line.substr(numbered ? here->size : 0));
    if (next <= text.size()) plain.push_back('\n');
    before = here;
    here = after;
    at = next;
  }
  return plain;
}

}  // namespace cofferdam::fingerprint
