#pragma once

#include <memory>
#include <string>

#include "agent/engine/http_engine.h"
#include "base/result.h"
#include "cli/code_config.h"
#include "cli/command.h"
#include "cli/gate_client.h"
#include "cli/session_renewal.h"

namespace cofferdam::cli {

// Where `cofferdam code` gets its answers from: an engine straight, or the
// gate of `cofferdam login` with a session key of its own, which is renewed
// while this lives and given back at its end.
class CodeEngine {
 public:
  // --engine, else [code] engine, else the login. The errors name what is
  // missing and how to give it.
  static Result<std::unique_ptr<CodeEngine>> Find(const Invocation& call,
                                                  const CodeConfig& config,
                                                  const std::string& folder);
  ~CodeEngine();
  CodeEngine(const CodeEngine&) = delete;
  CodeEngine& operator=(const CodeEngine&) = delete;

  const agent::EngineOptions& options() const { return options_; }
  // Null when the engine is asked straight. The session's key in it.
  const Login* gate() const { return gate_ ? gate_.get() : nullptr; }

 private:
  CodeEngine() = default;

  agent::EngineOptions options_;
  std::unique_ptr<Login> gate_;
  std::unique_ptr<SessionRenewal> renewal_;
};

}  // namespace cofferdam::cli
