#include "base/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>

namespace cofferdam {
namespace {

Error LoaderError(const std::string& path) {
  const char* why = ::dlerror();
  return Error(Code::kUnavailable, why == nullptr ? path : why);
}

std::string_view FolderOf(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}

bool IsThere(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

Result<std::string> ProgramPath() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0 || static_cast<size_t>(size) == path.size()) {
    return Error(Code::kUnavailable,
                 "the program's own folder cannot be found");
  }
  return std::string(path.data(), static_cast<size_t>(size));
}

std::string InstalledPath(std::string_view program,
                          std::string_view file_name) {
  const std::string_view folder = FolderOf(program);
  std::string beside = fmt::format("{}/{}", folder, file_name);
  std::string shared =
      fmt::format("{}/lib/cofferdam/{}", FolderOf(folder), file_name);
  return !IsThere(beside) && IsThere(shared) ? shared : beside;
}

Result<void*> OpenPlugin(const std::string& path, const char* symbol) {
  // Lazily: a large library has more functions than are ever called.
  void* library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return LoaderError(path);
  void* found = ::dlsym(library, symbol);
  if (found == nullptr) return LoaderError(path);
  return found;
}

}  // namespace cofferdam
