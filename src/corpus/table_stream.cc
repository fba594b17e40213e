#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "corpus/table_internal.h"

namespace cofferdam::corpus {
namespace {

std::vector<FieldPattern> Patterns(const SourceOptions& options) {
  std::vector<FieldPattern> patterns;
  for (const std::string& name : options.fields)
    patterns.push_back(FieldPattern::Parse(name).value());
  return patterns;
}

PassedOver PassedOverTable(const std::string& path, const Error& error) {
  PassedOver passed = PassedOverFor(path, error);
  // Beyond what we decode at once; not what a small file unpacks to.
  if (error.code() == Code::kTooLarge) passed.reason = Reason::kTooLarge;
  return passed;
}

// Rows of one part.
class PartBody final : public ChunkBody {
 public:
  PartBody(std::shared_ptr<const Table> table, uint64_t part,
           std::shared_ptr<const FilePlace> place,
           std::shared_ptr<std::atomic<uint64_t>> done)
      : table_(std::move(table)),
        part_(part),
        place_(std::move(place)),
        done_(std::move(done)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    RowReader reader(Patterns(memory->options));
    const std::vector<uint32_t> wanted = reader.Wanted(table_->columns());
    const arrow_abi::PartInfo info = table_->part(part_);
    Reading reading = {memory, on_record,      on_passed, &reader,
                       wanted, info.first_row, 0,         {}};
    std::optional<PassedOver> failure = ReadRows(&reading);
    Flush(&reading);
    if (failure) {
      failure->record = reading.row + 1;
      const uint64_t given = reading.row - info.first_row;
      failure->records = info.rows > given ? info.rows - given : 0;
      on_passed(*failure);
    }
    if (done_ != nullptr) *done_ += info.bytes;
    return {};
  }
  size_t bytes() const override { return sizeof(*this); }

 private:
  struct Reading {
    ReaderMemory* memory;
    const RecordVisitor& on_record;
    const PassedVisitor& on_passed;
    RowReader* reader;
    const std::vector<uint32_t>& wanted;
    uint64_t row;                   // of the file, the next one
    uint64_t text_bytes;            // of the part, and one for each row
    std::optional<PassedOver> run;  // rows that follow each other
  };

  // What of the part cannot be read, from row `reading->row` on.
  std::optional<PassedOver> ReadRows(Reading* reading) const {
    Result<PartHandle> part = table_->OpenPart(part_, reading->wanted);
    if (!part.ok()) return PassedOverTable(place_->path, part.error());
    const uint64_t bytes_max = UnpackedMax(reading->memory->options.limits);
    for (;;) {
      ArrowOwned<ArrowArray> rows;
      arrow_abi::Failure failure;
      const arrow_abi::Outcome outcome =
          table_->api()->part_next(part->get(), rows.get(), &failure);
      if (outcome != arrow_abi::Outcome::kOk)
        return PassedOverTable(place_->path,
                               ArrowError(outcome, failure, "rows"));
      if (!rows.valid()) return std::nullopt;
      for (int64_t i = 0; i < rows->length; ++i) {
        if (!Give(*rows, i, bytes_max, reading))
          return PassedOver{place_->path, Reason::kBomb,
                            fmt::format("more than {} bytes in a part of {}",
                                        bytes_max, table_->part(part_).bytes)};
      }
    }
  }

  // As SourceLimits says it of a file.
  uint64_t UnpackedMax(const SourceLimits& limits) const {
    const uint64_t bytes = table_->part(part_).bytes;
    const uint64_t by_ratio =
        bytes > limits.unpacked_bytes_max / limits.unpacked_ratio_max
            ? limits.unpacked_bytes_max
            : bytes * limits.unpacked_ratio_max;
    return std::max(by_ratio, limits.unpacked_bytes_free);
  }

  // False, and no record, where the part unpacks to more than `bytes_max`.
  bool Give(const ArrowArray& rows, int64_t row, uint64_t bytes_max,
            Reading* reading) const {
    Record record = {.file = place_.get(), .number = reading->row + 1};
    ++reading->text_bytes;
    std::optional<PassedOver> passed = reading->reader->Read(
        table_->columns(), reading->wanted, rows, row,
        reading->memory->options.limits.record_bytes_max, &record);
    for (const Field& field : record.fields) {
      reading->text_bytes += field.text.size();
      reading->memory->bytes_read += field.text.size();
      if (!passed && !IsUtf8(field.text))
        passed = PassedOver{"", Reason::kNotUtf8, ""};
    }
    if (reading->text_bytes > bytes_max) return false;
    ++reading->row;
    if (!passed) {
      Flush(reading);
      reading->on_record(record);
      return true;
    }
    if (reading->run && reading->run->reason == passed->reason) {
      ++reading->run->records;
      return true;
    }
    Flush(reading);
    passed->path = place_->path;
    passed->record = record.number;
    passed->records = 1;
    reading->run = std::move(passed);
    return true;
  }

  static void Flush(Reading* reading) {
    if (reading->run) reading->on_passed(*reading->run);
    reading->run.reset();
  }

  std::shared_ptr<const Table> table_;
  uint64_t part_;
  std::shared_ptr<const FilePlace> place_;
  std::shared_ptr<std::atomic<uint64_t>> done_;
};

class TableStream final : public ChunkStream {
 public:
  TableStream(std::shared_ptr<const Table> table,
              std::shared_ptr<const FilePlace> place,
              std::shared_ptr<std::atomic<uint64_t>> done)
      : table_(std::move(table)),
        place_(std::move(place)),
        done_(std::move(done)) {}

  Result<std::optional<Chunk>> Next() override {
    if (next_ == table_->parts()) return std::optional<Chunk>();
    return std::optional<Chunk>(
        Chunk(std::make_unique<PartBody>(table_, next_++, place_, done_)));
  }

 private:
  std::shared_ptr<const Table> table_;
  std::shared_ptr<const FilePlace> place_;
  std::shared_ptr<std::atomic<uint64_t>> done_;
  uint64_t next_ = 0;
};

class PassedOverStream final : public ChunkStream {
 public:
  explicit PassedOverStream(PassedOver passed) : passed_(std::move(passed)) {}
  Result<std::optional<Chunk>> Next() override {
    if (!passed_) return std::optional<Chunk>();
    Chunk chunk = PassedOverChunk(*std::move(passed_));
    passed_.reset();
    return std::optional<Chunk>(std::move(chunk));
  }

 private:
  std::optional<PassedOver> passed_;
};

std::unique_ptr<ChunkStream> PassOver(PassedOver passed) {
  return std::make_unique<PassedOverStream>(std::move(passed));
}

}  // namespace

bool IsTableName(std::string_view lower_case_name) {
  return lower_case_name.ends_with(".parquet") ||
         lower_case_name.ends_with(".arrow") ||
         lower_case_name.ends_with(".arrows") ||
         lower_case_name.ends_with(".feather") ||
         lower_case_name.ends_with(".ipc");
}

std::unique_ptr<ChunkStream> StreamTable(
    std::shared_ptr<const Table> table, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared,
    std::shared_ptr<std::atomic<uint64_t>> done) {
  const RowReader reader(Patterns(shared->options));
  if (reader.Wanted(table->columns()).empty())
    return PassOver({place->path, Reason::kBinary, "no column of texts"});
  return std::make_unique<TableStream>(std::move(table), std::move(place),
                                       std::move(done));
}

std::unique_ptr<ChunkStream> UnpackTableFile(
    FileDescriptor file, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared,
    std::shared_ptr<std::atomic<uint64_t>> done) {
  Result<std::shared_ptr<const Table>> table = Table::OpenFile(std::move(file));
  if (!table.ok()) return PassOver(PassedOverTable(place->path, table.error()));
  return StreamTable(*std::move(table), std::move(place), std::move(shared),
                     std::move(done));
}

std::unique_ptr<ChunkStream> UnpackTable(
    ByteSource* bytes, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared) {
  constexpr size_t kStepBytes = size_t{1} << 20;
  std::string text;
  for (;;) {
    const size_t have = text.size();
    text.resize(have + std::max(kStepBytes, have / 2));
    Result<size_t> got =
        ReadFully(bytes, text.data() + have, text.size() - have);
    if (!got.ok()) return PassOver(PassedOverFor(place->path, got.error()));
    const bool ended = *got < text.size() - have;
    text.resize(have + *got);
    if (text.size() > kTableInMemoryBytesMax)
      return PassOver({place->path, Reason::kTooLarge,
                       fmt::format("a table of more than {} bytes within "
                                   "another file",
                                   kTableInMemoryBytesMax)});
    if (ended) break;
  }
  Result<std::shared_ptr<const Table>> table =
      Table::OpenBytes(std::move(text));
  if (!table.ok()) return PassOver(PassedOverTable(place->path, table.error()));
  return StreamTable(*std::move(table), std::move(place), std::move(shared),
                     nullptr);
}

}  // namespace cofferdam::corpus
