#include "scan/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "scan/html_page.h"
#include "scan/line_pairs.h"
#include "scan/text_columns.h"

namespace cofferdam::scan {
namespace {

using evidence::Finding;
using evidence::FoundOrigin;
using policy::Verdict;

constexpr size_t kOriginsShown = 8;
constexpr size_t kChartRows = 12;
constexpr size_t kPassedOverMax = 200;

std::string Lines(evidence::LineRange lines) {
  if (lines.begin == 0) return "all of it";
  return lines.begin == lines.end
             ? fmt::format("line {}", lines.begin)
             : fmt::format("lines {}–{}", lines.begin, lines.end);
}

std::string Cell(std::string_view text) {
  return "<td>" + HtmlText(text) + "</td>";
}

std::string NumberCell(std::string_view text) {
  return fmt::format("<td class=\"n\">{}</td>", text);
}

std::string OriginRow(const FoundOrigin& found, const PersonName& name) {
  const evidence::Origin& origin = found.origin;
  std::string person = name ? name(origin.person) : "";
  if (person.empty()) person = origin.person;
  std::string where = origin.repo;
  if (!origin.path.empty()) where += (where.empty() ? "" : " ") + origin.path;
  std::string row = "<tr>" + Cell(OriginLabel(origin));
  row += Cell(fmt::format("{}: {}", origin.contract,
                          policy::TermsClassName(origin.terms_class)));
  row += Cell(person) + Cell(where);
  row +=
      NumberCell(origin.time == 0 ? "" : FormatTime(origin.time).substr(0, 10));
  row += fmt::format("<td><code>{}</code> part {}, {}</td>",
                     HtmlText(origin.exchange), origin.part,
                     Lines(found.output_lines));
  row += NumberCell(fmt::format("{:.0f}", found.bits()));
  return row + NumberCell(policy::VerdictName(found.verdict)) + "</tr>\n";
}

std::string Origins(const Finding& finding, const PersonName& name) {
  if (finding.origins.empty()) return "";
  std::string table =
      "<div class=\"wide\"><table class=\"list\"><tr><th>origin</th><th>"
      "contract</th><th>person</th><th>written for</th><th "
      "class=\"n\">day</th><th>"
      "output</th><th class=\"n\">bits</th><th class=\"n\">by its terms</th>"
      "</tr>\n";
  size_t shown = std::min(finding.origins.size(), kOriginsShown);
  for (size_t i = 0; i < shown; ++i)
    table += OriginRow(finding.origins[i], name);
  table += "</table></div>\n";
  size_t more = finding.origins.size() - shown + finding.origins_left_out;
  if (more > 0) {
    table += fmt::format("<p class=\"soft\">and {} more origin{}</p>\n", more,
                         more == 1 ? "" : "s");
  }
  return table;
}

std::string Marks(const Finding& finding) {
  std::string list;
  for (const evidence::FoundMark& mark : finding.marks) {
    bool strong = mark.weight == evidence::MarkWeight::kStrong;
    list += fmt::format("<p>{} <span class=\"soft\">({}{})</span></p>\n",
                        HtmlText(mark.words), HtmlText(mark.kind),
                        strong ? "" : ", weak");
  }
  return list;
}

std::string LineText(std::string_view line) {
  constexpr size_t kMax = HtmlReport::kLineBytesMax;
  if (line.size() <= kMax) return HtmlText(line);
  size_t end = kMax;
  while (end > 0 && (static_cast<uint8_t>(line[end]) & 0xc0) == 0x80) --end;
  return HtmlText(line.substr(0, end)) + "…";
}

std::string_view RowClass(LinePair::Kind kind) {
  switch (kind) {
    case LinePair::Kind::kSame:
      return "same";
    case LinePair::Kind::kRenamed:
      return "renamed";
    case LinePair::Kind::kChanged:
      return "changed";
    case LinePair::Kind::kOnlyLeft:
    case LinePair::Kind::kOnlyRight:
      return "only";
  }
  return "";
}

std::string Side(const std::vector<std::string_view>& lines, size_t at,
                 uint32_t first) {
  if (at == SIZE_MAX)
    return "<td class=\"no none\"></td><td class=\"none\"></td>";
  return fmt::format("<td class=\"no\">{}</td><td>{}</td>", first + at,
                     LineText(lines[at]));
}

// The first lines of a text, and how many there are beyond.
NumberedText Shortened(NumberedText text, size_t* more) {
  std::string_view head =
      LinesOf(text.text, 1, static_cast<uint32_t>(HtmlReport::kTextLinesMax));
  std::string_view rest = text.text.substr(head.size());
  *more = SplitLines(rest).size();
  return {head, text.first_line};
}

std::string MoreLines(size_t left, size_t right) {
  size_t more = std::max(left, right);
  if (more == 0) return "";
  return fmt::format("<p class=\"soft\">and {} more line{}</p>\n", more,
                     more == 1 ? "" : "s");
}

std::string PairTable(NumberedText left, NumberedText right,
                      fingerprint::Language language) {
  size_t more_left = 0;
  size_t more_right = 0;
  left = Shortened(left, &more_left);
  right = Shortened(right, &more_right);
  const auto left_lines = SplitLines(left.text);
  const auto right_lines = SplitLines(right.text);
  std::string table =
      "<p class=\"key soft\"><span class=\"renamed\">the same but for names"
      "</span><span class=\"changed\">changed</span><span class=\"only\">on "
      "one side only</span></p>\n<table class=\"pair\"><colgroup><col "
      "class=\"no\"><col><col class=\"no\"><col></colgroup><tr><th "
      "colspan=\"2\">this text</th><th colspan=\"2\">the output</th></tr>\n";
  for (const LinePair& pair : PairLines(left.text, right.text, language)) {
    table += fmt::format("<tr class=\"{}\">{}{}</tr>\n", RowClass(pair.kind),
                         Side(left_lines, pair.left, left.first_line),
                         Side(right_lines, pair.right, right.first_line));
  }
  return table + "</table>\n" + MoreLines(more_left, more_right);
}

std::string OneTable(NumberedText text) {
  size_t more = 0;
  text = Shortened(text, &more);
  const auto lines = SplitLines(text.text);
  std::string table =
      "<table class=\"pair\"><colgroup><col class=\"no\"><col></colgroup>\n";
  for (size_t i = 0; i < lines.size(); ++i)
    table += "<tr>" + Side(lines, i, text.first_line) + "</tr>\n";
  return table + "</table>\n" + MoreLines(more, 0);
}

std::string Size(uint64_t bytes) {
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", bytes / 1e3);
  if (bytes < 10'000'000'000) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.1f} GB", bytes / 1e9);
}

std::string Sum(std::string_view name, std::string_view number,
                std::string_view below) {
  return fmt::format(
      "<div class=\"{0}\"><b>{1}</b>{0}<br><span class=\"soft\">"
      "{2}</span></div>\n",
      name, number, below);
}

std::string VerdictSum(Verdict verdict, const Tally& tally) {
  return Sum(policy::VerdictName(verdict), fmt::to_string(tally.findings),
             fmt::format("{} lines", tally.lines));
}

// Widths are attributes, since the page's policy admits no inline style.
std::string ChartBar(const VerdictTally& tally, uint64_t largest) {
  std::string bar =
      "<svg viewBox=\"0 0 1000 14\" preserveAspectRatio=\"none\">";
  double x = 0;
  const std::pair<std::string_view, const Tally*> parts[] = {
      {"forbidden", &tally.forbidden},
      {"ambiguous", &tally.ambiguous},
      {"allowed", &tally.allowed}};
  for (const auto& [name, part] : parts) {
    if (part->findings == 0) continue;
    double width = std::max(4.0, 990.0 * static_cast<double>(part->findings) /
                                     static_cast<double>(largest));
    bar += fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"1\" width=\"{:.1f}\" "
        "height=\"12\"/>",
        name, x, width);
    x += width;
  }
  return bar + "</svg>";
}

std::string Chart(const OriginTable& origins) {
  const std::vector<OriginTable::Row> rows = origins.Top(kChartRows);
  if (rows.empty()) return "";
  uint64_t largest = 1;
  for (const OriginTable::Row& row : rows)
    largest = std::max(largest, row.tally.findings());
  std::string table =
      "<h3>Findings by origin</h3>\n<div class=\"wide\"><table class=\"list\">"
      "<tr><th>origin</th><th></th><th class=\"n\">forbidden</th><th "
      "class=\"n\">ambiguous</th><th class=\"n\">allowed</th></tr>\n";
  for (const OriginTable::Row& row : rows) {
    table +=
        fmt::format("<tr>{}<td class=\"bar\">{}</td>{}{}{}</tr>\n",
                    Cell(row.label), ChartBar(row.tally, largest),
                    NumberCell(fmt::to_string(row.tally.forbidden.findings)),
                    NumberCell(fmt::to_string(row.tally.ambiguous.findings)),
                    NumberCell(fmt::to_string(row.tally.allowed.findings)));
  }
  return table +
         "</table></div>\n<p class=\"soft\">A finding that several "
         "origins explain counts for each.</p>\n";
}

constexpr std::string_view kFilter =
    "<form id=\"filter\" hidden>\n"
    "<label><input type=\"checkbox\" value=\"forbidden\" checked><span></span>"
    "</label>\n"
    "<label><input type=\"checkbox\" value=\"ambiguous\" checked><span></span>"
    "</label>\n"
    "<label><input type=\"checkbox\" value=\"allowed\" checked><span></span>"
    "</label>\n"
    "<label>origin <select><option value=\"\">any</option></select></label>\n"
    "<label>place <input type=\"search\" placeholder=\"part of a path\">"
    "</label>\n<output></output>\n</form>\n";

}  // namespace

HtmlReport::HtmlReport(Write write, Options options)
    : write_(std::move(write)), options_(std::move(options)) {}

void HtmlReport::Out(std::string_view text) {
  bytes_ += text.size();
  write_(text);
}

void HtmlReport::Begin() {
  if (std::exchange(begun_, true)) return;
  Out(HtmlHead("Scan of " + options_.corpus));
  Out(
      fmt::format("<header><h1>Scan of {}</h1><p class=\"soft\">for {} · {} · "
                  "cofferdam {}</p></header>\n",
                  HtmlText(options_.corpus), HtmlText(options_.purpose),
                  FormatTime(options_.time).substr(0, 19) + "Z",
                  HtmlText(options_.version)));
}

std::string HtmlReport::Texts(const Finding& finding) const {
  if (!finding.text) return "";
  NumberedText ours = {*finding.text, finding.lines.begin};
  std::string inside;
  if (finding.origins.empty() || !options_.fetch_text) {
    inside = OneTable(ours);
  } else {
    const FoundOrigin& best = finding.origins.front();
    auto output = options_.fetch_text(best.origin.exchange, best.origin.part);
    if (output.ok()) {
      evidence::LineRange lines = best.output_lines;
      inside = PairTable(
          ours, {LinesOf(*output, lines.begin, lines.end), lines.begin},
          finding.language);
    } else {
      inside = "<p>The output's text: " + HtmlText(output.error().message()) +
               "</p>\n" + OneTable(ours);
    }
  }
  return "<details open><summary>Text</summary>\n" + inside + "</details>\n";
}

void HtmlReport::OnFinding(const Finding& finding) {
  Begin();
  ++findings_;
  const bool forbidden = finding.verdict == policy::Verdict::kForbidden;
  if (shown_ >= kFindingsMax + (forbidden ? kForbiddenMore : 0) ||
      bytes_ >= kBytesMax + (forbidden ? kForbiddenBytesMore : 0)) {
    return;
  }
  ++shown_;
  const evidence::FindingPlace& place = finding.place;
  std::string where;
  if (place.record > 0) where += fmt::format("record {} · ", place.record);
  if (!place.field.empty()) where += HtmlText(place.field) + " · ";
  where += Lines(finding.lines);
  JsonWriter origins;
  origins.BeginArray();
  for (const std::string& label : OriginLabels(finding)) origins.String(label);
  origins.EndArray();
  std::string_view verdict = policy::VerdictName(finding.verdict);
  Out(fmt::format(
      "<article class=\"{0}\" data-verdict=\"{0}\" data-origins=\"{1}\">\n"
      "<h2><span class=\"badge\">{0}</span><code>{2}</code> <span "
      "class=\"soft\">{3}</span></h2>\n<p>{4}</p>\n{5}{6}{7}</article>\n",
      verdict, HtmlText(origins.text()), HtmlText(place.path), where,
      HtmlText(finding.why), Marks(finding),
      Origins(finding, options_.person_name), Texts(finding)));
}

void HtmlReport::OnPassedOver(const corpus::PassedOver& passed) {
  if (passed_over_shown_ == kPassedOverMax) return;
  ++passed_over_shown_;
  passed_over_ += "<tr>" + Cell(passed.path) +
                  Cell(corpus::ReasonName(passed.reason)) +
                  Cell(passed.detail) + "</tr>\n";
}

void HtmlReport::Finish(const ScanReport& report) {
  Begin();
  const VerdictTally& all = report.verdicts;
  std::string read =
      fmt::format("{} file{}", report.files, report.files == 1 ? "" : "s");
  if (report.records > report.files)
    read += fmt::format(", {} records", report.records);
  // Written last, since it is only known now; the style puts it first.
  Out("<section id=\"summary\">\n<div class=\"sums\">\n");
  Out(VerdictSum(Verdict::kForbidden, all.forbidden));
  Out(VerdictSum(Verdict::kAmbiguous, all.ambiguous));
  Out(VerdictSum(Verdict::kAllowed, all.allowed));
  Out(Sum("read", Size(report.bytes), read));
  Out(Sum("passed over", fmt::to_string(report.passed_over),
          report.passed_over > 0 ? "listed below" : ""));
  Out("</div>\n");
  if (findings_ > shown_) {
    Out(
        fmt::format("<p>{} of {} findings are shown here; the others are in "
                    "the sums.</p>\n",
                    shown_, findings_));
  }
  Out(report.covered_sequence == 0
          ? "<p class=\"soft\">The index was empty: there was nothing to "
            "compare with.</p>\n"
          : fmt::format("<p class=\"soft\">The index covers the ledger up to "
                        "sequence {}.</p>\n",
                        report.covered_sequence));
  for (const std::string& notice : report.notices)
    Out("<p>" + HtmlText(notice) + "</p>\n");
  Out(Chart(report.origins));
  if (passed_over_shown_ > 0) {
    Out(
        fmt::format("<details><summary>Passed over: {}</summary>\n<table "
                    "class=\"list\">{}</table></details>\n",
                    report.passed_over, passed_over_));
  }
  Out("</section>\n");
  Out(kFilter);
  Out(fmt::format("</main>\n<script>{}</script>\n</body>\n</html>\n",
                  HtmlScript()));
}

}  // namespace cofferdam::scan
