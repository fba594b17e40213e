#include "blame/repository_outputs.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace cofferdam::blame {
namespace {

std::string_view LastName(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The number behind `"time":` in a descriptor; 0 where there is none. Whole
// parsing is left for those that matter.
int64_t TimeIn(std::string_view descriptor) {
  constexpr std::string_view kMember = "\"time\":";
  const size_t at = descriptor.rfind(kMember);
  if (at == std::string_view::npos) return 0;
  int64_t time = 0;
  std::from_chars(descriptor.data() + at + kMember.size(),
                  descriptor.data() + descriptor.size(), time);
  return time;
}

bool IsBelow(std::string_view path, std::string_view root) {
  return !root.empty() && path.size() > root.size() && path.starts_with(root) &&
         path[root.size()] == '/';
}

// Whether the model's `path`, absolute or relative to wherever it stood, may
// be `in_repository`.
bool MayBe(std::string_view path, std::string_view in_repository,
           std::string_view root) {
  while (path.starts_with("./")) path.remove_prefix(2);
  if (IsBelow(path, root)) {
    return path.substr(root.size() + 1) == in_repository;
  }
  if (path == in_repository) return true;
  if (path.empty()) return false;
  // Absolute, in another clone; relative to a folder of this one, or above it.
  const auto [shorter, longer] = std::minmax(
      path, in_repository, [](std::string_view a, std::string_view b) {
        return a.size() < b.size();
      });
  return !shorter.starts_with('/') && longer.size() > shorter.size() &&
         longer.ends_with(shorter) &&
         longer[longer.size() - shorter.size() - 1] == '/';
}

// The last two names of a path; empty where it has only one.
std::string_view LastNames(std::string_view path) {
  const size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) return "";
  return path.substr(path.rfind('/', last - 1) + 1);
}

bool IsNear(std::string_view path, std::string_view in_repository,
            std::string_view) {
  const std::string_view names = LastNames(in_repository);
  return !names.empty() && LastNames(path) == names;
}

}  // namespace

Result<RepositoryOutputs> RepositoryOutputs::List(
    const fingerprint::Index& index, std::string_view repository,
    std::string_view root) {
  RepositoryOutputs listed;
  listed.root_ = root;
  JsonWriter named;
  named.BeginObject().Field("repo", repository).EndObject();
  std::string member(named.text());
  member = member.substr(1, member.size() - 2);
  for (uint32_t segment = 0; segment < index.segment_count(); ++segment) {
    const uint64_t count = index.segment(segment).counts().outputs;
    for (uint64_t i = 0; i < count; ++i) {
      TRY_ASSIGN(const auto output, index.segment(segment).output(i));
      const std::string_view descriptor = output.descriptor;
      const int64_t time = TimeIn(descriptor);
      if (time > 0 && (listed.first_exchange_micros_ == 0 ||
                       time < listed.first_exchange_micros_)) {
        listed.first_exchange_micros_ = time;
      }
      const bool of_repository =
          !repository.empty() &&
          descriptor.find(member) != std::string_view::npos;
      const bool of_none =
          descriptor.find("\"repo\":") == std::string_view::npos;
      if (!of_repository && !of_none) continue;
      TRY_ASSIGN(evidence::Origin origin, evidence::ParseOrigin(descriptor));
      if (of_repository ? origin.repo != repository
                        : !IsBelow(origin.path, root)) {
        continue;
      }
      const auto ordinal = static_cast<uint32_t>(listed.outputs_.size());
      if (!origin.path.empty()) {
        listed.by_name_.emplace(LastName(origin.path), ordinal);
      }
      listed.by_place_.emplace(uint64_t{segment} << 32 | i, ordinal);
      listed.outputs_.push_back(
          {segment, static_cast<uint32_t>(i), std::move(origin)});
    }
  }
  return listed;
}

std::vector<uint32_t> RepositoryOutputs::WrittenTo(
    std::string_view path) const {
  return Named(path, MayBe);
}

std::vector<uint32_t> RepositoryOutputs::WrittenNear(
    std::string_view path) const {
  return Named(path, IsNear);
}

std::vector<uint32_t> RepositoryOutputs::Named(std::string_view path,
                                               IsMeant is_meant) const {
  std::vector<uint32_t> found;
  const auto [begin, end] = by_name_.equal_range(std::string(LastName(path)));
  for (auto at = begin; at != end; ++at) {
    if (is_meant(outputs_[at->second].origin.path, path, root_))
      found.push_back(at->second);
  }
  std::sort(found.begin(), found.end(), [this](uint32_t a, uint32_t b) {
    return std::pair(outputs_[a].origin.time, a) <
           std::pair(outputs_[b].origin.time, b);
  });
  return found;
}

size_t RepositoryOutputs::Find(uint32_t segment, uint32_t output) const {
  const auto found = by_place_.find(uint64_t{segment} << 32 | output);
  return found == by_place_.end() ? SIZE_MAX : found->second;
}

}  // namespace cofferdam::blame
