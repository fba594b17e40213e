#pragma once

#include <arrow/api.h>
#include <arrow/util/compression.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"

namespace cofferdam::corpus {

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

// Seeded rows with nulls, empty lists, and texts of a byte to 300.
std::vector<Row> RandomRows(uint32_t seed, size_t count);

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::vector<Row>& rows);
std::shared_ptr<arrow::Table> TableOf(const std::vector<Row>& rows);

// A line of JSON for each row.
std::string JsonOf(const std::vector<Row>& rows);
// The same of a table with the columns of BatchOf.
std::string JsonOfTable(const arrow::Table& table);

// Row groups of `group` rows, compressed with zstd.
void WriteParquet(const std::string& path,
                  const std::shared_ptr<arrow::Table>& table, int64_t group);

enum class Ipc { kFile, kStream };
void WriteIpc(const std::string& path, Ipc kind,
              const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
              std::optional<arrow::Compression::type> codec = std::nullopt);

}  // namespace cofferdam::corpus
