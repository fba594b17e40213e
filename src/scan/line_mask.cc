#include "scan/line_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <variant>

#include "base/json.h"
#include "corpus/memory_file.h"
#include "seal/sha1.h"

namespace cofferdam::scan {
namespace {

constexpr size_t kBlobDigits = 40;

std::optional<policy::Verdict> ParseVerdict(std::string_view name) {
  for (const auto verdict :
       {policy::Verdict::kClean, policy::Verdict::kAllowed,
        policy::Verdict::kAmbiguous, policy::Verdict::kForbidden}) {
    if (policy::VerdictName(verdict) == name) return verdict;
  }
  return std::nullopt;
}

std::optional<uint32_t> Line(const JsonValue& value) {
  const auto number = value.Int();
  if (!number || *number < 1 || *number > std::numeric_limits<uint32_t>::max())
    return std::nullopt;
  return static_cast<uint32_t>(*number);
}

bool IsBlob(std::string_view text) {
  return text.size() == kBlobDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Half-open bytes of lines from 1; empty for lines behind the end.
corpus::Cut CutOf(std::string_view text, uint32_t first, uint32_t last) {
  size_t begin = 0;
  for (uint32_t line = 1; line < first && begin < text.size(); ++line)
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  size_t end = begin;
  for (uint64_t line = first; line <= last && end < text.size(); ++line)
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return {"", begin, end};
}

}  // namespace

Result<LineMask> LineMask::Parse(std::string_view text,
                                 std::string_view file_name) {
  LineMask mask;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto wrong = [&](std::string_view why) {
      return Error(Code::kInvalid,
                   fmt::format("{}:{}: {}", file_name, number, why));
    };
    if (line.size() > kMaskLineBytesMax) return wrong("the line is too long");
    const auto json = JsonDocument::Parse(line);
    if (!json.ok() || !json->root().is_object())
      return wrong("not a JSON object");
    const std::string_view blob = (*json)["blob"].StringOrEmpty();
    if (!IsBlob(blob)) return wrong("blob: must be 40 hexadecimal digits");
    const auto verdict = ParseVerdict((*json)["verdict"].StringOrEmpty());
    if (!verdict) return wrong("verdict: unknown");
    if (!(*json)["ranges"].is_array()) return wrong("ranges: must be an array");
    Row row;
    row.verdict = *verdict;
    for (const JsonValue& range : (*json)["ranges"].Elements()) {
      const auto first = Line(range.At(0));
      const auto last = Line(range.At(1));
      if (!first || !last || *last < *first)
        return wrong("ranges: must be pairs of lines, from 1");
      row.ranges.emplace_back(*first, *last);
    }
    mask.blobs_[std::string(blob)].push_back(std::move(row));
  }
  return mask;
}

Result<std::vector<corpus::RecordEdit>> LineMask::EditsOf(
    const std::vector<std::string>& paths, const corpus::TreeLimits& limits,
    const EditList::Options& options) const {
  std::vector<corpus::RecordEdit> edits;
  TRY_ASSIGN(corpus::TreeWalk walk, corpus::TreeWalk::Open(paths, limits));
  std::string text;
  while (auto next = walk.Next()) {
    const auto* document = std::get_if<corpus::Document>(&*next);
    if (document == nullptr ||
        corpus::ReadDocument(*document, limits.text, &text))
      continue;
    const auto rows = blobs_.find(seal::GitBlobId(text));
    if (rows == blobs_.end() || !corpus::IsOneText(document->path, text))
      continue;
    corpus::RecordEdit edit;
    edit.path = edit.outer = document->path;
    edit.end = text.size();
    for (const Row& row : rows->second) {
      const bool goes =
          row.verdict == policy::Verdict::kForbidden ||
          (options.ambiguous && row.verdict == policy::Verdict::kAmbiguous);
      if (!goes) continue;
      for (const auto& [first, last] : row.ranges) {
        corpus::Cut cut = CutOf(text, first, last);
        if (cut.begin < cut.end) edit.cuts.push_back(std::move(cut));
      }
    }
    if (edit.cuts.empty()) continue;
    if (options.action == WriteAction::kDrop) {
      edit.drop = true;
      edit.cuts.clear();
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

std::vector<corpus::RecordEdit> JoinEdits(std::vector<corpus::RecordEdit> a,
                                          std::vector<corpus::RecordEdit> b) {
  const auto key = [](const corpus::RecordEdit& edit) {
    return std::tie(edit.path, edit.number, edit.begin);
  };
  std::map<std::tuple<std::string, uint64_t, uint64_t>, size_t> known;
  for (size_t i = 0; i < a.size(); ++i) known.emplace(key(a[i]), i);
  for (corpus::RecordEdit& edit : b) {
    const auto at = known.find(key(edit));
    if (at == known.end()) {
      a.push_back(std::move(edit));
      continue;
    }
    corpus::RecordEdit& first = a[at->second];
    first.drop = first.drop || edit.drop;
    first.cuts.insert(first.cuts.end(), edit.cuts.begin(), edit.cuts.end());
    if (first.drop) first.cuts.clear();
  }
  return a;
}

}  // namespace cofferdam::scan
