#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cofferdam::corpus {

// What a git work tree says of itself.
struct Repository {
  // Absolute path of the work tree, without a slash at its end.
  std::string root;
  // Where it is shared, as NormaliseRemote gives it: of the remote `origin`,
  // else of the only remote; empty if there is none.
  std::string remote;
  // HEAD's commit in hexadecimal; empty before the first commit.
  std::string head_commit;
  // Whether tracked files differ from HEAD; none if it was not asked for.
  std::optional<bool> dirty;

  bool operator==(const Repository&) const = default;
};

// Comparing the work tree with HEAD stats every tracked file.
enum class Compare { kSkip, kWorkTree };

// The repository whose work tree holds `path`, which need not be its root.
// None outside of a work tree, in a bare repository and wherever git cannot
// read it: a repository that cannot be named is as good as none.
std::optional<Repository> RepositoryAt(const std::string& path,
                                       Compare compare);

// "host/path" of a remote's URL, so that one repository has one name however
// it is fetched: no scheme, user, password, port, query or ".git", the host in
// lower case. The scp form "user@host:path" is understood; a folder of this
// machine is "local/path". Empty for what names no repository. Names agree
// with policy::NormaliseRepo, which judges what users write.
std::string NormaliseRemote(std::string_view url);

}  // namespace cofferdam::corpus
