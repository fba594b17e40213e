#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/contract.h"
#include "policy/protection.h"
#include "policy/verdict.h"

namespace cofferdam::policy {

// Paths of one repository that an output of one contract must not enter.
struct ForbiddenPaths {
  std::vector<std::string> paths;  // as Protection::paths
  ScanPurpose purpose = ScanPurpose::kTraining;
  std::string why;  // half a sentence
  std::string ask;  // may be empty

  bool operator==(const ForbiddenPaths&) const = default;
};

// What of `protections` concerns the repository ("host/path"; empty: not known)
// and is forbidden to outputs of that class, in the order of the law.
std::vector<ForbiddenPaths> ForbiddenTo(
    const std::vector<Protection>& protections, std::string_view repo,
    TermsClass terms_class, bool organisation_trains_models);
// Whether they mean that path of the repository.
bool Forbids(const ForbiddenPaths& forbidden, std::string_view path);

}  // namespace cofferdam::policy
