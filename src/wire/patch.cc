#include "wire/patch.h"

#include <utility>

#include "wire/tools.h"

namespace cofferdam::wire {
namespace {

constexpr std::string_view kBegin = "*** Begin Patch";
constexpr std::string_view kEnd = "*** End Patch";
constexpr std::string_view kAdd = "*** Add File: ";
constexpr std::string_view kUpdate = "*** Update File: ";
constexpr std::string_view kDelete = "*** Delete File: ";
constexpr std::string_view kMove = "*** Move to: ";

std::string_view TrimRight(std::string_view text) {
  size_t end = text.find_last_not_of(" \t\r");
  return end == std::string_view::npos ? "" : text.substr(0, end + 1);
}

// Takes `text`'s first line off it, without its end.
std::string_view NextLine(std::string_view* text) {
  size_t newline = text->find('\n');
  std::string_view line = text->substr(0, newline);
  *text = newline == std::string_view::npos ? "" : text->substr(newline + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "b/src/x.c\t2026-…" as "src/x.c".
std::string_view DiffPath(std::string_view path) {
  path = TrimRight(path.substr(0, path.find('\t')));
  if (path.starts_with("b/")) path.remove_prefix(2);
  return path;
}

class PatchReader {
 public:
  PatchReader(std::string_view tool, std::string_view call_id)
      : tool_(tool), call_id_(call_id) {}

  // Returns whether the patch goes on after `line`.
  bool ReadLine(std::string_view line) {
    if (line.starts_with(kEnd)) return false;
    if (line.starts_with(kAdd)) {
      StartFile(PartKind::kFile, TrimRight(line.substr(kAdd.size())));
    } else if (line.starts_with(kUpdate)) {
      StartFile(PartKind::kPatch, TrimRight(line.substr(kUpdate.size())));
    } else if (line.starts_with(kDelete)) {
      EndFile();
    } else if (line.starts_with(kMove)) {
      part_.path = TrimRight(line.substr(kMove.size()));
    } else if (line.starts_with("@@")) {
      EndHunk();
    } else {
      ReadHunkLine(line);
    }
    return true;
  }

  void ReadDiff(std::string_view diff) {
    while (!diff.empty()) {
      std::string_view line = NextLine(&diff);
      if (line.starts_with("--- ") && diff.starts_with("+++ ")) {
        StartFile(PartKind::kPatch, DiffPath(NextLine(&diff).substr(4)));
      } else if (line.starts_with("@@")) {
        EndHunk();
      } else {
        ReadHunkLine(line);
      }
    }
  }

  std::vector<Part> Finish() && {
    EndFile();
    return std::move(parts_);
  }

 private:
  void StartFile(PartKind kind, std::string_view path) {
    EndFile();
    in_file_ = true;
    part_.kind = kind;
    part_.tool = tool_;
    part_.call_id = call_id_;
    part_.path = path;
  }

  void ReadHunkLine(std::string_view line) {
    if (!in_file_ || line.empty()) return;
    if (line[0] == '+') added_.append(line.substr(1)).push_back('\n');
    if (line[0] == '-' || line[0] == ' ') {
      old_.append(line.substr(1)).push_back('\n');
    }
  }

  void EndHunk() {
    size_t offset = part_.text.size();
    for (ByteRange range : KeptLines(old_, added_)) {
      part_.kept.push_back({range.begin + offset, range.end + offset});
    }
    part_.text += added_;
    old_.clear();
    added_.clear();
  }

  void EndFile() {
    EndHunk();
    if (in_file_ && !part_.text.empty()) parts_.push_back(std::move(part_));
    part_ = Part();
    in_file_ = false;
  }

  std::string_view tool_;
  std::string_view call_id_;
  std::vector<Part> parts_;
  Part part_;
  bool in_file_ = false;
  // Of the hunk at hand.
  std::string old_;
  std::string added_;
};

}  // namespace

std::optional<std::vector<Part>> PartsOfPatch(std::string_view tool,
                                              std::string_view call_id,
                                              std::string_view patch) {
  size_t begin = patch.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  PatchReader reader(tool, call_id);
  std::string_view rest = patch.substr(begin + kBegin.size());
  while (!rest.empty() && reader.ReadLine(NextLine(&rest))) {
  }
  return std::move(reader).Finish();
}

std::optional<std::vector<Part>> PartsOfDiff(std::string_view tool,
                                             std::string_view call_id,
                                             std::string_view diff) {
  if (diff.find("+++ ") == std::string_view::npos) return std::nullopt;
  PatchReader reader(tool, call_id);
  reader.ReadDiff(diff);
  return std::move(reader).Finish();
}

}  // namespace cofferdam::wire
