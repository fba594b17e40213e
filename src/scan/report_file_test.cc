#include "scan/report_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "corpus/folder_testing.h"

namespace cofferdam::scan {
namespace {

using Landing = ReportFile::Landing;

size_t FilesIn(const std::string& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder)) {
    ++count;
  }
  return count;
}

TEST(ReportFile, LandsWholeOrNotAtAll) {
  corpus::TestFolder folder;
  const std::string path = folder.Write("report", "old");
  {
    auto file = ReportFile::Create(path, Landing::kWhole);
    ASSERT_TRUE(file.ok());
    (*file)->Append(std::string(3 * ReportFile::kBufferBytes, 'x'));
    EXPECT_EQ(*ReadFile(path, 1 << 20), "old");
  }
  EXPECT_EQ(*ReadFile(path, 1 << 20), "old");
  EXPECT_EQ(FilesIn(folder.path()), 1u);
  auto file = ReportFile::Create(path, Landing::kWhole);
  ASSERT_TRUE(file.ok());
  (*file)->Append("new");
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*ReadFile(path, 1 << 20), "new");
  EXPECT_EQ(FilesIn(folder.path()), 1u);
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(ReportFile, CanBeReadAsItComes) {
  corpus::TestFolder folder;
  auto file = ReportFile::Create(folder.Path("report"), Landing::kAsItComes);
  ASSERT_TRUE(file.ok());
  (*file)->Append("one\n");
  (*file)->Flush();
  EXPECT_EQ(*ReadFile(folder.Path("report"), 1 << 20), "one\n");
  (*file)->Append("two\n");
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*ReadFile(folder.Path("report"), 1 << 20), "one\ntwo\n");
}

TEST(ReportFile, SaysWhichFileFailed) {
  corpus::TestFolder folder;
  auto none = ReportFile::Create(folder.Path("no/report"), Landing::kWhole);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message().find("no/report"), std::string::npos);
  auto full = ReportFile::Create("/dev/full", Landing::kWhole);
  ASSERT_TRUE(full.ok());
  (*full)->Append("x");
  Status status = (*full)->Close();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message().find("/dev/full"), std::string::npos);
}

}  // namespace
}  // namespace cofferdam::scan
