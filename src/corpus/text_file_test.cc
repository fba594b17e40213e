#include "corpus/text_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "corpus/folder_testing.h"

namespace cofferdam::corpus {
namespace {

std::optional<Reason> Read(const std::string& path, const TextLimits& limits,
                           std::string* bytes) {
  auto passed = ReadTextFile(path, limits, FinalLink::kRefuse, bytes);
  if (!passed) return std::nullopt;
  EXPECT_EQ(passed->path, path);
  return passed->reason;
}

std::optional<Reason> Read(const std::string& path, TextLimits limits = {}) {
  std::string bytes;
  return Read(path, limits, &bytes);
}

TEST(ReadTextFile, ReadsTheWholeFileInPlaceOfWhatTheBufferHeld) {
  TestFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "a line of text\n";
  std::string bytes = "old";
  EXPECT_EQ(Read(folder.Write("a", text), {}, &bytes), std::nullopt);
  EXPECT_EQ(bytes, text);
  EXPECT_EQ(Read(folder.Write("empty", ""), {}, &bytes), std::nullopt);
  EXPECT_EQ(bytes, "");
}

TEST(ReadTextFile, TakesNulInTheProbeForBinaryAndOthersForText) {
  TestFolder folder;
  using std::string_literals::operator""s;
  EXPECT_EQ(Read(folder.Write("a", "text\0more"s)), Reason::kBinary);
  EXPECT_EQ(Read(folder.Write("b", std::string(8191, '\n') + "\0"s)),
            Reason::kBinary);
  EXPECT_EQ(Read(folder.Write("c", std::string(8192, '\n') + "\0"s)),
            std::nullopt);
  EXPECT_EQ(Read(folder.Write("d", "caf\xe9 in Latin-1\n")), std::nullopt);
  EXPECT_EQ(Read(folder.Write("e", "\x1b[31mred\x1b[0m\tand\fpage\r\n")),
            std::nullopt);
  EXPECT_EQ(Read(folder.Write("f", "\x01\x02\x03 packed \x04\x05")),
            Reason::kBinary);
}

TEST(ReadTextFile, PassesOverAFileOneByteTooLarge) {
  TestFolder folder;
  TextLimits limits = {.document_bytes_max = 9000};
  std::string text(9000, '\n');
  EXPECT_EQ(Read(folder.Write("a", text), limits), std::nullopt);
  EXPECT_EQ(Read(folder.Write("b", text + "\n"), limits), Reason::kTooLarge);
  limits.document_bytes_max = 10;
  EXPECT_EQ(Read(folder.Write("c", "0123456789"), limits), std::nullopt);
  EXPECT_EQ(Read(folder.Write("d", "0123456789a"), limits), Reason::kTooLarge);
}

TEST(ReadTextFile, PassesOverALineOneByteTooLong) {
  TestFolder folder;
  TextLimits limits = {.line_bytes_max = 10};
  for (std::string before : {"", "x\n", "0123456789\n0123456789\n"}) {
    for (std::string after : {"", "\n", "\nx\n"}) {
      std::string fits = before + "0123456789" + after;
      std::string long_line = before + "0123456789a" + after;
      EXPECT_EQ(Read(folder.Write("a", fits), limits), std::nullopt) << fits;
      EXPECT_EQ(Read(folder.Write("a", long_line), limits), Reason::kLongLine)
          << long_line;
    }
  }
}

TEST(ReadTextFile, NeverOpensPipesNorFoldersNorFollowsLinks) {
  TestFolder folder;
  ASSERT_EQ(::mkfifo(folder.Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(Read(folder.Path("pipe")), Reason::kSpecial);
  EXPECT_EQ(Read("/dev/zero"), Reason::kSpecial);
  EXPECT_EQ(Read(folder.path()), Reason::kSpecial);
  std::string target = folder.Write("target", "text\n");
  ASSERT_EQ(::symlink(target.c_str(), folder.Path("link").c_str()), 0);
  EXPECT_EQ(Read(folder.Path("link")), Reason::kSymlink);
  std::string bytes;
  EXPECT_EQ(ReadTextFile(folder.Path("link"), {}, FinalLink::kFollow, &bytes),
            std::nullopt);
  EXPECT_EQ(bytes, "text\n");
  ASSERT_EQ(::unlink(folder.Path("link").c_str()), 0);
  ASSERT_EQ(::symlink(folder.Path("pipe").c_str(), folder.Path("link").c_str()),
            0);
  EXPECT_EQ(
      ReadTextFile(folder.Path("link"), {}, FinalLink::kFollow, &bytes)->reason,
      Reason::kSpecial);
}

TEST(ReadTextFile, ReadsAroundTheSizesAtWhichItReadsInParts) {
  TestFolder folder;
  std::string bytes(100'000, 'x');
  for (size_t size : {1, 2, 8191, 8192, 8193, 32767, 32768, 32769, 65536}) {
    std::string text(size, 'a');
    for (size_t i = 79; i < size; i += 80) text[i] = '\n';
    EXPECT_EQ(Read(folder.Write("a", text), {}, &bytes), std::nullopt) << size;
    EXPECT_EQ(bytes, text);
    text.back() = '\0';
    const bool in_probe = size <= kTextProbeBytes;
    EXPECT_EQ(Read(folder.Write("b", text), {}, &bytes),
              in_probe ? std::optional(Reason::kBinary) : std::nullopt);
    // Of what is binary no more than the probe.
    EXPECT_EQ(bytes, text.substr(0, in_probe ? kTextProbeBytes : size));
  }
}

TEST(ListedFiles, OpensFilesOfFoldersInARow) {
  TestFolder folder;
  std::vector<std::string> paths;
  for (const char* name : {"a", "b", "c", "d", "sub/a", "sub/b", "sub/c",
                           "sub/d", "sub/deep/a", "sub/e", "z"})
    paths.push_back(folder.Write(name, std::string("I am ") + name));
  ListedFiles files;
  std::string bytes;
  for (const std::string& path : paths) {
    EXPECT_EQ(ReadTextFile(files.Open(path), path, {}, &bytes), std::nullopt);
    EXPECT_EQ(bytes, "I am " + path.substr(folder.path().size() + 1));
  }
}

// By a whole path as well as by a name in a folder that is open.
TEST(ListedFiles, PassesOverWhatTookAFilesPlace) {
  TestFolder folder;
  const std::string file = folder.Write("file", "text\n");
  ASSERT_EQ(::symlink(file.c_str(), folder.Path("link").c_str()), 0);
  ASSERT_EQ(::mkfifo(folder.Path("pipe").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(folder.Path("folder").c_str(), 0700), 0);
  ListedFiles files;
  const auto reason = [&](const char* name) -> std::optional<Reason> {
    auto opened = files.Open(folder.Path(name));
    const auto* passed = std::get_if<PassedOver>(&opened);
    if (passed == nullptr) return std::nullopt;
    EXPECT_EQ(passed->path, folder.Path(name));
    return passed->reason;
  };
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(reason("link"), Reason::kSymlink);
    EXPECT_EQ(reason("pipe"), Reason::kSpecial);
    EXPECT_EQ(reason("folder"), Reason::kSpecial);
    EXPECT_EQ(reason("gone"), Reason::kUnreadable);
    EXPECT_EQ(reason("file"), std::nullopt);
  }
}

TEST(ReadTextFile, SaysWhatTheSystemSaid) {
  TestFolder folder;
  std::string bytes;
  auto passed =
      ReadTextFile(folder.Path("none"), {}, FinalLink::kRefuse, &bytes);
  ASSERT_TRUE(passed.has_value());
  EXPECT_EQ(passed->reason, Reason::kUnreadable);
  EXPECT_NE(passed->detail.find("No such file"), std::string::npos)
      << passed->detail;
}

TEST(ReadTextFile, ReadsFilesOfTheKernelThatSayTheyAreEmpty) {
  std::string bytes;
  EXPECT_EQ(Read("/proc/self/status", {}, &bytes), std::nullopt);
  EXPECT_NE(bytes.find("VmRSS"), std::string::npos);
}

// A twentieth of what is looked at, counted far beyond what a byte holds.
TEST(TextFile, CountsControlCharactersUpToItsShareOfThem) {
  std::string head(kTextProbeBytes, 'x');
  constexpr size_t kMost = kTextProbeBytes / 20;
  for (size_t i = 0; i < kMost; ++i) head[i] = "\x01\x08\x0e\x1f\x7f"[i % 5];
  EXPECT_FALSE(LooksBinary(head));
  head.back() = '\x02';
  EXPECT_TRUE(LooksBinary(head));
  // Neither layout nor escape, nor letters of other scripts, count.
  for (const char c : std::string_view("\t\n\v\f\r\x1b \x80\xff"))
    EXPECT_FALSE(LooksBinary(std::string(1000, c))) << int{c};
}

}  // namespace
}  // namespace cofferdam::corpus
