#include <fmt/format.h>

#include <algorithm>

#include "corpus/changes.h"
#include "corpus/changes_internal.h"
#include "corpus/object_ids_internal.h"

namespace cofferdam::corpus {
namespace {

bool IsId(std::string_view text) {
  return text.size() == GIT_OID_HEXSZ &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsZero(std::string_view id) {
  return id.find_first_not_of('0') == std::string_view::npos;
}

struct NamesFree {
  void operator()(git_strarray* names) const { git_strarray_dispose(names); }
};

// Every branch and tag there is.
Result<std::vector<std::string>> AllRefs(git_repository* repository) {
  git_strarray names = {};
  if (git_reference_list(&names, repository) != 0) return GitError("refs");
  const std::unique_ptr<git_strarray, NamesFree> owned(&names);
  std::vector<std::string> refs;
  for (size_t i = 0; i < names.count; ++i) {
    const std::string_view name = names.strings[i];
    if (name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
      refs.emplace_back(name);
  }
  return refs;
}

}  // namespace

Result<CommitRange> ParseCommitRange(std::string_view text) {
  const auto wrong = [&] {
    return Error(
        Code::kInvalid,
        fmt::format("\"{}\" is no range; say A..B, or one revision", text));
  };
  if (text.empty() || text.starts_with('-')) return wrong();
  const size_t dots = text.find("..");
  CommitRange range;
  if (dots == std::string_view::npos) {
    range.to = text;
    range.from.push_back(fmt::format("{}^@", text));
    return range;
  }
  std::string_view to = text.substr(dots + 2);
  if (to.starts_with('.')) to.remove_prefix(1);
  if (dots == 0 || to.find("..") != std::string_view::npos) return wrong();
  range.to = to.empty() ? "HEAD" : std::string(to);
  range.from.emplace_back(text.substr(0, dots));
  return range;
}

Result<std::vector<RefUpdate>> ParseRefUpdates(std::string_view text) {
  std::vector<RefUpdate> updates;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const size_t first = line.find(' ');
    const size_t second = first == std::string_view::npos
                              ? std::string_view::npos
                              : line.find(' ', first + 1);
    if (second == std::string_view::npos || !IsId(line.substr(0, first)) ||
        !IsId(line.substr(first + 1, second - first - 1))) {
      return Error(Code::kInvalid,
                   fmt::format("line {} is not \"BEFORE AFTER REF\", as git "
                               "tells its pre-receive hook",
                               number));
    }
    if (updates.size() == kRefUpdatesMax) {
      return Error(Code::kTooLarge, fmt::format("more than {} refs in one push",
                                                kRefUpdatesMax));
    }
    updates.push_back({std::string(line.substr(0, first)),
                       std::string(line.substr(first + 1, second - first - 1)),
                       std::string(line.substr(second + 1))});
  }
  return updates;
}

Result<std::vector<CommitRange>> RangesOf(
    const ChangePlace& place, const std::vector<RefUpdate>& updates) {
  TRY_ASSIGN(const RepositoryHandle handle, OpenForChanges(place));
  std::vector<CommitRange> ranges;
  for (const RefUpdate& update : updates) {
    if (IsZero(update.after)) continue;
    // A tag of a tree or a blob is no commit, and none that a branch can have.
    git_object* object = nullptr;
    if (git_revparse_single(&object, handle.get(), update.after.c_str()) != 0)
      return GitError(fmt::format("{} of {}", update.after, update.ref));
    const std::unique_ptr<git_object, GitFree<git_object_free>> owned(object);
    git_object* commit = nullptr;
    if (git_object_peel(&commit, object, GIT_OBJECT_COMMIT) != 0) continue;
    const std::unique_ptr<git_object, GitFree<git_object_free>> owned_commit(
        commit);
    CommitRange range;
    range.to = Hexadecimal(*git_object_id(commit));
    if (!IsZero(update.before)) {
      range.from.push_back(update.before);
    } else {
      TRY_ASSIGN(range.from, AllRefs(handle.get()));
    }
    ranges.push_back(std::move(range));
  }
  return ranges;
}

}  // namespace cofferdam::corpus
