#include "fingerprint/file_language.h"

#include <algorithm>

namespace cofferdam::fingerprint {
namespace {

bool IsPlainText(std::string_view path) {
  for (std::string_view end : {".txt", ".text"}) {
    if (path.size() < end.size()) continue;
    const std::string_view last = path.substr(path.size() - end.size());
    if (std::equal(end.begin(), end.end(), last.begin(), [](char a, char b) {
          return a == b || (b >= 'A' && b <= 'Z' && a == b + ('a' - 'A'));
        }))
      return true;
  }
  return false;
}

}  // namespace

Language LanguageOfFile(std::string_view path, std::string_view text) {
  const Language named = LanguageOfPath(path);
  const bool is_plain = named == Language::kMarkdown && IsPlainText(path);
  return named == Language::kGeneral || is_plain ? GuessLanguage(text) : named;
}

}  // namespace cofferdam::fingerprint
