#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cofferdam::agent {

// Whether a command may see this variable of ours: names that builds and tests
// need and that hold no secrets. What is not known is not let through; neither
// is what changes which code runs (LD_PRELOAD, BASH_ENV, GIT_…).
bool IsHarmlessVariable(std::string_view name);

// "NAME=value" of those in `ours` that are harmless or in `also`; then what
// keeps programs from waiting for a person (no pagers, no editors, no
// prompts); then `extra`, which has the last word.
std::vector<std::string> CleanEnvironment(
    std::span<const std::string> ours, std::span<const std::string> also,
    std::span<const std::pair<std::string, std::string>> extra);

// The environment of this process, as CleanEnvironment takes it.
std::vector<std::string> OurEnvironment();

// The value of a variable in such a list, or an empty one.
std::string_view VariableIn(std::span<const std::string> environment,
                            std::string_view name);

}  // namespace cofferdam::agent
