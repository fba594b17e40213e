#pragma once

#include <string>

#include "agent/turn/session_hooks.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/gate_client.h"

namespace cofferdam::cli {

struct CodePolicyQuestion {
  const Invocation& call;
  // The session key's; null when the engine is asked straight.
  const Login* gate = nullptr;
  std::string engine_url;
  std::string model;
  std::string session;
  std::string workspace;
  std::string state_folder;  // agent::CodeStateFolder()
  // [code] commit_trailer, for where the policy asks for none.
  std::string own_trailer;
};

// Through a gate: its decision, asked once; where it cannot be reached, what it
// said last. Straight: the policy.toml of the configuration that the invocation
// names, for the contract of the engine's address, whose terms count as unknown
// where it has none; no configuration, no policy. Where the gate sends the
// model to another one, that one's policy counts. The policy's trailer goes
// before the user's own, which is told of. Waits for the gate: not to be called
// before the first request is on its way.
agent::CompanyPolicy FindCodePolicy(const CodePolicyQuestion& question,
                                    const Clock& clock);

}  // namespace cofferdam::cli
