#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <vector>

#include "agent/tools/built_in_tool_internal.h"
#include "agent/tools/shown_text.h"
#include "corpus/text_file.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr size_t kSuggestionsMax = 3;
// Names of one folder that are compared.
constexpr size_t kNamesMax = 5000;
constexpr size_t kNameBytesMax = 255;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// The number of changed characters, case aside.
size_t NameDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

struct Signature {
  std::string_view bytes;
  std::string_view kind;
};

}  // namespace

std::optional<ToolOutcome> RefuseInPlanMode(const ToolShop& shop) {
  if (!shop.IsPlanning()) return std::nullopt;
  return Failed(
      "plan mode: nothing is changed. Read what you need, then call plan with "
      "what you would do.");
}

std::string DescribeBinary(const std::string& shown, std::string_view bytes) {
  constexpr std::array<Signature, 8> kSignatures = {
      {{"\x89PNG", "a PNG image"},
       {"\xff\xd8\xff", "a JPEG image"},
       {"GIF8", "a GIF image"},
       {"%PDF-", "a PDF document"},
       {"PK\x03\x04", "a ZIP archive"},
       {"\x1f\x8b", "a gzip file"},
       {"\x7f"
        "ELF",
        "a program"},
       {"SQLite format 3", "an SQLite database"}}};
  std::string size = Counted(static_cast<int64_t>(bytes.size()), "byte");
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    return fmt::format(
        "{} is UTF-16 text ({}); convert it with iconv in a command to read it",
        shown, size);
  }
  for (const Signature& one : kSignatures) {
    if (bytes.starts_with(one.bytes)) {
      return fmt::format("{} is {} ({}); only text is shown here", shown,
                         one.kind, size);
    }
  }
  if (bytes.starts_with("RIFF") &&
      bytes.substr(0, 16).find("WEBP") != std::string_view::npos) {
    return fmt::format("{} is a WebP image ({}); only text is shown here",
                       shown, size);
  }
  if (corpus::LooksBinary(bytes.substr(0, corpus::kTextProbeBytes)))
    return fmt::format("{} is a binary file ({}), no text", shown, size);
  return "";
}

Result<OpenedText> OpenForEdit(const Workspace& workspace,
                               std::string_view path) {
  OpenedText opened;
  TRY_ASSIGN(opened.path, workspace.Find(path));
  TRY(workspace.CheckWritable(opened.path));
  if (opened.path.kind == WorkspacePath::Kind::kNone) return opened;
  TRY_ASSIGN(WorkspaceFile file, workspace.Read(path));
  opened.path = file.path;
  opened.stamp = file.stamp;
  opened.bytes = std::move(file.bytes);
  opened.bom = opened.bytes.starts_with(kByteOrderMark);
  std::string binary = DescribeBinary(opened.path.shown, opened.bytes);
  if (!binary.empty()) return Error(Code::kInvalid, binary);
  return opened;
}

std::string SuggestPaths(const Workspace& workspace, std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  size_t slash = path.rfind('/');
  std::string folder(slash == std::string_view::npos
                         ? std::string_view(".")
                         : path.substr(0, std::max<size_t>(slash, 1)));
  std::string_view name =
      slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (name.size() > kNameBytesMax) return "";
  Result<WorkspacePath> place = workspace.Find(folder);
  if (!place.ok()) return "";
  if (place->kind != WorkspacePath::Kind::kFolder)
    return fmt::format("; the folder {} is not there either", folder);
  std::vector<std::pair<size_t, std::string>> near;
  std::error_code error;
  size_t looked_at = 0;
  std::string wanted = Lower(name);
  for (std::filesystem::directory_iterator it(place->absolute, error), end;
       !error && it != end && looked_at < kNamesMax;
       it.increment(error), ++looked_at) {
    std::string one = it->path().filename();
    std::string lower = Lower(one);
    size_t distance = NameDistance(lower, wanted);
    bool stem =
        lower.substr(0, lower.find('.')) == wanted.substr(0, wanted.find('.'));
    if (stem) distance = std::min<size_t>(distance, 1);
    if (distance <= std::max<size_t>(1, wanted.size() / 3))
      near.emplace_back(distance, one);
  }
  std::sort(near.begin(), near.end());
  if (near.empty()) return "";
  std::string out;
  for (size_t i = 0; i < near.size() && i < kSuggestionsMax; ++i) {
    std::string_view gap = i == 0 ? "; did you mean " : ", ";
    std::string before = place->shown == "." ? std::string() : place->shown;
    out += fmt::format("{}{}{}{}", gap, before, before.empty() ? "" : "/",
                       ShownText(near[i].second));
  }
  return out;
}

}  // namespace cofferdam::agent
