#include "scan/origin_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace cofferdam::scan {
namespace {

std::string Named(const std::string& name, const std::string& whose) {
  const std::string& shown = name.empty() ? "unknown" : name;
  return whose.empty() ? shown : fmt::format("{} ({})", shown, whose);
}

void AddTally(const Tally& from, Tally* to) {
  to->findings += from.findings;
  to->lines += from.lines;
}

void AddAll(const VerdictTally& from, VerdictTally* to) {
  AddTally(from.allowed, &to->allowed);
  AddTally(from.ambiguous, &to->ambiguous);
  AddTally(from.forbidden, &to->forbidden);
}

}  // namespace

void VerdictTally::Add(const evidence::Finding& finding) {
  Tally* tally = &allowed;
  if (finding.verdict == policy::Verdict::kAmbiguous) tally = &ambiguous;
  if (finding.verdict == policy::Verdict::kForbidden) tally = &forbidden;
  ++tally->findings;
  // A finding about a whole record has no lines.
  if (finding.lines.begin > 0)
    tally->lines += finding.lines.end - finding.lines.begin + 1;
}

std::string OriginLabel(const evidence::Origin& origin) {
  return Named(origin.model, origin.provider);
}

std::string MarkLabel(const evidence::FoundMark& mark) {
  return Named(mark.model.empty() ? mark.name : mark.model, mark.kind);
}

std::vector<std::string> OriginLabels(const evidence::Finding& finding) {
  std::vector<std::string> labels;
  auto add = [&labels](std::string label) {
    if (std::find(labels.begin(), labels.end(), label) == labels.end())
      labels.push_back(std::move(label));
  };
  for (const evidence::FoundOrigin& found : finding.origins)
    add(OriginLabel(found.origin));
  for (const evidence::FoundMark& mark : finding.marks) add(MarkLabel(mark));
  if (labels.empty()) labels.emplace_back("unknown");
  return labels;
}

void OriginTable::Add(const evidence::Finding& finding) {
  bool beyond = false;
  for (std::string& label : OriginLabels(finding)) {
    auto row = rows_.find(label);
    if (row == rows_.end()) {
      if (rows_.size() == kOriginsMax) {
        beyond = true;
        continue;
      }
      row = rows_.emplace(std::move(label), VerdictTally()).first;
    }
    row->second.Add(finding);
  }
  if (beyond) beyond_.Add(finding);
}

std::vector<OriginTable::Row> OriginTable::Top(size_t count) const {
  std::vector<Row> rows;
  rows.reserve(rows_.size());
  for (const auto& [label, tally] : rows_) rows.push_back({label, tally});
  auto key = [](const Row& row) {
    return std::tuple(
        row.tally.forbidden.findings + row.tally.ambiguous.findings,
        row.tally.findings());
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row& a, const Row& b) { return key(a) > key(b); });
  Row others = {"", beyond_};
  size_t left_out = rows.size() - std::min(count, rows.size());
  for (size_t i = rows.size() - left_out; i < rows.size(); ++i)
    AddAll(rows[i].tally, &others.tally);
  rows.resize(rows.size() - left_out);
  if (others.tally.findings() > 0) {
    others.label =
        beyond_.findings() > 0
            ? "others"
            : fmt::format("{} other{}", left_out, left_out == 1 ? "" : "s");
    rows.push_back(std::move(others));
  }
  return rows;
}

}  // namespace cofferdam::scan
