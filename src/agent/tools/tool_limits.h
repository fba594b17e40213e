#pragma once

#include <cstddef>
#include <cstdint>

namespace cofferdam::agent {

// How much the tools show at most. A model reads on where something is left
// out; the text always says how.
struct ToolLimits {
  // read: lines without a range, bytes in all, bytes of one line.
  int64_t read_lines = 1000;
  size_t read_bytes = size_t{40} << 10;
  size_t read_line_bytes = 2000;
  // list: entries in all and of one folder.
  int64_t list_entries = 300;
  int64_t list_folder_entries = 60;
  int64_t list_depth = 2;
  // glob: paths.
  int64_t glob_paths = 200;
  // grep: lines, of one file, bytes of one line and in all.
  int64_t grep_lines = 200;
  int64_t grep_file_lines = 40;
  size_t grep_line_bytes = 300;
  size_t grep_bytes = size_t{24} << 10;
  // Files longer than this are not searched.
  size_t grep_file_bytes = size_t{8} << 20;
  // glob and grep: files looked at, and how long.
  int64_t walk_files = 1'000'000;
  int64_t walk_ms = 20'000;
  // todo and plan: entries, bytes of one.
  size_t plan_entries = 50;
  size_t plan_entry_bytes = 500;
  size_t plan_bytes = size_t{16} << 10;
};

}  // namespace cofferdam::agent
