#include "cli/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "base/file.h"
#include "cli/config_internal.h"
#include "console/publisher.h"
#include "evidence/background.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kConfigBytesMax = 1 << 20;
constexpr int64_t kBytesMax = int64_t{1} << 50;

// A path in a configuration file counts from that file's folder.
std::string Resolve(std::string_view file_name, std::string path) {
  size_t slash = file_name.rfind('/');
  if (path.empty() || path.front() == '/' || slash == std::string_view::npos) {
    return path;
  }
  return std::string(file_name.substr(0, slash + 1)) + path;
}

void ReadOrganisation(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "organisation");
  TomlTable* table = section.get();
  reader->Text(table, "organisation", "name", "shown in reports",
               &config->organisation_name);
  reader->Flag(table, "organisation", "trains_models",
               "whether outputs under forbid_compete terms are forbidden",
               &config->trains_models);
  section.Finish();
}

void ReadStore(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "store");
  reader->Text(section.get(), "store", "data", "folder of the stores",
               &config->data_folder);
  if (section.get() && config->data_folder.empty()) {
    section.get()->Complain("data", "must not be empty");
  }
  section.Finish();
}

void ReadLedger(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "ledger");
  TomlTable* table = section.get();
  auto sync = table ? table->OneOf("sync", {"group", "each"}) : std::nullopt;
  config->ledger_sync_each = sync == "each";
  reader->Row(table, "ledger", "sync",
              config->ledger_sync_each ? "\"each\"" : "\"group\"",
              "fsync in groups, or before each answer ends");
  reader->Number(table, "ledger", "sync_interval_ms", 1, 10'000,
                 "ms between group fsyncs", &config->ledger_sync_interval_ms);
  reader->Number(table, "ledger", "pending_bytes_max", 1 << 20, kBytesMax,
                 "bytes of prompts that wait to be indexed",
                 &config->ledger_pending_bytes_max);
  section.Finish();
}

void ReadCheckpoint(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "checkpoint");
  TomlTable* table = section.get();
  reader->Text(table, "checkpoint", "publish",
               "folder or URL that serve publishes checkpoints to; empty: none",
               &config->checkpoint_publish);
  const auto url = console::IsUrlTarget(config->checkpoint_publish);
  if (table && !url.ok()) table->Complain("publish", url.error().message());
  reader->Number(table, "checkpoint", "every_s", 1, 86'400,
                 "seconds between two of them", &config->checkpoint_every_s);
  section.Finish();
}

void ReadTermsFile(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "terms");
  reader->Text(section.get(), "terms", "file",
               "table of terms; empty for the one in this binary",
               &config->terms_file);
  section.Finish();
}

void ReadPricesFile(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "prices");
  reader->Text(section.get(), "prices", "file",
               "table of prices; empty for the one in this binary",
               &config->prices_file);
  section.Finish();
}

void ReadEvidence(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "evidence");
  TomlTable* table = section.get();
  auto files = table ? table->Strings("background") : std::nullopt;
  if (files) config->background_files = *std::move(files);
  if (config->background_files.size() >= evidence::kBackgroundLayersMax) {
    table->Complain(
        "background",
        fmt::format("at most {} files", evidence::kBackgroundLayersMax - 1));
  }
  std::vector<std::string> shown;
  for (const std::string& file : config->background_files) {
    shown.push_back('"' + file + '"');
  }
  reader->Row(table, "evidence", "background",
              fmt::format("[{}]", fmt::join(shown, ", ")),
              "layers of your own that `background build` wrote");
  section.Finish();
}

void ReadPolicyFile(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "policy");
  reader->Text(section.get(), "policy", "file",
               "the law; empty for policy.toml beside this file, if any",
               &config->policy_file);
  section.Finish();
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, std::string_view file_name) {
  Config config;
  config.file = file_name;
  TomlDocument document = TomlDocument::Parse(text);
  if (document.issues().empty()) {
    TomlTable root = document.root();
    Reader reader(file_name, &config);
    ReadOrganisation(&root, &reader, &config);
    ReadStore(&root, &reader, &config);
    ReadGate(&root, &reader, &config);
    ReadLedger(&root, &reader, &config);
    ReadCheckpoint(&root, &reader, &config);
    ReadTermsFile(&root, &reader, &config);
    ReadPricesFile(&root, &reader, &config);
    ReadEvidence(&root, &reader, &config);
    ReadPolicyFile(&root, &reader, &config);
    ReadAccount(&root, &reader, &config);
    ReadContracts(&root, &reader, &config);
    ReadUpstreams(&root, &reader, &config);
    ReadProviders(&root, &reader, &config);
    ReadSso(&root, &reader, &config);
    root.Finish();
  }
  std::vector<TomlIssue> issues = document.issues();
  if (!issues.empty()) {
    return Error(Code::kInvalid, FormatIssues(file_name, issues));
  }
  config.data_folder = Resolve(file_name, std::move(config.data_folder));
  if (config.checkpoint_publish.find("://") == std::string::npos) {
    config.checkpoint_publish =
        Resolve(file_name, std::move(config.checkpoint_publish));
  }
  config.terms_file = Resolve(file_name, std::move(config.terms_file));
  config.prices_file = Resolve(file_name, std::move(config.prices_file));
  for (std::string& file : config.background_files) {
    file = Resolve(file_name, std::move(file));
  }
  config.policy_file = Resolve(file_name, std::move(config.policy_file));
  for (gate::UpstreamOptions& upstream : config.gate.upstreams) {
    upstream.ca_file = Resolve(file_name, std::move(upstream.ca_file));
    upstream.credential.file =
        Resolve(file_name, std::move(upstream.credential.file));
  }
  config.alerts_credential.file =
      Resolve(file_name, std::move(config.alerts_credential.file));
  if (config.sso) {
    config.sso->secret_file =
        Resolve(file_name, std::move(config.sso->secret_file));
    config.sso->ca_file = Resolve(file_name, std::move(config.sso->ca_file));
  }
  gate::TlsFiles& tls = config.gate.tls;
  tls.certificate = Resolve(file_name, std::move(tls.certificate));
  tls.key = Resolve(file_name, std::move(tls.key));
  if (config.access_log != "stderr" && config.access_log != "off") {
    config.access_log = Resolve(file_name, std::move(config.access_log));
  }
  return config;
}

Result<Config> LoadConfig(const std::string& path) {
  std::string file = path;
  if (file.empty()) {
    if (const char* named = std::getenv("COFFERDAM_CONFIG")) file = named;
  }
  if (file.empty() && access("cofferdam.toml", F_OK) == 0) {
    file = "cofferdam.toml";
  }
  if (file.empty()) {
    TRY_ASSIGN(Config config, ParseConfig("", "defaults"));
    config.file.clear();
    return config;
  }
  auto text = ReadFile(file, kConfigBytesMax);
  if (!text.ok()) return std::move(text).error().Within("load config");
  return ParseConfig(*text, file);
}

Result<policy::TermsTable> LoadTerms(const Config& config) {
  std::string name =
      config.terms_file.empty() ? "data/terms.toml" : config.terms_file;
  std::string text(policy::BuiltInTermsText());
  if (!config.terms_file.empty()) {
    TRY_ASSIGN(text, ReadFile(config.terms_file, kConfigBytesMax));
  }
  TRY_ASSIGN(policy::TermsTable table, policy::TermsTable::Parse(text, name));
  for (const policy::Contract& contract : config.contracts) {
    Status known = table.CheckContract(contract);
    if (!known.ok()) {
      return std::move(known).error().Within(
          fmt::format("{}: [contract.{}]", config.file, contract.name));
    }
  }
  return table;
}

Result<policy::PriceTable> LoadPrices(const Config& config) {
  if (config.prices_file.empty()) {
    return policy::PriceTable::Parse(policy::BuiltInPricesText(),
                                     "data/prices.toml");
  }
  TRY_ASSIGN(std::string text, ReadFile(config.prices_file, kConfigBytesMax));
  return policy::PriceTable::Parse(text, config.prices_file);
}

}  // namespace cofferdam::cli
