#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "corpus/blob_lines_internal.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {
namespace {

// Texts that are kept for the next difference of the same file.
constexpr size_t kKeptBytesMax = size_t{64} << 20;

struct Hunks {
  std::vector<SameLines> same;
  uint32_t before = 0;  // the first line that no hunk has reached
  uint32_t after = 0;
};

int OnHunk(const git_diff_delta*, const git_diff_hunk* hunk, void* payload) {
  auto& hunks = *static_cast<Hunks*>(payload);
  // Where a side has no line of the hunk, git names the line before it.
  const auto begin = [](int start, int lines) {
    return static_cast<uint32_t>(lines == 0 ? start : start - 1);
  };
  const uint32_t before = begin(hunk->old_start, hunk->old_lines);
  const uint32_t after = begin(hunk->new_start, hunk->new_lines);
  if (after > hunks.after) {
    hunks.same.push_back({hunks.before, hunks.after, after - hunks.after});
  }
  hunks.before = before + static_cast<uint32_t>(hunk->old_lines);
  hunks.after = after + static_cast<uint32_t>(hunk->new_lines);
  return 0;
}

// Hashes of the lines, sorted, with what each weighs.
std::vector<std::pair<size_t, size_t>> LineHashes(std::string_view text) {
  std::vector<std::pair<size_t, size_t>> hashes;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    hashes.emplace_back(std::hash<std::string_view>()(text.substr(0, end)),
                        end);
    text.remove_prefix(end);
  }
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

}  // namespace

size_t CountLines(std::string_view text) {
  const auto newlines =
      static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  return newlines + (!text.empty() && !text.ends_with('\n') ? 1 : 0);
}

Result<std::vector<SameLines>> MatchLines(std::string_view before,
                                          std::string_view after,
                                          LineEnds ends) {
  UseGit();
  const auto after_lines = static_cast<uint32_t>(CountLines(after));
  if (before == after && after_lines > 0) {
    return std::vector<SameLines>{{0, 0, after_lines}};
  }
  git_diff_options options;
  git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
  options.context_lines = 0;
  options.interhunk_lines = 0;
  options.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_INDENT_HEURISTIC;
  if (ends == LineEnds::kIgnored) {
    options.flags |= GIT_DIFF_IGNORE_WHITESPACE_EOL;
  }
  Hunks hunks;
  if (git_diff_buffers(before.data(), before.size(), nullptr, after.data(),
                       after.size(), nullptr, &options, nullptr, nullptr,
                       OnHunk, nullptr, &hunks) != 0) {
    return GitError("compare two versions of a file");
  }
  if (after_lines > hunks.after) {
    hunks.same.push_back(
        {hunks.before, hunks.after, after_lines - hunks.after});
  }
  return std::move(hunks.same);
}

double Similarity(std::string_view a, std::string_view b) {
  const size_t longer = std::max(a.size(), b.size());
  if (longer == 0) return 0;
  const auto left = LineHashes(a);
  const auto right = LineHashes(b);
  size_t shared = 0;
  for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    if (left[i] == right[j]) {
      shared += left[i].second;
      ++i;
      ++j;
    } else {
      ++(left[i] < right[j] ? i : j);
    }
  }
  return static_cast<double>(shared) / static_cast<double>(longer);
}

Result<BlobCache::Text> BlobCache::Read(const git_oid& id) {
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    kept_.splice(kept_.begin(), kept_, found->second);
    return found->second->text;
  }
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository_) != 0) return GitError("objects");
  const std::unique_ptr<git_odb, GitFree<git_odb_free>> owned(odb);
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, odb, &id) != 0) {
    return GitError("blob " + Hexadecimal(id));
  }
  if (type != GIT_OBJECT_BLOB) {
    return Error(Code::kUnavailable, Hexadecimal(id) + " is no blob");
  }
  if (size > bytes_max_) {
    return Error(Code::kTooLarge, fmt::format("{} bytes", size));
  }
  git_odb_object* object = nullptr;
  if (git_odb_read(&object, odb, &id) != 0) {
    return GitError("blob " + Hexadecimal(id));
  }
  auto text = std::make_shared<const std::string>(
      static_cast<const char*>(git_odb_object_data(object)),
      git_odb_object_size(object));
  git_odb_object_free(object);
  kept_bytes_ += text->size();
  kept_.push_front({id, text});
  by_id_.emplace(id, kept_.begin());
  while (kept_bytes_ > kKeptBytesMax && kept_.size() > 1) {
    kept_bytes_ -= kept_.back().text->size();
    by_id_.erase(kept_.back().id);
    kept_.pop_back();
  }
  return text;
}

}  // namespace cofferdam::corpus
