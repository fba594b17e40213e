#include "benches/made_up_code.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace cofferdam::bench {
namespace {

std::string Name(SeededRandom* random) {
  static constexpr std::array<std::string_view, 16> kWords = {
      "count", "total", "row",   "index", "buffer", "node",  "limit", "state",
      "queue", "value", "chunk", "key",   "left",   "right", "score", "frame"};
  return fmt::format("{}_{}", kWords[random->Below(kWords.size())],
                     kWords[random->Below(kWords.size())]);
}

std::string Expression(SeededRandom* random, int depth) {
  static constexpr std::array<std::string_view, 8> kSigns = {
      "+", "-", "*", "%", "<", ">", "==", "|"};
  switch (random->Below(depth > 0 ? 5 : 2)) {
    case 0:
      return Name(random);
    case 1:
      return std::to_string(random->Below(500));
    case 2:
      return fmt::format("{}({})", Name(random), Expression(random, depth - 1));
    case 3:
      return fmt::format("{}[{}]", Name(random), Expression(random, depth - 1));
    default:
      return fmt::format("({} {} {})", Expression(random, depth - 1),
                         kSigns[random->Below(kSigns.size())],
                         Expression(random, depth - 1));
  }
}

// Statements until `lines` are used up, nested at most `depth` deep.
void Block(bool braces, const std::string& indent, int depth, size_t* lines,
           SeededRandom* random, std::string* out) {
  const uint64_t statements = 3 + random->Below(5);
  for (uint64_t i = 0; i < statements && *lines > 0; ++i) {
    --*lines;
    const uint64_t kind = random->Below(depth > 0 ? 6 : 3);
    const std::string value = Expression(random, 2);
    if (kind < 2) {
      *out += fmt::format("{}{} = {}{}\n", indent, Name(random), value,
                          braces ? ";" : "");
    } else if (kind == 2) {
      *out +=
          fmt::format("{}{}.{}({}, {}){}\n", indent, Name(random), Name(random),
                      value, Expression(random, 1), braces ? ";" : "");
    } else {
      const std::string_view word = kind == 3 ? "while" : "if";
      *out += braces ? fmt::format("{}{} ({}) {{\n", indent, word, value)
                     : fmt::format("{}{} {}:\n", indent, word, value);
      *out += fmt::format("{}    {} = {}{}\n", indent, Name(random),
                          Expression(random, 1), braces ? ";" : "");
      Block(braces, indent + "    ", depth - 1, lines, random, out);
      if (braces) *out += indent + "}\n";
    }
  }
}

}  // namespace

std::string MadeUpCode(const std::string& language, size_t lines,
                       SeededRandom* random) {
  const bool braces = language != "python";
  std::string out;
  while (lines > 0) {
    const std::string name = Name(random);
    if (language == "python") {
      out += fmt::format("def {}({}, {}):\n", name, Name(random), Name(random));
    } else if (language == "go") {
      out += fmt::format("func {}({} int) int {{\n", name, Name(random));
    } else if (language == "rust") {
      out += fmt::format("fn {}({}: u32) -> u32 {{\n", name, Name(random));
    } else if (language == "javascript") {
      out += fmt::format("function {}({}, {}) {{\n", name, Name(random),
                         Name(random));
    } else {
      out += fmt::format("static int {}(int {}) {{\n", name, Name(random));
    }
    --lines;
    Block(braces, "    ", 3, &lines, random, &out);
    out += fmt::format("    return {}{}\n{}\n", Expression(random, 1),
                       braces ? ";" : "", braces ? "}\n" : "");
  }
  return out;
}

}  // namespace cofferdam::bench
