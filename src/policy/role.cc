#include "policy/role.h"

#include <cstddef>
#include <iterator>

#include "base/check.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kRoleNames[] = {"engineer", "reader",   "viewer",
                                           "approver", "operator", "owner"};
static_assert(std::size(kRoleNames) == std::size(kRoles));

}  // namespace

std::string_view RoleName(Role role) {
  return kRoleNames[static_cast<size_t>(role)];
}

std::optional<Role> ParseRole(std::string_view name) {
  for (Role role : kRoles) {
    if (RoleName(role) == name) return role;
  }
  return std::nullopt;
}

std::string_view RoleNames() {
  return "engineer, reader, viewer, approver, operator or owner";
}

bool May(Role role, Permission permission) {
  switch (permission) {
    case Permission::kView:
      return role != Role::kEngineer;
    case Permission::kReadText:
      // Administering is not reading.
      return role == Role::kReader;
    case Permission::kApprove:
      return role == Role::kApprover || role == Role::kOperator ||
             role == Role::kOwner;
    case Permission::kOperate:
      return role == Role::kOperator || role == Role::kOwner;
    case Permission::kOwn:
      return role == Role::kOwner;
  }
  CHECK(false);
}

std::string_view RolesWith(Permission permission) {
  switch (permission) {
    case Permission::kView:
      return "reader, viewer, approver, operator or owner";
    case Permission::kReadText:
      return "reader";
    case Permission::kApprove:
      return "approver, operator or owner";
    case Permission::kOperate:
      return "operator or owner";
    case Permission::kOwn:
      return "owner";
  }
  CHECK(false);
}

}  // namespace cofferdam::policy
