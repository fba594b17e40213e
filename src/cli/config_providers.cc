#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "cli/config_internal.h"
#include "gate/fair_queue.h"

namespace cofferdam::cli {
namespace {

constexpr int64_t kWaitMaxMs = int64_t{3600} * 1000;

void ReadWeights(TomlTable* table, gate::CapacityOptions* capacity) {
  auto weights = table->Table("weights");
  if (!weights) return;
  for (const std::string& team : weights->Keys()) {
    auto weight = weights->Int(team, 1, gate::FairQueue::kWeightMax);
    if (weight) capacity->weights.emplace_back(team, *weight);
  }
  weights->Finish();
}

std::string Shown(const std::vector<std::pair<std::string, int64_t>>& weights) {
  std::string text;
  for (const auto& [team, weight] : weights) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} = {}", team, weight);
  }
  return text.empty() ? "none" : text;
}

// A name that no upstream has bounds nothing.
void CheckAsked(const Config& config, const std::string& provider,
                TomlTable* table) {
  const bool asked =
      std::any_of(config.gate.upstreams.begin(), config.gate.upstreams.end(),
                  [&](const gate::UpstreamOptions& upstream) {
                    return upstream.provider == provider;
                  });
  if (asked) return;
  std::string known;
  for (const gate::UpstreamOptions& upstream : config.gate.upstreams) {
    if (!known.empty()) known += ", ";
    known += upstream.provider;
  }
  table->Complain("",
                  fmt::format("no upstream's provider is \"{}\"{}", provider,
                              known.empty() ? "" : "; there are: " + known));
}

}  // namespace

void ReadProviders(TomlTable* root, Reader* reader, Config* config) {
  auto providers = root->Table("provider");
  if (!providers) return;
  for (const std::string& name : providers->Names()) {
    TomlTable table = *providers->Table(name);
    const std::string section = "provider." + name;
    gate::CapacityOptions capacity;
    capacity.provider = name;
    CheckAsked(*config, name, &table);
    reader->Number(&table, section, "requests_per_minute", 0,
                   gate::RateBucket::kPerMinuteMax,
                   "requests a minute of the whole company; 0: no limit",
                   &capacity.requests_per_minute);
    reader->Number(&table, section, "tokens_per_minute", 0,
                   gate::RateBucket::kPerMinuteMax,
                   "tokens a minute of the whole company; 0: no limit",
                   &capacity.tokens_per_minute);
    reader->Number(&table, section, "wait_ms", 1, kWaitMaxMs,
                   "ms that a request waits for its turn at most",
                   &capacity.wait_ms);
    ReadWeights(&table, &capacity);
    reader->Row(&table, section, "weights", Shown(capacity.weights),
                "how many times the share a team's people get");
    table.Finish();
    config->gate.capacities.push_back(std::move(capacity));
  }
  providers->Finish();
}

}  // namespace cofferdam::cli
