#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "corpus/folder_testing.h"
#include "corpus/source_testing.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Header(const std::string& name, uint64_t size, char type = '0') {
  std::string block(512, '\0');
  auto put = [&](size_t at, const std::string& text) {
    block.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  block[156] = type;
  put(257, std::string("ustar\0", 6) + "00");
  put(148, "        ");
  unsigned sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return block;
}

std::string Member(const std::string& name, const std::string& bytes,
                   char type = '0') {
  return Header(name, bytes.size(), type) + bytes +
         std::string((512 - bytes.size() % 512) % 512, '\0');
}

const std::string kEnd(1024, '\0');

TEST(Tar, MembersAreFilesOfTheirOwn) {
  std::string bytes = Member("d/a.py", "x = 1\n") +
                      Member("b.jsonl", "{\"text\":\"b\"}\n") +
                      Member("d/", "", '5') + Member("c.bin", {"\0\1", 2}) +
                      Member("l", "", '2') + Member("h", "", '1') +
                      Member("p", "", '6') + Member("e.json", "[\"t\"]") + kEnd;
  for (size_t step : {100u, 1u << 20}) {
    Seen seen = ReadBytes(bytes, "x.tar", {}, step);
    EXPECT_THAT(seen.records, ElementsAre("x.tar!d/a.py#0 [0,6) =x = 1\n",
                                          "x.tar!b.jsonl#1 [0,12) text=b",
                                          "x.tar!e.json#1 [1,4) =t"));
    EXPECT_THAT(seen.passed,
                ElementsAre("x.tar!c.bin#0+0 binary", "x.tar!l#0+0 symlink",
                            "x.tar!p#0+0 special"));
  }
}

TEST(Tar, ContainersNest) {
  std::string inner =
      Member("in.jsonl.gz", Compress(Codec::kGzip, "{\"text\":\"a\"}\n")) +
      Member("in.txt", "t\n") + kEnd;
  std::string outer = Compress(
      Codec::kZstd, Member("a.txt", "1\n") +
                        Member("i.tar.bz2", Compress(Codec::kBzip2, inner)) +
                        Member("b.txt", "2\n") + kEnd);
  EXPECT_THAT(ReadBytes(outer, "o.tar.zst").records,
              ElementsAre("o.tar.zst!a.txt#0 [0,2) =1\n",
                          "o.tar.zst!i.tar.bz2!in.jsonl.gz#1 [0,12) text=a",
                          "o.tar.zst!i.tar.bz2!in.txt#0 [0,2) =t\n",
                          "o.tar.zst!b.txt#0 [0,2) =2\n"));
}

TEST(Tar, ABrokenMemberLeavesTheOthers) {
  std::string gzip = Compress(Codec::kGzip, "text");
  std::string bytes = Member("a.txt", "1\n") +
                      Member("b.txt.gz", gzip.substr(0, 15)) +
                      Member("c.txt", "3\n") + kEnd;
  Seen seen = ReadBytes(bytes, "x.tar");
  EXPECT_EQ(seen.records.size(), 2u);
  EXPECT_THAT(seen.passed,
              ElementsAre("x.tar!b.txt.gz#0+0 broken gzip data ends early"));
}

TEST(Tar, AnArchiveThatEndsEarlyOrBreaksIsSaid) {
  std::string bytes = Member("a.txt", "1\n") + Member("b.txt", "22222222\n");
  Seen cut = ReadBytes(bytes.substr(0, 1024 + 512 + 3), "x.tar");
  EXPECT_EQ(cut.records.size(), 1u);
  EXPECT_THAT(cut.passed,
              ElementsAre("x.tar#0+0 broken the archive ends early"));
  Seen broken = ReadBytes(bytes + std::string(512, 'x'), "x.tar");
  EXPECT_EQ(broken.records.size(), 2u);
  EXPECT_THAT(broken.passed,
              ElementsAre("x.tar#0+0 broken broken tar: no header of a "
                          "member"));
  EXPECT_EQ(ReadBytes(bytes, "x.tar").records.size(), 2u);  // no end marker
  EXPECT_THAT(ReadBytes(bytes, "x.tar").passed, IsEmpty());
}

TEST(Tar, NothingHidesBehindItsEnd) {
  std::string bytes = Member("a.txt", "1\n") + kEnd + Member("b.txt", "2\n");
  EXPECT_EQ(ReadBytes(bytes, "x.tar").records.size(), 2u);
}

TEST(Tar, LargeMembersStream) {
  std::string lines;
  while (lines.size() <= 2 * kChunkBytes)
    lines += "{\"text\":\"" + std::string(1000, 'x') + "\"}\n";
  std::string bytes = Member("a.jsonl", lines) +
                      Member("b.txt", std::string(kChunkBytes + 1, '\n')) +
                      Member("c.txt", "3\n") + kEnd;
  Seen seen = ReadBytes(bytes, "x.tar", {}, 99'991);
  EXPECT_EQ(seen.records.size(), lines.size() / 1012 + 2);
  EXPECT_THAT(seen.passed, IsEmpty());
  EXPECT_THAT(seen.records.back(), HasSubstr("x.tar!c.txt"));
}

TEST(Tar, HasAsManyMembersAsItsLimit) {
  SourceOptions options;
  options.limits.members_max = 2;
  std::string two = Member("a.txt", "1\n") + Member("b.txt", "2\n");
  EXPECT_THAT(ReadBytes(two + kEnd, "x.tar", options).passed, IsEmpty());
  Seen seen = ReadBytes(two + Member("c.txt", "3\n"), "x.tar", options);
  EXPECT_EQ(seen.records.size(), 2u);
  EXPECT_THAT(seen.passed, ElementsAre("x.tar#0+0 bomb more than 2 members"));
}

TEST(Tar, LongHeadersAreBounded) {
  std::string name(300, 'n');
  std::string bytes =
      Member("././@LongLink", name + '\0', 'L') + Member("short", "1\n");
  EXPECT_THAT(ReadBytes(bytes, "x.tar").records,
              ElementsAre(HasSubstr("x.tar!" + name + "#0")));
  Seen seen = ReadBytes(Header("h", (1 << 20) + 1, 'x') + std::string(512, 'x'),
                        "x.tar");
  EXPECT_THAT(seen.passed,
              ElementsAre("x.tar#0+0 bomb a member's header is too long"));
}

TEST(Tar, ReadsWhatTarWrites) {
  TestFolder folder;
  std::string deep = std::string(90, 'd') + "/" + std::string(90, 'e') + "/" +
                     std::string(120, 'f') + ".txt";
  folder.Write("in/" + deep, "deep\n");
  folder.Write("in/a.txt", "a\n");
  for (const char* format : {"gnu", "pax", "ustar", "v7", "oldgnu"}) {
    std::string path = folder.Path(std::string(format) + ".tar");
    std::string exclude =
        format[0] == 'u' || format[0] == 'v' ? "--exclude='*ddd*' " : "";
    std::string command = fmt::format("tar --format={} {}-C {} -cf {} in",
                                      format, exclude, folder.path(), path);
    ASSERT_EQ(std::system(command.c_str()), 0) << format;
    auto source = OpenSource({path}, {});
    ASSERT_TRUE(source.ok());
    Seen seen = ReadAll(source->get());
    EXPECT_EQ(seen.records.size(), exclude.empty() ? 2u : 1u) << format;
    EXPECT_THAT(seen.passed, IsEmpty()) << format;
    std::string all;
    for (const std::string& record : seen.records) all += record;
    EXPECT_THAT(all, HasSubstr(path + "!in/a.txt#0 [0,2) =a\n"));
    if (exclude.empty()) {
      EXPECT_THAT(all, HasSubstr(path + "!in/" + deep + "#0 [0,5) =deep\n"));
    }
  }
}

}  // namespace
}  // namespace cofferdam::corpus
