#include "fingerprint/language.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace cofferdam::fingerprint {
namespace {

struct Named {
  std::string_view name;
  Language language;
};

using enum Language;

constexpr std::array<std::string_view, kLanguageCount> kNames = {
    "general",    "prose", "markdown", "python", "c",      "java",
    "javascript", "go",    "rust",     "csharp", "kotlin", "swift",
    "scala",      "php",   "ruby",     "shell",  "hash",   "sql",
    "dash",       "lisp",  "markup",   "style"};

// File name extensions and the names that Markdown fences carry are one list:
// "py" and "python" mean the same in both places.
constexpr Named kByName[] = {
    {"ada", kDash},
    {"adb", kDash},
    {"ads", kDash},
    {"asp", kMarkup},
    {"astro", kMarkup},
    {"awk", kHash},
    {"bash", kShell},
    {"bazel", kPython},
    {"bzl", kPython},
    {"c", kC},
    {"c#", kCSharp},
    {"c++", kC},
    {"cc", kC},
    {"cfg", kHash},
    {"cjs", kJavaScript},
    {"cl", kC},
    {"clj", kLisp},
    {"cljs", kLisp},
    {"clojure", kLisp},
    {"cmake", kHash},
    {"conf", kHash},
    {"console", kShell},
    {"cpp", kC},
    {"cppm", kC},
    {"cr", kRuby},
    {"crystal", kRuby},
    {"cs", kCSharp},
    {"csh", kShell},
    {"csharp", kCSharp},
    {"css", kStyle},
    {"cts", kJavaScript},
    {"cu", kC},
    {"cuda", kC},
    {"cuh", kC},
    {"cxx", kC},
    {"cypher", kJavaScript},
    {"d", kC},
    {"dart", kJava},
    {"dash", kShell},
    {"docker", kHash},
    {"dockerfile", kHash},
    {"el", kLisp},
    {"elixir", kRuby},
    {"elm", kDash},
    {"emacs-lisp", kLisp},
    {"env", kHash},
    {"erb", kMarkup},
    {"ex", kRuby},
    {"exs", kRuby},
    {"fish", kShell},
    {"frag", kC},
    {"gemspec", kRuby},
    {"glsl", kC},
    {"go", kGo},
    {"golang", kGo},
    {"gradle", kJava},
    {"graphql", kHash},
    {"groovy", kJava},
    {"gyp", kPython},
    {"h", kC},
    {"h++", kC},
    {"haskell", kDash},
    {"hcl", kHash},
    {"hh", kC},
    {"hlsl", kC},
    {"hpp", kC},
    {"hs", kDash},
    {"htm", kMarkup},
    {"html", kMarkup},
    {"hxx", kC},
    {"ini", kHash},
    {"inl", kC},
    {"ino", kC},
    {"ipp", kC},
    {"j2", kMarkup},
    {"java", kJava},
    {"javascript", kJavaScript},
    {"jl", kHash},
    {"js", kJavaScript},
    {"jsonc", kJavaScript},
    {"jsx", kJavaScript},
    {"julia", kHash},
    {"kotlin", kKotlin},
    {"ksh", kShell},
    {"kt", kKotlin},
    {"kts", kKotlin},
    {"less", kStyle},
    {"lisp", kLisp},
    {"lsp", kLisp},
    {"lua", kDash},
    {"m", kC},
    {"make", kHash},
    {"makefile", kHash},
    {"markdown", kMarkdown},
    {"md", kMarkdown},
    {"mdx", kMarkdown},
    {"metal", kC},
    {"mjs", kJavaScript},
    {"mk", kHash},
    {"mm", kC},
    {"mts", kJavaScript},
    {"mysql", kSql},
    {"nim", kPython},
    {"nix", kHash},
    {"node", kJavaScript},
    {"objc", kC},
    {"objective-c", kC},
    {"org", kMarkdown},
    {"perl", kRuby},
    {"php", kPhp},
    {"pl", kRuby},
    {"plaintext", kMarkdown},
    {"plpgsql", kSql},
    {"pm", kRuby},
    {"postgresql", kSql},
    {"powershell", kHash},
    {"properties", kHash},
    {"proto", kC},
    {"protobuf", kC},
    {"ps1", kHash},
    {"psql", kSql},
    {"purs", kDash},
    {"py", kPython},
    {"py3", kPython},
    {"pyi", kPython},
    {"python", kPython},
    {"python3", kPython},
    {"pyx", kPython},
    {"r", kHash},
    {"rake", kRuby},
    {"rb", kRuby},
    {"rkt", kLisp},
    {"rs", kRust},
    {"rst", kMarkdown},
    {"ruby", kRuby},
    {"rust", kRust},
    {"sass", kStyle},
    {"sc", kScala},
    {"scala", kScala},
    {"scheme", kLisp},
    {"scm", kLisp},
    {"scss", kStyle},
    {"sh", kShell},
    {"shell", kShell},
    {"sol", kJavaScript},
    {"solidity", kJavaScript},
    {"sql", kSql},
    {"sqlite", kSql},
    {"starlark", kPython},
    {"svelte", kMarkup},
    {"svg", kMarkup},
    {"swift", kSwift},
    {"terraform", kHash},
    {"text", kMarkdown},
    {"tf", kHash},
    {"toml", kHash},
    {"ts", kJavaScript},
    {"tsx", kJavaScript},
    {"txt", kMarkdown},
    {"typescript", kJavaScript},
    {"vert", kC},
    {"vhd", kDash},
    {"vhdl", kDash},
    {"vue", kMarkup},
    {"xhtml", kMarkup},
    {"xml", kMarkup},
    {"xsd", kMarkup},
    {"yaml", kHash},
    {"yml", kHash},
    {"zig", kC},
    {"zsh", kShell},
};

// Whole file names, in lower case.
constexpr Named kByFile[] = {
    {".bashrc", kShell},         {".gitignore", kHash},
    {".profile", kShell},        {".zshrc", kShell},
    {"brewfile", kRuby},         {"build", kPython},
    {"changelog", kMarkdown},    {"cmakelists.txt", kHash},
    {"containerfile", kHash},    {"dockerfile", kHash},
    {"gemfile", kRuby},          {"gnumakefile", kHash},
    {"jenkinsfile", kJava},      {"justfile", kHash},
    {"licence", kMarkdown},      {"license", kMarkdown},
    {"makefile", kHash},         {"news", kMarkdown},
    {"rakefile", kRuby},         {"readme", kMarkdown},
    {"requirements.txt", kHash}, {"vagrantfile", kRuby},
    {"workspace", kPython},
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

template <size_t n>
const Named* Look(const Named (&table)[n], std::string_view name) {
  const auto at = std::lower_bound(
      table, table + n, name, [](const Named& entry, std::string_view key) {
        return entry.name < key;
      });
  return at != table + n && at->name == name ? at : nullptr;
}

constexpr bool Sorted(const Named* table, size_t n) {
  for (size_t i = 1; i < n; ++i) {
    if (!(table[i - 1].name < table[i].name)) return false;
  }
  return true;
}
static_assert(Sorted(kByName, std::size(kByName)));
static_assert(Sorted(kByFile, std::size(kByFile)));

// Longer ones stand in no table, and are not made small letters of.
constexpr size_t LongestName(const Named* table, size_t n) {
  size_t longest = 0;
  for (size_t i = 0; i < n; ++i)
    longest = std::max(longest, table[i].name.size());
  return longest;
}
constexpr size_t kByNameBytesMax = LongestName(kByName, std::size(kByName));
constexpr size_t kByFileBytesMax = LongestName(kByFile, std::size(kByFile));

// "#!/usr/bin/env -S python3.11 -u" names python.
Language LanguageOfShebang(std::string_view line) {
  size_t at = 2;
  while (at < line.size()) {
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
    size_t end = at;
    while (end < line.size() && line[end] != ' ' && line[end] != '\t') ++end;
    std::string_view word = line.substr(at, end - at);
    at = end;
    word = word.substr(word.rfind('/') + 1);
    size_t letters = 0;
    while (letters < word.size() &&
           std::isalpha(static_cast<unsigned char>(word[letters]))) {
      ++letters;
    }
    word = word.substr(0, letters);
    if (word.empty() || word == "env") continue;
    return LanguageOfName(word);
  }
  return kGeneral;
}

constexpr size_t kGuessBytes = 8192;

bool IsOneOf(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

// What tells prose from code. Prose is words with single blanks between; code
// is short words among signs that prose does not use, and its lines end in
// other ways than sentences do.
struct Signs {
  size_t word_breaks = 0;
  size_t of_code = 0;
  size_t lines = 0;  // that are not empty
  size_t code_lines = 0;

  Signs& operator+=(const Signs& other) {
    word_breaks += other.word_breaks;
    of_code += other.of_code;
    lines += other.lines;
    code_lines += other.code_lines;
    return *this;
  }
};

// For each byte: whether it is a sign of code, and whether a word or what
// belongs to it may end with it.
struct SignTable {
  std::array<uint8_t, 256> of_code{};
  std::array<uint8_t, 256> ends_word{};
};
constexpr SignTable MakeSignTable() {
  SignTable table;
  for (const char c : std::string_view("{}()[]=<>;_&|+$@#\\")) {
    table.of_code[static_cast<unsigned char>(c)] = 1;
  }
  for (int c = 0; c < 256; ++c) {
    table.ends_word[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         c == ',' || c >= 0x80;
  }
  return table;
}
constexpr SignTable kSignTable = MakeSignTable();

Signs CountSigns(std::string_view text) {
  Signs signs;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    signs.of_code += kSignTable.of_code[c];
    signs.word_breaks +=
        (kSignTable.ends_word[c] & (text[i + 1] == ' ')) | (c >= 0xe3);
  }
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && IsOneOf(line.back(), " \t\r"))
      line.remove_suffix(1);
    if (line.empty()) continue;
    ++signs.lines;
    signs.code_lines += IsOneOf(line.back(), "{};(=[]>\\") ||
                        line.ends_with("),") || line.ends_with("):");
  }
  return signs;
}

}  // namespace

std::string_view LanguageName(Language language) {
  return kNames[static_cast<size_t>(language)];
}

Language LanguageOfPath(std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  if (file.size() <= kByFileBytesMax) {
    const Named* named = Look(kByFile, Lower(file));
    if (named != nullptr) return named->language;
  }
  const size_t dot = file.rfind('.');
  if (dot == std::string::npos || file.size() - dot - 1 > kByNameBytesMax)
    return kGeneral;
  const Named* named = Look(kByName, Lower(file.substr(dot + 1)));
  return named != nullptr ? named->language : kGeneral;
}

Language LanguageOfName(std::string_view name) {
  size_t begin = 0;
  while (begin < name.size() && std::string_view(" \t{.").find(name[begin]) !=
                                    std::string_view::npos) {
    ++begin;
  }
  const size_t end =
      std::min(name.find_first_of(" \t\r\n,:{}", begin), name.size());
  if (end - begin > 16) return kGeneral;
  const Named* named = Look(kByName, Lower(name.substr(begin, end - begin)));
  return named != nullptr ? named->language : kGeneral;
}

Language GuessLanguage(std::string_view text) {
  if (text.starts_with("#!")) {
    const Language named = LanguageOfShebang(text.substr(0, text.find('\n')));
    if (named != kGeneral) return named;
  }
  if (text.find("\n```") != std::string_view::npos || text.starts_with("```")) {
    return kMarkdown;
  }
  // The begin of a file of code is often a licence, which is prose.
  Signs signs = CountSigns(text.substr(0, kGuessBytes));
  if (text.size() > 2 * kGuessBytes) {
    signs += CountSigns(text.substr(text.size() / 2, kGuessBytes));
  }
  const bool words_with_blanks =
      signs.word_breaks > 3 * signs.of_code && signs.word_breaks > 0;
  const bool lines_of_code =
      signs.lines > 2 && signs.code_lines * 8 > signs.lines;
  return words_with_blanks && !lines_of_code ? kMarkdown : kGeneral;
}

}  // namespace cofferdam::fingerprint
