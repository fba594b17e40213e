#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/config_internal.h"
#include "policy/names.h"
#include "policy/oidc_address.h"
#include "policy/sso_options.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kRowsMax = 1000;  // of roles, and of teams
constexpr int64_t kKeyLifetimeMaxH = 24 * 365;

using policy::SsoOptions;

void ReadProvider(TomlTable* table, SsoOptions* sso) {
  for (std::string_view key : {"issuer", "client_id"}) {
    if (!table->Has(key)) table->Missing(key);
  }
  sso->issuer = table->String("issuer").value_or("");
  if (table->Has("issuer")) {
    auto address = policy::OidcAddress::Parse(sso->issuer);
    if (!address.ok()) {
      table->Complain("issuer", address.error().message());
    } else if (sso->issuer.find('?') != std::string::npos) {
      table->Complain("issuer", "must not hold a query");
    }
  }
  sso->client_id = table->String("client_id").value_or("");
  if (table->Has("client_id") && sso->client_id.empty()) {
    table->Complain("client_id", "must not be empty");
  }
  sso->ca_file = table->String("ca_file").value_or("");
  if (auto secret = table->Table("client_secret")) {
    sso->secret_env = secret->String("env").value_or("");
    sso->secret_file = secret->String("file").value_or("");
    if (sso->secret_env.empty() == sso->secret_file.empty()) {
      secret->Complain("", "needs one of env and file");
    }
    secret->Finish();
  }
}

bool IsScope(const std::string& scope) {
  const bool plain = std::all_of(scope.begin(), scope.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\';  // RFC 6749, 3.3
  });
  return plain && !scope.empty();
}

void ReadClaims(TomlTable* table, SsoOptions* sso) {
  if (auto scopes = table->Strings("scopes")) {
    sso->scopes = *std::move(scopes);
    const auto& all = sso->scopes;
    if (std::find(all.begin(), all.end(), "openid") == all.end() ||
        !std::all_of(all.begin(), all.end(), IsScope)) {
      table->Complain("scopes", "must be words, \"openid\" among them");
    }
  }
  for (auto [key, claim] : {std::pair("email_claim", &sso->email_claim),
                            std::pair("groups_claim", &sso->groups_claim)}) {
    if (auto name = table->String(key)) *claim = *std::move(name);
    if (claim->empty()) table->Complain(key, "must not be empty");
  }
  if (auto verified = table->Bool("addresses_are_verified")) {
    sso->addresses_are_verified = *verified;
  }
}

void ReadRoles(TomlTable* table, SsoOptions* sso) {
  auto roles = table->Table("roles");
  if (!roles) return;
  std::vector<std::string> names;
  for (policy::Role role : policy::kRoles) {
    names.emplace_back(policy::RoleName(role));
  }
  for (const std::string& group : roles->Keys()) {
    auto name = roles->OneOf(group, names);
    if (name) sso->roles.emplace_back(group, *policy::ParseRole(*name));
  }
  if (sso->roles.size() > kRowsMax) {
    roles->Complain("", fmt::format("more than {} rows", kRowsMax));
  }
  roles->Finish();
}

void ReadTeams(TomlTable* table, SsoOptions* sso) {
  if (auto team = table->String("team")) {
    sso->team = *std::move(team);
    Status checked = policy::CheckTeam(sso->team);
    if (!checked.ok()) table->Complain("team", checked.error().message());
  }
  auto teams = table->Table("teams");
  if (!teams) return;
  for (const std::string& group : teams->Keys()) {
    auto team = teams->String(group);
    if (!team) continue;
    Status checked = policy::CheckTeam(*team);
    if (!checked.ok()) teams->Complain(group, checked.error().message());
    sso->teams.emplace_back(group, *std::move(team));
  }
  if (sso->teams.size() > kRowsMax) {
    teams->Complain("", fmt::format("more than {} rows", kRowsMax));
  }
  teams->Finish();
}

void ReadDomains(TomlTable* table, SsoOptions* sso) {
  auto domains = table->Strings("domains");
  if (domains) sso->domains = *std::move(domains);
  for (const std::string& domain : sso->domains) {
    auto address = policy::NormaliseEmail("a@" + domain);
    if (!address.ok() || *address != "a@" + domain) {
      table->Complain("domains", fmt::format("\"{}\" is no domain in lower "
                                             "case",
                                             domain));
    }
  }
  if (sso->domains.empty() && sso->roles.empty()) {
    table->Complain("",
                    "nobody may sign in: needs `roles`, which give groups "
                    "a role, or `domains`, whose people are engineers");
  }
}

void Show(const TomlTable* table, const SsoOptions& sso, Reader* reader) {
  auto row = [&](std::string_view key, std::string value,
                 std::string_view help) {
    reader->Row(table, "sso", key, std::move(value), help);
  };
  auto joined = [](const std::vector<std::string>& words) {
    return words.empty() ? std::string("none")
                         : fmt::format("{}", fmt::join(words, ", "));
  };
  std::vector<std::string> roles;
  for (const auto& [group, role] : sso.roles) {
    roles.push_back(fmt::format("{} = {}", group, policy::RoleName(role)));
  }
  std::vector<std::string> teams;
  for (const auto& [group, team] : sso.teams) {
    teams.push_back(fmt::format("{} = {}", group, team));
  }
  row("issuer", sso.issuer, "the OpenID provider that people sign in at");
  row("client_id", sso.client_id, "as what this gate is known to it");
  row("client_secret",
      !sso.secret_env.empty()    ? "environment variable " + sso.secret_env
      : !sso.secret_file.empty() ? "file " + sso.secret_file
                                 : "none",
      "what the gate shows it");
  row("scopes", joined(sso.scopes), "what it is asked for");
  row("email_claim", sso.email_claim, "the claim that holds the address");
  row("groups_claim", sso.groups_claim, "the claim that holds the groups");
  row("addresses_are_verified", sso.addresses_are_verified ? "true" : "false",
      "whether it vouches for addresses of which it says nothing");
  row("domains", joined(sso.domains), "domains of addresses that may sign in");
  row("roles", joined(roles), "what members of a group may be");
  row("teams", joined(teams), "the team of a group's members");
  row("team", sso.team.empty() ? "none" : sso.team, "the team of all others");
}

}  // namespace

void ReadSso(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "sso");
  TomlTable* table = section.get();
  if (table == nullptr) return;
  SsoOptions sso;
  ReadProvider(table, &sso);
  ReadClaims(table, &sso);
  ReadRoles(table, &sso);
  ReadTeams(table, &sso);
  ReadDomains(table, &sso);
  Show(table, sso, reader);
  reader->Number(table, "sso", "key_lifetime_h", 1, kKeyLifetimeMaxH,
                 "hours that a key lives which a sign-in gave",
                 &sso.key_lifetime_h);
  section.Finish();
  config->sso = std::move(sso);
}

}  // namespace cofferdam::cli
