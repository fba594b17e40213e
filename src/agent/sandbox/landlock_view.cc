#include "agent/sandbox/landlock_view.h"

#include <dirent.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace cofferdam::agent {
namespace {

bool IsAt(std::string_view path, std::string_view folder) {
  return folder == "/" ||
         (path.starts_with(folder) &&
          (path.size() == folder.size() || path[folder.size()] == '/'));
}

class Cover {
 public:
  Cover(const LandlockRules& rules, LandlockAccess whole, LandlockAccess split)
      : rules_(rules), whole_(whole), split_(split) {}

  // Allows all below `path` but `holes`. What lies on the way to a hole gets
  // `split` for itself.
  Status Allow(const std::string& path, const std::vector<std::string>& holes) {
    for (const std::string& hole : holes) {
      if (IsAt(path, hole)) {
        return Status();
      }
    }
    std::vector<std::string> inside;
    for (const std::string& hole : holes) {
      if (IsAt(hole, path)) {
        inside.push_back(hole);
      }
    }
    if (inside.empty()) {
      return Add(path, whole_);
    }
    if (split_ != LandlockAccess::kRead) {
      TRY(Add(path, split_));
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()),
                                                     closedir);
    if (folder == nullptr) {
      return Status();
    }
    while (const struct dirent* entry = readdir(folder.get())) {
      const std::string_view name = entry->d_name;
      // A link is judged by where it leads.
      if (name != "." && name != ".." && entry->d_type != DT_LNK) {
        TRY(Allow((path == "/" ? path : path + "/") + std::string(name),
                  inside));
      }
    }
    return Status();
  }

 private:
  Status Add(const std::string& path, LandlockAccess access) {
    if (++count_ > kLandlockRulesMax) {
      return Error(Code::kTooLarge,
                   "landlock: " + path + ": too many entries beside it");
    }
    return rules_.Allow(path, access);
  }

  const LandlockRules& rules_;
  const LandlockAccess whole_;
  const LandlockAccess split_;
  size_t count_ = 0;
};

}  // namespace

Result<LandlockRules> MakeLandlockView(int version, const LandlockView& view) {
  TRY_ASSIGN(LandlockRules rules,
             LandlockRules::Make(version, {.tcp = !view.network}));
  std::vector<std::string> unread = view.hidden;
  unread.emplace_back("/run");
  unread.emplace_back("/tmp");
  // Disks and terminals; root could read them.
  unread.emplace_back("/dev");
  TRY(Cover(rules, LandlockAccess::kRead, LandlockAccess::kRead)
          .Allow("/", unread));
  for (const std::string& path : view.writable) {
    std::vector<std::string> holes = view.hidden;
    std::copy_if(view.read_only.begin(), view.read_only.end(),
                 std::back_inserter(holes),
                 [&](const std::string& kept) { return IsAt(kept, path); });
    TRY(Cover(rules, LandlockAccess::kWrite, LandlockAccess::kNewFolders)
            .Allow(path, holes));
  }
  for (const std::string& path : view.read_only) {
    TRY(rules.Allow(path, LandlockAccess::kRead));
  }
  for (const char* node : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                           "/dev/urandom", "/dev/tty"}) {
    TRY(rules.Allow(node, LandlockAccess::kDevice));
  }
  return rules;
}

}  // namespace cofferdam::agent
