#include "corpus/arrow/rows_testing_internal.h"

#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include <random>
#include <string_view>

namespace cofferdam::corpus {
namespace {

std::shared_ptr<arrow::Schema> SchemaOfRows() {
  using arrow::dictionary, arrow::field, arrow::float32, arrow::float64,
      arrow::int64, arrow::int8, arrow::large_list, arrow::large_utf8,
      arrow::list, arrow::schema, arrow::struct_, arrow::utf8;
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

}  // namespace

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

std::shared_ptr<arrow::Table> TableOf(const std::vector<Row>& rows) {
  return *arrow::Table::FromRecordBatches({BatchOf(rows)});
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

void WriteIpc(const std::string& path, Ipc kind,
              const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
              std::optional<arrow::Compression::type> codec) {
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

std::string JsonOfTable(const arrow::Table& table) {
  std::vector<Row> rows;
  auto combined = *table.CombineChunksToBatch();
  const auto text_at = [](const arrow::Array& array,
                          int64_t i) -> std::optional<std::string> {
    if (array.IsNull(i)) return std::nullopt;
    return (*array.GetScalar(i))->ToString();
  };
  const auto& messages =
      static_cast<const arrow::ListArray&>(*combined->column(3));
  const auto& message =
      static_cast<const arrow::StructArray&>(*messages.values());
  const auto& meta =
      static_cast<const arrow::StructArray&>(*combined->column(4));
  const auto& answers =
      static_cast<const arrow::LargeListArray&>(*combined->column(6));
  const auto& languages =
      static_cast<const arrow::DictionaryArray&>(*combined->column(2));
  for (int64_t i = 0; i < combined->num_rows(); ++i) {
    Row row;
    row.text = text_at(*combined->column(0), i);
    row.id =
        static_cast<const arrow::Int64Array&>(*combined->column(1)).Value(i);
    if (!languages.IsNull(i))
      row.language =
          text_at(*languages.dictionary(), languages.GetValueIndex(i));
    if (!messages.IsNull(i)) {
      row.messages.emplace();
      for (int64_t m = messages.value_offset(i);
           m < messages.value_offset(i + 1); ++m)
        row.messages->push_back(
            {text_at(*message.field(0), m), text_at(*message.field(1), m)});
    }
    row.note = text_at(*meta.field(0), i);
    const auto& score = static_cast<const arrow::DoubleArray&>(*meta.field(1));
    if (!score.IsNull(i)) row.score = score.Value(i);
    for (int64_t a = answers.value_offset(i); a < answers.value_offset(i + 1);
         ++a)
      row.answers.push_back(*text_at(*answers.values(), a));
    rows.push_back(std::move(row));
  }
  return JsonOf(rows);
}

}  // namespace cofferdam::corpus
