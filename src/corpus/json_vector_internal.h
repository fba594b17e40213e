#pragma once

#include <cstddef>
#include <string_view>

#include "corpus/json_text_internal.h"

namespace cofferdam::corpus {

// What json_text_internal.h promises, for machines with AVX-512 and VBMI2: 64
// bytes a step, of which all escapes of one letter are decoded at once.

// `*p` points at a backslash, and is moved behind its escape. As
// DecodeJsonString.
char* DecodeJsonEscape(const char** p, const char* end, char* out);

#if defined(__x86_64__)
const char* ReadJsonString512(const char* begin, const char* end,
                              JsonString* found);
char* DecodeJsonString512(std::string_view raw, char* out);
size_t CountNewlines512(std::string_view text);
#endif

}  // namespace cofferdam::corpus
