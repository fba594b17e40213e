#include "corpus/agent_marks.h"

#include <algorithm>
#include <map>
#include <optional>

namespace cofferdam::corpus {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

struct Known {
  std::string_view part;  // of an address or name, in lower case
  std::string_view tool;
};

// Addresses that agents commit under, or name as a co-author's.
constexpr Known kAddresses[] = {
    {"noreply@anthropic.com", "claude-code"},
    {"noreply@openai.com", "codex"},
    {"@aider.chat", "aider"},
    {"copilot@users.noreply.github.com", "copilot"},
    {"copilot-swe-agent", "copilot"},
    {"cursoragent@cursor.com", "cursor"},
    {"devin-ai-integration", "devin"},
    {"gemini-code-assist", "gemini-cli"},
    {"gemini-cli", "gemini-cli"},
    {"google-labs-jules", "jules"},
    {"amazon-q-developer", "amazon-q"},
    {"opencode.ai", "opencode"},
    {"@cline.bot", "cline"},
    {"coderabbitai", "coderabbit"},
    {"replit-agent", "replit"},
};

// Names of agents, as `Assisted-by: NAME:MODEL` has them.
constexpr Known kNames[] = {
    {"claude", "claude-code"},
    {"codex", "codex"},
    {"gemini", "gemini-cli"},
    {"opencode", "opencode"},
    {"aider", "aider"},
    {"copilot", "copilot"},
    {"github copilot", "copilot"},
    {"cursor", "cursor"},
    {"devin", "devin"},
    {"jules", "jules"},
    {"amazon q", "amazon-q"},
    {"cline", "cline"},
    {"replit", "replit"},
};

std::optional<std::string_view> ToolOfAddress(std::string_view address) {
  const std::string lower = Lower(address);
  for (const Known& known : kAddresses) {
    if (lower.find(known.part) != std::string::npos) return known.tool;
  }
  return std::nullopt;
}

std::string_view ToolOfName(std::string_view name) {
  const std::string lower = Lower(Trim(name));
  for (const Known& known : kNames) {
    if (lower.starts_with(known.part)) return known.tool;
  }
  return "other";
}

// "Claude Sonnet 5" of a co-author, "gpt-5" of "aider (gpt-5)".
std::string ModelOfCoAuthor(std::string_view tool, std::string_view name) {
  name = Trim(name);
  if (tool == "aider") {
    const size_t open = name.find('(');
    const size_t close = name.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos ||
        close < open) {
      return "";
    }
    return std::string(Trim(name.substr(open + 1, close - open - 1)));
  }
  const bool model = tool == "claude-code" && name.starts_with("Claude ") &&
                     name != "Claude Code";
  return model ? std::string(name) : "";
}

class Marks {
 public:
  void Add(std::string_view tool, std::string model = "") {
    std::string& known = by_tool_[std::string(tool)];
    if (known.empty()) known = std::move(model);
  }

  void ReadPerson(std::string_view name, std::string_view email) {
    if (const auto tool = ToolOfAddress(email)) Add(*tool);
    if (Lower(Trim(name)).ends_with("(aider)")) Add("aider");
  }

  void ReadLine(std::string_view line) {
    if (line.find("Generated with [Claude Code]") != std::string_view::npos) {
      Add("claude-code");
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string key = Lower(Trim(line.substr(0, colon)));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (!value.empty()) ReadTrailer(key, value);
  }

  std::vector<AgentMark> Take() {
    std::vector<AgentMark> marks;
    for (auto& [tool, model] : by_tool_) marks.push_back({tool, model});
    return marks;
  }

 private:
  void ReadTrailer(const std::string& key, std::string_view value) {
    if (key == "co-authored-by") {
      const size_t open = std::min(value.find('<'), value.size());
      const auto tool = ToolOfAddress(value.substr(open));
      if (tool) Add(*tool, ModelOfCoAuthor(*tool, value.substr(0, open)));
    } else if (key == "assisted-by" || key == "generated-by") {
      // "Claude:claude-x [tool]", or words of their own.
      const size_t colon = value.find(':');
      std::string model;
      if (colon != std::string_view::npos) {
        const std::string_view rest = Trim(value.substr(colon + 1));
        model = rest.substr(0, rest.find(' '));
      }
      Add(ToolOfName(value), std::move(model));
    } else if (key == "ai-model-used") {
      Add("other", std::string(value));
    } else if (key == "ai-assisted") {
      if (Lower(value) == "true" || Lower(value) == "yes") Add("other");
    } else if (key == "claude-session") {
      Add("claude-code");
    } else if (key == "replit-commit-author") {
      if (Lower(value) == "agent") Add("replit");
    } else if (key == "entire-session" || key == "entire-checkpoint") {
      Add("other");
    }
  }

  std::map<std::string, std::string> by_tool_;
};

}  // namespace

std::vector<AgentMark> FindAgentMarks(const CommitText& commit) {
  Marks marks;
  marks.ReadPerson(commit.author_name, commit.author_email);
  marks.ReadPerson(commit.committer_name, commit.committer_email);
  if (Lower(commit.message.substr(0, 6)) == "aider:") marks.Add("aider");
  std::string_view rest = commit.message;
  for (size_t lines = 0; !rest.empty() && lines < kMarkLinesMax; ++lines) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    marks.ReadLine(rest.substr(0, std::min(end, kMarkLineBytesMax)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return marks.Take();
}

}  // namespace cofferdam::corpus
