#include "policy/role.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam::policy {
namespace {

constexpr Permission kPermissions[] = {Permission::kView, Permission::kReadText,
                                       Permission::kApprove,
                                       Permission::kOperate, Permission::kOwn};

TEST(Role, HasANameThatReadsBack) {
  for (Role role : kRoles) {
    EXPECT_EQ(ParseRole(RoleName(role)), role);
    EXPECT_NE(RoleNames().find(RoleName(role)), std::string_view::npos);
  }
  EXPECT_FALSE(ParseRole("admin").has_value());
  EXPECT_FALSE(ParseRole("Owner").has_value());
  EXPECT_FALSE(ParseRole("").has_value());
}

TEST(Role, AnEngineerAdministersNothing) {
  for (Permission permission : kPermissions) {
    EXPECT_FALSE(May(Role::kEngineer, permission));
  }
}

TEST(Role, EachOfTheLadderMayWhatTheOneBelowMay) {
  constexpr Role kLadder[] = {Role::kViewer, Role::kApprover, Role::kOperator,
                              Role::kOwner};
  for (size_t i = 1; i < std::size(kLadder); ++i) {
    int more = 0;
    for (Permission permission : kPermissions) {
      if (May(kLadder[i - 1], permission)) {
        EXPECT_TRUE(May(kLadder[i], permission));
      } else if (May(kLadder[i], permission)) {
        ++more;
      }
    }
    EXPECT_EQ(more, 1);
  }
}

TEST(Role, OnlyAReaderReadsTextAndHeChangesNothing) {
  for (Role role : kRoles) {
    EXPECT_EQ(May(role, Permission::kReadText), role == Role::kReader);
  }
  EXPECT_TRUE(May(Role::kReader, Permission::kView));
  EXPECT_FALSE(May(Role::kReader, Permission::kApprove));
  EXPECT_FALSE(May(Role::kReader, Permission::kOperate));
  EXPECT_FALSE(May(Role::kReader, Permission::kOwn));
}

TEST(Role, TheWordsNameThoseWhoMay) {
  for (Permission permission : kPermissions) {
    for (Role role : kRoles) {
      const std::string words = " " + std::string(RolesWith(permission)) + ",";
      const std::string name = " " + std::string(RoleName(role));
      EXPECT_EQ(words.find(name + ",") != std::string::npos ||
                    words.find(name + " ") != std::string::npos,
                May(role, permission))
          << words << name;
    }
  }
}

}  // namespace
}  // namespace cofferdam::policy
