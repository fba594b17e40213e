// A recursive-descent parser that writes steps as it reads. Each piece of a
// pattern is a fragment: where it begins, and which steps wait for what comes
// after it. What is repeated {n,m} is read again from its text, since steps
// cannot be copied.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "agent/tools/pattern_program_internal.h"
#include "base/utf8.h"

namespace cofferdam::agent {
namespace {

using Kind = PatternStep::Kind;
using Bytes = std::bitset<256>;

constexpr int kDepthMax = 100;
constexpr int kRepeatMax = 1000;
constexpr uint32_t kCodePointMax = 0x10ffff;

struct Fragment {
  uint32_t begin = 0;
  // Steps that wait: step * 2, + 1 for `other`.
  std::vector<uint32_t> open;
};

struct CodeRange {
  uint32_t first = 0;
  uint32_t last = 0;
};

Bytes ByteRange(int first, int last) {
  Bytes bytes;
  for (int c = first; c <= last; ++c) bytes.set(static_cast<size_t>(c));
  return bytes;
}

Bytes NamedBytes(int (*is)(int)) {
  Bytes bytes;
  for (int c = 0; c < 128; ++c) {
    if (is(c) != 0) bytes.set(static_cast<size_t>(c));
  }
  return bytes;
}

int IsWord(int c) { return std::isalnum(c) != 0 || c == '_' ? 1 : 0; }

// What \d, \w, \s and their opposites match in ASCII.
bool ReadPerlClass(char c, Bytes* bytes, bool* negated) {
  switch (c) {
    case 'd':
    case 'D':
      *bytes = NamedBytes(std::isdigit);
      break;
    case 'w':
    case 'W':
      *bytes = NamedBytes(IsWord);
      break;
    case 's':
    case 'S':
      *bytes = NamedBytes(std::isspace);
      break;
    default:
      return false;
  }
  *negated = std::isupper(static_cast<unsigned char>(c)) != 0;
  return true;
}

bool ReadPosixClass(std::string_view name, Bytes* bytes) {
  struct Named {
    std::string_view name;
    int (*is)(int);
  };
  constexpr std::array<Named, 12> kNamed = {{{"alpha", std::isalpha},
                                             {"digit", std::isdigit},
                                             {"alnum", std::isalnum},
                                             {"upper", std::isupper},
                                             {"lower", std::islower},
                                             {"space", std::isspace},
                                             {"punct", std::ispunct},
                                             {"xdigit", std::isxdigit},
                                             {"blank", std::isblank},
                                             {"cntrl", std::iscntrl},
                                             {"print", std::isprint},
                                             {"graph", std::isgraph}}};
  for (const Named& one : kNamed) {
    if (one.name != name) continue;
    *bytes = NamedBytes(one.is);
    return true;
  }
  if (name != "word") return false;
  *bytes = NamedBytes(IsWord);
  return true;
}

std::string ToUtf8(uint32_t code) {
  std::string out;
  AppendUtf8(code, &out);
  return out;
}

class PatternCompiler {
 public:
  PatternCompiler(std::string_view pattern, LinePattern::Case letters)
      : text_(pattern), ignore_case_(letters == LinePattern::Case::kIgnore) {}

  Result<PatternProgram> Compile() {
    if (text_.starts_with("(?i)")) {
      ignore_case_ = true;
      at_ = 4;
    }
    FindLiteral();
    Fragment all;
    if (!ReadAlternatives(0, &all)) return Failure();
    if (at_ < text_.size()) {
      Fail("a ) without its (");
      return Failure();
    }
    uint32_t match = Add({.kind = Kind::kMatch});
    Close(all, match);
    program_.begin = all.begin;
    if (!why_.empty()) return Failure();
    return std::move(program_);
  }

 private:
  Error Failure() const {
    return Error(too_large_ ? Code::kTooLarge : Code::kInvalid, why_);
  }
  bool Fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }

  void FindLiteral() {
    if (ignore_case_) return;
    std::string_view rest = text_.substr(at_);
    std::string literal;
    for (size_t i = 0; i < rest.size(); ++i) {
      char c = rest[i];
      if (c == '\\' && i + 1 < rest.size() &&
          std::ispunct(static_cast<unsigned char>(rest[i + 1])) != 0 &&
          rest[i + 1] != '<' && rest[i + 1] != '>') {
        literal.push_back(rest[++i]);
      } else if (std::string_view("\\.[]()|*+?{}^$").find(c) !=
                 std::string_view::npos) {
        return;
      } else {
        literal.push_back(c);
      }
    }
    program_.literal = std::move(literal);
  }

  uint32_t Add(PatternStep step) {
    if (program_.steps.size() >= LinePattern::kProgramMax) {
      too_large_ = true;
      Fail("the pattern is too large; repeat less");
      return 0;
    }
    program_.steps.push_back(step);
    return static_cast<uint32_t>(program_.steps.size() - 1);
  }
  uint32_t AddSet(const Bytes& bytes) {
    for (size_t i = 0; i < program_.sets.size(); ++i) {
      if (program_.sets[i] == bytes) return static_cast<uint32_t>(i);
    }
    program_.sets.push_back(bytes);
    return static_cast<uint32_t>(program_.sets.size() - 1);
  }
  void Close(const Fragment& fragment, uint32_t next) {
    for (uint32_t open : fragment.open) {
      PatternStep& step = program_.steps[open / 2];
      (open % 2 == 0 ? step.next : step.other) = next;
    }
  }

  Fragment BytesFragment(Bytes bytes) {
    if (ignore_case_) {
      for (int c = 'a'; c <= 'z'; ++c) {
        size_t upper = static_cast<size_t>(c - 'a' + 'A');
        if (bytes.test(static_cast<size_t>(c))) bytes.set(upper);
        if (bytes.test(upper)) bytes.set(static_cast<size_t>(c));
      }
    }
    uint32_t step = Add({.kind = Kind::kBytes, .set = AddSet(bytes)});
    return {step, {step * 2}};
  }
  Fragment EdgeFragment(Kind kind) {
    uint32_t step = Add({.kind = kind});
    return {step, {step * 2}};
  }
  Fragment Empty() {
    // A choice of one: goes on wherever it is led.
    uint32_t step = Add({.kind = Kind::kSplit});
    return {step, {step * 2, step * 2 + 1}};
  }
  Fragment Sequence(Fragment first, Fragment second) {
    Close(first, second.begin);
    return {first.begin, std::move(second.open)};
  }
  Fragment Either(Fragment one, Fragment two) {
    uint32_t step =
        Add({.kind = Kind::kSplit, .next = one.begin, .other = two.begin});
    Fragment both = {step, std::move(one.open)};
    both.open.insert(both.open.end(), two.open.begin(), two.open.end());
    return both;
  }
  Fragment Text(std::string_view bytes) {
    Fragment all;
    for (size_t i = 0; i < bytes.size(); ++i) {
      auto byte = static_cast<unsigned char>(bytes[i]);
      Fragment one = BytesFragment(ByteRange(byte, byte));
      all = i == 0 ? std::move(one) : Sequence(std::move(all), std::move(one));
    }
    return all;
  }

  // Any character beyond ASCII, or a byte that belongs to none.
  Fragment AnyWide() {
    Bytes tail = ByteRange(0x80, 0xbf);
    auto tails = [&](int first, int last, int count) {
      Fragment all = BytesFragment(ByteRange(first, last));
      for (int i = 0; i < count; ++i)
        all = Sequence(std::move(all), BytesFragment(tail));
      return all;
    };
    Fragment wide = Either(tails(0xc2, 0xdf, 1), tails(0xe0, 0xef, 2));
    wide = Either(std::move(wide), tails(0xf0, 0xf4, 3));
    return Either(std::move(wide), BytesFragment(ByteRange(0x80, 0xff)));
  }

  bool ReadAlternatives(int depth, Fragment* out) {
    if (depth > kDepthMax) return Fail("more than 100 nested groups");
    if (!ReadSequence(depth, out)) return false;
    while (at_ < text_.size() && text_[at_] == '|') {
      ++at_;
      Fragment next;
      if (!ReadSequence(depth, &next)) return false;
      *out = Either(std::move(*out), std::move(next));
    }
    return true;
  }

  bool ReadSequence(int depth, Fragment* out) {
    bool has_one = false;
    while (at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')') {
      Fragment piece;
      if (!ReadRepeated(depth, &piece)) return false;
      *out = has_one ? Sequence(std::move(*out), std::move(piece))
                     : std::move(piece);
      has_one = true;
    }
    if (!has_one) *out = Empty();
    return true;
  }

  // "{2}", "{2,}", "{2,5}"; anything else is text.
  bool ReadCount(int* least, int* most) {
    size_t i = at_ + 1;
    auto number = [&](int* value) {
      size_t begin = i;
      *value = 0;
      while (i < text_.size() &&
             std::isdigit(static_cast<unsigned char>(text_[i])) != 0) {
        *value = std::min(*value * 10 + (text_[i++] - '0'), kRepeatMax + 1);
      }
      return i > begin;
    };
    if (!number(least)) return false;
    *most = *least;
    if (i < text_.size() && text_[i] == ',') {
      ++i;
      if (!number(most)) *most = -1;
    }
    if (i >= text_.size() || text_[i] != '}') return false;
    at_ = i + 1;
    return true;
  }

  bool ReadRepeated(int depth, Fragment* out) {
    size_t begin = at_;
    if (!ReadAtom(depth, out)) return false;
    size_t end = at_;
    while (at_ < text_.size()) {
      char c = text_[at_];
      int least = 0;
      int most = 0;
      if (c == '*' || c == '+' || c == '?') {
        ++at_;
        Once(c, out);
      } else if (c == '{' && ReadCount(&least, &most)) {
        if (least > kRepeatMax || most > kRepeatMax)
          return Fail("repeats at most 1000 times");
        if (most >= 0 && most < least) return Fail("{n,m} with n over m");
        if (!Times(depth, begin, end, least, most, out)) return false;
      } else {
        break;
      }
      // Lazy is the same where only lines are told apart.
      if (at_ < text_.size() && text_[at_] == '?') ++at_;
      if (at_ < text_.size() && text_[at_] == '+')
        return Fail("possessive repetition is not supported");
    }
    return true;
  }

  void Once(char c, Fragment* out) {
    uint32_t step = Add({.kind = Kind::kSplit, .next = out->begin});
    if (c == '?') {
      out->open.push_back(step * 2 + 1);
      out->begin = step;
      return;
    }
    Close(*out, step);
    *out = {c == '*' ? step : out->begin, {step * 2 + 1}};
  }

  // The atom at [begin, end) again as often as is needed.
  bool Times(int depth, size_t begin, size_t end, int least, int most,
             Fragment* out) {
    size_t after = at_;
    auto again = [&](Fragment* piece) {
      if (!why_.empty()) return false;
      at_ = begin;
      bool read = ReadAtom(depth, piece);
      return read && at_ == end;
    };
    Fragment all = Empty();
    for (int i = 0; i < std::max(least, most); ++i) {
      Fragment piece;
      if (!again(&piece)) return false;
      if (i >= least) {
        Once('?', &piece);
      }
      all = Sequence(std::move(all), std::move(piece));
    }
    if (most < 0) {
      Fragment piece;
      if (!again(&piece)) return false;
      Once('*', &piece);
      all = Sequence(std::move(all), std::move(piece));
    }
    *out = std::move(all);
    at_ = after;
    return why_.empty();
  }

  bool ReadAtom(int depth, Fragment* out) {
    char c = text_[at_];
    switch (c) {
      case '(':
        return ReadGroup(depth, out);
      case '[':
        return ReadClass(out);
      case '\\':
        return ReadEscape(out);
      case '.':
        ++at_;
        *out = Either(BytesFragment(ByteRange(0, 0x7f)), AnyWide());
        return true;
      case '^':
        ++at_;
        *out = EdgeFragment(Kind::kLineBegin);
        return true;
      case '$':
        ++at_;
        *out = EdgeFragment(Kind::kLineEnd);
        return true;
      case '*':
      case '+':
      case '?':
        return Fail(fmt::format("a {} with nothing before it", c));
      case '\n':
        return Fail("lines are searched one by one; leave \\n out");
      default:
        ++at_;
        *out = Text(std::string(1, c));
        return true;
    }
  }

  bool ReadGroup(int depth, Fragment* out) {
    ++at_;
    if (text_.substr(at_).starts_with("?")) {
      std::string_view rest = text_.substr(at_);
      size_t name_end = rest.find('>');
      if (rest.starts_with("?:")) {
        at_ += 2;
      } else if (rest.starts_with("?=") || rest.starts_with("?!") ||
                 rest.starts_with("?<=") || rest.starts_with("?<!")) {
        return Fail("look-around is not supported");
      } else if ((rest.starts_with("?P<") || rest.starts_with("?<")) &&
                 name_end != std::string_view::npos) {
        at_ += name_end + 1;
      } else {
        return Fail("(? is only known as (?: (?i) and (?P<name>");
      }
    }
    if (!ReadAlternatives(depth + 1, out)) return false;
    if (at_ >= text_.size()) return Fail("a ( without its )");
    ++at_;
    return true;
  }

  bool ReadEscape(Fragment* out) {
    if (at_ + 1 >= text_.size()) return Fail("a \\ at the end");
    char c = text_[at_ + 1];
    Bytes bytes;
    bool negated = false;
    if (ReadPerlClass(c, &bytes, &negated)) {
      at_ += 2;
      *out = ClassFragment(bytes, {}, negated);
      return true;
    }
    switch (c) {
      case 'b':
        at_ += 2;
        *out = EdgeFragment(Kind::kWordEdge);
        return true;
      case 'B':
        at_ += 2;
        *out = EdgeFragment(Kind::kNoWordEdge);
        return true;
      case '<':
        at_ += 2;
        *out = EdgeFragment(Kind::kWordBegin);
        return true;
      case '>':
        at_ += 2;
        *out = EdgeFragment(Kind::kWordEnd);
        return true;
      case 'A':
        at_ += 2;
        *out = EdgeFragment(Kind::kLineBegin);
        return true;
      case 'z':
      case 'Z':
        at_ += 2;
        *out = EdgeFragment(Kind::kLineEnd);
        return true;
      default:
        break;
    }
    uint32_t code = 0;
    if (!ReadCode(&code)) return false;
    *out = Text(ToUtf8(code));
    return true;
  }

  // An escaped character.
  bool ReadCode(uint32_t* code) {
    char c = text_[at_ + 1];
    at_ += 2;
    switch (c) {
      case 't':
        *code = '\t';
        return true;
      case 'r':
        *code = '\r';
        return true;
      case 'f':
        *code = '\f';
        return true;
      case 'v':
        *code = '\v';
        return true;
      case 'n':
        return Fail("lines are searched one by one; leave \\n out");
      case 'x':
      case 'u':
        return ReadHex(c == 'x' ? 2 : 4, code);
      default:
        break;
    }
    auto byte = static_cast<unsigned char>(c);
    if (std::isdigit(byte) != 0)
      return Fail("back-references are not supported");
    if (std::isalpha(byte) != 0) return Fail(fmt::format("unknown \\{}", c));
    if (byte >= 0x80) return Fail("a \\ before a character that needs none");
    *code = byte;
    return true;
  }

  bool ReadHex(size_t digits_max, uint32_t* code) {
    bool braced = at_ < text_.size() && text_[at_] == '{';
    if (braced) {
      ++at_;
      digits_max = 6;
    }
    size_t digits = 0;
    *code = 0;
    while (at_ < text_.size() && digits < digits_max &&
           std::isxdigit(static_cast<unsigned char>(text_[at_])) != 0) {
      char c = text_[at_++];
      int value = std::isdigit(static_cast<unsigned char>(c)) != 0
                      ? c - '0'
                      : (c | 0x20) - 'a' + 10;
      *code = *code * 16 + static_cast<uint32_t>(value);
      ++digits;
    }
    if (braced && (at_ >= text_.size() || text_[at_++] != '}'))
      return Fail("a \\x{ without its }");
    if (digits == 0 || *code > kCodePointMax) return Fail("\\x and no number");
    return true;
  }

  // The character at `at_`, which may be several bytes.
  bool ReadCharacter(uint32_t* code) {
    auto lead = static_cast<unsigned char>(text_[at_]);
    if (lead == '\\') {
      if (at_ + 1 >= text_.size()) return Fail("a \\ at the end");
      if (text_[at_ + 1] == 'b') {
        at_ += 2;
        *code = '\b';
        return true;
      }
      return ReadCode(code);
    }
    size_t bytes = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (at_ + bytes > text_.size()) return Fail("the pattern is not UTF-8");
    *code = bytes == 1 ? lead : lead & (0xffU >> (bytes + 1));
    for (size_t i = 1; i < bytes; ++i) {
      *code = *code << 6 | (static_cast<unsigned char>(text_[at_ + i]) & 0x3fU);
    }
    at_ += bytes;
    return true;
  }

  bool ReadClass(Fragment* out) {
    ++at_;
    bool negated = at_ < text_.size() && text_[at_] == '^';
    if (negated) ++at_;
    Bytes bytes;
    std::vector<CodeRange> wide;
    bool first = true;
    while (true) {
      if (at_ >= text_.size()) return Fail("a [ without its ]");
      char c = text_[at_];
      if (c == ']' && !first) break;
      first = false;
      if (!ReadClassItem(&bytes, &wide)) return false;
    }
    ++at_;
    *out = ClassFragment(bytes, wide, negated);
    return true;
  }

  bool ReadClassItem(Bytes* bytes, std::vector<CodeRange>* wide) {
    if (text_.substr(at_).starts_with("[:")) {
      size_t end = text_.find(":]", at_);
      Bytes named;
      if (end != std::string_view::npos &&
          ReadPosixClass(text_.substr(at_ + 2, end - at_ - 2), &named)) {
        *bytes |= named;
        at_ = end + 2;
        return true;
      }
    }
    Bytes perl;
    bool negated = false;
    if (text_[at_] == '\\' && at_ + 1 < text_.size() &&
        ReadPerlClass(text_[at_ + 1], &perl, &negated)) {
      at_ += 2;
      if (!negated) {
        *bytes |= perl;
        return true;
      }
      *bytes |= ~perl & ByteRange(0, 0x7f);
      wide->push_back({0x80, kCodePointMax});
      return true;
    }
    CodeRange range;
    if (!ReadCharacter(&range.first)) return false;
    range.last = range.first;
    if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
      ++at_;
      if (!ReadCharacter(&range.last)) return false;
      if (range.last < range.first) return Fail("a range from high to low");
    }
    for (uint32_t code = range.first; code <= range.last && code < 0x80; ++code)
      bytes->set(code);
    if (range.last >= 0x80)
      wide->push_back({std::max<uint32_t>(range.first, 0x80), range.last});
    return true;
  }

  // Wide ranges are told apart by their first byte only where they are whole
  // blocks; single characters exactly.
  Fragment ClassFragment(const Bytes& bytes, const std::vector<CodeRange>& wide,
                         bool negated) {
    Bytes ascii = ByteRange(0, 0x7f);
    Bytes plain = (negated ? ~bytes : bytes) & ascii;
    Fragment out = BytesFragment(plain);
    if (negated && wide.empty()) return Either(std::move(out), AnyWide());
    std::vector<CodeRange> ranges = negated ? Complement(wide) : wide;
    for (const CodeRange& range : ranges) {
      if (!why_.empty()) break;
      AddRange(range.first, range.last, &out);
    }
    return out;
  }

  static std::vector<CodeRange> Complement(std::vector<CodeRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const CodeRange& a, const CodeRange& b) {
                return a.first < b.first;
              });
    std::vector<CodeRange> out;
    uint32_t next = 0x80;
    for (const CodeRange& range : ranges) {
      if (range.first > next) out.push_back({next, range.first - 1});
      next = std::max(next, range.last + 1);
    }
    if (next <= kCodePointMax) out.push_back({next, kCodePointMax});
    return out;
  }

  // The characters of a range, split where their bytes stop to be ranges
  // themselves.
  void AddRange(uint32_t first, uint32_t last, Fragment* out) {
    for (uint32_t edge : {0x7ffU, 0xffffU}) {
      if (first <= edge && last > edge) {
        AddRange(first, edge, out);
        AddRange(edge + 1, last, out);
        return;
      }
    }
    for (int bits = 6; bits <= 18; bits += 6) {
      uint32_t mask = (1U << bits) - 1;
      if ((first & ~mask) == (last & ~mask)) continue;
      if ((first & mask) != 0) {
        AddRange(first, first | mask, out);
        AddRange((first | mask) + 1, last, out);
        return;
      }
      if ((last & mask) != mask) {
        AddRange(first, (last & ~mask) - 1, out);
        AddRange(last & ~mask, last, out);
        return;
      }
    }
    std::string low = ToUtf8(first);
    std::string high = ToUtf8(last);
    Fragment all;
    for (size_t i = 0; i < low.size(); ++i) {
      Fragment one =
          BytesFragment(ByteRange(static_cast<unsigned char>(low[i]),
                                  static_cast<unsigned char>(high[i])));
      all = i == 0 ? std::move(one) : Sequence(std::move(all), std::move(one));
    }
    *out = Either(std::move(*out), std::move(all));
  }

  std::string_view text_;
  bool ignore_case_;
  size_t at_ = 0;
  PatternProgram program_;
  std::string why_;
  bool too_large_ = false;
};

}  // namespace

Result<PatternProgram> CompilePattern(std::string_view pattern,
                                      LinePattern::Case letters) {
  if (pattern.empty()) return Error(Code::kInvalid, "an empty pattern");
  if (pattern.size() > LinePattern::kPatternBytesMax) {
    return Error(Code::kTooLarge,
                 fmt::format("a pattern of {} bytes, at most {}",
                             pattern.size(), LinePattern::kPatternBytesMax));
  }
  return PatternCompiler(pattern, letters).Compile();
}

}  // namespace cofferdam::agent
