#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cofferdam::agent {

// What the user says with a session/prompt, as one text for the model. Text
// blocks follow each other as they are; a file that is linked or embedded
// becomes "@path", relative inside `workspace` (absolute), another resource its
// name and address; the text of what is embedded follows at the end, fenced.
// kInvalid for blocks of a kind that was not offered (image, audio), for
// malformed ones, and when nothing is said at all; the message names the block.
Result<std::string> PromptText(const JsonValue& blocks,
                               std::string_view workspace);

// The path and what stands behind it ("#L3:9") of a file: URI, percent-decoded;
// empty for any other address.
std::string FilePathOfUri(std::string_view uri);

}  // namespace cofferdam::agent
