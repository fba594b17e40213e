#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::corpus {

// Where an agent's mark stands in a commit, the most telling first.
enum class MarkKind {
  kAuthor,     // the commit is by an agent's account
  kGenerated,  // Generated-by
  kCoAuthor,   // Co-authored-by; or the committer is an agent's account
  kAssisted,   // Assisted-by, AI-Model-Used, Ai-assisted
  kSession,    // Claude-Session, Replit-…, Entire-…
  kFooter,     // "Generated with [Claude Code]", "aider: …"
};

// What coding agents leave in commits: trailers, addresses, lines of the
// message. Anyone can write such a mark or take it out, so it is a hint and
// proves nothing either way.
struct AgentMark {
  // As the ledger names tools: "claude-code", "codex", "gemini-cli", …; "other"
  // for an agent that we do not know by name.
  std::string tool;
  std::string model;  // as the mark says it; mostly empty
  MarkKind kind = MarkKind::kFooter;
  std::string session;  // an id or an address; mostly empty

  bool operator==(const AgentMark&) const = default;
};

// Who a commit says it is by, and what it says. A name or an address may also
// be given as "Name <mail>".
struct CommitText {
  std::string_view author_name;
  std::string_view author_email;
  std::string_view committer_name;
  std::string_view committer_email;
  std::string_view message;
};

// Lines of a message beyond this are not looked at, nor what a line has beyond
// kMarkLineBytesMax.
inline constexpr size_t kMarkLinesMax = 10'000;
inline constexpr size_t kMarkLineBytesMax = 1'000;

// Each tool once, by name, with the most telling kind; the first model and
// session that were said of it. An agent without a name is left out where one
// with a name is found. Bytes of any kind are taken.
std::vector<AgentMark> FindAgentMarks(const CommitText& commit);

// The tool that `name` means, as the ledger names it: "claude" and "Claude
// Code" are "claude-code". None for what we do not know.
std::optional<std::string_view> AgentOfName(std::string_view name);

// The tool whose habit it is to name branches like this ("codex/fix-it"); none
// for any other. People name branches so too: the weakest of hints.
std::optional<std::string_view> AgentOfBranch(std::string_view branch);

}  // namespace cofferdam::corpus
