#include "agent/terminal/mentions.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

bool IsBlank(char byte) { return byte == ' ' || byte == '\n' || byte == '\t'; }

// Relative, and without a step upwards.
bool StaysBelow(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (path.substr(0, end) == "..") return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

bool IsFile(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

// The path among those that a mention could mean: as it stands, then without
// the signs that end a sentence.
std::string FileOf(std::string path, const std::string& workspace) {
  constexpr std::string_view kSigns = ".,;:!?)]}'\"";
  for (;;) {
    if (!StaysBelow(path)) return "";
    if (IsFile(workspace + "/" + path)) return path;
    if (kSigns.find(path.back()) == std::string_view::npos) return "";
    path.pop_back();
  }
}

struct Excerpt {
  std::string text;
  size_t lines = 0;
  size_t lines_shown = 0;
};

Excerpt Number(std::string_view content) {
  Excerpt excerpt;
  while (!content.empty()) {
    const size_t end = std::min(content.find('\n'), content.size());
    ++excerpt.lines;
    const std::string row =
        fmt::format("{:>6}\t{}\n", excerpt.lines, content.substr(0, end));
    if (excerpt.lines_shown + 1 == excerpt.lines &&
        excerpt.text.size() + row.size() <= kMentionedBytesMax) {
      excerpt.text += row;
      excerpt.lines_shown = excerpt.lines;
    }
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return excerpt;
}

void Attach(const std::string& path, const std::string& workspace,
            MentionedMessage* message) {
  const Result<std::string> content =
      ReadFile(workspace + "/" + path, kMentionedFileBytesMax);
  if (!content.ok()) {
    message->notes.push_back(
        fmt::format("{}: {}", path, content.error().message()));
    return;
  }
  if (content->find('\0') != std::string::npos || !IsUtf8(*content)) {
    message->notes.push_back(path + ": no text, its path alone");
    return;
  }
  const Excerpt excerpt = Number(*content);
  message->text += fmt::format("\n\nContent of {}, {} lines:\n{}", path,
                               excerpt.lines, excerpt.text);
  if (excerpt.lines_shown == excerpt.lines) {
    message->notes.push_back(fmt::format("{}: {} lines", path, excerpt.lines));
    return;
  }
  message->text += fmt::format(
      "(Cut after line {}. Read the rest with the read tool, from line {}.)",
      excerpt.lines_shown, excerpt.lines_shown + 1);
  message->notes.push_back(fmt::format("{}: {} of {} lines", path,
                                       excerpt.lines_shown, excerpt.lines));
}

}  // namespace

std::vector<Mention> FindMentions(std::string_view text) {
  std::vector<Mention> mentions;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '@' || (i > 0 && !IsBlank(text[i - 1]))) continue;
    const bool quoted = i + 1 < text.size() && text[i + 1] == '"';
    Mention mention;
    mention.begin = i + (quoted ? 2 : 1);
    mention.end = mention.begin;
    while (mention.end < text.size() && text[mention.end] != '\n' &&
           (quoted ? text[mention.end] != '"' : !IsBlank(text[mention.end]))) {
      ++mention.end;
    }
    mention.path = text.substr(mention.begin, mention.end - mention.begin);
    if (!mention.path.empty()) mentions.push_back(mention);
    i = mention.end;
  }
  return mentions;
}

MentionedMessage ExpandMentions(const std::string& text,
                                const std::string& workspace) {
  MentionedMessage message{.text = text, .notes = {}};
  std::set<std::string> attached;
  for (const Mention& mention : FindMentions(text)) {
    const std::string path = FileOf(mention.path, workspace);
    if (path.empty() || attached.contains(path)) continue;
    if (attached.size() == kMentionedFilesMax) {
      message.notes.push_back(
          fmt::format("{}: its path alone, {} files go with a message at most",
                      path, kMentionedFilesMax));
      continue;
    }
    attached.insert(path);
    Attach(path, workspace, &message);
  }
  return message;
}

}  // namespace cofferdam::agent
