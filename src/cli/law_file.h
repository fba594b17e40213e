#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/config.h"
#include "policy/law.h"

namespace cofferdam::cli {

// Where the law is looked for: what `[policy] file` names, else policy.toml
// beside the configuration, whether it is there or not. Empty for the built-in
// defaults, which have no folder.
std::string LawFile(const Config& config);

// What `config` lets rules name.
policy::LawContext LawContextOf(const Config& config);

// Reads the law that `config` names. Without a policy.toml, unless it is named
// outright, the law has no rules; but where `in_force` (may be null) was read
// from a file that is gone now, that is kNotFound: a law is not repealed by
// losing it. Else as Law::Parse.
Result<std::shared_ptr<const policy::Law>> LoadLaw(const Config& config,
                                                   const policy::Law* in_force);

}  // namespace cofferdam::cli
