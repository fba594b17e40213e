#include "seal/note.h"

#include <gtest/gtest.h>

#include <string>

#include "seal/checkpoint.h"

namespace cofferdam::seal {
namespace {

SigningKey Key(std::string_view name, uint64_t seed) {
  SeededRandom random(seed);
  return *SigningKey::Make(name, random);
}

// The example that golang.org/x/mod/sumdb/note documents.
constexpr char kForeignKey[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kForeignNote[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    "tpRZb6KE6RyyBwJnAM=\n";

TEST(Note, OfAnotherProgramIsReadAndItsSignatureHolds) {
  const auto note = ParseNote(kForeignNote);
  ASSERT_TRUE(note.ok()) << note.error().message();
  EXPECT_TRUE(CheckNote(*note, *PublicKey::Parse(kForeignKey)).ok());
}

TEST(Note, IsReadBackWithItsSignature) {
  const SigningKey key = Key("key", 1);
  const std::string written = WriteNote("one\n\ntwo\n", key);
  const auto note = ParseNote(written);
  ASSERT_TRUE(note.ok()) << note.error().message();
  EXPECT_EQ(note->text, "one\n\ntwo\n");
  EXPECT_TRUE(CheckNote(*note, key.public_key()).ok());
}

TEST(Note, ByAnotherKeyIsDeniedAndSaysWhoSigned) {
  const auto note = ParseNote(WriteNote("text\n", Key("key", 1)));
  for (const SigningKey& other : {Key("key", 2), Key("other", 1)}) {
    const Status status = CheckNote(*note, other.public_key());
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), Code::kDenied);
    EXPECT_NE(status.error().message().find("key ("), std::string::npos);
  }
}

TEST(Note, WhoseTextOrSignatureWasChangedIsFound) {
  const SigningKey key = Key("key", 1);
  auto note = *ParseNote(WriteNote("text\n", key));
  note.text = "texu\n";
  EXPECT_EQ(CheckNote(note, key.public_key()).error().code(), Code::kCorrupt);
  note.text = "text\n";
  note.signatures[0].signature.pop_back();
  EXPECT_EQ(CheckNote(note, key.public_key()).error().code(), Code::kCorrupt);
}

TEST(Note, OfAnyOtherFormIsRefused) {
  const std::string good = WriteNote("text\n", Key("key", 1));
  const std::string signature = good.substr(6);
  for (const std::string& wrong :
       {std::string(), std::string("\n"), std::string("text\n\n"),
        std::string("text\n"), good.substr(0, good.size() - 1), good + "x",
        good + "\n", "te\rxt\n\n" + signature, "text\n" + signature,
        "text\n\n" + signature.substr(1),
        std::string("text\n\n\u2014 key AAAA\n"),
        std::string("text\n\n\u2014 key\n"),
        std::string("text\n\n\u2014  AAAAAAAA\n")}) {
    EXPECT_EQ(ParseNote(wrong).error().code(), Code::kCorrupt) << wrong;
  }
}

TEST(Note, HasItsLimitsAtSizeAndSignatures) {
  const std::string good = WriteNote("text\n", Key("key", 1));
  const std::string signature = good.substr(6);
  std::string many = "text\n\n";
  for (size_t i = 0; i < Note::kSignaturesMax; ++i) many += signature;
  EXPECT_TRUE(ParseNote(many).ok());
  EXPECT_EQ(ParseNote(many + signature).error().code(), Code::kTooLarge);
  const std::string longest =
      std::string(Note::kBytesMax - good.size(), 'x') + good;
  EXPECT_TRUE(ParseNote(longest).ok());
  EXPECT_EQ(ParseNote("x" + longest).error().code(), Code::kTooLarge);
}

Checkpoint TestCheckpoint() {
  Checkpoint checkpoint;
  checkpoint.origin = "cofferdam-test";
  checkpoint.ledger = {3, LeafHash("ledger")};
  checkpoint.audit = {1, LeafHash("audit")};
  checkpoint.time_micros = 1'763'712'000'123'456;
  return checkpoint;
}

TEST(Checkpoint, IsReadBack) {
  const SigningKey key = Key("cofferdam-test", 1);
  const auto read =
      OpenCheckpoint(SignCheckpoint(TestCheckpoint(), key), key.public_key());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, TestCheckpoint());
}

TEST(Checkpoint, PassesOverLinesOfLaterVersions) {
  const std::string text = CheckpointText(TestCheckpoint()) + "later 1 2\n";
  EXPECT_EQ(*ParseCheckpoint(text), TestCheckpoint());
}

TEST(Checkpoint, OfAnyOtherFormIsRefused) {
  const std::string good = CheckpointText(TestCheckpoint());
  const auto without = [&](std::string_view start) {
    std::string text = good;
    const size_t at = text.find(start);
    return text.erase(at, text.find('\n', at) + 1 - at);
  };
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& wrong :
       {std::string(), std::string("o\n3\n"), good.substr(0, good.size() - 1),
        without("cofferdam"), without("3\n"), without("audit"), without("time"),
        with("\n3\n", "\n03\n"), with("\n3\n", "\n-3\n"),
        with("\n3\n", "\n18446744073709551616\n"), with("audit 1", "audit"),
        with("audit 1", "audit  1"), with("time 1", "time x"),
        with("time ", "time 9999999999999999"), good + "\n", good + "time 5\n",
        good + without("time").substr(without("time").find("audit")),
        "\n" + good}) {
    EXPECT_EQ(ParseCheckpoint(wrong).error().code(), Code::kCorrupt) << wrong;
  }
}

}  // namespace
}  // namespace cofferdam::seal
