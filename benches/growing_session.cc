#include "benches/growing_session.h"

#include <fmt/format.h>

#include "base/json.h"

namespace cofferdam::bench {
namespace {

constexpr std::string_view kSyllables[] = {
    "ac", "count", "ba",  "lance", "cur", "sor",  "de",  "lay", "er",  "ror",
    "fi", "lter",  "gro", "up",    "han", "dle",  "in",  "dex", "jo",  "in",
    "ke", "y",     "lo",  "ad",    "mer", "ge",   "no",  "de",  "out", "put",
    "pa", "rse",   "que", "ue",    "re",  "cord", "sta", "te",  "to",  "ken",
    "up", "date",  "va",  "lue",   "wri", "te",   "ma",  "tch", "co",  "py"};

std::string Name(SeededRandom& random) {
  std::string name;
  const size_t syllables = 2 + random.Below(3);
  for (size_t i = 0; i < syllables; ++i) {
    name += kSyllables[random.Below(std::size(kSyllables))];
    if (random.Below(4) == 0) name += '_';
  }
  if (name.back() == '_') name.pop_back();
  return name;
}

// Code of the usual shape, of about `bytes`.
std::string Code(SeededRandom& random, size_t bytes) {
  std::string code;
  while (code.size() < bytes) {
    const std::string a = Name(random);
    const std::string b = Name(random);
    code += fmt::format("def {}({}, {}):\n    {} = {}.{}({})\n", Name(random),
                        a, b, Name(random), a, Name(random), b);
    for (size_t line = 0; line < 2 + random.Below(5); ++line) {
      switch (random.Below(4)) {
        case 0:
          code += fmt::format("    for {} in {}.{}:\n        {}[{}] += {}\n",
                              Name(random), a, Name(random), b, Name(random),
                              random.Below(100));
          break;
        case 1:
          code += fmt::format(
              "    if {} {} {} and not {}.{}:\n        raise "
              "{}(\"{} {}\")\n",
              b, "<>"[random.Below(2)], random.Below(1000), a, Name(random),
              Name(random), Name(random), Name(random));
          break;
        case 2:
          code += fmt::format("    {} = [{}({}) for {} in {}]\n", Name(random),
                              Name(random), a, a, b);
          break;
        default:
          code += fmt::format("    {}.{}({}=\"{}\", {}={})\n", a, Name(random),
                              Name(random), Name(random), Name(random), b);
      }
    }
    code += fmt::format("    return {}, {}\n\n", Name(random), b);
  }
  return code;
}

std::string Prose(SeededRandom& random, size_t bytes) {
  constexpr std::string_view kWords[] = {"the",  "of",   "when", "a",
                                         "is",   "then", "call", "read",
                                         "file", "not",  "must", "before"};
  std::string text;
  while (text.size() < bytes) {
    text += random.Below(2) == 0
                ? std::string(kWords[random.Below(std::size(kWords))])
                : Name(random);
    text += random.Below(12) == 0 ? ". " : " ";
  }
  return text;
}

std::string Quoted(std::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

std::string Result(uint64_t call, std::string_view text) {
  return fmt::format(
      R"({{"role":"user","content":[{{"type":"tool_result","tool_use_id":)"
      R"("toolu_{}","content":{}}}]}})",
      call, Quoted(text));
}

// As Claude Code's Read shows a file.
std::string Numbered(std::string_view code) {
  std::string text;
  size_t line = 1;
  for (size_t at = 0; at < code.size(); ++line) {
    size_t end = code.find('\n', at);
    if (end == std::string_view::npos) end = code.size();
    text += fmt::format("{:>6}\t{}\n", line, code.substr(at, end - at));
    at = end + 1;
  }
  return text;
}

}  // namespace

std::string GrowingSession::MakeShared(uint64_t seed) {
  SeededRandom random(seed);
  std::string shared = R"("system":[{"type":"text","text":)" +
                       Quoted(Prose(random, kSharedBytes / 2)) +
                       "}],\"tools\":[";
  const size_t tools = 16;
  for (size_t i = 0; i < tools; ++i) {
    shared += fmt::format(
        R"({}{{"name":"{}","description":{},"input_schema":{{"type":)"
        R"("object","properties":{{"path":{{"type":"string","description":)"
        R"({}}}}}}}}})",
        i == 0 ? "" : ",", Name(random),
        Quoted(Prose(random, kSharedBytes / 2 / tools - 200)),
        Quoted(Prose(random, 80)));
  }
  return shared + "]";
}

GrowingSession::GrowingSession(uint64_t seed, std::string_view shared)
    : random_(seed), shared_(shared) {
  Begin();
  // Sessions are not all at their beginning at the same time.
  for (size_t i = seed % kTurns; i > 0; --i) (void)Next();
}

void GrowingSession::Begin() {
  id_ = fmt::format("{:016x}", random_.Next());
  turn_ = 0;
  messages_ = fmt::format(R"({{"role":"user","content":{}}})",
                          Quoted(Prose(random_, 600)));
  constexpr size_t kFiles = 4;
  for (size_t i = 0; i < kFiles; ++i) {
    messages_ += "," + Result(i, Numbered(Code(random_, kFilesBytes / kFiles)));
  }
}

GrowingSession::Turn GrowingSession::Next() {
  if (turn_ == kTurns) Begin();
  ++turn_;
  Turn turn;
  turn.body = fmt::format(
      R"({{"model":"claude-x-1","messages":[{}],{},"metadata":{{"user_id":)"
      R"("user_{}"}},"max_tokens":32000,"stream":true}})",
      messages_, shared_, id_);
  const std::string words = Prose(random_, kOutputBytes / 5);
  const std::string code = Code(random_, kOutputBytes * 4 / 5);
  const std::string path = Name(random_) + ".py";
  const uint64_t call = random_.Next();
  turn.parts.push_back({wire::PartKind::kText, "", "", "", words, {}});
  turn.parts.push_back({wire::PartKind::kFile,
                        "Write",
                        fmt::format("toolu_{}", call),
                        path,
                        code,
                        {}});
  messages_ += fmt::format(
      R"(,{{"role":"assistant","content":[{{"type":"text","text":{}}},)"
      R"({{"type":"tool_use","id":"toolu_{}","name":"Write","input":)"
      R"({{"file_path":{},"content":{}}}}}]}},)",
      Quoted(words), call, Quoted(path), Quoted(code));
  messages_ += Result(call, Prose(random_, kOutputBytes / 2));
  return turn;
}

}  // namespace cofferdam::bench
