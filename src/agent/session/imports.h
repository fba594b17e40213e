#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// Of one file; what it names beyond is left out.
inline constexpr size_t kImportsOfFileMax = 64;
inline constexpr size_t kImportPathBytesMax = 1024;

// What a CLAUDE.md imports: words "@PATH" of its text, as "@docs/style.md", "@
// ~/.claude/mine.md" without the space; "\ " is a space of the path. In the
// order of the text, each once, without what ends a sentence behind it. Not in
// code spans and fenced code, nor inside of words, as in addresses. Most are
// names of people and packages: whether there is such a file is not looked at.
std::vector<std::string> ImportsIn(std::string_view markdown);

}  // namespace cofferdam::agent
