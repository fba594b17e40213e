#include "agent/sandbox/writable_folders.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "agent/sandbox/protected_names.h"

namespace cofferdam::agent {
namespace {

// Programs, settings and services of the whole machine.
constexpr std::string_view kSystem[] = {
    "/bin",   "/boot",   "/dev",  "/etc",     "/lib",     "/lib32",
    "/lib64", "/libx32", "/proc", "/root",    "/run",     "/sbin",
    "/sys",   "/usr",    "/nix",  "/var/lib", "/var/run", "/var/spool"};

bool IsAtOrBelow(std::string_view path, std::string_view folder) {
  return folder == "/" ||
         (path.starts_with(folder) &&
          (path.size() == folder.size() || path[folder.size()] == '/'));
}

// Links followed as far as the path is there.
std::string RealName(const std::string& path) {
  std::error_code error;
  std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  std::string name =
      error ? std::filesystem::path(path).lexically_normal() : std::move(real);
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return name;
}

Error Refused(const std::string& path, const std::string& why) {
  return Error(Code::kInvalid, path + " cannot be writable: " + why);
}

}  // namespace

Status CheckWritableFolder(const std::string& path, const std::string& home) {
  if (!path.starts_with('/')) {
    return Refused(path, "it is no absolute path");
  }
  const std::string real = RealName(path);
  if (real == "/") {
    return Refused(path, "then nothing would be left that is not");
  }
  const bool has_home = home.starts_with('/') && home.size() > 1;
  const std::string real_home = has_home ? RealName(home) : std::string();
  // Before the system's: root's home is one of those.
  if (has_home) {
    if (IsAtOrBelow(real_home, real)) {
      return Refused(path,
                     "the home folder is in it, with keys and what the "
                     "shell starts; name a folder further down");
    }
    for (const std::string& secret : SecretPaths(home)) {
      const std::string kept = RealName(secret);
      if (IsAtOrBelow(real, kept) || IsAtOrBelow(kept, real)) {
        return Refused(path, secret +
                                 " holds keys or settings that commands "
                                 "may not even read");
      }
    }
  }
  const bool in_home = has_home && IsAtOrBelow(real, real_home);
  for (const std::string_view system : kSystem) {
    if ((!in_home && IsAtOrBelow(real, system)) || IsAtOrBelow(system, real)) {
      return Refused(path, std::string(system) +
                               " belongs to the system, which runs what is in "
                               "it outside the sandbox");
    }
  }
  for (std::string_view rest = real; !rest.empty();) {
    const size_t slash = rest.find('/');
    if (const std::string_view name = rest.substr(0, slash);
        IsProtectedName(name)) {
      return Refused(path, std::string(name) +
                               " is protected: git or an agent takes orders "
                               "from it");
    }
    rest.remove_prefix(slash == rest.npos ? rest.size() : slash + 1);
  }
  return Status();
}

Status CheckPassedVariable(const std::string& name) {
  const bool good = !name.empty() &&
                    std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '_';
                    });
  if (!good) {
    return Error(Code::kInvalid,
                 "\"" + name + "\" is no name of an environment variable");
  }
  if (name.starts_with("COFFERDAM_")) {
    return Error(Code::kInvalid,
                 name +
                     " is Cofferdam's own, perhaps with a key in it: "
                     "commands do not get it");
  }
  return Status();
}

}  // namespace cofferdam::agent
