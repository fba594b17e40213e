#pragma once

#include <cstdint>
#include <string>

namespace cofferdam::policy {

// A time as sentences for people name it: "2026-11-21 07:45 UTC", minutes cut
// off below.
std::string Moment(int64_t micros);

}  // namespace cofferdam::policy
