#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "policy/principal.h"

// Rows of the policy store. Ids are ULIDs as text; times are microseconds
// since 1970-01-01 UTC.
namespace cofferdam::policy {

struct Person {
  std::string id;
  std::string email;  // lower case; empty once erased
  std::string team;
  int64_t created_at_micros = 0;
  std::optional<int64_t> erased_at_micros;
};

// An engineer or admin key, without its secret.
struct Key {
  std::string id;
  std::string prefix;  // DisplayPrefix of the secret
  Role role = Role::kEngineer;
  std::string person_id;
  std::string email;  // the person's, now
  int64_t created_at_micros = 0;
  std::optional<int64_t> expires_at_micros;
  std::optional<int64_t> revoked_at_micros;
};

struct Session {
  std::string id;
  std::string prefix;
  std::string key_id;  // the engineer key that minted it
  std::string person_id;
  std::string repo;
  std::string purpose;
  std::string tool;
  std::string commit;
  int64_t created_at_micros = 0;
  int64_t expires_at_micros = 0;
  std::optional<int64_t> revoked_at_micros;
};

// One administrative change. Holds no e-mail address, so that a person can be
// erased without touching the audit.
struct AuditRow {
  int64_t sequence = 0;  // dense, from 1
  std::string id;
  int64_t time_micros = 0;
  std::string actor;    // as given to the store
  std::string action;   // "person.add", "key.create", …
  std::string subject;  // id of what was changed
  std::string detail;   // a JSON object
};

}  // namespace cofferdam::policy
