#include "corpus/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "corpus/folder_testing.h"
#include "corpus/source_testing.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Seen ReadPaths(const std::vector<std::string>& paths) {
  auto source = OpenSource(paths, {});
  CHECK_OK(source);
  return ReadAll(source->get());
}

TEST(Source, ReadsLinesOfJson) {
  Seen seen = ReadBytes("{\"text\":\"a\"}\n\n \r\n{\"text\":\"b\"}\r\n\"c\"");
  EXPECT_THAT(seen.records,
              ElementsAre("x.jsonl#1 [0,12) text=a", "x.jsonl#4 [17,30) text=b",
                          "x.jsonl#5 [31,34) =c"));
  EXPECT_THAT(seen.passed, IsEmpty());
  EXPECT_EQ(seen.chunks, 1u);
}

TEST(Source, PassesOverAByteOrderMark) {
  EXPECT_THAT(ReadBytes("\xef\xbb\xbf{\"text\":\"a\"}\n").records,
              ElementsAre("x.jsonl#1 [3,15) text=a"));
}

TEST(Source, ReadsTextsInUtf16AsUtf8) {
  using std::string_literals::operator""s;
  const std::string text = "\xff\xfeh\0i\0\n\0\xe9\0\n\0"s;
  const std::string utf8 = "\ufeffhi\n\u00e9\n";
  const std::string record = "#0 [0,9) =" + utf8;
  EXPECT_THAT(ReadBytes(text, "x.txt").records, ElementsAre("x.txt" + record));
  EXPECT_THAT(ReadBytes(text, "x").records, ElementsAre("x" + record));
  TestFolder folder;
  const std::string file = folder.Write("a.py", text);
  EXPECT_THAT(ReadPaths({folder.path()}).records, ElementsAre(file + record));
  // What only begins so is none.
  EXPECT_THAT(ReadBytes(text + "x", "x.txt").passed,
              ElementsAre("x.txt#0+0 binary"));
}

TEST(Source, TheShapesOfALargeFileTellWhenItWasWritten) {
  TestFolder folder;
  std::string bytes = "[";
  while (bytes.size() <= kWholeContainerBytesMax)
    bytes += "{\"text\":\"" + std::string(5000, 'x') + "\"},\n";
  bytes += "{\"text\":\"\"}]";
  const std::string file = folder.Write("a.json", bytes);
  const auto shapes = [&] {
    std::vector<uint64_t> found;
    auto source = OpenSource({file}, {});
    CHECK_OK(source);
    for (;;) {
      auto chunk = (*source)->Next();
      CHECK_OK(chunk);
      if (!chunk->has_value()) return found;
      found.push_back((*chunk)->shape());
    }
  };
  const std::vector<uint64_t> before = shapes();
  ASSERT_GE(before.size(), 2u);
  EXPECT_EQ(shapes(), before);
  const auto written = std::filesystem::last_write_time(file);
  std::filesystem::last_write_time(file, written + std::chrono::seconds(1));
  EXPECT_NE(shapes().front(), before.front());
  std::filesystem::last_write_time(file, written);
  EXPECT_EQ(shapes(), before);
}

TEST(Source, SaysWhichLinesAreBrokenAndGoesOn) {
  Seen seen = ReadBytes(
      "{\n{\"text\":\n\"\xff\"\n{\"text\":\"a\"}\n{\"text\":\"\xc3\"}\n");
  EXPECT_THAT(seen.records, ElementsAre("x.jsonl#4 [15,27) text=a"));
  ASSERT_EQ(seen.passed.size(), 3u);
  EXPECT_THAT(seen.passed[0], HasSubstr("x.jsonl#1+2 broken"));
  EXPECT_EQ(seen.passed[1], "x.jsonl#3+1 not_utf8");
  EXPECT_EQ(seen.passed[2], "x.jsonl#5+1 not_utf8");
}

TEST(Source, SplitsTheSameWayHoweverTheBytesCome) {
  std::string bytes;
  for (int i = 0; bytes.size() < 3 * kChunkBytes; ++i) {
    bytes += "{\"text\":\"" + std::to_string(i) +
             std::string(static_cast<size_t>(i * 7919 % 5000), 'x') + "\"}\n";
  }
  Seen whole = ReadBytes(bytes);
  Seen pieces = ReadBytes(bytes, "x.jsonl", {}, 4099);
  EXPECT_GE(whole.chunks, 3u);
  EXPECT_EQ(whole.chunks, pieces.chunks);
  EXPECT_EQ(whole.records, pieces.records);
  EXPECT_THAT(whole.passed, IsEmpty());
}

TEST(Source, ALineMayBeAsLongAsItsLimit) {
  SourceOptions options;
  options.limits.record_bytes_max = 3 * kChunkBytes;
  auto line = [](size_t size) {
    return "{\"text\":\"" + std::string(size - 11, 'x') + "\"}";
  };
  std::string bytes = line(3 * kChunkBytes) + "\n" + line(20) + "\n" +
                      line(3 * kChunkBytes + 1) + "\n" + line(21) + "\n" +
                      line(9 * kChunkBytes) + "\n" + line(22);
  Seen seen = ReadBytes(bytes, "x.jsonl", options, 99'991);
  ASSERT_EQ(seen.records.size(), 4u);
  EXPECT_THAT(seen.records[1], HasSubstr("#2 "));
  EXPECT_THAT(seen.records[2], HasSubstr("#4 "));
  EXPECT_THAT(seen.records[3], HasSubstr("#6 "));
  EXPECT_THAT(seen.passed,
              ElementsAre("x.jsonl#3+1 too_large at most 3145728 bytes in a "
                          "record",
                          "x.jsonl#5+1 too_large at most 3145728 bytes in a "
                          "record"));
}

TEST(Source, ALimitBelowAChunkHoldsToo) {
  SourceOptions options;
  options.limits.record_bytes_max = 20;
  Seen seen = ReadBytes("{\"text\":\"123456789\"}\n{\"text\":\"1234567890\"}\n",
                        "x.jsonl", options);
  EXPECT_THAT(seen.records, ElementsAre("x.jsonl#1 [0,20) text=123456789"));
  EXPECT_THAT(seen.passed, ElementsAre(HasSubstr("x.jsonl#2+1 too_large")));
}

TEST(Source, GivesWhatCameBeforeAFailure) {
  auto source = OpenStream(ReadPieces("{\"text\":\"a\"}\n{\"te", 5,
                                      Error(Code::kCorrupt, "broken gzip")),
                           "x.jsonl", 0, {});
  Seen seen = ReadAll(source.get());
  EXPECT_THAT(seen.records, ElementsAre("x.jsonl#1 [0,12) text=a"));
  ASSERT_EQ(seen.passed.size(), 2u);
  EXPECT_THAT(seen.passed[0], HasSubstr("x.jsonl#2+1 broken"));
  EXPECT_EQ(seen.passed[1], "x.jsonl#0+0 broken broken gzip");
}

TEST(Source, TellsAStreamWithoutANameByItsBytes) {
  EXPECT_THAT(ReadBytes("{\"text\":\"a\"}\n{\"text\":\"b\"}\n", "-").records,
              ElementsAre("-#1 [0,12) text=a", "-#2 [13,25) text=b"));
  EXPECT_THAT(ReadBytes("{\n  \"text\": 1\n}\n", "-").records,
              ElementsAre("-#0 [0,16) ={\n  \"text\": 1\n}\n"));
  EXPECT_THAT(ReadBytes("plain\n", "-").records,
              ElementsAre("-#0 [0,6) =plain\n"));
  EXPECT_THAT(ReadBytes(std::string("a\0b", 3), "-").passed,
              ElementsAre("-#0+0 binary"));
}

TEST(Source, TellsANotebookByItsBytes) {
  const std::string notebook =
      "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n   "
      "\"metadata\": {},\n   \"source\": [\"x = 1\\n\", \"y = 2\"]\n  }\n ],\n"
      " \"metadata\": {},\n \"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n";
  EXPECT_THAT(ReadBytes(notebook, "-").records,
              ElementsAre(HasSubstr("cells[0].source=x = 1\ny = 2")));
}

TEST(Source, ReadsAPipeByItsName) {
  TestFolder folder;
  const std::string pipe = folder.Path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(IsPipe(pipe));
  EXPECT_FALSE(IsPipe(folder.path()));
  std::thread writer(
      [&] { std::ofstream(pipe) << "{\"text\":\"a\"}\n{\"text\":\"b\"}\n"; });
  auto source = OpenSource({pipe}, {});
  ASSERT_TRUE(source.ok()) << source.error().message();
  EXPECT_THAT(ReadAll(source->get()).records,
              ElementsAre(HasSubstr("text=a"), HasSubstr("text=b")));
  writer.join();
  const auto two = OpenSource({pipe, folder.path()}, {});
  ASSERT_FALSE(two.ok());
  EXPECT_EQ(two.error().code(), Code::kInvalid);
  EXPECT_THAT(two.error().message(), HasSubstr(pipe));
}

TEST(Source, ReadsATreeInOrder) {
  TestFolder folder;
  folder.Write("a.py", "x = 1\n");
  folder.Write("b.jsonl", "{\"text\":\"b\"}\n");
  folder.Write("c/d.txt", "d\n");
  folder.Write("e.bin", std::string("\0\1", 2));
  auto source = OpenSource({folder.path()}, {});
  ASSERT_TRUE(source.ok());
  Seen seen = ReadAll(source->get());
  std::string at = folder.path() + "/";
  EXPECT_THAT(seen.records, ElementsAre(at + "a.py#0 [0,6) =x = 1\n",
                                        at + "b.jsonl#1 [0,12) text=b",
                                        at + "c/d.txt#0 [0,2) =d\n"));
  EXPECT_THAT(seen.passed, ElementsAre(at + "e.bin#0+0 binary"));
  EXPECT_EQ((*source)->bytes_total(), 0u);
  EXPECT_EQ((*source)->bytes_done(), 23u);
}

TEST(Source, CountsTheBytesOfFoldersIfAsked) {
  TestFolder folder;
  folder.Write("a.py", "x = 1\n");
  folder.Write("b.jsonl", "{\"text\":\"b\"}\n");
  folder.Write("c/e.bin", std::string("\0\1", 2));
  auto source = OpenSource({folder.path()}, {.total = TotalBytes::kCount});
  ASSERT_TRUE(source.ok());
  // Beside the reading, so it is there some time after.
  while ((*source)->bytes_total() == 0) std::this_thread::yield();
  EXPECT_EQ((*source)->bytes_total(), 21u);
  ReadAll(source->get());
  EXPECT_EQ((*source)->bytes_done(), 21u);
}

TEST(Source, GoesAwayWhileItsBytesAreCounted) {
  TestFolder folder;
  for (int i = 0; i < 100; ++i)
    folder.Write("folder" + std::to_string(i) + "/a.py", "x = 1\n");
  auto source = OpenSource({folder.path()}, {.total = TotalBytes::kCount});
  ASSERT_TRUE(source.ok());
  source->reset();
}

TEST(Source, ALargeContainerReadsAsASmallOne) {
  TestFolder folder;
  std::string bytes;
  while (bytes.size() <= kWholeContainerBytesMax)
    bytes += "{\"text\":\"" + std::string(1000, 'x') + "\"}\n";
  std::string large = folder.Write("large.jsonl", bytes);
  auto source = OpenSource({large}, {});
  ASSERT_TRUE(source.ok());
  Seen seen = ReadAll(source->get());
  EXPECT_GE(seen.chunks, 8u);
  EXPECT_EQ(seen.records.size(), bytes.size() / 1012);
  EXPECT_EQ((*source)->bytes_total(), bytes.size());
  EXPECT_EQ((*source)->bytes_done(), bytes.size());
}

TEST(Source, RefusesWhatItCannotOpen) {
  TestFolder folder;
  EXPECT_EQ(OpenSource({folder.Path("none")}, {}).error().code(),
            Code::kNotFound);
  EXPECT_EQ(OpenSource({}, {}).error().code(), Code::kInvalid);
  EXPECT_EQ(OpenSource({"-", folder.path()}, {}).error().code(),
            Code::kInvalid);
  SourceOptions options;
  options.fields = {"a[x]"};
  EXPECT_EQ(OpenSource({folder.path()}, options).error().code(),
            Code::kInvalid);
}

}  // namespace
}  // namespace cofferdam::corpus
