#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/folder_testing.h"
#include "corpus/source_testing.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Codec kCodecs[] = {Codec::kGzip, Codec::kZstd, Codec::kBzip2,
                             Codec::kXz};

TEST(Container, EveryCodecIsKnownByItsBytes) {
  for (Codec codec : kCodecs) {
    std::string bytes = Compress(codec, "{\"text\":\"a\"}\n") +
                        Compress(codec, "{\"text\":\"b\"}\n");
    for (const char* path : {"x.jsonl.gz", "x.jsonl"}) {
      Seen seen = ReadBytes(bytes, path, {}, 7);
      EXPECT_THAT(seen.records,
                  ElementsAre(std::string(path) + "#1 [0,12) text=a",
                              std::string(path) + "#2 [13,25) text=b"));
      EXPECT_THAT(seen.passed, IsEmpty());
    }
  }
}

TEST(Container, ATextInsideTellsItsLanguageByItsOwnName) {
  auto source = OpenStream(ReadPieces(Compress(Codec::kXz, "x = 1\n"), 100),
                           "a/b.py.xz", 0, {});
  ChunkReader reader({});
  auto chunk = source->Next();
  ASSERT_TRUE(chunk.ok() && chunk->has_value());
  std::string hint;
  ASSERT_TRUE(reader
                  .Read(
                      **chunk,
                      [&](const Record& record) {
                        hint = record.path_hint;
                        EXPECT_EQ(record.file->path, "a/b.py.xz");
                        EXPECT_EQ(record.fields[0].text, "x = 1\n");
                      },
                      [](const PassedOver&) { FAIL(); })
                  .ok());
  EXPECT_EQ(hint, "a/b.py");
}

TEST(Container, ABrokenEndIsSaidBehindWhatCameBefore) {
  std::string bytes = Compress(Codec::kGzip, "{\"text\":\"a\"}\n");
  Seen early = ReadBytes(bytes.substr(0, bytes.size() - 4), "x.jsonl.gz");
  EXPECT_EQ(early.records.size(), 1u);
  EXPECT_THAT(early.passed,
              ElementsAre("x.jsonl.gz#0+0 broken gzip data ends early"));
  Seen tail = ReadBytes(bytes + "garbage", "x.jsonl.gz");
  EXPECT_EQ(tail.records.size(), 1u);
  EXPECT_THAT(tail.passed, ElementsAre(HasSubstr("x.jsonl.gz#0+0 broken")));
}

TEST(Container, ABombIsStoppedAtTheRatioAndAtTheTotal) {
  SourceOptions options;
  options.limits.unpacked_bytes_free = 1 << 20;
  options.limits.unpacked_ratio_max = 100;
  std::string lines;
  while (lines.size() < (size_t{8} << 20)) lines += "{\"text\":\"a\"}\n";
  std::string bytes = Compress(Codec::kZstd, lines);
  ASSERT_LT(bytes.size() * 100, lines.size());
  Seen seen = ReadBytes(bytes, "x.jsonl", options);
  EXPECT_GT(seen.records.size(), 0u);
  EXPECT_LT(seen.records.size() * 13, lines.size());
  EXPECT_THAT(seen.passed.back(),
              HasSubstr("bomb unpacks to more than 100 times its size"));
  options.limits.unpacked_bytes_free = lines.size();
  EXPECT_THAT(ReadBytes(bytes, "x.jsonl", options).passed, IsEmpty());
  options.limits.unpacked_bytes_max = lines.size();
  EXPECT_THAT(ReadBytes(bytes, "x.jsonl", options).passed, IsEmpty());
  options.limits.unpacked_bytes_max = lines.size() - 1;
  EXPECT_THAT(ReadBytes(bytes, "x.jsonl", options).passed.back(),
              HasSubstr("bomb unpacks to more than"));
}

TEST(Container, NestsAsDeepAsItsLimit) {
  SourceOptions options;
  options.limits.containers_max = 3;
  std::string bytes = "{\"text\":\"a\"}\n";
  for (int i = 0; i < 3; ++i) bytes = Compress(Codec::kGzip, bytes);
  EXPECT_EQ(ReadBytes(bytes, "x.jsonl", options).records.size(), 1u);
  bytes = Compress(Codec::kGzip, bytes);
  EXPECT_THAT(ReadBytes(bytes, "x.jsonl", options).passed,
              ElementsAre("x.jsonl#0+0 too_deep too many containers inside of "
                          "each other"));
}

TEST(Container, AFolderHoldsThemUnderAnyName) {
  TestFolder folder;
  folder.Write("a.jsonl.gz", Compress(Codec::kGzip, "{\"text\":\"a\"}\n"));
  folder.Write("b", Compress(Codec::kZstd, "{\"text\":\"b\"}\n"));
  folder.Write("c.txt", "c\n");
  auto source = OpenSource({folder.path()}, {});
  ASSERT_TRUE(source.ok());
  Seen seen = ReadAll(source->get());
  std::string at = folder.path() + "/";
  EXPECT_THAT(seen.records,
              ElementsAre(at + "a.jsonl.gz#1 [0,12) text=a",
                          at + "b#1 [0,12) text=b", at + "c.txt#0 [0,2) =c\n"));
  EXPECT_EQ(seen.chunks, 1u);
}

TEST(Container, AFileWithoutAnEndingIsWhatItsBytesSay) {
  TestFolder folder;
  folder.Write("a", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  folder.Write("b", "\xef\xbb\xbf[{\"text\":\"a\"}]");
  folder.Write("c", "{% if x %}\n");
  folder.Write("d.txt", "{\"text\":\"a\"}\n");
  auto source = OpenSource({folder.path()}, {});
  ASSERT_TRUE(source.ok());
  Seen seen = ReadAll(source->get());
  std::string at = folder.path() + "/";
  EXPECT_THAT(
      seen.records,
      ElementsAre(at + "a#1 [0,12) text=a", at + "a#2 [13,25) text=b",
                  at + "b#1 [4,16) text=a", at + "c#0 [0,11) ={% if x %}\n",
                  at + "d.txt#0 [0,13) ={\"text\":\"a\"}\n"));
  EXPECT_THAT(seen.passed, IsEmpty());
}

TEST(Notebook, CellsAreFields) {
  std::string json =
      R"({"cells":[{"cell_type":"markdown","source":"# T"},)"
      R"({"cell_type":"code","source":["a = 1\n","b"],"outputs":[]},)"
      R"({"cell_type":"code","source":[]}],)"
      R"("metadata":{"kernelspec":{"language":"julia"}}})";
  Seen seen = ReadBytes(json, "n.ipynb");
  ASSERT_EQ(seen.records.size(), 1u);
  EXPECT_EQ(seen.records[0],
            "n.ipynb#0 [0," + std::to_string(json.size()) +
                ") cells[0].source=# T cells[1].source=a = 1\nb");
  Seen old = ReadBytes(
      R"({"worksheets":[{"cells":[{"cell_type":"code","input":["x"]}]}]})",
      "n.ipynb");
  EXPECT_THAT(old.records[0], HasSubstr("worksheets[0].cells[0].input=x"));
}

TEST(Notebook, WhatIsNoneIsPassedOver) {
  EXPECT_THAT(ReadBytes("{\"cells\":[", "n.ipynb").passed,
              ElementsAre(HasSubstr("n.ipynb#0+0 broken not JSON")));
  EXPECT_THAT(
      ReadBytes(std::string(300, '[') + std::string(300, ']'), "n.ipynb")
          .passed,
      ElementsAre(HasSubstr("too_deep")));
  SourceOptions options;
  options.limits.tree.text.document_bytes_max = 20;
  EXPECT_EQ(
      ReadBytes("{\"cells\":[        ]}", "n.ipynb", options).records.size(),
      1u);
  EXPECT_THAT(ReadBytes("{\"cells\":[         ]}", "n.ipynb", options).passed,
              ElementsAre("n.ipynb#0+0 too_large at most 20 bytes"));
}

TEST(Format, IsToldByNameAndBytes) {
  EXPECT_EQ(FormatOfName("a/B.JSONL"), Format::kJsonLines);
  EXPECT_EQ(FormatOfName("b.py"), Format::kText);
  EXPECT_EQ(FormatOfName("a.d/b"), std::nullopt);
  EXPECT_EQ(FormatOfName(".json"), Format::kJson);
  EXPECT_TRUE(IsContainerName("x.TAR.GZ"));
  EXPECT_TRUE(IsContainerName("x.tgz"));
  EXPECT_TRUE(IsContainerName("a.b/x.Parquet"));
  EXPECT_TRUE(IsContainerName(".json"));
  EXPECT_FALSE(IsContainerName("x.gzip.md"));
  EXPECT_FALSE(IsContainerName("x.json/json"));
  EXPECT_FALSE(IsContainerName("json"));
  EXPECT_FALSE(IsContainerName(""));
  EXPECT_EQ(FormatOfBytes(" [1"), Format::kJson);
  EXPECT_EQ(FormatOfBytes("{\n"), Format::kJson);
  EXPECT_EQ(FormatOfBytes("{}x"), Format::kJson);
  EXPECT_EQ(FormatOfBytes("{\"a\":1}"), Format::kJsonLines);
  EXPECT_EQ(FormatOfBytes("text"), Format::kText);
  EXPECT_EQ(FormatOfBytes("{{x}}\n"), Format::kText);
  EXPECT_EQ(FormatOfBytes(""), Format::kText);
}

}  // namespace
}  // namespace cofferdam::corpus
