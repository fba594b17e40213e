// Tables written anew, read back with Arrow itself and held against what the
// same changes make of the rows in memory.

#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "corpus/arrow/rows_testing_internal.h"
#include "corpus/folder_testing.h"
#include "corpus/rewrite_internal.h"
#include "corpus/table_rewrite_internal.h"

namespace cofferdam::corpus {
namespace {

using testing::HasSubstr;

std::shared_ptr<const Table> OpenAt(const std::string& path) {
  auto opened = Table::OpenFile(FileDescriptor(::open(path.c_str(), O_RDONLY)));
  CHECK(opened.ok());
  return *opened;
}

std::shared_ptr<arrow::Table> ReadParquet(const std::string& path) {
  auto file = *arrow::io::ReadableFile::Open(path);
  auto reader = *parquet::arrow::OpenFile(file, arrow::default_memory_pool());
  return *reader->ReadTable();
}

std::shared_ptr<arrow::Table> ReadIpc(const std::string& path, Ipc kind) {
  auto file = *arrow::io::ReadableFile::Open(path);
  if (kind == Ipc::kFile)
    return *(*arrow::ipc::RecordBatchFileReader::Open(file))->ToTable();
  return *(*arrow::ipc::RecordBatchStreamReader::Open(file))->ToTable();
}

// The text of `row` that a field's name means.
std::string* TextOf(Row* row, std::string_view field) {
  size_t index = 0;
  if (const size_t open = field.find('['); open != std::string_view::npos)
    index = static_cast<size_t>(field[open + 1] - '0');
  if (field == "text") return &*row->text;
  if (field == "meta.note") return &*row->note;
  if (field.starts_with("answers")) return &row->answers[index];
  return &*(*row->messages)[index].content;
}

// Where the character at `at` begins.
uint64_t BeginOf(std::string_view text, uint64_t at) {
  while (at < text.size() && (text[at] & 0xc0) == 0x80) --at;
  return at;
}

// Seeded changes to the records of `path`, made to `rows`, too.
TableChanges ChangeSome(const std::string& path, uint32_t seed,
                        std::vector<Row>* rows) {
  std::mt19937 random(seed);
  TableChanges changes;
  changes.style = seed % 2 == 0 ? CutStyle::kExcise : CutStyle::kMask;
  ChunkReader reader({});
  auto source = OpenSource({path}, {});
  CHECK(source.ok());
  std::vector<bool> goes(rows->size(), false);
  const auto change = [&](const Record& record) {
    Row* row = &(*rows)[record.number - 1];
    // A whole group, too.
    if (random() % 5 == 0 || (record.number > 10 && record.number <= 20)) {
      changes.dropped.push_back(record.number);
      goes[record.number - 1] = true;
      return;
    }
    for (const Field& field : record.fields) {
      if (random() % 3 != 0) continue;
      const uint64_t size = field.text.size();
      const uint64_t begin = BeginOf(field.text, random() % (size + 1));
      const uint64_t end =
          BeginOf(field.text, begin + random() % (size + 1 - begin));
      const std::string replacement =
          changes.style == CutStyle::kExcise
              ? ""
              : Masked(field.text.substr(begin, end - begin));
      changes.edits[record.number].push_back(
          {std::string(field.name), begin, end});
      TextOf(row, field.name)->replace(begin, end - begin, replacement);
    }
  };
  for (;;) {
    auto chunk = (*source)->Next();
    CHECK(chunk.ok());
    if (!chunk->has_value()) break;
    CHECK(reader.Read(**chunk, change, [](const PassedOver&) {}).ok());
  }
  std::vector<Row> kept;
  for (size_t i = 0; i < rows->size(); ++i) {
    if (!goes[i]) kept.push_back((*rows)[i]);
  }
  *rows = std::move(kept);
  return changes;
}

class RewriteTest : public testing::Test {
 protected:
  std::string Path(const char* name) { return folder_.Path(name); }

  TestFolder folder_;
};

TEST_F(RewriteTest, ChangesTheRowsOfAParquetFileAndNothingElse) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    std::vector<Row> rows = RandomRows(seed, 57);
    WriteParquet(Path("in.parquet"), TableOf(rows), 10);
    const TableChanges changes = ChangeSome(Path("in.parquet"), seed, &rows);
    const Status done = RewriteTable(*OpenAt(Path("in.parquet")), changes, {},
                                     nullptr, Path("out.parquet"));
    ASSERT_TRUE(done.ok()) << done.error().message();
    const auto seen = ReadParquet(Path("out.parquet"));
    ASSERT_TRUE(seen->ValidateFull().ok());
    EXPECT_TRUE(seen->schema()->Equals(
        *ReadParquet(Path("in.parquet"))->schema(), /*check_metadata=*/true));
    EXPECT_EQ(JsonOf(rows), JsonOfTable(*seen)) << "seed " << seed;
  }
}

TEST_F(RewriteTest, ChangesTheRowsOfArrowFilesAndStreams) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    for (const Ipc kind : {Ipc::kFile, Ipc::kStream}) {
      std::vector<Row> rows = RandomRows(seed, 57);
      const auto batch = BatchOf(rows);
      WriteIpc(Path("in.arrow"), kind,
               {batch->Slice(0, 10), batch->Slice(10, 10), batch->Slice(20)},
               seed % 2 == 0 ? std::optional(arrow::Compression::ZSTD)
                             : std::nullopt);
      const TableChanges changes = ChangeSome(Path("in.arrow"), seed, &rows);
      const Status done = RewriteTable(*OpenAt(Path("in.arrow")), changes, {},
                                       nullptr, Path("out.arrow"));
      ASSERT_TRUE(done.ok()) << done.error().message();
      const auto seen = ReadIpc(Path("out.arrow"), kind);
      ASSERT_TRUE(seen->ValidateFull().ok());
      EXPECT_EQ(JsonOf(rows), JsonOfTable(*seen)) << "seed " << seed;
    }
  }
}

TEST_F(RewriteTest, KeepsCodecsMetadataAndRowGroupsOfAParquetFile) {
  const std::vector<Row> rows = RandomRows(1, 57);
  WriteParquet(Path("in.parquet"), TableOf(rows), 10);
  TableChanges changes;
  changes.dropped = {1, 2, 11};
  for (uint64_t row = 21; row <= 30; ++row) changes.dropped.push_back(row);
  ASSERT_TRUE(RewriteTable(*OpenAt(Path("in.parquet")), changes, {}, nullptr,
                           Path("out.parquet"))
                  .ok());
  const auto in =
      parquet::ParquetFileReader::OpenFile(Path("in.parquet"))->metadata();
  const auto out =
      parquet::ParquetFileReader::OpenFile(Path("out.parquet"))->metadata();
  EXPECT_TRUE(out->schema()->Equals(*in->schema()));
  EXPECT_TRUE(out->key_value_metadata()->Equals(*in->key_value_metadata()));
  ASSERT_EQ(out->num_row_groups(), 5);
  const int64_t rows_kept[] = {8, 9, 10, 10, 7};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(out->RowGroup(i)->num_rows(), rows_kept[i]);
    for (int c = 0; c < out->num_columns(); ++c) {
      const auto from = in->RowGroup(i)->ColumnChunk(c);
      const auto to = out->RowGroup(i)->ColumnChunk(c);
      EXPECT_EQ(to->compression(), from->compression());
      EXPECT_EQ(to->has_dictionary_page(), from->has_dictionary_page());
      EXPECT_EQ(to->is_stats_set(), from->is_stats_set());
    }
  }
}

TEST_F(RewriteTest, LeavesNothingWhereAnEditFitsNoText) {
  const std::vector<Row> rows = RandomRows(1, 20);
  WriteParquet(Path("in.parquet"), TableOf(rows), 10);
  for (const Cut& edit : {Cut{"none", 0, 1}, Cut{"text", 0, 10'000}}) {
    TableChanges changes;
    for (uint64_t row = 1; row <= 20; ++row) changes.edits[row] = {edit};
    const Status done = RewriteTable(*OpenAt(Path("in.parquet")), changes, {},
                                     nullptr, Path("out.parquet"));
    ASSERT_FALSE(done.ok());
    EXPECT_THAT(done.error().message(), HasSubstr("a cut of " + edit.field));
    EXPECT_FALSE(std::filesystem::exists(Path("out.parquet")));
    EXPECT_FALSE(std::filesystem::exists(Path("out.parquet.unfinished")));
  }
}

TEST_F(RewriteTest, IsPartOfWritingACorpusAgain) {
  std::vector<Row> rows = RandomRows(2, 57);
  const std::string in = folder_.MakeFolder("in") + "/rows.parquet";
  WriteParquet(in, TableOf(rows), 10);
  const TableChanges changes = ChangeSome(in, 2, &rows);
  std::vector<RecordEdit> edits;
  for (const auto& [number, cuts] : changes.edits)
    edits.push_back({.path = in, .outer = in, .number = number, .cuts = cuts});
  for (const uint64_t number : changes.dropped)
    edits.push_back({.path = in, .outer = in, .number = number, .drop = true});
  const auto counts = Rewrite({folder_.Path("in")}, folder_.Path("out"), edits,
                              {.style = changes.style});
  ASSERT_TRUE(counts.ok()) << counts.error().message();
  EXPECT_EQ(counts->files_changed, 1u);
  EXPECT_EQ(counts->records_dropped, changes.dropped.size());
  EXPECT_EQ(JsonOf(rows), JsonOfTable(*ReadParquet(Path("out/rows.parquet"))));
  // Without an edit it is the file itself.
  ASSERT_TRUE(Rewrite({folder_.Path("in")}, folder_.Path("same"), {}, {}).ok());
  EXPECT_EQ(*ReadFile(in, 1 << 20),
            *ReadFile(Path("same/rows.parquet"), 1 << 20));
}

}  // namespace
}  // namespace cofferdam::corpus
