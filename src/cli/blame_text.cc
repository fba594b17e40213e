#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "cli/blame_output.h"
#include "scan/text_columns.h"

namespace cofferdam::cli {
namespace {

using blame::Basis;
using blame::BlamedFile;
using blame::BlamedLine;
using blame::LineClass;

constexpr int64_t kMicros = 1'000'000;
constexpr size_t kNameColumnsMax = 28;
constexpr size_t kTabColumns = 8;
constexpr size_t kCommitDigits = 8;

std::string DayText(int64_t micros) {
  if (micros == 0) return "";
  const time_t seconds = micros / kMicros;
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 16> text;
  return std::string(text.data(),
                     strftime(text.data(), text.size(), "%F", &parts));
}

std::string_view ColourOf(LineClass line_class) {
  switch (line_class) {
    case LineClass::kModel:
      return "\x1b[36m";
    case LineClass::kMixed:
      return "\x1b[33m";
    case LineClass::kHuman:
      return "\x1b[32m";
    case LineClass::kUnknown:
      return "\x1b[2m";
  }
  return "";
}

std::string Strength(const BlamedLine& line, const BlamedFile& file) {
  switch (line.basis) {
    case Basis::kNone:
      return "";
    case Basis::kContent:
      if (line.line_class == LineClass::kMixed)
        return fmt::format("{:.0f} %", 100.0 * line.matched);
      return fmt::format("{:.0f} bits", line.bits);
    case Basis::kClaim:
      return line.origin == blame::kNone
                 ? "claim"
                 : file.origins[line.origin].origin.kind;
    case Basis::kTime:
      return "time";
  }
  return "";
}

std::string WithoutTabs(std::string_view text) {
  std::string spaced;
  for (const char c : text) {
    if (c == '\t') {
      spaced.append(kTabColumns - spaced.size() % kTabColumns, ' ');
    } else if (c != '\r') {
      spaced.push_back(c);
    }
  }
  return scan::Printable(spaced, scan::LineEnds::kReplace);
}

std::string Safe(std::string_view text) {
  return scan::Printable(text, scan::LineEnds::kReplace);
}

std::string PersonOf(const evidence::Origin& origin, const BlameWords& words) {
  if (!words.person_name || origin.person.empty()) return "";
  // A claim says a name; the ledger an id.
  if (origin.route == "claim") return origin.person;
  const std::string name = words.person_name(origin.person);
  return name.empty() ? origin.person : name;
}

// "claude-x-1, claude-code, exchange …", for the list below the lines.
std::string Describe(const evidence::FoundOrigin& found,
                     const BlameWords& words) {
  const evidence::Origin& origin = found.origin;
  std::string text = OriginName(origin);
  const auto add = [&text](std::string_view what, std::string_view value) {
    if (!value.empty()) text += fmt::format(", {}{}", what, value);
  };
  if (origin.tool != text) add("", origin.tool);
  if (origin.route == "claim") {
    add("said by ", origin.kind);
    add("", PersonOf(origin, words));
    return Safe(text);
  }
  add("contract ", origin.contract);
  add("", PersonOf(origin, words));
  if (found.context == evidence::Context::kNone)
    add("of another repository: ", origin.repo.empty() ? "?" : origin.repo);
  text += fmt::format(", exchange {} part {}", origin.exchange, origin.part);
  add("", DayText(origin.time));
  add("written to ", origin.path);
  text += fmt::format(", {} tokens", found.tokens);
  return Safe(text);
}

struct Row {
  std::string name;
  std::string strength;
  std::string commit;
  std::string day;
  std::string author;
};

Row RowOf(const blame::RepositoryBlame& blame, size_t file, size_t line,
          const BlameWords& words) {
  const BlamedFile& blamed = blame.files[file];
  const BlamedLine& of = blamed.lines[line];
  Row row;
  if (of.origin != blame::kNone) {
    row.name = fmt::format(
        "{} [{}]",
        scan::FitColumns(Safe(OriginName(blamed.origins[of.origin].origin)),
                         kNameColumnsMax),
        of.origin + 1);
    // Filled names leave blanks before the number.
    const size_t blank = row.name.find("  ");
    if (blank != std::string::npos)
      row.name.erase(blank, row.name.rfind(" [") - blank);
  }
  row.strength = Safe(Strength(of, blamed));
  const corpus::HistoryCommit& commit =
      blame.history.commits[blame.history.files[file].lines[line].commit];
  row.commit =
      commit.id.empty()
          ? std::string(kCommitDigits, '0')
          : (commit.boundary ? "^" + commit.id.substr(0, kCommitDigits - 1)
                             : commit.id.substr(0, kCommitDigits));
  row.day = commit.id.empty() ? "not yet   " : DayText(commit.authored_micros);
  if (words.person_name) row.author = scan::FitColumns(Safe(commit.author), 16);
  return row;
}

std::string Disagreements(const BlamedFile& file) {
  std::string text;
  for (const blame::Disagreement& one : file.disagreements) {
    text +=
        fmt::format("disagreement, {} {}: {} says {}; {} says {}\n",
                    one.lines.begin == one.lines.end ? "line" : "lines",
                    one.lines.begin == one.lines.end
                        ? fmt::to_string(one.lines.begin)
                        : fmt::format("{}-{}", one.lines.begin, one.lines.end),
                    Safe(one.left), Safe(one.left_says), Safe(one.right),
                    Safe(one.right_says));
  }
  return text;
}

}  // namespace

std::string OriginName(const evidence::Origin& origin) {
  for (const std::string* name :
       {&origin.model, &origin.tool, &origin.provider, &origin.kind}) {
    if (!name->empty()) return *name;
  }
  return "a model";
}

Result<evidence::LineRange> ParseLines(std::string_view text) {
  const auto wrong = [&] {
    return Error(Code::kInvalid,
                 fmt::format("-L {}: must be as 10,20 or 10,+5", text));
  };
  const auto number = [](std::string_view digits) -> uint32_t {
    uint32_t value = 0;
    const auto [end, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return failed == std::errc() && end == digits.data() + digits.size() ? value
                                                                         : 0;
  };
  const size_t comma = text.find(',');
  evidence::LineRange range = {1, UINT32_MAX};
  const std::string_view first = text.substr(0, comma);
  if (!first.empty()) {
    range.begin = number(first);
    if (range.begin == 0) return wrong();
  }
  if (comma == std::string_view::npos) {
    if (first.empty()) return wrong();
    range.end = range.begin;
    return range;
  }
  std::string_view last = text.substr(comma + 1);
  if (last.empty()) return range;
  const bool counts = last.starts_with('+');
  if (counts) last.remove_prefix(1);
  const uint32_t end = number(last);
  if (end == 0 || (!counts && end < range.begin) ||
      (counts && end > UINT32_MAX - range.begin)) {
    return wrong();
  }
  range.end = counts ? range.begin + end - 1 : end;
  return range;
}

std::string BlameText(const blame::RepositoryBlame& blame, size_t file,
                      const BlameWords& words) {
  const BlamedFile& blamed = blame.files[file];
  const auto count = static_cast<uint32_t>(blamed.lines.size());
  const uint32_t begin = words.lines ? words.lines->begin - 1 : 0;
  const uint32_t end = words.lines ? std::min(words.lines->end, count) : count;
  std::vector<Row> rows;
  size_t name_columns = 0;
  size_t strength_columns = 0;
  std::vector<bool> named(blamed.origins.size());
  for (uint32_t i = begin; i < end; ++i) {
    Row& row = rows.emplace_back(RowOf(blame, file, i, words));
    name_columns = std::max(name_columns, scan::Columns(row.name));
    strength_columns = std::max(strength_columns, row.strength.size());
    if (blamed.lines[i].origin != blame::kNone)
      named[blamed.lines[i].origin] = true;
  }
  const size_t digits = fmt::to_string(end).size();
  std::string text;
  std::string_view rest = blame.history.files[file].text;
  for (uint32_t i = 0; i < end; ++i) {
    const size_t length = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    if (i < begin) continue;
    const Row& row = rows[i - begin];
    const LineClass line_class = blamed.lines[i].line_class;
    const bool colour = words.colour == BlameWords::Colour::kYes;
    if (colour) text += ColourOf(line_class);
    text += fmt::format("{:7}", blame::LineClassName(line_class));
    if (name_columns > 0) {
      text += ' ' + row.name +
              std::string(name_columns - scan::Columns(row.name), ' ');
    }
    if (strength_columns > 0)
      text += fmt::format(" {:>{}}", row.strength, strength_columns);
    if (colour) text += "\x1b[0m";
    text += fmt::format("  {} {}", row.commit, row.day);
    if (!row.author.empty()) text += ' ' + row.author;
    text += fmt::format(" {:>{}}) {}", i + 1, digits, WithoutTabs(line));
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  }
  const std::string disagreements = Disagreements(blamed);
  if (std::find(named.begin(), named.end(), true) != named.end() ||
      !disagreements.empty()) {
    text += '\n';
  }
  for (size_t i = 0; i < named.size(); ++i) {
    if (named[i])
      text +=
          fmt::format("[{}] {}\n", i + 1, Describe(blamed.origins[i], words));
  }
  return text + disagreements;
}

}  // namespace cofferdam::cli
