#pragma once

#include "blame/blamer.h"

namespace cofferdam::blame {

// Claims of one commit about one file that are looked at.
inline constexpr size_t kClaimsOfFileMax = 10'000;
// Claims that are kept of one line.
inline constexpr size_t kClaimsOfLineMax = 8;

// Fills in what the commits of `text` say of its lines, where content says
// nothing, and notes where they contradict the content or each other.
void ApplyClaims(const BlamedText& text, BlamedFile* file);

}  // namespace cofferdam::blame
