#include "agent/turn/agent_conversations.h"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <utility>

#include "agent/engine/profiles.h"
#include "agent/session/store.h"
#include "agent/turn/agent_conversation.h"
#include "agent/turn/system_prompt.h"
#include "agent/turn/tool_ground.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace cofferdam::agent {
namespace {

bool WaitFor(int64_t wait_ms, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any over;
  std::unique_lock lock(mutex);
  over.wait_for(lock, stop, std::chrono::milliseconds(wait_ms),
                [] { return false; });
  return !stop.stop_requested();
}

ModelSettings SettingsOf(const ModelProfile& profile, std::string model) {
  ModelSettings settings;
  settings.profile = profile.name;
  settings.name = std::move(model);
  if (profile.context_tokens > 0) {
    settings.context_tokens = profile.context_tokens;
  }
  if (profile.output_tokens_max > 0) {
    settings.output_tokens_max = profile.output_tokens_max;
  }
  settings.sampling = profile.sampling;
  settings.edit_formats = profile.edit_formats;
  if (profile.rates.has_value()) {
    settings.prices = TokenPrices{profile.rates->input, profile.rates->cached,
                                  profile.rates->output};
  }
  return settings;
}

// Makes engines for models, by their profiles.
class EngineMaker {
 public:
  explicit EngineMaker(const ConversationsOptions& options)
      : options_(options) {}

  Result<std::unique_ptr<Engine>> Make(const std::string& model,
                                       ModelSettings* settings) {
    if (!profiles_.has_value() && !options_.models_file.empty()) {
      TRY_ASSIGN(profiles_, ModelProfiles::Load(options_.models_file));
    }
    const ModelProfiles& profiles =
        profiles_.has_value() ? *profiles_ : ModelProfiles::BuiltIn();
    EngineOptions options = options_.engine;
    if (options_.key) {
      TRY_ASSIGN(options.key, options_.key());
    }
    options.model = model;
    if (model.empty()) {
      TRY_ASSIGN(options.model, FirstModel(options));
    }
    const ModelProfile& profile = profiles.For(options.model);
    options.quirks = profile.quirks;
    *settings = SettingsOf(profile, options.model);
    return MakeEngine(options);
  }

 private:
  static Result<std::string> FirstModel(const EngineOptions& options) {
    TRY_ASSIGN(std::unique_ptr<Engine> engine, MakeEngine(options));
    std::string model = engine->Facts({}).model;
    if (model.empty()) {
      return Error(Code::kInvalid,
                   fmt::format("{} does not say which models it has; name one "
                               "with --model",
                               options.url));
    }
    return model;
  }

  const ConversationsOptions options_;
  std::optional<ModelProfiles> profiles_;
};

class AgentConversations : public Conversations {
 public:
  explicit AgentConversations(ConversationsOptions options)
      : options_(std::move(options)),
        store_(options_.state_folder + "/sessions", *options_.clock,
               *options_.random) {}

  Result<std::unique_ptr<Conversation>> Open(
      const ConversationRequest& request) override;
  Result<std::vector<SessionSummary>> List(
      const std::string& workspace) const override {
    return store_.List(workspace);
  }
  Status Delete(const std::string& id) override;

 private:
  SessionHooksOptions HooksOf(const ConversationParts& parts) const;
  std::string OutputsFolder(const std::string& id) const {
    return options_.state_folder + "/outputs/" + id;
  }
  Result<SessionStore::Opened> OpenSession(const ConversationRequest& request);
  Status AddTools(const std::shared_ptr<SessionHooks>& hooks,
                  ConversationParts* parts) const;

  ConversationsOptions options_;
  SessionStore store_;
};

Result<std::string> Canonical(const std::string& folder) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::canonical(folder, error);
  if (error) return Error::FromErrno(error.value(), "folder " + folder);
  if (!std::filesystem::is_directory(path, error)) {
    return Error(Code::kInvalid, fmt::format("{} is no folder", folder));
  }
  return path.string();
}

Result<SessionStore::Opened> AgentConversations::OpenSession(
    const ConversationRequest& request) {
  if (!request.session_id.empty()) {
    return request.fork ? store_.Fork(request.session_id)
                        : store_.Open(request.session_id);
  }
  SessionBegin begin;
  TRY_ASSIGN(begin.workspace, Canonical(request.workspace));
  begin.mode = request.mode.value_or(options_.mode);
  begin.version = options_.version;
  return store_.Create(std::move(begin));
}

Status AgentConversations::Delete(const std::string& id) {
  TRY_ASSIGN(const bool was_there, store_.Delete(id));
  if (!was_there) return {};
  std::error_code error;
  std::filesystem::remove_all(OutputsFolder(id), error);
  if (error) return Error::FromErrno(error.value(), "delete its output");
  return {};
}

Status AgentConversations::AddTools(const std::shared_ptr<SessionHooks>& hooks,
                                    ConversationParts* parts) const {
  ToolGroundOptions options;
  options.workspace = parts->workspace;
  options.outputs_folder = OutputsFolder(parts->session->id());
  options.mode = parts->mode_in_use;
  options.sandbox = options_.sandbox;
  options.variables = [hooks] { return hooks->CommandVariables(); };
  TRY_ASSIGN(std::shared_ptr<ToolGround> ground,
             ToolGround::Make(std::move(options)));
  parts->tools = ground->MakeToolsOnIt();
  parts->sandbox_notes = [walls = ground.get()] {
    return walls->SandboxNotes();
  };
  parts->ground = std::move(ground);
  return {};
}

SessionHooksOptions AgentConversations::HooksOf(
    const ConversationParts& parts) const {
  SessionHooksOptions hooks;
  hooks.state_folder = options_.state_folder;
  hooks.config_folder = options_.config_folder;
  hooks.claude_folder = options_.claude_folder;
  hooks.workspace = parts.workspace;
  hooks.session = parts.session->id();
  hooks.version = options_.version;
  hooks.provider = options_.provider;
  hooks.hand_over = options_.hand_over;
  hooks.clock = options_.clock;
  if (options_.policy) {
    hooks.model = parts.model.name;
    hooks.policy = [policy = options_.policy, workspace = parts.workspace,
                    session = hooks.session](const std::string& model) {
      return policy(workspace, model, session);
    };
  }
  return hooks;
}

Result<std::unique_ptr<Conversation>> AgentConversations::Open(
    const ConversationRequest& request) {
  TRY_ASSIGN(SessionStore::Opened opened, OpenSession(request));
  ConversationParts parts;
  parts.workspace = opened.file->workspace();
  parts.state = std::move(opened.state);
  parts.session = std::move(opened.file);
  bool is_new = request.session_id.empty();
  parts.mode = request.mode.value_or(is_new ? options_.mode : parts.state.mode);
  parts.attendance = options_.attendance;
  parts.allow = options_.allow;
  parts.clock = options_.clock;
  parts.random = options_.random;
  parts.wait = WaitFor;

  auto maker = std::make_shared<EngineMaker>(options_);
  parts.engine_for = [maker](const std::string& model,
                             ModelSettings* settings) {
    return maker->Make(model, settings);
  };
  std::string model = !request.model.empty() ? request.model
                      : !is_new && !parts.state.model.empty()
                          ? parts.state.model
                          : options_.engine.model;
  TRY_ASSIGN(parts.engine, maker->Make(model, &parts.model));
  if (parts.model.name != parts.state.model) {
    TRY(parts.session->AppendModel(parts.model.name, parts.model.profile));
  }

  auto hooks = std::make_shared<SessionHooks>(HooksOf(parts));
  hooks->Remember(parts.state.messages);
  parts.hooks = hooks->Hooks();
  parts.hooks_owner = hooks;
  TRY(AddTools(hooks, &parts));
  PromptFacts facts;
  facts.workspace = parts.workspace;
  facts.instructions = hooks->instructions();
  parts.system = SystemPrompt(facts);
  return std::unique_ptr<Conversation>(
      std::make_unique<AgentConversation>(std::move(parts)));
}

}  // namespace

std::unique_ptr<Conversations> MakeConversations(ConversationsOptions options) {
  return std::make_unique<AgentConversations>(std::move(options));
}

Result<std::string> CodeStateFolder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') {
    return std::string(state) + "/cofferdam/code";
  }
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') {
    return std::string(home) + "/.local/state/cofferdam/code";
  }
  return Error(Code::kInvalid,
               "neither XDG_STATE_HOME nor HOME says where sessions are kept");
}

}  // namespace cofferdam::agent
