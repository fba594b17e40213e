// code.toml, and a company's profiles of models: each issue is told by its
// place.

#include <string_view>

#include "agent/engine/profiles.h"
#include "base/check.h"
#include "cli/code_config.h"
#include "target.h"

namespace cofferdam::cli {
namespace {

void CheckSettings(std::string_view text) {
  const Result<CodeConfig> config = ParseCodeConfig(text, "/etc/code.toml");
  if (!config.ok()) {
    CHECK(config.error().code() == Code::kInvalid ||
          config.error().code() == Code::kTooLarge);
    CHECK(config.error().message().starts_with("/etc/code.toml"));
  }
}

void CheckProfiles(std::string_view text) {
  const auto profiles = agent::ModelProfiles::Parse(
      text, "models.toml", &agent::ModelProfiles::BuiltIn());
  if (!profiles.ok()) {
    CHECK(profiles.error().code() == Code::kInvalid ||
          profiles.error().code() == Code::kTooLarge);
    CHECK(profiles.error().message().starts_with("models.toml"));
    return;
  }
  for (const agent::ModelProfile& profile : profiles->all()) {
    CHECK(!profile.name.empty() && !profile.edit_formats.empty());
    CHECK(profile.context_tokens >= 0 && profile.output_tokens_max >= 0);
  }
  // Whatever its patterns are, every name finds a row.
  CHECK(!profiles->For("qwen/Qwen3:Q4").name.empty());
  CHECK(!profiles->For(text.substr(0, 100)).name.empty());
}

}  // namespace
}  // namespace cofferdam::cli

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = cofferdam::FuzzText(data, size);
  cofferdam::cli::CheckSettings(text);
  cofferdam::cli::CheckProfiles(text);
  return 0;
}
