#include "gate/identity.h"

#include <set>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "policy/names.h"

namespace cofferdam::gate {
namespace {

struct KnownTool {
  std::string_view product;  // first product of the User-Agent
  std::string_view name;
};

constexpr KnownTool kTools[] = {
    {"claude-cli", "claude-code"}, {"codex_cli_rs", "codex"},
    {"codex_exec", "codex"},       {"codex-tui", "codex"},
    {"codex_vscode", "codex"},     {"opencode", "opencode"},
    {"GeminiCLI", "gemini-cli"},   {"cofferdam", "cofferdam"},
};

struct Product {
  std::string_view name;
  std::string_view version;
};

// "claude-cli/2.1.329 (external, cli)" -> claude-cli, 2.1.329 (RFC 9110,
// 10.1.5).
Product FirstProduct(std::string_view user_agent) {
  user_agent = user_agent.substr(0, user_agent.find_first_of(" ("));
  size_t slash = user_agent.find('/');
  if (slash == std::string_view::npos) return {user_agent, {}};
  std::string_view version = user_agent.substr(slash + 1);
  return {user_agent.substr(0, slash), version.substr(0, version.find('/'))};
}

std::string_view ToolName(std::string_view product) {
  for (const KnownTool& tool : kTools) {
    if (product == tool.product) return tool.name;
  }
  // "GeminiCLI-tui", "GeminiCLI-vscode": a suffix names the client.
  if (product.starts_with("GeminiCLI-")) return "gemini-cli";
  return product;
}

std::string_view FirstOf(const http::Headers& headers,
                         std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    std::string_view value = headers.GetOrEmpty(name);
    // An identifier, not a text: anything longer is somebody's mistake.
    if (!value.empty() && value.size() <= 256) return value;
  }
  return {};
}

// Codex names the remote and commit of its work tree (x-codex-turn-metadata).
void ReadCodexWorkspace(const http::Headers& headers, Identity* identity) {
  std::string_view text = headers.GetOrEmpty("x-codex-turn-metadata");
  if (text.empty()) return;
  auto metadata = JsonDocument::Parse(text);
  if (!metadata.ok()) return;
  for (const auto& [path, workspace] : (*metadata)["workspaces"].Members()) {
    std::string_view remote =
        workspace["associated_remote_urls"]["origin"].StringOrEmpty();
    auto repo = policy::NormaliseRepo(remote);
    if (!repo.ok() || repo->empty()) continue;
    identity->repo = *std::move(repo);
    std::string_view commit =
        workspace["latest_git_commit_hash"].StringOrEmpty();
    if (policy::CheckCommit(commit).ok()) identity->commit = commit;
    return;
  }
}

// What an engineer key's bearer says of the repository, purpose and tool.
void ReadClaims(const http::Headers& headers, Identity* identity) {
  auto repo = policy::NormaliseRepo(headers.GetOrEmpty("x-cofferdam-repo"));
  if (repo.ok()) identity->repo = *std::move(repo);
  if (identity->repo.empty()) ReadCodexWorkspace(headers, identity);
  std::string_view purpose = headers.GetOrEmpty("x-cofferdam-purpose");
  if (!purpose.empty() && policy::CheckPurpose(purpose).ok()) {
    identity->purpose = purpose;
  }
  std::string_view tool = headers.GetOrEmpty("x-cofferdam-tool");
  if (!tool.empty() && policy::CheckTool(tool).ok()) identity->tool = tool;
}

std::string_view QueryParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view()
                                          : query.substr(end + 1);
    if (pair.size() > name.size() && pair.starts_with(name) &&
        pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

Identity ReadIdentity(policy::Principal principal,
                      const http::Headers& headers) {
  Identity identity;
  Product product = FirstProduct(headers.GetOrEmpty("user-agent"));
  identity.tool_version = product.version;
  identity.session = FirstOf(headers, {"x-claude-code-session-id", "session-id",
                                       "session_id", "x-session-id"});
  identity.parent =
      FirstOf(headers, {"x-claude-code-parent-agent-id",
                        "x-codex-parent-thread-id", "x-parent-session-id"});
  if (principal.kind == policy::KeyKind::kSession) {
    identity.repo = principal.repo;
    identity.commit = principal.commit;
    identity.purpose = principal.purpose;
    identity.tool = principal.tool;
    identity.grade = principal.grade;
    // A bound tool that is not the one that speaks says nothing of versions.
    if (ToolName(product.name) != identity.tool) identity.tool_version.clear();
  } else {
    ReadClaims(headers, &identity);
    bool claims = !identity.repo.empty() || !identity.purpose.empty() ||
                  !identity.tool.empty() || !product.name.empty();
    identity.grade = claims ? policy::Grade::kAgent : policy::Grade::kNone;
  }
  if (identity.tool.empty()) identity.tool = ToolName(product.name);
  identity.principal = std::move(principal);
  return identity;
}

std::string ToolOf(const http::Headers& headers) {
  Product product = FirstProduct(headers.GetOrEmpty("user-agent"));
  return std::string(ToolName(product.name));
}

std::vector<std::string> KnownTools() {
  std::set<std::string> names;
  for (const KnownTool& tool : kTools) names.emplace(tool.name);
  return {names.begin(), names.end()};
}

Result<std::string> ReadCredential(const http::RequestHead& request) {
  std::vector<std::string_view> found;
  std::string_view authorization = request.headers.GetOrEmpty("authorization");
  constexpr std::string_view kBearer = "bearer ";
  if (authorization.size() > kBearer.size() &&
      http::EqualsIgnoringCase(authorization.substr(0, kBearer.size()),
                               kBearer)) {
    found.push_back(authorization.substr(kBearer.size()));
  }
  for (std::string_view name : {"x-api-key", "api-key", "x-goog-api-key"}) {
    std::string_view value = request.headers.GetOrEmpty(name);
    if (!value.empty()) found.push_back(value);
  }
  std::string_view in_query = QueryParameter(request.query(), "key");
  if (!in_query.empty()) found.push_back(in_query);

  if (found.empty()) {
    return Error(Code::kUnauthenticated,
                 "no key was sent. Get one with `cofferdam key create`, store "
                 "it with `cofferdam login`, and start the agent with "
                 "`cofferdam run`");
  }
  for (std::string_view other : found) {
    if (other != found.front()) {
      return Error(Code::kInvalid,
                   "the request carries several credentials that differ; send "
                   "the gate's key alone");
    }
  }
  return std::string(found.front());
}

}  // namespace cofferdam::gate
