#include "cli/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/file.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kConfigBytesMax = 1 << 20;
constexpr int64_t kTimeoutMaxMs = int64_t{24} * 3600 * 1000;
constexpr int64_t kBytesMax = int64_t{1} << 50;

// A path in a configuration file counts from that file's folder.
std::string Resolve(std::string_view file_name, std::string path) {
  size_t slash = file_name.rfind('/');
  if (path.empty() || path.front() == '/' || slash == std::string_view::npos) {
    return path;
  }
  return std::string(file_name.substr(0, slash + 1)) + path;
}

// Reads settings one by one and keeps what `config show` prints of them.
class Reader {
 public:
  Reader(std::string_view file_name, Config* config)
      : file_name_(file_name), config_(config) {}

  void Text(TomlTable* table, std::string_view section, std::string_view key,
            std::string_view help, std::string* value) {
    auto read = table ? table->String(key) : std::nullopt;
    if (read) *value = *std::move(read);
    std::string shown = "\"";
    shown += *value;
    shown += '"';
    Row(table, section, key, std::move(shown), help);
  }

  void Flag(TomlTable* table, std::string_view section, std::string_view key,
            std::string_view help, bool* value) {
    auto read = table ? table->Bool(key) : std::nullopt;
    if (read) *value = *read;
    Row(table, section, key, *value ? "true" : "false", help);
  }

  void Number(TomlTable* table, std::string_view section, std::string_view key,
              int64_t min, int64_t max, std::string_view help, int64_t* value) {
    auto read = table ? table->Int(key, min, max) : std::nullopt;
    if (read) *value = *read;
    Row(table, section, key, fmt::format("{}", *value), help);
  }

  void Row(const TomlTable* table, std::string_view section,
           std::string_view key, std::string value, std::string_view help) {
    std::string source = "default";
    if (table && table->Has(key)) {
      source = fmt::format("{}:{}", file_name_, table->LineOf(key));
    }
    config_->rows.push_back({fmt::format("{}.{}", section, key),
                             std::move(value), std::move(source),
                             std::string(help)});
  }

 private:
  std::string file_name_;
  Config* config_;
};

// A table that may be missing: its settings keep their defaults then.
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

struct LimitRow {
  std::string_view key;
  int64_t gate::GateLimits::* value;
  int64_t min;
  int64_t max;
  std::string_view help;
};

using L = gate::GateLimits;
constexpr LimitRow kGateLimits[] = {
    {"request_body_bytes_max", &L::request_body_bytes_max, 1024, kBytesMax,
     "bytes of one request body, decoded"},
    {"request_header_bytes_max", &L::request_header_bytes_max, 1024, 1 << 20,
     "bytes of a request's line and headers"},
    {"connections_max", &L::connections_max, 1, 1'000'000,
     "clients connected at once"},
    {"request_read_timeout_ms", &L::request_read_timeout_ms, 1, kTimeoutMaxMs,
     "ms to read one request"},
    {"keep_alive_timeout_ms", &L::keep_alive_timeout_ms, 1, kTimeoutMaxMs,
     "ms that an idle connection stays open"},
    {"write_timeout_ms", &L::write_timeout_ms, 1, kTimeoutMaxMs,
     "ms without progress while a client takes its answer"},
    {"upstream_connect_timeout_ms", &L::upstream_connect_timeout_ms, 1,
     kTimeoutMaxMs, "ms to connect to an upstream"},
    {"upstream_first_byte_timeout_ms", &L::upstream_first_byte_timeout_ms, 1,
     kTimeoutMaxMs, "ms until an upstream answers"},
    {"stream_idle_timeout_ms", &L::stream_idle_timeout_ms, 1, kTimeoutMaxMs,
     "ms of silence within an answer"},
    {"upstream_connections_max", &L::upstream_connections_max, 1, 1'000'000,
     "idle connections kept to each upstream, per thread"},
    {"event_bytes_max", &L::event_bytes_max, 1024, int64_t{1} << 32,
     "bytes of one server-sent event that the meter keeps"},
    {"decoded_answer_bytes_max", &L::decoded_answer_bytes_max, 1024, kBytesMax,
     "bytes of one compressed answer that the meter decodes"},
    {"drain_ms", &L::drain_ms, 0, kTimeoutMaxMs,
     "ms that SIGTERM waits for running exchanges"},
};

void ReadGate(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "gate");
  TomlTable* table = section.get();
  config->gate.listen = "127.0.0.1:8787";
  reader->Text(table, "gate", "listen", "address for agents",
               &config->gate.listen);
  reader->Text(table, "gate", "admin", "address for administration",
               &config->admin_listen);
  reader->Number(table, "gate", "threads", 0, 1024,
                 "event loops; 0 for one a core", &config->threads);
  for (const LimitRow& row : kGateLimits) {
    reader->Number(table, "gate", row.key, row.min, row.max, row.help,
                   &(config->gate.limits.*row.value));
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

void ReadTermsFile(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "terms");
  reader->Text(section.get(), "terms", "file",
               "table of terms; empty for the one in this binary",
               &config->terms_file);
  section.Finish();
}

void ReadTermsOf(TomlTable* terms, policy::Contract* contract) {
  contract->provider = terms->String("provider").value_or("");
  contract->product = terms->String("product").value_or("");
  contract->plan = terms->String("plan").value_or("");
  contract->weights = terms->String("weights").value_or("");
  bool by_plan = !contract->provider.empty() && !contract->product.empty() &&
                 !contract->plan.empty();
  bool by_weights = !contract->weights.empty();
  bool mixed = by_weights && (terms->Has("provider") || terms->Has("product") ||
                              terms->Has("plan"));
  if (mixed || (!by_plan && !by_weights)) {
    terms->Complain("", "needs provider, product and plan, or weights alone");
  }
  terms->Finish();
}

void ReadContracts(TomlTable* root, Reader* reader, Config* config) {
  auto contracts = root->Table("contract");
  if (!contracts) return;
  for (const std::string& name : contracts->Names()) {
    TomlTable table = *contracts->Table(name);
    policy::Contract contract;
    contract.name = name;
    auto terms = table.Table("terms");
    if (terms) ReadTermsOf(&*terms, &contract);
    if (auto text = table.String("class")) {
      contract.terms_class = policy::ParseTermsClass(*text);
      if (!contract.terms_class) {
        table.Complain("class", fmt::format("unknown \"{}\"", *text));
      }
    }
    if (table.Has("terms") == table.Has("class")) {
      table.Complain("", "needs either terms or class");
    }
    table.Finish();
    std::string shown =
        contract.terms_class
            ? std::string(policy::TermsClassName(*contract.terms_class))
        : contract.weights.empty()
            ? fmt::format("{} / {} / {}", contract.provider, contract.product,
                          contract.plan)
            : contract.weights;
    reader->Row(&table, "contract." + name,
                contract.terms_class ? "class" : "terms", std::move(shown),
                "what this contract's outputs may be used for");
    config->contracts.push_back(std::move(contract));
  }
  contracts->Finish();
}

void ReadCredential(TomlTable* table, gate::UpstreamOptions* upstream) {
  auto credential = table->Table("credential");
  if (!credential) return;
  upstream->credential_env = credential->String("env").value_or("");
  upstream->credential_file = credential->String("file").value_or("");
  if (upstream->credential_env.empty() == upstream->credential_file.empty()) {
    credential->Complain("", "needs either env or file");
  }
  credential->Finish();
}

void ReadUpstream(TomlTable* table, Config* config,
                  gate::UpstreamOptions* upstream) {
  auto protocol =
      table->OneOf("protocol", {"anthropic-messages", "openai-responses"});
  if (protocol) upstream->protocol = *wire::ParseProtocol(*protocol);
  if (!table->Has("protocol")) table->Missing("protocol");
  bool anthropic = upstream->protocol == wire::Protocol::kAnthropicMessages;

  upstream->url = table->String("url").value_or("");
  if (!table->Has("url")) {
    table->Missing("url");
  } else if (!upstream->url.starts_with("https://") &&
             !upstream->url.starts_with("http://")) {
    table->Complain("url", "must begin with https:// or http://");
  }
  upstream->provider =
      table->String("provider").value_or(anthropic ? "anthropic" : "openai");
  upstream->ca_file = table->String("ca_file").value_or("");
  auto auth = table->OneOf("auth", {"x-api-key", "bearer"});
  bool by_key = auth ? *auth == "x-api-key" : anthropic;
  upstream->auth =
      by_key ? gate::UpstreamAuth::kXApiKey : gate::UpstreamAuth::kBearer;
  ReadCredential(table, upstream);

  auto contract = table->String("contract");
  if (!contract) {
    if (!table->Has("contract")) table->Missing("contract");
    return;
  }
  auto found = std::find_if(
      config->contracts.begin(), config->contracts.end(),
      [&](const policy::Contract& known) { return known.name == *contract; });
  if (found == config->contracts.end()) {
    table->Complain("contract",
                    fmt::format("no [contract.{}] is configured", *contract));
    return;
  }
  upstream->contract = *found;
}

void ReadUpstreams(TomlTable* root, Reader* reader, Config* config) {
  auto upstreams = root->Table("upstream");
  if (!upstreams) return;
  std::map<wire::Protocol, std::string> by_protocol;
  for (const std::string& name : upstreams->Names()) {
    TomlTable table = *upstreams->Table(name);
    gate::UpstreamOptions upstream;
    upstream.name = name;
    ReadUpstream(&table, config, &upstream);
    // Requests carry no upstream's name yet, so the protocol must decide.
    auto [other, first] = by_protocol.emplace(upstream.protocol, name);
    if (!first) {
      table.Complain("protocol",
                     fmt::format("[upstream.{}] has this protocol already",
                                 other->second));
    }
    table.Finish();
    std::string section = "upstream." + name;
    reader->Row(&table, section, "protocol",
                std::string(wire::ProtocolName(upstream.protocol)),
                "what the upstream speaks");
    reader->Row(&table, section, "url", upstream.url, "where it is");
    reader->Row(&table, section, "credential",
                !upstream.credential_env.empty()
                    ? "environment variable " + upstream.credential_env
                : !upstream.credential_file.empty()
                    ? "file " + upstream.credential_file
                    : "none",
                "what the gate shows it");
    reader->Row(&table, section, "contract", upstream.contract.name,
                "the contract it is used under");
    config->gate.upstreams.push_back(std::move(upstream));
  }
  upstreams->Finish();
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
    ReadTermsFile(&root, &reader, &config);
    ReadContracts(&root, &reader, &config);
    ReadUpstreams(&root, &reader, &config);
    root.Finish();
  }
  std::vector<TomlIssue> issues = document.issues();
  if (!issues.empty()) {
    return Error(Code::kInvalid, FormatIssues(file_name, issues));
  }
  config.data_folder = Resolve(file_name, std::move(config.data_folder));
  config.terms_file = Resolve(file_name, std::move(config.terms_file));
  for (gate::UpstreamOptions& upstream : config.gate.upstreams) {
    upstream.ca_file = Resolve(file_name, std::move(upstream.ca_file));
    upstream.credential_file =
        Resolve(file_name, std::move(upstream.credential_file));
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

}  // namespace cofferdam::cli
