#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cofferdam::corpus {

// Why something of a corpus was not read as text.
enum class Reason {
  kBinary,          // a NUL or mostly control bytes in the first 8 KiB
  kTooLarge,        // longer than document_bytes_max
  kLongLine,        // a line longer than line_bytes_max
  kUnreadable,      // the system refused, see detail
  kSymlink,         // a symbolic link, which a walk does not follow
  kSpecial,         // a pipe, socket or device, never opened
  kTooDeep,         // folders, containers or JSON nested beyond a limit
  kTooManyEntries,  // a folder of more than folder_entries_max names
  kBroken,          // breaks its format: no JSON, no tar, no gzip
  kNotUtf8,         // a record of JSON that is not UTF-8
  kBomb,            // unpacks to more than the limits of the source
};

// "binary", "too_large", …: stable, for JSON.
std::string_view ReasonName(Reason reason);

// Something under a given path that was reported instead of read.
struct PassedOver {
  std::string path;
  Reason reason = Reason::kUnreadable;
  // What the system or the limit said, for people; may be empty.
  std::string detail;
  // The record of that file, as Record::number; 0 for the file, or what is left
  // of it.
  uint64_t record = 0;
  // How many records from that one on it stands for: what follows each other
  // for the same reason is said once.
  uint64_t records = 0;

  bool operator==(const PassedOver&) const = default;
};

// "a.jsonl records 7 to 9: broken (why)", for people; names as they are.
std::string PassedOverText(const PassedOver& passed);

}  // namespace cofferdam::corpus
