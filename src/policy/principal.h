#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/keys.h"
#include "policy/role.h"

namespace cofferdam::policy {

// How well an exchange's repository, purpose and tool are known; ascending.
enum class Grade {
  kNone,      // not at all
  kAgent,     // what the tool itself says
  kSession,   // claimed once when the session key was minted, then bound
  kAttested,  // by a CI identity or a managed device
};
// "none", "agent", "session", "attested".
std::string_view GradeName(Grade grade);

// Who sends a request, as its key says.
struct Principal {
  std::string person_id;  // opaque ULID; the only one of these for the ledger
  std::string email;
  std::string team;
  KeyKind kind = KeyKind::kEngineer;
  Role role = Role::kEngineer;
  // The engineer or admin key; the parent of a session key.
  std::string key_id;
  // Empty unless `kind` is kSession, as are the four bindings. `repo` and
  // `commit` are empty, too, for a session outside a repository.
  std::string session_key_id;
  std::string repo;
  std::string purpose;
  std::string tool;
  std::string commit;
  // kSession for a session key, else kNone: the gate may raise it to kAgent.
  Grade grade = Grade::kNone;
  // When the key that was shown ends, in microseconds since 1970; none: never.
  std::optional<int64_t> expires_at_micros;
};

}  // namespace cofferdam::policy
