#include "corpus/note_writer.h"

#include <gtest/gtest.h>

#include "corpus/authorship.h"
#include "corpus/work_tree_testing_internal.h"

namespace cofferdam::corpus {
namespace {

TEST(NoteWriter, AddsNotesAndLeavesThoseThatAreThere) {
  TestWorkTree tree;
  tree.Add("a.c", "1\n");
  const std::string first = tree.Commit("First");
  tree.Add("a.c", "2\n");
  const std::string second = tree.Commit("Second");
  const std::string note = "a.c\n  abcdef0 1\n---\n{}";
  tree.Note("refs/notes/ai", first, "mine");
  const auto added =
      AddNotes(tree.path(), "refs/notes/ai", {{first, note}, {second, note}});
  ASSERT_TRUE(added.ok()) << added.error().message();
  EXPECT_EQ(*added, 1u);
  auto authorship = Authorship::Open(tree.path());
  ASSERT_TRUE(authorship.ok());
  EXPECT_EQ(authorship->notes(), 2u);
  EXPECT_EQ(authorship->Of(first)->size(), 0u);
  EXPECT_EQ(authorship->Of(second)->size(), 1u);
  EXPECT_EQ(*AddNotes(tree.path(), "refs/notes/ai", {{second, "x"}}), 0u);
  EXPECT_FALSE(AddNotes(tree.path(), "refs/notes/ai", {{"x", "y"}}).ok());
}

}  // namespace
}  // namespace cofferdam::corpus
