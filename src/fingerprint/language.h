#pragma once

#include <cstdint>
#include <string_view>

namespace cofferdam::fingerprint {

// How a text is lexed. The choice changes what counts as a comment or as a
// literal; it never changes the hash of an operator, keyword, identifier or
// literal, so the same code matches whatever its two sides were taken for.
// At most 64 values: TokenStream keeps a set of them in one word.
enum class Language : uint8_t {
  kGeneral,     // unknown code: //, /* */, "# " comments; all quotes
  kProse,       // words in any script
  kMarkdown,    // prose with fenced code blocks
  kPython,      //
  kC,           // C, C++, Objective-C, CUDA, GLSL …
  kJava,        // Java, Groovy, Dart
  kJavaScript,  // JavaScript, TypeScript, JSX
  kGo,          //
  kRust,        //
  kCSharp,      //
  kKotlin,      //
  kSwift,       //
  kScala,       //
  kPhp,         //
  kRuby,        // Ruby, Perl, Elixir, Crystal
  kShell,       // sh, bash, zsh, fish
  kHash,        // YAML, TOML, Makefile, CMake, R, Julia, … : # comments
  kSql,         //
  kDash,        // Lua, Haskell, Elm, Ada: -- comments
  kLisp,        // Lisp, Scheme, Clojure: ; comments
  kMarkup,      // HTML, XML, Vue, Svelte: <!-- --> comments
  kStyle,       // CSS, SCSS, Less
};

inline constexpr int kLanguageCount = 22;

// "general", "python", … : stable, for JSON and messages.
std::string_view LanguageName(Language language);

// By the file's name and extension, case-insensitively; folders are ignored.
// kGeneral when unknown, kMarkdown for .md, .txt, .rst and the like.
Language LanguageOfPath(std::string_view path);

// By a name such as Markdown fences carry: "python", "py", "c++", "tsx",
// "bash". Only the first word counts; case does not. kGeneral when unknown.
Language LanguageOfName(std::string_view name);

// For a text that comes with no name: a shebang or a fence decides, else 8 KiB
// from the begin and from the middle are read as words and signs: kMarkdown
// for prose, kGeneral for code.
Language GuessLanguage(std::string_view text);

// Whether its tokens are words of prose, but for fenced code.
inline bool IsProse(Language language) {
  return language == Language::kProse || language == Language::kMarkdown;
}

}  // namespace cofferdam::fingerprint
