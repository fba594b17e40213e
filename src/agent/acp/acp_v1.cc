// Version 1 of the Agent Client Protocol.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/acp/acp_session.h"
#include "agent/acp/acp_version.h"
#include "agent/acp/prompt_text.h"

namespace cofferdam::agent {
namespace {

constexpr int kVersion = 1;

Error Wrong(std::string_view what) {
  return {Code::kInvalid, std::string(what)};
}

Result<std::string> StringParam(const JsonValue& params, const char* name) {
  const auto value = params[name].String();
  if (!value) return Wrong(fmt::format("\"{}\" is not a string", name));
  return std::string(*value);
}

Result<std::string> FolderParam(const JsonValue& params) {
  TRY_ASSIGN(auto folder, StringParam(params, "cwd"));
  if (!folder.starts_with('/')) return Wrong("\"cwd\" is not an absolute path");
  return folder;
}

AcpClient ReadClient(const JsonValue& params) {
  const JsonValue capabilities = params["clientCapabilities"];
  const JsonValue session = capabilities["session"];
  AcpClient client;
  client.notices = session["notices"].is_object();
  client.compaction = session["compaction"].is_object();
  client.terminals =
      capabilities["_meta"]["terminal_output"].Bool().value_or(false);
  return client;
}

// What a client asks for and does not get, in words for its user.
std::vector<std::string> NotOffered(const JsonValue& params) {
  std::vector<std::string> lines;
  if (const size_t servers = params["mcpServers"].Elements().size()) {
    lines.push_back(fmt::format(
        "MCP is not supported yet: {} of the editor's server{} left out.",
        servers, servers == 1 ? " is" : "s are"));
  }
  if (!params["additionalDirectories"].Elements().empty())
    lines.emplace_back(
        "Only one folder is worked in: further ones are left "
        "out.");
  return lines;
}

class AcpV1 : public AcpVersion {
 public:
  AcpV1(const JsonValue& params, AcpConnection& connection)
      : connection_(connection), client_(ReadClient(params)) {}

  std::string InitializeResult() const override;
  void OnRequest(const RpcRequest& request) override;
  void OnNotification(const RpcNotification& notification) override;
  void Stop() override;

 private:
  using Handler = Status (AcpV1::*)(const RpcRequest&);
  struct Method {
    std::string_view name;
    Handler handler;
  };
  static const std::array<Method, 12> kMethods;

  // Each answers the request, or returns what is wrong with it.
  Status Authenticate(const RpcRequest& request);
  Status New(const RpcRequest& request);
  Status Load(const RpcRequest& request);
  Status Resume(const RpcRequest& request);
  Status List(const RpcRequest& request);
  Status Fork(const RpcRequest& request);
  Status Close(const RpcRequest& request);
  Status Delete(const RpcRequest& request);
  Status Prompt(const RpcRequest& request);
  Status SetMode(const RpcRequest& request);
  Status SetOption(const RpcRequest& request);
  Status Initialize(const RpcRequest& request);

  Status Reopen(const RpcRequest& request, AcpSession::Birth birth);
  Status Begin(AcpSession::Opening opening);
  Result<std::shared_ptr<AcpSession>> SessionOf(const JsonValue& params);
  std::vector<std::shared_ptr<AcpSession>> Sessions();
  bool OnOpen(AcpSession& session);
  void OnEnd(AcpSession& session);
  // Lets go of sessions that have ended.
  void Reap();
  void Answer(const RpcRequest& request, std::string_view result) {
    connection_.outbox.Answer(RpcResultLine(request.id, result));
  }

  AcpConnection& connection_;
  const AcpClient client_;

  std::mutex mutex_;
  // Every session whose thread runs, and those that are open, by id.
  std::vector<std::shared_ptr<AcpSession>> running_;
  std::map<std::string, std::shared_ptr<AcpSession>, std::less<>> open_;
  std::vector<std::shared_ptr<AcpSession>> ended_;
  std::condition_variable none_runs_;
};

const std::array<AcpV1::Method, 12> AcpV1::kMethods = {{
    {"initialize", &AcpV1::Initialize},
    {"authenticate", &AcpV1::Authenticate},
    {"session/new", &AcpV1::New},
    {"session/load", &AcpV1::Load},
    {"session/resume", &AcpV1::Resume},
    {"session/list", &AcpV1::List},
    {"session/fork", &AcpV1::Fork},
    {"session/close", &AcpV1::Close},
    {"session/delete", &AcpV1::Delete},
    {"session/prompt", &AcpV1::Prompt},
    {"session/set_mode", &AcpV1::SetMode},
    {"session/set_config_option", &AcpV1::SetOption},
}};

std::string AcpV1::InitializeResult() const {
  JsonWriter json;
  json.BeginObject().Field("protocolVersion", kVersion);
  json.Key("agentCapabilities").BeginObject();
  json.Field("loadSession", true);
  json.Key("promptCapabilities").BeginObject();
  json.Field("image", false).Field("audio", false);
  json.Field("embeddedContext", true).EndObject();
  json.Key("mcpCapabilities").BeginObject();
  json.Field("http", false).Field("sse", false).EndObject();
  json.Key("sessionCapabilities").BeginObject();
  for (const char* name : {"list", "resume", "fork", "close", "delete"})
    json.Key(name).BeginObject().EndObject();
  json.EndObject().EndObject();
  json.Key("agentInfo").BeginObject().Field("name", "cofferdam");
  json.Field("title", "Cofferdam");
  json.Field("version", connection_.options.version).EndObject();
  json.Key("authMethods").BeginArray().EndArray().EndObject();
  return std::move(json).Take();
}

void AcpV1::OnRequest(const RpcRequest& request) {
  Reap();
  const auto* const method = std::find_if(
      kMethods.begin(), kMethods.end(),
      [&](const Method& known) { return known.name == request.method; });
  if (method == kMethods.end()) {
    connection_.outbox.Answer(
        RpcErrorLine(request.id, {RpcError::Code::kMethodNotFound,
                                  fmt::format("there is no method \"{}\"",
                                              request.method.substr(0, 100))}));
    return;
  }
  if (const Status done = (this->*method->handler)(request); !done.ok()) {
    connection_.outbox.Answer(
        RpcErrorLine(request.id, RpcErrorOf(done.error())));
  }
}

void AcpV1::OnNotification(const RpcNotification& notification) {
  Reap();
  const JsonValue params = notification.params;
  if (notification.method == "session/cancel") {
    if (const auto session = SessionOf(params); session.ok())
      (*session)->Cancel(ClientCalls::Tell::kNobody);
  } else if (notification.method == "$/cancel_request" &&
             params["requestId"].present()) {
    const std::string id =
        std::move(JsonWriter().Value(params["requestId"])).Take();
    for (const auto& session : Sessions())
      if (session->CancelPrompt(id)) return;
  }
}

Status AcpV1::Initialize(const RpcRequest&) {
  return Wrong("the connection has been initialized already");
}

Status AcpV1::Authenticate(const RpcRequest& request) {
  TRY_ASSIGN(const auto method, StringParam(request.params, "methodId"));
  return Wrong(
      fmt::format("there is no way to authenticate called \"{}\": "
                  "none is needed",
                  method.substr(0, 100)));
}

Status AcpV1::New(const RpcRequest& request) {
  AcpSession::Opening opening;
  opening.rpc_id = request.id;
  TRY_ASSIGN(opening.request.workspace, FolderParam(request.params));
  if (!request.params["mcpServers"].is_array())
    return Wrong("\"mcpServers\" is not a list");
  opening.request.mode = connection_.options.mode;
  opening.request.model = connection_.options.model;
  opening.notices = NotOffered(request.params);
  return Begin(std::move(opening));
}

Status AcpV1::Load(const RpcRequest& request) {
  if (!request.params["mcpServers"].is_array())
    return Wrong("\"mcpServers\" is not a list");
  return Reopen(request, AcpSession::Birth::kLoaded);
}

Status AcpV1::Resume(const RpcRequest& request) {
  return Reopen(request, AcpSession::Birth::kResumed);
}

Status AcpV1::Fork(const RpcRequest& request) {
  return Reopen(request, AcpSession::Birth::kForked);
}

Status AcpV1::Reopen(const RpcRequest& request, AcpSession::Birth birth) {
  AcpSession::Opening opening;
  opening.birth = birth;
  opening.rpc_id = request.id;
  TRY_ASSIGN(opening.request.workspace, FolderParam(request.params));
  TRY_ASSIGN(opening.request.session_id,
             StringParam(request.params, "sessionId"));
  // An empty id would ask for a new session.
  if (opening.request.session_id.empty())
    return Error(Code::kNotFound, "there is no session \"\"");
  opening.notices = NotOffered(request.params);
  opening.request.fork = birth == AcpSession::Birth::kForked;
  // A copy is made of what is on disk, whoever has it open.
  if (opening.request.fork) return Begin(std::move(opening));
  if (const auto open = SessionOf(request.params); open.ok()) {
    if (birth == AcpSession::Birth::kLoaded) (*open)->Load(request.id);
    if (birth == AcpSession::Birth::kResumed) (*open)->Resume(request.id);
    return {};
  }
  return Begin(std::move(opening));
}

Status AcpV1::Begin(AcpSession::Opening opening) {
  const std::lock_guard lock(mutex_);
  const size_t sessions_max = connection_.options.limits.sessions_max;
  if (running_.size() >= sessions_max) {
    return Error(
        Code::kExhausted,
        fmt::format("{} sessions are open already; close one", sessions_max));
  }
  // Its thread tells of itself only once it is listed: both take the lock.
  running_.push_back(std::make_shared<AcpSession>(
      connection_, client_, std::move(opening),
      AcpSession::Events{
          [this](AcpSession& session) { return OnOpen(session); },
          [this](AcpSession& session) { OnEnd(session); }}));
  return {};
}

Status AcpV1::List(const RpcRequest& request) {
  std::string folder;
  if (request.params["cwd"].is_string()) {
    TRY_ASSIGN(folder, FolderParam(request.params));
  }
  const auto listed = [&] {
    const std::lock_guard lock(connection_.conversations_mutex);
    return connection_.conversations.List(folder);
  }();
  if (!listed.ok()) return listed.error();
  auto from = listed->begin();
  if (const auto cursor = request.params["cursor"].String()) {
    // The last one that the client has seen.
    from = std::find_if(listed->begin(), listed->end(),
                        [&](const auto& one) { return one.id == *cursor; });
    if (from == listed->end()) return Wrong("\"cursor\" is not one of ours");
    ++from;
  }
  const auto left = static_cast<size_t>(listed->end() - from);
  const size_t count = std::min(left, connection_.options.limits.listed_max);
  JsonWriter json;
  json.BeginObject().Key("sessions").BeginArray();
  for (size_t i = 0; i < count; ++i) {
    const SessionSummary& one = from[static_cast<std::ptrdiff_t>(i)];
    json.BeginObject().Field("sessionId", one.id).Field("cwd", one.workspace);
    json.FieldIfSet("title", one.title);
    json.Field("updatedAt", FormatTime(one.changed_micros)).EndObject();
  }
  json.EndArray();
  if (count < left)
    json.Field("nextCursor", from[static_cast<std::ptrdiff_t>(count) - 1].id);
  json.EndObject();
  Answer(request, json.text());
  return {};
}

Status AcpV1::Close(const RpcRequest& request) {
  TRY_ASSIGN(const auto session, SessionOf(request.params));
  {
    const std::lock_guard lock(mutex_);
    open_.erase(session->id());
  }
  session->Close(request.id);
  return {};
}

Status AcpV1::Delete(const RpcRequest& request) {
  TRY_ASSIGN(const auto id, StringParam(request.params, "sessionId"));
  if (const auto session = SessionOf(request.params); session.ok()) {
    {
      const std::lock_guard lock(mutex_);
      open_.erase(id);
    }
    (*session)->Delete(request.id);
    return {};
  }
  {
    const std::lock_guard lock(connection_.conversations_mutex);
    TRY(connection_.conversations.Delete(id));
  }
  Answer(request, "{}");
  return {};
}

Status AcpV1::Prompt(const RpcRequest& request) {
  TRY_ASSIGN(const auto session, SessionOf(request.params));
  TRY_ASSIGN(auto text,
             PromptText(request.params["prompt"], session->workspace()));
  session->Prompt(request.id, std::move(text));
  return {};
}

Status AcpV1::SetMode(const RpcRequest& request) {
  TRY_ASSIGN(const auto session, SessionOf(request.params));
  TRY_ASSIGN(const auto name, StringParam(request.params, "modeId"));
  const auto mode = ParseMode(name);
  if (!mode) return Wrong("\"modeId\" is plan, ask, edit or auto");
  session->SetMode(*mode);
  Answer(request, "{}");
  session->TellMode();
  return {};
}

Status AcpV1::SetOption(const RpcRequest& request) {
  TRY_ASSIGN(const auto session, SessionOf(request.params));
  TRY_ASSIGN(const auto option, StringParam(request.params, "configId"));
  TRY_ASSIGN(auto value, StringParam(request.params, "value"));
  if (option == "model") {
    if (!session->OffersModel(value))
      return Wrong("\"value\" is not one of the models on offer");
    session->SetModel(request.id, std::move(value));
    return {};
  }
  if (option != "mode") return Wrong("\"configId\" is mode or model");
  const auto mode = ParseMode(value);
  if (!mode) return Wrong("\"value\" is plan, ask, edit or auto");
  session->SetMode(*mode);
  JsonWriter json;
  json.BeginObject();
  WriteConfigOptions(session->choices(), &json);
  json.EndObject();
  Answer(request, json.text());
  session->TellMode();
  return {};
}

Result<std::shared_ptr<AcpSession>> AcpV1::SessionOf(const JsonValue& params) {
  TRY_ASSIGN(const auto id, StringParam(params, "sessionId"));
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(id);
  if (found == open_.end()) {
    return Error(Code::kNotFound, fmt::format("there is no open session \"{}\"",
                                              id.substr(0, 100)));
  }
  return found->second;
}

std::vector<std::shared_ptr<AcpSession>> AcpV1::Sessions() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<AcpSession>> sessions;
  for (const auto& [id, session] : open_) sessions.push_back(session);
  return sessions;
}

bool AcpV1::OnOpen(AcpSession& session) {
  const std::lock_guard lock(mutex_);
  for (const auto& one : running_)
    if (one.get() == &session) return open_.emplace(session.id(), one).second;
  return false;
}

void AcpV1::OnEnd(AcpSession& session) {
  const std::lock_guard lock(mutex_);
  std::erase_if(open_,
                [&](const auto& one) { return one.second.get() == &session; });
  const auto found =
      std::find_if(running_.begin(), running_.end(),
                   [&](const auto& one) { return one.get() == &session; });
  ended_.push_back(std::move(*found));
  running_.erase(found);
  none_runs_.notify_all();
}

void AcpV1::Reap() {
  std::vector<std::shared_ptr<AcpSession>> ended;
  const std::lock_guard lock(mutex_);
  ended.swap(ended_);
}

void AcpV1::Stop() {
  std::unique_lock lock(mutex_);
  for (const auto& session : running_) session->End();
  none_runs_.wait(lock, [&] { return running_.empty(); });
  lock.unlock();
  Reap();
}

}  // namespace

std::unique_ptr<AcpVersion> MakeAcpVersion(int64_t, const JsonValue& params,
                                           AcpConnection& connection) {
  // There is one so far; whoever asks for another is offered it.
  return std::make_unique<AcpV1>(params, connection);
}

}  // namespace cofferdam::agent
