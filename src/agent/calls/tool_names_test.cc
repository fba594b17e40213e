#include "agent/calls/tool_names.h"

#include <gtest/gtest.h>

#include <array>

namespace cofferdam::agent {
namespace {

const std::array<ToolSpec, 4> kTools = {
    ToolSpec{.name = "read", .description = "", .schema = "{}"},
    ToolSpec{.name = "bash", .description = "", .schema = "{}"},
    ToolSpec{.name = "bash_output", .description = "", .schema = "{}"},
    ToolSpec{.name = "edit", .description = "", .schema = "{}"}};

std::string Found(std::string_view name) {
  const NamedTool found = FindTool(name, kTools);
  return found.tool == nullptr ? "" : found.tool->name;
}

TEST(FindToolTest, AnExactNameIsNotMended) {
  for (const ToolSpec& tool : kTools) {
    EXPECT_EQ(FindTool(tool.name, kTools).tool, &tool);
    EXPECT_EQ(FindTool(tool.name, kTools).mend, "");
  }
}

TEST(FindToolTest, SlipsOfWritingAreMended) {
  for (std::string_view name :
       {"Bash", "BASH", " bash\n", "functions.bash", "functions.Bash:0",
        "bash<|channel|>commentary", "tools.bash", "default_api.bash"}) {
    EXPECT_EQ(Found(name), "bash") << name;
    EXPECT_NE(FindTool(name, kTools).mend, "") << name;
    EXPECT_FALSE(FindTool(name, kTools).by_other_name) << name;
  }
  EXPECT_EQ(Found("bash-output"), "bash_output");
  EXPECT_EQ(Found("BashOutput"), "bash_output");
}

TEST(FindToolTest, TheNameThatOtherAgentsGiveItIsKnown) {
  EXPECT_EQ(Found("execute_command"), "bash");
  EXPECT_EQ(Found("run_shell_command"), "bash");
  EXPECT_EQ(Found("ReadFile"), "read");
  EXPECT_TRUE(FindTool("shell", kTools).by_other_name);
}

TEST(FindToolTest, NamesWithTwoMeaningsAreNone) {
  for (std::string_view name :
       {"", "search", "find", "open", "create_file", "str_replace_editor",
        "bas", "bash(ls)", "todo_write", "<|x|>"}) {
    EXPECT_EQ(Found(name), "") << name;
  }
  const std::array<ToolSpec, 2> alike = {
      ToolSpec{.name = "a_b", .description = "", .schema = "{}"},
      ToolSpec{.name = "aB", .description = "", .schema = "{}"}};
  EXPECT_EQ(FindTool("ab", alike).tool, nullptr);
  EXPECT_EQ(FindTool("aB", alike).tool, &alike[1]);
}

TEST(NoSuchToolTest, NamesTheToolsAndTheNearest) {
  EXPECT_EQ(NoSuchTool("bsah", kTools),
            "There is no tool \"bsah\". Did you mean \"bash\"? The tools are: "
            "read, bash, bash_output, edit.");
  EXPECT_EQ(NoSuchTool("edits", kTools),
            "There is no tool \"edits\". Did you mean \"edit\"? The tools are: "
            "read, bash, bash_output, edit.");
  EXPECT_EQ(NoSuchTool("", kTools),
            "The call names no tool. The tools are: read, bash, bash_output, "
            "edit.");
}

TEST(NearestNameTest, FarNamesAreNotNear) {
  const std::array<std::string_view, 3> names = {"read", "write", "grep"};
  EXPECT_EQ(NearestName("wirte", names), "write");
  EXPECT_EQ(NearestName("list", names), "");
  EXPECT_EQ(NearestName("writes", names), "write");
  EXPECT_EQ(NearestName("x", names), "");
  EXPECT_EQ(NearestName(std::string(100000, 'r'), names), "");
}

TEST(ExcerptTest, CutsBetweenCharactersAndMarksTheCut) {
  EXPECT_EQ(Excerpt("abc", 3), "abc");
  EXPECT_EQ(Excerpt("abcd", 3), "abc…");
  EXPECT_EQ(Excerpt("ab\xc3\xa9", 3), "ab…");
  EXPECT_EQ(Excerpt("a\nb", 9), "a b");
}

}  // namespace
}  // namespace cofferdam::agent
