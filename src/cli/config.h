#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml.h"
#include "gate/options.h"
#include "policy/contract.h"
#include "policy/prices.h"
#include "policy/sso_options.h"
#include "policy/terms.h"

namespace cofferdam::cli {

// One line of `config show`: a setting, its value, and who said so.
struct SettingRow {
  std::string path;    // "gate.listen"
  std::string value;   // as TOML would write it
  std::string source;  // "default" or "cofferdam.toml:7"
  std::string help;    // what it bounds, with its unit
};

// The whole configuration of a process, checked.
struct Config {
  // Where it was read from; empty for the built-in defaults.
  std::string file;

  std::string organisation_name;
  bool trains_models = true;

  std::string data_folder = "var";

  std::string admin_listen = "127.0.0.1:8788";
  // Event loops of the server; 0 for one a core.
  int64_t threads = 0;
  // "stderr", "off" or a file.
  std::string access_log = "stderr";
  gate::GateOptions gate;

  bool ledger_sync_each = false;
  int64_t ledger_sync_interval_ms = 50;
  int64_t ledger_pending_bytes_max = int64_t{4} << 30;

  // Whether reports may tell what one person did.
  bool individuals = false;
  // The cap of each person that none was set for, in dollars; 0 for none.
  int64_t person_month_dollars = 1500;
  // Where warnings go as JSON; empty: nowhere.
  std::string alerts_webhook;
  // Where the webhook's bearer token stands: a variable, or a file.
  gate::CredentialOptions alerts_credential;
  // A folder or URL that `serve` publishes checkpoints to; empty: nowhere.
  std::string checkpoint_publish;
  int64_t checkpoint_every_s = 600;

  std::vector<policy::Contract> contracts;
  // Empty: the table in the binary.
  std::string terms_file;
  // The same for prices.
  std::string prices_file;
  // Layers of the background beside the one in the binary.
  std::vector<std::string> background_files;
  // Empty: policy.toml beside `file`, if it is there (cli/law_file.h).
  std::string policy_file;
  // None: nobody signs in but with a key.
  std::optional<policy::SsoOptions> sso;

  std::vector<SettingRow> rows;
};

// Reads `text` as a configuration. Unknown keys, wrong types, ranges, names
// and references are issues with line and column; all of them are listed.
// Relative paths in it count from the folder of `file_name`.
Result<Config> ParseConfig(std::string_view text, std::string_view file_name);

// Finds and reads the configuration: `path` if given, else $COFFERDAM_CONFIG,
// else ./cofferdam.toml if it exists, else the defaults.
Result<Config> LoadConfig(const std::string& path);

// The terms table that `config` asks for. Contracts that no row of it names
// are errors (kInvalid).
Result<policy::TermsTable> LoadTerms(const Config& config);

// The table of prices that `config` asks for.
Result<policy::PriceTable> LoadPrices(const Config& config);

}  // namespace cofferdam::cli
