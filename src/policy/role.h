#pragma once

#include <optional>
#include <string_view>

namespace cofferdam::policy {

// What a key may do. A session key has its parent's role, kEngineer.
enum class Role {
  kEngineer,  // uses models through the gate, mints session keys
  kReader,    // as viewer, and reads recorded text, with a reason
  kViewer,    // sees lists and reports
  kApprover,  // as viewer, and settles approvals
  kOperator,  // as approver, and adds people and engineer keys, pauses,
              // resumes, kills, sets budgets
  kOwner,     // everything but to read recorded text
};
inline constexpr Role kRoles[] = {Role::kEngineer, Role::kReader,
                                  Role::kViewer,   Role::kApprover,
                                  Role::kOperator, Role::kOwner};

// "engineer", "reader", …, as in the store and in JSON.
std::string_view RoleName(Role role);
std::optional<Role> ParseRole(std::string_view name);
// "engineer, reader, viewer, approver, operator or owner", for messages.
std::string_view RoleNames();

// What a call of the administration asks for.
enum class Permission {
  kView,      // lists and reports
  kReadText,  // recorded text
  kApprove,   // settle approvals
  kOperate,   // what operators do
  kOwn,       // roles, keys for administration, erasing and purging
};

bool May(Role role, Permission permission);
// The roles that may, for messages: "operator or owner".
std::string_view RolesWith(Permission permission);

}  // namespace cofferdam::policy
