#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "corpus/main_branch_internal.h"
#include "corpus/text_file.h"

namespace cofferdam::corpus {
namespace {

constexpr int64_t kMicros = 1'000'000;
// Commits that were made so long before the time are still looked at: clocks
// differ.
constexpr int64_t kSlackMicros = int64_t{2} * 86'400 * kMicros;
constexpr size_t kDepthMax = 256;
// Files that went and came in one commit, compared with each other.
constexpr size_t kRenamesMax = 200;
constexpr double kRenameShare = 0.5;
constexpr size_t kNoticesMax = 100;

int64_t TimeOf(const git_commit* commit) {
  return git_commit_time(commit) * kMicros;
}

bool IsBinary(std::string_view text) {
  return LooksBinary(text.substr(0, kTextProbeBytes));
}

}  // namespace

BranchReplay::BranchReplay(git_repository* repository, const git_oid& tip,
                           const MainBranchOptions& options)
    : repository_(repository),
      tip_(tip),
      options_(options),
      trees_(repository, kDepthMax),
      blobs_(repository, options.file_bytes_max),
      people_(repository),
      left_out_(repository, tip) {}

// Finds the commits since the time, and puts parents before children.
Status BranchReplay::Collect() {
  std::unordered_map<git_oid, uint32_t, ObjectIdHash, ObjectIdEqual> known;
  std::vector<Node> found;
  std::vector<std::vector<git_oid>> parents;
  // By falling commit time: all that is old enough to be left out comes last,
  // but for clocks that went wrong.
  std::priority_queue<std::pair<int64_t, uint32_t>> queue;
  const auto add = [&](const git_oid& id) -> int {
    if (known.contains(id)) return 0;
    git_commit* commit = nullptr;
    if (git_commit_lookup(&commit, repository_, &id) != 0) return -1;
    known.emplace(id, static_cast<uint32_t>(found.size()));
    queue.emplace(git_commit_time(commit), static_cast<uint32_t>(found.size()));
    found.emplace_back();
    found.back().commit.reset(commit);
    parents.emplace_back();
    return 0;
  };
  if (add(tip_) != 0) return GitError("commit " + Hexadecimal(tip_));
  const int64_t since = options_.from_micros - kSlackMicros;
  std::vector<bool> taken;
  size_t seen = 0;
  while (!queue.empty()) {
    const uint32_t at = queue.top().second;
    queue.pop();
    taken.resize(found.size());
    if (TimeOf(found[at].commit.get()) < since) continue;
    if (++seen > options_.commits_max) {
      return Error(Code::kTooLarge,
                   fmt::format("more than {} commits; say a later time",
                               options_.commits_max));
    }
    taken[at] = true;
    const git_commit* commit = found[at].commit.get();
    const unsigned count = git_commit_parentcount(commit);
    for (unsigned i = 0; i < count; ++i) {
      const git_oid id = *git_commit_parent_id(commit, i);
      if (add(id) != 0) {
        found[at].boundary = true;
        Notice(
            fmt::format("commit {} lacks a parent in this clone: what it "
                        "has counts as old",
                        Hexadecimal(*git_commit_id(found[at].commit.get()))));
      }
      parents[at].push_back(id);
    }
  }
  taken.resize(found.size());
  // Depth first over parents, without recursion.
  std::vector<uint32_t> order(found.size(), UINT32_MAX);
  std::vector<std::pair<uint32_t, size_t>> path = {{0, 0}};
  std::vector<bool> entered(found.size());
  entered[0] = true;
  while (!path.empty()) {
    auto& [at, next] = path.back();
    if (taken[at] && next < parents[at].size()) {
      const auto parent = known.find(parents[at][next++]);
      if (parent != known.end() && taken[parent->second] &&
          !entered[parent->second]) {
        entered[parent->second] = true;
        path.emplace_back(parent->second, 0);
      }
      continue;
    }
    const uint32_t done = at;
    path.pop_back();
    if (!taken[done]) continue;
    order[done] = static_cast<uint32_t>(nodes_.size());
    Node node = std::move(found[done]);
    for (const git_oid& id : parents[done]) {
      const auto parent = known.find(id);
      const bool played =
          parent != known.end() && order[parent->second] != UINT32_MAX;
      node.parents.push_back(played ? order[parent->second] : UINT32_MAX);
      if (played) ++nodes_[order[parent->second]].children;
    }
    nodes_.push_back(std::move(node));
  }
  for (uint32_t at = static_cast<uint32_t>(nodes_.size()) - 1;
       !nodes_.empty() && at != UINT32_MAX;
       at = nodes_[at].parents.empty() ? UINT32_MAX : nodes_[at].parents[0]) {
    nodes_[at].main = true;
  }
  return {};
}

Status BranchReplay::Run() {
  TRY(Collect());
  for (Node& node : nodes_) TRY(Play(&node));
  return {};
}

bool BranchReplay::IsTold(const Node& node) const {
  if (node.boundary || git_commit_parentcount(node.commit.get()) > 1) {
    return false;
  }
  const git_signature* author = git_commit_author(node.commit.get());
  const int64_t time =
      std::max<int64_t>(0, author == nullptr ? 0 : author->when.time * kMicros);
  return time >= options_.from_micros && time < options_.end_micros;
}

Status BranchReplay::Play(Node* node) {
  const git_commit* commit = node->commit.get();
  std::shared_ptr<const Files> base = std::make_shared<Files>();
  CommitObject parent;
  if (git_commit_parentcount(commit) > 0) {
    git_commit* first = nullptr;
    if (git_commit_parent(&first, commit, 0) != 0) {
      // Nothing to compare with: all is old.
      node->files = base;
      return {};
    }
    parent.reset(first);
  }
  std::vector<uint32_t> released;
  for (uint32_t at : node->parents) {
    if (at != UINT32_MAX && --nodes_[at].children == 0) released.push_back(at);
  }
  if (!node->parents.empty() && node->parents[0] != UINT32_MAX) {
    base = nodes_[node->parents[0]].files;
  }
  auto changes = Changes(parent.get(), commit);
  if (!changes.ok()) {
    Notice(fmt::format("commit {}: {}", Hexadecimal(*git_commit_id(commit)),
                       changes.error().message()));
    node->files = base;
    return {};
  }
  if (node->main) main_time_ = std::max(main_time_, TimeOf(commit));
  Files files = *base;
  uint32_t brought = UINT32_MAX;
  std::vector<std::pair<std::string, LinesPtr>> fresh;
  std::vector<LinesPtr> stale;
  for (const Change& change : *changes) {
    const auto old = base->find(change.old_path);
    const LinesPtr before = old == base->end() ? nullptr : old->second;
    if (!change.old_path.empty() && change.old_path != change.path) {
      files.erase(change.old_path);
    }
    if (before) stale.push_back(before);
    if (change.gone) {
      files.erase(change.path);
    } else {
      TRY_ASSIGN(Lines lines, NewLines(*node, change, *base, &brought));
      fresh.emplace_back(change.path,
                         std::make_shared<const Lines>(std::move(lines)));
    }
  }
  // All that went first: a line may have gone from one file to another.
  if (node->main) {
    for (const LinesPtr& lines : stale) NoteGone(*lines);
    for (const auto& [path, lines] : fresh) NoteThere(*lines);
  }
  for (auto& [path, lines] : fresh) files[path] = std::move(lines);
  node->files = std::make_shared<const Files>(std::move(files));
  for (uint32_t at : released) nodes_[at].files.reset();
  return {};
}

Result<std::vector<BranchReplay::Change>> BranchReplay::Changes(
    const git_commit* parent, const git_commit* commit) {
  const git_oid* before =
      parent == nullptr ? nullptr : git_commit_tree_id(parent);
  std::vector<Change> changes;
  TRY(trees_.Compare(
      before, git_commit_tree_id(commit), [](std::string_view) { return true; },
      [&](const std::string& path, const TreeEntry& was, const TreeEntry& is) {
        const bool had = was.kind == TreeEntryKind::kFile;
        const bool has = is.kind == TreeEntryKind::kFile;
        if (!had && !has) return;
        Change change;
        change.path = path;
        if (had) {
          change.old_path = path;
          change.before = was.id;
        }
        change.gone = !has;
        if (has) change.after = is.id;
        changes.push_back(std::move(change));
      }));
  FindRenames(&changes);
  return changes;
}

void BranchReplay::FindRenames(std::vector<Change>* changes) {
  std::vector<Change*> gone;
  std::vector<Change*> fresh;
  for (Change& change : *changes) {
    if (change.gone) gone.push_back(&change);
    if (change.old_path.empty()) fresh.push_back(&change);
  }
  if (gone.empty() || fresh.empty()) return;
  std::set<const Change*> used;
  const auto rename = [&](Change* from, Change* to) {
    to->old_path = from->path;
    to->before = from->before;
    used.insert(from);
  };
  for (Change* to : fresh) {
    for (Change* from : gone) {
      if (used.contains(from) || !git_oid_equal(&from->before, &to->after)) {
        continue;
      }
      rename(from, to);
      break;
    }
  }
  if (gone.size() > kRenamesMax || fresh.size() > kRenamesMax) {
    fresh.clear();
  }
  for (Change* to : fresh) {
    if (!to->old_path.empty()) continue;
    auto text = blobs_.Read(to->after);
    if (!text.ok()) continue;
    Change* best = nullptr;
    double most = kRenameShare;
    for (Change* from : gone) {
      if (used.contains(from)) continue;
      auto old = blobs_.Read(from->before);
      if (!old.ok()) continue;
      const double share = Similarity(**old, **text);
      if (share < most) continue;
      most = share;
      best = from;
    }
    if (best != nullptr) rename(best, to);
  }
  std::erase_if(*changes,
                [&](const Change& change) { return used.contains(&change); });
}

Result<BranchReplay::Lines> BranchReplay::NewLines(const Node& node,
                                                   const Change& change,
                                                   const Files& before,
                                                   uint32_t* brought) {
  auto text = blobs_.Read(change.after);
  if (!text.ok()) {
    // Nobody reads lines of what is so long.
    if (text.error().code() != Code::kTooLarge) {
      Notice(fmt::format("{}: {}", change.path, text.error().message()));
    }
    return Lines();
  }
  if (IsBinary(**text)) return Lines();
  const BlobCache::Text held = *text;
  Lines lines(CountLines(*held), kFresh);
  if (!change.old_path.empty()) {
    const auto old = before.find(change.old_path);
    TRY(CopySame(change.before, *held,
                 old == before.end() ? nullptr : old->second, &lines));
  }
  if (git_commit_parentcount(node.commit.get()) > 1) {
    TRY(FillFromOthers(node, change, *held, &lines));
  }
  TRY(Number(node, change, &lines, brought));
  return lines;
}

Status BranchReplay::CopySame(const git_oid& before, std::string_view after,
                              const LinesPtr& numbers, Lines* lines) {
  auto old = blobs_.Read(before);
  // What cannot be read is taken to be there.
  if (!old.ok() || IsBinary(**old)) return {};
  const BlobCache::Text held = *old;
  TRY_ASSIGN(const auto same, MatchLines(*held, after, LineEnds::kExact));
  for (const SameLines& run : same) {
    for (uint32_t i = 0; i < run.count; ++i) {
      if (run.after + i >= lines->size()) break;
      uint32_t& line = (*lines)[run.after + i];
      if (line != kFresh) continue;
      line = numbers != nullptr && run.before + i < numbers->size()
                 ? (*numbers)[run.before + i]
                 : kOld;
    }
  }
  return {};
}

// Lines of a merge that another parent than the first has.
Status BranchReplay::FillFromOthers(const Node& node, const Change& change,
                                    std::string_view text, Lines* lines) {
  const git_commit* commit = node.commit.get();
  for (unsigned i = 1; i < git_commit_parentcount(commit); ++i) {
    git_commit* other = nullptr;
    if (git_commit_parent(&other, commit, i) != 0) continue;
    const CommitObject owned(other);
    git_tree* tree = nullptr;
    if (git_commit_tree(&tree, other) != 0) continue;
    const TreeObject owned_tree(tree);
    git_tree_entry* entry = nullptr;
    if (git_tree_entry_bypath(&entry, tree, change.path.c_str()) != 0) continue;
    const git_oid blob = *git_tree_entry_id(entry);
    const bool file = git_tree_entry_type(entry) == GIT_OBJECT_BLOB;
    git_tree_entry_free(entry);
    if (!file) continue;
    LinesPtr numbers;
    if (node.parents[i] != UINT32_MAX && nodes_[node.parents[i]].files) {
      const Files& files = *nodes_[node.parents[i]].files;
      const auto found = files.find(change.path);
      if (found != files.end()) numbers = found->second;
    }
    TRY(CopySame(blob, text, numbers, lines));
  }
  return {};
}

Status BranchReplay::Number(const Node& node, const Change& change,
                            Lines* lines, uint32_t* brought) {
  const uint32_t fresh = kFresh;
  const auto count =
      static_cast<uint64_t>(std::count(lines->begin(), lines->end(), fresh));
  if (count == 0) return {};
  const bool left_out = IsTold(node) && left_out_.Has(change.path);
  if (!IsTold(node) || left_out) {
    std::replace(lines->begin(), lines->end(), fresh, kOld);
    if (!left_out) return {};
  }
  if (*brought == UINT32_MAX) *brought = Brought(node);
  BroughtCommit& commit = brought_[*brought];
  if (left_out) {
    commit.left_out_lines += count;
    return {};
  }
  if (fates_.size() + count > options_.lines_max) {
    return Error(Code::kTooLarge,
                 fmt::format("more than {} lines were brought; say a shorter "
                             "time",
                             options_.lines_max));
  }
  const auto file = static_cast<uint32_t>(commit.files.size());
  commit.files.push_back({change.path, Hexadecimal(change.after), {}});
  for (size_t i = 0; i < lines->size(); ++i) {
    if ((*lines)[i] != fresh) continue;
    (*lines)[i] = static_cast<uint32_t>(fates_.size());
    fates_.push_back({*brought, file, static_cast<uint32_t>(i) + 1});
  }
  return {};
}

uint32_t BranchReplay::Brought(const Node& node) {
  const git_commit* commit = node.commit.get();
  BroughtCommit brought;
  brought.id = Hexadecimal(*git_commit_id(commit));
  const git_signature* author = git_commit_author(commit);
  if (author != nullptr) {
    brought.authored_micros = std::max<int64_t>(0, author->when.time * kMicros);
  }
  brought.committed_micros = TimeOf(commit);
  brought.authors = people_.Of(commit);
  brought_.push_back(std::move(brought));
  return static_cast<uint32_t>(brought_.size()) - 1;
}

void BranchReplay::NoteGone(const Lines& lines) {
  for (uint32_t line : lines) {
    if (line < fates_.size()) fates_[line].gone = main_time_;
  }
}

void BranchReplay::NoteThere(const Lines& lines) {
  for (uint32_t line : lines) {
    if (line >= fates_.size()) continue;
    Fate& fate = fates_[line];
    if (fate.landed == kStillThere) fate.landed = main_time_;
    fate.gone = kStillThere;
  }
}

void BranchReplay::Notice(std::string notice) {
  if (notices_.size() >= kNoticesMax || !noticed_.insert(notice).second) return;
  notices_.push_back(std::move(notice));
}

std::vector<BroughtCommit> BranchReplay::TakeCommits() {
  for (const Fate& fate : fates_) {
    if (fate.landed == kStillThere) continue;
    brought_[fate.commit].files[fate.file].lines.push_back(
        {fate.line, fate.landed, fate.gone});
  }
  for (BroughtCommit& commit : brought_) {
    std::erase_if(commit.files,
                  [](const BroughtFile& file) { return file.lines.empty(); });
  }
  std::erase_if(brought_, [](const BroughtCommit& commit) {
    return commit.files.empty() && commit.left_out_lines == 0;
  });
  return std::move(brought_);
}

}  // namespace cofferdam::corpus
