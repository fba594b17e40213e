#include "corpus/agent_marks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "corpus/agent_names_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr std::string_view kOther = "other";

bool HasDigit(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos;
}

// What stands in the last parentheses.
std::string_view InParentheses(std::string_view text) {
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos ||
      close < open) {
    return {};
  }
  return TrimBlanks(text.substr(open + 1, close - open - 1));
}

// "Claude Sonnet 5" of a co-author, "gpt-5" of "aider (gpt-5)".
std::string ModelOfCoAuthor(std::string_view tool, std::string_view name) {
  if (tool == "aider") return std::string(InParentheses(name));
  const bool model = tool == "claude-code" && name.starts_with("Claude ") &&
                     name != "Claude Code";
  if (model) return std::string(name);
  return std::string(InParentheses(name));
}

// What Assisted-by and Generated-by say: an agent, and its model where one is
// said.
struct Helper {
  std::optional<std::string_view> agent;
  std::string model;
};

// "Claude:claude-x [tool]", "Claude Code (claude-x)", "claude-opus-4.5",
// "GitHub Copilot"; none for a person, whom only a mail address tells from a
// new agent.
std::optional<Helper> ReadHelper(std::string_view value) {
  const auto [name, mail] = SplitPerson(value);
  Helper helper;
  if (!mail.empty()) {
    helper.agent = AgentOfAddress(mail);
    if (!helper.agent) return std::nullopt;
    helper.model = ModelOfCoAuthor(*helper.agent, name);
    return helper;
  }
  helper.agent = AgentOfName(name);
  const size_t colon = name.find(':');
  // A model in parentheses may have one: "cofferdam-code (qwen3:8b)".
  if (colon != std::string_view::npos && name.find('(') > colon) {
    const std::string_view rest = TrimBlanks(name.substr(colon + 1));
    // An address says nothing of a model.
    if (!rest.starts_with("//"))
      helper.model = rest.substr(0, rest.find_first_of(" \t"));
    return helper;
  }
  helper.model = InParentheses(name);
  if (helper.model.empty() && helper.agent && HasDigit(name))
    helper.model = name;
  return helper;
}

// Whether a line of a message is an agent's advertisement, which stands alone,
// perhaps after a picture: people also write about such lines.
bool IsFooter(std::string_view line) {
  constexpr std::string_view kWords = "Generated with ";
  const size_t at = line.find(kWords);
  if (at == std::string_view::npos) return false;
  for (const char c : line.substr(0, at)) {
    if (static_cast<unsigned char>(c) < 0x80 && c != ' ' && c != '\t')
      return false;
  }
  std::string_view name = line.substr(at + kWords.size());
  if (name.starts_with('[')) name.remove_prefix(1);
  return name.starts_with("Claude Code");
}

class Marks {
 public:
  void Add(std::string_view tool, MarkKind kind, std::string model = "",
           std::string_view session = "") {
    AgentMark& known =
        by_tool_.try_emplace(std::string(tool), AgentMark{"", "", kind, ""})
            .first->second;
    known.tool = tool;
    known.kind = std::min(known.kind, kind);
    if (known.model.empty()) known.model = std::move(model);
    if (known.session.empty()) known.session = session;
  }

  void ReadPerson(std::string_view name, std::string_view address,
                  MarkKind kind) {
    const NameAndMail said = SplitPerson(address);
    const std::string_view bare = SplitPerson(name).name;
    const auto of_mail =
        AgentOfAddress(said.mail.empty() ? address : said.mail);
    if (of_mail) {
      Add(*of_mail, kind);
    } else if (LowerAscii(bare).ends_with("[bot]")) {
      if (const auto tool = AgentOfLogin(bare)) Add(*tool, kind);
    }
    if (LowerAscii(bare).ends_with("(aider)")) Add("aider", kind);
  }

  void ReadLine(std::string_view line) {
    if (IsFooter(line)) Add("claude-code", MarkKind::kFooter);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string key = LowerAscii(TrimBlanks(line.substr(0, colon)));
    const std::string_view value = TrimBlanks(line.substr(colon + 1));
    if (!value.empty()) ReadTrailer(key, value);
  }

  std::vector<AgentMark> Take() {
    JoinNameless();
    std::vector<AgentMark> marks;
    for (auto& [tool, mark] : by_tool_) marks.push_back(std::move(mark));
    return marks;
  }

 private:
  void ReadTrailer(const std::string& key, std::string_view value) {
    if (key == "co-authored-by") {
      ReadCoAuthor(value);
    } else if (key == "assisted-by") {
      const auto helper = ReadHelper(value);
      if (helper)
        Add(helper->agent.value_or(kOther), MarkKind::kAssisted, helper->model);
    } else if (key == "generated-by") {
      // Of what we do not know by name most are parser generators.
      const auto helper = ReadHelper(value);
      if (helper && helper->agent)
        Add(*helper->agent, MarkKind::kGenerated, helper->model);
    } else if (key == "ai-model-used") {
      Add(kOther, MarkKind::kAssisted, std::string(value));
    } else if (key == "ai-assisted") {
      const std::string lower = LowerAscii(value);
      if (lower == "true" || lower == "yes") Add(kOther, MarkKind::kAssisted);
    } else if (key == "claude-session") {
      Add("claude-code", MarkKind::kSession, "", value);
    } else {
      ReadSession(key, value);
    }
  }

  void ReadCoAuthor(std::string_view value) {
    const auto [name, mail] = SplitPerson(value);
    auto tool = AgentOfAddress(mail);
    if (!tool && LowerAscii(name).ends_with("[bot]")) tool = AgentOfLogin(name);
    if (tool) Add(*tool, MarkKind::kCoAuthor, ModelOfCoAuthor(*tool, name));
  }

  void ReadSession(const std::string& key, std::string_view value) {
    if (key == "replit-commit-author") {
      const std::string lower = LowerAscii(value);
      if (lower == "agent" || lower == "assistant")
        Add("replit", MarkKind::kSession);
    } else if (key == "replit-commit-session-id") {
      // Also set on what people commit there.
      const auto known = by_tool_.find("replit");
      if (known != by_tool_.end()) known->second.session = value;
    } else if (key == "entire-agent") {
      Add(AgentOfName(value).value_or(kOther), MarkKind::kSession);
    } else if (key == "entire-session" || key == "entire-checkpoint") {
      Add(kOther, MarkKind::kSession, "", value);
    } else if (key == "entire-metadata" || key == "entire-metadata-task" ||
               key == "entire-strategy" || key == "entire-condensation" ||
               key == "entire-source-ref") {
      Add(kOther, MarkKind::kSession);
    }
  }

  // What was said of an agent without a name is meant of the one with a name
  // where there is one.
  void JoinNameless() {
    const auto nameless = by_tool_.find(std::string(kOther));
    if (nameless == by_tool_.end() || by_tool_.size() == 1) return;
    if (by_tool_.size() == 2) {
      AgentMark& other = nameless->second;
      AgentMark& named = nameless == by_tool_.begin()
                             ? by_tool_.rbegin()->second
                             : by_tool_.begin()->second;
      named.kind = std::min(named.kind, other.kind);
      if (named.model.empty()) named.model = other.model;
      if (named.session.empty()) named.session = other.session;
    }
    by_tool_.erase(nameless);
  }

  std::map<std::string, AgentMark> by_tool_;
};

}  // namespace

std::vector<AgentMark> FindAgentMarks(const CommitText& commit) {
  Marks marks;
  marks.ReadPerson(commit.author_name, commit.author_email, MarkKind::kAuthor);
  marks.ReadPerson(commit.committer_name, commit.committer_email,
                   MarkKind::kCoAuthor);
  if (LowerAscii(commit.message.substr(0, 6)) == "aider:")
    marks.Add("aider", MarkKind::kFooter);
  std::string_view rest = commit.message;
  for (size_t lines = 0; !rest.empty() && lines < kMarkLinesMax; ++lines) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    marks.ReadLine(rest.substr(0, std::min(end, kMarkLineBytesMax)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return marks.Take();
}

}  // namespace cofferdam::corpus
