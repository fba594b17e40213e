#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/source.h"

namespace cofferdam::corpus {

// A stretch [begin, end) of the decoded text of one field of a record. Half of
// a character of UTF-8 is not cut: the stretch grows to its ends.
struct Cut {
  std::string field;  // Field::name; of several that have it, the first
  uint64_t begin = 0;
  uint64_t end = 0;

  bool operator==(const Cut&) const = default;
};

// What becomes of one record that does not stay as it is.
struct RecordEdit {
  // As the record was given: of its file, and its number, begin and end.
  std::string path;   // FilePlace::path
  std::string outer;  // FilePlace::outer
  uint64_t number = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
  // Whether all of it goes: a line, an element with its comma, a row, a member
  // of an archive, a file.
  bool drop = false;
  // Else what goes of it; may overlap, in any order.
  std::vector<Cut> cuts;
};

// What is put where something was cut.
enum class CutStyle {
  kExcise,  // nothing
  kMask,    // '*' for each character that is not white space
};

struct RewriteOptions {
  CutStyle style = CutStyle::kExcise;
  // As the corpus was read.
  SourceOptions source;
  // Ends it soon after it is set, with kCancelled; null for never.
  const std::atomic<bool>* stop = nullptr;
};

struct RewriteCounts {
  uint64_t files_copied = 0;   // byte for byte
  uint64_t files_changed = 0;  // something in them was dropped or cut
  uint64_t files_dropped = 0;
  uint64_t records_dropped = 0;  // files that are one text are records, too
  uint64_t records_cut = 0;
  uint64_t bytes_read = 0;  // of the files as they are stored
  uint64_t bytes_written = 0;
  // Files and folders that the system does not let us read, which are not in
  // the copy.
  uint64_t unreadable = 0;

  bool operator==(const RewriteCounts&) const = default;
};

// Whether Rewrite could begin, so that a long scan need not end to say it could
// not: kInvalid or kConflict as below, or why nothing can be written there.
Status CheckRewrite(const std::vector<std::string>& paths,
                    const std::string& to, const SourceOptions& source);

// Copies the corpus of `paths` to `to` in its own format, with `edits` applied
// and everything else byte for byte: files without an edit are copied as they
// are stored; what is compressed and has one is compressed again. One given
// file becomes the file `to`, one folder the folder `to`; several are put into
// it by their last names. `to` must not exist, but may be an empty folder for a
// folder. What git ignores is no part of the corpus; symbolic links are copied
// as links; pipes, devices and what cannot be read are left out.
//
// `to` appears when all is written (as a name with ".PID.part" behind it until
// then, or in place where the folder is there), and after an error nothing of
// it is left. The corpus is read again: kConflict where a record is not as its
// edit says. Edits must be of this
// corpus, in any order; kInvalid for stdin, for two paths of the same last
// name, for `to` within a folder that is read, and for several edits of one
// record. Memory: the edits, and one record or 64 MiB of an archive's member,
// which beyond that is spooled beside `to`.
Result<RewriteCounts> Rewrite(const std::vector<std::string>& paths,
                              const std::string& to,
                              std::vector<RecordEdit> edits,
                              const RewriteOptions& options);

}  // namespace cofferdam::corpus
