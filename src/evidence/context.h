#pragma once

#include <cstdint>
#include <string_view>

#include "evidence/origin.h"

namespace cofferdam::evidence {

// Where a scanned text stands. Views may be empty: not known.
struct DocumentPlace {
  std::string_view path;  // as the user sees it, "data.tar!dir/a.jsonl" too
  std::string_view repository;          // "host/path" of its remote
  std::string_view path_in_repository;  // empty outside of one
  std::string_view commit;              // that the text is of
  std::string_view author;              // who committed it
  // Microseconds since 1970 UTC by which the text stood there; 0: not known.
  int64_t time = 0;
  uint64_t record = 0;  // from 1; 0: the file is the record
  // The record's bytes in the decoded file.
  uint64_t record_begin = 0;
  uint64_t record_end = 0;
  std::string_view field;  // "text", "messages[2].content"; "": the whole file
};

// How the document's place agrees with where the output was written.
enum class Context {
  kNone,        // nothing known, or another repository
  kPath,        // the last two names of the path, repository not known
  kRepository,  // the same repository, another path
  kLater,       // the same repository, and the text is known to be younger
  kSamePath,    // the same path of the same repository
  kEarlier,     // the text stood there before the output was written
};
// "none", "path", "repository", "later", "same_path", "earlier": for JSON.
std::string_view ContextName(Context context);
Context ContextOf(const DocumentPlace& document, const Origin& origin);

}  // namespace cofferdam::evidence
