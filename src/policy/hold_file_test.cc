#include "policy/hold_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "base/file.h"

namespace cofferdam::policy {
namespace {

class HoldFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "hold_file_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/holds";
  }
  void TearDown() override {
    if (!folder_.empty()) (void)system(("rm -rf " + folder_).c_str());
  }
  std::unique_ptr<HoldFile> Open(uint32_t slots_max = 4096) {
    auto file = HoldFile::Open(path_, slots_max);
    EXPECT_TRUE(file.ok()) << file.error().message();
    return file.ok() ? *std::move(file) : nullptr;
  }

  std::string folder_;
  std::string path_;
};

HeldExchange Example(uint8_t number) {
  HeldExchange held;
  held.id.bytes[15] = number;
  held.received_micros = 1'795'219'200'000'000 + number;
  held.bound = {3'120'000, 410'000};
  held.input_tokens = 400'000;
  held.output_tokens = 10'000;
  held.request_bytes = 398'976;
  held.protocol = 1;
  held.grade = 2;
  held.person = "01K4A2B3C4D5E6F7G8H9J0KMNP";
  held.key = "01K4A2B3C4D5E6F7G8H9J0KMNQ";
  held.team = "compilers";
  held.provider = "anthropic";
  held.upstream = "anthropic";
  held.model = "claude-opus-4-8";
  held.contract = "anthropic";
  held.terms_class = "forbid_compete";
  held.terms_version = "0123456789ab";
  held.repo = "github.com/example/lab";
  held.purpose = "product";
  held.tool = "claude-code";
  held.tool_version = "2.1.0";
  held.session = "5f0c1c1e-0f6e-4a43-9a43-3f7f5d2d8c11";
  held.commit = "0123456789abcdef0123456789abcdef01234567";
  held.rule = "rule product";
  return held;
}

void ExpectSame(const HeldExchange& a, const HeldExchange& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.received_micros, b.received_micros);
  EXPECT_EQ(a.bound, b.bound);
  EXPECT_EQ(a.input_tokens, b.input_tokens);
  EXPECT_EQ(a.output_tokens, b.output_tokens);
  EXPECT_EQ(a.request_bytes, b.request_bytes);
  EXPECT_EQ(a.protocol, b.protocol);
  EXPECT_EQ(a.grade, b.grade);
  EXPECT_EQ(a.person, b.person);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.team, b.team);
  EXPECT_EQ(a.provider, b.provider);
  EXPECT_EQ(a.upstream, b.upstream);
  EXPECT_EQ(a.model, b.model);
  EXPECT_EQ(a.contract, b.contract);
  EXPECT_EQ(a.terms_class, b.terms_class);
  EXPECT_EQ(a.terms_version, b.terms_version);
  EXPECT_EQ(a.repo, b.repo);
  EXPECT_EQ(a.purpose, b.purpose);
  EXPECT_EQ(a.tool, b.tool);
  EXPECT_EQ(a.tool_version, b.tool_version);
  EXPECT_EQ(a.session, b.session);
  EXPECT_EQ(a.commit, b.commit);
  EXPECT_EQ(a.rule, b.rule);
}

TEST_F(HoldFileTest, AHoldIsFoundAgainUntilItIsFreed) {
  {
    auto file = Open();
    auto put = file->Put(Example(7));
    ASSERT_TRUE(put.ok());
    ASSERT_TRUE(file->Put(Example(8)).ok());
    EXPECT_EQ(file->taken(), 2u);
    // What was put in this life is not what an earlier one left.
    EXPECT_TRUE(file->ReadOpen().holds.empty());
  }
  {
    auto file = Open();
    const OpenHolds open = file->ReadOpen();
    ASSERT_EQ(open.holds.size(), 2u);
    EXPECT_TRUE(open.broken.empty());
    ExpectSame(open.holds[0].exchange, Example(7));
    ExpectSame(open.holds[1].exchange, Example(8));
    EXPECT_EQ(file->taken(), 2u);
    file->Free(open.holds[0].slot);
    EXPECT_EQ(file->ReadOpen().holds.size(), 1u);
  }
  EXPECT_EQ(Open()->ReadOpen().holds.size(), 1u);
}

TEST_F(HoldFileTest, TakesSoManyAndRefusesOneMore) {
  auto file = Open(3);
  std::vector<HoldSlot> slots;
  for (uint8_t i = 0; i < 3; ++i) {
    auto put = file->Put(Example(i));
    ASSERT_TRUE(put.ok());
    slots.push_back(*put);
  }
  const auto refused = file->Put(Example(9));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kExhausted);
  file->Free(slots[1]);
  EXPECT_TRUE(file->Put(Example(9)).ok());
}

TEST_F(HoldFileTest, RefusesAFileOfAnotherVersionAndLeavesItAlone) {
  std::string header = HoldFileHeader();
  header[8] = 2;
  ASSERT_TRUE(WriteFileAtomically(path_, header, 0600).ok());
  const auto opened = HoldFile::Open(path_, 16);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  EXPECT_THAT(opened.error().message(), testing::HasSubstr("version 2"));
  EXPECT_EQ(*ReadFile(path_, 1 << 20), header);
}

}  // namespace
}  // namespace cofferdam::policy
