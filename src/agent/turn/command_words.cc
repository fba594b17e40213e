#include "agent/turn/command_words.h"

#include <algorithm>
#include <array>
#include <span>

namespace cofferdam::agent {
namespace {

using Words = std::vector<std::string>;

// Programs that only read, whatever their arguments are but for those below.
constexpr std::string_view kReaders[] = {
    "basename", "cat",      "cmp",   "cut",   "diff",  "dirname",
    "du",       "echo",     "egrep", "false", "fgrep", "find",
    "grep",     "head",     "ls",    "nl",    "od",    "pwd",
    "readlink", "realpath", "rg",    "sort",  "stat",  "tail",
    "tr",       "tree",     "true",  "uniq",  "wc",    "which"};
constexpr std::string_view kGitReaders[] = {
    "blame",     "cat-file", "describe", "diff",       "grep",
    "log",       "ls-files", "ls-tree",  "merge-base", "rev-list",
    "rev-parse", "shortlog", "show",     "status"};
// Options by which one of them writes or runs something, by how they begin.
constexpr std::string_view kFindActs[] = {"-exec",   "-ok",  "-delete",
                                          "-fprint", "-fls", "-files0-from"};
constexpr std::string_view kRgActs[] = {"--pre", "--hostname-bin"};
constexpr std::string_view kGitActs[] = {
    "--output",   "-O",         "--open-files-in-pager",
    "--ext-diff", "--textconv", "--filters"};

bool IsOneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view("-_./,:=@%+^").find(c) != std::string_view::npos;
}

// Reads words and joints of a command.
class CommandReader {
 public:
  explicit CommandReader(std::string_view command) : rest_(command) {}

  std::optional<std::vector<Words>> Read() {
    while (!rest_.empty()) {
      if (rest_.front() == ' ' || rest_.front() == '\t') {
        rest_.remove_prefix(1);
      } else if (IsJoint(rest_.front())) {
        if (!TakeJoint()) return std::nullopt;
      } else if (!TakeWord()) {
        return std::nullopt;
      }
    }
    if (part_.empty()) return std::nullopt;
    parts_.push_back(std::move(part_));
    return std::move(parts_);
  }

 private:
  static bool IsJoint(char c) { return c == '|' || c == '&' || c == ';'; }

  bool TakeJoint() {
    size_t size = rest_.starts_with("&&") || rest_.starts_with("||") ? 2 : 1;
    bool background = rest_.front() == '&' && size == 1;
    rest_.remove_prefix(size);
    if (background || part_.empty()) return false;
    parts_.push_back(std::move(part_));
    part_.clear();
    return true;
  }

  bool TakeQuoted(char quote, std::string* word) {
    rest_.remove_prefix(1);
    size_t end = rest_.find(quote);
    if (end == std::string_view::npos) return false;
    std::string_view inside = rest_.substr(0, end);
    if (quote == '"' &&
        inside.find_first_of("$`\\!") != std::string_view::npos) {
      return false;
    }
    if (inside.find('\n') != std::string_view::npos) return false;
    word->append(inside);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool TakeWord() {
    std::string word;
    bool quoted = false;
    while (!rest_.empty() && rest_.front() != ' ' && rest_.front() != '\t' &&
           !IsJoint(rest_.front())) {
      char c = rest_.front();
      if (c == '\'' || c == '"') {
        if (!TakeQuoted(c, &word)) return false;
        quoted = true;
      } else if (IsPlain(c)) {
        word.push_back(c);
        rest_.remove_prefix(1);
      } else {
        return false;
      }
    }
    // An assignment is no program.
    if (part_.empty() && !quoted && word.find('=') != std::string::npos) {
      return false;
    }
    part_.push_back(std::move(word));
    return true;
  }

  std::string_view rest_;
  Words part_;
  std::vector<Words> parts_;
};

bool BeginsWithOneOf(std::string_view word,
                     std::span<const std::string_view> starts) {
  return std::any_of(
      starts.begin(), starts.end(),
      [word](std::string_view start) { return word.starts_with(start); });
}

// Whether an argument makes the program do more than read.
bool Acts(std::string_view program, std::string_view word) {
  if (program == "find") return BeginsWithOneOf(word, kFindActs);
  if (program == "rg") return BeginsWithOneOf(word, kRgActs);
  if (program == "git") return BeginsWithOneOf(word, kGitActs);
  // -o FILE also stands behind other letters, as in -uo.
  if (program == "sort" || program == "tree") {
    return word.starts_with("--") ||
           (word.starts_with('-') &&
            word.find_first_of("oTR") != std::string_view::npos);
  }
  // Its second file is written.
  if (program == "uniq") return !word.starts_with('-');
  return false;
}

bool PartOnlyReads(const Words& words) {
  std::string_view program = words.front();
  size_t from = 1;
  if (program == "git") {
    if (words.size() < 2 || !IsOneOf(words[1], kGitReaders)) return false;
    from = 2;
  } else if (!IsOneOf(program, kReaders)) {
    return false;
  }
  return std::none_of(
      words.begin() + static_cast<ptrdiff_t>(from), words.end(),
      [program](const std::string& word) { return Acts(program, word); });
}

bool IsSubcommand(std::string_view word) {
  return !word.empty() && word.front() != '-' &&
         std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '-' || c == '_';
         });
}

// Programs whose first word says what they do.
constexpr std::string_view kWithSubcommands[] = {
    "apt",    "bazel",  "bun",       "cargo",     "cmake", "composer",
    "conda",  "deno",   "docker",    "dotnet",    "gh",    "git",
    "go",     "gradle", "helm",      "kubectl",   "make",  "meson",
    "mvn",    "ninja",  "npm",       "pip",       "pnpm",  "poetry",
    "rustup", "swift",  "systemctl", "terraform", "uv",    "yarn"};

}  // namespace

std::optional<std::vector<std::vector<std::string>>> CommandWords(
    std::string_view command) {
  return CommandReader(command).Read();
}

bool OnlyReads(std::string_view command) {
  auto parts = CommandWords(command);
  return parts.has_value() &&
         std::all_of(parts->begin(), parts->end(), PartOnlyReads);
}

std::string CommandKind(std::string_view command) {
  auto parts = CommandWords(command);
  if (!parts.has_value() || parts->size() != 1) return std::string(command);
  const Words& words = parts->front();
  if (words.size() >= 2 && IsOneOf(words[0], kWithSubcommands) &&
      IsSubcommand(words[1])) {
    // What runs other programs by name is no kind of its own.
    static constexpr std::string_view kRunners[] = {"run", "exec", "x", "dlx"};
    if (!IsOneOf(words[1], kRunners)) return words[0] + " " + words[1];
  }
  return std::string(command);
}

}  // namespace cofferdam::agent
