#include "corpus/git_ai_note.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/json.h"
#include "corpus/claim_ranges_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr std::string_view kDivider = "---";
constexpr size_t kNoticesMax = 20;

// What the metadata says of one key.
struct Author {
  ClaimedAuthor author = ClaimedAuthor::kModel;
  std::string tool;
  std::string model;
  std::string person;
  std::string session;
};

bool IsHex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF") ==
                              std::string_view::npos;
}

// A key that can be one: s_…::t_…, h_…, or hexadecimal digits.
bool IsKey(std::string_view key) {
  if (key.starts_with("s_") || key.starts_with("h_")) {
    key.remove_prefix(2);
    return IsHex(key.substr(0, std::min(key.find("::"), key.size())));
  }
  return key.size() >= 7 && key.size() <= 64 && IsHex(key);
}

std::string_view TakeLine(std::string_view* rest) {
  const size_t end = std::min(rest->find('\n'), rest->size());
  std::string_view line = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

class NoteReader {
 public:
  explicit NoteReader(std::string_view note) : rest_(note) {}

  ClaimsRead Read() {
    // The metadata comes last and is needed first.
    const std::string_view attestations = CutMetadata();
    rest_ = attestations;
    while (!rest_.empty()) {
      const std::string_view line = TakeLine(&rest_);
      if (line.empty()) continue;
      if (line.front() == ' ' || line.front() == '\t') {
        ReadEntry(line);
      } else {
        ReadPath(line);
      }
    }
    SayCounts();
    read_.notices = notices_.Take();
    return std::move(read_);
  }

 private:
  // Reads what stands after the divider, and gives what stands before it.
  std::string_view CutMetadata() {
    const std::string_view note = rest_;
    while (!rest_.empty()) {
      const size_t begin = note.size() - rest_.size();
      if (TakeLine(&rest_) != kDivider) continue;
      ReadMetadata(rest_);
      return note.substr(0, begin);
    }
    notices_.Add("the note has no metadata");
    return note;
  }

  void ReadMetadata(std::string_view text) {
    const auto document = JsonDocument::Parse(text);
    if (!document.ok() || !document->root().is_object()) {
      notices_.Add("the note's metadata is no JSON object");
      return;
    }
    const std::string_view schema =
        (*document)["schema_version"].StringOrEmpty();
    if (!schema.starts_with("authorship/")) {
      notices_.Add("the note does not say that it is an authorship note");
    } else if (!schema.starts_with("authorship/3.")) {
      notices_.Add(fmt::format("the note is of another version, \"{}\"",
                               schema.substr(0, 40)));
    }
    for (const auto& [key, value] : (*document)["humans"].Members()) {
      Author human;
      human.author = ClaimedAuthor::kHuman;
      human.person = value["author"].StringOrEmpty();
      authors_.try_emplace(std::string(key), std::move(human));
    }
    for (const std::string_view section : {"sessions", "prompts"}) {
      for (const auto& [key, value] : (*document)[section].Members()) {
        Author model;
        model.tool = SaidTool(value["agent_id"]["tool"].StringOrEmpty());
        model.model = SaidModel(value["agent_id"]["model"].StringOrEmpty());
        model.session = value["agent_id"]["id"].StringOrEmpty();
        model.person = value["human_author"].StringOrEmpty();
        authors_.try_emplace(std::string(key), std::move(model));
      }
    }
  }

  void ReadPath(std::string_view line) {
    path_.clear();
    has_path_ = true;
    if (!line.starts_with('"')) {
      path_ = line;
      return;
    }
    // A path with a line end in it goes on until its quotation mark.
    std::string text(line);
    std::string_view after = rest_;
    while ((text.size() < 2 || !text.ends_with('"')) && !after.empty() &&
           text.size() < kNotePathBytesMax) {
      text += '\n';
      text += TakeLine(&after);
    }
    if (text.size() >= 2 && text.ends_with('"') &&
        text.size() <= kNotePathBytesMax) {
      rest_ = after;
      path_ = text.substr(1, text.size() - 2);
    } else {
      path_ = line.substr(1);
      notices_.Add("a path has one quotation mark only");
    }
  }

  void ReadEntry(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) return;
    const size_t space = std::min(line.find(' '), line.size());
    const std::string_view key = line.substr(0, space);
    if (!IsKey(key) || space == line.size()) {
      ++broken_lines_;
      return;
    }
    if (!has_path_) {
      ++without_path_;
      return;
    }
    const size_t room = kLineClaimsMax - read_.claims.size();
    size_t broken = 0;
    const auto ranges =
        ReadLineRanges(line.substr(space + 1), kLineClaimsMax, &broken);
    broken_ranges_ += broken;
    const Author& author = AuthorOf(key);
    for (size_t i = 0; i < ranges.size() && i < room; ++i)
      read_.claims.push_back(Claim(author, ranges[i]));
    if (ranges.size() > room) left_out_ += ranges.size() - room;
  }

  LineClaim Claim(const Author& author, const LineRange& lines) const {
    LineClaim claim;
    claim.path = path_;
    claim.line_begin = lines.first;
    claim.line_end = lines.second;
    claim.author = author.author;
    claim.tool = author.tool;
    claim.model = author.model;
    claim.person = author.person;
    claim.session = author.session;
    claim.source = "git-ai-note";
    return claim;
  }

  // A key that the metadata does not name still says who: h_ a person.
  const Author& AuthorOf(std::string_view key) {
    const std::string name(key.substr(0, std::min(key.find("::"), key.size())));
    const auto known = authors_.find(name);
    if (known != authors_.end()) return known->second;
    ++unnamed_keys_;
    static const Author kModel;
    static const Author kHuman{ClaimedAuthor::kHuman, "", "", "", ""};
    return name.starts_with("h_") ? kHuman : kModel;
  }

  void SayCounts() {
    const std::pair<size_t, std::string_view> counts[] = {
        {broken_lines_, "lines that are neither a path nor an entry"},
        {without_path_, "entries before any path"},
        {broken_ranges_, "ranges that are none"},
        {unnamed_keys_, "entries whose key the metadata does not name"},
        {left_out_, "claims beyond the limit"},
    };
    for (const auto& [count, what] : counts) {
      if (count > 0)
        notices_.Add(fmt::format("the note has {} {}", count, what));
    }
  }

  std::string_view rest_;
  ClaimsRead read_;
  std::unordered_map<std::string, Author> authors_;
  std::string path_;
  bool has_path_ = false;
  Notices notices_{kNoticesMax};
  size_t broken_lines_ = 0;
  size_t without_path_ = 0;
  size_t broken_ranges_ = 0;
  size_t unnamed_keys_ = 0;
  size_t left_out_ = 0;
};

}  // namespace

ClaimsRead ReadGitAiNote(std::string_view note) {
  if (note.size() > kNoteBytesMax) {
    return {{},
            {fmt::format("the note has {} bytes, more than {}", note.size(),
                         kNoteBytesMax)}};
  }
  return NoteReader(note).Read();
}

}  // namespace cofferdam::corpus
