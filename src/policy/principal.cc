#include "policy/principal.h"

#include "base/check.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kRoleNames[] = {"engineer", "reader", "admin"};
constexpr std::string_view kGradeNames[] = {"none", "agent", "session",
                                            "attested"};

}  // namespace

std::string_view RoleName(Role role) {
  return kRoleNames[static_cast<size_t>(role)];
}

std::optional<Role> ParseRole(std::string_view name) {
  for (Role role : {Role::kEngineer, Role::kReader, Role::kAdmin}) {
    if (RoleName(role) == name) return role;
  }
  return std::nullopt;
}

std::string_view GradeName(Grade grade) {
  return kGradeNames[static_cast<size_t>(grade)];
}

}  // namespace cofferdam::policy
