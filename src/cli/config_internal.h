#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/toml.h"
#include "cli/config.h"

namespace cofferdam::cli {

// Reads settings one by one and keeps what `config show` prints of them. A
// null table is one that the file does not have: its settings keep their
// defaults.
class Reader {
 public:
  Reader(std::string_view file_name, Config* config)
      : file_name_(file_name), config_(config) {}

  void Text(TomlTable* table, std::string_view section, std::string_view key,
            std::string_view help, std::string* value);
  void Flag(TomlTable* table, std::string_view section, std::string_view key,
            std::string_view help, bool* value);
  void Number(TomlTable* table, std::string_view section, std::string_view key,
              int64_t min, int64_t max, std::string_view help, int64_t* value);
  void Row(const TomlTable* table, std::string_view section,
           std::string_view key, std::string value, std::string_view help);

 private:
  std::string file_name_;
  Config* config_;
};

// A table that may be missing.
class Section {
 public:
  Section(TomlTable* root, std::string_view name) : table_(root->Table(name)) {}
  TomlTable* get() { return table_ ? &*table_ : nullptr; }
  void Finish() {
    if (table_) table_->Finish();
  }

 private:
  std::optional<TomlTable> table_;
};

// [gate] with its limits.
void ReadGate(TomlTable* root, Reader* reader, Config* config);
// [privacy], [budget] and [alerts].
void ReadAccount(TomlTable* root, Reader* reader, Config* config);
// [contract.NAME] and [upstream.NAME]; contracts first.
void ReadContracts(TomlTable* root, Reader* reader, Config* config);
void ReadUpstreams(TomlTable* root, Reader* reader, Config* config);
// Of [contract.NAME]: rates and bounds.
void ReadRateCard(TomlTable* table, policy::RateCard* card);
void ShowRateCard(const TomlTable& table, const policy::Contract& contract,
                  Reader* reader);
// [provider.NAME], after the upstreams.
void ReadProviders(TomlTable* root, Reader* reader, Config* config);
// [sso]
void ReadSso(TomlTable* root, Reader* reader, Config* config);

}  // namespace cofferdam::cli
