#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "agent/terminal/terminal.h"
#include "agent/turn/agent_conversations.h"
#include "agent/turn/answer_schema.h"
#include "base/file.h"
#include "cli/code_acp.h"
#include "cli/code_config.h"
#include "cli/code_engine.h"
#include "cli/code_export.h"
#include "cli/code_headless.h"
#include "cli/code_policy.h"
#include "cli/code_shell.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/history_target.h"
#include "cli/record_hand_over.h"
#include "cli/version.h"
#include "http/url.h"
#include "policy/money.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;

constexpr int64_t kMaxTurnsMost = 100'000;

Result<CodeOutput> OutputOf(const Invocation& call) {
  const std::string name =
      call.Has("--output") ? call.Text("--output") : "text";
  if (name == "text") return CodeOutput::kText;
  if (name == "json") return CodeOutput::kJson;
  if (name == "stream-json") return CodeOutput::kStreamJson;
  return Error(Code::kInvalid,
               fmt::format("--output: \"{}\" is none of text, json and "
                           "stream-json",
                           name));
}

Result<agent::SandboxPolicy> SandboxOf(const Invocation& call,
                                       const CodeConfig& config) {
  agent::SandboxPolicy policy;
  policy.writable = config.writable;
  policy.hidden = config.hidden;
  policy.variables = config.variables;
  if (config.unix_sockets.value_or(false)) {
    policy.unix_sockets = agent::UnixSockets::kAllowed;
  }
  bool network = config.network.value_or(false);
  if (call.Has("--network")) {
    const std::string word = call.Text("--network");
    if (word != "on" && word != "off") {
      return Error(
          Code::kInvalid,
          fmt::format("--network: \"{}\" is neither on nor off", word));
    }
    network = word == "on";
  }
  policy.network = network ? agent::Network::kOn : agent::Network::kOff;
  return policy;
}

Result<agent::TurnLimits> LimitsOf(const Invocation& call) {
  agent::TurnLimits limits;
  if (auto turns = call.Number("--max-turns")) {
    if (*turns < 1 || *turns > kMaxTurnsMost) {
      return Error(Code::kInvalid,
                   fmt::format("--max-turns: from 1 to {}", kMaxTurnsMost));
    }
    limits.requests_max = *turns;
  }
  if (call.Has("--max-cost")) {
    auto cost = policy::ParseDollars(call.Text("--max-cost"));
    if (!cost.ok()) return std::move(cost).error().Within("--max-cost");
    limits.cost_micros_max = *cost;
  }
  return limits;
}

Result<std::vector<agent::AllowRule>> AllowRulesOf(const Invocation& call,
                                                   const CodeConfig& config) {
  std::vector<agent::AllowRule> rules;
  auto add = [&rules](const std::vector<std::string>& texts,
                      std::string_view where) -> Status {
    for (const std::string& text : texts) {
      auto rule = agent::ParseAllowRule(text);
      if (!rule.ok()) return std::move(rule).error().Within(where);
      rules.push_back(*std::move(rule));
    }
    return {};
  };
  TRY(add(config.allow, "[code] allow"));
  TRY(add(call.Texts("--allow"), "--allow"));
  return rules;
}

Result<std::optional<agent::AnswerSchema>> SchemaOf(const Invocation& call) {
  std::optional<agent::AnswerSchema> schema;
  if (!call.Has("--output-schema")) return schema;
  const std::string path = call.Text("--output-schema");
  TRY_ASSIGN(std::string text, ReadFile(path, agent::AnswerSchema::kBytesMax));
  auto parsed = agent::AnswerSchema::Parse(text);
  if (!parsed.ok()) return std::move(parsed).error().Within(path);
  schema = *std::move(parsed);
  return schema;
}

// What cannot go together, before anything is opened.
Status CheckFlags(const Invocation& call) {
  bool headless = call.Has("-p");
  if (headless && call.Has("--acp")) {
    return Error(Code::kInvalid, "-p and --acp do not go together");
  }
  if (call.Has("--continue") && call.Has("--resume")) {
    return Error(Code::kInvalid, "--continue and --resume do not go together");
  }
  if (call.Has("--fork") && !call.Has("--continue") && !call.Has("--resume")) {
    return Error(Code::kInvalid,
                 "--fork copies a session: name it with --resume ID, or take "
                 "the latest with --continue");
  }
  if (call.Has("--export")) TRY(CheckExportFormat(call.Text("--export")));
  for (const char* flag : {"--output", "--output-schema"}) {
    if (call.Has(flag) && !headless) {
      return Error(Code::kInvalid, fmt::format("{} needs -p TASK", flag));
    }
  }
  return {};
}

// Which ledger is meant, where one is named: what is wrong with it must not
// come up after an hour's work.
Status CheckLedger(const Invocation& call) {
  if (call.Has("--export") && !AdminAddress(call).empty()) {
    return Error(Code::kInvalid,
                 "--export reads the index of a data folder on this machine; "
                 "it does not go with --admin or $COFFERDAM_ADMIN");
  }
  if (call.Has("--config") || call.Has("--data")) {
    auto config = LoadConfigFor(call);
    if (!config.ok()) return std::move(config).error();
  }
  if (call.Has("--admin")) {
    // Asks nobody yet.
    auto admin = OpenAdmin(call);
    if (!admin.ok()) return std::move(admin).error();
  }
  if (!call.Has("--export")) return {};
  auto has_stores = HistoryTarget::HasStores(call);
  if (!has_stores.ok()) return std::move(has_stores).error();
  if (*has_stores) return {};
  return Error(Code::kInvalid,
               "--export reads a ledger, and there is none here: name its "
               "folder with --data, or its configuration with --config (a "
               "gate's own is on the gate's machine)");
}

Result<std::string> FolderOf(const Invocation& call) {
  const std::string folder = call.Has("--cd") ? call.Text("--cd") : ".";
  std::error_code error;
  const auto path = std::filesystem::canonical(folder, error);
  if (error) return Error::FromErrno(error.value(), "--cd " + folder);
  if (!std::filesystem::is_directory(path, error)) {
    return Error(Code::kInvalid, fmt::format("--cd {}: is no folder", folder));
  }
  return path.string();
}

Result<std::optional<agent::Mode>> ModeOf(const Invocation& call) {
  std::optional<agent::Mode> mode;
  if (!call.Has("--mode")) return mode;
  mode = agent::ParseMode(call.Text("--mode"));
  if (mode.has_value()) return mode;
  return Error(Code::kInvalid,
               fmt::format("--mode: \"{}\" is none of plan, ask, edit and auto",
                           call.Text("--mode")));
}

Result<agent::ConversationRequest> RequestOf(
    const Invocation& call, const std::string& folder,
    const agent::Conversations& conversations) {
  agent::ConversationRequest request;
  request.workspace = folder;
  request.model = call.Text("--model");
  request.fork = call.Has("--fork");
  TRY_ASSIGN(request.mode, ModeOf(call));
  request.session_id = call.Text("--resume");
  if (call.Has("--continue")) {
    TRY_ASSIGN(auto sessions, conversations.List(folder));
    if (sessions.empty()) {
      return Error(Code::kNotFound,
                   fmt::format("there is no session of {} to go on with; start "
                               "one without --continue",
                               folder));
    }
    request.session_id = sessions.front().id;
  }
  return request;
}

Result<agent::ConversationsOptions> OptionsOf(const Invocation& call,
                                              const CodeConfig& config,
                                              const CodeEngine& engine) {
  agent::ConversationsOptions options;
  options.engine = engine.options();
  options.models_file =
      call.Has("--models") ? call.Text("--models") : config.models_file;
  TRY_ASSIGN(options.state_folder, agent::CodeStateFolder());
  options.version = VersionText();
  TRY_ASSIGN(const std::string config_path, CodeConfigPath());
  options.config_folder = config_path.substr(0, config_path.rfind('/'));
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    options.claude_folder = std::string(home) + "/.claude";
  }
  options.mode = config.mode.value_or(agent::Mode::kAsk);
  options.attendance =
      call.Has("-p") ? agent::Attendance::kAlone : agent::Attendance::kAttended;
  TRY_ASSIGN(options.allow, AllowRulesOf(call, config));
  TRY_ASSIGN(options.sandbox, SandboxOf(call, config));
  return options;
}

// Records and policy: where the model's answers are told of, and what they may
// be written to. All of it is asked for after the first answer.
void ConnectToCompany(const Invocation& call, const CodeConfig& config,
                      const CodeEngine& engine, RecordHandOver& hand_over,
                      agent::ConversationsOptions* options) {
  const std::string url = options->engine.url;
  options->hand_over = [&hand_over] { hand_over.Begin(); };
  options->provider = [&call, &engine, url]() -> std::string {
    if (engine.gate() != nullptr) return "cofferdam";
    std::string contract = ContractOfEngine(call, url);
    if (!contract.empty()) return contract;
    auto parsed = http::Url::Parse(url);
    return parsed.ok() ? parsed->authority() : "";
  };
  options->policy = [&call, &engine, url, trailer = config.commit_trailer,
                     state = options->state_folder](
                        const std::string& workspace, const std::string& model,
                        const std::string& session) {
    return FindCodePolicy({.call = call,
                           .gate = engine.gate(),
                           .engine_url = url,
                           .model = model,
                           .session = session,
                           .workspace = workspace,
                           .state_folder = state,
                           .own_trailer = trailer},
                          SystemClock());
  };
}

Result<int> RunHeadless(const Invocation& call, const std::string& folder,
                        agent::Conversations& conversations) {
  CodeTask task;
  TRY_ASSIGN(task.output, OutputOf(call));
  TRY_ASSIGN(task.limits, LimitsOf(call));
  TRY_ASSIGN(task.schema, SchemaOf(call));
  TRY_ASSIGN(task.request, RequestOf(call, folder, conversations));
  task.text = call.Text("-p");
  if (task.text == "-") {
    TRY_ASSIGN(task.text, ReadCodeTask(STDIN_FILENO));
  } else if (task.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Error(Code::kInvalid,
                 "the task is empty: give it as -p TASK, or -p - and on stdin");
  }
  return RunCodeTask(task, conversations);
}

Result<int> RunAcpServer(const Invocation& call,
                         agent::Conversations& conversations) {
  agent::AcpOptions options;
  const std::string_view version = VersionText();
  options.version = version.substr(version.find(' ') + 1);
  options.model = call.Text("--model");
  TRY_ASSIGN(options.mode, ModeOf(call));
  TRY_ASSIGN(options.turn_limits, LimitsOf(call));
  TRY(ServeAcp(options, conversations));
  return 0;
}

Result<int> RunInTerminal(const Invocation& call, const CodeConfig& config,
                          const std::string& folder,
                          agent::Conversations& conversations) {
  agent::TerminalOptions options = agent::TerminalOptionsOfProcess();
  TRY_ASSIGN(agent::SandboxPolicy policy, SandboxOf(call, config));
  policy.workspace = folder;
  CodeShell shell(std::move(policy));
  options.run_command = [&shell](const std::string& command,
                                 agent::ToolListener& listener,
                                 std::stop_token stop) {
    return shell.Run(command, listener, stop);
  };
  options.keys = config.keys;
  TRY_ASSIGN(options.limits, LimitsOf(call));
  TRY_ASSIGN(options.request, RequestOf(call, folder, conversations));
  return agent::RunTerminal(options, conversations);
}

Result<int> RunCode(const Invocation& call) {
  TRY(CheckFlags(call));
  TRY(CheckLedger(call));
  TRY_ASSIGN(std::string folder, FolderOf(call));
  TRY_ASSIGN(std::string path, CodeConfigPath());
  TRY_ASSIGN(CodeConfig config, ReadCodeConfig(path));
  TRY_ASSIGN(std::unique_ptr<CodeEngine> engine,
             CodeEngine::Find(call, config, folder));
  TRY_ASSIGN(agent::ConversationsOptions options,
             OptionsOf(call, config, *engine));
  RecordHandOver hand_over(call, SystemClock(),
                           options.state_folder + "/records");
  ConnectToCompany(call, config, *engine, hand_over, &options);
  auto conversations = agent::MakeConversations(std::move(options));
  Result<int> ran = call.Has("--acp") ? RunAcpServer(call, *conversations)
                    : call.Has("-p")
                        ? RunHeadless(call, folder, *conversations)
                        : RunInTerminal(call, config, folder, *conversations);
  conversations.reset();
  if (std::string words = hand_over.Finish(); !words.empty()) {
    Say("cofferdam: " + words);
  }
  if (call.Has("--export")) {
    TRY_ASSIGN(const std::string words,
               ExportProvenance(call, call.Text("--export"), folder));
    Say("cofferdam: " + words);
  }
  return ran;
}

const std::vector<Flag>& CodeFlags() {
  static const std::vector<Flag> flags = {
      {"-p", Takes::kText,
       "do this task without a terminal and end (\"-\": the task is on stdin); "
       "what would ask is refused: see --mode and --allow"},
      {"--engine", Takes::kText,
       "URL of an engine that speaks Chat Completions or Responses, its key in "
       "$COFFERDAM_ENGINE_KEY; else [code] in code.toml, else the gate of "
       "`cofferdam login`"},
      {"--api", Takes::kText,
       "what the engine speaks: chat (default), responses"},
      {"--model", Takes::kText, "the model; else the engine's first one"},
      {"--models", Takes::kText,
       "a file of model profiles before the built-in"},
      {"--mode", Takes::kText,
       "plan (nothing is changed), ask (default), edit (edits do not ask), "
       "auto "
       "(nothing asks)"},
      {"--allow", Takes::kTexts,
       "do not ask for this: a tool, or tool(pattern), as \"bash(npm test*)\" "
       "or "
       "\"edit(src/*)\"; may be given several times"},
      {"--network", Takes::kText,
       "whether commands reach the network: on, off (default)"},
      {"--output", Takes::kText,
       "with -p: text (default), json (one object at the end), stream-json (an "
       "event per line)"},
      {"--output-schema", Takes::kText,
       "with -p: a JSON Schema that the final answer must meet"},
      {"--max-turns", Takes::kNumber, "requests to the model, at most"},
      {"--max-cost", Takes::kText,
       "dollars that the session may cost, by the model's prices"},
      {"--continue", Takes::kNothing,
       "go on with the latest session of this folder"},
      {"--resume", Takes::kText, "go on with the session of this id"},
      {"--fork", Takes::kNothing, "with those: in a copy of the session"},
      {"--cd", Takes::kText, "the folder to work in; else the current one"},
      {"--purpose", Takes::kText, "why the model is used, for the gate"},
      {"--repo", Takes::kText,
       "the repository, for the gate; else the git remote of the folder"},
      {"--export", Takes::kText,
       "at the end, from the ledger: git-ai (notes of who wrote each line, "
       "under refs/notes/ai) or agent-trace (.agent-trace/traces.jsonl)"},
      {"--acp", Takes::kNothing,
       "speak the Agent Client Protocol with an editor on stdin and stdout"}};
  return flags;
}

}  // namespace

std::vector<Command> CodeCommands() {
  return {{"code",
           "the in-house coding agent, on models you host: a terminal session, "
           "or one task with -p",
           {},
           CodeFlags(),
           false,
           RunCode}};
}

}  // namespace cofferdam::cli
