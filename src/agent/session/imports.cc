#include "agent/session/imports.h"

#include <algorithm>
#include <set>

namespace cofferdam::agent {
namespace {

constexpr size_t kFenceMin = 3;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view Trimmed(std::string_view line) {
  while (!line.empty() && IsBlank(line.front())) line.remove_prefix(1);
  while (!line.empty() && IsBlank(line.back())) line.remove_suffix(1);
  return line;
}

size_t RunOf(char c, std::string_view text, size_t at) {
  const size_t end = text.find_first_not_of(c, at);
  return (end == text.npos ? text.size() : end) - at;
}

// Of "```sh": its mark and how often it stands there; 0: no fence.
struct Fence {
  char mark = 0;
  size_t length = 0;
};

Fence FenceOf(std::string_view line) {
  line = Trimmed(line);
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return {};
  const Fence fence = {line[0], RunOf(line[0], line, 0)};
  if (fence.length < kFenceMin) return {};
  // "```a```" is a span.
  const bool span =
      fence.mark == '`' && line.find('`', fence.length) != line.npos;
  return span ? Fence() : fence;
}

bool Closes(std::string_view line, const Fence& open) {
  line = Trimmed(line);
  return !line.empty() && line[0] == open.mark &&
         RunOf(open.mark, line, 0) == line.size() && line.size() >= open.length;
}

class Reader {
 public:
  // A paragraph, in which spans may go over several lines.
  void Read(std::string_view text) {
    std::set<size_t> never_closed;
    for (size_t at = 0; at < text.size();) {
      const char c = text[at];
      if (c == '`') {
        at = AfterSpan(text, at, &never_closed);
      } else if (c == '@' && (at == 0 || IsBlank(text[at - 1]))) {
        at = Take(text, at + 1);
      } else {
        at += c == '\\' ? 2 : 1;
      }
    }
  }

  std::vector<std::string> found;

 private:
  static size_t AfterSpan(std::string_view text, size_t at,
                          std::set<size_t>* never_closed) {
    const size_t length = RunOf('`', text, at);
    const size_t begin = at + length;
    if (never_closed->contains(length)) return begin;
    for (size_t end = text.find('`', begin); end != text.npos;) {
      const size_t run = RunOf('`', text, end);
      if (run == length) return end + run;
      end = text.find('`', end + run);
    }
    never_closed->insert(length);
    return begin;
  }

  // The end of the word.
  size_t Take(std::string_view text, size_t at) {
    std::string path;
    for (; at < text.size() && !IsBlank(text[at]); ++at) {
      if (text.substr(at).starts_with("\\ ")) ++at;
      path += text[at];
    }
    while (!path.empty() &&
           std::string_view(".,;:!?)]}\"'*_").find(path.back()) !=
               std::string_view::npos) {
      path.pop_back();
    }
    const bool known =
        std::find(found.begin(), found.end(), path) != found.end();
    if (!path.empty() && path.size() <= kImportPathBytesMax && !known &&
        path.find('\0') == path.npos && found.size() < kImportsOfFileMax) {
      found.push_back(std::move(path));
    }
    return at;
  }
};

}  // namespace

std::vector<std::string> ImportsIn(std::string_view markdown) {
  Reader reader;
  Fence open;
  size_t begin = 0;  // of the paragraph
  for (size_t at = 0; at < markdown.size();) {
    const size_t end = std::min(markdown.find('\n', at), markdown.size() - 1);
    const std::string_view line = markdown.substr(at, end - at + 1);
    const size_t next = end + 1;
    if (open.length > 0) {
      if (Closes(line, open)) open = {};
      begin = next;
    } else if (open = FenceOf(line); open.length > 0 || Trimmed(line).empty()) {
      reader.Read(markdown.substr(begin, at - begin));
      begin = next;
    }
    at = next;
  }
  reader.Read(markdown.substr(std::min(begin, markdown.size())));
  return std::move(reader.found);
}

}  // namespace cofferdam::agent
