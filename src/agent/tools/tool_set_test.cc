#include "agent/tools/tool_set.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/tools/bash_tool.h"
#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// What the tools say of themselves in every first request.
constexpr size_t kSpecBytesMax = 4096;

class Silent : public ToolListener {
 public:
  void OnOutput(std::string_view /*piece*/) override {}
};

class ToolSetTest : public testing::Test {
 protected:
  void SetUp() override {
    base_ = testing::TempDir() + "tools_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(base_);
    fs::create_directories(base_ + "/in/src");
    base_ = fs::canonical(base_);
    WorkspaceOptions options;
    options.root = base_ + "/in";
    workspace_ = *Workspace::Open(options);
    Make(ToolLimits());
  }
  void TearDown() override { fs::remove_all(base_); }

  void Make(const ToolLimits& limits) {
    ToolSetOptions options;
    options.workspace = workspace_.get();
    options.mode = [this] { return mode_; };
    options.limits = limits;
    // Never run here.
    options.bash = MakeBashTool(BashToolOptions());
    tools_ = MakeTools(std::move(options));
  }
  void Put(const std::string& name, std::string_view bytes) {
    fs::create_directories(fs::path(At(name)).parent_path());
    fs::remove(At(name));
    std::ofstream(At(name)) << bytes;
  }
  std::string At(const std::string& name) { return base_ + "/in/" + name; }
  std::string Get(const std::string& name) {
    Result<std::string> bytes = ReadFile(At(name), 1 << 20);
    return bytes.ok() ? *bytes : "(none)";
  }
  Tool& Find(std::string_view name) {
    for (const auto& tool : tools_) {
      if (tool->spec().name == name) return *tool;
    }
    ADD_FAILURE() << name;
    return *tools_[0];
  }
  ToolOutcome Call(std::string_view name, std::string_view arguments) {
    Result<JsonDocument> parsed = JsonDocument::Parse(arguments);
    CHECK_OK(parsed);
    Silent silent;
    return Find(name).Run(parsed->root(), silent, {});
  }
  Result<Intent> Plan(std::string_view name, std::string_view arguments) {
    Result<JsonDocument> parsed = JsonDocument::Parse(arguments);
    CHECK_OK(parsed);
    return Find(name).Plan(parsed->root());
  }
  ToolOutcome Patch(std::string_view patch) {
    JsonWriter arguments;
    arguments.BeginObject().Field("patch", patch).EndObject();
    return Call("patch", arguments.text());
  }

  std::string base_;
  Mode mode_ = Mode::kAuto;
  std::unique_ptr<Workspace> workspace_;
  std::vector<std::unique_ptr<Tool>> tools_;
};

TEST_F(ToolSetTest, ToolsAreFewShortAndInOneOrder) {
  std::vector<std::string> names;
  size_t bytes = 0;
  for (const auto& tool : tools_) {
    const ToolSpec& spec = tool->spec();
    names.push_back(spec.name);
    bytes += spec.name.size() + spec.description.size() + spec.schema.size();
    Result<JsonDocument> schema = JsonDocument::Parse(spec.schema);
    ASSERT_TRUE(schema.ok()) << spec.name;
    EXPECT_EQ((*schema)["type"].StringOrEmpty(), "object");
    // What is required is there.
    for (const JsonValue& name : (*schema)["required"].Elements()) {
      EXPECT_TRUE((*schema)["properties"][name.StringOrEmpty()].present())
          << spec.name;
    }
  }
  EXPECT_THAT(names, ElementsAre("read", "list", "glob", "grep", "edit",
                                 "write", "patch", "bash", "todo", "plan"));
  EXPECT_LE(bytes, kSpecBytesMax);
}

TEST_F(ToolSetTest, AProfileSaysWhichEditToolsAreOffered) {
  auto offered = [](EditFormat format) {
    std::string names;
    for (const char* name : {"read", "edit", "write", "patch", "bash"})
      names += IsOffered(format, name) ? std::string(name) + " " : "";
    return names;
  };
  EXPECT_EQ(offered(EditFormat::kSearchReplace), "read edit write bash ");
  EXPECT_EQ(offered(EditFormat::kPatch), "read write patch bash ");
  EXPECT_EQ(offered(EditFormat::kWholeFile), "read write bash ");
}

TEST_F(ToolSetTest, ReadNumbersLinesAndSaysHowToGoOn) {
  Put("a.txt", "one\r\ntwo\r\nthree");
  EXPECT_EQ(Call("read", R"({"path":"a.txt"})").text,
            "1→one\n2→two\n3→three\n");
  EXPECT_EQ(Call("read", R"({"path":"a.txt","offset":2,"limit":1})").text,
            "2→two\n[lines 2-2 of 3; go on with offset 3]\n");
  EXPECT_EQ(Call("read", R"({"path":"a.txt","offset":-1})").text, "3→three\n");
  ToolOutcome behind = Call("read", R"({"path":"a.txt","offset":4})");
  EXPECT_TRUE(behind.failed);
  EXPECT_THAT(behind.text, HasSubstr("has 3 lines"));
  Put("empty", "");
  EXPECT_EQ(Call("read", R"({"path":"empty"})").text, "[empty is empty]");
}

TEST_F(ToolSetTest, ReadIsBoundedInLinesBytesAndLongLines) {
  ToolLimits limits;
  limits.read_lines = 3;
  limits.read_bytes = 100;
  limits.read_line_bytes = 20;
  Make(limits);
  Put("a", "1\n2\n3\n4\n");
  EXPECT_THAT(Call("read", R"({"path":"a"})").text,
              HasSubstr("[lines 1-3 of 4; go on with offset 4]"));
  Put("b", std::string(20, 'x') + "\n" + std::string(21, 'y') + "\n");
  std::string text = Call("read", R"({"path":"b"})").text;
  EXPECT_THAT(text, HasSubstr("1→" + std::string(20, 'x') + "\n"));
  EXPECT_THAT(Call("read", R"({"path":"b","offset":2})").text,
              HasSubstr("[1 bytes of this line left out; offset 2 with limit 1 "
                        "shows more]"));
  EXPECT_THAT(Call("read", R"({"path":"b","offset":2,"limit":1})").text,
              HasSubstr(std::string(21, 'y') + "\n"));
  Put("d", std::string(100, 'z') + "\n" + std::string(101, 'z') + "\n");
  EXPECT_THAT(Call("read", R"({"path":"d","limit":1})").text,
              HasSubstr(std::string(100, 'z') + "\n"));
  EXPECT_THAT(Call("read", R"({"path":"d","offset":2,"limit":1})").text,
              HasSubstr("[1 bytes of this line left out; cut -b"));
  limits.read_lines = 1000;
  Make(limits);
  Put("c", std::string(60, '\n'));
  EXPECT_THAT(Call("read", R"({"path":"c"})").text, HasSubstr("of 60; go on"));
}

TEST_F(ToolSetTest, ReadSaysWhatIsNoTextAndWhatWasMeant) {
  Put("p.png", std::string("\x89PNG\r\n\x1a\n\0\0", 10));
  EXPECT_THAT(Call("read", R"({"path":"p.png"})").text,
              HasSubstr("a PNG image"));
  Put("src/main.cc", "int x;\n");
  ToolOutcome missing = Call("read", R"({"path":"src/Main.cpp"})");
  EXPECT_TRUE(missing.failed);
  EXPECT_THAT(missing.text, HasSubstr("did you mean src/main.cc"));
  EXPECT_THAT(Call("read", R"({"path":"src"})").text, HasSubstr("list it"));
  EXPECT_THAT(Call("read", R"({"path":"../x"})").text,
              HasSubstr("outside the workspace"));
}

TEST_F(ToolSetTest, WriteMakesAFileAndGoesOnInParts) {
  ToolOutcome made = Call("write", R"({"path":"n/a.txt","content":"one\n"})");
  EXPECT_FALSE(made.failed) << made.text;
  EXPECT_EQ(Get("n/a.txt"), "one\n");
  ASSERT_EQ(made.changes.size(), 1u);
  EXPECT_EQ(made.changes[0].path, At("n/a.txt"));
  EXPECT_FALSE(made.changes[0].before.has_value());
  ToolOutcome more =
      Call("write", R"({"path":"n/a.txt","content":"two\n","append":true})");
  EXPECT_THAT(more.text, HasSubstr("which has 2 now"));
  EXPECT_EQ(Get("n/a.txt"), "one\ntwo\n");
  // What it wrote itself it has seen.
  EXPECT_FALSE(
      Call("write", R"({"path":"n/a.txt","content":"three\n"})").failed);
  EXPECT_EQ(Get("n/a.txt"), "three\n");
}

TEST_F(ToolSetTest, WriteOverwritesOnlyWhatWasSeenAsItIs) {
  Put("a.txt", "1\n2\n3\n");
  const char* write = R"({"path":"a.txt","content":"new\n"})";
  EXPECT_THAT(Call("write", write).text, HasSubstr("Read it before"));
  Call("read", R"({"path":"a.txt","limit":2})");
  EXPECT_THAT(Call("write", write).text, HasSubstr("seen 2 lines of the 3"));
  Call("read", R"({"path":"a.txt","offset":3})");
  Put("a.txt", "of others\n");
  EXPECT_THAT(Call("write", write).text, HasSubstr("changed since"));
  EXPECT_EQ(Get("a.txt"), "of others\n");
  Call("read", R"({"path":"a.txt"})");
  EXPECT_FALSE(Call("write", write).failed);
  EXPECT_EQ(Get("a.txt"), "new\n");
}

TEST_F(ToolSetTest, WriteKeepsLineEndsAndTheMark) {
  Put("a.txt", "\xef\xbb\xbfone\r\ntwo\r\n");
  Call("read", R"({"path":"a.txt"})");
  Call("write", R"({"path":"a.txt","content":"one\nthree\n"})");
  EXPECT_EQ(Get("a.txt"), "\xef\xbb\xbfone\r\nthree\r\n");
}

TEST_F(ToolSetTest, WriteDoesNotTakeAPlaceholderForCode) {
  Put("a.py", "def f():\n    return 1\n\ndef g():\n    return 2\n");
  Call("read", R"({"path":"a.py"})");
  ToolOutcome lazy = Call(
      "write",
      R"({"path":"a.py","content":"def f():\n    return 3\n\n# ... rest of the file unchanged ...\n"})");
  EXPECT_TRUE(lazy.failed);
  EXPECT_THAT(Get("a.py"), HasSubstr("return 2"));
}

TEST_F(ToolSetTest, EditChangesAndShowsWhatItMended) {
  Put("a.go", "func f() {\n\treturn 1\n}\n");
  ToolOutcome exact =
      Call("edit", R"({"path":"a.go","old":"return 1","new":"return 2"})");
  EXPECT_EQ(exact.text, "Edited a.go, lines 2-2.");
  ToolOutcome mended = Call(
      "edit",
      R"({"path":"a.go","old":"    return 2\n","new":"    g()\n    return 2\n"})");
  EXPECT_THAT(mended.text, HasSubstr("2→\tg()"));
  EXPECT_EQ(Get("a.go"), "func f() {\n\tg()\n\treturn 2\n}\n");
  ASSERT_EQ(mended.changes.size(), 1u);
  EXPECT_EQ(*mended.changes[0].after, Get("a.go"));
}

TEST_F(ToolSetTest, AnEditThatIsRefusedLeavesTheFileAndTeaches) {
  Put("a.txt", "x\nx\n");
  ToolOutcome two = Call("edit", R"({"path":"a.txt","old":"x\n","new":"y\n"})");
  EXPECT_TRUE(two.failed);
  EXPECT_THAT(two.text, HasSubstr("2 places"));
  EXPECT_THAT(two.text, HasSubstr("Nothing was changed"));
  EXPECT_EQ(Get("a.txt"), "x\nx\n");
  ToolOutcome gone = Call("edit", R"({"path":"b.txt","old":"x","new":"y"})");
  EXPECT_THAT(gone.text, HasSubstr("did you mean a.txt"));
  ToolOutcome done = Call(
      "edit", R"({"path":"a.txt","old":"x\n","new":"y\n","replace_all":true})");
  EXPECT_EQ(done.text, "Edited a.txt in 2 places.");
}

TEST_F(ToolSetTest, AnEditWithEmptyOldMakesAFile) {
  ToolOutcome made =
      Call("edit", R"({"path":"new.txt","old":"","new":"text\n"})");
  EXPECT_FALSE(made.failed) << made.text;
  EXPECT_EQ(Get("new.txt"), "text\n");
}

TEST_F(ToolSetTest, IntentsNamePathsAndShowTheChange) {
  Put("a.txt", "one\ntwo\n");
  Result<Intent> edit =
      Plan("edit", R"({"path":"a.txt","old":"two","new":"three"})");
  ASSERT_TRUE(edit.ok());
  EXPECT_EQ(edit->title, "Edit a.txt");
  EXPECT_EQ(edit->kind, ToolKind::kEdit);
  EXPECT_THAT(edit->writes, ElementsAre(At("a.txt")));
  EXPECT_EQ(edit->locations[0].line, 2);
  ASSERT_EQ(edit->preview.size(), 1u);
  EXPECT_EQ(*edit->preview[0].after, "one\nthree\n");
  EXPECT_EQ(Get("a.txt"), "one\ntwo\n");
  EXPECT_FALSE(Plan("edit", R"({"path":".git/x","old":"","new":"y"})").ok());
  EXPECT_FALSE(Plan("write", R"({"path":"/etc/x","content":""})").ok());
  Result<Intent> patch =
      Plan("patch", R"({"patch":"*** Begin Patch\n*** Delete File: a.txt\n"})");
  EXPECT_EQ(patch->kind, ToolKind::kDelete);
  EXPECT_EQ(Plan("read", R"({"path":"a.txt"})")->reads[0], At("a.txt"));
}

TEST_F(ToolSetTest, InPlanModeNothingIsChanged) {
  Put("a.txt", "one\n");
  mode_ = Mode::kPlan;
  for (auto [name, arguments] :
       {std::pair("edit", R"({"path":"a.txt","old":"one","new":"two"})"),
        std::pair("write", R"({"path":"b.txt","content":"x"})"),
        std::pair("patch", R"({"patch":"*** Delete File: a.txt"})")}) {
    ToolOutcome outcome = Call(name, arguments);
    EXPECT_TRUE(outcome.failed) << name;
    EXPECT_THAT(outcome.text, HasSubstr("plan mode"));
  }
  EXPECT_EQ(Get("a.txt"), "one\n");
  EXPECT_FALSE(Call("read", R"({"path":"a.txt"})").failed);
}

TEST_F(ToolSetTest, APatchChangesAllFilesOrNone) {
  Put("a.txt", "one\ntwo\n");
  Put("b.txt", "bee\n");
  Put("old/c.txt", "sea\n");
  ASSERT_EQ(chmod(At("old/c.txt").c_str(), 0755), 0);
  std::string good =
      "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+three\n"
      "*** Add File: n/d.txt\n+dee\n*** Delete File: b.txt\n"
      "*** Update File: old/c.txt\n*** Move to: new/c.txt\n@@\n-sea\n+see\n"
      "*** End Patch\n";
  std::string bad = good;
  bad.replace(bad.find("-sea"), 4, "-lake");
  ToolOutcome refused = Patch(bad);
  EXPECT_TRUE(refused.failed);
  EXPECT_THAT(refused.text, HasSubstr("No file was changed"));
  EXPECT_EQ(Get("a.txt"), "one\ntwo\n");
  EXPECT_EQ(Get("n/d.txt"), "(none)");
  ToolOutcome done = Patch(good);
  EXPECT_FALSE(done.failed) << done.text;
  EXPECT_EQ(Get("a.txt"), "one\nthree\n");
  EXPECT_EQ(Get("n/d.txt"), "dee\n");
  EXPECT_EQ(Get("b.txt"), "(none)");
  EXPECT_EQ(Get("old/c.txt"), "(none)");
  EXPECT_EQ(Get("new/c.txt"), "see\n");
  struct stat status;
  ASSERT_EQ(stat(At("new/c.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
  EXPECT_EQ(done.changes.size(), 5u);
}

TEST_F(ToolSetTest, APatchThatFailsWhileWritingIsTakenBack) {
  Put("a.txt", "one\n");
  Put("b.txt", "two\n");
  ASSERT_EQ(chmod(At("b.txt").c_str(), 0444), 0);
  ToolOutcome outcome = Patch(
      "*** Begin Patch\n*** Add File: n.txt\n+x\n*** Update File: a.txt\n"
      "-one\n+1\n*** Update File: b.txt\n-two\n+2\n*** End Patch\n");
  EXPECT_TRUE(outcome.failed);
  EXPECT_THAT(outcome.text, HasSubstr("read-only"));
  EXPECT_THAT(outcome.text, HasSubstr("No file was changed"));
  EXPECT_EQ(Get("a.txt"), "one\n");
  EXPECT_EQ(Get("b.txt"), "two\n");
  EXPECT_EQ(Get("n.txt"), "(none)");
}

TEST_F(ToolSetTest, GrepFindsLinesAndIsBounded) {
  Put("a.cc", "int main() {\n  return value;\n}\n");
  Put("src/b.cc", "value\nx\nvalue2\n");
  Put("bin", std::string("value\0", 6));
  EXPECT_EQ(Call("grep", R"({"pattern":"value"})").text,
            "a.cc:2:  return value;\nsrc/b.cc:1:value\nsrc/b.cc:3:value2\n");
  EXPECT_EQ(Call("grep", R"({"pattern":"VALUE\\d","ignore_case":true})").text,
            "src/b.cc:3:value2\n");
  EXPECT_EQ(Call("grep", R"({"pattern":"^value$","path":"src"})").text,
            "src/b.cc:1:value\n");
  EXPECT_EQ(Call("grep", R"({"pattern":"value","files_only":true})").text,
            "a.cc\nsrc/b.cc\n");
  EXPECT_EQ(Call("grep", R"({"pattern":"return","context":1})").text,
            "a.cc-1-int main() {\na.cc:2:  return value;\na.cc-3-}\n");
  EXPECT_THAT(Call("grep", R"({"pattern":"main("})").text,
              HasSubstr("searched as text]\na.cc:1:int main() {"));
  EXPECT_THAT(Call("grep", R"({"pattern":"nope"})").text,
              HasSubstr("No line matches nope (3 files searched)"));
  EXPECT_EQ(Call("grep", R"({"pattern":"value","glob":"a.*"})").text,
            "a.cc:2:  return value;\n");
  ToolLimits limits;
  limits.grep_lines = 2;
  Make(limits);
  EXPECT_THAT(Call("grep", R"({"pattern":"value"})").text,
              HasSubstr("[3 lines in 2 files in all"));
}

TEST_F(ToolSetTest, GlobFindsFilesByName) {
  Put("a.cc", "");
  Put("src/b.cc", "");
  Put("src/deep/c.h", "");
  EXPECT_EQ(Call("glob", R"({"pattern":"*.cc"})").text, "a.cc\nsrc/b.cc\n");
  EXPECT_EQ(Call("glob", R"({"pattern":"src/**/*.{h,cc}"})").text,
            "src/b.cc\nsrc/deep/c.h\n");
  EXPECT_THAT(Call("glob", R"({"pattern":"*.py"})").text,
              HasSubstr("No file matches"));
}

TEST_F(ToolSetTest, ListShowsATree) {
  Put("a.txt", "");
  Put("src/b.cc", "");
  Put("src/deep/er/c.h", "");
  EXPECT_EQ(Call("list", "{}").text, "a.txt\nsrc/\n  b.cc\n  deep/ ...\n");
  EXPECT_EQ(Call("list", R"({"path":"src","depth":3})").text,
            "b.cc\ndeep/\n  er/\n    c.h\n");
  ToolLimits limits;
  limits.list_entries = 2;
  Make(limits);
  EXPECT_THAT(Call("list", "{}").text, HasSubstr("[more than 2 entries"));
}

TEST_F(ToolSetTest, WhatGitIgnoresIsNotSearched) {
  Put(".gitignore", "build/\n");
  Put("build/x.cc", "value\n");
  Put("x.cc", "value\n");
  ASSERT_EQ(std::system(("git init -q " + base_ + "/in").c_str()), 0);
  EXPECT_EQ(Call("grep", R"({"pattern":"value"})").text, "x.cc:1:value\n");
  EXPECT_EQ(Call("glob", R"({"pattern":"*.cc"})").text, "x.cc\n");
}

TEST_F(ToolSetTest, TodoKeepsTheListAndPlanIsPutForward) {
  ToolOutcome todo = Call(
      "todo",
      R"({"steps":[{"text":"read","status":"completed"},{"text":"write","status":"in_progress"}]})");
  EXPECT_EQ(todo.text, "1 of 2 steps done.");
  ASSERT_TRUE(todo.plan.has_value());
  EXPECT_EQ((*todo.plan)[1].status, PlanEntry::Status::kInProgress);
  ToolOutcome plan =
      Call("plan", R"({"plan":"Do it.\n\n1. first\n2. second\n"})");
  EXPECT_TRUE(plan.plan_proposed);
  ASSERT_EQ(plan.plan->size(), 2u);
  EXPECT_EQ((*plan.plan)[0].text, "first");
  EXPECT_TRUE(Call("plan", R"({"plan":" "})").failed);
}

}  // namespace
}  // namespace cofferdam::agent
