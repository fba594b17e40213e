#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam {

// How our own APIs say an error: {"error":{"code":"not_found","message":"…"}}.
std::string ErrorToJson(const Error& error);
// And back; a text that is no such object becomes kInternal.
Error ErrorFromJson(std::string_view json);

}  // namespace cofferdam
