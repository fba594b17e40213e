#include <fmt/format.h>

#include "cli/agent_launchers.h"

namespace cofferdam::cli {

Result<AgentLaunch> LaunchCodex(std::vector<std::string> command,
                                const LaunchTarget& target) {
  AgentLaunch launch;
  std::string provider = fmt::format(
      "model_providers.cofferdam={{name=\"Cofferdam\",base_url=\"{}/v1\","
      "wire_api=\"responses\",env_key=\"COFFERDAM_SESSION_KEY\"}}",
      target.url);
  command.insert(command.begin() + 1,
                 {"-c", "model_provider=\"cofferdam\"", "-c", provider});
  launch.command = std::move(command);
  launch.environment = {{"COFFERDAM_SESSION_KEY", target.secret}};
  TRY(TrustGate(target, "CODEX_CA_CERTIFICATE", "SSL_CERT_FILE", &launch));
  launch.words = "COFFERDAM_SESSION_KEY, -c model_provider";
  return launch;
}

}  // namespace cofferdam::cli
