#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/edits/edit.h"
#include "base/result.h"

namespace cofferdam::agent {

// A run of lines that a patch changes, with context.
struct PatchHunk {
  // "@@ class A": lines that stand above it, outermost first.
  std::vector<std::string> headers;
  // The lines before and after, with their ends.
  std::string old_text;
  std::string new_text;
  // In the file before, from 1: a hint only.
  std::optional<int64_t> line;
  bool at_end = false;  // "*** End of File"
};

struct PatchedFile {
  enum class Kind { kAdd, kUpdate, kDelete };
  Kind kind = Kind::kUpdate;
  std::string path;
  std::string move_to;  // empty: stays
  std::string text;     // of kAdd
  std::vector<PatchHunk> hunks;
};

// What a patch may hold at most.
inline constexpr size_t kPatchBytesMax = size_t{4} << 20;
inline constexpr size_t kPatchFilesMax = 1000;
inline constexpr size_t kPatchHunksMax = 10'000;

// Reads Codex's patch language ("*** Begin Patch", also without it, or in a
// here-document or fence) or a unified diff, git's or plain. kInvalid names the
// line and says what should stand there. A patch that names one file twice is
// kInvalid, unless both update it: then its hunks follow each other.
Result<std::vector<PatchedFile>> ReadPatch(std::string_view patch);

// Does all hunks to `text`, or none. They are searched for in order, each after
// the one before; one that would fit in several places goes where its header or
// its line number says, exactly, else is refused.
std::variant<AppliedEdit, RefusedEdit> ApplyHunks(
    std::string_view text, const std::vector<PatchHunk>& hunks);

}  // namespace cofferdam::agent
