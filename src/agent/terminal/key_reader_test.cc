#include "agent/terminal/key_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace cofferdam::agent {
namespace {

using Kind = Key::Kind;

std::vector<Key> Read(std::string_view bytes) {
  KeyReader reader;
  std::vector<Key> keys;
  reader.Feed(bytes, &keys);
  reader.Flush(&keys);
  return keys;
}

std::vector<Key> Only(Kind kind, std::string text = "") {
  return {Key{kind, std::move(text)}};
}

TEST(KeyReader, KnowsWhatTerminalsSend) {
  EXPECT_EQ(Read("\r"), Only(Kind::kEnter));
  for (const char* newline : {"\n", "\x1b\r", "\x1b[13;2u", "\x1b[27;2;13~"}) {
    EXPECT_EQ(Read(newline), Only(Kind::kNewLine)) << newline + 1;
  }
  EXPECT_EQ(Read("\x1b[A"), Only(Kind::kUp));
  EXPECT_EQ(Read("\x1bOA"), Only(Kind::kUp));
  EXPECT_EQ(Read("\x1b[1;5C"), Only(Kind::kWordRight));
  EXPECT_EQ(Read("\x1b"
                 "b"),
            Only(Kind::kWordLeft));
  EXPECT_EQ(Read("\x1b[3~"), Only(Kind::kDelete));
  EXPECT_EQ(Read("\x1b[H"), Only(Kind::kHome));
  EXPECT_EQ(Read("\x1b[4~"), Only(Kind::kEnd));
  EXPECT_EQ(Read("\x1b[Z"), Only(Kind::kBackTab));
  EXPECT_EQ(Read("\x03"), Only(Kind::kControl, "c"));
  EXPECT_EQ(Read("\x12"), Only(Kind::kControl, "r"));
  EXPECT_EQ(Read("\x7f"), Only(Kind::kBackspace));
  EXPECT_EQ(Read("größe"), Only(Kind::kText, "größe"));
}

TEST(KeyReader, AnEscapeAloneIsTheKeyOnceItHasWaited) {
  KeyReader reader;
  std::vector<Key> keys;
  reader.Feed("\x1b", &keys);
  EXPECT_TRUE(keys.empty());
  EXPECT_TRUE(reader.waiting());
  reader.Flush(&keys);
  EXPECT_EQ(keys, Only(Kind::kEscape));
  EXPECT_FALSE(reader.waiting());
}

TEST(KeyReader, AControlCharacterBehindAnEscapeIsNotLost) {
  EXPECT_EQ(Read("\x1b\x15"),
            (std::vector<Key>{{Kind::kEscape, ""}, {Kind::kControl, "u"}}));
}

TEST(KeyReader, AnArrowInTwoReadsIsStillAnArrow) {
  KeyReader reader;
  std::vector<Key> keys;
  reader.Feed("\x1b[", &keys);
  EXPECT_TRUE(reader.waiting());
  reader.Feed("D", &keys);
  EXPECT_EQ(keys, Only(Kind::kLeft));
}

TEST(KeyReader, APasteIsOneWhateverItHolds) {
  EXPECT_EQ(Read("\x1b[200~one\r\ntwo\rthree\x1b[A\x03\x1b[201~"),
            Only(Kind::kPaste, "one\ntwo\nthree\x1b[A\x03"));
}

TEST(KeyReader, APasteIsCutAtItsLimit) {
  for (const size_t more : {size_t{0}, size_t{1}}) {
    const std::string text(kPasteBytesMax + more, 'x');
    const auto keys = Read("\x1b[200~" + text + "\x1b[201~");
    ASSERT_EQ(keys.size(), 1u);
    EXPECT_EQ(keys[0].text.size(), kPasteBytesMax);
  }
}

TEST(KeyReader, SequencesThatNobodyKnowsArePassedOver) {
  EXPECT_EQ(Read("\x1b[?1;2c\x1b[I\x1b[<0;1;1Mx"), Only(Kind::kText, "x"));
  for (const size_t more : {size_t{0}, size_t{1}}) {
    // ESC [ and so many digits; a key that is known at n, passed over at n + 1.
    const std::string digits(kSequenceBytesMax - 2 + more, '1');
    const auto keys = Read("\x1b[" + digits + "Ay");
    EXPECT_EQ(keys.size(), 2 - more);
    EXPECT_EQ(keys.back(), Only(Kind::kText, "y").front());
  }
}

TEST(KeyReader, TheSameBytesAreTheSameKeysInAnyPieces) {
  const std::string bytes =
      "hé\x1b[A日本\x1b[200~a\r\nb\x1b[201~\x1b[1;"
      "5D\x01\x1b\r🎉\xff\x1bOH\x1bßz";
  const auto whole = Read(bytes);
  std::mt19937 random(7);
  const auto join = [](const std::vector<Key>& keys) {
    std::vector<Key> joined;
    for (const Key& key : keys) {
      if (key.kind == Kind::kText && !joined.empty() &&
          joined.back().kind == Kind::kText) {
        joined.back().text += key.text;
      } else {
        joined.push_back(key);
      }
    }
    return joined;
  };
  for (int round = 0; round < 500; ++round) {
    KeyReader reader;
    std::vector<Key> keys;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = 1 + random() % 5;
      reader.Feed(std::string_view(bytes).substr(at, size), &keys);
      at += size;
    }
    ASSERT_EQ(join(keys), join(whole));
  }
}

}  // namespace
}  // namespace cofferdam::agent
