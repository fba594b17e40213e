#include "cli/context.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace cofferdam::cli {

Result<Config> LoadConfigFor(const Invocation& invocation) {
  TRY_ASSIGN(Config config, LoadConfig(invocation.Text("--config")));
  const char* from_environment = std::getenv("COFFERDAM_DATA");
  if (invocation.Has("--data")) {
    config.data_folder = invocation.Text("--data");
  } else if (from_environment != nullptr && *from_environment != '\0') {
    config.data_folder = from_environment;
  }
  if (config.data_folder.empty()) {
    return Error(Code::kInvalid, "--data: must not be empty");
  }
  return config;
}

console::StoresOptions StoresOptionsOf(const Config& config) {
  console::StoresOptions options;
  options.folder = config.data_folder;
  options.ledger.sync = config.ledger_sync_each ? ledger::SyncMode::kEach
                                                : ledger::SyncMode::kGroup;
  options.ledger.sync_interval_ms = config.ledger_sync_interval_ms;
  options.ledger.pending_bytes_max =
      static_cast<uint64_t>(config.ledger_pending_bytes_max);
  return options;
}

Result<std::unique_ptr<console::Admin>> OpenAdmin(
    const Invocation& invocation) {
  TRY_ASSIGN(Config config, LoadConfigFor(invocation));
  return console::Admin::Open(StoresOptionsOf(config), CommandLogger());
}

const Logger& CommandLogger() {
  static const Logger logger(LogLevel::kWarning);
  return logger;
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void PrintLine(std::string_view line) {
  Print(line);
  Print("\n");
}

void Say(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fwrite("\n", 1, 1, stderr);
}

}  // namespace cofferdam::cli
