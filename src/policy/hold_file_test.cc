#include "policy/hold_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "base/file.h"
#include "base/random.h"

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

TEST_F(HoldFileTest, RefusesAFileThatIsNoneOfOurs) {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(4096, 'x'),
        HoldFileHeader().substr(0, HoldFile::kHeaderBytes - 1)}) {
    ASSERT_TRUE(WriteFileAtomically(path_, text, 0600).ok());
    const auto opened = HoldFile::Open(path_, 16);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  }
  for (size_t i = 0; i < HoldFile::kHeaderBytes; ++i) {
    std::string header = HoldFileHeader();
    header[i] = static_cast<char>(header[i] ^ 1);
    EXPECT_FALSE(CheckHoldFileHeader(header).ok()) << i;
  }
}

TEST_F(HoldFileTest, IsForItsOwnerAlone) {
  Open();
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(HoldFileTest, GrowsByChunksAndKeepsAllOfThem) {
  constexpr uint32_t kCount = 2 * HoldFile::kSlotsPerGrowth + 1;
  {
    auto file = Open(kCount);
    for (uint32_t i = 0; i < kCount; ++i) {
      ASSERT_TRUE(file->Put(Example(static_cast<uint8_t>(i))).ok());
    }
    EXPECT_EQ(file->capacity(), 3 * HoldFile::kSlotsPerGrowth);
    EXPECT_FALSE(file->Put(Example(0)).ok());
  }
  // A smaller limit loses none of them, and lets no new one in.
  auto file = Open(1);
  EXPECT_EQ(file->ReadOpen().holds.size(), kCount);
  EXPECT_FALSE(file->Put(Example(0)).ok());
}

TEST_F(HoldFileTest, OutlivesAGrowthThatWasCutShort) {
  {
    ASSERT_TRUE(Open()->Put(Example(1)).ok());
  }
  const off_t cut = HoldFile::kHeaderSpaceBytes +
                    off_t{HoldFile::kSlotBytes} * HoldFile::kSlotsPerGrowth + 7;
  ASSERT_EQ(truncate(path_.c_str(), cut), 0);
  auto file = Open();
  EXPECT_EQ(file->ReadOpen().holds.size(), 1u);
  EXPECT_EQ(file->capacity(), 2 * HoldFile::kSlotsPerGrowth);
}

// The disk's own answer, ENOSPC, goes the same way.
TEST_F(HoldFileTest, AGrowthThatFindsNoRoomIsAnErrorAndLosesNothing) {
  auto file = Open();
  for (uint32_t i = 0; i < HoldFile::kSlotsPerGrowth; ++i) {
    ASSERT_TRUE(file->Put(Example(1)).ok());
  }
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = HoldFile::kHeaderSpaceBytes +
                   size_t{HoldFile::kSlotBytes} * HoldFile::kSlotsPerGrowth;
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto refused = file->Put(Example(2));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kExhausted);
  EXPECT_EQ(file->taken(), size_t{HoldFile::kSlotsPerGrowth});
  EXPECT_TRUE(file->Put(Example(2)).ok());
}

TEST_F(HoldFileTest, ReportsWhatPowerLossTore) {
  {
    auto file = Open();
    for (uint8_t i = 0; i < 3; ++i) ASSERT_TRUE(file->Put(Example(i)).ok());
  }
  const auto flip = [&](uint32_t slot, size_t at) {
    const int fd = open(path_.c_str(), O_RDWR);
    ASSERT_GE(fd, 0);
    const auto place = static_cast<off_t>(HoldFile::kHeaderSpaceBytes +
                                          slot * HoldFile::kSlotBytes + at);
    char byte = 0;
    ASSERT_EQ(pread(fd, &byte, 1, place), 1);
    byte = static_cast<char>(byte ^ 4);
    ASSERT_EQ(pwrite(fd, &byte, 1, place), 1);
    close(fd);
  };
  flip(0, 100);  // in its body
  flip(2, 3);    // in its state
  auto file = Open();
  const OpenHolds open = file->ReadOpen();
  ASSERT_EQ(open.holds.size(), 1u);
  EXPECT_EQ(open.holds[0].slot, HoldSlot{1});
  EXPECT_THAT(open.broken, testing::ElementsAre(HoldSlot{0}, HoldSlot{2}));
  for (HoldSlot slot : open.broken) file->Free(slot);
  EXPECT_EQ(file->taken(), 1u);
}

TEST_F(HoldFileTest, EveryChangedByteOfASlotIsSeen) {
  std::string slot(HoldFile::kSlotBytes, '\0');
  WriteSlot(Example(1), slot.data());
  HeldExchange read;
  EXPECT_EQ(ReadSlot(slot, &read), SlotState::kFree);  // not yet taken
  {
    ASSERT_TRUE(Open()->Put(Example(1)).ok());
  }
  const std::string file = *ReadFile(path_, 1 << 22);
  const std::string taken =
      file.substr(HoldFile::kHeaderSpaceBytes, HoldFile::kSlotBytes);
  ASSERT_EQ(ReadSlot(taken, &read), SlotState::kTaken);
  const size_t used = 16 + static_cast<unsigned char>(taken[16]) +
                      256 * static_cast<unsigned char>(taken[17]);
  for (size_t i = 0; i < used; ++i) {
    std::string changed = taken;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_EQ(ReadSlot(changed, &read), SlotState::kBroken) << i;
  }
}

TEST_F(HoldFileTest, CutsLongNamesBetweenCharacters) {
  const std::string longest(HeldExchange::kTextBytesMax, 'a');
  std::string umlauts = "x";
  while (umlauts.size() <= HeldExchange::kTextBytesMax) umlauts += "\xc3\xbc";
  HeldExchange held = Example(1);
  held.person = longest;
  held.key = umlauts;
  held.team = umlauts;
  held.provider = umlauts;
  held.rule = umlauts;  // for which nothing is left
  auto file = Open();
  ASSERT_TRUE(file->Put(held).ok());
  file = nullptr;
  const OpenHolds open = Open()->ReadOpen();
  ASSERT_EQ(open.holds.size(), 1u);
  const HeldExchange& read = open.holds[0].exchange;
  EXPECT_EQ(read.person, longest);
  EXPECT_EQ(read.key, umlauts.substr(0, 255));
  EXPECT_EQ(read.team, umlauts.substr(0, 255));
  EXPECT_TRUE(umlauts.starts_with(read.provider));
  EXPECT_LT(read.provider.size(), 255u);
  EXPECT_EQ(read.provider.size() % 2, 1u);
  EXPECT_EQ(read.bound, held.bound);
}

TEST_F(HoldFileTest, SyncsASlot) {
  auto file = Open();
  for (uint8_t i = 0; i < 9; ++i) {
    auto put = file->Put(Example(i));
    ASSERT_TRUE(put.ok());
    EXPECT_TRUE(file->Sync(*put).ok());
  }
}

TEST_F(HoldFileTest, TakesPutsAndFreesFromManyThreads) {
  {
    auto file = Open();
    std::vector<std::thread> threads;
    for (uint8_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::deque<HoldSlot> mine;
        for (int i = 0; i < 3000; ++i) {
          auto put = file->Put(Example(t));
          ASSERT_TRUE(put.ok());
          mine.push_back(*put);
          if (mine.size() <= 5) continue;
          file->Free(mine.front());
          mine.pop_front();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(file->taken(), 20u);
  }
  const OpenHolds open = Open()->ReadOpen();
  EXPECT_EQ(open.holds.size(), 20u);
  EXPECT_TRUE(open.broken.empty());
}

// --- kill -9 -----------------------------------------------------------------

// What a child says before and after each step: a letter and a number.
struct Said {
  char what = 0;  // 'p': it was put; 'f': it is about to be freed
  uint8_t number = 0;
};

// Puts and frees until it is killed.
[[noreturn]] void PutAndFree(const std::string& path, int out, uint64_t seed) {
  SeededRandom random(seed);
  auto file = HoldFile::Open(path, 64);
  std::deque<std::pair<uint8_t, HoldSlot>> open;
  for (uint8_t number = 0;; ++number) {
    while (open.size() > random.Below(40)) {
      const Said freeing{'f', open.front().first};
      if (write(out, &freeing, sizeof(freeing)) < 0) _exit(1);
      (*file)->Free(open.front().second);
      open.pop_front();
    }
    auto put = (*file)->Put(Example(number));
    if (!put.ok()) _exit(1);
    const Said done{'p', number};
    if (write(out, &done, sizeof(done)) < 0) _exit(1);
    open.emplace_back(number, *put);
  }
}

TEST_F(HoldFileTest, LosesNothingToKill9AtAnyInstant) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random(seed);
    unlink(path_.c_str());
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) PutAndFree(path_, pipes[1], seed);
    close(pipes[1]);
    // Killed somewhere behind a random word of it.
    std::set<uint8_t> open;
    std::optional<uint8_t> freeing;
    std::optional<uint8_t> last;
    const uint64_t kill_at = random.Below(400);
    Said said;
    for (uint64_t i = 0; read(pipes[0], &said, sizeof(said)) == sizeof(said);
         ++i) {
      if (said.what == 'p') {
        open.insert(said.number);
        last = said.number;
        freeing.reset();
      } else {
        open.erase(said.number);
        freeing = said.number;
      }
      if (i == kill_at) kill(child, SIGKILL);
    }
    close(pipes[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    auto file = Open();
    const OpenHolds found = file->ReadOpen();
    EXPECT_TRUE(found.broken.empty());
    std::set<uint8_t> there;
    for (const OpenHold& hold : found.holds) {
      const uint8_t number = hold.exchange.id.bytes[15];
      ExpectSame(hold.exchange, Example(number));
      EXPECT_TRUE(there.insert(number).second);
      const auto next = static_cast<uint8_t>(last ? *last + 1 : 0);
      EXPECT_TRUE(open.contains(number) || freeing == number || number == next)
          << int{number} << " seed " << seed;
    }
    for (uint8_t number : open) EXPECT_TRUE(there.contains(number));
  }
}

// --- The page ----------------------------------------------------------------

std::string Hex(const std::string& bytes) {
  return ToHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// The hexadecimal digits behind `name` in docs/formats/holds.md.
std::string HexOf(const std::string& page, const std::string& name) {
  const size_t begin = page.find("```\n" + name + "\n");
  if (begin == std::string::npos) return "";
  const size_t from = begin + name.size() + 5;
  std::string digits;
  for (char c : page.substr(from, page.find("```", from) - from)) {
    if (c != '\n' && c != ' ') digits.push_back(c);
  }
  return digits;
}

TEST_F(HoldFileTest, WritesWhatItsPageSays) {
  const auto page = ReadFile(COFFERDAM_HOLDS_PAGE, 1 << 20);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(HexOf(*page, "header"), Hex(HoldFileHeader()));
  {
    ASSERT_TRUE(Open()->Put(Example(7)).ok());
  }
  const std::string file = *ReadFile(path_, 1 << 22);
  const std::string digits = HexOf(*page, "slot");
  EXPECT_EQ(digits, Hex(file.substr(HoldFile::kHeaderSpaceBytes,
                                    digits.empty() ? 360 : digits.size() / 2)));
}

}  // namespace
}  // namespace cofferdam::policy
