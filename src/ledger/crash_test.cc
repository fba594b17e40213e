#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/random.h"
#include "fingerprint/index.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"
#include "ledger/sealer.h"

// A process of its own works on a ledger and is killed at some moment; what it
// had acknowledged through a pipe must be there afterwards. The process is
// this program, made to run one of the tests that are disabled otherwise: a
// forked child would miss the threads of the store.
namespace cofferdam::ledger {
namespace {

constexpr int kAckFd = 3;
constexpr size_t kAckBytes = 24;  // sequence, id
constexpr char kFolderVariable[] = "COFFERDAM_LEDGER_CRASH_FOLDER";
constexpr char kRoundVariable[] = "COFFERDAM_LEDGER_CRASH_ROUND";

// About 60 tokens that no other number has.
std::string Code(uint64_t number) {
  std::string code;
  for (int i = 0; i < 6; ++i) {
    const std::string name =
        "v" + std::to_string(number) + "_" + std::to_string(i);
    code += "def " + name + "(a, b):\n    if a[" + std::to_string(i) +
            "] < len(b):\n        return b.get(a, {})\n";
  }
  return code;
}

// A child that does `work` and writes acknowledgements; killed with SIGKILL
// once `acks_min` have been read, when more may be under way.
std::map<uint64_t, Ulid> KilledAfter(size_t acks_min, const char* work,
                                     const std::string& folder, int round) {
  int pipe_fds[2];
  CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0);
  FileDescriptor reader(pipe_fds[0]);
  FileDescriptor writer(pipe_fds[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, writer.get(), kAckFd);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);

  const std::string filter =
      std::string("--gtest_filter=CrashChild.DISABLED_") + work;
  const std::string folder_setting = kFolderVariable + ("=" + folder);
  const std::string round_setting =
      kRoundVariable + ("=" + std::to_string(round));
  std::vector<char*> environment;
  for (char** at = environ; *at != nullptr; ++at) {
    // The child has one test, which is in this one's shard or in none.
    if (!std::string_view(*at).starts_with("GTEST_"))
      environment.push_back(*at);
  }
  environment.push_back(const_cast<char*>(folder_setting.c_str()));
  environment.push_back(const_cast<char*>(round_setting.c_str()));
  environment.push_back(nullptr);
  char program[] = "/proc/self/exe";
  char disabled[] = "--gtest_also_run_disabled_tests";
  char* arguments[] = {program, const_cast<char*>(filter.c_str()), disabled,
                       nullptr};
  pid_t child = 0;
  CHECK(posix_spawn(&child, program, &actions, nullptr, arguments,
                    environment.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  writer.Reset(-1);

  std::map<uint64_t, Ulid> acknowledged;
  bool killed = false;
  char ack[kAckBytes];
  size_t have = 0;
  while (true) {
    const ssize_t n = read(reader.get(), ack + have, kAckBytes - have);
    if (n <= 0) break;
    have += static_cast<size_t>(n);
    if (have < kAckBytes) continue;
    have = 0;
    Ulid id;
    std::memcpy(id.bytes.data(), ack + 8, 16);
    acknowledged[ReadBigEndian64({ack, 8})] = id;
    if (acknowledged.size() >= acks_min && !killed) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  EXPECT_TRUE(killed && WIFSIGNALED(status)) << "the child ended by itself";
  return acknowledged;
}

struct Child {
  std::string folder;
  uint64_t round = 0;

  // None in an ordinary run of all tests, disabled ones too.
  static std::optional<Child> Get() {
    const char* folder = getenv(kFolderVariable);
    const char* round = getenv(kRoundVariable);
    if (folder == nullptr || round == nullptr) return std::nullopt;
    return Child{folder, strtoull(round, nullptr, 10)};
  }
};

void Acknowledge(const AppendReceipt& receipt) {
  std::string ack;
  AppendBigEndian64(receipt.sequence, &ack);
  ack.append(reinterpret_cast<const char*>(receipt.id.bytes.data()), 16);
  CHECK(write(kAckFd, ack.data(), ack.size()) ==
        static_cast<ssize_t>(ack.size()));
}

// Appends for ever from several threads.
void AppendForEver(Ledger& ledger, uint64_t round, const std::string& prompt) {
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0;; ++i) {
        const uint64_t number = round * 10'000'000 + t * 1'000'000 + i + 1;
        ExchangeDraft draft = TestDraft(number, "");
        draft.parts = {FilePart("a.py", Code(number))};
        draft.pending_prompt = prompt;
        const auto receipt = ledger.AppendSync(std::move(draft));
        CHECK_OK(receipt);
        Acknowledge(*receipt);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(CrashChild, DISABLED_Append) {
  const auto child = Child::Get();
  if (!child) GTEST_SKIP();
  LedgerOptions options;
  options.memtable_bytes_max = 1 << 20;  // files are written meanwhile, too
  auto ledger =
      Ledger::Open(child->folder, options, SystemClock(), QuietLogger());
  CHECK_OK(ledger);
  AppendForEver(**ledger, child->round, std::string(20'000, 'p'));
}

TEST(CrashChild, DISABLED_IndexAndSeal) {
  const auto child = Child::Get();
  if (!child) GTEST_SKIP();
  auto ledger =
      Ledger::Open(child->folder + "/ledger", {}, SystemClock(), QuietLogger());
  CHECK_OK(ledger);
  SealerOptions options;
  options.folder = child->folder + "/index";
  options.segment_bytes_max = 8 * 1024;
  auto sealer =
      Sealer::Open(ledger->get(), options, SystemClock(), QuietLogger());
  CHECK_OK(sealer);
  Indexer indexer(ledger->get(), {}, SystemClock(), SystemRandom(),
                  QuietLogger());
  std::thread sealing([&] {
    while (true) CHECK_OK((*sealer)->SealNow());
  });
  AppendForEver(**ledger, child->round, "");
  sealing.join();
}

void ExpectLogFits(const Ledger& ledger) {
  const auto report = ledger.VerifyLog({});
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->ok()) << report->differences.front();
  EXPECT_EQ(report->exchanges, ledger.last_sequence());
}

uint64_t ExpectDense(const Ledger& ledger,
                     const std::map<uint64_t, Ulid>& acknowledged) {
  uint64_t next = 1;
  std::map<uint64_t, Ulid> there;
  EXPECT_TRUE(ledger
                  .Scan(1, SIZE_MAX,
                        [&](const Exchange& exchange) {
                          EXPECT_EQ(exchange.sequence, next++);
                          there[exchange.sequence] = exchange.id;
                          return true;
                        })
                  .ok());
  for (const auto& [sequence, id] : acknowledged) {
    EXPECT_EQ(there[sequence], id) << sequence;
    EXPECT_EQ(ledger.PartText(sequence, 0)->substr(0, 5), "def v");
    EXPECT_EQ(ledger.Get(id)->sequence, sequence);
  }
  EXPECT_EQ(ledger.last_sequence(), next - 1);
  ExpectLogFits(ledger);
  return next - 1;
}

TEST(Crash, KilledAtAnyMomentTheLedgerHoldsAllThatWasAcknowledged) {
  TestFolder folder;
  SeededRandom random(2026);
  std::map<uint64_t, Ulid> acknowledged;
  for (int round = 1; round <= 20; ++round) {
    acknowledged.merge(
        KilledAfter(1 + random.Below(300), "Append", folder.path(), round));
    auto ledger = Ledger::Open(folder.path(), {}, SystemClock(), QuietLogger());
    ASSERT_TRUE(ledger.ok()) << round << ": " << ledger.error().message();
    const uint64_t last = ExpectDense(**ledger, acknowledged);
    // Nothing was indexed: every one waits with its prompt.
    const LedgerStats stats = (*ledger)->Stats();
    EXPECT_EQ(stats.exchanges, last);
    EXPECT_EQ(stats.pending_exchanges, last);
    EXPECT_EQ(stats.pending_bytes, last * 20'001);
  }
}

TEST(Crash, KilledAtAnyMomentTheIndexHoldsEachOutputOnce) {
  TestFolder folder;
  SeededRandom random(1984);
  for (int round = 1; round <= 8; ++round) {
    KilledAfter(1 + random.Below(300), "IndexAndSeal", folder.path(), round);
    auto ledger =
        Ledger::Open(folder.In("ledger"), {}, SystemClock(), QuietLogger());
    ASSERT_TRUE(ledger.ok()) << round << ": " << ledger.error().message();
    SealerOptions options;
    options.folder = folder.In("index");
    auto sealer =
        Sealer::Open(ledger->get(), options, SystemClock(), QuietLogger());
    ASSERT_TRUE(sealer.ok()) << round << ": " << sealer.error().message();
    Indexer indexer(ledger->get(), {}, SystemClock(), SystemRandom(),
                    QuietLogger());
    const uint64_t last = (*ledger)->last_sequence();
    ASSERT_TRUE(indexer.Flush(last, 60'000).ok());
    const auto report = (*sealer)->SealNow();
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(report->covered_sequence, last);
    const auto index = fingerprint::Index::Open(folder.In("index"));
    ASSERT_TRUE(index.ok()) << index.error().message();
    EXPECT_EQ(index->covered(), last);
    EXPECT_EQ(index->counts().outputs, last);
    EXPECT_EQ((*ledger)->Stats().pending_exchanges, 0u);
    ExpectLogFits(**ledger);
  }
}

}  // namespace
}  // namespace cofferdam::ledger
