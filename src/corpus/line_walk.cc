#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "corpus/line_walk_internal.h"

namespace cofferdam::corpus {
namespace {

// From this share of the same lines on, a file is the other one renamed; as in
// git.
constexpr double kSimilarityMin = 0.5;

std::string_view NameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

void SortSpans(std::vector<TracedSpan>* spans) {
  std::sort(spans->begin(), spans->end(),
            [](const TracedSpan& a, const TracedSpan& b) {
              return std::tuple(a.line, a.file, a.final_line) <
                     std::tuple(b.line, b.file, b.final_line);
            });
}

// Takes out of `spans`, which are sorted, what `same` maps to the parent.
std::vector<TracedSpan> TakeSame(const std::vector<SameLines>& same,
                                 std::vector<TracedSpan>* spans) {
  std::vector<TracedSpan> taken;
  std::vector<TracedSpan> left;
  const auto part = [](const TracedSpan& span, uint32_t begin, uint32_t end) {
    return TracedSpan{span.file, span.final_line + (begin - span.line), begin,
                      end - begin};
  };
  size_t first = 0;  // of `same`, that a later span can reach
  for (const TracedSpan& span : *spans) {
    const uint32_t end = span.line + span.count;
    while (first < same.size() &&
           same[first].after + same[first].count <= span.line) {
      ++first;
    }
    uint32_t at = span.line;
    for (size_t i = first; i < same.size() && same[i].after < end; ++i) {
      const uint32_t from = std::max(at, same[i].after);
      const uint32_t to = std::min(end, same[i].after + same[i].count);
      if (from >= to) continue;
      if (from > at) left.push_back(part(span, at, from));
      TracedSpan moved = part(span, from, to);
      moved.line = moved.line - same[i].after + same[i].before;
      taken.push_back(moved);
      at = to;
    }
    if (at < end) left.push_back(part(span, at, end));
  }
  *spans = std::move(left);
  return taken;
}

}  // namespace

bool LineWalk::Waiting::operator<(const Waiting& other) const {
  // The youngest commit first; of one time, in the order they were found.
  return std::tuple(time, other.number) < std::tuple(other.time, number);
}

LineWalk::LineWalk(git_repository* repository, const LineHistoryLimits& limits,
                   Settle settle, Renamed renamed)
    : repository_(repository),
      limits_(limits),
      settle_(std::move(settle)),
      renamed_(std::move(renamed)),
      trees_(repository, limits.depth_max),
      blobs_(repository, limits.file_bytes_max) {}

void LineWalk::Notice(std::string notice) {
  if (notices_.size() >= limits_.notices_max) return;
  if (noticed_.insert(notice).second) notices_.push_back(std::move(notice));
}

Status LineWalk::Run(const git_oid& commit, Suspects suspects) {
  git_commit* start = nullptr;
  if (git_commit_lookup(&start, repository_, &commit) != 0) {
    return GitError("commit " + Hexadecimal(commit));
  }
  const CommitObject owned(start);
  Merge(start, std::move(suspects));
  while (!queue_.empty()) {
    const git_oid id = queue_.top().id;
    queue_.pop();
    auto state = states_.extract(id);
    if (state.empty()) continue;
    git_commit* next = nullptr;
    // It was read before it was queued.
    if (git_commit_lookup(&next, repository_, &id) != 0) {
      return GitError("commit " + Hexadecimal(id));
    }
    const CommitObject owned_next(next);
    Visit(next, std::move(state.mapped()));
  }
  return {};
}

std::vector<LineWalk::Parent> LineWalk::ParentsOf(git_commit* commit,
                                                  bool* boundary) {
  std::vector<Parent> parents;
  const unsigned count = git_commit_parentcount(commit);
  for (unsigned i = 0; i < count; ++i) {
    git_commit* parent = nullptr;
    if (git_commit_lookup(&parent, repository_,
                          git_commit_parent_id(commit, i)) != 0) {
      *boundary = true;
      Notice(git_repository_is_shallow(repository_) == 1
                 ? std::string("the clone is shallow: lines of before are "
                               "given to its oldest commits")
                 : fmt::format("commit {} is missing: its lines are given to "
                               "its child",
                               Hexadecimal(*git_commit_parent_id(commit, i))));
      continue;
    }
    parents.push_back({.commit = CommitObject(parent), .before = {}});
  }
  return parents;
}

void LineWalk::Visit(git_commit* commit, Suspects suspects) {
  bool boundary = false;
  std::vector<Parent> parents = ParentsOf(commit, &boundary);
  // Whoever has the whole file has all its lines, whatever the others have.
  for (Parent& parent : parents) {
    if (suspects.empty()) return;
    PassWhole(commit, &parent, &suspects);
  }
  for (Parent& parent : parents) {
    if (suspects.empty()) return;
    if (parent.readable) PassLines(commit, parents, parent, &suspects);
  }
  for (const auto& [path, suspect] : suspects) {
    for (const TracedSpan& span : suspect.spans)
      settle_(span, commit, path, boundary);
  }
}

// Gives `parent` every file that it has, too.
void LineWalk::PassWhole(git_commit* commit, Parent* parent,
                         Suspects* suspects) {
  const auto wanted = [&](std::string_view folder) {
    const auto at = suspects->lower_bound(folder);
    return at != suspects->end() && at->first.starts_with(folder);
  };
  Suspects changed;
  const Status compared =
      trees_.Compare(git_commit_tree_id(parent->commit.get()),
                     git_commit_tree_id(commit), wanted,
                     [&](const std::string& path, const TreeEntry& before,
                         const TreeEntry& after) {
                       if (after.kind == TreeEntryKind::kNone) return;
                       const auto at = suspects->find(path);
                       if (at == suspects->end()) return;
                       parent->before[path] = before;
                       // A file that only became executable is the same.
                       if (before.kind == TreeEntryKind::kFile &&
                           ObjectIdEqual()(before.id, at->second.blob)) {
                         return;
                       }
                       changed.insert(suspects->extract(at));
                     });
  if (!compared.ok()) {
    parent->readable = false;
    Notice(fmt::format("before commit {}: {}",
                       Hexadecimal(*git_commit_id(commit)),
                       compared.error().message()));
    suspects->merge(changed);
    return;
  }
  if (!suspects->empty()) Merge(parent->commit.get(), std::move(*suspects));
  *suspects = std::move(changed);
}

// Gives `parent` the lines that it has of files that it has otherwise, or under
// another name.
void LineWalk::PassLines(git_commit* commit, std::vector<Parent>& parents,
                         Parent& parent, Suspects* suspects) {
  // Where one parent of a merge has the file, no other had it renamed.
  const auto some_parent_has = [&parents](const std::string& path) {
    return std::any_of(parents.begin(), parents.end(), [&](Parent& other) {
      return other.before[path].kind == TreeEntryKind::kFile;
    });
  };
  std::vector<Origin> taken;
  std::vector<Origin> changed;
  bool listed = false;
  for (auto at = suspects->begin(); at != suspects->end();) {
    const std::string& path = at->first;
    Suspect& suspect = at->second;
    const TreeEntry& before = parent.before[path];
    Origin origin = {.path = path, .blob = before.id};
    if (before.kind != TreeEntryKind::kFile &&
        (some_parent_has(path) ||
         !FindOrigin(commit, parent, suspect, path, &taken, &changed, &listed,
                     &origin))) {
      ++at;
      continue;
    }
    Result<BlobCache::Text> old_text = blobs_.Read(origin.blob);
    Result<BlobCache::Text> new_text = blobs_.Read(suspect.blob);
    if (!old_text.ok() || !new_text.ok()) {
      Notice(fmt::format(
          "{} before commit {}: {}", path, Hexadecimal(*git_commit_id(commit)),
          (old_text.ok() ? new_text : old_text).error().message()));
      ++at;
      continue;
    }
    Result<std::vector<SameLines>> same =
        MatchLines(**old_text, **new_text, LineEnds::kExact);
    if (!same.ok()) {
      Notice(fmt::format("{}: {}", path, same.error().message()));
      ++at;
      continue;
    }
    SortSpans(&suspect.spans);
    std::vector<TracedSpan> passed = TakeSame(*same, &suspect.spans);
    if (!passed.empty()) {
      if (origin.path != path) {
        for (const TracedSpan& span : passed) renamed_(span.file, origin.path);
      }
      PassTo(parent.commit.get(), origin.path, origin.blob, std::move(passed));
    }
    at = suspect.spans.empty() ? suspects->erase(at) : std::next(at);
  }
}

// A file that `commit` took away and that is much the same; else one that it
// changed, which may have been copied.
bool LineWalk::FindOrigin(git_commit* commit, Parent& parent,
                          const Suspect& suspect, const std::string& path,
                          std::vector<Origin>* taken,
                          std::vector<Origin>* changed, bool* listed,
                          Origin* origin) {
  if (!*listed) {
    *listed = true;
    const Status compared = trees_.Compare(
        git_commit_tree_id(parent.commit.get()), git_commit_tree_id(commit),
        [](std::string_view) { return true; },
        [&](const std::string& other, const TreeEntry& before,
            const TreeEntry& after) {
          if (before.kind != TreeEntryKind::kFile) return;
          const bool gone = after.kind != TreeEntryKind::kFile;
          (gone ? taken : changed)->push_back({other, before.id});
        });
    if (!compared.ok()) Notice(compared.error().message());
  }
  for (const std::vector<Origin>* sources : {taken, changed}) {
    for (const bool same_name : {true, false}) {
      for (const Origin& source : *sources) {
        if (!ObjectIdEqual()(source.blob, suspect.blob) ||
            (same_name && NameOf(source.path) != NameOf(path))) {
          continue;
        }
        *origin = source;
        return true;
      }
    }
  }
  if (taken->empty() && changed->empty()) return false;
  Result<BlobCache::Text> text = blobs_.Read(suspect.blob);
  if (!text.ok()) return false;
  return MostSimilar(*taken, path, **text, origin) ||
         MostSimilar(*changed, path, **text, origin);
}

bool LineWalk::MostSimilar(const std::vector<Origin>& sources,
                           const std::string& path, const std::string& text,
                           Origin* origin) {
  if (sources.size() > limits_.rename_sources_max) {
    Notice(
        fmt::format("{} may have been renamed from one of {} files: not "
                    "looked for, the limit is {}",
                    path, sources.size(), limits_.rename_sources_max));
    return false;
  }
  double best = 0;
  for (const Origin& source : sources) {
    Result<BlobCache::Text> other = blobs_.Read(source.blob);
    if (!other.ok()) continue;
    const auto [shorter, longer] = std::minmax(text.size(), (*other)->size());
    if (static_cast<double>(shorter) <
        kSimilarityMin * static_cast<double>(longer)) {
      continue;
    }
    double similarity = Similarity(text, **other);
    if (similarity < kSimilarityMin) continue;
    // Of files that are as similar, the one of the same name.
    if (NameOf(source.path) == NameOf(path)) similarity += 1e-6;
    if (similarity <= best) continue;
    best = similarity;
    *origin = source;
  }
  return best > 0;
}

void LineWalk::PassTo(git_commit* parent, const std::string& path,
                      const git_oid& blob, std::vector<TracedSpan> spans) {
  Suspects one;
  one.emplace(path, Suspect{blob, std::move(spans)});
  Merge(parent, std::move(one));
}

void LineWalk::Merge(git_commit* parent, Suspects suspects) {
  const git_oid id = *git_commit_id(parent);
  auto [state, is_new] = states_.try_emplace(id);
  if (is_new) {
    queue_.push({git_commit_time(parent), queued_++, id});
    state->second = std::move(suspects);
    return;
  }
  Suspects& into = state->second;
  if (into.size() < suspects.size()) std::swap(into, suspects);
  for (auto& [path, suspect] : suspects) {
    auto [at, added] = into.try_emplace(path, std::move(suspect));
    if (added) continue;
    at->second.spans.insert(at->second.spans.end(), suspect.spans.begin(),
                            suspect.spans.end());
  }
}

}  // namespace cofferdam::corpus
