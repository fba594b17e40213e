#include "corpus/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "corpus/git_internal.h"
#include "corpus/loose_objects_internal.h"

namespace cofferdam::corpus {
namespace {

bool IsHostByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

// "User:secret@Git.Example.com:2222" -> "git.example.com"; empty when there is
// no host in it.
std::string HostName(std::string_view authority) {
  authority.remove_prefix(authority.rfind('@') + 1);
  std::string host(authority);
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (host.starts_with('[')) {
    size_t end = host.find(']');
    return end == std::string::npos ? "" : host.substr(0, end + 1);
  }
  host.resize(std::min(host.find(':'), host.size()));
  return std::all_of(host.begin(), host.end(), IsHostByte) ? host : "";
}

// "host/path" from its two halves; empty when one of them is missing or holds
// what no path has, such as the end of a password.
std::string Join(const std::string& host, std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  if (path.find_first_of("@ \\") != std::string_view::npos) return "";
  std::string name = host;
  while (!path.empty()) {
    size_t slash = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (segment == "..") return "";
    if (segment.empty() || segment == ".") continue;
    name += '/';
    name += segment;
  }
  while (name.ends_with(".git") && !name.ends_with("/.git"))
    name.resize(name.size() - 4);
  return host.empty() || name == host ? "" : name;
}

// The value between `before` and `after`, around which `name` consists.
std::optional<std::string_view> Between(std::string_view name,
                                        std::string_view before,
                                        std::string_view after) {
  if (name.size() <= before.size() + after.size() ||
      !name.starts_with(before) || !name.ends_with(after))
    return std::nullopt;
  name.remove_prefix(before.size());
  name.remove_suffix(after.size());
  return name;
}

// Reads the configuration itself: libgit2's look-up of a remote leaks memory
// whenever it compares a name (1.5 with PCRE2), once for every entry.
std::string RemoteUrl(git_repository* repository) {
  git_config* config = nullptr;
  if (git_repository_config_snapshot(&config, repository) != 0) return "";
  ConfigHandle owned_config(config);
  git_config_iterator* iterator = nullptr;
  if (git_config_iterator_new(&iterator, config) != 0) return "";
  ConfigIteratorHandle owned_iterator(iterator);
  std::map<std::string, std::string> urls;      // by remote
  std::map<std::string, std::string> prefixes;  // what url.BASE.insteadOf says
  git_config_entry* entry = nullptr;
  while (git_config_next(&entry, iterator) == 0) {
    std::string value = entry->value == nullptr ? "" : entry->value;
    if (auto remote = Between(entry->name, "remote.", ".url")) {
      urls.emplace(*remote, value);
    } else if (auto base = Between(entry->name, "url.", ".insteadof")) {
      if (!value.empty()) prefixes.emplace(value, *base);
    }
  }
  auto found = urls.find("origin");
  if (found == urls.end() && urls.size() == 1) found = urls.begin();
  if (found == urls.end()) return "";
  std::string url = found->second;
  // Of several prefixes the longest counts; it sorts last.
  for (auto prefix = prefixes.rbegin(); prefix != prefixes.rend(); ++prefix) {
    if (url.starts_with(prefix->first))
      return prefix->second + url.substr(prefix->first.size());
  }
  return url;
}

std::optional<bool> IsDirty(git_repository* repository) {
  git_status_options options;
  git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  git_status_list* list = nullptr;
  if (git_status_list_new(&list, repository, &options) != 0)
    return std::nullopt;
  StatusHandle owned(list);
  return git_status_list_entrycount(list) > 0;
}

}  // namespace

void UseGit() {
  static const bool ready = [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    return true;
  }();
  CHECK(ready);
}

Error GitError(std::string_view what) {
  const git_error* last = git_error_last();
  return Error(Code::kUnavailable,
               fmt::format("{}: {}", what,
                           last == nullptr || last->message == nullptr
                               ? "git gave no reason"
                               : last->message));
}

std::string RemoteOf(git_repository* repository) {
  return NormaliseRemote(RemoteUrl(repository));
}

Repository Describe(git_repository* handle) {
  Repository repository;
  repository.root = git_repository_workdir(handle);
  while (repository.root.size() > 1 && repository.root.ends_with('/'))
    repository.root.pop_back();
  repository.remote = RemoteOf(handle);
  git_oid commit;
  if (git_reference_name_to_id(&commit, handle, "HEAD") == 0) {
    std::array<char, GIT_OID_HEXSZ + 1> hex;
    repository.head_commit = git_oid_tostr(hex.data(), hex.size(), &commit);
  }
  return repository;
}

Result<RepositoryHandle> OpenAround(const std::string& path) {
  UseGit();
  git_repository* handle = nullptr;
  constexpr unsigned kFlags = GIT_REPOSITORY_OPEN_CROSS_FS;
  int failed = git_repository_open_ext(&handle, path.c_str(), kFlags, nullptr);
  if (failed == GIT_ENOTFOUND)
    return Error(Code::kNotFound, path + ": not in a git repository");
  if (failed != 0) return GitError("git repository around " + path);
  RepositoryHandle owned(handle);
  GuardLooseObjects(handle);
  if (git_repository_workdir(handle) == nullptr)
    return Error(Code::kNotFound, path + ": in a git repository without files");
  return owned;
}

std::optional<Repository> RepositoryAt(const std::string& path,
                                       Compare compare) {
  Result<RepositoryHandle> handle = OpenAround(path);
  if (!handle.ok()) return std::nullopt;
  Repository repository = Describe(handle->get());
  if (compare == Compare::kWorkTree) repository.dirty = IsDirty(handle->get());
  return repository;
}

std::string NormaliseRemote(std::string_view url) {
  if (url.starts_with('/')) return Join("local", url);
  size_t scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos) {
    std::string_view rest = url.substr(scheme_end + 3);
    if (url.starts_with("file://")) return Join("local", rest);
    size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    return Join(HostName(rest.substr(0, end)), rest.substr(end));
  }
  // user@host:path, where no slash comes before the colon; or host/path.
  size_t slash = std::min(url.find('/'), url.size());
  size_t at = url.substr(0, slash).rfind('@');
  size_t host = at == std::string_view::npos ? 0 : at + 1;
  if (url.substr(host).starts_with('['))
    host = std::min(url.find(']', host), url.size());
  size_t end = std::min(url.find_first_of(":/", host), url.size());
  std::string_view path = url.substr(end);
  if (path.starts_with(':')) path.remove_prefix(1);
  std::string name = HostName(url.substr(0, end));
  return name == "." || name == ".." ? "" : Join(name, path);
}

}  // namespace cofferdam::corpus

// libgit2 reads the certificates of all authorities when it is made ready, for
// connections that nothing of ours makes through it: a fourth of what
// `check --staged` takes. Where it was built on mbedTLS, as in Debian and
// Ubuntu, that call ends here, since a program's own functions come first; the
// chain stays empty, so that no connection of libgit2's would trust anybody.
extern "C" __attribute__((visibility("default"))) int
mbedtls_x509_crt_parse_file(void* /*chain*/, const char* /*path*/) {
  return 0;
}
