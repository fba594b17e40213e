// What is read from Parquet and Arrow files, against the JSON that says the
// same, read by the reader of JSON lines.

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "corpus/arrow/rows_testing_internal.h"
#include "corpus/folder_testing.h"
#include "corpus/source.h"
#include "corpus/table_internal.h"

namespace cofferdam::corpus {
namespace {

#define OK(expr) CHECK((expr).ok())

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Seen {
  std::vector<std::string> records;
  std::vector<std::string> passed;
  size_t chunks = 0;
};

Seen ReadAll(const std::string& path, const SourceOptions& options = {}) {
  auto source = OpenSource({path}, options);
  CHECK(source.ok());
  Seen seen;
  ChunkReader reader(options);
  for (;;) {
    auto chunk = (*source)->Next();
    CHECK(chunk.ok());
    if (!chunk->has_value()) return seen;
    ++seen.chunks;
    const Status read = reader.Read(
        **chunk,
        [&](const Record& record) {
          std::string said =
              fmt::format("{} {} {}:", record.number, record.path_hint,
                          record.language_hint);
          for (const Field& field : record.fields)
            said += fmt::format(" {}={}", field.name, field.text);
          for (const Claim& claim : record.claims)
            said += fmt::format(" ({}={})", claim.name, claim.value);
          seen.records.push_back(std::move(said));
        },
        [&](const PassedOver& passed) {
          seen.passed.push_back(
              fmt::format("{} {}+{} {}", ReasonName(passed.reason),
                          passed.record, passed.records, passed.detail));
        });
    CHECK(read.ok());
  }
}

class TableTest : public testing::Test {
 protected:
  std::string Path(const char* name) { return folder_.Path(name); }

  TestFolder folder_;
};

TEST_F(TableTest, GivesTheRecordsThatJsonLinesOfTheSameRowsGive) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const std::vector<Row> rows = RandomRows(seed, 57);
    const Seen wanted = ReadAll(folder_.Write("rows.jsonl", JsonOf(rows)));
    ASSERT_THAT(wanted.records, SizeIs(57));
    auto batch = BatchOf(rows);
    WriteParquet(Path("rows.parquet"), TableOf(rows), 10);
    WriteIpc(Path("rows.arrow"), Ipc::kFile,
             {batch->Slice(0, 30), batch->Slice(30)});
    WriteIpc(Path("rows.arrows"), Ipc::kStream,
             {batch->Slice(0, 30), batch->Slice(30)}, arrow::Compression::ZSTD);
    for (const char* name : {"rows.parquet", "rows.arrow", "rows.arrows"}) {
      const Seen seen = ReadAll(Path(name));
      EXPECT_EQ(seen.records, wanted.records) << name << " seed " << seed;
      EXPECT_THAT(seen.passed, IsEmpty());
    }
  }
}

TEST_F(TableTest, TakesOnlyTheFieldsThatAreNamed) {
  const std::vector<Row> rows = RandomRows(1, 40);
  SourceOptions options;
  options.fields = {"messages[].content", "meta.note"};
  const Seen wanted =
      ReadAll(folder_.Write("rows.jsonl", JsonOf(rows)), options);
  WriteParquet(Path("rows.parquet"),
               *arrow::Table::FromRecordBatches({BatchOf(rows)}), 10);
  EXPECT_EQ(ReadAll(Path("rows.parquet"), options).records, wanted.records);
}

std::shared_ptr<arrow::RecordBatch> Texts(
    const std::shared_ptr<arrow::DataType>& type,
    const std::vector<std::string>& texts, const std::string& name = "text") {
  auto builder = *arrow::MakeBuilder(type);
  for (const std::string& text : texts) {
    if (type->id() == arrow::Type::STRING_VIEW)
      OK(static_cast<arrow::StringViewBuilder&>(*builder).Append(text));
    else
      OK(static_cast<arrow::BinaryBuilder&>(*builder).Append(text));
  }
  return arrow::RecordBatch::Make(arrow::schema({arrow::field(name, type)}),
                                  static_cast<int64_t>(texts.size()),
                                  {*builder->Finish()});
}

TEST_F(TableTest, ReadsTextsOfViewsAndBytesUnderATextsName) {
  const std::vector<std::string> texts = {"short", std::string(50, 'x'), "",
                                          "exactly 12 b", "a byte more !"};
  for (const auto& type : {arrow::utf8_view(), arrow::binary()}) {
    WriteIpc(Path("t.arrow"), Ipc::kFile, {Texts(type, texts)});
    EXPECT_THAT(ReadAll(Path("t.arrow")).records,
                ElementsAre("1  : text=short", "2  : text=" + texts[1],
                            "3  :", "4  : text=exactly 12 b",
                            "5  : text=a byte more !"));
  }
  WriteIpc(Path("t.arrow"), Ipc::kFile,
           {Texts(arrow::binary(), {std::string(200, ' ')}, "image")});
  EXPECT_THAT(ReadAll(Path("t.arrow")).passed,
              ElementsAre(HasSubstr("no column of texts")));
}

TEST_F(TableTest, SaysTimesAsIsoDates) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MILLI),
                                  arrow::default_memory_pool());
  OK(builder.Append(1'700'000'000'999));
  OK(builder.Append(-1));
  arrow::Date32Builder date;
  OK(date.Append(19'782));
  OK(date.Append(-1));
  auto batch = arrow::RecordBatch::Make(
      arrow::schema(
          {arrow::field("created_at", arrow::timestamp(arrow::TimeUnit::MILLI)),
           arrow::field("date", arrow::date32())}),
      2, {*builder.Finish(), *date.Finish()});
  WriteIpc(Path("t.arrow"), Ipc::kFile, {batch});
  EXPECT_THAT(ReadAll(Path("t.arrow")).records,
              ElementsAre("1  : (created_at=2023-11-14T22:13:20Z) "
                          "(date=2024-02-29)",
                          "2  : (created_at=1969-12-31T23:59:59Z) "
                          "(date=1969-12-31)"));
}

TEST_F(TableTest, PassesOverRowsThatAreNoUtf8OrTooLarge) {
  std::vector<std::string> texts = {"good", "\xff", "\xfe", "1234567", "good"};
  WriteIpc(Path("t.arrow"), Ipc::kFile, {Texts(arrow::utf8(), texts)});
  SourceOptions options;
  options.limits.record_bytes_max = 7;
  Seen seen = ReadAll(Path("t.arrow"), options);
  EXPECT_THAT(seen.records, SizeIs(3));
  EXPECT_THAT(seen.passed, ElementsAre("not_utf8 2+2 "));
  options.limits.record_bytes_max = 6;
  seen = ReadAll(Path("t.arrow"), options);
  EXPECT_THAT(seen.passed,
              ElementsAre("not_utf8 2+2 ", HasSubstr("too_large 4+1 ")));
}

TEST_F(TableTest, PassesOverTheRestOfAPartThatUnpacksToTooMuch) {
  std::vector<std::string> texts(1'000, std::string(10'000, 'x'));
  WriteParquet(Path("t.parquet"),
               *arrow::Table::FromRecordBatches({Texts(arrow::utf8(), texts)}),
               500);
  SourceOptions options;
  options.limits.unpacked_ratio_max = 2;
  // 500 rows of 10,000 bytes, and one for each row.
  options.limits.unpacked_bytes_free = 5'000'500;
  EXPECT_THAT(ReadAll(Path("t.parquet"), options).records, SizeIs(1'000));
  --options.limits.unpacked_bytes_free;
  const Seen seen = ReadAll(Path("t.parquet"), options);
  EXPECT_THAT(seen.passed,
              ElementsAre(HasSubstr("bomb 500+1"), HasSubstr("bomb 1000+1")));
}

TEST_F(TableTest, PassesOverBrokenFilesAndKeepsWhatCameBefore) {
  const std::vector<Row> rows = RandomRows(3, 50);
  WriteParquet(Path("t.parquet"),
               *arrow::Table::FromRecordBatches({BatchOf(rows)}), 10);
  std::string bytes;
  {
    auto file = *arrow::io::ReadableFile::Open(Path("t.parquet"));
    bytes = (*file->Read(*file->GetSize()))->ToString();
  }
  // Cut off: no footer.
  folder_.Write("t.parquet", bytes.substr(0, bytes.size() / 2));
  Seen seen = ReadAll(Path("t.parquet"));
  EXPECT_THAT(seen.records, IsEmpty());
  EXPECT_THAT(seen.passed, ElementsAre(HasSubstr("broken")));
  folder_.Write("t.arrow", "no table at all");
  EXPECT_THAT(ReadAll(Path("t.arrow")).passed, SizeIs(1));
  folder_.Write("t.parquet", "");
  EXPECT_THAT(ReadAll(Path("t.parquet")).passed, SizeIs(1));
}

TEST_F(TableTest, SurvivesAnyByteThatIsWrong) {
  const std::vector<Row> rows = RandomRows(4, 20);
  auto batch = BatchOf(rows);
  WriteParquet(Path("t.parquet"), *arrow::Table::FromRecordBatches({batch}),
               10);
  WriteIpc(Path("t.arrow"), Ipc::kFile, {batch});
  WriteIpc(Path("t.arrows"), Ipc::kStream, {batch});
  std::mt19937 random(5);
  for (const char* name : {"t.parquet", "t.arrow", "t.arrows"}) {
    auto file = *arrow::io::ReadableFile::Open(Path(name));
    const std::string good = (*file->Read(*file->GetSize()))->ToString();
    const std::string broken =
        "x" + std::string(name).substr(1);  // the same ending
    for (int i = 0; i < 300; ++i) {
      std::string bytes = good;
      for (int change = 0; change <= i % 3; ++change)
        bytes[random() % bytes.size()] = static_cast<char>(random());
      folder_.Write(broken, bytes);
      // Whatever comes of it, it comes to an end and gives no more rows.
      const Seen seen = ReadAll(Path(broken.c_str()));
      EXPECT_LE(seen.records.size(), 20u + 20u);
    }
  }
}

TEST_F(TableTest, ReadsATableWithinTheLimitOfMemoryFromAStream) {
  class Bytes final : public ByteSource {
   public:
    explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
    Result<size_t> Read(char* into, size_t bytes_max) override {
      const size_t size = std::min(bytes_max, bytes_.size() - at_);
      bytes_.copy(into, size, at_);
      at_ += size;
      return size;
    }
    uint64_t bytes_taken() const override { return at_; }

   private:
    std::string bytes_;
    size_t at_ = 0;
  };
  WriteIpc(Path("t.arrow"), Ipc::kFile, {Texts(arrow::utf8(), {"one", "two"})});
  auto file = *arrow::io::ReadableFile::Open(Path("t.arrow"));
  auto source = OpenStream(
      std::make_unique<Bytes>((*file->Read(*file->GetSize()))->ToString()),
      "in.arrow", 0, {});
  ChunkReader reader({});
  auto chunk = source->Next();
  ASSERT_TRUE(chunk.ok() && chunk->has_value());
  size_t records = 0;
  ASSERT_TRUE(reader
                  .Read(
                      **chunk, [&](const Record&) { ++records; },
                      [](const PassedOver&) {})
                  .ok());
  EXPECT_EQ(records, 2u);
}

TEST_F(TableTest, SplitsAFileIntoItsRowGroups) {
  const std::vector<Row> rows = RandomRows(6, 100);
  auto table = *arrow::Table::FromRecordBatches({BatchOf(rows)});
  WriteParquet(Path("t.parquet"), table, 30);
  auto opened = Table::OpenFile(
      FileDescriptor(::open(Path("t.parquet").c_str(), O_RDONLY)));
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ((*opened)->parts(), 4u);
  EXPECT_EQ((*opened)->part(3).first_row, 90u);
  EXPECT_EQ((*opened)->part(3).rows, 10u);
}

}  // namespace
}  // namespace cofferdam::corpus
