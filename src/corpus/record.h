#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "corpus/repository.h"

namespace cofferdam::corpus {

// Where a file of a corpus stands, shared by all its records.
struct FilePlace {
  // For people and findings: as the user would name it, the members of
  // containers behind a '!': "data.tar.zst!dir/x.jsonl". "-" for stdin.
  std::string path;
  // What was opened for it, the part of `path` before the first such '!'. Equal
  // to `path` for a file that is in no container.
  std::string outer;
  // The git repository it lies in; else null, and the next is empty.
  std::shared_ptr<const Repository> repository;
  std::string path_in_repository;
  // Of the revision that was asked for or found; empty where unknown.
  std::string commit;
  std::string author;
  // When it was written, microseconds since 1970; 0 where unknown.
  int64_t time_micros = 0;
};

// One text of a record.
struct Field {
  // As `--field` would name it, with its place in lists: "text",
  // "messages[2].content", "cells[3].source"; empty where the file is the text.
  std::string_view name;
  // Decoded. Any bytes without NUL for files, UTF-8 for fields of JSON.
  std::string_view text;
  // What the record says of this one field ("python", "markdown"); mostly
  // empty, then the record's hint holds.
  std::string_view language_hint;
};

// A short scalar that a record carries beside its texts: model, generator,
// source, language, path, repo, author, date, role, from …
struct Claim {
  // The path of the member: "model", "meta.source", "messages[2].role".
  std::string_view name;
  // A string without its quotes, decoded; a number or a truth value as written.
  std::string_view value;
};

// One document of a corpus: a line of JSONL, an element of a JSON array, a row,
// a notebook, a whole file. All views are valid during the visitor's call only.
struct Record {
  const FilePlace* file = nullptr;
  // From 1 in its file; in JSONL the number of the line, in a JSON array of the
  // element. 0: the file is the record.
  uint64_t number = 0;
  // Its bytes [begin, end) of the decoded file; of the whole file for number 0.
  // Both 0 where a format has no such place (Parquet).
  uint64_t begin = 0;
  uint64_t end = 0;
  // A path whose extension tells the language: what the record says, else the
  // file's own for number 0, else empty.
  std::string_view path_hint;
  // A language's name as the record says it; mostly empty.
  std::string_view language_hint;
  // In the order of the file, at most kFieldsMax; may be empty: nothing in the
  // record is a text (or nothing that `--field` names). Count such records:
  // where they are many, the user should be told.
  std::span<const Field> fields;
  // In the order of the file, at most kClaimsMax.
  std::span<const Claim> claims;
};

// A record with more is passed over, so that nothing hides behind the last.
inline constexpr size_t kFieldsMax = size_t{1} << 20;
// Further ones are not given.
inline constexpr size_t kClaimsMax = 4'096;
// Strings longer than this, as written, are no claims.
inline constexpr size_t kClaimBytesMax = 256;

}  // namespace cofferdam::corpus
