#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/sqlite.h"

namespace cofferdam::policy {

// Schema of policy.sqlite; docs/decisions/policy-store.md says why it is so.
// The file's user_version counts the steps it has taken.
inline constexpr int64_t kSchemaVersion = 2;
// "CofP" as a number in the file's header tells it from other programs' files.
inline constexpr int64_t kApplicationId = 0x436f6650;

// Takes the steps that `writer`'s file has not taken, each in a transaction.
// kInvalid when the file was made by a newer Cofferdam or another program.
// Stops at `version`, so that a test has an older file.
Status UpdateSchema(Database& writer, int64_t version = kSchemaVersion);

}  // namespace cofferdam::policy
