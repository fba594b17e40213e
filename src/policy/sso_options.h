#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "policy/role.h"

namespace cofferdam::policy {

// Single sign-on by OpenID Connect, as `[sso]` of the configuration says.
struct SsoOptions {
  // The provider's own name and address, exactly as it writes it:
  // "https://login.example.com".
  std::string issuer;
  std::string client_id;
  // Where the client's secret is, one of the two; none: a public client.
  std::string secret_env;
  std::string secret_file;
  // Certificates (PEM) that the provider's own is checked against; empty: the
  // system's.
  std::string ca_file;
  std::vector<std::string> scopes = {"openid", "email", "profile"};
  std::string email_claim = "email";
  std::string groups_claim = "groups";
  // The provider says nothing of whether addresses are verified, since all of
  // them are its own. One that it calls unverified is refused all the same.
  bool addresses_are_verified = false;
  // Domains of addresses that may sign in; empty: any.
  std::vector<std::string> domains;
  // What members of a group may be. Who may be an engineer: the members of the
  // groups that say so; where none says so, whoever is of `domains`.
  std::vector<std::pair<std::string, Role>> roles;
  // The team of a group's members: of the first row that fits, else `team`,
  // else the one they are in.
  std::vector<std::pair<std::string, std::string>> teams;
  std::string team;
  // How long a key lives that a sign-in gave.
  int64_t key_lifetime_h = 24;

  bool operator==(const SsoOptions&) const = default;
};

}  // namespace cofferdam::policy
