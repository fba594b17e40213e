#include "cli/agent_place.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/file.h"

namespace cofferdam::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFileBytesMax = 4 << 20;

bool IsOurs(const AgentLaunch& launch, const fs::path& path) {
  for (const AgentLaunch::File& file : launch.files) {
    if (file.path == path) return true;
  }
  return false;
}

// Moves what is no link of ours back to where it belongs. A folder that is
// there by now, made by another run, is added to.
void MoveBack(const AgentLaunch& launch) {
  std::error_code error;
  fs::path of = launch.mirror->of;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(launch.mirror->at, error)) {
    if (entry.is_symlink() || IsOurs(launch, entry.path())) continue;
    fs::create_directories(of, error);
    fs::path target = of / entry.path().filename();
    fs::rename(entry.path(), target, error);
    if (!error) continue;
    // Another file system, or a folder that is not empty.
    error.clear();
    fs::copy(entry.path(), target,
             fs::copy_options::recursive | fs::copy_options::copy_symlinks |
                 fs::copy_options::overwrite_existing,
             error);
  }
}

Status Link(const std::string& target, const std::string& path) {
  std::error_code error;
  fs::create_symlink(target, path, error);
  if (error) return Error::FromErrno(error.value(), "link " + path);
  return {};
}

Status LinkEntries(const AgentLaunch& launch) {
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(launch.mirror->of, error)) {
    std::string path = fs::path(launch.mirror->at) / entry.path().filename();
    if (!IsOurs(launch, path)) TRY(Link(entry.path(), path));
  }
  return {};
}

}  // namespace

Result<AgentPlace> AgentPlace::Make(const std::string& folder,
                                    const AgentLaunch& launch) {
  AgentPlace place;
  if (launch.files.empty() && launch.links.empty() && !launch.mirror) {
    return place;
  }
  TRY(MakeFolder(folder, 0700));
  place.folder_ = folder;
  place.launch_ = launch;
  TRY(place.Fill(launch));
  return place;
}

Status AgentPlace::Fill(const AgentLaunch& launch) {
  if (launch.mirror) {
    TRY(MakeFolder(launch.mirror->at, 0700));
    TRY(LinkEntries(launch));
  }
  for (const AgentLaunch::File& file : launch.files) {
    TRY(WriteFileAtomically(file.path, file.text, 0600));
  }
  for (const AgentLaunch::Link& link : launch.links) {
    std::error_code error;
    if (fs::exists(link.target, error)) TRY(Link(link.target, link.path));
  }
  return {};
}

AgentPlace::AgentPlace(AgentPlace&& other) noexcept
    : folder_(std::exchange(other.folder_, "")),
      launch_(std::move(other.launch_)) {}

AgentPlace::~AgentPlace() {
  if (folder_.empty()) return;
  if (launch_.mirror) MoveBack(launch_);
  std::error_code error;
  // Does not follow links.
  fs::remove_all(folder_, error);
}

std::vector<std::string> AgentPlace::ChangedFiles() const {
  std::vector<std::string> changed;
  for (const AgentLaunch::File& file : launch_.files) {
    auto now = ReadFile(file.path, kFileBytesMax);
    if (!now.ok() || *now != file.text) {
      changed.push_back(fs::path(file.path).filename());
    }
  }
  return changed;
}

Result<std::string> NewAgentFolder(
    const std::function<std::string(const char* name)>& variable,
    std::string_view name) {
  std::string base = variable("XDG_RUNTIME_DIR");
  if (!base.starts_with('/')) {
    base = variable("HOME");
    if (base.empty()) {
      return Error(Code::kInvalid,
                   "neither XDG_RUNTIME_DIR nor HOME says where the agent's "
                   "settings may be written");
    }
    base += "/.cache";
  }
  return fmt::format("{}/cofferdam/{}", base, name);
}

}  // namespace cofferdam::cli
