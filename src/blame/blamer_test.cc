#include "blame/blamer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/line_history.h"
#include "evidence/sample_testing.h"

namespace cofferdam::blame {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using corpus::ClaimedAuthor;
using corpus::LineClaim;
using evidence::SampleIndex;
using evidence::SampleOutput;

constexpr std::string_view kRepository = "example.com/team/app";
constexpr int64_t kWritten = 1'795'000'000'000'000;
constexpr int64_t kHour = int64_t{3600} * 1'000'000;

constexpr std::string_view kParser =
    R"(def parse_header(stream, limit):
    fields = {}
    for line in stream.readlines(limit):
        if not line.strip():
            break
        name, value = line.split(":", 1)
        fields[name.lower()] = value.strip()
    return fields


class HeaderError(ValueError):
    pass
)";

// "m", "x" (mixed), "h" or "u" for each line.
std::string Classes(const BlamedFile& file) {
  std::string classes;
  for (const BlamedLine& line : file.lines)
    classes += "mxhu"[static_cast<size_t>(line.line_class)];
  return classes;
}

SampleOutput Written(std::string_view text,
                     std::string path = "src/header.py") {
  SampleOutput output;
  output.text = text;
  output.path = std::move(path);
  output.repo = kRepository;
  return output;
}

std::string Replaced(std::string_view text, std::string_view from,
                     std::string_view to) {
  std::string changed(text);
  const size_t at = changed.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return changed.replace(at, from.size(), to);
}

// One file whose lines came in with commits of a test.
struct TestSources {
  corpus::LineHistory history;
  corpus::FileLines file;

  // A commit for each letter of `commits`, in the order of the alphabet, one
  // hour after the other from `first_micros` on.
  TestSources(std::string_view path, std::string_view commits,
              int64_t first_micros) {
    history.paths.emplace_back(path);
    file.former_paths = {0};
    for (uint32_t i = 0; i < 26; ++i) {
      corpus::HistoryCommit& commit = history.commits.emplace_back();
      commit.id = std::string(1, static_cast<char>('a' + i));
      commit.committed_micros = commit.authored_micros =
          first_micros + i * kHour;
    }
    for (size_t i = 0; i < commits.size(); ++i) {
      file.lines.push_back({static_cast<uint32_t>(commits[i] - 'a'), 0,
                            static_cast<uint32_t>(i + 1)});
    }
  }
};

class BlamerTest : public testing::Test {
 protected:
  BlamedFile Blame(const std::vector<SampleOutput>& outputs,
                   std::string_view text,
                   std::string_view path = "src/header.py",
                   const TestSources* sources = nullptr,
                   ClaimsOf claims = nullptr) {
    const SampleIndex index(outputs);
    const auto listed =
        RepositoryOutputs::List(index.index(), kRepository, "/home/ann/app");
    CHECK_OK(listed);
    Blamer blamer(index.index(), *listed,
                  {.repository = std::string(kRepository)});
    BlamedText blamed = {.text = text,
                         .path = path,
                         .language = fingerprint::LanguageOfPath(path),
                         .claims = std::move(claims)};
    if (sources != nullptr) {
      blamed.history = &sources->history;
      blamed.file = &sources->file;
    }
    return blamer.Blame(blamed).value();
  }
  std::string ClassesOf(std::string_view output, std::string_view text) {
    return Classes(Blame({Written(output)}, text));
  }
};

TEST_F(BlamerTest, LinesAsTheModelWroteThemAreItsOwn) {
  const BlamedFile file = Blame({Written(kParser)}, kParser);
  EXPECT_EQ(Classes(file), "mmmmmmmmmmmm");
  ASSERT_THAT(file.origins, SizeIs(1));
  EXPECT_EQ(file.origins[0].origin.model, "claude-sample");
  EXPECT_EQ(file.lines[0].basis, Basis::kContent);
  EXPECT_EQ(file.lines[0].matched, 1);
  EXPECT_GT(file.lines[0].bits, 50);
}

TEST_F(BlamerTest, WhatNobodyRecordedIsUnknownAndNotHuman) {
  const BlamedFile file =
      Blame({Written(kParser)}, "import os\n\n\ndef total(x):\n    return x\n");
  EXPECT_EQ(Classes(file), "uuuuu");
  EXPECT_EQ(file.lines[0].basis, Basis::kNone);
  EXPECT_EQ(Classes(Blame({}, "a = 1\n")), "u");
  EXPECT_THAT(Blame({}, "").lines, IsEmpty());
}

TEST_F(BlamerTest, ALineThatAPersonRewroteIsMixed) {
  const std::string text =
      Replaced(kParser, "fields[name.lower()] = value.strip()",
               "headers[name.lower()] = value.strip()");
  EXPECT_EQ(ClassesOf(kParser, text), "mmmmmmxmmmmm");
  EXPECT_EQ(ClassesOf(kParser, Replaced(kParser, "\":\", 1)", "\":\", 2)")),
            "mmmmmxmmmmmm");
}

TEST_F(BlamerTest, LinesThatAPersonPutBetweenAreNotTheModels) {
  const std::string text = Replaced(
      kParser, "    return fields\n",
      "    count_of_calls += 1\n    log(\"done\")\n    return fields\n");
  EXPECT_EQ(ClassesOf(kParser, text), "mmmmmmmuummmmm");
}

TEST_F(BlamerTest, ReformattingKeepsLinesTheModels) {
  std::string text = Replaced(kParser, "\":\"", "':'");
  text = Replaced(text, "(stream, limit)", "(\n    stream,\n    limit,\n)");
  text = Replaced(text, "stream.readlines(limit)",
                  "(\n        stream.readlines(limit)\n    )");
  EXPECT_EQ(ClassesOf(kParser, text),
            std::string(
                static_cast<size_t>(std::count(text.begin(), text.end(), '\n')),
                'm'));
}

TEST_F(BlamerTest, LinesThatAFormatterSortedStayTheModels) {
  const std::string imports =
      "import zlib\nimport argparse\nimport os\n\n" + std::string(kParser);
  const std::string sorted =
      "import argparse\nimport os\nimport zlib\n\n" + std::string(kParser);
  EXPECT_EQ(ClassesOf(imports, sorted), std::string(16, 'm'));
}

TEST_F(BlamerTest, WhatTheModelRepeatedFromItsPromptIsNotItsOwn) {
  SampleOutput output = Written(kParser);
  output.prompt = std::string(kParser).substr(0, kParser.find("\n\n\nclass"));
  EXPECT_EQ(Classes(Blame({output}, kParser)).substr(0, 8), "uuuuuuuu");
  EXPECT_EQ(Classes(Blame({output}, kParser)).substr(10), "mm");
}

TEST_F(BlamerTest, ASmallEditIsFoundWhereItWasWritten) {
  const std::string human =
      "total = 0\nfor item in items:\n    total += item.price\n"
      "discount = lookup(total)\nprint(total)\n";
  SampleOutput edit = Written("discount = lookup(total)\n");
  edit.kind = "edit";
  EXPECT_EQ(Classes(Blame({edit}, human)), "uuumu");
  SampleOutput elsewhere = edit;
  elsewhere.path = "src/other.py";
  EXPECT_EQ(Classes(Blame({elsewhere}, human)), "uuuuu");
}

TEST_F(BlamerTest, OfSeveralPlacesTheOneCommittedSoonAfterIsMeant) {
  const std::string text =
      "close(handle, now)\nx = 1\nclose(handle, now)\ny = 2\n"
      "close(handle, now)\n";
  SampleOutput edit = Written("close(handle, now)\n");
  const TestSources sources("src/header.py", "aabba", kWritten + kHour / 2);
  EXPECT_EQ(Classes(Blame({edit}, text, "src/header.py", &sources)), "muuuu");
  const TestSources later("src/header.py", "bbabb", kWritten + kHour / 2);
  EXPECT_EQ(Classes(Blame({edit}, text, "src/header.py", &later)), "uumuu");
}

TEST_F(BlamerTest, AnOutputOfAfterTheCommitIsNotItsSource) {
  const TestSources sources("src/header.py", "aaaaaaaaaaaa",
                            kWritten - 3 * kHour);
  EXPECT_EQ(
      Classes(Blame({Written(kParser)}, kParser, "src/header.py", &sources)),
      std::string(12, 'h'));
  const TestSources skewed("src/header.py", "aaaaaaaaaaaa",
                           kWritten - kClockSkewMicros);
  EXPECT_EQ(
      Classes(Blame({Written(kParser)}, kParser, "src/header.py", &skewed)),
      std::string(12, 'm'));
  const TestSources beyond("src/header.py", "aaaaaaaaaaaa",
                           kWritten - kClockSkewMicros - 1);
  EXPECT_EQ(
      Classes(Blame({Written(kParser)}, kParser, "src/header.py", &beyond)),
      std::string(12, 'h'));
}

TEST_F(BlamerTest, LinesOfBeforeTheLedgerAreHumanForTheirTime) {
  const TestSources sources("src/header.py", "aab", kWritten - kHour / 2);
  const BlamedFile file = Blame({Written(kParser)}, "a = 1\nb = 2\nc = 3\n",
                                "src/header.py", &sources);
  EXPECT_EQ(Classes(file), "hhu");
  EXPECT_EQ(file.lines[0].basis, Basis::kTime);
  // Without an exchange, before models wrote.
  const TestSources old("src/header.py", "aab", 1'609'459'199'000'000);
  EXPECT_EQ(Classes(Blame({}, "a = 1\nb = 2\nc = 3\n", "src/header.py", &old)),
            "hhu");
}

TEST_F(BlamerTest, ARenamedFileKeepsItsLines) {
  TestSources sources("src/new.py", "bbb", kWritten + kHour);
  sources.history.paths.emplace_back("src/header.py");
  sources.file.former_paths = {0, 1};
  const std::string text = "x = compute(a)\nreturn_code = 4\ny = 2\n";
  EXPECT_EQ(Classes(Blame({Written("x = compute(a)\n")}, text, "src/new.py",
                          &sources)),
            "muu");
}

TEST_F(BlamerTest, CommentsFollowTheLinesAroundThemAsFarAsTheOutputHadRoom) {
  const std::string output =
      "def area(width, height):\n    # As the plan has it.\n"
      "    return width * height * scale\n";
  EXPECT_EQ(ClassesOf(output, output), "mmm");
  const std::string bare =
      "def area(width, height):\n    return width * height * scale\n";
  EXPECT_EQ(ClassesOf(bare, output), "mum");
  // A blank line is nobody's work.
  EXPECT_EQ(ClassesOf(bare, Replaced(bare, "\n", "\n\n")), "mmm");
}

TEST_F(BlamerTest, ACommentThatWasCommittedLaterIsNotTheModels) {
  const std::string output =
      "def area(width, height):\n    # As the plan has it.\n"
      "    return width * height * scale\n";
  const std::string text = Replaced(output, "As the plan", "As Ann");
  const TestSources later("src/header.py", "aba", kWritten + kHour);
  EXPECT_EQ(Classes(Blame({Written(output)}, text, "src/header.py", &later)),
            "mum");
  // What stands around it was only reformatted since.
  const TestSources before("src/header.py", "bab", kWritten + kHour);
  EXPECT_EQ(Classes(Blame({Written(output)}, output, "src/header.py", &before)),
            "mmm");
}

TEST_F(BlamerTest, OfALongStringTheLinesThatWereCommittedLaterAreMixed) {
  const std::string output =
      "def area(width, height):\n    \"\"\"The area.\n\n    In metres.\n"
      "    \"\"\"\n    return width * height * scale\n";
  const std::string text = Replaced(output, "In metres", "In feet");
  const TestSources later("src/header.py", "aaabaa", kWritten + kHour);
  EXPECT_EQ(Classes(Blame({Written(output)}, text, "src/header.py", &later)),
            "mmmxmm");
  const TestSources squashed("src/header.py", "aaaaaa", kWritten + kHour);
  EXPECT_EQ(Classes(Blame({Written(output)}, text, "src/header.py", &squashed)),
            "mmmmmm");
}

TEST_F(BlamerTest, LinesThatTellLittleBelongToTheirNeighbours) {
  const std::string output =
      "int area(int width, int height) {\n  if (width < 0) {\n"
      "    return -1;\n  }\n  return width * height;\n}\n";
  const std::string human =
      "int other(int a) {\n  if (a) {\n    return 7;\n  }\n  return 8;\n}\n";
  EXPECT_EQ(
      Classes(Blame({Written(output, "src/a.cc")}, output + human, "src/a.cc")),
      "mmmmmmuuuuuu");
}

TEST_F(BlamerTest, AFolderThatARewrittenHistoryRenamedIsKnownByItsLastNames) {
  const std::string text = std::string(kParser).substr(0, 150);
  EXPECT_EQ(Classes(Blame({Written(text)}, text, "lib/src/header.py"))[0], 'm');
  EXPECT_EQ(Blame({Written(text, "a/net/h.py")}, text, "b/net/h.py")
                .origins.at(0)
                .context,
            evidence::Context::kPath);
}

TEST_F(BlamerTest, ALineThatOnlyClosesFollowsWhatStandsAroundIt) {
  const std::string output =
      "int area(int width, int height) {\n  if (width < limit) {\n"
      "    return clamp(width);\n  return width * height;\n}\n";
  const std::string text =
      Replaced(output, "clamp(width);\n", "clamp(width);\n  }\n");
  EXPECT_EQ(Classes(Blame({Written(output, "src/a.cc")}, text, "src/a.cc")),
            "mmmmmm");
}

TEST_F(BlamerTest, TextOfAnotherRepositoryNeedsWhatAScanNeeds) {
  SampleOutput other = Written(kParser);
  other.repo = "example.com/rival/lib";
  EXPECT_EQ(Classes(Blame({other}, kParser)), std::string(12, 'u'));
  std::string large;
  for (int i = 0; i < 8; ++i) {
    large += "def handle_" + std::to_string(i * 7919) +
             "(request, registry):\n    entry_" + std::to_string(i) +
             " = registry.lookup(request.key_" + std::to_string(i * 31) +
             ", \"slot " + std::to_string(i * 13) + "\")\n    return entry_" +
             std::to_string(i) + ".apply(request)\n";
  }
  other.text = large;
  const BlamedFile file = Blame({other}, large, "lib/handlers.py");
  EXPECT_EQ(Classes(file), std::string(24, 'm'));
  EXPECT_EQ(file.origins[0].origin.repo, "example.com/rival/lib");
}

LineClaim Claim(ClaimedAuthor author, uint32_t begin, uint32_t end,
                std::string source = "git-ai-note") {
  LineClaim claim;
  claim.path = begin == 0 ? "" : "src/header.py";
  claim.line_begin = begin;
  claim.line_end = end;
  claim.author = author;
  claim.tool = "cursor";
  claim.model = author == ClaimedAuthor::kHuman ? "" : "gpt-5";
  claim.source = std::move(source);
  return claim;
}

TEST_F(BlamerTest, ClaimsFillInWhatContentDoesNotKnow) {
  const TestSources sources("src/header.py", "aaaaab", kWritten + kHour);
  const std::vector<LineClaim> claims = {
      Claim(ClaimedAuthor::kModel, 1, 2), Claim(ClaimedAuthor::kHuman, 3, 3),
      Claim(ClaimedAuthor::kMixed, 4, 4),
      Claim(ClaimedAuthor::kUnknown, 0, 0, "trailer")};
  const BlamedFile file = Blame(
      {}, "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\n", "src/header.py",
      &sources, [&](uint32_t commit) {
        return commit == 0 ? std::span(claims) : std::span<const LineClaim>();
      });
  EXPECT_EQ(Classes(file), "mmhxuu");
  EXPECT_EQ(file.lines[0].basis, Basis::kClaim);
  EXPECT_EQ(file.origins[file.lines[0].origin].origin.model, "gpt-5");
  EXPECT_EQ(file.origins[file.lines[0].origin].origin.kind, "git-ai-note");
  EXPECT_EQ(file.origins[file.lines[4].origin].origin.kind, "trailer");
  EXPECT_EQ(file.lines[5].origin, kNone);
  EXPECT_THAT(file.disagreements, IsEmpty());
}

TEST_F(BlamerTest, AModelsShareInACommitDoesNotSayWhichLinesItWrote) {
  const TestSources sources("src/header.py", "a", kWritten + kHour);
  const auto with = [&](ClaimedAuthor author) {
    const std::vector<LineClaim> claims = {Claim(author, 0, 0, "trailer")};
    const BlamedFile file = Blame({}, "a = 1\n", "src/header.py", &sources,
                                  [&](uint32_t) { return std::span(claims); });
    EXPECT_EQ(file.lines[0].basis, Basis::kClaim);
    EXPECT_EQ(file.lines[0].origin, 0u);
    return Classes(file);
  };
  EXPECT_EQ(with(ClaimedAuthor::kMixed), "u");
  EXPECT_EQ(with(ClaimedAuthor::kModel), "m");
}

TEST_F(BlamerTest, ContentWinsOverClaimsAndTheContradictionIsReported) {
  const TestSources sources("src/header.py", "aaaaaaaaaaaa", kWritten + kHour);
  const std::vector<LineClaim> claims = {Claim(ClaimedAuthor::kHuman, 1, 4),
                                         Claim(ClaimedAuthor::kModel, 5, 6)};
  const BlamedFile file =
      Blame({Written(kParser)}, kParser, "src/header.py", &sources,
            [&](uint32_t) { return std::span(claims); });
  EXPECT_EQ(Classes(file), std::string(12, 'm'));
  ASSERT_THAT(file.disagreements, SizeIs(2));
  EXPECT_EQ(file.disagreements[0].lines, (evidence::LineRange{1, 4}));
  EXPECT_EQ(file.disagreements[0].left, "content");
  EXPECT_EQ(file.disagreements[0].left_says, "model claude-sample");
  EXPECT_EQ(file.disagreements[0].right_says, "human (cursor)");
  EXPECT_EQ(file.disagreements[1].right_says, "model gpt-5");
}

TEST_F(BlamerTest, ClaimsThatContradictEachOtherDecideNothing) {
  const TestSources sources("src/header.py", "a", kWritten + kHour);
  const std::vector<LineClaim> claims = {
      Claim(ClaimedAuthor::kHuman, 1, 1, "agent-trace"),
      Claim(ClaimedAuthor::kModel, 1, 1)};
  const BlamedFile file = Blame({}, "a = 1\n", "src/header.py", &sources,
                                [&](uint32_t) { return std::span(claims); });
  EXPECT_EQ(Classes(file), "u");
  ASSERT_THAT(file.disagreements, SizeIs(1));
  EXPECT_EQ(file.disagreements[0].left, "agent-trace");
  EXPECT_EQ(file.disagreements[0].right, "git-ai-note");
}

TEST_F(BlamerTest, AnyBytesAreSomeText) {
  const std::string text("\0\xff\"\"\"\n'\n\n#\n\"\"\"x", 15);
  EXPECT_THAT(Blame({Written(kParser)}, text).lines, SizeIs(5));
  EXPECT_THAT(Blame({Written(text)}, text).lines, SizeIs(5));
}

TEST(RepositoryOutputsTest, PathsAreFoundHoweverTheModelNamedThem) {
  std::vector<SampleOutput> outputs;
  for (const char* path :
       {"src/a.py", "/home/ann/app/src/a.py", "/other/clone/src/a.py", "a.py",
        "./src/a.py", "src/b.py", "/home/ann/app/a.py", "lib/src/ba.py"}) {
    outputs.push_back(Written(kParser, path));
    outputs.back().part = static_cast<int>(outputs.size());
  }
  const SampleIndex index(outputs);
  const auto listed =
      RepositoryOutputs::List(index.index(), kRepository, "/home/ann/app");
  CHECK_OK(listed);
  std::vector<uint32_t> parts;
  for (uint32_t ordinal : listed->WrittenTo("src/a.py"))
    parts.push_back(listed->all()[ordinal].origin.part);
  EXPECT_THAT(parts, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(listed->first_exchange_micros(), kWritten);
}

TEST(RepositoryOutputsTest, WithoutARepositoryThePathInTheWorkTreeCounts) {
  SampleOutput here = Written(kParser, "/home/ann/app/src/a.py");
  here.repo.clear();
  SampleOutput elsewhere = here;
  elsewhere.path = "/home/ann/application/a.py";
  SampleOutput other = here;
  other.repo = "example.com/team/app2";
  const SampleIndex index({here, elsewhere, other});
  const auto listed =
      RepositoryOutputs::List(index.index(), kRepository, "/home/ann/app");
  CHECK_OK(listed);
  ASSERT_THAT(listed->all(), SizeIs(1));
  EXPECT_EQ(listed->Find(0, 0), 0u);
  EXPECT_EQ(listed->Find(0, 1), SIZE_MAX);
}

}  // namespace
}  // namespace cofferdam::blame
