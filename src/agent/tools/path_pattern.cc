#include "agent/tools/path_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace cofferdam::agent {
namespace {

// The first "{…}" of `pattern`, with its commas outside of inner braces.
bool FindBraces(std::string_view pattern, size_t* begin, size_t* end,
                std::vector<size_t>* commas) {
  *begin = pattern.find('{');
  if (*begin == std::string_view::npos) return false;
  int depth = 0;
  for (size_t i = *begin; i < pattern.size(); ++i) {
    if (pattern[i] == '{') ++depth;
    if (pattern[i] == ',' && depth == 1) commas->push_back(i);
    if (pattern[i] == '}' && --depth == 0) {
      *end = i;
      return true;
    }
  }
  return false;
}

bool Expand(std::string_view pattern, std::vector<std::string>* out) {
  size_t begin = 0;
  size_t end = 0;
  std::vector<size_t> commas;
  if (!FindBraces(pattern, &begin, &end, &commas)) {
    out->emplace_back(pattern);
    return out->size() <= PathPattern::kAlternativesMax;
  }
  commas.push_back(end);
  size_t from = begin + 1;
  for (size_t comma : commas) {
    std::string one(pattern.substr(0, begin));
    one += pattern.substr(from, comma - from);
    one += pattern.substr(end + 1);
    if (!Expand(one, out)) return false;
    from = comma + 1;
  }
  return true;
}

// One item of a pattern, at `at`: how far it goes, and whether `c` is in it.
struct Item {
  size_t end = 0;
  bool matches = false;
};
Item MatchItem(std::string_view pattern, size_t at, char c) {
  char p = pattern[at];
  if (p == '?') return {at + 1, c != '/'};
  if (p == '\\' && at + 1 < pattern.size())
    return {at + 2, pattern[at + 1] == c};
  size_t close = p == '[' ? pattern.find(']', at + 2) : std::string_view::npos;
  if (close == std::string_view::npos) return {at + 1, p == c};
  size_t i = at + 1;
  bool negated = pattern[i] == '!' || pattern[i] == '^';
  if (negated) ++i;
  bool in = false;
  while (i < close) {
    char last =
        i + 2 < close && pattern[i + 1] == '-' ? pattern[i + 2] : pattern[i];
    in = in || (pattern[i] <= c && c <= last);
    i +=
        last == pattern[i] && !(i + 2 < close && pattern[i + 1] == '-') ? 1 : 3;
  }
  return {close + 1, in != negated && c != '/'};
}

// Whether a whole path matches: for each place in the pattern, the set of
// places in the path that it can have come to.
bool MatchPath(std::string_view pattern, std::string_view path) {
  std::vector<bool> here(path.size() + 1);
  here[0] = true;
  for (size_t at = 0; at < pattern.size();) {
    std::vector<bool> next(path.size() + 1);
    if (pattern.substr(at).starts_with("**")) {
      // "**/" is also nothing; "**" at the end is everything below.
      bool slash = pattern.substr(at).starts_with("**/");
      bool reached = false;
      for (size_t i = 0; i <= path.size(); ++i) {
        reached = reached || here[i];
        bool begins_name = i == 0 || path[i - 1] == '/';
        next[i] = reached && (!slash || begins_name);
      }
      at += slash ? 3 : 2;
    } else if (pattern[at] == '*') {
      bool reached = false;
      for (size_t i = 0; i <= path.size(); ++i) {
        if (i > 0 && path[i - 1] == '/') reached = false;
        reached = reached || here[i];
        next[i] = reached;
      }
      ++at;
    } else {
      size_t end = at + 1;
      for (size_t i = 0; i < path.size(); ++i) {
        Item item = MatchItem(pattern, at, path[i]);
        end = item.end;
        next[i + 1] = here[i] && item.matches;
      }
      if (path.empty()) end = MatchItem(pattern, at, '/').end;
      at = end;
    }
    here = std::move(next);
  }
  return here[path.size()];
}

}  // namespace

Result<PathPattern> PathPattern::Parse(std::string_view pattern) {
  while (pattern.starts_with("./")) pattern.remove_prefix(2);
  if (pattern.empty()) return Error(Code::kInvalid, "an empty pattern");
  if (pattern.size() > kBytesMax) {
    return Error(Code::kTooLarge,
                 fmt::format("a pattern of {} bytes, at most {}",
                             pattern.size(), kBytesMax));
  }
  PathPattern parsed;
  if (!Expand(pattern, &parsed.alternatives_)) {
    return Error(Code::kTooLarge,
                 fmt::format("braces that come to more than {} patterns",
                             kAlternativesMax));
  }
  return parsed;
}

bool PathPattern::Matches(std::string_view path) const {
  size_t slash = path.rfind('/');
  std::string_view name =
      slash == std::string_view::npos ? path : path.substr(slash + 1);
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](std::string_view one) {
                       bool anywhere = one.find('/') == std::string_view::npos;
                       return MatchPath(one, anywhere ? name : path);
                     });
}

}  // namespace cofferdam::agent
