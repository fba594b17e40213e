#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "base/random.h"
#include "cli/agent_launch.h"
#include "cli/agent_place.h"
#include "cli/approval_wait.h"
#include "cli/child.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/gate_client.h"
#include "cli/session_renewal.h"
#include "corpus/repository.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;

constexpr const char* kNoPurpose = "unspecified";

// What the session key is bound to, from flags and the current folder.
TokenRequest RequestFor(const Invocation& call, std::string tool) {
  TokenRequest request;
  request.tool = std::move(tool);
  request.purpose = call.Has("--purpose") ? call.Text("--purpose") : kNoPurpose;
  auto repository = corpus::RepositoryAt(".", corpus::Compare::kSkip);
  if (repository) request.commit = repository->head_commit;
  if (call.Has("--repo")) {
    request.repo = call.Text("--repo");
  } else if (repository) {
    // Without a remote the folder is the best name there is.
    request.repo =
        repository->remote.empty() ? repository->root : repository->remote;
  }
  return request;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<LaunchTarget> TargetFor(const Login& login, const SessionToken& token) {
  uint8_t bytes[8];
  SystemRandom().Fill(bytes);
  LaunchTarget target;
  target.url = login.url;
  target.secret = token.secret;
  target.ca_file = login.ca_file;
  target.variable = Variable;
  TRY_ASSIGN(target.folder, NewAgentFolder(Variable, "run-" + ToHex(bytes)));
  std::error_code error;
  target.work_folder = std::filesystem::current_path(error);
  return target;
}

// Starts the agent with what it needs in place; its exit code.
Result<int> RunAgent(const AgentLaunch& launch, const std::string& folder,
                     const Login& session) {
  TRY_ASSIGN(AgentPlace place, AgentPlace::Make(folder, launch));
  TRY_ASSIGN(Child child,
             Child::Start(launch.command,
                          Environment(launch.unset, launch.environment)));
  int exit_code = 0;
  {
    SessionRenewal renewal(session);
    exit_code = child.Wait();
  }
  for (const std::string& name : place.ChangedFiles()) {
    Say(fmt::format("cofferdam: {} changed its {}; that held for this run only",
                    launch.tool, name));
  }
  return exit_code;
}

Result<int> RunWith(const Invocation& call, const Login& login,
                    const SessionToken& token) {
  TRY_ASSIGN(LaunchTarget target, TargetFor(login, token));
  TRY_ASSIGN(AgentLaunch launch, PrepareLaunch(call.command(), target));
  Say(fmt::format(
      "cofferdam: {} through {} as {}, repo {}, purpose {} (set {}; session "
      "key {}…, renewed while it runs)",
      launch.tool, login.url, token.person,
      token.repo.empty() ? "none" : token.repo, token.purpose, launch.words,
      token.prefix));
  return RunAgent(launch, target.folder,
                  {login.url, token.secret, login.ca_file});
}

Result<int> Run(const Invocation& call) {
  TRY_ASSIGN(std::string tool, ToolOfAgent(call.command().front()));
  TRY_ASSIGN(Login login, ReadLogin());
  TRY_ASSIGN(SessionToken token,
             MintToken(login, RequestFor(call, std::move(tool))));
  const auto started = [&]() -> Result<int> {
    if (call.Has("--wait")) {
      TRY(WaitUntilAllowed({login.url, token.secret, login.ca_file},
                           ModelOfCommand(call.command())));
    }
    return RunWith(call, login, token);
  };
  auto exit_code = started();
  // A gate that is gone ends the key by itself within the hour.
  Status revoked = RevokeToken({login.url, token.secret, login.ca_file});
  static_cast<void>(revoked);
  return exit_code;
}

Result<int> PrintToken(const Invocation& call) {
  TRY_ASSIGN(Login login, ReadLogin());
  std::string tool = call.Has("--tool") ? call.Text("--tool") : "unspecified";
  TRY_ASSIGN(SessionToken token,
             MintToken(login, RequestFor(call, std::move(tool))));
  if (!call.json()) {
    PrintLine(token.secret);
    return 0;
  }
  JsonWriter json;
  json.BeginObject()
      .Field("secret", token.secret)
      .Field("prefix", token.prefix)
      .Field("expires_at", token.expires_at)
      .Field("url", login.url)
      .Field("person", token.person)
      .Field("repo", token.repo)
      .Field("purpose", token.purpose)
      .Field("tool", token.tool)
      .EndObject();
  PrintLine(json.text());
  return 0;
}

const Flag kPurpose = {"--purpose", Takes::kText,
                       "why the model is used: product, research, "
                       "training-code, eval-authoring, …"};
const Flag kRepo = {"--repo", Takes::kText,
                    "the repository; else the git remote of this folder"};

}  // namespace

std::vector<Command> RunCommands() {
  return {
      {"run",
       "start claude, codex, gemini or opencode through the gate: run -- "
       "claude …",
       {},
       {kPurpose,
        kRepo,
        {"--wait", Takes::kNothing,
         "wait for an approval that is needed, or for the end of a pause, "
         "before the agent starts"}},
       true,
       Run},
      {"token",
       "mint a session key for an editor or a key helper and print it",
       {},
       {kPurpose,
        kRepo,
        {"--tool", Takes::kText, "which tool will use it"},
        {"--json", Takes::kNothing, "print JSON"}},
       false,
       PrintToken},
  };
}

}  // namespace cofferdam::cli
