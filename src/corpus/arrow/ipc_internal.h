#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>
#include <arrow/util/compression.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "corpus/arrow/plugin_internal.h"

namespace cofferdam::corpus::arrow_abi {

// Where the messages of an Arrow stream stand, without their bodies.
struct Messages {
  struct Batch {
    int64_t offset = 0;
    int64_t bytes = 0;
    int64_t rows = 0;
  };
  std::vector<Batch> batches;
  bool dictionaries = false;
  // Where a message begins of which the file holds a part only.
  std::optional<int64_t> cut;
  // Of the first batch's body.
  std::optional<arrow::Compression::type> codec;
};

// Reads the messages from `begin` on until the stream's end or the file's. What
// lies beyond the file ends the list: reading `cut` says what is wrong.
arrow::Result<Messages> FindMessages(const File& file, int64_t begin,
                                     const TableLimits& limits);

// An Arrow file or stream, whose batches are its parts. A stream with
// dictionaries, and what is read from a store, is one part: its batches build
// on each other, or each would cost requests to find.
struct IpcTable : Table {
  arrow::Result<std::unique_ptr<Part>> OpenPart(
      uint64_t part, const std::vector<int>& columns) override;
  arrow::Result<std::unique_ptr<Rewrite>> OpenRewrite(Output* output) override;

  File file;
  Messages messages;
  bool whole = false;
};

// A part that also gives what a batch carries beside its rows.
struct IpcPart : Part {
  using Part::Part;
  std::shared_ptr<arrow::KeyValueMetadata> metadata;
};

}  // namespace cofferdam::corpus::arrow_abi
