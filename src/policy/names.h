#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// The names that people and tools give to the store, checked and brought into
// one form. Every function answers kInvalid with what is expected.
namespace cofferdam::policy {

inline constexpr size_t kEmailBytesMax = 254;  // RFC 5321, 4.5.3.1.3
inline constexpr size_t kNameBytesMax = 64;    // team, purpose, tool
inline constexpr size_t kRepoBytesMax = 512;
inline constexpr size_t kReasonBytesMax = 500;

// "Engineer@Example.com" -> "engineer@example.com". One @, a local part of the
// unquoted characters of RFC 5321, a domain of letters, digits, '-' and '.'.
Result<std::string> NormaliseEmail(std::string_view text);

// [a-z0-9][a-z0-9-]{0,63}
Status CheckTeam(std::string_view text);
// [a-z0-9-]{1,64}
Status CheckPurpose(std::string_view text);
// [A-Za-z0-9][A-Za-z0-9._/+-]{0,63}: a name, perhaps with "/version".
Status CheckTool(std::string_view text);
// 7 to 64 lower-case hexadecimal digits, or empty.
Status CheckCommit(std::string_view text);

// Why somebody does something, for the audit and for whoever it concerns: not
// blank, at most kReasonBytesMax.
Status CheckReason(std::string_view text);

// One name for a repository however its remote is written:
//   git@host:a/b.git  ssh://git@host:22/a/b  https://user:token@host/a/b.git
//   host/a/b                                          -> "host/a/b"
//   /srv/git/b.git  file:///srv/git/b                 -> "local/srv/git/b"
// The host is lower-cased; user, password, port, query, fragment and ".git"
// are dropped, so no credential is ever kept; an '@' behind the host is
// refused, since it may be the end of a password. At most kRepoBytesMax remain.
// Applying it twice changes nothing. Errors do not repeat the text. Empty stays
// empty.
Result<std::string> NormaliseRepo(std::string_view text);

}  // namespace cofferdam::policy
