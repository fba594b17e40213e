#include "gate/options.h"

#include <utility>

namespace cofferdam::gate {
namespace {

constexpr std::pair<UpstreamAuth, std::string_view> kAuths[] = {
    {UpstreamAuth::kXApiKey, "x-api-key"},
    {UpstreamAuth::kBearer, "bearer"},
    {UpstreamAuth::kApiKey, "api-key"},
    {UpstreamAuth::kXGoogApiKey, "x-goog-api-key"},
};

}  // namespace

std::string_view UpstreamAuthName(UpstreamAuth auth) {
  for (const auto& [value, name] : kAuths) {
    if (value == auth) return name;
  }
  return {};
}

std::optional<UpstreamAuth> ParseUpstreamAuth(std::string_view name) {
  for (const auto& [value, known] : kAuths) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace cofferdam::gate
