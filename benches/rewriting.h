#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"

// What people do to code that they took from somewhere: other names, no
// comments, another layout, lines put in, taken out and changed.
namespace cofferdam::bench {

struct CodeToken {
  fingerprint::TokenKind kind = fingerprint::TokenKind::kOperator;
  std::string text;
  // A ";" follows; the lexer drops those.
  bool ends_statement = false;
};

// One line that holds code.
struct CodeLine {
  uint32_t number = 0;  // in the text it was read from, from 1
  size_t indent = 0;    // columns
  std::vector<CodeToken> tokens;
};

// A text without comments, docstrings and lines that hold nothing else.
using Code = std::vector<CodeLine>;

Code ReadCode(std::string_view text, fingerprint::Language language);
size_t TokensOf(const Code& code);
// Lines [begin, begin + count).
Code Slice(const Code& code, size_t begin, size_t count);

// Gives every identifier another name, the same one wherever it stands;
// keywords and literals stay. A sign before a name ("$", "@", "'") stays.
void RenameAll(Code* code, SeededRandom* random);
// The same of about `share` of the names; the others stay.
void RenameSome(double share, Code* code, SeededRandom* random);

// The code with another indentation, other spaces, and, where the language
// ends lines with more than line ends, lines joined and broken.
std::string Reformat(const Code& code, fingerprint::Language language,
                     SeededRandom* random);

// Edits `share` of the lines: a third is deleted, after a third a line of
// `others` is put, of a third one token is replaced. `others` is code of
// people in the same language; not empty.
void EditLines(double share, const std::vector<CodeLine>& others,
               SeededRandom* random, Code* code);

// Words, as people count them: what stands between spaces.
std::vector<std::string> WordsOf(std::string_view text);
// Edits `share` of the words, by the same thirds.
void EditWords(double share, const std::vector<std::string>& others,
               SeededRandom* random, std::vector<std::string>* words);
// Words as lines of about 70 columns.
std::string Wrapped(const std::vector<std::string>& words);

}  // namespace cofferdam::bench
