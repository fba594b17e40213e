#include <gtest/gtest.h>

#include "wire/request.h"

namespace cofferdam::wire {
namespace {

TEST(StripLineNumbers, ReadsWhatAgentsAndToolsPrint) {
  struct Case {
    std::string_view numbered;
    std::string_view plain;
  };
  for (const Case& each : {
           // Claude Code's Read, older and newer
           Case{"     1\xe2\x86\x92int a;\n     2\xe2\x86\x92  int b;\n",
                "int a;\n  int b;\n"},
           Case{"1\tint a;\n2\t\tint b;", "int a;\n\tint b;"},
           // cat -n, nl (which skips blank lines)
           Case{"     9\tint a;\n    10\t\n    11\tint b;\n",
                "int a;\n\nint b;\n"},
           Case{"     1\ta\n       \n     2\tb\n", "a\n       \nb\n"},
           // grep -n, rg -n with paths, grep -C
           Case{"12:int a;\n40:int b;\n", "int a;\nint b;\n"},
           Case{"12: a\n13: b\n", "a\nb\n"},
           Case{"src/x.c:12:int a;\nsrc/x.c:13:int b;\n", "int a;\nint b;\n"},
           Case{"11-before\n12:match\n13-after\n", "before\nmatch\nafter\n"},
           Case{"12|a\n13|b\n", "a\nb\n"},
           Case{" 9 | a\n10 | b\n", "a\nb\n"},
           // other text around a run stays
           Case{"Output:\n     1\tx\n     2\ty\n\n<system-reminder>",
                "Output:\nx\ny\n\n<system-reminder>"},
           // numbers that begin anew begin a new run
           Case{"a.c:7:x\na.c:9:y\nb.c:1:z\nb.c:2:w\n", "x\ny\nz\nw\n"},
           // a file of one line
           Case{"    42\xe2\x86\x92only\n", "only\n"},
           Case{"1\tonly\r\n", "only\r\n"},
       }) {
    EXPECT_EQ(StripLineNumbers(each.numbered), each.plain) << each.numbered;
  }
}

TEST(StripLineNumbers, IsNoneForTextWithoutRuns) {
  for (std::string_view text :
       {"", "\n\n", "int a;\nint b;\n", "12:30 lunch\n", "1. one\n2. two\n",
        "http://x:80:1\n", "9:a\n8:b\n7:c\n"}) {
    EXPECT_EQ(StripLineNumbers(text), std::nullopt) << text;
  }
}

TEST(StripLineNumbers, LeavesLinesWithoutNumbersAsTheyAre) {
  EXPECT_EQ(StripLineNumbers("7:x\nno\n1:a\n2:b\n5:y"), "7:x\nno\na\nb\ny");
}

}  // namespace
}  // namespace cofferdam::wire
