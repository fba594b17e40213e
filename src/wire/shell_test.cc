#include "wire/shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/shell_reader.h"

namespace cofferdam::wire {
namespace {

struct Written {
  PartKind kind;
  std::string path;
  std::string text;

  bool operator==(const Written&) const = default;
};

void PrintTo(const Written& written, std::ostream* out) {
  *out << PartKindName(written.kind) << " " << written.path << " "
       << ::testing::PrintToString(written.text);
}

std::vector<Written> Read(std::string_view command) {
  std::vector<Written> all;
  for (const Part& part : PartsOfShell("Bash", "c1", command)) {
    EXPECT_EQ(part.tool, "Bash");
    EXPECT_EQ(part.call_id, "c1");
    all.push_back({part.kind, part.path, part.text});
  }
  return all;
}

constexpr PartKind kFile = PartKind::kFile;
constexpr PartKind kPatch = PartKind::kPatch;
constexpr PartKind kCommand = PartKind::kCommand;

struct Case {
  const char* name;
  std::string_view command;
  std::vector<Written> parts;
};

class Shell : public ::testing::TestWithParam<Case> {};

TEST_P(Shell, SortsACommandIntoWhatItWrites) {
  EXPECT_EQ(Read(GetParam().command), GetParam().parts);
}

const Case kCases[] = {
    {"Plain", "ls -la", {{kCommand, "", "ls -la"}}},
    {"CatHeredoc",
     "cat > a.py <<'EOF'\nprint('$x')\nEOF\n",
     {{kFile, "a.py", "print('$x')\n"},
      {kCommand, "", "cat > a.py <<'EOF'\nEOF\n"}}},
    {"RedirectAfterHeredoc",
     "mkdir -p src && cat <<EOF > src/a.py && echo done\nx\nEOF\nls",
     {{kFile, "src/a.py", "x\n"},
      {kCommand, "",
       "mkdir -p src && cat <<EOF > src/a.py && echo done\nEOF\nls"}}},
    {"Append",
     "cat <<EOF >> log.txt\nmore\nEOF",
     {{kPatch, "log.txt", "more\n"},
      {kCommand, "", "cat <<EOF >> log.txt\nEOF"}}},
    {"Tee",
     "sudo tee /etc/x.conf > /dev/null <<'END'\na=1\nEND\n",
     {{kFile, "/etc/x.conf", "a=1\n"},
      {kCommand, "", "sudo tee /etc/x.conf > /dev/null <<'END'\nEND\n"}}},
    {"TeeAppendsThroughAPipe",
     "cat <<'E' | tee -a notes.md\nhi\nE\n",
     {{kPatch, "notes.md", "hi\n"},
      {kCommand, "", "cat <<'E' | tee -a notes.md\nE\n"}}},
    {"SeveralInOneCommand",
     "cat > a <<'A'\n1\nA\ncat > b <<'B'\n2\nB\n",
     {{kFile, "a", "1\n"},
      {kFile, "b", "2\n"},
      {kCommand, "", "cat > a <<'A'\nA\ncat > b <<'B'\nB\n"}}},
    {"TwoHeredocsOnOneLine",
     "cat > a <<A; cat > b <<B\n1\nA\n2\nB\n",
     {{kFile, "a", "1\n"},
      {kFile, "b", "2\n"},
      {kCommand, "", "cat > a <<A; cat > b <<B\nA\nB\n"}}},
    {"TabsAreStripped",
     "cat > a <<-EOF\n\t\tx\n\ty\n\tEOF\n",
     {{kFile, "a", "x\ny\n"}, {kCommand, "", "cat > a <<-EOF\n\tEOF\n"}}},
    {"UnquotedHeredocUnescapes",
     "cat > a <<EOF\n\\$HOME \\`x\\` \\\\ $Y\none \\\nline\nEOF\n",
     {{kFile, "a", "$HOME `x` \\ $Y\none line\n"},
      {kCommand, "", "cat > a <<EOF\nEOF\n"}}},
    {"QuotedDelimiters",
     "cat > a <<\"E F\"\nx\\$\nE F\ncat > b <<\\X\ny\nX\n",
     {{kFile, "a", "x\\$\n"},
      {kFile, "b", "y\n"},
      {kCommand, "", "cat > a <<\"E F\"\nE F\ncat > b <<\\X\nX\n"}}},
    {"Unterminated",
     "cat > a <<'EOF'\nline one\nline tw",
     {{kFile, "a", "line one\nline tw"}, {kCommand, "", "cat > a <<'EOF'\n"}}},
    {"HeredocWithoutAnyBody",
     "cat > a <<'EOF'",
     {{kCommand, "", "cat > a <<'EOF'"}}},
    {"CarriageReturns",
     "cat > a.txt <<'EOF'\r\nhello\r\nEOF\r\necho hi\r\n",
     {{kFile, "a.txt", "hello\r\n"},
      {kCommand, "", "cat > a.txt <<'EOF'\r\nEOF\r\necho hi\r\n"}}},
    {"ApplyPatch",
     "cd repo && apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: n\n+x\n"
     "*** Update File: o\n@@\n-a\n+b\n*** End Patch\nEOF",
     {{kFile, "n", "x\n"},
      {kPatch, "o", "b\n"},
      {kCommand, "", "cd repo && apply_patch <<'EOF'\nEOF"}}},
    {"ApplyPatchArgument",
     "apply_patch '*** Begin Patch\n*** Add File: n\n+x\n*** End Patch'",
     {{kFile, "n", "x\n"}, {kCommand, "", "apply_patch "}}},
    {"GitApply",
     "git apply <<'EOF'\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\nEOF\n",
     {{kPatch, "x", "b\n"}, {kCommand, "", "git apply <<'EOF'\nEOF\n"}}},
    {"Printf",
     "printf 'hello\\nworld\\n' > new.txt",
     {{kFile, "new.txt", "hello\nworld\n"},
      {kCommand, "", "printf  > new.txt"}}},
    {"PrintfOverItsArguments",
     "printf '%s\\n' 'a b' \"c\" >> new.txt",
     {{kPatch, "new.txt", "a b\nc\n"}, {kCommand, "", "printf    >> new.txt"}}},
    {"PrintfOfNumbersStaysACommand",
     "printf '%d\\n' 3 > n",
     {{kCommand, "", "printf '%d\\n' 3 > n"}}},
    {"Echo",
     "echo \"it's \\\"x\\\"\" > q.txt",
     {{kFile, "q.txt", "it's \"x\"\n"}, {kCommand, "", "echo  > q.txt"}}},
    {"EchoInterpretsOnRequest",
     "echo -ne 'a\\tb' > q.txt; echo 'a\\tb' > r.txt",
     {{kFile, "q.txt", "a\tb"},
      {kFile, "r.txt", "a\\tb\n"},
      {kCommand, "", "echo   > q.txt; echo  > r.txt"}}},
    {"EchoOfAVariableStaysACommand",
     "echo \"$X\" > q.txt",
     {{kCommand, "", "echo \"$X\" > q.txt"}}},
    {"EchoToStandardError",
     "echo oops >&2; echo x 2> err; echo y > /dev/null",
     {{kCommand, "", "echo oops >&2; echo x 2> err; echo y > /dev/null"}}},
    {"HeredocInASubstitution",
     "git commit -m \"$(cat <<'EOF'\nSay (\"hi\")\nEOF\n)\" && cat > f "
     "<<X\ny\nX\n",
     {{kFile, "f", "y\n"},
      {kCommand, "",
       "git commit -m \"$(cat <<'EOF'\nSay (\"hi\")\nEOF\n)\" && cat > f "
       "<<X\nX\n"}}},
    {"HeredocToAProgramStaysACommand",
     "python3 - <<'EOF'\nprint(1)\nEOF\n",
     {{kCommand, "", "python3 - <<'EOF'\nprint(1)\nEOF\n"}}},
    {"CatOfAFileStaysACommand",
     "cat head.txt - > all <<E\nx\nE\n",
     {{kCommand, "", "cat head.txt - > all <<E\nx\nE\n"}}},
    {"InsideControlFlow",
     "if [ ! -f a ]; then cat > a <<E\nx\nE\nfi; case $y in z) echo;; esac\n"
     "cat > b <<E\ny\nE\n",
     {{kFile, "a", "x\n"},
      {kFile, "b", "y\n"},
      {kCommand, "",
       "if [ ! -f a ]; then cat > a <<E\nE\nfi; case $y in z) echo;; esac\n"
       "cat > b <<E\nE\n"}}},
    {"Subshell",
     "(cd x && cat > a <<E\n1\nE\n)",
     {{kFile, "a", "1\n"}, {kCommand, "", "(cd x && cat > a <<E\nE\n)"}}},
    {"ShellInShell",
     "bash -lc 'cat > a <<E\n1\nE\n'",
     {{kFile, "a", "1\n"},
      {kCommand, "", "cat > a <<E\nE\n"},
      {kCommand, "", "bash -lc "}}},
    {"HereStringsAndArithmetic",
     "cat <<< \"x\" > y; echo $((1 << 2)) > z; x=${a#<<EOF}; cat > w <<E\n1\nE",
     {{kFile, "w", "1\n"},
      {kCommand, "",
       "cat <<< \"x\" > y; echo $((1 << 2)) > z; x=${a#<<EOF}; cat > w "
       "<<E\nE"}}},
    {"CommentsHideQuotes",
     "# don't\ncat > a <<'E'\nx\nE\n",
     {{kFile, "a", "x\n"}, {kCommand, "", "# don't\ncat > a <<'E'\nE\n"}}},
    {"QuotedPathAndVariable",
     "cat > \"$DIR/my file.txt\" <<E\nx\nE\n",
     {{kFile, "$DIR/my file.txt", "x\n"},
      {kCommand, "", "cat > \"$DIR/my file.txt\" <<E\nE\n"}}},
    {"AssignmentsBeforeTheProgram",
     "LC_ALL=C A='b c' cat > a <<E\nx\nE\n",
     {{kFile, "a", "x\n"},
      {kCommand, "", "LC_ALL=C A='b c' cat > a <<E\nE\n"}}},
};

INSTANTIATE_TEST_SUITE_P(All, Shell, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(PartsOfShell, ReadsHostileCommandsWithoutLosingBytes) {
  for (std::string_view command : {"'",
                                   "\"",
                                   "`",
                                   "$(",
                                   "$((",
                                   "${",
                                   "$'",
                                   "\\",
                                   "<<",
                                   "<<-",
                                   "<<''",
                                   ">",
                                   "&>",
                                   "1>",
                                   "cat <<E >",
                                   "((((",
                                   "))))",
                                   "a|",
                                   "|b",
                                   "$(a $(b $(c",
                                   "cat > a << \n",
                                   "echo > ; > ;",
                                   "\"$(cat <<'E'\n\"",
                                   "tee <<E\nx\n",
                                   "cat <<'' > a\nx\n\n",
                                   "<(",
                                   "printf > a",
                                   "printf -- > a",
                                   "printf % > a",
                                   "echo -n > a",
                                   "bash -c",
                                   "bash -c $X",
                                   "&",
                                   "#"}) {
    size_t bytes = 0;
    for (const Part& part : PartsOfShell("Bash", "", command)) {
      bytes += part.text.size();
    }
    EXPECT_LE(bytes, command.size() + 1) << command;
  }
}

TEST(PartsOfShell, KeepsEveryByteInOnePart) {
  std::string command = "cat > a <<'E'\nbody\nE\nls";
  for (size_t cut = 0; cut <= command.size(); ++cut) {
    size_t bytes = 0;
    for (const Part& part : PartsOfShell("B", "", command.substr(0, cut))) {
      bytes += part.text.size();
    }
    EXPECT_EQ(bytes, cut);
  }
}

TEST(PartsOfShell, DoesNotLetPrintfGrow) {
  std::string command = "printf '" + std::string(1000, 'x') + "%s' ";
  for (int i = 0; i < 1000; ++i) command += "a ";
  command += "> f";
  std::vector<Written> parts = Read(command);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kCommand);
}

TEST(ReadShell, StopsAtItsLimitOfCommands) {
  auto commands = [](size_t n) {
    std::string script;
    for (size_t i = 0; i < n; ++i) script += "a;";
    return ReadShell(script).size();
  };
  EXPECT_EQ(commands(kShellCommandsMax - 1), kShellCommandsMax - 1);
  EXPECT_EQ(commands(kShellCommandsMax), kShellCommandsMax);
  EXPECT_EQ(commands(kShellCommandsMax + 1), kShellCommandsMax);
}

TEST(ReadShell, StopsAtItsLimitOfWords) {
  auto words = [](size_t n) {
    std::string script;
    for (size_t i = 0; i < n; ++i) script += "a ";
    return ReadShell(script)[0].words.size();
  };
  EXPECT_EQ(words(kShellWordsMax), kShellWordsMax);
  EXPECT_EQ(words(kShellWordsMax + 1), kShellWordsMax);
}

TEST(ReadShell, StopsAtItsLimitOfDepth) {
  auto commands = [](size_t depth) {
    std::string script;
    for (size_t i = 0; i < depth; ++i) script += "a $(";
    script += "x";
    script.append(depth, ')');
    return ReadShell(script + "; last").size();
  };
  // A list inside a list inside …: the outermost is one.
  EXPECT_EQ(commands(kShellDepthMax - 1), kShellDepthMax + 1);
  EXPECT_EQ(commands(kShellDepthMax), kShellDepthMax);
}

TEST(ReadEscapes, ReadsWhatPrintfReads) {
  EXPECT_EQ(ReadEscapes("a\\tb\\n\\\\\\x41\\101\\0101\\q\\"),
            "a\tb\n\\A"
            "A"
            "A\\q\\");
  EXPECT_EQ(ReadEscapes("\\xff"), "\xef\xbf\xbd");
}

TEST(PartsOfArguments, ReadsTheScriptOfAShell) {
  std::vector<Part> parts = PartsOfArguments(
      "shell", "c", {"/bin/bash", "-lc", "cat > a <<E\nx\nE\n"});
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].kind, PartKind::kFile);
  EXPECT_EQ(parts[0].path, "a");
}

TEST(PartsOfArguments, ReadsAPatch) {
  std::vector<Part> parts = PartsOfArguments(
      "shell", "c",
      {"apply_patch", "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kFile);
}

TEST(PartsOfArguments, JoinsOtherProgramsWithSpaces) {
  std::vector<Part> parts =
      PartsOfArguments("shell", "c", {"cat", "> a", "<<E"});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].kind, PartKind::kCommand);
  EXPECT_EQ(parts[0].text, "cat > a <<E");
  EXPECT_TRUE(PartsOfArguments("shell", "c", {}).empty());
  EXPECT_TRUE(PartsOfArguments("shell", "c", {""}).empty());
}

}  // namespace
}  // namespace cofferdam::wire
