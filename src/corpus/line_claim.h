#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cofferdam::corpus {

// Whom a claim says that lines are by.
enum class ClaimedAuthor {
  kModel,
  kHuman,
  kMixed,    // a person and a model, or one of them after the other
  kUnknown,  // a model had to do with it; nobody says what it wrote
};

// "model", "human", "mixed", "unknown".
std::string_view ClaimedAuthorName(ClaimedAuthor author);

// Claims of one note, of one record and of one commit; what is beyond is left
// out.
inline constexpr size_t kLineClaimsMax = 200'000;

// What a repository says of some of its lines. Anyone can write such a claim
// or take it out, and rewriting history loses it: a hint, never proof.
struct LineClaim {
  // As the commit has it; empty: every file that the commit changed.
  std::string path;
  // Lines of the file as it stands in the commit, from 1, both inclusive.
  // 0, 0: all that the commit added there.
  uint32_t line_begin = 0;
  uint32_t line_end = 0;
  ClaimedAuthor author = ClaimedAuthor::kUnknown;
  // As the ledger names tools where we know the tool, else as the claim says
  // it; may be empty.
  std::string tool;
  // As the claim says it; empty where it says nothing, or only "unknown".
  std::string model;
  // "Name <mail>" or a mail: who wrote the lines, or led the model.
  std::string person;
  // What the tool calls the conversation; may be an address. May be empty.
  std::string session;
  // "git-ai-note", "agent-trace", "trailer", "commit-author", "branch".
  std::string source;

  bool operator==(const LineClaim&) const = default;
};

}  // namespace cofferdam::corpus
