#include "agent/session/instructions.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "agent/session/imports.h"
#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

constexpr const char* kClaude = "CLAUDE.md";
constexpr const char* kNames[] = {"AGENTS.md", kClaude};
constexpr std::string_view kOpening = "<instructions from=\"";
constexpr std::string_view kClosing = "</instructions>\n";

std::string RealPath(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.c_str(), buffer) == nullptr ? "" : buffer;
}

bool IsInside(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

// The nearest folder from `folder` up that has a .git, else `folder`.
std::string RepositoryRoot(const std::string& folder) {
  for (std::string at = folder; !at.empty();
       at.resize(std::max<size_t>(at.rfind('/'), 0))) {
    struct stat info;
    if (stat((at + "/.git").c_str(), &info) == 0) return at;
    if (at.find('/') == std::string::npos) break;
  }
  return folder;
}

// At most `bytes_max` and one byte more.
std::string ReadSome(int fd, size_t bytes_max) {
  std::string text(bytes_max + 1, '\0');
  size_t have = 0;
  while (have < text.size()) {
    ssize_t n = read(fd, text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<size_t>(n);
  }
  text.resize(have);
  return text;
}

}  // namespace

bool Instructions::Read(Found* found) {
  FileDescriptor fd(
      open(found->path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat info;
  if (!fd.valid() || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return false;
  }
  found->file = {info.st_dev, info.st_ino};
  found->text = ReadSome(fd.get(), limits_.file_bytes_max);
  if (found->text.find('\0') != std::string::npos ||
      !IsUtf8(found->text.substr(0, found->text.rfind('\n') + 1))) {
    notices_.push_back(
        fmt::format("{} is no text and is not read.", found->shown));
    return false;
  }
  if (found->text.size() > limits_.file_bytes_max) {
    found->text.resize(limits_.file_bytes_max);
    found->text.resize(found->text.rfind('\n') + 1);
    found->text += fmt::format("[cut here: {} has {} bytes]\n", found->shown,
                               int64_t{info.st_size});
    notices_.push_back(fmt::format(
        "{} has {} bytes; the model is given the first {} of it.", found->shown,
        int64_t{info.st_size}, limits_.file_bytes_max));
  }
  if (found->text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return false;
  }
  if (found->text.back() != '\n') found->text += '\n';
  return true;
}

bool Instructions::FindIn(const std::string& folder,
                          const std::string& shown_folder, Found* found) {
  for (const char* name : kNames) {
    found->path = folder + "/" + name;
    found->shown = shown_folder + name;
    // A repository could name any file of its user.
    const std::string real = RealPath(found->path);
    if (!real.empty() && !root_.empty() && !IsInside(real, root_)) {
      struct stat info;
      if (stat(real.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
        notices_.push_back(fmt::format(
            "{} leads out of the repository and is not read.", found->shown));
      }
      continue;
    }
    if (Read(found)) return true;
  }
  return false;
}

std::vector<Instructions::Found> Instructions::AllIn(
    const std::string& folder, const std::string& shown_folder) {
  std::vector<Found> all;
  Found found;
  if (!FindIn(folder, shown_folder, &found)) return all;
  const bool imports = found.path.ends_with(kClaude);
  all.push_back(std::move(found));
  if (imports) {
    AddImports(Found(all.front()), root_.empty() ? RealPath(folder) : root_, 1,
               &all);
  }
  return all;
}

bool Instructions::MayImport(const Found& from, const std::string& name,
                             const std::string& root, const std::string& real) {
  if (IsInside(real, root)) return true;
  if (claude_folder_.empty() || !IsInside(real, claude_folder_)) {
    notices_.push_back(
        fmt::format("{} imports {}, which lies outside of {} and is not read.",
                    from.shown, name, root));
    return false;
  }
  // Keys of its user lie there, too.
  const bool text = real.ends_with(".md");
  notices_.push_back(
      fmt::format("{} imports {} of yours{}", from.shown, name,
                  text ? ": it is given to the model, too."
                       : ", which is no Markdown and is not read."));
  return text;
}

void Instructions::AddImports(const Found& from, const std::string& root,
                              size_t depth, std::vector<Found>* all) {
  for (const std::string& name : ImportsIn(from.text)) {
    Found found;
    if (name.starts_with("~/")) {
      if (claude_folder_.empty()) continue;
      found.path =
          claude_folder_.substr(0, claude_folder_.rfind('/')) + name.substr(1);
    } else {
      found.path = name.front() == '/'
                       ? name
                       : from.path.substr(0, from.path.rfind('/') + 1) + name;
    }
    const std::string real = RealPath(found.path);
    struct stat info;
    if (real.empty() || stat(real.c_str(), &info) != 0 ||
        !S_ISREG(info.st_mode)) {
      continue;  // somebody's name
    }
    const bool seen =
        std::any_of(all->begin(), all->end(), [&info](const Found& one) {
          return one.file ==
                 std::pair<uint64_t, uint64_t>(info.st_dev, info.st_ino);
        });
    if (seen || !MayImport(from, name, root, real)) continue;
    if (depth > limits_.import_depth_max ||
        all->size() > limits_.imported_files_max) {
      notices_.push_back(fmt::format(
          "{}, which {} imports, is left out: at most {} files are imported, "
          "over {} steps.",
          name, from.shown, limits_.imported_files_max,
          limits_.import_depth_max));
      continue;
    }
    found.shown =
        IsInside(real, workspace_) ? real.substr(workspace_.size() + 1) : real;
    if (!Read(&found)) continue;
    all->push_back(found);
    AddImports(found, root, depth + 1, all);
  }
}

std::string Instructions::Wrap(const Found& found) const {
  return fmt::format("{}{}\">\n{}{}", kOpening, found.shown, found.text,
                     kClosing);
}

Instructions Instructions::Load(const InstructionPlaces& places,
                                const InstructionLimits& limits) {
  Instructions made;
  made.limits_ = limits;
  made.workspace_ = RealPath(places.workspace);
  if (made.workspace_.empty()) made.workspace_ = places.workspace;
  if (!places.claude_folder.empty()) {
    made.claude_folder_ = RealPath(places.claude_folder);
    // "@~/" leads outside where it is not there, too.
    if (made.claude_folder_.empty()) made.claude_folder_ = places.claude_folder;
  }
  std::vector<Found> all;
  if (!places.config_folder.empty()) {
    all = made.AllIn(places.config_folder, places.config_folder + "/");
  }
  made.root_ = RepositoryRoot(made.workspace_);
  std::vector<std::vector<Found>> near;
  for (std::string at = made.workspace_;;) {
    near.push_back(made.AllIn(at, at == made.workspace_ ? "" : at + "/"));
    if (at == made.root_ || at.size() <= 1) break;
    at.resize(std::max<size_t>(at.rfind('/'), 1));
  }
  // The nearest first, so that they have room; given from the root down.
  size_t left = limits.begin_bytes_max;
  for (const Found& one : all) left -= std::min(left, one.text.size());
  for (std::vector<Found>& group : near) {
    std::erase_if(group, [&](const Found& one) {
      if (one.text.size() <= left) {
        left -= one.text.size();
        return false;
      }
      made.notices_.push_back(fmt::format(
          "{} is left out: instructions have more than {} bytes together.",
          one.shown, limits.begin_bytes_max));
      return true;
    });
  }
  for (auto group = near.rbegin(); group != near.rend(); ++group) {
    for (Found& one : *group) all.push_back(std::move(one));
  }
  for (const Found& one : all) {
    if (!made.begun_with_.insert(one.file).second) continue;
    made.text_ += made.Wrap(one);
    made.paths_.push_back(one.shown);
  }
  return made;
}

std::string Instructions::Take(const Found& found) {
  if (begun_with_.contains(found.file) || !given_.insert(found.shown).second) {
    return "";
  }
  if (nested_ == limits_.nested_files_max) {
    notices_.push_back(
        fmt::format("{} is left out: {} files of instructions were given.",
                    found.shown, nested_));
    return "";
  }
  ++nested_;
  return Wrap(found);
}

std::string Instructions::TakeFor(std::span<const std::string> paths) {
  std::string text;
  for (const std::string& path : paths) {
    if (!IsInside(path, workspace_) || path == workspace_) continue;
    // Folders on the way; the last name may be one, too.
    for (size_t slash = workspace_.size(); slash != std::string::npos;) {
      slash = path.find('/', slash + 1);
      const std::string folder = path.substr(0, slash);
      const std::string below = folder.substr(workspace_.size() + 1);
      if (below.empty() || below.find("..") != std::string::npos) break;
      if (!looked_at_.insert(below).second) continue;
      for (const Found& found : AllIn(folder, below + "/")) {
        text += Take(found);
      }
    }
  }
  return text;
}

void Instructions::Remember(std::span<const Message> history) {
  looked_at_.clear();
  given_.clear();
  nested_ = 0;
  for (const Message& message : history) {
    const std::string& text = message.text;
    for (size_t at = text.find(kOpening); at != std::string::npos;
         at = text.find(kOpening, at)) {
      at += kOpening.size();
      const size_t end = text.find('"', at);
      if (end == std::string::npos) break;
      if (given_.insert(text.substr(at, end - at)).second) ++nested_;
    }
  }
}

std::vector<std::string> Instructions::TakeNotices() {
  return std::exchange(notices_, {});
}

}  // namespace cofferdam::agent
