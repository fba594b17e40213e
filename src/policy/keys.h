#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "seal/hash.h"

// Credentials of the gate as text; docs/formats/keys.md is the format.
namespace cofferdam::policy {

enum class KeyKind {
  kEngineer,  // cfe_: a person's long-lived key
  kSession,   // cfs_: bound to a repository, purpose and tool; an hour
  kAdmin,     // cfa_: for the administration port, every other role
};

// "engineer", "session", "admin".
std::string_view KeyKindName(KeyKind kind);

// A secret is a prefix of 4, 43 base-62 digits of 256 random bits, and 6
// base-62 digits of the CRC-32 of what stands before them.
inline constexpr size_t kSecretSize = 53;
// How much of a secret may be shown: the prefix and 8 digits.
inline constexpr size_t kDisplayPrefixSize = 12;

// A fresh secret.
std::string MakeSecret(KeyKind kind, Random& random);

// The kind of a well-formed secret: says nothing about whether anybody issued
// it. kUnauthenticated with what is wrong (prefix, length, a character, the
// checksum) and never a byte of `text`. White space is not trimmed.
Result<KeyKind> ParseSecret(std::string_view text);

// The first 12 characters: names a key in lists without giving it away.
std::string DisplayPrefix(std::string_view secret);

// What is stored: SHA-256 of the whole secret. No salt and no stretching,
// since 256 random bits cannot be guessed.
seal::Digest HashSecret(std::string_view secret);

}  // namespace cofferdam::policy
