// docs/formats/checkpoint.md shows a key and a checkpoint. They are read here,
// and written again.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/file.h"
#include "seal/checkpoint.h"

namespace cofferdam::seal {
namespace {

// The last block of the page.
std::string Block() {
  const auto page = ReadFile(COFFERDAM_CHECKPOINT_PAGE, 1 << 20);
  CHECK_OK(page);
  const size_t end = page->rfind("```");
  const size_t begin = page->rfind("```\n", end - 1) + 4;
  return page->substr(begin, end - begin);
}

Checkpoint Shown() {
  CompactTree ledger;
  for (const char* entry : {"a", "b", "c"}) ledger.Add(LeafHash(entry));
  CompactTree audit;
  audit.Add(LeafHash("d"));
  return {"example", ledger.head(), audit.head(), 1'763'712'000'000'000};
}

TEST(FormatPage, ShowsWhatIsWritten) {
  SeededRandom random(1);
  const SigningKey key = *SigningKey::Make("example", random);
  EXPECT_EQ(Block(), key.ToText() + "\n" + key.public_key().ToText() + "\n\n" +
                         SignCheckpoint(Shown(), key));
}

TEST(FormatPage, ShowsWhatIsRead) {
  const std::string block = Block();
  const size_t line = block.find('\n');
  const size_t gap = block.find("\n\n");
  const auto key = SigningKey::Parse(block.substr(0, line));
  ASSERT_TRUE(key.ok());
  const auto shown = PublicKey::Parse(block.substr(line + 1, gap - line - 1));
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(*shown, key->public_key());
  const auto checkpoint = OpenCheckpoint(block.substr(gap + 2), *shown);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message();
  EXPECT_EQ(*checkpoint, Shown());
}

}  // namespace
}  // namespace cofferdam::seal
