#include "cli/code_engine.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "corpus/repository.h"

namespace cofferdam::cli {
namespace {

constexpr const char* kTool = "cofferdam-code";
constexpr const char* kNoPurpose = "unspecified";

Result<agent::EngineApi> ApiOf(const Invocation& call,
                               const CodeConfig& config) {
  if (!call.Has("--api")) return config.api.value_or(agent::EngineApi::kChat);
  auto api = agent::ParseEngineApi(call.Text("--api"));
  if (api.has_value()) return *api;
  return Error(Code::kInvalid, fmt::format("--api: \"{}\" is neither chat nor "
                                           "responses",
                                           call.Text("--api")));
}

TokenRequest RequestFor(const Invocation& call, const CodeConfig& config,
                        const std::string& folder) {
  TokenRequest request;
  request.tool = kTool;
  request.purpose = call.Has("--purpose")    ? call.Text("--purpose")
                    : config.purpose.empty() ? kNoPurpose
                                             : config.purpose;
  auto repository = corpus::RepositoryAt(folder, corpus::Compare::kSkip);
  if (repository) {
    request.commit = repository->head_commit;
    request.repo =
        repository->remote.empty() ? repository->root : repository->remote;
  }
  if (call.Has("--repo")) request.repo = call.Text("--repo");
  return request;
}

Error NoEngine(const Error& login) {
  return Error(login.code(),
               fmt::format("no engine: give --engine URL, or set [code] engine "
                           "in code.toml, or log in to a gate ({})",
                           login.message()));
}

}  // namespace

Result<std::unique_ptr<CodeEngine>> CodeEngine::Find(
    const Invocation& call, const CodeConfig& config,
    const std::string& folder) {
  std::unique_ptr<CodeEngine> engine(new CodeEngine);
  agent::EngineOptions& options = engine->options_;
  TRY_ASSIGN(options.api, ApiOf(call, config));
  options.model = call.Has("--model") ? call.Text("--model") : config.model;
  if (call.Has("--engine")) {
    options.url = call.Text("--engine");
    const char* key = std::getenv("COFFERDAM_ENGINE_KEY");
    if (key != nullptr) options.key = key;
    // The file's key is for the file's engine only.
    if (options.url == config.engine && options.key.empty()) {
      TRY_ASSIGN(options.key, EngineKeyOf(config));
    }
    options.ca_file = config.ca_file;
    return engine;
  }
  if (!config.engine.empty()) {
    options.url = config.engine;
    options.ca_file = config.ca_file;
    TRY_ASSIGN(options.key, EngineKeyOf(config));
    return engine;
  }
  auto login = ReadLogin();
  if (!login.ok()) return NoEngine(login.error());
  if (options.model.empty()) {
    return Error(Code::kInvalid,
                 fmt::format("through the gate {} a model must be named: give "
                             "--model, or set [code] model in code.toml",
                             login->url));
  }
  TRY_ASSIGN(SessionToken token,
             MintToken(*login, RequestFor(call, config, folder)));
  options.url = login->url;
  options.key = token.secret;
  options.ca_file = login->ca_file;
  engine->gate_ =
      std::make_unique<Login>(Login{login->url, token.secret, login->ca_file});
  engine->renewal_ = std::make_unique<SessionRenewal>(*engine->gate_);
  return engine;
}

CodeEngine::~CodeEngine() {
  renewal_.reset();
  if (gate_ == nullptr) return;
  // A gate that is gone ends the key by itself within the hour.
  Status revoked = RevokeToken(*gate_);
  static_cast<void>(revoked);
}

}  // namespace cofferdam::cli
