#pragma once

#include <cstdint>

// The boundary between this program and libcofferdam_arrow.so, which alone
// contains Arrow C++ (docs/decisions/arrow.md). Both sides are built from this
// file; the number says so at run time. Only plain data and functions of C
// cross it: nothing throws, nothing is freed on the other side, and every
// string is copied or borrowed for the length of one call.

// Arrow's C data interface, as its specification asks to copy it
// (https://arrow.apache.org/docs/format/CDataInterface.html). Who fills one in
// sets `release`; who is done calls it.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

namespace cofferdam::corpus::arrow_abi {

// Raised with every change of this file.
inline constexpr uint32_t kVersion = 1;
inline constexpr char kEntryPoint[] = "cofferdam_arrow_api";

enum class Outcome : int32_t {
  kOk = 0,
  kInvalid,      // the bytes are not what they say they are
  kTooLarge,     // a limit of TableLimits
  kUnsupported,  // well formed, but beyond us: encrypted, say
  kNotFound,
  kUnavailable,  // the disk or the network failed
  kInternal,
};

struct Failure {
  char message[512];  // ends with a NUL; bytes of others stay in it
};

// A text that is not NUL-terminated.
struct Text {
  const char* data;
  uint64_t bytes;
};

// Where objects are stored: one server of S3, with its credentials.
struct Store;
// Bytes that can be read from any place: a local file, an object, memory. Any
// thread may read.
struct File;
// Bytes that are written once, from the front: a local file or an object.
struct Output;
// A Parquet file or an Arrow file or stream, its schema read. Any thread may
// open its parts.
struct Table;
// One row group or record batch being read, by one thread.
struct Part;
// A new table being written as another one is laid out, by one thread.
struct Rewrite;

struct Object {
  Text name;  // below the bucket
  uint64_t bytes;
};

enum class Format : int32_t { kParquet, kArrowFile, kArrowStream };

struct TableLimits {
  // Memory that one part may take at a time while it is read.
  uint64_t decode_bytes_max;
  // Memory that the footer and the schema may take.
  uint64_t metadata_bytes_max;
  // Of the rows that one Next gives, unless a single row is larger.
  uint64_t batch_bytes;
  uint64_t parts_max;
  uint64_t columns_max;
};

struct TableInfo {
  Format format;
  uint64_t parts;
};

struct PartInfo {
  uint64_t first_row;
  uint64_t rows;
  uint64_t bytes;  // about, in the file
};

// A new value for one text of one row.
struct CellEdit {
  uint64_t row;     // within the part
  uint32_t column;  // of the table's schema
  uint32_t step_count;
  // The way from the row's value to the text: an element of a list, a member
  // of a struct, as their types follow each other.
  const uint32_t* steps;
  Text text;
};

// What becomes of one part: rows in ascending order, edits by row.
struct PartEdits {
  const uint64_t* dropped;
  uint64_t dropped_count;
  const CellEdit* edits;
  uint64_t edit_count;
};

// Returns false to stop.
using OnObject = bool (*)(void* context, const Object* object);

struct Api {
  uint32_t version;
  uint32_t bytes;  // sizeof(Api)
  const char* arrow_version;

  // `endpoint`: as AWS_ENDPOINT_URL says it, "http://127.0.0.1:1234"; empty for
  // Amazon's own. Credentials and region are found as AWS's tools find them.
  Outcome (*store_open)(Text bucket, Text endpoint, Store** store,
                        Failure* failure);
  void (*store_close)(Store* store);
  // Objects at or below `prefix` in byte order of their names.
  Outcome (*store_list)(Store* store, Text prefix, OnObject on_object,
                        void* context, Failure* failure);

  // An object of `store`.
  Outcome (*file_open)(Store* store, Text name, File** file, Failure* failure);
  // A file of this machine; closes `descriptor`, whatever comes of it.
  Outcome (*file_adopt)(int descriptor, File** file, Failure* failure);
  // Bytes that the caller keeps until the file and its tables are closed.
  Outcome (*file_borrow)(Text bytes, File** file, Failure* failure);
  uint64_t (*file_bytes)(const File* file);
  // Fewer than `bytes` only at the end.
  Outcome (*file_read)(File* file, uint64_t offset, void* to, uint64_t bytes,
                       uint64_t* read, Failure* failure);
  void (*file_close)(File* file);

  // An object of `store`, or a file of this machine where it is null.
  Outcome (*output_open)(Store* store, Text path, Output** output,
                         Failure* failure);
  Outcome (*output_write)(Output* output, const void* from, uint64_t bytes,
                          Failure* failure);
  // Only what is finished can be seen by others, where the store allows it.
  Outcome (*output_finish)(Output* output, Failure* failure);
  void (*output_close)(Output* output);

  // Keeps `file` in use until it is closed.
  Outcome (*table_open)(File* file, const TableLimits* limits, Table** table,
                        TableInfo* info, Failure* failure);
  Outcome (*table_schema)(Table* table, ArrowSchema* schema, Failure* failure);
  void (*table_part)(const Table* table, uint64_t part, PartInfo* info);
  void (*table_close)(Table* table);

  // Reads the columns `columns` of the schema, in that order.
  Outcome (*part_open)(Table* table, uint64_t part, const uint32_t* columns,
                       uint32_t column_count, Part** opened, Failure* failure);
  // The next rows as one struct array whose buffers hold what its offsets and
  // lengths say; `rows->release` is null at the end.
  Outcome (*part_next)(Part* part, ArrowArray* rows, Failure* failure);
  void (*part_close)(Part* part);

  // kUnsupported where the schema cannot be written as it is.
  Outcome (*rewrite_open)(Table* table, Output* output, Rewrite** rewrite,
                          Failure* failure);
  // Parts in order, each once.
  Outcome (*rewrite_part)(Rewrite* rewrite, uint64_t part,
                          const PartEdits* edits, Failure* failure);
  // Writes the end; `output` still has to be finished.
  Outcome (*rewrite_finish)(Rewrite* rewrite, Failure* failure);
  void (*rewrite_close)(Rewrite* rewrite);
};

// The plugin's only symbol: the table, or null for another version.
using EntryPoint = const Api* (*)(uint32_t version);

}  // namespace cofferdam::corpus::arrow_abi
