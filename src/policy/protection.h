#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "policy/verdict.h"

namespace cofferdam::policy {

// Of one law.
inline constexpr size_t kProtectionsMax = 64;

// One [[protect]] of policy.toml: paths that hold what trains or tests models,
// which no lines may enter whose terms forbid it.
struct Protection {
  // Globs of the repository's name; empty: every repository, also one without
  // a name.
  std::vector<std::string> repos;
  // Globs of paths in the repository. One that ends with '/' means all below;
  // one that begins with "**/" also what lies at the root.
  std::vector<std::string> paths;
  ScanPurpose purpose = ScanPurpose::kTraining;
  // What people are told to do next; may be empty.
  std::string ask;

  bool operator==(const Protection&) const = default;
};

// Whether it is about files of this repository ("host/path"; empty: not known).
bool Concerns(const Protection& protection, std::string_view repo);
// Whether it is about that path of a repository that it concerns.
bool Protects(const Protection& protection, std::string_view path);

}  // namespace cofferdam::policy
