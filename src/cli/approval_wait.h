#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/gate_client.h"

namespace cofferdam::cli {

// Waits until the agent may be started: at once where nothing stands against
// it, else until its approval is granted or a pause is over, which is asked
// every few seconds and said on stderr. kDenied when it is denied, expires or
// is forbidden outright; the gate's words say why and what to do. `model` may
// be empty. Ctrl-C ends the waiting with the program; the request for approval
// stays.
Status WaitUntilAllowed(const Login& session, std::string_view model);

// The model that an agent's own command line names: "--model X", "--model=X",
// "-m X"; empty where it names none.
std::string_view ModelOfCommand(const std::vector<std::string>& command);

}  // namespace cofferdam::cli
