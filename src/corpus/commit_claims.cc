#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "corpus/agent_marks.h"
#include "corpus/claim_ranges_internal.h"
#include "corpus/commit_claims_internal.h"

namespace cofferdam::corpus {
namespace {

std::string_view View(const char* text) {
  return text == nullptr ? std::string_view() : text;
}

ClaimedAuthor AuthorOf(MarkKind kind) {
  const bool all = kind == MarkKind::kAuthor || kind == MarkKind::kGenerated;
  return all ? ClaimedAuthor::kModel : ClaimedAuthor::kMixed;
}

// The branch that a merge's first line names, as git and forges write it.
std::string_view MergedBranch(std::string_view message) {
  std::string_view line = message.substr(0, message.find('\n'));
  constexpr std::string_view kBranch = "Merge branch '";
  constexpr std::string_view kRequest = "Merge pull request #";
  if (line.starts_with(kBranch)) {
    line.remove_prefix(kBranch.size());
    return line.substr(0, line.find('\''));
  }
  if (line.starts_with(kRequest)) {
    // "#12 from owner/codex/fix"
    constexpr std::string_view kFrom = " from ";
    const size_t from = line.find(kFrom);
    if (from == std::string_view::npos) return {};
    line.remove_prefix(from + kFrom.size());
    const size_t slash = line.find('/');
    return slash == std::string_view::npos ? std::string_view()
                                           : line.substr(slash + 1);
  }
  return {};
}

}  // namespace

std::vector<LineClaim> ClaimsOfCommit(const git_commit* commit) {
  CommitText text;
  text.message = View(git_commit_message(commit));
  const git_signature* author = git_commit_author(commit);
  const git_signature* committer = git_commit_committer(commit);
  std::string person;
  if (author != nullptr) {
    text.author_name = View(author->name);
    text.author_email = View(author->email);
    person = fmt::format("{} <{}>", text.author_name, text.author_email);
  }
  if (committer != nullptr) {
    text.committer_name = View(committer->name);
    text.committer_email = View(committer->email);
  }
  std::vector<LineClaim> claims;
  for (AgentMark& mark : FindAgentMarks(text)) {
    LineClaim claim;
    claim.author = AuthorOf(mark.kind);
    claim.tool = mark.tool == "other" ? "" : std::move(mark.tool);
    claim.model = SaidModel(mark.model);
    claim.session = std::move(mark.session);
    const bool by_account = mark.kind == MarkKind::kAuthor;
    if (!by_account) claim.person = person;
    claim.source = by_account ? "commit-author" : "trailer";
    claims.push_back(std::move(claim));
  }
  if (!claims.empty()) return claims;
  if (const auto tool = AgentOfBranch(MergedBranch(text.message))) {
    LineClaim claim;
    claim.tool = *tool;
    claim.source = "branch";
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace cofferdam::corpus
