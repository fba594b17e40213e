#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// Names of entries that no command may make or change, in whatever folder of a
// workspace they stand: what git and coding agents take orders from (hooks,
// settings, servers to start).
std::span<const std::string_view> ProtectedNames();
bool IsProtectedName(std::string_view name);

// Whether some file system that Linux has takes both for one name: without
// regard to case (ext4, f2fs, vfat, ntfs, network shares), to characters that
// are not seen and letters that fold to ASCII (Unicode's case folding, as ext4
// has it), to dots and blanks at the end (vfat, shares), and git~1 for .git
// (vfat). `known` is plain lower-case ASCII.
bool IsSameName(std::string_view known, std::string_view name);

// Whether a component of `path` is protected; `path` may be relative or
// absolute below `workspace`, whose own components do not count.
bool IsProtectedPath(std::string_view workspace, std::string_view path);

// What inside a repository's .git is never writable, even to commands that may
// write its history: git takes orders from it, or finds it elsewhere by it.
std::span<const std::string_view> ProtectedGitNames();

// Files and folders below `home` that hold keys, tokens, passwords or agents'
// credentials; absolute; whether they exist or not.
std::vector<std::string> SecretPaths(const std::string& home);

}  // namespace cofferdam::agent
