// Models write patches by heart: markers are left out, wrapped in a shell's
// here-document or a fence, counts are wrong, the blank in front of context is
// forgotten. Lines say what they are; everything else is a hint.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "agent/edits/patch.h"
#include "agent/edits/text_lines_internal.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kBegin = "*** Begin Patch";
constexpr std::string_view kEnd = "*** End Patch";
constexpr std::string_view kAdd = "*** Add File:";
constexpr std::string_view kUpdate = "*** Update File:";
constexpr std::string_view kDelete = "*** Delete File:";
constexpr std::string_view kMove = "*** Move to:";
constexpr std::string_view kEndOfFile = "*** End of File";
constexpr std::string_view kNothing = "/dev/null";
constexpr size_t kShownBytes = 80;

std::string_view Trim(std::string_view text) {
  text = WithoutTrailing(text);
  size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? "" : text.substr(begin);
}

// A path as it stands behind a marker, perhaps quoted.
std::string_view PathIn(std::string_view text) {
  text = Trim(text);
  for (char quote : {'"', '\'', '`'}) {
    if (text.size() > 1 && text.front() == quote && text.back() == quote)
      text = text.substr(1, text.size() - 2);
  }
  return text;
}

// "a/src/x.c\t2026-…" as "src/x.c".
std::string_view DiffPathIn(std::string_view text) {
  text = PathIn(text.substr(0, text.find('\t')));
  if (text.starts_with("a/") || text.starts_with("b/")) text.remove_prefix(2);
  return text;
}

// "a/src/x.c b/src/x.c" as "src/x.c"; empty: two names.
std::string_view GitPathIn(std::string_view text) {
  text = Trim(text);
  if (text.size() % 2 == 0) return "";
  std::string_view before = DiffPathIn(text.substr(0, text.size() / 2));
  std::string_view after = DiffPathIn(text.substr(text.size() / 2 + 1));
  return before == after ? before : "";
}

// The first number of "@@ -12,3 +12,4 @@ section".
bool ReadPlace(std::string_view line, PatchHunk* hunk) {
  if (!line.starts_with("@@ -")) return false;
  int64_t number = 0;
  size_t i = 4;
  size_t begin = i;
  while (i < line.size() && i - begin < 9 &&
         std::isdigit(static_cast<unsigned char>(line[i])) != 0) {
    number = number * 10 + (line[i++] - '0');
  }
  if (i == begin || line.find(" +", i) == std::string_view::npos) return false;
  hunk->line = number;
  return true;
}

class PatchParser {
 public:
  explicit PatchParser(std::string_view patch) {
    lines_ = SplitEditLines(patch).lines;
  }

  Result<std::vector<PatchedFile>> Parse() {
    auto begins = [&](std::string_view marker) {
      return std::any_of(lines_.begin(), lines_.end(),
                         [&](std::string_view line) {
                           return Trim(line).starts_with(marker);
                         });
    };
    bool codex =
        begins(kBegin) || begins(kAdd) || begins(kUpdate) || begins(kDelete);
    flush_ =
        std::any_of(lines_.begin(), lines_.end(), [](std::string_view line) {
          return line.starts_with(kBegin) || line.starts_with(kUpdate);
        });
    if (!codex && !begins("--- ") && !begins("diff --git ")) {
      return Error(Code::kInvalid,
                   "this is no patch: it begins with \"*** Begin Patch\" and "
                   "\"*** Update File: PATH\", or is a unified diff with "
                   "\"--- a/PATH\" and \"+++ b/PATH\"");
    }
    for (at_ = 0; at_ < lines_.size(); ++at_) {
      if (codex ? ReadCodex(lines_[at_]) : ReadDiff(lines_[at_])) continue;
      break;
    }
    if (at_ == lines_.size() && why_.empty()) {
      --at_;
      EndGitHeader();
    }
    EndFile();
    if (!why_.empty()) return Error(Code::kInvalid, why_);
    if (files_.empty()) return Error(Code::kInvalid, "the patch names no file");
    return Merge();
  }

 private:
  bool Fail(std::string_view what) {
    why_ = fmt::format("line {} of the patch, `{}`: {}", at_ + 1,
                       lines_[at_].substr(0, kShownBytes), what);
    return false;
  }

  bool BeginFile(PatchedFile::Kind kind, std::string_view path) {
    EndFile();
    if (path.empty()) return Fail("a path is missing");
    if (files_.size() >= kPatchFilesMax) return Fail("too many files");
    files_.push_back({.kind = kind, .path = std::string(path)});
    in_file_ = true;
    return true;
  }

  // False: the patch is at its end, or wrong.
  bool ReadCodex(std::string_view line) {
    std::string_view marker = Trim(line);
    // Context has a blank in front; a marker may have some, too.
    bool is_marker = marker.starts_with("*** ");
    // Unless the patch's own have none: then this is a line of the file.
    if (is_marker && in_hunk_ && !line.starts_with("*** ") &&
        IsOfFile(marker)) {
      return ReadHunkLine(line);
    }
    if (is_marker && marker.starts_with(kEnd) &&
        !marker.starts_with(kEndOfFile)) {
      return false;
    }
    if (marker.starts_with(kBegin)) return true;
    if (marker.starts_with(kAdd))
      return BeginFile(PatchedFile::Kind::kAdd,
                       PathIn(marker.substr(kAdd.size())));
    if (marker.starts_with(kUpdate)) {
      return BeginFile(PatchedFile::Kind::kUpdate,
                       PathIn(marker.substr(kUpdate.size())));
    }
    if (marker.starts_with(kDelete)) {
      return BeginFile(PatchedFile::Kind::kDelete,
                       PathIn(marker.substr(kDelete.size())));
    }
    // What a shell or Markdown put around it.
    if (!in_file_) return true;
    PatchedFile& file = files_.back();
    if (marker.starts_with(kMove)) {
      file.move_to = PathIn(marker.substr(kMove.size()));
      return true;
    }
    if (marker.starts_with(kEndOfFile)) {
      if (in_hunk_) file.hunks.back().at_end = true;
      EndHunk();
      return true;
    }
    switch (file.kind) {
      case PatchedFile::Kind::kAdd:
        return ReadAdded(line, &file);
      case PatchedFile::Kind::kDelete:
        if (marker.empty()) return true;
        return Fail("nothing follows a file that is deleted");
      case PatchedFile::Kind::kUpdate:
        break;
    }
    if (line.starts_with("@@")) return ReadCodexHeader(line);
    return ReadHunkLine(line);
  }

  // Whether a marker behind blanks is a line of a file that is about patches.
  bool IsOfFile(std::string_view marker) const {
    if (marker.starts_with(kEndOfFile)) return false;
    if (!marker.starts_with(kEnd)) return flush_;
    return std::any_of(
        lines_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, lines_.end(),
        [](std::string_view line) { return line.starts_with(kEnd); });
  }

  bool ReadAdded(std::string_view line, PatchedFile* file) {
    if (line.starts_with('+')) {
      file->text.append(line.substr(1)).push_back('\n');
      return true;
    }
    if (Trim(line).empty()) {
      // A blank line whose + was forgotten, if more follow.
      for (size_t i = at_ + 1; i < lines_.size(); ++i) {
        if (Trim(lines_[i]).empty()) continue;
        if (lines_[i].starts_with('+')) file->text.push_back('\n');
        break;
      }
      return true;
    }
    if (line.starts_with('\\') || line.starts_with("@@")) return true;
    return Fail("every line of a new file begins with +");
  }

  bool ReadCodexHeader(std::string_view line) {
    PatchHunk hunk;
    bool placed = ReadPlace(line, &hunk);
    std::string_view header = Trim(line.substr(2));
    if (placed) {
      header = "";
    } else if (header.ends_with("@@")) {
      header = Trim(header.substr(0, header.size() - 2));
    }
    // A header behind a header is inside of it.
    bool nested = in_hunk_ && files_.back().hunks.back().old_text.empty() &&
                  files_.back().hunks.back().new_text.empty();
    if (!nested) {
      EndHunk();
      if (!BeginHunk()) return false;
    }
    PatchHunk& now = files_.back().hunks.back();
    if (placed) now.line = hunk.line;
    if (!header.empty()) now.headers.emplace_back(header);
    return true;
  }

  bool BeginHunk() {
    if (++hunks_ > kPatchHunksMax) return Fail("too many hunks");
    files_.back().hunks.emplace_back();
    in_hunk_ = true;
    blank_tail_ = 0;
    return true;
  }

  bool ReadHunkLine(std::string_view line) {
    if (!in_hunk_) {
      if (Trim(line).empty()) return true;
      if (!BeginHunk()) return false;
    }
    PatchHunk& hunk = files_.back().hunks.back();
    if (line.empty()) {
      // Context, unless the hunk ends with it.
      ++blank_tail_;
      return true;
    }
    for (; blank_tail_ > 0; --blank_tail_) {
      hunk.old_text.push_back('\n');
      hunk.new_text.push_back('\n');
    }
    char kind = line[0];
    if (kind == '\\') {
      // "\ No newline at end of file"
      if (last_ != '+' && hunk.old_text.ends_with('\n'))
        hunk.old_text.pop_back();
      if (last_ != '-' && hunk.new_text.ends_with('\n'))
        hunk.new_text.pop_back();
      return true;
    }
    bool marked = kind == ' ' || kind == '+' || kind == '-';
    // A tab is an indentation whose blank was forgotten.
    std::string_view text = marked ? line.substr(1) : line;
    last_ = marked ? kind : ' ';
    if (last_ != '+') hunk.old_text.append(text).push_back('\n');
    if (last_ != '-') hunk.new_text.append(text).push_back('\n');
    return true;
  }

  void EndHunk() {
    in_hunk_ = false;
    blank_tail_ = 0;
  }

  void EndFile() {
    EndHunk();
    in_file_ = false;
  }

  // Whether lines of a hunk follow, so that what looks like its end is none.
  bool MoreOfHunk() const {
    return std::any_of(lines_.begin() + static_cast<std::ptrdiff_t>(at_) + 1,
                       lines_.end(), [](std::string_view line) {
                         return line.starts_with(' ') ||
                                line.starts_with('+') ||
                                line.starts_with('-') || line.starts_with("@@");
                       });
  }

  // "--- " begins a file only if "+++ " and then a hunk or nothing follows.
  bool IsFileHeader() const {
    if (!lines_[at_].starts_with("--- ") || at_ + 1 >= lines_.size() ||
        !lines_[at_ + 1].starts_with("+++ ")) {
      return false;
    }
    return at_ + 2 >= lines_.size() || lines_[at_ + 2].starts_with("@@") ||
           Trim(lines_[at_ + 2]).empty();
  }

  bool ReadDiff(std::string_view line) {
    if (line.starts_with("diff --git ")) {
      if (!EndGitHeader()) return false;
      EndFile();
      git_header_ = true;
      git_path_ = GitPathIn(line.substr(11));
      rename_from_.clear();
      return true;
    }
    if (IsFileHeader()) return BeginDiffFile();
    if (git_header_) return ReadGitHeader(line);
    if (!in_file_) return true;
    if (line.starts_with("@@")) {
      EndHunk();
      if (!BeginHunk()) return false;
      ReadPlace(line, &files_.back().hunks.back());
      return true;
    }
    if (!in_hunk_) return true;
    // A fence or a signature behind the last hunk.
    if ((line == "```" || line == "-- ") && !MoreOfHunk()) {
      EndFile();
      return true;
    }
    PatchedFile& file = files_.back();
    if (file.kind == PatchedFile::Kind::kAdd) {
      if (line.starts_with('+')) {
        file.text.append(line.substr(1)).push_back('\n');
      } else if (line.starts_with('\\') && file.text.ends_with('\n')) {
        file.text.pop_back();
      }
      return true;
    }
    return ReadHunkLine(line);
  }

  bool BeginDiffFile() {
    std::string_view before = DiffPathIn(lines_[at_].substr(4));
    std::string_view after = DiffPathIn(lines_[at_ + 1].substr(4));
    std::string from = std::exchange(rename_from_, "");
    git_header_ = false;
    git_empty_.reset();
    bool renamed = !from.empty() && in_file_;
    if (before == kNothing) {
      if (!BeginFile(PatchedFile::Kind::kAdd, after)) return false;
    } else if (after == kNothing) {
      if (!BeginFile(PatchedFile::Kind::kDelete, before)) return false;
    } else if (!renamed) {
      if (!BeginFile(PatchedFile::Kind::kUpdate, before)) return false;
      if (before != after) files_.back().move_to = after;
    }
    ++at_;
    return true;
  }

  bool ReadGitHeader(std::string_view line) {
    if (line.starts_with("rename from ")) {
      rename_from_ = PathIn(line.substr(12));
    } else if (line.starts_with("rename to ")) {
      if (!BeginFile(PatchedFile::Kind::kUpdate, rename_from_)) return false;
      files_.back().move_to = PathIn(line.substr(10));
    } else if (line.starts_with("new file mode ")) {
      git_empty_ = PatchedFile::Kind::kAdd;
    } else if (line.starts_with("deleted file mode ")) {
      git_empty_ = PatchedFile::Kind::kDelete;
    } else if (line.starts_with("new mode ")) {
      return Fail("a patch changes no modes; use chmod in a command");
    } else if (line.starts_with("GIT binary patch") ||
               line.starts_with("Binary files ")) {
      return Fail("binary files cannot be patched");
    }
    return true;
  }

  // A file without lines is made or deleted by its header alone.
  bool EndGitHeader() {
    if (!git_header_ || !git_empty_) return true;
    return BeginFile(*std::exchange(git_empty_, std::nullopt), git_path_);
  }

  // Several parts for one file are one.
  Result<std::vector<PatchedFile>> Merge() {
    std::vector<PatchedFile> merged;
    for (PatchedFile& file : files_) {
      if (file.kind == PatchedFile::Kind::kDelete) file.hunks.clear();
      auto same = std::find_if(
          merged.begin(), merged.end(),
          [&](const PatchedFile& one) { return one.path == file.path; });
      if (same == merged.end()) {
        merged.push_back(std::move(file));
        continue;
      }
      if (same->kind != PatchedFile::Kind::kUpdate ||
          file.kind != PatchedFile::Kind::kUpdate ||
          (!same->move_to.empty() && !file.move_to.empty())) {
        return Error(Code::kInvalid,
                     fmt::format("the patch names {} twice", file.path));
      }
      std::move(file.hunks.begin(), file.hunks.end(),
                std::back_inserter(same->hunks));
      if (same->move_to.empty()) same->move_to = file.move_to;
    }
    for (const PatchedFile& file : merged) {
      if (file.kind == PatchedFile::Kind::kUpdate && file.hunks.empty() &&
          file.move_to.empty()) {
        return Error(Code::kInvalid,
                     fmt::format("nothing is changed in {}: lines that begin "
                                 "with - and + are missing",
                                 file.path));
      }
    }
    return merged;
  }

  std::vector<std::string_view> lines_;
  size_t at_ = 0;
  std::vector<PatchedFile> files_;
  size_t hunks_ = 0;
  bool in_file_ = false;
  bool in_hunk_ = false;
  // Lines without anything that the hunk at hand ends with so far.
  size_t blank_tail_ = 0;
  char last_ = ' ';
  bool git_header_ = false;
  // Of the header at hand: what it is of, and what becomes of a file without
  // lines.
  std::string git_path_;
  std::optional<PatchedFile::Kind> git_empty_;
  std::string rename_from_;
  // Markers begin their lines.
  bool flush_ = false;
  std::string why_;
};

}  // namespace

Result<std::vector<PatchedFile>> ReadPatch(std::string_view patch) {
  if (patch.size() > kPatchBytesMax) {
    return Error(
        Code::kInvalid,
        fmt::format("a patch of {} bytes, at most {}; send it in parts",
                    patch.size(), kPatchBytesMax));
  }
  return PatchParser(patch).Parse();
}

}  // namespace cofferdam::agent
