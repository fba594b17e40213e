#include "wire/tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace cofferdam::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Part> Read(std::string_view tool, std::string_view json) {
  Result<JsonDocument> document = JsonDocument::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  if (!document.ok()) return {};
  std::vector<Part> parts = PartsOfToolCall(tool, "call", document->root());
  for (const Part& part : parts) {
    EXPECT_EQ(part.tool, tool);
    EXPECT_EQ(part.call_id, "call");
  }
  return parts;
}

TEST(PartsOfToolCall, ReadsAWrittenFileFromEveryAgent) {
  struct Case {
    std::string_view tool;
    std::string_view json;
  };
  for (const Case& each : {
           Case{"Write", R"({"file_path":"/r/a.py","content":"x = 1\n"})"},
           Case{"write", R"({"filePath":"/r/a.py","content":"x = 1\n"})"},
           Case{"write_file", R"({"file_path":"/r/a.py","content":"x = 1\n"})"},
           Case{"str_replace_based_edit_tool",
                R"({"path":"/r/a.py","file_text":"x = 1\n"})"},
       }) {
    std::vector<Part> parts = Read(each.tool, each.json);
    ASSERT_EQ(parts.size(), 1u) << each.tool;
    EXPECT_EQ(parts[0].kind, PartKind::kFile);
    EXPECT_EQ(parts[0].path, "/r/a.py");
    EXPECT_EQ(parts[0].text, "x = 1\n");
    EXPECT_THAT(parts[0].kept, IsEmpty());
  }
}

TEST(PartsOfToolCall, ReadsAnEditFromEveryAgent) {
  struct Case {
    std::string_view tool;
    std::string_view json;
  };
  for (const Case& each : {
           Case{"Edit", R"({"file_path":"p","old_string":"a\nb\n",)"
                        R"("new_string":"a\nB\n","replace_all":true})"},
           Case{
               "edit",
               R"({"filePath":"p","oldString":"a\nb\n","newString":"a\nB\n"})"},
           Case{"replace",
                R"({"file_path":"p","instruction":"i","old_string":"a\nb\n",)"
                R"("new_string":"a\nB\n"})"},
       }) {
    std::vector<Part> parts = Read(each.tool, each.json);
    ASSERT_EQ(parts.size(), 1u) << each.tool;
    EXPECT_EQ(parts[0].kind, PartKind::kEdit);
    EXPECT_EQ(parts[0].path, "p");
    EXPECT_EQ(parts[0].text, "a\nB\n");
    EXPECT_THAT(parts[0].kept, ElementsAre(ByteRange{0, 2}));
  }
}

TEST(PartsOfToolCall, ReadsEachEditOfSeveral) {
  std::vector<Part> parts =
      Read("MultiEdit",
           R"({"file_path":"p","edits":[{"old_string":"a","new_string":"b"},)"
           R"({"old_string":"c\n","new_string":"c\nd\n"}]})");
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].text, "b");
  EXPECT_EQ(parts[1].text, "c\nd\n");
  EXPECT_THAT(parts[1].kept, ElementsAre(ByteRange{0, 2}));
  EXPECT_EQ(parts[1].path, "p");
}

TEST(PartsOfToolCall, ReadsANotebookCellAsAPieceOfItsFile) {
  std::vector<Part> parts =
      Read("NotebookEdit", R"({"notebook_path":"n.ipynb","cell_id":"1",)"
                           R"("new_source":"import os","cell_type":"code"})");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kEdit);
  EXPECT_EQ(parts[0].path, "n.ipynb");
  EXPECT_EQ(parts[0].text, "import os");
}

TEST(PartsOfToolCall, LeavesOutWhatWritesNothing) {
  EXPECT_THAT(Read("Edit", R"({"file_path":"p","old_string":"a",)"
                           R"("new_string":""})"),
              IsEmpty());
  EXPECT_THAT(Read("Write", R"({"file_path":"p","content":""})"), IsEmpty());
  EXPECT_THAT(Read("ListFiles", "{}"), IsEmpty());
}

TEST(PartsOfToolCall, ReadsShellCommandsOfEveryAgent) {
  struct Case {
    std::string_view tool;
    std::string_view json;
  };
  for (const Case& each : {
           Case{"Bash", R"({"command":"cat > a <<E\nx\nE","description":"d"})"},
           Case{"bash", R"({"command":"cat > a <<E\nx\nE"})"},
           Case{"exec_command",
                R"({"cmd":"cat > a <<E\nx\nE","workdir":"/r"})"},
           Case{"shell", R"({"command":["bash","-lc","cat > a <<E\nx\nE"]})"},
           Case{"local_shell",
                R"({"type":"exec","command":["sh","-c","cat > a <<E\nx\nE"]})"},
           Case{"run_shell_command", R"({"command":"cat > a <<E\nx\nE"})"},
       }) {
    std::vector<Part> parts = Read(each.tool, each.json);
    ASSERT_EQ(parts.size(), 2u) << each.tool;
    EXPECT_EQ(parts[0].kind, PartKind::kFile);
    EXPECT_EQ(parts[0].path, "a");
    EXPECT_EQ(parts[0].text, "x\n");
    EXPECT_EQ(parts[1].kind, PartKind::kCommand);
    EXPECT_EQ(parts[1].text, "cat > a <<E\nE");
  }
}

TEST(PartsOfToolCall, ReadsApplyPatchAsAFunction) {
  std::vector<Part> parts = Read(
      "apply_patch",
      R"({"input":"*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"})");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kFile);
}

TEST(PartsOfToolCall, KeepsOtherInputsAsJsonWithoutSpace) {
  std::vector<Part> parts =
      Read("Grep", "{ \"pattern\" : \"a b\",\n \"n\": [1, 2.5, null] }");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kToolInput);
  EXPECT_EQ(parts[0].text, R"({"pattern":"a b","n":[1,2.5,null]})");
}

TEST(PartsOfToolCall, KeepsInputsThatBreakTheirToolsForm) {
  for (auto [tool, json] :
       {std::pair<std::string_view, std::string_view>{
            "Write", R"({"file_path":"p","content":7})"},
        {"Write", R"({"content":"no path"})"},
        {"Edit", R"({"file_path":"p","old_string":"only old"})"},
        {"MultiEdit", R"({"file_path":"p","edits":[{"old_string":"x"}]})"},
        {"Bash", R"({"command":7})"},
        {"shell", R"({"command":["a",7]})"},
        {"apply_patch", R"({"input":"no patch"})"}}) {
    std::vector<Part> parts = Read(tool, json);
    ASSERT_EQ(parts.size(), 1u) << json;
    EXPECT_EQ(parts[0].kind, PartKind::kToolInput);
    EXPECT_EQ(parts[0].text, json);
  }
}

TEST(PartsOfToolCall, KeepsWhatAnUnknownToolWasToldBesideAFile) {
  std::vector<Part> parts =
      Read("mcp__git__commit_file",
           R"({"path":"p","content":"text","message":"why","force":true})");
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].kind, PartKind::kFile);
  EXPECT_EQ(parts[1].kind, PartKind::kToolInput);
  EXPECT_EQ(parts[1].text, R"({"message":"why","force":true})");
}

TEST(PartsOfFreeformCall, ReadsAPatch) {
  std::vector<Part> parts = PartsOfFreeformCall(
      "apply_patch", "c", "*** Begin Patch\n*** Add File: a\n+x\n");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kFile);
  EXPECT_EQ(parts[0].call_id, "c");
}

TEST(PartsOfFreeformCall, KeepsOtherTexts) {
  std::vector<Part> parts = PartsOfFreeformCall("apply_patch", "c", "broken");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kToolInput);
  EXPECT_EQ(parts[0].text, "broken");
  EXPECT_THAT(PartsOfFreeformCall("js", "c", ""), IsEmpty());
}

TEST(PartsOfJsonText, GivesWhatWasWrittenOfACutInput) {
  std::string whole =
      R"({"file_path":"/r/a.py","content":"def f():\n    return \"x\"\n"})";
  std::string text = "def f():\n    return \"x\"\n";
  std::string longest;
  for (size_t cut = whole.find("\"def") + 2; cut <= whole.size(); ++cut) {
    std::vector<Part> parts =
        PartsOfJsonText("Write", "c", whole.substr(0, cut));
    ASSERT_EQ(parts.size(), 1u) << whole.substr(0, cut);
    EXPECT_EQ(parts[0].kind, PartKind::kFile);
    EXPECT_EQ(parts[0].path, "/r/a.py");
    EXPECT_TRUE(text.starts_with(parts[0].text)) << parts[0].text;
    EXPECT_GE(parts[0].text.size(), longest.size());
    longest = parts[0].text;
  }
  EXPECT_EQ(longest, text);
}

TEST(PartsOfJsonText, KeepsWhatIsNoJson) {
  std::vector<Part> parts = PartsOfJsonText("Write", "c", "not json");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kToolInput);
  EXPECT_EQ(parts[0].text, "not json");
  EXPECT_THAT(PartsOfJsonText("Write", "c", ""), IsEmpty());
}

}  // namespace
}  // namespace cofferdam::wire
