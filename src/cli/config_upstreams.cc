#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/config_internal.h"
#include "gate/upstream.h"

namespace cofferdam::cli {
namespace {

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

// What a protocol's own provider goes by, where the file does not say.
struct ProtocolDefaults {
  wire::Protocol protocol;
  std::string_view provider;
  gate::UpstreamAuth auth;
};

constexpr ProtocolDefaults kDefaults[] = {
    {wire::Protocol::kAnthropicMessages, "anthropic",
     gate::UpstreamAuth::kXApiKey},
    {wire::Protocol::kOpenAiResponses, "openai", gate::UpstreamAuth::kBearer},
    {wire::Protocol::kOpenAiChat, "openai", gate::UpstreamAuth::kBearer},
    {wire::Protocol::kGemini, "google", gate::UpstreamAuth::kXGoogApiKey},
};

const ProtocolDefaults& DefaultsOf(wire::Protocol protocol) {
  for (const ProtocolDefaults& row : kDefaults) {
    if (row.protocol == protocol) return row;
  }
  CHECK(false);
}

void ReadProtocol(TomlTable* table, gate::UpstreamOptions* upstream) {
  std::vector<std::string> names;
  for (const ProtocolDefaults& row : kDefaults) {
    names.emplace_back(wire::ProtocolName(row.protocol));
  }
  auto protocol = table->OneOf("protocol", names);
  if (protocol) upstream->protocol = *wire::ParseProtocol(*protocol);
  if (!table->Has("protocol")) table->Missing("protocol");
}

// A URL; its whole form is judged when the upstream is opened.
void ReadUrl(TomlTable* table, std::string_view key, std::string* url) {
  *url = table->String(key).value_or("");
  if (table->Has(key) && !url->starts_with("https://") &&
      !url->starts_with("http://")) {
    table->Complain(key, "must begin with https:// or http://");
  }
}

void ReadCredential(TomlTable* table, gate::UpstreamOptions* upstream) {
  auto auth = table->OneOf(
      "auth", {"x-api-key", "bearer", "api-key", "x-goog-api-key"});
  upstream->auth = auth ? *gate::ParseUpstreamAuth(*auth)
                        : DefaultsOf(upstream->protocol).auth;
  auto credential = table->Table("credential");
  if (!credential) return;
  gate::CredentialOptions& options = upstream->credential;
  options.env = credential->String("env").value_or("");
  options.file = credential->String("file").value_or("");
  options.command =
      credential->Strings("command").value_or(std::vector<std::string>());
  int sources = int{!options.env.empty()} + int{!options.file.empty()} +
                int{!options.command.empty() && !options.command[0].empty()};
  if (sources != 1) {
    credential->Complain("", "needs one of env, file and command");
  }
  auto seconds = credential->Int("refresh_s", 1, 24 * 3600);
  if (seconds) {
    options.refresh_ms = *seconds * 1000;
    if (!options.env.empty()) {
      credential->Complain("refresh_s", "a variable is read once, at start");
    }
  }
  credential->Finish();
}

void ReadModels(TomlTable* table, gate::UpstreamOptions* upstream) {
  auto models = table->Strings("models");
  if (models) {
    upstream->models = *std::move(models);
    bool empty = std::any_of(upstream->models.begin(), upstream->models.end(),
                             [](const std::string& m) { return m.empty(); });
    if (upstream->models.empty() || empty) {
      table->Complain("models", "needs names of models, \"*\" for any");
      upstream->models = {"*"};
    }
  }
  auto ask = table->Bool("ask_for_usage");
  if (ask) upstream->ask_for_usage = *ask;
  if (ask && upstream->protocol != wire::Protocol::kOpenAiChat) {
    table->Complain("ask_for_usage", "only openai-chat has to be asked");
  }
  auto pass = table->Strings("pass");
  if (!pass) return;
  upstream->pass = *std::move(pass);
  for (const std::string& pattern : upstream->pass) {
    Status checked = gate::CheckPassPattern(pattern);
    if (!checked.ok()) table->Complain("pass", checked.error().message());
  }
}

void ReadContractOf(TomlTable* table, const Config& config,
                    gate::UpstreamOptions* upstream) {
  auto contract = table->String("contract");
  if (!contract) {
    if (!table->Has("contract")) table->Missing("contract");
    return;
  }
  auto found = std::find_if(
      config.contracts.begin(), config.contracts.end(),
      [&](const policy::Contract& known) { return known.name == *contract; });
  if (found == config.contracts.end()) {
    table->Complain("contract",
                    fmt::format("no [contract.{}] is configured", *contract));
    return;
  }
  upstream->contract = *found;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

// Never the credential itself, nor a command's arguments, which may hold one.
std::string Shown(const gate::CredentialOptions& credential) {
  if (!credential.env.empty()) {
    return "environment variable " + credential.env;
  }
  if (!credential.file.empty()) return "file " + credential.file;
  if (!credential.command.empty()) return "command " + credential.command[0];
  return "none";
}

// A proxy's URL may name a user and a password.
std::string WithoutUser(const std::string& url) {
  size_t at = url.rfind('@');
  size_t begin = url.find("://");
  if (at == std::string::npos || begin == std::string::npos) return url;
  return url.substr(0, begin + 3) + "…" + url.substr(at);
}

void ShowUpstream(const TomlTable& table, const gate::UpstreamOptions& upstream,
                  Reader* reader) {
  std::string section = "upstream." + upstream.name;
  auto row = [&](std::string_view key, std::string value,
                 std::string_view help) {
    reader->Row(&table, section, key, std::move(value), help);
  };
  row("protocol", std::string(wire::ProtocolName(upstream.protocol)),
      "what the upstream speaks");
  row("url", upstream.url, "where it is");
  row("proxy", upstream.proxy.empty() ? "none" : WithoutUser(upstream.proxy),
      "the forward proxy on the way there");
  row("auth", std::string(gate::UpstreamAuthName(upstream.auth)),
      "in which header the credential stands");
  row("credential", Shown(upstream.credential), "what the gate shows it");
  row("models", Joined(upstream.models), "which models are asked there");
  row("pass", upstream.pass.empty() ? "none" : Joined(upstream.pass),
      "paths beside the protocol's, unmetered");
  if (upstream.protocol == wire::Protocol::kOpenAiChat) {
    row("ask_for_usage", upstream.ask_for_usage ? "true" : "false",
        "ask for a stream's usage, and take the answer out again");
  }
  row("contract", upstream.contract.name, "the contract it is used under");
}

// A model that an upstream further up takes for itself.
void CheckReachable(const Config& config, const gate::UpstreamOptions& upstream,
                    TomlTable* table) {
  for (const gate::UpstreamOptions& other : config.gate.upstreams) {
    if (other.protocol != upstream.protocol) continue;
    bool takes_all = std::find(other.models.begin(), other.models.end(), "*") !=
                     other.models.end();
    if (!takes_all) continue;
    table->Complain(
        table->Has("models") ? "models" : "",
        fmt::format("never asked: [upstream.{}] further up speaks this "
                    "protocol and serves every model; give it `models`",
                    other.name));
    return;
  }
}

}  // namespace

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
    ReadRateCard(&table, &contract.card);
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
    ShowRateCard(table, contract, reader);
    config->contracts.push_back(std::move(contract));
  }
  contracts->Finish();
}

void ReadUpstreams(TomlTable* root, Reader* reader, Config* config) {
  auto upstreams = root->Table("upstream");
  if (!upstreams) return;
  for (const std::string& name : upstreams->Names()) {
    TomlTable table = *upstreams->Table(name);
    gate::UpstreamOptions upstream;
    upstream.name = name;
    ReadProtocol(&table, &upstream);
    if (!table.Has("url")) table.Missing("url");
    ReadUrl(&table, "url", &upstream.url);
    ReadUrl(&table, "proxy", &upstream.proxy);
    upstream.provider =
        table.String("provider")
            .value_or(std::string(DefaultsOf(upstream.protocol).provider));
    upstream.ca_file = table.String("ca_file").value_or("");
    ReadCredential(&table, &upstream);
    ReadModels(&table, &upstream);
    ReadContractOf(&table, *config, &upstream);
    CheckReachable(*config, upstream, &table);
    table.Finish();
    ShowUpstream(table, upstream, reader);
    config->gate.upstreams.push_back(std::move(upstream));
  }
  upstreams->Finish();
}

}  // namespace cofferdam::cli
