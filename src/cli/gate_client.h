#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam::cli {

// Where an engineer's gate is and the key that opens it, as `login` stored it.
struct Login {
  std::string url;
  std::string key;
  // Certificates (PEM) that the gate's own is checked against instead of the
  // system's; empty: the system's.
  std::string ca_file;
};

// $XDG_CONFIG_HOME/cofferdam/login.json, else ~/.config/…; kInvalid when
// neither is known.
Result<std::string> LoginPath();
// kNotFound with what to do when nobody has logged in; kDenied when the file
// may be read by others.
Result<Login> ReadLogin();
// Replaces the file, mode 0600.
Status WriteLogin(const Login& login);

struct SessionToken {
  std::string secret;
  std::string prefix;
  std::string expires_at;
  std::string person;
  std::string repo;
  std::string purpose;
  std::string tool;
};

struct TokenRequest {
  std::string repo;
  std::string purpose;
  std::string tool;
  std::string commit;
};

struct Approval {
  std::string id;
  std::string state;  // "open", "granted", "denied", "expired"
  std::string reason;
};

// What the gate would decide of a request.
struct Decision {
  std::string effect;  // "allow", "reroute", "approve", "pause", "deny"
  std::string why;
  std::string next;
  std::optional<Approval> approval;
  // What the law says of files, JSON: "forbidden_paths" of the gate's decision;
  // empty: nothing.
  std::string forbidden_paths;
  // What commits are to carry, not filled in; empty: nothing.
  std::string commit_trailer;
  // Of a "reroute": the model that answers instead.
  std::string rerouted_to;
};

// Calls of the gate's /cofferdam/v1/. Errors carry the gate's own words.
// The JSON of whoami.
Result<std::string> WhoAmI(const Login& login);
Result<SessionToken> MintToken(const Login& login, const TokenRequest& request);
// A call of single sign-on (docs/formats/sso.md), for which no key is shown:
// "sso", "sso/key", …
Result<std::string> CallSso(const Login& gate, const std::string& method,
                            const std::string& name, const std::string& body);
// `session.key` is the session key's secret.
Status RenewToken(const Login& session);
Status RevokeToken(const Login& session);
// Answers of models that agents' histories tell of
// (docs/formats/histories.md); the answer's JSON.
Result<std::string> SendHistories(const Login& login, const std::string& body);
// Asks for the approval, too, where one is needed. `model` may be empty.
Result<Decision> AskDecision(const Login& session, std::string_view model);
// The same without asking for the approval.
Result<Decision> LookUpDecision(const Login& session, std::string_view model);
Result<Approval> ShowApproval(const Login& session, std::string_view id);

}  // namespace cofferdam::cli
