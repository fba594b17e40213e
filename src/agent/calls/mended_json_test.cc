#include "agent/calls/mended_json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "base/random.h"

namespace cofferdam::agent {
namespace {

// The value as JSON without white space; empty when it was refused.
std::string MendedText(std::string_view text, Ending ending = Ending::kItsOwn) {
  const Result<MendedJson> mended = MendJson(text, ending);
  if (!mended.ok()) return "";
  JsonWriter json;
  json.Value(mended->document.root());
  return json.text();
}

std::string WhyRefused(std::string_view text, Ending ending = Ending::kItsOwn) {
  const Result<MendedJson> mended = MendJson(text, ending);
  return mended.ok() ? "" : mended.error().message();
}

std::string MendsOf(std::string_view text) {
  const Result<MendedJson> mended = MendJson(text, Ending::kItsOwn);
  return mended.ok() ? fmt::format("{}", fmt::join(mended->mends, "; "))
                     : "refused: " + mended.error().message();
}

TEST(MendJsonTest, JsonWithoutFaultIsTakenAsItIs) {
  for (std::string_view text :
       {R"({})", R"( {"a": [1, -2.5e3, true, null, "x\n\u00e9"]} )",
        R"({"a":{"b":{}},"a":1})"}) {
    EXPECT_EQ(MendsOf(text), "") << text;
    JsonWriter json;
    json.Value(JsonDocument::Parse(text)->root());
    EXPECT_EQ(MendedText(text), json.text());
    EXPECT_EQ(MendedText(text, Ending::kCutOff), json.text());
  }
}

struct Slip {
  std::string_view text;
  std::string_view meant;
  std::string_view mends;
};

TEST(MendJsonTest, ASlipWithOneMeaningIsMendedAndNamed) {
  const Slip slips[] = {
      {R"({"a": 1,})", R"({"a":1})", "a trailing comma"},
      {R"({"a": [1, 2,],})", R"({"a":[1,2]})", "a trailing comma"},
      {R"({'a': 'b "c" d', 'e': 'it\'s'})", R"({"a":"b \"c\" d","e":"it's"})",
       "single quotes"},
      {"{\"a\": \"x\ny\r\nz\"}", R"({"a":"x\ny\r\nz"})",
       "line breaks in a string"},
      {"{\"a\": \"x\ty\"}", R"({"a":"x\ty"})",
       "control characters in a string"},
      {R"({"a": "b", "c": {"d": [true)", R"({"a":"b","c":{"d":[true]}})",
       "a missing end"},
      {R"({"a": [{"b": "c"], "d": 1})", R"({"a":[{"b":"c"}],"d":1})",
       "a missing closing bracket"},
      {R"({"a": 1}})", R"({"a":1})", "a closing bracket too many"},
      {"```json\n{\"a\": 1}\n```", R"({"a":1})", "a fence"},
      {"```\n{'a': 1}\n```", R"({"a":1})", "a fence; single quotes"},
      {R"("{\"a\": \"b\\nc\"}")", R"({"a":"b\nc"})",
       "an object inside a string"},
      {R"({\"a\": \"b\"})", R"({"a":"b"})", "an object inside a string"},
      {R"({a: 1, b_c: "d"})", R"({"a":1,"b_c":"d"})", "names without quotes"},
      {R"({"a": True, "b": False, "c": None})",
       R"({"a":true,"b":false,"c":null})", "words of Python"},
      {"{\"a\": 1, // why\n /* because */ \"b\": 2 # so\n}", R"({"a":1,"b":2})",
       "a comment"},
      {"\xef\xbb\xbf{\"a\": 1}", R"({"a":1})", "a byte order mark"},
      {R"([{"a": 1}])", R"({"a":1})", "a list around it"},
      {R"([{'a': 1}])", R"({"a":1})", "single quotes; a list around it"},
      {"Here it is: {\"a\": 1} as asked.", R"({"a":1})", "words around it"},
      {"Sure!\n```json\n{\"a\": 1}\n```", R"({"a":1})",
       "words around it; a fence"},
      {R"({"a": 1}{"a": 1})", R"({"a":1})", "the same object twice"},
      {R"({"a": "\d+\.c"})", R"({"a":"\\d+\\.c"})", "single backslashes"},
      {"{\xe2\x80\x9c"
       "a\xe2\x80\x9d: \xe2\x80\x9c"
       "b\xe2\x80\x9d}",
       R"({"a":"b"})", "typographic quotes"},
      {R"({"a": .5, "b": +1, "c": 2.})", R"({"a":0.5,"b":1,"c":2})",
       "a number in another form"},
  };
  for (const Slip& slip : slips) {
    EXPECT_EQ(MendedText(slip.text), slip.meant) << slip.text;
    EXPECT_EQ(MendsOf(slip.text), slip.mends) << slip.text;
  }
}

TEST(MendJsonTest, WhatCanBeReadInTwoWaysIsRefused) {
  const std::string_view texts[] = {
      "",
      "ls -la",
      R"({"a": "echo "hi""})",
      R"({"a": "b" "c": "d"})",
      R"({"a": 'it's'})",
      R"({"a": "x\'y"})",
      R"({"a": "\$HOME"})",
      R"({"a": "\d\n"})",
      R"({"a": "\x41"})",
      R"({"a": "\u12"})",
      R"({"a": "\ud83d"})",
      R"({"a": 007x})",
      R"({"a": 1_000})",
      R"({"a": 012})",
      R"({"a": 1e999})",
      R"({"a": ls})",
      R"({"a": undefined})",
      R"({"a": [1,,2]})",
      R"({,"a": 1})",
      R"({"a": })",
      R"({"a" 1})",
      R"({"a": [})",
      R"({"a": 1, // b})",
      R"({"a": 1} {"a": 2})",
      R"({} {"a": 1})",
      R"([{"a": 1}, {"a": 2}])",
      R"({"a": 1} or "b")",
      R"("a")",
      "[1]",
      "{\"a\": \"\xff\"}",
  };
  for (std::string_view text : texts) EXPECT_EQ(MendedText(text), "") << text;
}

TEST(MendJsonTest, AStringANumberOrAListThatMayBeCutIsRefused) {
  for (std::string_view text :
       {R"({"a": "b)", R"({"a": 12)", R"({"a": [1, 2)", R"({"a": )", R"({"a")",
        R"({"a": "b", )", R"({)", R"({"a": [)", R"({"a": tru)",
        R"("{\"a\": \"b\")"}) {
    EXPECT_EQ(MendedText(text), "") << text;
  }
}

TEST(MendJsonTest, AfterACutNoEndIsMended) {
  EXPECT_EQ(MendedText(R"({"a": "b")", Ending::kItsOwn), R"({"a":"b"})");
  EXPECT_EQ(WhyRefused(R"({"a": "b")", Ending::kCutOff).substr(0, 14),
            "it was cut off");
  // What was whole before the cut is.
  EXPECT_EQ(MendedText(R"({"a": "b",})", Ending::kCutOff), R"({"a":"b"})");
}

TEST(MendJsonTest, TheReasonSaysWhere) {
  EXPECT_EQ(WhyRefused(R"({"command": "echo "hi""})"),
            "a comma is missing, or a quote inside a string has no backslash "
            "(after: {\"command\": \"echo \")");
}

TEST(MendJsonTest, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    // The comma makes it need mending.
    return std::string(depth - 1, '[').insert(0, "{'a':") +
           std::string(depth - 1, ']') + "}";
  };
  EXPECT_NE(MendedText(nested(kMendedDepthMax)), "");
  EXPECT_EQ(MendedText(nested(kMendedDepthMax + 1)), "");
  EXPECT_EQ(MendedText(std::string(1 << 20, '[')), "");
  EXPECT_EQ(MendedText(std::string(1 << 20, '{')), "");
}

TEST(MendJsonTest, SizeIsBounded) {
  const std::string head = "{'a':'";
  const auto sized = [&](size_t bytes) {
    return head + std::string(bytes - head.size() - 2, 'x') + "'}";
  };
  EXPECT_TRUE(MendJson(sized(kMendedBytesMax), Ending::kItsOwn).ok());
  const Result<MendedJson> beyond =
      MendJson(sized(kMendedBytesMax + 1), Ending::kItsOwn);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code(), Code::kTooLarge);
}

TEST(MendJsonTest, WrappingsAreBounded) {
  std::string text = R"({"a":1})";
  for (int i = 0; i < 3; ++i) {
    JsonWriter json;
    json.String(text);
    text = json.text();
    EXPECT_EQ(MendedText(text), R"({"a":1})") << i;
  }
  JsonWriter json;
  json.String(text);
  EXPECT_EQ(MendedText(json.text()), "");
}

// Makes values, and writes them with slips that leave one meaning.
class SlipWriter {
 public:
  explicit SlipWriter(uint64_t seed) : random_(seed) {}

  // JSON without fault beside the same value with slips.
  void Object(int depth, std::string* json, std::string* slipped) {
    *json += '{';
    *slipped += '{';
    const uint64_t members = random_.Below(4);
    for (uint64_t i = 0; i < members; ++i) {
      if (i > 0) {
        *json += ',';
        *slipped += ',';
      }
      const std::string name =
          fmt::format("k{}{}", i, random_.Below(2) == 0 ? "" : "_x");
      *json += fmt::format("\"{}\":", name);
      Gap(slipped);
      switch (random_.Below(3)) {
        case 0:
          *slipped += name;
          break;
        case 1:
          *slipped += fmt::format("'{}'", name);
          break;
        default:
          *slipped += fmt::format("\"{}\"", name);
      }
      *slipped += ':';
      Any(depth, json, slipped);
    }
    if (members > 0 && random_.Below(3) == 0) *slipped += ',';
    Gap(slipped);
    *json += '}';
    *slipped += '}';
  }

  uint64_t Below(uint64_t bound) { return random_.Below(bound); }

 private:
  void Gap(std::string* slipped) {
    static constexpr std::string_view kGaps[] = {
        "", "", " ", "\n  ", "/* a, \"b\" } */", "// ' {\n", "# ]\n"};
    *slipped += kGaps[random_.Below(std::size(kGaps))];
  }

  void Any(int depth, std::string* json, std::string* slipped) {
    Gap(slipped);
    const uint64_t kind = random_.Below(depth > 0 ? 6 : 4);
    if (kind == 0) {
      static constexpr std::pair<const char*, const char*> kWords[] = {
          {"true", "True"}, {"false", "False"}, {"null", "None"}};
      const auto& [word, other] = kWords[random_.Below(3)];
      *json += word;
      *slipped += random_.Below(2) == 0 ? word : other;
    } else if (kind == 1) {
      const std::string number = fmt::format("{}", random_.Below(5000));
      *json += number;
      *slipped += number;
    } else if (kind <= 3) {
      String(json, slipped);
    } else if (kind == 4) {
      *json += '[';
      *slipped += '[';
      for (uint64_t i = 0, n = random_.Below(3); i < n; ++i) {
        if (i > 0) {
          *json += ',';
          *slipped += ',';
        }
        Any(depth - 1, json, slipped);
      }
      *json += ']';
      *slipped += ']';
    } else {
      Object(depth - 1, json, slipped);
    }
    Gap(slipped);
  }

  void String(std::string* json, std::string* slipped) {
    static constexpr std::string_view kPieces[] = {
        "a", "ls -la", "\n", "\t", "\"", "'", "\\", "{", "}", ",", ":", "é"};
    std::string value;
    for (uint64_t i = 0, n = random_.Below(6); i < n; ++i)
      value += kPieces[random_.Below(std::size(kPieces))];
    AppendJsonString(value, json);
    const char quote = random_.Below(2) == 0 ? '\'' : '"';
    *slipped += quote;
    for (char c : value) {
      if (c == quote || c == '\\') *slipped += '\\';
      *slipped += c;  // line breaks as they are
    }
    *slipped += quote;
  }

  SeededRandom random_;
};

TEST(MendJsonTest, SlipsNeverChangeTheValue) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    SlipWriter writer(seed);
    std::string json;
    std::string slipped;
    writer.Object(3, &json, &slipped);
    ASSERT_TRUE(JsonDocument::Parse(json).ok()) << json;
    ASSERT_EQ(MendedText(slipped), MendedText(json)) << slipped;
    std::string quoted;
    AppendJsonString(slipped, &quoted);
    ASSERT_EQ(MendedText(quoted), MendedText(json)) << quoted;
    ASSERT_EQ(MendedText("```json\n" + slipped + "\n```"), MendedText(json));
  }
}

TEST(MendJsonTest, OfACutTextNothingIsEverMadeUp) {
  for (uint64_t seed = 0; seed < 600; ++seed) {
    SlipWriter writer(seed);
    std::string json;
    std::string slipped;
    writer.Object(3, &json, &slipped);
    const std::string whole = MendedText(json);
    for (size_t cut = 0; cut < slipped.size(); ++cut) {
      const std::string_view text = std::string_view(slipped).substr(0, cut);
      const std::string mended = MendedText(text, Ending::kCutOff);
      // Only white space, a comment or nothing can have been lost.
      ASSERT_TRUE(mended.empty() || mended == whole) << text;
      const std::string ended = MendedText(text, Ending::kItsOwn);
      if (ended.empty()) continue;
      // What is left of it stands so in the whole: a prefix but for the
      // closers.
      const size_t last = ended.find_last_not_of("]}");
      if (last == std::string::npos) continue;
      ASSERT_EQ(whole.substr(0, last + 1), ended.substr(0, last + 1)) << text;
    }
  }
}

TEST(MendJsonTest, ByteChangesOfJsonGiveThatReadersValueOrOursOrNone) {
  // Wherever the strict reader reads a changed text, so do we, to the same.
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    SlipWriter writer(seed);
    std::string json;
    std::string unused;
    writer.Object(2, &json, &unused);
    for (int i = 0; i < 2; ++i) {
      const size_t place = writer.Below(json.size());
      constexpr std::string_view kBytes = "\"'{}[],:\\ 1a\n";
      const char byte = kBytes[writer.Below(kBytes.size())];
      if (writer.Below(2) == 0) {
        json[place] = byte;
      } else {
        json.insert(place, 1, byte);
      }
    }
    const Result<JsonDocument> strict = JsonDocument::Parse(json);
    if (!strict.ok() || !strict->root().is_object()) continue;
    JsonWriter writer_of_strict;
    writer_of_strict.Value(strict->root());
    ASSERT_EQ(MendedText(json), writer_of_strict.text()) << json;
  }
}

// Of the processor, for this thread: others may be busy.
double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

TEST(MendJsonTest, AMegabyteTakesTimeInProportion) {
  const auto seconds = [](size_t bytes) {
    std::string text = "{'content': '";
    while (text.size() < bytes) text += "int main() { return \"0\"; }\n";
    text += "',}";
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const double begin = ThreadSeconds();
      EXPECT_NE(MendedText(text), "");
      best = std::min(best, ThreadSeconds() - begin);
    }
    return best;
  };
  // 64 times the text: far below the 4,096 times of a square.
  EXPECT_LT(seconds(1 << 20), 640 * seconds(1 << 14) + 0.05);
}

}  // namespace
}  // namespace cofferdam::agent
