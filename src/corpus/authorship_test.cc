#include "corpus/authorship.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "corpus/git_ai_note.h"
#include "corpus/work_tree_testing_internal.h"

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kNotes = "refs/notes/ai";
constexpr std::string_view kNote =
    "a.c\n  abcdef0 1-2\n---\n"
    R"({"schema_version":"authorship/3.0.0","prompts":{"abcdef0":{"agent_id":)"
    R"({"tool":"codex","model":"gpt-5.5","id":"1"}}}})";
const std::string kMissing(40, 'a');

std::string Trace(std::string_view revision) {
  return fmt::format(
      R"({{"version":"0.1.0","vcs":{{"type":"git","revision":"{}"}},"files":)"
      R"([{{"path":"a.c","conversations":[{{"contributor":{{"type":"ai"}},)"
      R"("ranges":[{{"start_line":1,"end_line":2}}]}}]}}]}})",
      revision);
}

class AuthorshipTest : public testing::Test {
 protected:
  Authorship Open(const AuthorshipLimits& limits = {}) {
    auto opened = Authorship::Open(history_.path(), limits);
    CHECK_OK(opened);
    return *std::move(opened);
  }

  // "source author tool begin-end" of what is said of a commit.
  static std::vector<std::string> Said(Authorship* authorship,
                                       const std::string& commit) {
    auto claims = authorship->Of(commit);
    CHECK_OK(claims);
    std::vector<std::string> out;
    for (const LineClaim& claim : *claims) {
      out.push_back(fmt::format("{} {} {} {}-{}", claim.source,
                                ClaimedAuthorName(claim.author), claim.tool,
                                claim.line_begin, claim.line_end));
    }
    return out;
  }

  TestWorkTree history_;
};

TEST_F(AuthorshipTest, GivesNotesRecordsAndTrailersOfACommitInThatOrder) {
  history_.Add("a.c", "1\n2\n");
  const std::string commit = history_.Commit(
      "Add\n\nCo-Authored-By: Claude Opus 5 <noreply@anthropic.com>\n");
  history_.Add("b.c", "1\n");
  const std::string other = history_.Commit("Add another");
  history_.Note(kNotes, commit, kNote);
  history_.Note("refs/notes/agent-trace", commit, Trace(""));
  history_.Write(".agent-trace/traces.jsonl",
                 Trace(commit) + "\n" + Trace(commit.substr(0, 7)) + "\n");
  Authorship authorship = Open();
  EXPECT_THAT(
      Said(&authorship, commit),
      ElementsAre("git-ai-note model codex 1-2", "agent-trace model  1-2",
                  "agent-trace model  1-2", "agent-trace model  1-2",
                  "trailer mixed claude-code 0-0"));
  EXPECT_THAT(Said(&authorship, other), IsEmpty());
  EXPECT_EQ(authorship.notes(), 1u);
  EXPECT_EQ(authorship.notes_on_missing_commits(), 0u);
  EXPECT_EQ(authorship.traces(), 3u);
  EXPECT_EQ(authorship.traces_without_commit(), 0u);
  EXPECT_THAT(authorship.notices(), IsEmpty());
}

TEST_F(AuthorshipTest, AuthorsAndBranchesOfMergesAreClaimsToo) {
  history_.Add("a.c", "1\n");
  const std::string bot = history_.Commit(
      "Fix", "Copilot <198982749+Copilot@users.noreply.github.com>");
  history_.Add("a.c", "2\n");
  const std::string merge =
      history_.Commit("Merge pull request #12 from ann/codex/fix-it\n");
  history_.Add("a.c", "3\n");
  const std::string local =
      history_.Commit("Merge branch 'claude/new' into main");
  history_.Add("a.c", "4\n");
  const std::string mention =
      history_.Commit("Say what codex/branches are; ask Claude");
  Authorship authorship = Open();
  EXPECT_THAT(Said(&authorship, bot),
              ElementsAre("commit-author model copilot 0-0"));
  EXPECT_THAT(Said(&authorship, merge),
              ElementsAre("branch unknown codex 0-0"));
  EXPECT_THAT(Said(&authorship, local),
              ElementsAre("branch unknown claude-code 0-0"));
  EXPECT_THAT(Said(&authorship, mention), IsEmpty());
}

TEST_F(AuthorshipTest, NotesAndRecordsOnMissingCommitsAreCounted) {
  history_.Add("a.c", "1\n");
  const std::string commit = history_.Commit("Add");
  history_.Note(kNotes, commit, kNote);
  history_.Note(kNotes, kMissing, kNote);
  history_.Write(".agent-trace/a.jsonl", Trace(kMissing) + "\n" + Trace(""));
  Authorship authorship = Open();
  EXPECT_EQ(authorship.notes(), 2u);
  EXPECT_EQ(authorship.notes_on_missing_commits(), 1u);
  EXPECT_EQ(authorship.traces(), 2u);
  EXPECT_EQ(authorship.traces_without_commit(), 2u);
  EXPECT_EQ(authorship.Of(kMissing).error().code(), Code::kNotFound);
  EXPECT_EQ(authorship.Of("HEAD").error().code(), Code::kInvalid);
}

TEST_F(AuthorshipTest, NotesOnStashesAreNotRead) {
  history_.Add("a.c", "1\n");
  const std::string commit = history_.Commit("Add");
  history_.Note("refs/notes/ai-stash", commit, kNote);
  Authorship authorship = Open();
  EXPECT_EQ(authorship.notes(), 0u);
  EXPECT_THAT(Said(&authorship, commit), IsEmpty());
}

TEST_F(AuthorshipTest, ManyNotesAreListedHoweverTheyAreFannedOut) {
  // As `git notes` writes them: two digits a folder, then the rest.
  git_treebuilder* top = nullptr;
  CHECK(git_treebuilder_new(&top, history_.handle(), nullptr) == 0);
  git_oid note;
  CHECK(git_oid_fromstr(&note, history_.Blob(kNote).c_str()) == 0);
  for (int folder = 0; folder < 100; ++folder) {
    git_treebuilder* below = nullptr;
    CHECK(git_treebuilder_new(&below, history_.handle(), nullptr) == 0);
    for (int i = 0; i < 100; ++i) {
      CHECK(git_treebuilder_insert(nullptr, below,
                                   fmt::format("{:038x}", i).c_str(), &note,
                                   GIT_FILEMODE_BLOB) == 0);
    }
    CHECK(git_treebuilder_insert(nullptr, below, "README", &note,
                                 GIT_FILEMODE_BLOB) == 0);
    git_oid tree;
    CHECK(git_treebuilder_write(&tree, below) == 0);
    git_treebuilder_free(below);
    CHECK(git_treebuilder_insert(nullptr, top,
                                 fmt::format("{:02x}", folder).c_str(), &tree,
                                 GIT_FILEMODE_TREE) == 0);
  }
  git_oid tree;
  CHECK(git_treebuilder_write(&tree, top) == 0);
  git_treebuilder_free(top);
  git_tree* root = nullptr;
  CHECK(git_tree_lookup(&root, history_.handle(), &tree) == 0);
  git_signature* who = nullptr;
  CHECK(git_signature_new(&who, "Ann", "ann@example.com", 1, 0) == 0);
  git_oid id;
  CHECK(git_commit_create(&id, history_.handle(), kNotes, who, who, nullptr,
                          "Notes", root, 0, nullptr) == 0);
  git_signature_free(who);
  git_tree_free(root);
  Authorship all = Open();
  EXPECT_EQ(all.notes(), 10'000u);
  EXPECT_EQ(all.notes_on_missing_commits(), 10'000u);
  EXPECT_THAT(all.notices(), IsEmpty());
  EXPECT_THAT(Open({.notes_max = 10'000}).notices(), IsEmpty());
  Authorship some = Open({.notes_max = 9'999});
  EXPECT_EQ(some.notes(), 9'999u);
  EXPECT_THAT(some.notices(), ElementsAre(HasSubstr("beyond 9999")));
}

TEST_F(AuthorshipTest, CorruptAndOverlongNotesAreNoticedOnce) {
  history_.Add("a.c", "1\n");
  const std::string commit = history_.Commit("Add");
  history_.Note(kNotes, commit, "\xff\xfe nonsense");
  Authorship authorship = Open();
  EXPECT_THAT(Said(&authorship, commit), IsEmpty());
  EXPECT_THAT(Said(&authorship, commit), IsEmpty());
  EXPECT_THAT(authorship.notices(),
              ElementsAre(HasSubstr("git-ai note of " + commit.substr(0, 12))));
  history_.Note(kNotes, commit, std::string(kNoteBytesMax + 1, 'x'));
  Authorship longer = Open();
  EXPECT_THAT(Said(&longer, commit), IsEmpty());
  EXPECT_THAT(longer.notices(), ElementsAre(HasSubstr("not read: 16777217")));
}

TEST_F(AuthorshipTest, LinksAndLongFilesOfRecordsAreNotRead) {
  history_.Add("a.c", "1\n");
  const std::string commit = history_.Commit("Add");
  const std::string trace = Trace(commit);
  history_.Write("elsewhere.jsonl", trace);
  history_.Write(".agent-trace/a.jsonl", trace);
  history_.Write(".agent-trace/notes.txt", trace);
  std::filesystem::create_symlink(history_.path() + "/elsewhere.jsonl",
                                  history_.path() + "/.agent-trace/link.jsonl");
  EXPECT_EQ(Open({.trace_file_bytes_max = trace.size()}).traces(), 1u);
  Authorship none = Open({.trace_file_bytes_max = trace.size() - 1});
  EXPECT_EQ(none.traces(), 0u);
  EXPECT_THAT(none.notices(), SizeIs(1));
  history_.Write(".agent-trace/b.jsonl", trace);
  EXPECT_EQ(Open({.trace_files_max = 2}).traces(), 2u);
  EXPECT_EQ(Open({.trace_files_max = 1}).traces(), 1u);
}

TEST_F(AuthorshipTest, ABareRepositorysRecordsAreThoseOfHead) {
  history_.Add("a.c", "1\n");
  const std::string commit = history_.Commit("Add");
  history_.Add(".agent-trace/t.jsonl", Trace(commit));
  history_.Commit("Record");
  const std::string bare = history_.folder().Path("bare.git");
  std::filesystem::copy(history_.path() + "/.git", bare,
                        std::filesystem::copy_options::recursive);
  git_repository* handle = nullptr;
  CHECK(git_repository_open_bare(&handle, bare.c_str()) == 0);
  git_config* config = nullptr;
  CHECK(git_repository_config(&config, handle) == 0);
  CHECK(git_config_set_bool(config, "core.bare", 1) == 0);
  git_config_free(config);
  git_repository_free(handle);
  auto authorship = Authorship::Open(bare);
  ASSERT_TRUE(authorship.ok()) << authorship.error().message();
  EXPECT_THAT(Said(&*authorship, commit),
              ElementsAre("agent-trace model  1-2"));
}

TEST_F(AuthorshipTest, AFolderOutsideOfARepositoryIsNotFound) {
  const TestFolder folder;
  EXPECT_EQ(Authorship::Open(folder.path()).error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace cofferdam::corpus
