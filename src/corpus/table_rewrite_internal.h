#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/rewrite.h"
#include "corpus/rewrite_internal.h"
#include "corpus/table_internal.h"

namespace cofferdam::corpus {

// What changes in one table; rows that are not named stay as they are.
struct TableChanges {
  // By the number of the record (from 1). A row that is dropped has no edits.
  std::map<uint64_t, std::vector<Cut>> edits;
  CutStyle style = CutStyle::kExcise;
  std::vector<uint64_t> dropped;  // ascending

  bool empty() const { return edits.empty() && dropped.empty(); }
};
// Of one table's edits, by rising number.
TableChanges TableChangesOf(Edits edits, CutStyle style);

// Writes `table` with `changes` to a new file at `path` (an object of `store`
// where that is not null). Its schema, its key-value metadata, and for each
// column its codec and whether it has dictionaries and statistics stay; row
// groups and batches keep their rows, less those that go; one that loses all is
// gone. Values that do not change are equal, though their bytes need not be:
// pages are compressed anew. A table without changes is to be copied instead.
// kInvalid where its schema cannot be written as it is, and nothing is left at
// `path`; kConflict for a cut that fits no text. The options are those that
// the table's records were read with.
Status RewriteTable(const Table& table, const TableChanges& changes,
                    const SourceOptions& options,
                    std::shared_ptr<arrow_abi::Store> store,
                    const std::string& path);

// The same of a table within another file, whose bytes are `bytes`: it is read
// into memory, written to a file in `spool_folder`, and copied to `sink`.
Status RewriteTableWithin(ByteSource* bytes, Edits edits,
                          const RewriteOptions& options,
                          const std::string& spool_folder,
                          const ByteSink& sink);

}  // namespace cofferdam::corpus
