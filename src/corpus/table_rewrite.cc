#include "corpus/table_rewrite_internal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <utility>

#include "corpus/rewrite_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr size_t kCopyBytes = size_t{256} << 10;

// The edits of one part, in the form that the plugin takes, and what they
// point to.
struct PartChanges {
  std::vector<uint64_t> dropped;
  std::vector<arrow_abi::CellEdit> cells;
  std::deque<std::vector<uint32_t>> steps;
  std::deque<std::string> texts;

  arrow_abi::PartEdits View() const {
    return {dropped.data(), dropped.size(), cells.data(), cells.size()};
  }
};

Result<std::string> Apply(std::string_view text,
                          const std::vector<const Cut*>& cuts, CutStyle style) {
  std::vector<std::pair<size_t, size_t>> pairs;
  for (const Cut* cut : cuts) pairs.emplace_back(cut->begin, cut->end);
  const std::optional<Stretches> stretches =
      StretchesOf(text, std::move(pairs));
  if (!stretches)
    return Error(Code::kConflict,
                 fmt::format("a cut of {} fits no text", cuts[0]->field));
  return CutText(text, *stretches, style);
}

class TableRewriter {
 public:
  TableRewriter(const Table& table, const TableChanges& changes,
                const SourceOptions& options)
      : table_(table),
        changes_(changes),
        options_(options),
        reader_(FieldPatternsOf(options)),
        wanted_(reader_.Wanted(table.columns())) {}

  // The rows of one part, of which `first` is the number of the first.
  Result<PartChanges> Collect(uint64_t part, uint64_t first, uint64_t* rows) {
    PartChanges collected;
    *rows = table_.part(part).rows;
    const auto edits = changes_.edits.lower_bound(first);
    const bool none = edits == changes_.edits.end() ||
                      (*rows > 0 && edits->first >= first + *rows);
    // Parts that say how many rows they have are read only for their texts.
    if (*rows == 0 || !none) TRY(CollectCells(part, first, rows, &collected));
    auto dropped = std::lower_bound(changes_.dropped.begin(),
                                    changes_.dropped.end(), first);
    for (; dropped != changes_.dropped.end() && *dropped < first + *rows;
         ++dropped)
      collected.dropped.push_back(*dropped - first);
    return collected;
  }

 private:
  Status CollectCells(uint64_t part, uint64_t first, uint64_t* rows,
                      PartChanges* collected) {
    *rows = 0;
    TRY_ASSIGN(const PartHandle opened, table_.OpenPart(part, wanted_));
    for (;;) {
      ArrowOwned<ArrowArray> batch;
      arrow_abi::Failure failure;
      const arrow_abi::Outcome outcome =
          table_.api()->part_next(opened.get(), batch.get(), &failure);
      if (outcome != arrow_abi::Outcome::kOk)
        return ArrowError(outcome, failure, fmt::format("part {}", part));
      if (!batch.valid()) return {};
      const auto count = static_cast<uint64_t>(batch->length);
      for (auto edits = changes_.edits.lower_bound(first + *rows);
           edits != changes_.edits.end() &&
           edits->first < first + *rows + count;
           ++edits) {
        TRY(EditRow(*batch, edits->first - first - *rows, edits->first - first,
                    edits->second, collected));
      }
      *rows += count;
    }
  }

  Status EditRow(const ArrowArray& batch, uint64_t row, uint64_t row_of_part,
                 const std::vector<Cut>& edits, PartChanges* collected) {
    Record record;
    if (reader_.Read(table_.columns(), wanted_, batch,
                     static_cast<int64_t>(row),
                     options_.limits.record_bytes_max, &record))
      return Error(Code::kConflict, "a row that changes cannot be read");
    std::map<std::string_view, std::vector<const Cut*>> by_field;
    for (const Cut& edit : edits) by_field[edit.field].push_back(&edit);
    for (size_t i = 0; i < record.fields.size(); ++i) {
      const auto found = by_field.find(record.fields[i].name);
      if (found == by_field.end()) continue;
      TRY_ASSIGN(std::string text,
                 Apply(record.fields[i].text, found->second, changes_.style));
      by_field.erase(found);
      RowReader::Place place = reader_.PlaceOfField(i);
      collected->steps.push_back(std::move(place.steps));
      collected->texts.push_back(std::move(text));
      const std::vector<uint32_t>& steps = collected->steps.back();
      collected->cells.push_back(
          {.row = row_of_part,
           .column = place.column,
           .step_count = static_cast<uint32_t>(steps.size()),
           .steps = steps.data(),
           .text = ArrowText(collected->texts.back())});
    }
    if (!by_field.empty())
      return Error(Code::kConflict, fmt::format("a cut of {}, which is no text",
                                                by_field.begin()->first));
    return {};
  }

  const Table& table_;
  const TableChanges& changes_;
  const SourceOptions& options_;
  RowReader reader_;
  std::vector<uint32_t> wanted_;
};

Status Check(arrow_abi::Outcome outcome, const arrow_abi::Failure& failure,
             const std::string& path) {
  if (outcome == arrow_abi::Outcome::kOk) return {};
  return ArrowError(outcome, failure, "write " + path);
}

}  // namespace

TableChanges TableChangesOf(Edits edits, CutStyle style) {
  TableChanges changes;
  changes.style = style;
  for (const RecordEdit& edit : edits) {
    if (edit.drop)
      changes.dropped.push_back(edit.number);
    else
      changes.edits[edit.number] = edit.cuts;
  }
  return changes;
}

Status RewriteTableWithin(ByteSource* bytes, Edits edits,
                          const RewriteOptions& options,
                          const std::string& spool_folder,
                          const ByteSink& sink) {
  TRY_ASSIGN(std::string table_bytes,
             ReadUpTo(bytes, kTableInMemoryBytesMax + 1));
  if (table_bytes.size() > kTableInMemoryBytesMax)
    return Changed(edits.front());
  TRY_ASSIGN(const std::shared_ptr<const Table> table,
             Table::OpenBytes(std::move(table_bytes)));
  // The plugin makes the file itself, in a folder that nobody else looks into.
  std::string folder =
      (spool_folder.empty() ? "." : spool_folder) + "/.cofferdam-spool-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr)
    return Error::FromErrno(errno, folder);
  const std::string path = folder + "/table";
  Status status = RewriteTable(*table, TableChangesOf(edits, options.style),
                               options.source, nullptr, path);
  FileDescriptor written(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (status.ok() && !written.valid()) status = Error::FromErrno(errno, path);
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
  TRY(status);
  auto source = ReadDescriptor(std::move(written));
  std::string piece(kCopyBytes, '\0');
  for (;;) {
    TRY_ASSIGN(const size_t got, source->Read(piece.data(), piece.size()));
    if (got == 0) return {};
    TRY(sink(std::string_view(piece).substr(0, got)));
  }
}

Status RewriteTable(const Table& table, const TableChanges& changes,
                    const SourceOptions& options,
                    std::shared_ptr<arrow_abi::Store> store,
                    const std::string& path) {
  const arrow_abi::Api* api = table.api();
  arrow_abi::Failure failure;
  arrow_abi::Output* opened = nullptr;
  TRY(Check(api->output_open(store.get(), ArrowText(path), &opened, &failure),
            failure, path));
  const OutputHandle output(opened, {api});
  arrow_abi::Rewrite* begun = nullptr;
  TRY(Check(api->rewrite_open(table.handle(), opened, &begun, &failure),
            failure, path));
  const RewriteHandle rewrite(begun, {api});
  TableRewriter rewriter(table, changes, options);
  uint64_t first = 1;
  for (uint64_t part = 0; part < table.parts(); ++part) {
    uint64_t rows = 0;
    TRY_ASSIGN(const PartChanges collected,
               rewriter.Collect(part, first, &rows));
    const arrow_abi::PartEdits edits = collected.View();
    TRY(Check(api->rewrite_part(begun, part, &edits, &failure), failure, path));
    first += rows;
  }
  TRY(Check(api->rewrite_finish(begun, &failure), failure, path));
  return Check(api->output_finish(opened, &failure), failure, path);
}

}  // namespace cofferdam::corpus
