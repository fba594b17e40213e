#include "fingerprint/keywords.h"

#include <iterator>

#include "base/check.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {
namespace {

// Words that shape code. Left out though reserved somewhere, because they are
// common names elsewhere: type, match, end, then, done, begin, use, mod, to,
// of, get, set, func, val, out, ref, base, params, select, go, move, byte. To
// leave a keyword out costs a few bits of evidence; to take in a name costs
// every k-gram around it when somebody renames it.
constexpr std::string_view kWords[] = {
    // control
    "if",
    "else",
    "elif",
    "elsif",
    "elseif",
    "for",
    "foreach",
    "while",
    "do",
    "switch",
    "case",
    "default",
    "break",
    "continue",
    "return",
    "goto",
    "yield",
    "await",
    "async",
    "unless",
    "until",
    "fi",
    "esac",
    "pass",
    "try",
    "catch",
    "except",
    "finally",
    "throw",
    "throws",
    "raise",
    "rescue",
    "assert",
    "fallthrough",
    // declarations
    "class",
    "struct",
    "union",
    "enum",
    "interface",
    "trait",
    "impl",
    "def",
    "fn",
    "fun",
    "function",
    "lambda",
    "let",
    "var",
    "const",
    "constexpr",
    "consteval",
    "constinit",
    "static",
    "final",
    "abstract",
    "virtual",
    "override",
    "inline",
    "extern",
    "volatile",
    "mutable",
    "mut",
    "typedef",
    "typename",
    "template",
    "namespace",
    "using",
    "operator",
    "friend",

    "public",
    "private",
    "protected",
    "pub",
    "crate",
    "package",
    "import",
    "from",
    "export",
    "extends",
    "implements",
    "include",
    "define",
    "ifdef",
    "ifndef",
    "endif",
    "undef",
    "pragma",
    "nonlocal",
    "del",
    "where",
    "with",
    "as",
    "in",
    "is",
    "not",
    "and",
    "or",
    "new",
    "delete",
    "sizeof",
    "typeof",
    "instanceof",
    "decltype",
    "alignas",
    "noexcept",
    "static_cast",
    "dynamic_cast",
    "reinterpret_cast",
    "const_cast",
    "synchronized",
    "transient",
    "unsafe",
    "dyn",

    // values and types
    "this",
    "self",
    "Self",
    "super",
    "true",
    "false",
    "null",
    "nil",
    "None",
    "True",
    "False",
    "nullptr",
    "undefined",
    "void",
    "int",
    "long",
    "short",
    "char",
    "float",
    "double",
    "bool",
    "boolean",
    "signed",
    "unsigned",
    "auto",
    // SQL, as written in upper case
    "SELECT",
    "FROM",
    "WHERE",
    "INSERT",
    "INTO",
    "VALUES",
    "CREATE",
    "TABLE",
    "JOIN",
    "GROUP",
    "ORDER",
    "BY",
    "HAVING",
    "DISTINCT",
    "UNION",
};
static_assert(std::size(kWords) < 255);

}  // namespace

const Keywords& Keywords::Shared() {
  static const Keywords keywords;
  return keywords;
}

std::span<const std::string_view> Keywords::Words() { return kWords; }

Keywords::Keywords() {
  for (const std::string_view word : kWords) {
    hashes_[count_++] =
        HashToken(word.data(), word.size(), word.data() + word.size());
  }
  // No word hashes to this; slot 0 must not answer for it.
  hashes_[0] = ~uint64_t{0};
  // A multiplier that gives every word a slot of its own; about one in two
  // thousand does.
  uint64_t multiplier = kHashSeed0;
  int tries = 0;
  while (!TryMultiplier(multiplier)) {
    multiplier = FoldedProduct(multiplier, kHashSeed1) | 1;
    CHECK(++tries < 1'000'000);
  }
}

bool Keywords::TryMultiplier(uint64_t multiplier) {
  multiplier_ = multiplier;
  slots_.fill(0);
  for (size_t i = 1; i < count_; ++i) {
    uint8_t& slot = slots_[Slot(hashes_[i])];
    if (slot != 0) return false;
    slot = static_cast<uint8_t>(i);
  }
  return true;
}

}  // namespace cofferdam::fingerprint
