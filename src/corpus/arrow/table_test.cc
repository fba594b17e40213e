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

#include "base/check.h"
#include "corpus/folder_testing.h"
#include "corpus/source.h"
#include "corpus/table_internal.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Message {
  std::optional<std::string> role;
  std::optional<std::string> content;
};

// A row, as Arrow and JSON can both say it.
struct Row {
  std::optional<std::string> text;
  int64_t id = 0;
  std::optional<std::string> language;  // a dictionary's
  std::optional<std::vector<Message>> messages;
  std::optional<std::string> note;  // meta.note, a text only if it is long
  std::optional<double> score;      // meta.label, a claim
  std::vector<std::string> answers;
};

std::shared_ptr<arrow::Schema> SchemaOfRows() {
  using namespace arrow;  // NOLINT
  const auto message =
      struct_({field("role", utf8()), field("content", large_utf8())});
  return schema({field("text", utf8()), field("id", int64()),
                 field("language", dictionary(int8(), utf8())),
                 field("messages", list(message)),
                 field("meta", struct_({field("note", utf8()),
                                        field("label", float64())})),
                 field("embedding", list(float32())),
                 field("answers", large_list(utf8()))});
}

#define OK(expr) CHECK((expr).ok())

void Append(arrow::ArrayBuilder* builder, const std::optional<std::string>& s) {
  if (!s) {
    OK(builder->AppendNull());
  } else if (builder->type()->id() == arrow::Type::LARGE_STRING) {
    OK(static_cast<arrow::LargeStringBuilder*>(builder)->Append(*s));
  } else if (builder->type()->id() == arrow::Type::DICTIONARY) {
    OK(static_cast<arrow::StringDictionaryBuilder*>(builder)->Append(*s));
  } else {
    OK(static_cast<arrow::StringBuilder*>(builder)->Append(*s));
  }
}

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::vector<Row>& rows) {
  auto made = *arrow::RecordBatchBuilder::Make(SchemaOfRows(),
                                               arrow::default_memory_pool());
  for (const Row& row : rows) {
    Append(made->GetField(0), row.text);
    OK(made->GetFieldAs<arrow::Int64Builder>(1)->Append(row.id));
    auto* language = static_cast<arrow::DictionaryBuilder<arrow::StringType>*>(
        made->GetField(2));
    OK(row.language ? language->Append(*row.language) : language->AppendNull());
    auto* messages = made->GetFieldAs<arrow::ListBuilder>(3);
    auto* message =
        static_cast<arrow::StructBuilder*>(messages->value_builder());
    OK(row.messages ? messages->Append() : messages->AppendNull());
    for (const Message& one : row.messages.value_or(std::vector<Message>())) {
      OK(message->Append());
      Append(message->field_builder(0), one.role);
      Append(message->field_builder(1), one.content);
    }
    auto* meta = made->GetFieldAs<arrow::StructBuilder>(4);
    OK(meta->Append());
    Append(meta->field_builder(0), row.note);
    auto* score = static_cast<arrow::DoubleBuilder*>(meta->field_builder(1));
    OK(row.score ? score->Append(*row.score) : score->AppendNull());
    auto* embedding = made->GetFieldAs<arrow::ListBuilder>(5);
    OK(embedding->Append());
    OK(static_cast<arrow::FloatBuilder*>(embedding->value_builder())
           ->Append(0.5F));
    auto* answers = made->GetFieldAs<arrow::LargeListBuilder>(6);
    OK(answers->Append());
    for (const std::string& answer : row.answers)
      Append(answers->value_builder(), answer);
  }
  return *made->Flush();
}

std::string Quote(const std::optional<std::string>& text) {
  if (!text) return "null";
  std::string quoted = "\"";
  for (char c : *text) {
    if (c == '\n')
      quoted += "\\n";
    else if (c == '"' || c == '\\')
      quoted += std::string("\\") + c;
    else
      quoted += c;
  }
  return quoted + "\"";
}

template <typename Items, typename Say>
std::string List(const Items& items, Say say) {
  std::string list;
  for (const auto& item : items)
    list += (list.empty() ? "" : ", ") + std::string(say(item));
  return "[" + list + "]";
}

std::string JsonOf(const std::vector<Row>& rows) {
  std::string lines;
  for (const Row& row : rows) {
    const std::string messages =
        !row.messages ? "null" : List(*row.messages, [](const Message& m) {
          return fmt::format(R"({{"role": {}, "content": {}}})", Quote(m.role),
                             Quote(m.content));
        });
    lines += fmt::format(
        R"({{"text": {}, "id": {}, "language": {}, "messages": {}, )"
        R"("meta": {{"note": {}, "label": {}}}, "embedding": [0.5], )"
        R"("answers": {}}})",
        Quote(row.text), row.id, Quote(row.language), messages, Quote(row.note),
        row.score ? fmt::format("{}", *row.score) : "null",
        List(row.answers, [](const std::string& a) { return Quote(a); }));
    lines += "\n";
  }
  return lines;
}

// Seeded rows with nulls, empty lists, and texts of a byte to 300.
std::vector<Row> RandomRows(uint32_t seed, size_t count) {
  std::mt19937 random(seed);
  auto below = [&](uint32_t n) { return random() % n; };
  auto text = [&](size_t max) -> std::optional<std::string> {
    if (below(6) == 0) return std::nullopt;
    // Nothing that JSON would escape, since a rule counts bytes as written.
    static constexpr std::string_view kLetters = "abc def ghij\xc3\xa9";
    std::string made;
    for (size_t size = below(static_cast<uint32_t>(max)); made.size() < size;) {
      const uint32_t at = below(14);
      made += at < 12 ? std::string(1, kLetters[at]) : "\xc3\xa9";
    }
    return made;
  };
  std::vector<Row> rows(count);
  for (size_t i = 0; i < count; ++i) {
    Row& row = rows[i];
    row.text = text(300);
    row.id = static_cast<int64_t>(i);
    if (below(4) != 0) row.language = below(2) == 0 ? "python" : "go";
    if (below(4) != 0) {
      row.messages.emplace();
      for (uint32_t m = below(4); m > 0; --m)
        row.messages->push_back({text(10), text(200)});
    }
    row.note = text(300);
    if (below(2) == 0) row.score = below(1'000) / 8.0;
    for (uint32_t a = below(3); a > 0; --a)
      row.answers.push_back(text(40).value_or("none"));
  }
  return rows;
}

void WriteParquet(const std::string& path,
                  const std::shared_ptr<arrow::Table>& table, int64_t group) {
  auto out = *arrow::io::FileOutputStream::Open(path);
  auto arrow_properties = parquet::ArrowWriterProperties::Builder();
  OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out,
                                group,
                                parquet::WriterProperties::Builder()
                                    .compression(arrow::Compression::ZSTD)
                                    ->build(),
                                arrow_properties.store_schema()->build()));
  OK(out->Close());
}

enum class Ipc { kFile, kStream };

void WriteIpc(const std::string& path, Ipc kind,
              const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
              std::optional<arrow::Compression::type> codec = std::nullopt) {
  auto out = *arrow::io::FileOutputStream::Open(path);
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.unify_dictionaries = true;
  options.emit_dictionary_deltas = true;
  if (codec) options.codec = *arrow::util::Codec::Create(*codec);
  auto writer =
      kind == Ipc::kFile
          ? *arrow::ipc::MakeFileWriter(out, batches[0]->schema(), options)
          : *arrow::ipc::MakeStreamWriter(out, batches[0]->schema(), options);
  for (const auto& batch : batches) OK(writer->WriteRecordBatch(*batch));
  OK(writer->Close());
  OK(out->Close());
}

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
    auto table = *arrow::Table::FromRecordBatches({batch});
    WriteParquet(Path("rows.parquet"), table, 10);
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
