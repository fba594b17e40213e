#include "cli/gate_client.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <utility>

#include "base/error_json.h"
#include "base/file.h"
#include "base/json.h"
#include "http/client.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kLoginBytesMax = 16 << 10;
constexpr int64_t kCallTimeoutMs = 30'000;
// The gate asks the provider meanwhile.
constexpr int64_t kSsoTimeoutMs = 150'000;
// The gate waits for its disk for as long.
constexpr int64_t kHistoryTimeoutMs = 130'000;

Result<std::string> Call(const Login& login, const std::string& method,
                         const std::string& name, const std::string& body,
                         int64_t timeout_ms = kCallTimeoutMs) {
  http::RequestHead head;
  head.method = method;
  head.target = "/cofferdam/v1/" + name;
  if (!login.key.empty()) {
    head.headers.Add("authorization", "Bearer " + login.key);
  }
  head.headers.Add("content-type", "application/json");
  http::FetchOptions options;
  options.timeout_ms = timeout_ms;
  options.ca_file = login.ca_file;
  auto response = http::Fetch(login.url, head, body, options);
  if (!response.ok()) {
    return std::move(response).error().Within("gate " + login.url);
  }
  if (response->head.status != 200) {
    Error error = ErrorFromJson(response->body);
    if (error.code() == Code::kInternal) {
      return Error(Code::kUnavailable,
                   fmt::format("{} answers with status {}, but not as a "
                               "Cofferdam gate",
                               login.url, response->head.status));
    }
    return std::move(error).Within("gate " + login.url);
  }
  return std::move(response->body);
}

Approval ReadApproval(const JsonValue& json) {
  Approval approval;
  approval.id = json["id"].StringOrEmpty();
  approval.state = json["state"].StringOrEmpty();
  approval.reason = json["reason"].StringOrEmpty();
  return approval;
}

}  // namespace

Result<std::string> LoginPath() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') {
    return std::string(config) + "/cofferdam/login.json";
  }
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') {
    return std::string(home) + "/.config/cofferdam/login.json";
  }
  return Error(Code::kInvalid,
               "neither XDG_CONFIG_HOME nor HOME says where logins are kept");
}

Result<Login> ReadLogin() {
  TRY_ASSIGN(std::string path, LoginPath());
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return Error(
        Code::kNotFound,
        fmt::format("no login at {}; run `cofferdam login URL` first", path));
  }
  if ((info.st_mode & 077) != 0) {
    return Error(Code::kDenied,
                 fmt::format("{} may be read by others (mode {:o}); run "
                             "`chmod 600` on it, or log in again with a new "
                             "key",
                             path, info.st_mode & 0777));
  }
  TRY_ASSIGN(std::string text, ReadFile(path, kLoginBytesMax));
  auto document = JsonDocument::Parse(text);
  if (!document.ok()) return std::move(document).error().Within(path);
  Login login;
  login.url = (*document)["url"].StringOrEmpty();
  login.key = (*document)["key"].StringOrEmpty();
  login.ca_file = (*document)["ca_file"].StringOrEmpty();
  if (login.url.empty() || login.key.empty()) {
    return Error(Code::kCorrupt,
                 fmt::format("{}: url or key is missing; log in again", path));
  }
  return login;
}

Status WriteLogin(const Login& login) {
  TRY_ASSIGN(std::string path, LoginPath());
  TRY(MakeFolder(path.substr(0, path.rfind('/')), 0700));
  JsonWriter json;
  json.BeginObject()
      .Field("url", login.url)
      .Field("key", login.key)
      .FieldIfSet("ca_file", login.ca_file)
      .EndObject();
  return WriteFileAtomically(path, json.text() + "\n", 0600);
}

Result<std::string> WhoAmI(const Login& login) {
  return Call(login, "GET", "whoami", "");
}

Result<SessionToken> MintToken(const Login& login,
                               const TokenRequest& request) {
  JsonWriter body;
  body.BeginObject()
      .Field("repo", request.repo)
      .Field("purpose", request.purpose)
      .Field("tool", request.tool)
      .Field("commit", request.commit)
      .EndObject();
  TRY_ASSIGN(std::string answer, Call(login, "POST", "token", body.text()));
  TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(answer));
  SessionToken token;
  token.secret = json["secret"].StringOrEmpty();
  token.prefix = json["prefix"].StringOrEmpty();
  token.expires_at = json["expires_at"].StringOrEmpty();
  token.person = json["person"].StringOrEmpty();
  token.repo = json["repo"].StringOrEmpty();
  token.purpose = json["purpose"].StringOrEmpty();
  token.tool = json["tool"].StringOrEmpty();
  if (token.secret.empty()) {
    return Error(Code::kInternal, "the gate's answer holds no session key");
  }
  return token;
}

Result<std::string> CallSso(const Login& gate, const std::string& method,
                            const std::string& name, const std::string& body) {
  Login nobody = gate;
  nobody.key.clear();
  return Call(nobody, method, name, body, kSsoTimeoutMs);
}

Result<std::string> SendHistories(const Login& login, const std::string& body) {
  return Call(login, "POST", "history", body, kHistoryTimeoutMs);
}

Status RenewToken(const Login& session) {
  auto answer = Call(session, "POST", "token/renew", "{}");
  if (!answer.ok()) return std::move(answer).error();
  return {};
}

Status RevokeToken(const Login& session) {
  auto answer = Call(session, "POST", "token/revoke", "{}");
  if (!answer.ok()) return std::move(answer).error();
  return {};
}

namespace {

Result<Decision> CallDecision(const Login& session, std::string_view model,
                              bool ask) {
  JsonWriter body;
  body.BeginObject().FieldIfSet("model", model).Field("ask", ask).EndObject();
  TRY_ASSIGN(std::string answer,
             Call(session, "POST", "decision", body.text()));
  TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(answer));
  Decision decision;
  decision.effect = json["effect"].StringOrEmpty();
  decision.why = json["why"].StringOrEmpty();
  decision.next = json["next"].StringOrEmpty();
  if (json["forbidden_paths"].present()) {
    JsonWriter list;
    list.Value(json["forbidden_paths"]);
    decision.forbidden_paths = std::move(list).Take();
  }
  decision.commit_trailer = json["commit_trailer"].StringOrEmpty();
  decision.rerouted_to = json["rerouted_to"].StringOrEmpty();
  if (json["approval"].is_object()) {
    decision.approval = ReadApproval(json["approval"]);
  }
  return decision;
}

}  // namespace

Result<Decision> AskDecision(const Login& session, std::string_view model) {
  return CallDecision(session, model, true);
}

Result<Decision> LookUpDecision(const Login& session, std::string_view model) {
  return CallDecision(session, model, false);
}

Result<Approval> ShowApproval(const Login& session, std::string_view id) {
  TRY_ASSIGN(std::string answer,
             Call(session, "GET", "approval/" + std::string(id), ""));
  TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(answer));
  return ReadApproval(json.root());
}

}  // namespace cofferdam::cli
