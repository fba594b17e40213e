#include "agent/tools/workspace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;

class WorkspaceTest : public testing::Test {
 protected:
  void SetUp() override {
    base_ = testing::TempDir() + "workspace_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(base_);
    fs::create_directories(base_ + "/in/src");
    fs::create_directories(base_ + "/out");
    base_ = fs::canonical(base_);
    Put("in/a.txt", "alpha\n");
    Put("out/secret", "secret\n");
    workspace_ = Make();
  }
  void TearDown() override { fs::remove_all(base_); }

  std::unique_ptr<Workspace> Make(
      WorkspaceOptions::Openat2 openat2 = WorkspaceOptions::Openat2::kUse) {
    WorkspaceOptions options;
    options.root = base_ + "/in";
    options.openat2 = openat2;
    Result<std::unique_ptr<Workspace>> made = Workspace::Open(options);
    CHECK_OK(made);
    return *std::move(made);
  }
  std::string At(const std::string& name) { return base_ + "/" + name; }
  void Put(const std::string& name, std::string_view bytes) {
    fs::remove(At(name));
    std::ofstream(At(name)) << bytes;
  }
  std::string Get(const std::string& name) { return *ReadFile(At(name), 1000); }
  void Link(const std::string& target, const std::string& name) {
    fs::create_symlink(target, At(name));
  }
  Code CodeOfRead(const std::string& path) {
    Result<WorkspaceFile> file = workspace_->Read(path);
    return file.ok() ? Code::kInternal : file.error().code();
  }
  // Reads and writes back.
  Status Overwrite(const std::string& path, std::string_view bytes) {
    TRY_ASSIGN(WorkspaceFile file, workspace_->Read(path));
    TRY_ASSIGN(FileStamp stamp,
               workspace_->Write(file.path, bytes, file.stamp));
    EXPECT_EQ(workspace_->Stamp(file.path), stamp);
    return {};
  }
  Status Create(const std::string& path, std::string_view bytes) {
    TRY_ASSIGN(WorkspacePath place, workspace_->Find(path));
    TRY_ASSIGN(FileStamp stamp, workspace_->Write(place, bytes, std::nullopt));
    EXPECT_EQ(workspace_->Stamp(place), stamp);
    return {};
  }
  std::vector<std::string> NamesIn(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(At(folder)))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string base_;
  std::unique_ptr<Workspace> workspace_;
};

TEST_F(WorkspaceTest, ReadsByAnyNameOfAFile) {
  for (std::string path : {std::string("a.txt"), std::string("./src/../a.txt"),
                           std::string("src//..//./a.txt"), At("in/a.txt"),
                           At("in/src/../a.txt")}) {
    Result<WorkspaceFile> file = workspace_->Read(path);
    ASSERT_TRUE(file.ok()) << path << ": " << file.error().message();
    EXPECT_EQ(file->bytes, "alpha\n");
    EXPECT_EQ(file->path.shown, "a.txt");
    EXPECT_EQ(file->path.absolute, At("in/a.txt"));
  }
}

TEST_F(WorkspaceTest, NoPathLeadsOut) {
  Link("../out", "in/out");
  Link(At("out/secret"), "in/secret");
  Link("../../out/secret", "in/src/secret");
  Link("/", "in/slash");
  for (std::string path :
       {std::string("../out/secret"), At("out/secret"),
        std::string("out/secret"), std::string("secret"),
        std::string("src/secret"), std::string("slash/etc/passwd"),
        std::string("/etc/passwd"), At("in") + "x/a.txt",
        std::string("src/../../in/../out/secret")}) {
    EXPECT_EQ(CodeOfRead(path), Code::kDenied) << path;
    Status created = Create(path, "x");
    ASSERT_FALSE(created.ok()) << path;
    EXPECT_EQ(created.error().code(), Code::kDenied) << path;
  }
  EXPECT_EQ(Get("out/secret"), "secret\n");
  EXPECT_THAT(NamesIn("out"), ElementsAre("secret"));
}

TEST_F(WorkspaceTest, LinksThatStayInsideAreFollowed) {
  Link("src", "in/s");
  Link("../a.txt", "in/src/b");
  Link(At("in/src/b"), "in/c");
  Result<WorkspaceFile> file = workspace_->Read("s/b");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->path.shown, "a.txt");
  ASSERT_TRUE(Overwrite("c", "beta\n").ok());
  EXPECT_EQ(Get("in/a.txt"), "beta\n");
  EXPECT_TRUE(fs::is_symlink(At("in/c")));
  ASSERT_TRUE(Create("s/new.txt", "new\n").ok());
  EXPECT_EQ(Get("in/src/new.txt"), "new\n");
}

TEST_F(WorkspaceTest, LinksInACircleAreRefused) {
  Link("y", "in/x");
  Link("x", "in/y");
  EXPECT_EQ(CodeOfRead("x"), Code::kInvalid);
}

TEST_F(WorkspaceTest, SixteenLinksAreFollowedAndNotOneMore) {
  for (int i = 1; i <= 17; ++i) {
    Link(i == 1 ? "a.txt" : fmt::format("l{}", i - 1),
         fmt::format("in/l{}", i));
  }
  EXPECT_TRUE(workspace_->Read("l16").ok());
  EXPECT_EQ(CodeOfRead("l17"), Code::kInvalid);
}

TEST_F(WorkspaceTest, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(mkfifo(At("in/pipe").c_str(), 0600), 0);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::string old = fs::current_path();
  fs::current_path(At("in"));
  snprintf(address.sun_path, sizeof(address.sun_path), "socket");
  ASSERT_EQ(
      bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof(address)),
      0);
  fs::current_path(old);
  close(fd);
  for (std::string path : {"pipe", "socket", "src", "."}) {
    EXPECT_EQ(CodeOfRead(path), Code::kInvalid) << path;
    EXPECT_FALSE(Create(path, "x").ok()) << path;
  }
  EXPECT_EQ(CodeOfRead("nothing"), Code::kNotFound);
  EXPECT_EQ(CodeOfRead("a.txt/b"), Code::kInvalid);
}

TEST_F(WorkspaceTest, FilesOfTheKernelAreNoFiles) {
  WorkspaceOptions options;
  options.root = "/";
  Result<std::unique_ptr<Workspace>> all = Workspace::Open(options);
  ASSERT_TRUE(all.ok());
  Result<WorkspaceFile> file = (*all)->Read("/proc/self/status");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), Code::kDenied);
  // A magic link reads as text that names what it leads to; never more.
  EXPECT_FALSE((*all)->Read("/proc/self/fd/0").ok());
  EXPECT_FALSE((*all)->Read("/dev/null").ok());
}

TEST_F(WorkspaceTest, ProtectedNamesAreReadButNeverWritten) {
  fs::create_directories(At("in/.git/hooks"));
  fs::create_directories(At("in/src/.vscode"));
  Put("in/.git/config", "[core]\n");
  Link(".git", "in/git");
  Link("../.git/hooks/pre-commit", "in/src/hook");
  EXPECT_TRUE(workspace_->Read(".git/config").ok());
  EXPECT_EQ(Overwrite(".git/config", "x").error().code(), Code::kDenied);
  EXPECT_EQ(Overwrite("git/config", "x").error().code(), Code::kDenied);
  for (std::string path :
       {".git/hooks/post-commit", "git/hooks/x", "src/hook", ".GIT/x",
        "src/.vscode/tasks.json", ".claude/settings.json", ".mcp.json",
        "new/.git/hooks/x"}) {
    Status created = Create(path, "x");
    ASSERT_FALSE(created.ok()) << path;
    EXPECT_EQ(created.error().code(), Code::kDenied) << path;
    EXPECT_THAT(created.error().message(), HasSubstr("protected")) << path;
  }
  Result<WorkspaceFile> config = workspace_->Read(".git/config");
  Result<WorkspacePath> aside = workspace_->Find("config");
  EXPECT_EQ(workspace_->Remove(config->path, config->stamp).error().code(),
            Code::kDenied);
  EXPECT_EQ(
      workspace_->Move(config->path, *aside, config->stamp).error().code(),
      Code::kDenied);
  EXPECT_TRUE(Create(".gitignore", "x").ok());
  EXPECT_THAT(NamesIn("in/.git/hooks"), ElementsAre());
}

TEST_F(WorkspaceTest, ANameIsProtectedHoweverAFileSystemMayReadIt) {
  for (std::string path :
       {".git./x", ".git /x", "git~1/x", ".g\xe2\x80\x8cit/x", ".MCP.json."}) {
    Status created = Create(path, "x");
    ASSERT_FALSE(created.ok()) << path;
    EXPECT_EQ(created.error().code(), Code::kDenied) << path;
  }
  EXPECT_THAT(NamesIn("in"), ElementsAre("a.txt", "src"));
}

TEST_F(WorkspaceTest, WhatIsHiddenIsNeitherReadNorWrittenNorTold) {
  fs::create_directories(At("in/keys/more"));
  Put("in/keys/id", "a key\n");
  Link("keys", "in/way");
  Link("keys/id", "in/key");
  WorkspaceOptions options;
  options.root = At("in");
  options.extra = {{At("in/keys/more"), FolderAccess::kRead}};
  // By another name of it, and one that is not there yet.
  options.hidden = {At("in/way"), At("in/later")};
  workspace_ = *Workspace::Open(options);
  for (std::string path : {"keys/id", "keys", "way/id", "key",
                           "KEYS/../keys/id", "later", "later/x", "keys/new"}) {
    EXPECT_NE(CodeOfRead(path), Code::kInternal) << path;
    EXPECT_FALSE(Create(path, "x").ok()) << path;
  }
  EXPECT_EQ(CodeOfRead("keys/id"), Code::kDenied);
  EXPECT_EQ(CodeOfRead("later/x"), Code::kDenied);
  EXPECT_FALSE(workspace_->IsShown(At("in/keys/id")));
  EXPECT_FALSE(workspace_->IsShown(At("in/keys")));
  EXPECT_FALSE(workspace_->IsShown(At("in/way/id")));
  EXPECT_FALSE(workspace_->IsShown(At("out/secret")));
  EXPECT_TRUE(workspace_->IsShown(At("in/a.txt")));
  EXPECT_TRUE(workspace_->IsShown(At("in/keyset")));
  // What is in a folder that was given is not hidden by what holds that.
  Put("in/keys/more/log", "log\n");
  EXPECT_TRUE(workspace_->Read(At("in/keys/more/log")).ok());
}

TEST_F(WorkspaceTest, ExtraFoldersAreReadOrWrittenAsGiven) {
  fs::create_directories(At("more"));
  WorkspaceOptions options;
  options.root = At("in");
  options.extra = {{At("out"), FolderAccess::kRead},
                   {At("more"), FolderAccess::kWrite}};
  workspace_ = *Workspace::Open(options);
  Link(At("out/secret"), "in/secret");
  EXPECT_EQ(workspace_->Read("secret")->bytes, "secret\n");
  EXPECT_EQ(workspace_->Read(At("out/secret"))->path.shown, At("out/secret"));
  EXPECT_EQ(Overwrite(At("out/secret"), "x").error().code(), Code::kDenied);
  EXPECT_EQ(Create(At("out/new"), "x").error().code(), Code::kDenied);
  EXPECT_TRUE(Create(At("more/new"), "x").ok());
  EXPECT_EQ(CodeOfRead(At("out/../base")), Code::kDenied);
}

TEST_F(WorkspaceTest, ANewFileMakesItsFolders) {
  ASSERT_TRUE(Create("x/y/z.txt", "deep\n").ok());
  EXPECT_EQ(Get("in/x/y/z.txt"), "deep\n");
  EXPECT_THAT(NamesIn("in/x/y"), ElementsAre("z.txt"));
  Status again = Create("x/y/z.txt", "more\n");
  EXPECT_EQ(again.error().code(), Code::kConflict);
  EXPECT_EQ(Get("in/x/y/z.txt"), "deep\n");
}

TEST_F(WorkspaceTest, WritingKeepsTheModeAndLeavesOtherHardLinksAlone) {
  ASSERT_EQ(chmod(At("in/a.txt").c_str(), 0751), 0);
  fs::create_hard_link(At("in/a.txt"), At("out/other"));
  ASSERT_TRUE(Overwrite("a.txt", "beta\n").ok());
  struct stat status;
  ASSERT_EQ(stat(At("in/a.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0751u);
  EXPECT_EQ(Get("in/a.txt"), "beta\n");
  EXPECT_EQ(Get("out/other"), "alpha\n");
  EXPECT_THAT(NamesIn("in"), ElementsAre("a.txt", "src"));
}

TEST_F(WorkspaceTest, AFileThatChangedSinceItWasReadIsNotOverwritten) {
  Result<WorkspaceFile> file = workspace_->Read("a.txt");
  Put("in/a.txt", "of someone else\n");
  Result<FileStamp> written =
      workspace_->Write(file->path, "mine\n", file->stamp);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code(), Code::kConflict);
  EXPECT_EQ(workspace_->Remove(file->path, file->stamp).error().code(),
            Code::kConflict);
  EXPECT_EQ(Get("in/a.txt"), "of someone else\n");
  fs::remove(At("in/a.txt"));
  EXPECT_FALSE(workspace_->Write(file->path, "mine\n", file->stamp).ok());
  EXPECT_THAT(NamesIn("in"), ElementsAre("src"));
}

TEST_F(WorkspaceTest, AReadOnlyFileIsNotReplaced) {
  ASSERT_EQ(chmod(At("in/a.txt").c_str(), 0444), 0);
  Status written = Overwrite("a.txt", "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code(), Code::kDenied);
  EXPECT_THAT(written.error().message(), HasSubstr("read-only"));
}

TEST_F(WorkspaceTest, MovesAndRemovesWhatWasRead) {
  Result<WorkspaceFile> file = workspace_->Read("a.txt");
  Result<WorkspacePath> to = workspace_->Find("new/b.txt");
  Result<FileStamp> moved = workspace_->Move(file->path, *to, file->stamp);
  ASSERT_TRUE(moved.ok()) << moved.error().message();
  EXPECT_EQ(Get("in/new/b.txt"), "alpha\n");
  EXPECT_FALSE(fs::exists(At("in/a.txt")));
  Put("in/a.txt", "again\n");
  Result<WorkspacePath> back = workspace_->Find("a.txt");
  to = workspace_->Find("new/b.txt");
  EXPECT_EQ(workspace_->Move(*to, *back, *moved).error().code(),
            Code::kConflict);
  ASSERT_TRUE(workspace_->Remove(*to, *moved).ok());
  EXPECT_THAT(NamesIn("in/new"), ElementsAre());
}

TEST_F(WorkspaceTest, FilesAreReadUpToTheLimitAndNotOneByteMore) {
  WorkspaceOptions options;
  options.root = At("in");
  options.limits.file_bytes_max = 6;
  workspace_ = *Workspace::Open(options);
  EXPECT_EQ(workspace_->Read("a.txt")->bytes.size(), 6u);
  EXPECT_TRUE(Create("six", "123456").ok());
  EXPECT_EQ(Create("seven", "1234567").error().code(), Code::kTooLarge);
  Put("in/seven", "1234567");
  EXPECT_EQ(CodeOfRead("seven"), Code::kTooLarge);
}

TEST_F(WorkspaceTest, PathsHaveALimit) {
  std::string path(4096, 'a');
  EXPECT_NE(CodeOfRead(path), Code::kTooLarge);
  EXPECT_EQ(CodeOfRead(path + "a"), Code::kTooLarge);
  EXPECT_EQ(CodeOfRead(""), Code::kInvalid);
  EXPECT_EQ(CodeOfRead(std::string("a\0b", 3)), Code::kInvalid);
}

TEST_F(WorkspaceTest, TheKernelAndTheWalkByHandAgree) {
  std::mt19937 random(11);
  std::vector<std::string> names = {"a", "b", "c", "..", "l", "m", "n"};
  std::vector<std::string> targets = {
      "a", "../a",     "..",      "../../out", "b/c",
      "l", At("in/a"), At("out"), "missing",   "/"};
  for (int round = 0; round < 30; ++round) {
    fs::remove_all(At("in"));
    fs::create_directories(At("in"));
    for (std::string folder : {"", "a/", "b/", "a/b/", "a/c/"}) {
      std::error_code none;
      if (!fs::is_directory(At("in/" + folder), none)) continue;
      for (const char* name : {"a", "b", "c", "l", "m", "n"}) {
        std::string at = At("in/" + folder + name);
        switch (random() % 4) {
          case 0:
            fs::create_directory(at, none);
            break;
          case 1:
            if (!fs::exists(fs::symlink_status(at, none)))
              Put("in/" + folder + name, folder + name);
            break;
          case 2:
            fs::create_symlink(targets[random() % targets.size()], at, none);
            break;
          default:
            break;
        }
      }
    }
    auto quick = Make();
    auto plain = Make(WorkspaceOptions::Openat2::kAvoid);
    for (int i = 0; i < 200; ++i) {
      std::string path;
      for (size_t n = random() % 5 + 1; n > 0; --n)
        path += names[random() % names.size()] + (n > 1 ? "/" : "");
      Result<WorkspacePath> one = quick->Find(path);
      Result<WorkspacePath> two = plain->Find(path);
      ASSERT_EQ(one.ok(), two.ok()) << path;
      if (!one.ok()) continue;
      EXPECT_EQ(one->absolute, two->absolute);
      EXPECT_EQ(one->kind, two->kind);
      // And with what the file system says.
      std::error_code error;
      fs::path real = fs::canonical(At("in/" + path), error);
      if (!error) {
        EXPECT_EQ(one->absolute, real.string());
      } else {
        EXPECT_EQ(one->kind, WorkspacePath::Kind::kNone) << path;
      }
    }
  }
}

// Another thread changes a folder into a link that leads out and back, again
// and again: whatever is written lands inside, or nowhere.
TEST_F(WorkspaceTest, NothingGetsOutThroughAFolderThatBecomesALink) {
  fs::create_directories(At("in/d"));
  Link("../out", "in/link");
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (!done) {
      renameat2(AT_FDCWD, At("in/d").c_str(), AT_FDCWD, At("in/link").c_str(),
                RENAME_EXCHANGE);
    }
  });
  int written = 0;
  for (auto openat2 :
       {WorkspaceOptions::Openat2::kUse, WorkspaceOptions::Openat2::kAvoid}) {
    workspace_ = Make(openat2);
    for (int i = 0; i < 300; ++i) {
      for (std::string path : {fmt::format("d/new{}", i), "d/secret"s}) {
        Result<WorkspacePath> place = workspace_->Find(path);
        if (!place.ok()) continue;
        std::optional<FileStamp> stamp = workspace_->Stamp(*place);
        if (workspace_->Write(*place, "x", stamp).ok()) ++written;
      }
    }
  }
  done = true;
  other.join();
  EXPECT_GT(written, 0);
  EXPECT_THAT(NamesIn("out"), ElementsAre("secret"));
  EXPECT_EQ(Get("out/secret"), "secret\n");
}

// Another thread writes the file anew, again and again: its bytes are never
// lost to a write that was based on older ones.
TEST_F(WorkspaceTest, AWriteThatWasBasedOnOlderBytesNeverWins) {
  constexpr int kTimes = 60;
  Put("in/count", "0");
  auto add = [&](Workspace& workspace) {
    for (int done = 0; done < kTimes;) {
      Result<WorkspaceFile> file = workspace.Read("count");
      if (!file.ok()) continue;
      std::string next = std::to_string(std::stoi(file->bytes) + 1);
      if (workspace.Write(file->path, next, file->stamp).ok()) ++done;
    }
  };
  auto mine = Make();
  auto theirs = Make();
  std::thread other([&] { add(*theirs); });
  add(*mine);
  other.join();
  EXPECT_EQ(Get("in/count"), std::to_string(2 * kTimes));
  EXPECT_THAT(NamesIn("in"), ElementsAre("a.txt", "count", "src"));
}

}  // namespace
}  // namespace cofferdam::agent
