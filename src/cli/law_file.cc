#include "cli/law_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/file.h"

namespace cofferdam::cli {

std::string LawFile(const Config& config) {
  if (!config.policy_file.empty() || config.file.empty()) {
    return config.policy_file;
  }
  const size_t slash = config.file.rfind('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  return config.file.substr(0, name) + "policy.toml";
}

policy::LawContext LawContextOf(const Config& config) {
  policy::LawContext context;
  context.trains_models = config.trains_models;
  policy::KnownNames& known = context.known.emplace();
  for (const policy::Contract& contract : config.contracts) {
    known.contracts.push_back(contract.name);
  }
  for (const gate::UpstreamOptions& row : config.gate.upstreams) {
    known.upstreams.push_back({.name = row.name,
                               .provider = row.provider,
                               .contract = row.contract.name,
                               .protocol = row.protocol,
                               .models = row.models});
  }
  return context;
}

Result<std::shared_ptr<const policy::Law>> LoadLaw(
    const Config& config, const policy::Law* in_force) {
  const policy::LawContext context = LawContextOf(config);
  const std::string file = LawFile(config);
  if (file.empty() ||
      (config.policy_file.empty() && access(file.c_str(), F_OK) != 0)) {
    if (in_force != nullptr && !in_force->file_name().empty()) {
      return Error(Code::kNotFound,
                   fmt::format("{} is gone; for a law without rules, leave an "
                               "empty file",
                               in_force->file_name()));
    }
    return policy::Law::Default(context);
  }
  Result<std::string> text = ReadFile(file, policy::kLawBytesMax);
  if (!text.ok()) return std::move(text).error().Within("load law");
  return policy::Law::Parse(*text, file, context);
}

}  // namespace cofferdam::cli
