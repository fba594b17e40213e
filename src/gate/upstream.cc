#include "gate/upstream.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "base/file.h"

namespace cofferdam::gate {
namespace {

constexpr size_t kCredentialBytesMax = 16 << 10;

http::ClientOptions PoolOptions(const GateLimits& limits) {
  http::ClientOptions options;
  options.connect_timeout_ms = limits.upstream_connect_timeout_ms;
  options.first_byte_timeout_ms = limits.upstream_first_byte_timeout_ms;
  options.idle_timeout_ms = limits.stream_idle_timeout_ms;
  options.idle_connections_max =
      static_cast<size_t>(limits.upstream_connections_max);
  return options;
}

std::string Trimmed(std::string text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  size_t end = text.find_last_not_of(" \t\r\n");
  return text.substr(begin, end - begin + 1);
}

}  // namespace

Result<std::unique_ptr<Upstream>> Upstream::Open(const UpstreamOptions& options,
                                                 const GateLimits& limits,
                                                 http::LoopPool& loops,
                                                 const Logger& logger) {
  std::string context = fmt::format("[upstream.{}]", options.name);
  auto url = http::Url::Parse(options.url);
  if (!url.ok()) return std::move(url).error().Within(context + " url");
  std::unique_ptr<Upstream> upstream(new Upstream(options, *url));
  auto pool = http::ClientPool::Create(
      loops, http::Upstream::FromUrl(*url, options.ca_file),
      PoolOptions(limits));
  if (!pool.ok()) return std::move(pool).error().Within(context);
  upstream->pool_ = *std::move(pool);
  upstream->ReadCredential();
  if (!upstream->ready_.ok()) {
    logger.Warning("upstream_without_credential",
                   {{"upstream", options.name},
                    {"reason", upstream->ready_.error().message()}});
  }
  return upstream;
}

void Upstream::ReadCredential() {
  if (!options_.credential_env.empty()) {
    const char* value = std::getenv(options_.credential_env.c_str());
    credential_ = Trimmed(value ? value : "");
    if (credential_.empty()) {
      ready_ = Error(
          Code::kUnavailable,
          fmt::format("upstream \"{}\" has no credential: the environment "
                      "variable {} was not set when the gate started",
                      options_.name, options_.credential_env));
    }
  } else if (!options_.credential_file.empty()) {
    auto text = ReadFile(options_.credential_file, kCredentialBytesMax);
    if (text.ok()) credential_ = Trimmed(*text);
    if (credential_.empty()) {
      ready_ = Error(
          Code::kUnavailable,
          fmt::format("upstream \"{}\" has no credential: {}", options_.name,
                      text.ok()
                          ? fmt::format("{} is empty", options_.credential_file)
                          : text.error().message()));
    }
  }
}

}  // namespace cofferdam::gate
