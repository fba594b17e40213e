#pragma once

#include <string>
#include <string_view>

namespace cofferdam::corpus {

// Why something under a scanned path was not read as text.
enum class Reason {
  kBinary,          // a NUL or mostly control bytes in the first 8 KiB
  kTooLarge,        // longer than document_bytes_max
  kLongLine,        // a line longer than line_bytes_max
  kUnreadable,      // the system refused, see detail
  kSymlink,         // a symbolic link, which a walk does not follow
  kSpecial,         // a pipe, socket or device, never opened
  kTooDeep,         // a folder deeper than depth_max below a given path
  kTooManyEntries,  // a folder of more than folder_entries_max names
};

// "binary", "too_large", …: stable, for JSON.
std::string_view ReasonName(Reason reason);

// Something under a given path that was reported instead of read.
struct PassedOver {
  std::string path;
  Reason reason = Reason::kUnreadable;
  // What the system or the limit said, for people; may be empty.
  std::string detail;

  bool operator==(const PassedOver&) const = default;
};

}  // namespace cofferdam::corpus
