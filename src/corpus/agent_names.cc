#include <algorithm>

#include "corpus/agent_marks.h"
#include "corpus/agent_names_internal.h"

namespace cofferdam::corpus {
namespace {

struct Known {
  std::string_view text;  // in lower case
  std::string_view tool;
};

// Addresses that agents commit under, or name as a co-author's.
constexpr Known kAddresses[] = {
    {"noreply@anthropic.com", "claude-code"},
    {"noreply@openai.com", "codex"},
    {"codex@openai.com", "codex"},
    {"aider@aider.chat", "aider"},
    {"noreply@aider.chat", "aider"},
    {"copilot@github.com", "copilot"},
    {"cursoragent@cursor.com", "cursor"},
    {"noreply@opencode.ai", "opencode"},
    {"amp@ampcode.com", "amp"},
    {"crush@charm.land", "crush"},
    {"openhands@all-hands.dev", "openhands"},
    {"noreply@cline.bot", "cline"},
};

// Logins of accounts on GitHub. A short word may be a person's login too, so
// those count with "[bot]" alone.
enum class Login { kAlways, kBotOnly };
struct KnownLogin {
  std::string_view login;
  std::string_view tool;
  Login counts;
};
constexpr KnownLogin kLogins[] = {
    {"claude", "claude-code", Login::kBotOnly},
    {"anthropic-claude", "claude-code", Login::kBotOnly},
    {"claude-code-action", "claude-code", Login::kBotOnly},
    {"copilot", "copilot", Login::kAlways},
    {"copilot-swe-agent", "copilot", Login::kAlways},
    {"cursor", "cursor", Login::kBotOnly},
    {"openai-codex", "codex", Login::kBotOnly},
    {"chatgpt-codex-connector", "codex", Login::kAlways},
    {"gemini-code-assist", "gemini-cli", Login::kAlways},
    {"gemini-cli", "gemini-cli", Login::kAlways},
    {"google-labs-jules", "jules", Login::kAlways},
    {"amazon-q-developer", "amazon-q", Login::kAlways},
    {"devin-ai-integration", "devin", Login::kAlways},
    {"cline", "cline", Login::kBotOnly},
    {"continue", "continue", Login::kBotOnly},
    {"sourcegraph-cody", "cody", Login::kAlways},
    {"jetbrains-ai", "jetbrains-ai", Login::kAlways},
    {"coderabbitai", "coderabbit", Login::kAlways},
    {"replit-agent", "replit", Login::kAlways},
    {"opencode-agent", "opencode", Login::kAlways},
    {"factory-droid", "factory", Login::kAlways},
};

// How agents are called. A name goes on after one of these only with what can
// follow a name: "claude-sonnet-4", "Claude Code", but not "Claudette".
constexpr Known kNames[] = {
    {"amazon q", "amazon-q"},
    {"github copilot", "copilot"},
    {"github-copilot", "copilot"},
    {"claude", "claude-code"},
    {"openai codex", "codex"},
    {"codex", "codex"},
    {"gemini", "gemini-cli"},
    {"google gemini", "gemini-cli"},
    {"opencode", "opencode"},
    {"aider", "aider"},
    {"cofferdam-code", "cofferdam-code"},
    {"copilot", "copilot"},
    {"cursor", "cursor"},
    {"devin", "devin"},
    {"jules", "jules"},
    {"cline", "cline"},
    {"replit", "replit"},
    {"amp", "amp"},
    {"crush", "crush"},
    {"openhands", "openhands"},
    {"windsurf", "windsurf"},
    {"chatgpt", "chatgpt"},
};

constexpr Known kBranches[] = {
    {"codex/", "codex"},   {"claude/", "claude-code"}, {"copilot/", "copilot"},
    {"cursor/", "cursor"}, {"devin/", "devin"},        {"cline/", "cline"},
    {"aider/", "aider"},   {"gemini/", "gemini-cli"},
};

constexpr std::string_view kNoReply = "@users.noreply.github.com";
constexpr std::string_view kBot = "[bot]";

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string LowerAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view TrimBlanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

NameAndMail SplitPerson(std::string_view text) {
  const size_t open = text.find('<');
  if (open == std::string_view::npos) return {TrimBlanks(text), {}};
  const std::string_view rest = text.substr(open + 1);
  return {TrimBlanks(text.substr(0, open)),
          TrimBlanks(rest.substr(0, std::min(rest.find('>'), rest.size())))};
}

std::optional<std::string_view> AgentOfLogin(std::string_view login) {
  std::string lower = LowerAscii(TrimBlanks(login));
  const bool bot = lower.ends_with(kBot);
  if (bot) lower.resize(lower.size() - kBot.size());
  for (const KnownLogin& known : kLogins) {
    if (lower != known.login) continue;
    if (bot || known.counts == Login::kAlways) return known.tool;
  }
  return std::nullopt;
}

std::optional<std::string_view> AgentOfAddress(std::string_view address) {
  const std::string lower = LowerAscii(TrimBlanks(address));
  for (const Known& known : kAddresses) {
    if (lower == known.text) return known.tool;
  }
  if (!lower.ends_with(kNoReply)) return std::nullopt;
  // "198982749+copilot@…", or without the number.
  std::string_view login(lower);
  login.remove_suffix(kNoReply.size());
  size_t digits = 0;
  while (digits < login.size() && IsDigit(login[digits])) ++digits;
  if (digits > 0 && digits < login.size() && login[digits] == '+')
    login.remove_prefix(digits + 1);
  return AgentOfLogin(login);
}

std::optional<std::string_view> AgentOfName(std::string_view name) {
  const std::string lower = LowerAscii(TrimBlanks(name));
  for (const Known& known : kNames) {
    if (!lower.starts_with(known.text)) continue;
    if (lower.size() > known.text.size() &&
        IsWordByte(lower[known.text.size()]))
      continue;
    return known.tool;
  }
  return std::nullopt;
}

std::optional<std::string_view> AgentOfBranch(std::string_view branch) {
  const std::string lower = LowerAscii(branch);
  for (const Known& known : kBranches) {
    if (lower.size() > known.text.size() && lower.starts_with(known.text))
      return known.tool;
  }
  return std::nullopt;
}

}  // namespace cofferdam::corpus
