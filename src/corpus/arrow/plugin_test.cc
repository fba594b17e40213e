#include <arrow/api.h>
#include <arrow/io/file.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <string>

#include "corpus/arrow_plugin_internal.h"
#include "corpus/folder_testing.h"

namespace cofferdam::corpus {
namespace {

constexpr arrow_abi::TableLimits kLimits = {
    .decode_bytes_max = uint64_t{64} << 20,
    .metadata_bytes_max = uint64_t{16} << 20,
    .batch_bytes = uint64_t{1} << 20,
    .parts_max = 100,
    .columns_max = 10};

const arrow_abi::Api* Api() { return *ArrowPlugin(); }

// A Parquet file of `rows` texts of `bytes` bytes in row groups of 100.
std::string WriteTexts(const TestFolder& folder, int rows, size_t bytes) {
  arrow::StringBuilder builder;
  for (int i = 0; i < rows; ++i) {
    std::string text = std::to_string(i) + " ";
    text.resize(bytes, 'x');
    EXPECT_TRUE(builder.Append(text).ok());
  }
  auto table =
      arrow::Table::Make(arrow::schema({arrow::field("text", arrow::utf8())}),
                         {*builder.Finish()});
  const std::string path = folder.Path("texts.parquet");
  auto out = *arrow::io::FileOutputStream::Open(path);
  EXPECT_TRUE(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 100)
          .ok());
  EXPECT_TRUE(out->Close().ok());
  return path;
}

struct Opened {
  FileHandle file;
  TableHandle table;
  arrow_abi::TableInfo info = {};
  arrow_abi::Outcome outcome = arrow_abi::Outcome::kInternal;
  arrow_abi::Failure failure = {};
};

Opened Open(const std::string& path, const arrow_abi::TableLimits& limits) {
  Opened opened;
  arrow_abi::File* file = nullptr;
  opened.outcome =
      Api()->file_adopt(::open(path.c_str(), O_RDONLY), &file, &opened.failure);
  if (file == nullptr) return opened;
  opened.file = FileHandle(file, {Api()});
  arrow_abi::Table* table = nullptr;
  opened.outcome =
      Api()->table_open(file, &limits, &table, &opened.info, &opened.failure);
  if (table != nullptr) opened.table = TableHandle(table, {Api()});
  return opened;
}

// Rows of a part, and how it ended.
std::pair<int64_t, arrow_abi::Outcome> CountRows(const Opened& opened,
                                                 uint64_t part) {
  const uint32_t column = 0;
  arrow_abi::Part* raw = nullptr;
  arrow_abi::Failure failure;
  arrow_abi::Outcome outcome =
      Api()->part_open(opened.table.get(), part, &column, 1, &raw, &failure);
  if (raw == nullptr) return {0, outcome};
  const PartHandle owned(raw, {Api()});
  int64_t rows = 0;
  while (true) {
    ArrowOwned<ArrowArray> batch;
    outcome = Api()->part_next(raw, batch.get(), &failure);
    if (outcome != arrow_abi::Outcome::kOk || !batch.valid())
      return {rows, outcome};
    rows += batch->length;
  }
}

TEST(ArrowPlugin, SaysWhatIsMissingWhereItIsNot) {
  Result<const arrow_abi::Api*> opened = OpenArrowPlugin("/nowhere/none.so");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kUnavailable);
  EXPECT_NE(opened.error().message().find("/nowhere/none.so"),
            std::string::npos);
  EXPECT_NE(opened.error().message().find("tools/arrow.sh"), std::string::npos);
}

TEST(ArrowPlugin, RefusesAnotherLibraryUnderItsName) {
  Result<const arrow_abi::Api*> opened = OpenArrowPlugin("libz.so.1");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message().find("another library"),
            std::string::npos);
}

TEST(ArrowPlugin, HasNoTableForAnotherVersion) {
  ASSERT_TRUE(ArrowPlugin().ok()) << ArrowPlugin().error().message();
  EXPECT_EQ(Api()->version, arrow_abi::kVersion);
}

TEST(ArrowPlugin, ReadsEachRowGroupByItself) {
  TestFolder folder;
  Opened opened = Open(WriteTexts(folder, 250, 20), kLimits);
  ASSERT_EQ(opened.outcome, arrow_abi::Outcome::kOk) << opened.failure.message;
  EXPECT_EQ(opened.info.parts, 3u);
  arrow_abi::PartInfo info;
  Api()->table_part(opened.table.get(), 2, &info);
  EXPECT_EQ(info.first_row, 200u);
  EXPECT_EQ(info.rows, 50u);
  for (uint64_t part : {2u, 0u, 1u})
    EXPECT_EQ(CountRows(opened, part).first, part == 2 ? 50 : 100);
}

TEST(ArrowPlugin, RefusesPartsAndColumnsThatThereAreNot) {
  TestFolder folder;
  Opened opened = Open(WriteTexts(folder, 10, 20), kLimits);
  arrow_abi::Part* part = nullptr;
  arrow_abi::Failure failure;
  const uint32_t none = 1;
  EXPECT_EQ(Api()->part_open(opened.table.get(), 0, &none, 1, &part, &failure),
            arrow_abi::Outcome::kInternal);
  const uint32_t first = 0;
  EXPECT_EQ(Api()->part_open(opened.table.get(), 1, &first, 1, &part, &failure),
            arrow_abi::Outcome::kInternal);
  EXPECT_EQ(part, nullptr);
}

TEST(ArrowPlugin, HoldsRowGroupsAndColumnsToTheirLimits) {
  TestFolder folder;
  const std::string path = WriteTexts(folder, 250, 20);
  arrow_abi::TableLimits limits = kLimits;
  limits.parts_max = 3;
  limits.columns_max = 1;
  EXPECT_EQ(Open(path, limits).outcome, arrow_abi::Outcome::kOk);
  limits.parts_max = 2;
  EXPECT_EQ(Open(path, limits).outcome, arrow_abi::Outcome::kTooLarge);
  limits.parts_max = 3;
  limits.columns_max = 0;
  EXPECT_EQ(Open(path, limits).outcome, arrow_abi::Outcome::kTooLarge);
}

TEST(ArrowPlugin, DecodesInSmallerBatchesWhatDoesNotFit) {
  TestFolder folder;
  // One text that a hundred rows name: 100 KB in the file, 10 MB decoded.
  arrow::StringBuilder builder;
  const std::string text(100'000, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(builder.Append(text).ok());
  auto table =
      arrow::Table::Make(arrow::schema({arrow::field("text", arrow::utf8())}),
                         {*builder.Finish()});
  const std::string path = folder.Path("one.parquet");
  auto out = *arrow::io::FileOutputStream::Open(path);
  ASSERT_TRUE(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 100)
          .ok());
  ASSERT_TRUE(out->Close().ok());
  arrow_abi::TableLimits limits = kLimits;
  limits.decode_bytes_max = uint64_t{4} << 20;
  limits.batch_bytes = uint64_t{64} << 20;
  Opened opened = Open(path, limits);
  EXPECT_EQ(CountRows(opened, 0),
            std::make_pair(int64_t{100}, arrow_abi::Outcome::kOk));
  limits.decode_bytes_max = 50'000;
  opened = Open(path, limits);
  EXPECT_EQ(CountRows(opened, 0).second, arrow_abi::Outcome::kTooLarge);
}

TEST(ArrowPlugin, TellsWhatIsBrokenFromWhatItCannotRead) {
  TestFolder folder;
  const std::string broken = folder.Write("broken.parquet", "PAR1 no more");
  Opened opened = Open(broken, kLimits);
  EXPECT_EQ(opened.outcome, arrow_abi::Outcome::kInvalid);
  EXPECT_NE(opened.failure.message[0], '\0');
  EXPECT_EQ(
      Open(folder.Write("e.parquet", "PARE00000000PARE"), kLimits).outcome,
      arrow_abi::Outcome::kUnsupported);
  EXPECT_EQ(Open(folder.Write("empty.parquet", ""), kLimits).outcome,
            arrow_abi::Outcome::kInvalid);
}

}  // namespace
}  // namespace cofferdam::corpus
