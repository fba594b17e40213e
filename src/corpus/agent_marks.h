#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::corpus {

// What coding agents leave in commits: trailers, addresses, lines of the
// message. Anyone can write such a mark or take it out, so it is a hint and
// proves nothing either way.
struct AgentMark {
  // As the ledger names tools: "claude-code", "codex", "gemini-cli", …; "other"
  // for an agent that we do not know by name.
  std::string tool;
  std::string model;  // as the mark says it; mostly empty

  bool operator==(const AgentMark&) const = default;
};

// Who a commit says it is by, and what it says.
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

// Each tool once, by name; the first model that was said of it. Bytes of any
// kind are taken.
std::vector<AgentMark> FindAgentMarks(const CommitText& commit);

}  // namespace cofferdam::corpus
