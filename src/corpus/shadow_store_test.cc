#include "corpus/shadow_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "base/file.h"
#include "base/random.h"
#include "corpus/work_tree_testing_internal.h"

namespace cofferdam::corpus {
namespace {

namespace fs = std::filesystem;

class ShadowStoreTest : public testing::Test {
 protected:
  ShadowStoreTest() {
    std::string pattern = testing::TempDir() + "/shadow.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    fs::create_directory(root_ + "/w");
  }
  ~ShadowStoreTest() override { fs::remove_all(root_); }

  std::string workspace() const { return root_ + "/w"; }
  void Write(const std::string& path, const std::string& bytes) const {
    const std::string whole = workspace() + "/" + path;
    fs::create_directories(fs::path(whole).parent_path());
    std::ofstream(whole, std::ios::binary) << bytes;
  }
  std::unique_ptr<ShadowStore> Open(const ShadowLimits& limits = {},
                                    const std::string& workspace = "") const {
    auto store = ShadowStore::Open(
        root_ + "/store", workspace.empty() ? root_ + "/w" : workspace, limits);
    CHECK_OK(store);
    return *std::move(store);
  }
  // Path to bytes ("-": not kept).
  static std::map<std::string, std::string> Kept(ShadowStore& store,
                                                 const std::string& commit) {
    bool partial = false;
    auto files = store.Files(commit, &partial);
    CHECK_OK(files);
    std::map<std::string, std::string> kept;
    for (const ShadowFile& file : *files) {
      kept[file.path] = file.side ? *store.Read(file.side->blob) : "(none)";
    }
    return kept;
  }
  static std::string Words(const std::vector<ShadowChange>& changes) {
    std::string words;
    for (const ShadowChange& change : changes) {
      words += !change.before ? "+" : !change.after ? "-" : "~";
      words += change.path + " ";
    }
    return words;
  }

  using Bytes = std::map<std::string, std::string>;
  std::string root_;
};

TEST_F(ShadowStoreTest, KeepsAFolderThatIsNoRepository) {
  Write("a.txt", "one");
  Write("deep/er/b.txt", "two");
  Write("deep.txt", "three");
  fs::create_symlink("a.txt", workspace() + "/link");
  ASSERT_EQ(chmod((workspace() + "/a.txt").c_str(), 0755), 0);
  auto store = Open();
  ASSERT_TRUE(store->Look()->empty());
  const std::string commit = *store->Keep(5'000'000);
  EXPECT_EQ(Kept(*store, commit), (Bytes{{"a.txt", "one"},
                                         {"deep/er/b.txt", "two"},
                                         {"deep.txt", "three"},
                                         {"link", "a.txt"}}));
  bool partial = true;
  auto files = store->Files(commit, &partial);
  EXPECT_FALSE(partial);
  EXPECT_EQ((*files)[0].side->mode, 0100755u);
  EXPECT_EQ((*files)[3].side->mode, 0120000u);
  EXPECT_EQ(*store->Keep(9'000'000), commit);
  // Another process finds it again.
  store.reset();
  store = Open();
  EXPECT_EQ(Kept(*store, commit).size(), 4u);
}

TEST_F(ShadowStoreTest, ALookTellsWhatChanged) {
  Write("a", "one");
  Write("b/c", "two");
  Write("b/d", "three");
  auto store = Open();
  ASSERT_TRUE(store->Look().ok());
  EXPECT_EQ(Words(*store->Look()), "");
  Write("a", "ONE");  // of the same length, within the same tick
  Write("new/e", "four");
  fs::remove(workspace() + "/b/c");
  ASSERT_EQ(chmod((workspace() + "/b/d").c_str(), 0755), 0);
  EXPECT_EQ(Words(*store->Look()), "~a -b/c ~b/d +new/e ");
  EXPECT_EQ(Words(*store->Look()), "");
  fs::remove_all(workspace() + "/new");
  Write("new", "a file where a folder was");
  EXPECT_EQ(Words(*store->Look()), "+new -new/e ");
  EXPECT_EQ(Words(*store->Look()), "");
}

TEST_F(ShadowStoreTest, LeavesOutWhatGitIgnoresAlsoWithoutARepository) {
  Write(".gitignore", "*.o\n/out/\n");
  Write("a.c", "int a;");
  Write("a.o", "object");
  Write("out/b.c", "made");
  Write("sub/.git/config", "[core]");
  auto store = Open();
  ASSERT_TRUE(store->Look().ok());
  EXPECT_EQ(Kept(*store, *store->Keep(1)).size(), 2u);
  Write("c.o", "object");
  Write("out/d", "made");
  EXPECT_EQ(Words(*store->Look()), "");
}

TEST_F(ShadowStoreTest, ReadsWhatTheRepositoryHoldsAndTouchesNothingThere) {
  TestWorkTree tree;
  tree.Add("kept.c", "int kept;\n");
  tree.Add("changed.c", "int a;\n");
  tree.Add(".gitignore", "*.o\n");
  tree.Add("tracked.o", "tracked though ignored");
  tree.Commit("first", "A <a@example.com>");
  // Older than the index, so that the index can be believed.
  for (const char* name : {"kept.c", ".gitignore", "tracked.o"}) {
    fs::last_write_time(
        tree.path() + "/" + name,
        fs::file_time_type::clock::now() - std::chrono::hours(1));
    tree.Stage(name);
  }
  tree.Write("changed.c", "int b;\n");
  tree.Write("untracked.c", "int c;\n");
  tree.Write("ignored.o", "object");
  std::map<std::string, fs::file_time_type> before;
  for (const auto& file :
       fs::recursive_directory_iterator(tree.path() + "/.git")) {
    before[file.path()] = file.last_write_time();
  }
  auto store = Open({}, tree.path());
  ASSERT_TRUE(store->Look().ok());
  const std::string commit = *store->Keep(1);
  EXPECT_EQ(Kept(*store, commit),
            (Bytes{{"kept.c", "int kept;\n"},
                   {"changed.c", "int b;\n"},
                   {".gitignore", "*.o\n"},
                   {"tracked.o", "tracked though ignored"},
                   {"untracked.c", "int c;\n"}}));
  std::map<std::string, fs::file_time_type> after;
  for (const auto& file :
       fs::recursive_directory_iterator(tree.path() + "/.git")) {
    after[file.path()] = file.last_write_time();
  }
  EXPECT_EQ(before, after);
  size_t blobs = 0;
  for (const auto& file :
       fs::recursive_directory_iterator(root_ + "/store/store.git/objects")) {
    blobs += file.is_regular_file() ? 1 : 0;
  }
  // changed.c, untracked.c, a tree, a commit.
  EXPECT_EQ(blobs, 4u);
}

TEST_F(ShadowStoreTest, KeepsTheBytesOfTheFolderWhereGitChangesThem) {
  TestWorkTree tree;
  tree.Add(".gitattributes", "*.txt text eol=crlf\n");
  tree.Add("a.txt", "one\r\ntwo\r\n");
  tree.Commit("first", "A <a@example.com>");
  auto store = Open({}, tree.path());
  ASSERT_TRUE(store->Look().ok());
  EXPECT_EQ(Kept(*store, *store->Keep(1))["a.txt"], "one\r\ntwo\r\n");
}

TEST_F(ShadowStoreTest, AWorkspaceDeeperInItsRepositoryIsKeptAlone) {
  TestWorkTree tree;
  tree.Add("top.c", "top");
  tree.Add("sub/a.c", "a");
  tree.Add("sub/.gitignore", "*.o");
  tree.Commit("first", "A <a@example.com>");
  tree.Write("sub/b.o", "object");
  auto store = Open({}, tree.path() + "/sub");
  ASSERT_TRUE(store->Look().ok());
  EXPECT_EQ(Kept(*store, *store->Keep(1)),
            (Bytes{{"a.c", "a"}, {".gitignore", "*.o"}}));
}

TEST_F(ShadowStoreTest, TheLargestFolderIsKeptAndOneFileMoreIsNot) {
  for (int i = 0; i < 5; ++i) Write("f" + std::to_string(i), "x");
  auto store = Open({.files_max = 5});
  ASSERT_TRUE(store->Look().ok());
  EXPECT_FALSE(store->partial());
  Write("f5", "x");
  store = Open({.files_max = 5});
  ASSERT_TRUE(store->Look().ok());
  EXPECT_TRUE(store->partial());
  EXPECT_NE(store->why().find("more than 5 files"), std::string::npos);
  for (auto [limits, fits] :
       {std::pair{ShadowLimits{.copied_files_max = 6}, true},
        {ShadowLimits{.copied_files_max = 5}, false},
        {ShadowLimits{.copied_bytes_max = 606}, true},
        {ShadowLimits{.copied_bytes_max = 605}, false},
        {ShadowLimits{.read_bytes_max = 606}, true},
        {ShadowLimits{.read_bytes_max = 605}, false}}) {
    fs::remove_all(root_ + "/store");
    for (int i = 0; i < 6; ++i) {
      Write("f" + std::to_string(i),
            std::string(101, static_cast<char>('a' + i)));
    }
    store = Open(limits);
    ASSERT_TRUE(store->Look().ok());
    EXPECT_EQ(store->partial(), !fits) << limits.copied_files_max;
  }
}

TEST_F(ShadowStoreTest, BeyondTheLimitsOnlyWhatIsNamedIsKept) {
  for (int i = 0; i < 5; ++i) Write("f" + std::to_string(i), "x");
  auto store = Open({.files_max = 4});
  ASSERT_TRUE(store->Look().ok());
  const std::vector<std::string> paths = {"f1", "none/yet"};
  ASSERT_TRUE(store->LookAt(paths).ok());
  const std::string before = *store->Keep(1);
  EXPECT_EQ(Kept(*store, before), (Bytes{{"f1", "x"}, {"none/yet", "(none)"}}));
  Write("f1", "y");
  Write("none/yet", "made");
  Write("f2", "unseen");
  EXPECT_EQ(Words(*store->Look()), "~f1 +none/yet ");
  const std::string after = *store->Keep(1);
  EXPECT_EQ(Kept(*store, after), (Bytes{{"f1", "y"}, {"none/yet", "made"}}));
  EXPECT_EQ(Words(*store->Compare(before, after)), "~f1 +none/yet ");
}

TEST_F(ShadowStoreTest, TheLongestFileIsKeptAndALongerOneOnlyNoticed) {
  Write("fits", "1234");
  Write("long", "12345");
  auto store = Open({.file_bytes_max = 4});
  ASSERT_TRUE(store->Look().ok());
  EXPECT_EQ(Kept(*store, *store->Keep(1)), (Bytes{{"fits", "1234"}}));
  EXPECT_EQ(store->not_kept(), 1u);
  Write("long", "123456");
  EXPECT_EQ(Words(*store->Look()), "~long ");
}

TEST_F(ShadowStoreTest, AFullStoreKeepsNoMoreAndSaysSo) {
  Write("a", "one");
  auto store = Open({.store_bytes_max = 4096});
  ASSERT_TRUE(store->Look().ok());
  EXPECT_EQ(store->not_kept(), 0u);
  EXPECT_EQ(store->Keep(1).error().code(), Code::kExhausted);
  Write("b", "two");
  ASSERT_TRUE(store->Look().ok());
  EXPECT_EQ(store->not_kept(), 1u);
}

TEST_F(ShadowStoreTest, PruneKeepsWhatTheNamedStatesNeed) {
  Write("same", "same");
  Write("a", "first");
  auto store = Open();
  ASSERT_TRUE(store->Look().ok());
  const std::string first = *store->Keep(1);
  Write("a", "second");
  ASSERT_TRUE(store->Look().ok());
  const std::string second = *store->Keep(2);
  const uint64_t bytes = store->bytes();
  // Not while it is in use here or elsewhere.
  ASSERT_TRUE(store->Prune({second}).ok());
  EXPECT_EQ(store->bytes(), bytes);
  auto other = Open();
  store.reset();
  ASSERT_TRUE(other->Prune({second}).ok());
  EXPECT_EQ(other->bytes(), bytes);
  other.reset();
  store = Open();
  ASSERT_TRUE(store->Prune({second}).ok());
  EXPECT_LT(store->bytes(), bytes);
  EXPECT_EQ(Kept(*store, second), (Bytes{{"same", "same"}, {"a", "second"}}));
  bool partial = false;
  EXPECT_EQ(store->Files(first, &partial).error().code(), Code::kNotFound);
}

// A second engine, naive: a map of the files.
TEST_F(ShadowStoreTest, RandomChangesAreSeenAsAMapOfFilesSeesThem) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SeededRandom dice(seed);
    fs::remove_all(workspace());
    fs::remove_all(root_ + "/store");
    fs::create_directory(workspace());
    Bytes files;
    auto store = Open();
    ASSERT_TRUE(store->Look().ok());
    for (int round = 0; round < 15; ++round) {
      const Bytes before = files;
      for (uint64_t i = dice.Below(6); i > 0; --i) {
        const std::string path = std::string(dice.Below(2) ? "d.x/" : "d/") +
                                 static_cast<char>('a' + dice.Below(5));
        if (dice.Below(3) == 0) {
          fs::remove(workspace() + "/" + path);
          files.erase(path);
        } else {
          files[path] = std::to_string(dice.Below(4));
          Write(path, files[path]);
        }
      }
      std::string words;
      Bytes all = before;
      all.insert(files.begin(), files.end());
      for (const auto& [path, unused] : all) {
        const bool was = before.contains(path);
        const bool is = files.contains(path);
        if (was && is && before.at(path) == files.at(path)) continue;
        words += !was ? "+" : !is ? "-" : "~";
        words += path + " ";
      }
      const std::string old = *store->Keep(round);
      EXPECT_EQ(Words(*store->Look()), words) << seed;
      const std::string commit = *store->Keep(round);
      EXPECT_EQ(Kept(*store, commit), files) << seed;
      EXPECT_EQ(Words(*store->Compare(old, commit)), words) << seed;
    }
  }
}

}  // namespace
}  // namespace cofferdam::corpus
