#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "corpus/commits.h"
#include "corpus/folder_testing.h"
#include "corpus/git_internal.h"
#include "corpus/revision_internal.h"
#include "corpus/source.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int64_t kMicros = 1'000'000;

// A bare repository whose commits are made without files on disk.
class TestRepository {
 public:
  explicit TestRepository(const std::string& path) {
    UseGit();
    git_repository* handle = nullptr;
    CHECK(git_repository_init(&handle, path.c_str(), 1) == 0);
    handle_.reset(handle);
  }

  using Files = std::map<std::string, std::string>;  // by path
  // A commit of `files` at `seconds`; HEAD's branch then names it.
  std::string Commit(const Files& files, int64_t seconds,
                     const std::vector<std::string>& parents) {
    const git_oid tree = WriteTree(files);
    git_tree* tree_object = nullptr;
    CHECK(git_tree_lookup(&tree_object, handle_.get(), &tree) == 0);
    std::vector<git_commit*> commits;
    for (const std::string& hex : parents) {
      git_oid id;
      CHECK(git_oid_fromstr(&id, hex.c_str()) == 0);
      commits.push_back(nullptr);
      CHECK(git_commit_lookup(&commits.back(), handle_.get(), &id) == 0);
    }
    git_signature* who = nullptr;
    CHECK(git_signature_new(&who, "Ann", "ann@example.com", seconds, 0) == 0);
    git_oid id;
    CHECK(git_commit_create(&id, handle_.get(), nullptr, who, who, nullptr,
                            "A commit", tree_object, commits.size(),
                            const_cast<const git_commit**>(commits.data())) ==
          0);
    git_signature_free(who);
    git_tree_free(tree_object);
    for (git_commit* commit : commits) git_commit_free(commit);
    git_reference* reference = nullptr;
    CHECK(git_reference_create(&reference, handle_.get(), "refs/heads/master",
                               &id, 1, "test") == 0);
    git_reference_free(reference);
    char hex[GIT_OID_HEXSZ + 1];
    return git_oid_tostr(hex, sizeof hex, &id);
  }

  std::string BlobOf(const std::string& text) {
    git_oid id;
    CHECK(git_blob_create_from_buffer(&id, handle_.get(), text.data(),
                                      text.size()) == 0);
    char hex[GIT_OID_HEXSZ + 1];
    return git_oid_tostr(hex, sizeof hex, &id);
  }

 private:
  git_oid WriteTree(const Files& files) {
    git_treebuilder* builder = nullptr;
    CHECK(git_treebuilder_new(&builder, handle_.get(), nullptr) == 0);
    std::map<std::string, Files> below;
    for (const auto& [path, text] : files) {
      const size_t slash = path.find('/');
      if (slash != std::string::npos) {
        below[path.substr(0, slash)][path.substr(slash + 1)] = text;
        continue;
      }
      git_oid id;
      CHECK(git_oid_fromstr(&id, BlobOf(text).c_str()) == 0);
      CHECK(git_treebuilder_insert(nullptr, builder, path.c_str(), &id,
                                   path.ends_with(".link")
                                       ? GIT_FILEMODE_LINK
                                       : GIT_FILEMODE_BLOB) == 0);
    }
    for (const auto& [name, its] : below) {
      const git_oid id = WriteTree(its);
      CHECK(git_treebuilder_insert(nullptr, builder, name.c_str(), &id,
                                   GIT_FILEMODE_TREE) == 0);
    }
    git_oid written;
    CHECK(git_treebuilder_write(&written, builder) == 0);
    git_treebuilder_free(builder);
    return written;
  }

  RepositoryHandle handle_;
};

// "path commit-time", in order; "path !reason" for what is passed over.
std::vector<std::string> Walk(const std::string& path,
                              const std::string& revision, RevisionScope scope,
                              const RevisionLimits& limits = {}) {
  auto walk = RevisionWalk::Open(path, revision, scope, limits);
  CHECK(walk.ok());
  std::vector<std::string> seen;
  for (;;) {
    auto next = (*walk)->Next();
    CHECK(next.ok());
    if (!next->has_value()) return seen;
    if (const auto* blob = std::get_if<Blob>(&**next)) {
      seen.push_back(blob->path + " " +
                     std::to_string(blob->time_micros / kMicros));
    } else {
      const auto& passed = std::get<PassedOver>(**next);
      seen.push_back(passed.path + " !" +
                     std::string(ReasonName(passed.reason)));
    }
  }
}

TEST(RevisionWalk, GivesTheFilesOfARevisionWithTheirLastChange) {
  TestFolder folder;
  TestRepository git(folder.path());
  const auto first = git.Commit({{"a.cc", "1"}, {"b/c.cc", "2"}}, 100, {});
  const auto second =
      git.Commit({{"a.cc", "1"}, {"b/c.cc", "3"}}, 200, {first});
  git.Commit({{"a.cc", "1"}, {"b/c.cc", "3"}, {"b.cc", "4"}}, 300, {second});
  // A folder sorts as if its name ended in a slash.
  EXPECT_THAT(Walk(folder.path(), "HEAD", RevisionScope::kTree),
              ElementsAre("a.cc 100", "b.cc 300", "b/c.cc 200"));
  EXPECT_THAT(Walk(folder.path(), "HEAD~1", RevisionScope::kTree),
              ElementsAre("a.cc 100", "b/c.cc 200"));
  EXPECT_THAT(Walk(folder.path(), first.substr(0, 10), RevisionScope::kTree),
              ElementsAre("a.cc 100", "b/c.cc 100"));
}

TEST(RevisionWalk, SaysThatAMergeChangedOnlyWhatNoParentHad) {
  TestFolder folder;
  TestRepository git(folder.path());
  const auto base = git.Commit({{"a", "1"}, {"b", "1"}, {"c", "1"}}, 100, {});
  const auto left =
      git.Commit({{"a", "2"}, {"b", "1"}, {"c", "2"}}, 200, {base});
  const auto right =
      git.Commit({{"a", "1"}, {"b", "2"}, {"c", "3"}}, 300, {base});
  git.Commit({{"a", "2"}, {"b", "2"}, {"c", "4"}}, 400, {left, right});
  EXPECT_THAT(Walk(folder.path(), "HEAD", RevisionScope::kTree),
              ElementsAre("a 200", "b 300", "c 400"));
}

TEST(RevisionWalk, GivesTheTimeOfTheBytesAndNotOfAnEarlierVersion) {
  TestFolder folder;
  TestRepository git(folder.path());
  const auto first = git.Commit({{"a", "old"}}, 100, {});
  const auto second = git.Commit({{"a", "new"}}, 200, {first});
  git.Commit({{"a", "old"}}, 300, {second});
  EXPECT_THAT(Walk(folder.path(), "HEAD", RevisionScope::kTree),
              ElementsAre("a 300"));
}

TEST(RevisionWalk, LooksForTimesInNoMoreCommitsThanItsLimit) {
  TestFolder folder;
  TestRepository git(folder.path());
  const auto first = git.Commit({{"a", "1"}}, 100, {});
  git.Commit({{"a", "1"}, {"b", "2"}}, 200, {first});
  RevisionLimits limits;
  limits.commits_for_times_max = 2;
  EXPECT_THAT(Walk(folder.path(), "HEAD", RevisionScope::kTree, limits),
              ElementsAre("a 100", "b 200"));
  limits.commits_for_times_max = 1;
  EXPECT_THAT(Walk(folder.path(), "HEAD", RevisionScope::kTree, limits),
              ElementsAre("a 0", "b 200"));
}

TEST(RevisionWalk, GivesEveryBlobOfAHistoryOnceTheOldestFirst) {
  TestFolder folder;
  TestRepository git(folder.path());
  const auto first = git.Commit({{"a", "1"}, {"copy", "1"}}, 100, {});
  const auto left = git.Commit({{"a", "2"}, {"copy", "1"}}, 200, {first});
  const auto right = git.Commit({{"a", "1"}, {"d/e", "3"}}, 300, {first});
  const auto merge = git.Commit({{"a", "4"}, {"d/e", "3"}}, 400, {left, right});
  git.Commit({{"a", "2"}}, 500, {merge});
  const auto seen = Walk(folder.path(), "HEAD", RevisionScope::kHistory);
  EXPECT_THAT(seen, UnorderedElementsAre("a 100", "a 200", "d/e 300", "a 400"));
  EXPECT_EQ(seen.front(), "a 100");
  EXPECT_EQ(seen.back(), "a 400");
}

TEST(RevisionWalk, StaysWithinAFolderOfAWorkTree) {
  TestFolder folder;
  folder.InitGit("");
  for (const char* name : {"src/a.cc", "src/deep/b.cc", "other.cc"}) {
    folder.Write(name, name);
    folder.Track("", name);
  }
  folder.Commit("");
  folder.Write("src/untracked.cc", "no part of the revision");
  EXPECT_THAT(Walk(folder.Path("src"), "HEAD", RevisionScope::kTree),
              ElementsAre("src/a.cc 0", "src/deep/b.cc 0"));
  EXPECT_THAT(Walk(folder.Path("src/deep"), "HEAD", RevisionScope::kHistory),
              ElementsAre("src/deep/b.cc 0"));
}

TEST(RevisionWalk, PassesOverLinksAndFoldersBeyondTheDepth) {
  TestFolder folder;
  TestRepository git(folder.path());
  git.Commit({{"a.link", "b"}, {"x/y/z", "1"}, {"x/w", "2"}}, 100, {});
  RevisionLimits limits;
  limits.depth_max = 2;
  EXPECT_THAT(Walk(folder.path(), "HEAD", RevisionScope::kTree, limits),
              ElementsAre("a.link !symlink", "x/w 100", "x/y/z 100"));
  limits.depth_max = 1;
  EXPECT_THAT(Walk(folder.path(), "HEAD", RevisionScope::kTree, limits),
              ElementsAre("a.link !symlink", "x/w 100", "x/y !too_deep"));
}

TEST(RevisionWalk, HoldsTheNumberOfFilesToItsLimit) {
  TestFolder folder;
  TestRepository git(folder.path());
  git.Commit({{"a", "1"}, {"b", "2"}}, 100, {});
  RevisionLimits limits;
  limits.files_max = 2;
  EXPECT_EQ(Walk(folder.path(), "HEAD", RevisionScope::kTree, limits).size(),
            2u);
  limits.files_max = 1;
  auto walk =
      RevisionWalk::Open(folder.path(), "HEAD", RevisionScope::kTree, limits);
  ASSERT_FALSE(walk.ok());
  EXPECT_EQ(walk.error().code(), Code::kTooLarge);
}

TEST(RevisionWalk, NamesWhatIsNoRepositoryAndNoRevision) {
  TestFolder folder;
  auto none = RevisionWalk::Open(folder.MakeFolder("plain"), "HEAD",
                                 RevisionScope::kTree, {});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  TestRepository git(folder.MakeFolder("git"));
  git.Commit({{"a", "1"}}, 100, {});
  auto unknown =
      RevisionWalk::Open(folder.Path("git"), "v9", RevisionScope::kTree, {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code(), Code::kNotFound);
  EXPECT_THAT(unknown.error().message(), HasSubstr("\"v9\""));
}

TEST(Revision, TheTreeOfAFolderIsGits) {
  TestFolder folder;
  folder.InitGit("");
  for (const char* name : {"a", "b/c"}) {
    folder.Write(name, name);
    folder.Track("", name);
  }
  folder.Commit("");
  // As `git rev-parse HEAD^{tree}` and `HEAD:b` say it.
  EXPECT_EQ(*TreeAt(folder.path(), "HEAD"),
            "88aecba41d0f7c43031e184384fbd3981211017a");
  EXPECT_EQ(*TreeAt(folder.Path("b"), "HEAD"),
            "ffb348fdf10d7623221f26b63da4b29bdd96662d");
  folder.MakeFolder("x");
  EXPECT_EQ(TreeAt(folder.Path("x"), "HEAD").error().code(), Code::kNotFound);
  EXPECT_EQ(*CommitAt(folder.path(), "HEAD"),
            *CommitAt(folder.Path("b"), "HEAD"));
  EXPECT_EQ(CommitAt(folder.path(), "v9").error().code(), Code::kNotFound);
  EXPECT_EQ(TreeAt(folder.path(), "v9").error().code(), Code::kNotFound);
}

struct Seen {
  std::vector<std::string> records;
  std::vector<std::string> passed;
};

Seen ReadAll(const std::vector<std::string>& paths,
             const SourceOptions& options) {
  auto source = OpenSource(paths, options);
  CHECK(source.ok());
  Seen seen;
  ChunkReader reader(options);
  for (;;) {
    auto chunk = (*source)->Next();
    CHECK(chunk.ok());
    if (!chunk->has_value()) return seen;
    CHECK(reader
              .Read(
                  **chunk,
                  [&](const Record& record) {
                    for (const Field& field : record.fields)
                      seen.records.push_back(
                          record.file->path + " " + record.file->author + " " +
                          std::to_string(record.file->time_micros / kMicros) +
                          " " + std::string(field.name) + "=" +
                          std::string(field.text));
                  },
                  [&](const PassedOver& passed) {
                    seen.passed.push_back(
                        passed.path + " " +
                        std::string(ReasonName(passed.reason)));
                  })
              .ok());
  }
}

TEST(RevisionSource, GivesBlobsAsAWorkTreeGivesFiles) {
  TestFolder folder;
  TestRepository git(folder.path());
  git.Commit({{"a.cc", "int a;\n"},
              {"b.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n"},
              {"c.bin", std::string("\0\0", 2)},
              {"d.link", "a.cc"}},
             100, {});
  SourceOptions options;
  options.revision = "master";
  const std::string name = folder.path() + "@master:";
  const Seen seen = ReadAll({folder.path()}, options);
  EXPECT_THAT(seen.records,
              ElementsAre(name + "a.cc Ann <ann@example.com> 100 =int a;\n",
                          name + "b.jsonl Ann <ann@example.com> 100 text=one",
                          name + "b.jsonl Ann <ann@example.com> 100 text=two"));
  EXPECT_THAT(seen.passed,
              ElementsAre(name + "c.bin binary", name + "d.link symlink"));
}

TEST(RevisionSource, TheShapeOfAChunkTellsItsBlobs) {
  TestFolder folder;
  TestRepository repository(folder.path());
  SourceOptions options;
  options.revision = "master";
  const auto shape = [&] {
    auto source = OpenSource({folder.path()}, options);
    CHECK_OK(source);
    auto chunk = (*source)->Next();
    CHECK_OK(chunk);
    return (*chunk)->shape();
  };
  const std::string first = repository.Commit({{"a.py", "a = 1\n"}}, 100, {});
  const uint64_t before = shape();
  EXPECT_EQ(shape(), before);
  repository.Commit({{"a.py", "a = 2\n"}}, 200, {first});
  EXPECT_NE(shape(), before);
}

TEST(RevisionSource, PassesOverBlobsThatAreTooLargeOrMissing) {
  TestFolder folder;
  TestRepository git(folder.path());
  git.Commit({{"fits", "1234"}, {"gone", "12"}, {"large", "12345"}}, 100, {});
  const std::string gone = git.BlobOf("12");
  std::filesystem::remove(
      folder.Path("objects/" + gone.substr(0, 2) + "/" + gone.substr(2)));
  SourceOptions options;
  options.revision = "HEAD";
  options.limits.tree.text.document_bytes_max = 4;
  const std::string name = folder.path() + "@HEAD:";
  const Seen seen = ReadAll({folder.path()}, options);
  EXPECT_THAT(seen.records, ElementsAre(HasSubstr("fits")));
  EXPECT_THAT(seen.passed,
              ElementsAre(name + "gone unreadable", name + "large too_large"));
}

TEST(RevisionSource, ReadsOneRepositoryAfterTheOther) {
  TestFolder folder;
  TestRepository a(folder.MakeFolder("a"));
  a.Commit({{"one", "1"}}, 100, {});
  TestRepository b(folder.MakeFolder("b"));
  b.Commit({{"two", "2"}}, 200, {});
  SourceOptions options;
  options.revision = "HEAD";
  options.revision_scope = RevisionScope::kHistory;
  const Seen seen = ReadAll({folder.Path("a"), folder.Path("b")}, options);
  EXPECT_THAT(seen.records,
              ElementsAre(HasSubstr("/a@HEAD:one"), HasSubstr("/b@HEAD:two")));
  EXPECT_THAT(seen.passed, IsEmpty());
}

TEST(RevisionSource, NamesTheFirstPathThatIsNoRepository) {
  TestFolder folder;
  SourceOptions options;
  options.revision = "HEAD";
  auto source = OpenSource({folder.path()}, options);
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().code(), Code::kNotFound);
  EXPECT_EQ(OpenSource({}, options).error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace cofferdam::corpus
