#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <utility>

#include "account/rollup_internal.h"

namespace cofferdam::account {
namespace {

// "CofA" as a number tells the file from other programs'.
constexpr int64_t kApplicationId = 0x436f6641;
constexpr int64_t kSchemaVersion = 1;

// Everything in it comes from the ledger, so an older schema needs no steps.
std::string SchemaText() {
  std::string names;
  std::string key = "day";
  for (size_t i = 0; i < kNamedDimensions; ++i) {
    const std::string_view name = DimensionName(static_cast<Dimension>(i));
    names += fmt::format("  \"{}\" TEXT NOT NULL,\n", name);
    key += fmt::format(", \"{}\"", name);
  }
  for (const TallyField& field : kTallyFields) {
    names += fmt::format("  {} INTEGER NOT NULL,\n", field.name);
  }
  return fmt::format(
      "CREATE TABLE usage (\n  day INTEGER NOT NULL,\n{}"
      "  PRIMARY KEY ({})\n) STRICT, WITHOUT ROWID;\n"
      "CREATE TABLE state (\n  name TEXT PRIMARY KEY,\n"
      "  value TEXT NOT NULL\n) STRICT, WITHOUT ROWID;\n"
      "CREATE TABLE merged_ahead (\n  sequence INTEGER PRIMARY KEY,\n"
      "  merge INTEGER NOT NULL\n) STRICT;\n"
      "PRAGMA application_id = {}; PRAGMA user_version = {};\n",
      names, key, kApplicationId, kSchemaVersion);
}

// "day, "person", …, exchanges, …" and as many question marks.
struct Columns {
  std::string names = "day";
  std::string marks = "?";
  std::string sums;
  std::string zeros;

  Columns() {
    for (size_t i = 0; i < kNamedDimensions; ++i) {
      names +=
          fmt::format(", \"{}\"", DimensionName(static_cast<Dimension>(i)));
      marks += ", ?";
    }
    for (const TallyField& field : kTallyFields) {
      names += fmt::format(", {}", field.name);
      marks += ", ?";
      sums += fmt::format("{0}{1} = {1} + excluded.{1}",
                          sums.empty() ? "" : ", ", field.name);
      zeros +=
          fmt::format("{}{} = 0", zeros.empty() ? "" : " AND ", field.name);
    }
  }
};

const Columns& AllColumns() {
  static const Columns columns;
  return columns;
}

void RemoveFile(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    unlink((path + suffix).c_str());  // missing is as good
  }
}

enum class Fit { kNew, kOurs, kOutdated };

Result<Fit> Examine(Database& file) {
  TRY_ASSIGN(const int64_t version, file.QueryInt("PRAGMA user_version"));
  TRY_ASSIGN(const int64_t application, file.QueryInt("PRAGMA application_id"));
  TRY_ASSIGN(const int64_t tables,
             file.QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (version == 0 && application == 0 && tables == 0) return Fit::kNew;
  if (application != kApplicationId) {
    return Error(Code::kInvalid,
                 fmt::format("{}: a database of another program; name another "
                             "data folder",
                             file.path()));
  }
  if (version > kSchemaVersion) {
    return Error(Code::kInvalid,
                 fmt::format("{}: written by a newer Cofferdam (schema {}, "
                             "this one knows up to {}); start the newer one",
                             file.path(), version, kSchemaVersion));
  }
  return version == kSchemaVersion ? Fit::kOurs : Fit::kOutdated;
}

Result<Database> OpenWriter(const std::string& path, const std::string& vfs) {
  Database::Options options;
  options.mode = Database::Mode::kCreate;
  // What power loss takes comes from the ledger again.
  options.synchronous = Database::Synchronous::kNormal;
  options.vfs = vfs;
  return Database::Open(path, options);
}

Result<uint64_t> NumberIn(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error(Code::kCorrupt, "account.sqlite: state is no number");
  }
  return number;
}

}  // namespace

Result<RollupTable> RollupTable::Open(const std::string& path,
                                      const std::string& vfs) {
  auto writer = OpenWriter(path, vfs);
  if (!writer.ok() && writer.error().code() == Code::kCorrupt) {
    RemoveFile(path);
    writer = OpenWriter(path, vfs);
  }
  if (!writer.ok()) return std::move(writer).error();
  TRY_ASSIGN(Fit fit, Examine(*writer));
  if (fit == Fit::kOutdated) {
    writer = Error(Code::kInternal, "closed");
    RemoveFile(path);
    writer = OpenWriter(path, vfs);
    if (!writer.ok()) return std::move(writer).error();
    fit = Fit::kNew;
  }
  if (fit == Fit::kNew) {
    TRY_ASSIGN(Transaction transaction, Transaction::Begin(*writer));
    TRY(writer->Execute(SchemaText()));
    TRY(transaction.Commit());
  }
  RollupTable table(*std::move(writer));
  TRY(table.LoadState());
  return table;
}

Status RollupTable::LoadState() {
  TRY_ASSIGN(Statement rows, writer_.Prepare("SELECT name, value FROM state"));
  while (true) {
    TRY_ASSIGN(const bool row, rows.Step());
    if (!row) return {};
    const std::string_view name = rows.Text(0);
    if (name == "sequence") {
      TRY_ASSIGN(state_.sequence, NumberIn(rows.Text(1)));
    } else if (name == "merge") {
      TRY_ASSIGN(state_.merge, NumberIn(rows.Text(1)));
    } else if (name == "exchange_id") {
      state_.exchange_id = rows.Text(1);
    } else if (name == "edition") {
      state_.edition = rows.Text(1);
    }
  }
}

Status RollupTable::PutState(const RollupState& state) {
  TRY_ASSIGN(Statement put,
             writer_.Prepare("INSERT INTO state VALUES (?, ?)"
                             " ON CONFLICT DO UPDATE SET value = "
                             "excluded.value"));
  for (const auto& [name, value] :
       {std::pair("sequence", std::to_string(state.sequence)),
        std::pair("merge", std::to_string(state.merge)),
        std::pair("exchange_id", state.exchange_id),
        std::pair("edition", state.edition)}) {
    TRY(put.BindText(1, name).BindText(2, value).Run());
  }
  return {};
}

Result<uint64_t> RollupTable::MergedAhead(uint64_t sequence) {
  TRY_ASSIGN(
      Statement find,
      writer_.Prepare("SELECT merge FROM merged_ahead WHERE sequence = ?"));
  TRY_ASSIGN(const bool row,
             find.BindInt(1, static_cast<int64_t>(sequence)).Step());
  return row ? static_cast<uint64_t>(find.Int(0)) : 0;
}

Status RollupTable::AddSums(const std::map<RowName, Tally>& sums) {
  const Columns& columns = AllColumns();
  TRY_ASSIGN(Statement add,
             writer_.Prepare(fmt::format(
                 "INSERT INTO usage ({}) VALUES ({}) ON CONFLICT DO UPDATE SET "
                 "{}",
                 columns.names, columns.marks, columns.sums)));
  for (const auto& [name, tally] : sums) {
    int at = 0;
    add.BindInt(++at, int64_t{name.day});
    for (const std::string& value : name.values) add.BindText(++at, value);
    for (const TallyField& field : kTallyFields) {
      add.BindInt(++at, tally.*field.member);
    }
    TRY(add.Run());
  }
  return {};
}

Status RollupTable::Apply(const RollupChange& change) {
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(writer_));
  TRY(AddSums(change.sums));
  if (change.state.merge != state_.merge) {
    // A merge may have taken back all that a row held; and what was ahead of
    // the merges no longer is.
    TRY(writer_.Execute(
        fmt::format("DELETE FROM usage WHERE {}; "
                    "DELETE FROM merged_ahead WHERE merge <= {}",
                    AllColumns().zeros, change.state.merge)));
  }
  if (!change.merged_ahead.empty()) {
    TRY_ASSIGN(Statement put, writer_.Prepare("INSERT OR REPLACE INTO "
                                              "merged_ahead VALUES (?, ?)"));
    for (const auto& [sequence, merge] : change.merged_ahead) {
      TRY(put.BindInt(1, static_cast<int64_t>(sequence))
              .BindInt(2, static_cast<int64_t>(merge))
              .Run());
    }
  }
  TRY(PutState(change.state));
  TRY(transaction.Commit());
  state_ = change.state;
  return {};
}

Status RollupTable::Clear(const std::string& edition) {
  RollupState state;
  state.edition = edition;
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(writer_));
  TRY(writer_.Execute("DELETE FROM usage; DELETE FROM merged_ahead"));
  TRY(PutState(state));
  TRY(transaction.Commit());
  state_ = state;
  return {};
}

Status ReadRollup(
    Database& reader, const RollupRange& range,
    const std::function<void(const RowName&, const Tally&)>& visitor) {
  TRY_ASSIGN(Statement rows,
             reader.Prepare(fmt::format("SELECT {} FROM usage WHERE day >= ? "
                                        "AND day < ? ORDER BY day",
                                        AllColumns().names)));
  rows.BindInt(1, int64_t{range.from_day}).BindInt(2, int64_t{range.end_day});
  RowName name;
  Tally tally;
  while (true) {
    TRY_ASSIGN(const bool row, rows.Step());
    if (!row) return {};
    int at = 0;
    name.day = static_cast<int32_t>(rows.Int(at));
    for (std::string& value : name.values) value = rows.Text(++at);
    for (const TallyField& field : kTallyFields) {
      tally.*field.member = rows.Int(++at);
    }
    visitor(name, tally);
  }
}

}  // namespace cofferdam::account
