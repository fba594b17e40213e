#include "agent/sandbox/workspace_guard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/sandbox/protected_names.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Watching = GuardOptions::Watching;

// Now, and whoever comes later: everything that changed has.
constexpr int64_t kAlways = 0;

std::string NewFolder() {
  std::string path = "/var/tmp/cofferdam_guard_XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return fs::canonical(path);
}

// A folder with all that is in it, one line each.
std::set<std::string> TreeOf(const std::string& folder) {
  std::set<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::file_status status = entry.symlink_status();
    lines.insert(fmt::format("{} {}", static_cast<int>(status.type()),
                             entry.path().lexically_relative(folder).string()));
  }
  return lines;
}

class WorkspaceGuardTest : public testing::Test {
 protected:
  void SetUp() override { base_ = NewFolder(); }
  void TearDown() override { fs::remove_all(base_); }

  std::string At(const std::string& path) const { return base_ + "/" + path; }
  void Folder(const std::string& path) const {
    fs::create_directories(At(path));
  }
  void File(const std::string& path) const { std::ofstream(At(path)) << "x"; }
  bool Is(const std::string& path) const {
    return fs::exists(fs::symlink_status(At(path)));
  }
  WorkspaceGuard Looked(GuardOptions options = {}) const {
    WorkspaceGuard guard(base_, std::move(options));
    guard.Look();
    return guard;
  }

  std::string base_;
};

// ---- What the kernel tells, beside a walk through everything.

// The same things happen in two folders, one watched, one read whole each time.
class GuardTwins {
 public:
  explicit GuardTwins(unsigned seed)
      : random_(seed),
        one_(NewFolder()),
        two_(NewFolder()),
        watching_(one_, {}),
        walking_(two_, {.watching = Watching::kAvoid}) {}
  ~GuardTwins() {
    fs::remove_all(one_);
    fs::remove_all(two_);
  }

  void Play(int rounds) {
    for (int i = 0; i < 12; ++i) {
      Act(Who::kUser);
    }
    watching_.Look();
    walking_.Look();
    if (!watching_.watching()) {
      GTEST_SKIP() << "nobody can be told of changes here";
    }
    for (int round = 0; round < rounds; ++round) {
      for (size_t n = random_() % 4; n > 0; --n) {
        Act(Who::kUser);
      }
      watching_.LookAgain();
      walking_.Look();
      Compare(round);
      acts_ += "\nthen:";
      for (size_t n = random_() % 8; n > 0; --n) {
        Act(Who::kCommand);
        if (random_() % 8 == 0) {
          EXPECT_EQ(watching_.SweepTop(kAlways), walking_.SweepTop(kAlways));
        }
      }
      std::vector<std::string> told = watching_.Sweep(kAlways);
      aside_ += told.size();
      EXPECT_EQ(told, walking_.Sweep(kAlways)) << "round " << round;
      Compare(round);
      if (testing::Test::HasFailure()) {
        return;
      }
      acts_ = "\nafter the command:";
    }
    EXPECT_TRUE(watching_.watching());
  }
  size_t aside() const { return aside_; }

 private:
  enum class Who { kUser, kCommand };

  static std::set<std::string> Below(const WorkspaceGuard& guard,
                                     const std::string& folder) {
    std::set<std::string> paths;
    for (const std::string& path : guard.ReadOnlyPaths()) {
      paths.insert(path.substr(folder.size() + 1));
    }
    return paths;
  }

  void Compare(int round) {
    EXPECT_EQ(TreeOf(one_), TreeOf(two_)) << "round " << round;
    EXPECT_EQ(Below(watching_, one_), Below(walking_, two_))
        << "round " << round << acts_;
  }

  std::string Place() {
    static constexpr const char* kNames[] = {
        "a",       "b",    "c",    "d",       ".git",
        ".Claude", "HEAD", "refs", "objects", ".mcp.json"};
    std::string path;
    for (size_t n = random_() % 4 + 1; n > 0; --n) {
      path += (path.empty() ? "" : "/") +
              std::string(kNames[random_() % std::size(kNames)]);
    }
    return path;
  }

  // What walls keep a command from touching.
  bool IsWalled(const std::string& path, bool with_all_in_it) const {
    for (const std::string& known : Below(walking_, two_)) {
      if (path == known || path.starts_with(known + "/") ||
          (with_all_in_it && known.starts_with(path + "/"))) {
        return true;
      }
    }
    return false;
  }

  void Act(Who who) {
    const std::string path = Place();
    const std::string other = Place();
    const size_t what = random_() % 10;
    if (who == Who::kCommand &&
        (IsWalled(path, what == 4) ||
         (what > 4 && what < 8 && IsWalled(other, what == 7)))) {
      return;
    }
    acts_ +=
        fmt::format("\n{} {} {} {}", who == Who::kUser ? "user" : "command",
                    what, path, other);
    for (const std::string& root : {one_, two_}) {
      std::error_code none;
      const std::string at = root + "/" + path;
      const std::string to = root + "/" + other;
      switch (what) {
        case 0:
        case 1:
        case 2:
          fs::create_directories(at, none);
          break;
        case 3:
          std::ofstream(at) << "x";
          break;
        case 4:
          fs::remove_all(at, none);
          break;
        case 5:
        case 6:
          renameat2(AT_FDCWD, at.c_str(), AT_FDCWD, to.c_str(),
                    RENAME_NOREPLACE);
          break;
        case 7:
          renameat2(AT_FDCWD, at.c_str(), AT_FDCWD, to.c_str(),
                    RENAME_EXCHANGE);
          break;
        default:
          fs::create_symlink("a", at, none);
          break;
      }
    }
  }

  std::mt19937 random_;
  std::string one_;
  std::string two_;
  WorkspaceGuard watching_;
  WorkspaceGuard walking_;
  size_t aside_ = 0;
  std::string acts_;  // since the last comparison that held
};

TEST(GuardTwinsTest, WatchingMissesNothingThatReadingEverythingFinds) {
  size_t aside = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    GuardTwins twins(seed);
    twins.Play(40);
    if (testing::Test::HasFailure() || testing::Test::IsSkipped()) {
      ADD_FAILURE_AT(__FILE__, __LINE__) << "seed " << seed;
      return;
    }
    aside += twins.aside();
  }
  EXPECT_GT(aside, 100u);
}

TEST_F(WorkspaceGuardTest, MoreThanTheKernelRemembersIsLookedForAnew) {
  WorkspaceGuard guard = Looked();
  if (!guard.watching()) {
    GTEST_SKIP() << "nobody can be told of changes here";
  }
  const Result<std::string> text =
      ReadFile("/proc/sys/fs/inotify/max_queued_events", 64);
  int queued = 0;
  ASSERT_TRUE(text.ok());
  std::from_chars(text->data(), text->data() + text->size(), queued);
  if (queued > 20'000) {
    GTEST_SKIP() << "a longer queue than a test should fill";
  }
  Folder("sub");
  for (int i = 0; i <= queued; ++i) {
    const std::string path = At(i % 2 == 0 ? "even" : "odd");
    close(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    unlink(path.c_str());
  }
  Folder("sub/late/.git");
  EXPECT_THAT(guard.Sweep(kAlways), ElementsAre(HasSubstr("sub/late/.git ")));
  EXPECT_TRUE(guard.watching());
  Folder("sub/late/.codex");
  EXPECT_THAT(guard.Sweep(kAlways), SizeIs(1));
}

TEST_F(WorkspaceGuardTest, WhatTheUserMakesBetweenCommandsIsReadOnlyAtOnce) {
  Folder("sub");
  WorkspaceGuard guard = Looked();
  if (!guard.watching()) {
    GTEST_SKIP() << "nobody can be told of changes here";
  }
  Folder("sub/deep/.git");
  Folder(".claude");
  guard.LookAgain();
  EXPECT_THAT(guard.ReadOnlyPaths(), testing::UnorderedElementsAre(
                                         At("sub/deep/.git"), At(".claude")));
  EXPECT_THAT(guard.Sweep(kAlways), IsEmpty());
  EXPECT_TRUE(Is("sub/deep/.git"));
}

// A clock that was set back, or a folder that was made long ago and comes to
// light only now: what was not there when the command began is new.
TEST_F(WorkspaceGuardTest, WatchedTimesOfFilesDecideNothing) {
  WorkspaceGuard guard = Looked();
  if (!guard.watching()) {
    GTEST_SKIP() << "nobody can be told of changes here";
  }
  Folder("sub/.git");
  EXPECT_THAT(guard.Sweep(INT64_MAX), SizeIs(1));
  EXPECT_TRUE(Is("sub/.git.set-aside"));
}

// ---- With and without the kernel's help.

class GuardEitherWayTest : public WorkspaceGuardTest,
                           public testing::WithParamInterface<Watching> {
 protected:
  GuardOptions Options() const { return {.watching = GetParam()}; }
};

TEST_P(GuardEitherWayTest, WhatMovesAlongIsStillTheUsers) {
  Folder("a/b/.git");
  WorkspaceGuard guard = Looked(Options());
  fs::rename(At("a"), At("c"));
  EXPECT_THAT(guard.Sweep(kAlways), IsEmpty());
  EXPECT_THAT(guard.ReadOnlyPaths(), ElementsAre(At("c/b/.git")));
}

TEST_P(GuardEitherWayTest, ANameThatIsTakenGetsANumber) {
  WorkspaceGuard guard = Looked(Options());
  Folder("s/.git");
  guard.Sweep(kAlways);
  Folder("s/.git");
  guard.Sweep(kAlways);
  EXPECT_TRUE(Is("s/.git.set-aside"));
  EXPECT_TRUE(Is("s/.git.set-aside-2"));
}

TEST_P(GuardEitherWayTest, AFolderThatTakesNoNewNamesIsNoHidingPlace) {
  WorkspaceGuard guard = Looked(Options());
  Folder("s/.git");
  chmod(At("s").c_str(), 0555);
  EXPECT_THAT(guard.Sweep(kAlways), SizeIs(1));
  EXPECT_TRUE(Is("s/.git.set-aside"));
  struct stat status = {};
  stat(At("s").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0555u);
  chmod(At("s").c_str(), 0755);
}

TEST_P(GuardEitherWayTest, AFolderThatCannotBeReadIsNoHidingPlace) {
  if (geteuid() == 0) {
    GTEST_SKIP() << "root reads it";
  }
  WorkspaceGuard guard = Looked(Options());
  Folder("s/t/.git");
  chmod(At("s/t").c_str(), 0);
  chmod(At("s").c_str(), 0100);
  EXPECT_THAT(guard.Sweep(kAlways), SizeIs(3));
  EXPECT_TRUE(Is("s/t/.git.set-aside"));
}

TEST_P(GuardEitherWayTest, ALinkThatWasTakenAwayIsPutBackWhereWallsCannot) {
  fs::create_symlink("../elsewhere", At(".claude"));
  Folder("s");
  fs::create_symlink("nowhere", At("s/.codex"));
  GuardOptions options = Options();
  options.links = GuardOptions::Links::kPutBack;
  WorkspaceGuard guard = Looked(options);
  fs::remove(At(".claude"));
  Folder(".claude");
  fs::remove(At("s/.codex"));
  EXPECT_THAT(guard.Sweep(kAlways), SizeIs(3));
  EXPECT_EQ(fs::read_symlink(At(".claude")), "../elsewhere");
  EXPECT_EQ(fs::read_symlink(At("s/.codex")), "nowhere");
  EXPECT_TRUE(fs::is_directory(At(".claude.set-aside")));
  EXPECT_THAT(guard.Sweep(kAlways), IsEmpty());
  EXPECT_THAT(guard.ReadOnlyPaths(), SizeIs(2));
}

TEST_P(GuardEitherWayTest, FoldersAreReadDownToTheLimitAndNotOneFurther) {
  GuardOptions options = Options();
  options.search.depth_max = 3;
  Folder("1/2/3/.git");
  WorkspaceGuard guard = Looked(options);
  EXPECT_TRUE(guard.complete());
  EXPECT_THAT(guard.ReadOnlyPaths(), ElementsAre(At("1/2/3/.git")));
  Folder("1/2/3/4/.git");
  EXPECT_THAT(guard.Sweep(kAlways), ElementsAre(HasSubstr("more now than")));
  EXPECT_FALSE(guard.complete());
  EXPECT_THAT(guard.Sweep(kAlways), IsEmpty());
}

TEST_P(GuardEitherWayTest, EntriesAreReadUpToTheLimitAndNotOneMore) {
  GuardOptions options = Options();
  options.search.entries_max = 3;
  Folder("a");
  File("b");
  File("a/c");
  EXPECT_TRUE(Looked(options).complete());
  File("a/d");
  EXPECT_FALSE(Looked(options).complete());
}

TEST_P(GuardEitherWayTest, AsManyAreReadOnlyAsTheLimitSaysAndNotOneMore) {
  GuardOptions options = Options();
  options.read_only_max = 2;
  Folder("a/.git");
  Folder("b/.git");
  WorkspaceGuard guard = Looked(options);
  EXPECT_TRUE(guard.complete());
  EXPECT_THAT(guard.ReadOnlyPaths(), SizeIs(2));
  Folder("c/.git");
  WorkspaceGuard more = Looked(options);
  EXPECT_FALSE(more.complete());
  EXPECT_THAT(more.ReadOnlyPaths(), SizeIs(2));
}

INSTANTIATE_TEST_SUITE_P(Ways, GuardEitherWayTest,
                         testing::Values(Watching::kUse, Watching::kAvoid),
                         [](const testing::TestParamInfo<Watching>& info) {
                           return info.param == Watching::kUse ? "watching"
                                                               : "walking";
                         });

TEST_F(WorkspaceGuardTest, FoldersAreWatchedUpToTheLimitAndBeyondItAllAreRead) {
  Folder("a");
  Folder("b");
  GuardOptions options;
  options.watches_max = 3;  // with the workspace itself
  WorkspaceGuard guard = Looked(options);
  if (!guard.watching()) {
    GTEST_SKIP() << "nobody can be told of changes here";
  }
  Folder("c/.git");
  EXPECT_THAT(guard.Sweep(kAlways), SizeIs(1));
  EXPECT_FALSE(guard.watching());
  Folder("c/d/.git");
  EXPECT_THAT(guard.Sweep(kAlways), SizeIs(1));
  EXPECT_TRUE(Is("c/d/.git.set-aside"));
}

}  // namespace
}  // namespace cofferdam::agent
