#include "cli/adoption_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/base64.h"
#include "base/check.h"
#include "cli/table.h"
#include "scan/html_page.h"
#include "seal/hash.h"

namespace cofferdam::cli {
namespace {

using scan::HtmlText;

// Groups of one chart; the others are in the report as JSON.
constexpr size_t kBarsMax = 60;
constexpr double kChartWidth = 720;

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b1f26; --soft: #5b6472;
  --line: #dde1e7; --model: #2457c5; --mixed: #7fa3ee; --unknown: #c3c8d1;
  --human: #d99a2b; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171c; --card: #1c2027; --ink: #e4e8ee; --soft: #98a2b1;
  --line: #323843; --model: #6f9bff; --mixed: #3d5a9e; --unknown: #4b525e;
  --human: #e3ac3f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px;
  display: flex; flex-direction: column; gap: 14px; }
h1 { font-size: 22px; margin: 0; }
h2 { font-size: 15px; margin: 0 0 10px; }
p { margin: 4px 0; }
.soft { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: 14px 18px; }
.sums { display: flex; flex-wrap: wrap; gap: 12px 38px; }
.sums b { display: block; font-size: 26px; line-height: 1.2; }
.sums span { color: var(--soft); font-size: 13px; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px;
  margin: 10px 0 14px; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  margin-right: 6px; vertical-align: -1px; }
i.model { background: var(--model); } i.mixed { background: var(--mixed); }
i.unknown { background: var(--unknown); }
i.human { background: var(--human); }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg text.soft { fill: var(--soft); }
rect.model { fill: var(--model); } rect.mixed { fill: var(--mixed); }
rect.unknown { fill: var(--unknown); } rect.human { fill: var(--human); }
line { stroke: var(--line); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; font-weight: 600; font-size: 12px; color: var(--soft); }
th, td { padding: 4px 14px 4px 0; border-top: 1px solid var(--line);
  white-space: nowrap; }
tr:first-child th { border-top: 0; }
td.n, th.n { text-align: right; }
td.bar { width: 30%; min-width: 160px; }
@media print { section { break-inside: avoid; } }
)css";

struct Class {
  const char* name;
  const char* words;
};
constexpr Class kClasses[] = {{"model", "a model's"},
                              {"mixed", "a model's and a person's"},
                              {"unknown", "not known"},
                              {"human", "a person's"}};

int64_t Number(const JsonValue& value) { return value.Int().value_or(0); }

int64_t LinesOf(const JsonValue& lines) {
  int64_t all = 0;
  for (const Class& part : kClasses) all += Number(lines[part.name]);
  return all;
}

std::string NameOf(const JsonValue& row, const std::string& by) {
  const std::string_view name =
      row[by == "engineer" ? "person" : by].StringOrEmpty();
  return std::string(name.empty() ? "(none)" : name);
}

// Parts of a bar from `x` to the right, at `y`; `scale` units a line.
std::string Bar(const JsonValue& lines, double x, double y, double height,
                double scale, std::string_view title) {
  std::string bar = fmt::format("<g><title>{}</title>", title);
  for (const Class& part : kClasses) {
    const double width = static_cast<double>(Number(lines[part.name])) * scale;
    if (width <= 0) continue;
    bar += fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/>",
        part.name, x, y, width, height);
    x += width;
  }
  return bar + "</g>";
}

std::string TitleOf(std::string_view name, const JsonValue& row) {
  std::string title = fmt::format("{}: {} lines", HtmlText(name),
                                  Grouped(LinesOf(row["lines"])));
  for (const Class& part : kClasses) {
    title += fmt::format(", {} {}", Grouped(Number(row["lines"][part.name])),
                         part.name);
  }
  return title;
}

// A column for each month, as high as its lines are many, and the share that
// models had a part in above it.
std::string MonthChart(const JsonDocument& report) {
  const std::vector<JsonValue> rows = report["rows"].Elements();
  if (rows.empty()) return "<p class=\"soft\">Nothing to show.</p>\n";
  constexpr double kHeight = 220;
  constexpr double kTop = 24;
  constexpr double kBottom = 24;
  int64_t most = 1;
  for (const JsonValue& row : rows)
    most = std::max(most, LinesOf(row["lines"]));
  const double step = kChartWidth / static_cast<double>(rows.size());
  const double width = std::min(64.0, step * 0.6);
  const double scale = (kHeight - kTop - kBottom) / static_cast<double>(most);
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"lines by "
      "month\"><line x1=\"0\" x2=\"{:.0f}\" y1=\"{:.0f}\" y2=\"{:.0f}\"/>",
      kChartWidth, kHeight, kChartWidth, kHeight - kBottom, kHeight - kBottom);
  double middle = step / 2;
  for (const JsonValue& row : rows) {
    const std::string name = NameOf(row, "month");
    double y = kHeight - kBottom;
    svg += fmt::format("<g><title>{}</title>", TitleOf(name, row));
    for (const Class& part : kClasses) {
      const double height =
          static_cast<double>(Number(row["lines"][part.name])) * scale;
      if (height <= 0) continue;
      y -= height;
      svg += fmt::format(
          "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
          "height=\"{:.1f}\"/>",
          part.name, middle - width / 2, y, width, height);
    }
    svg += fmt::format(
        "</g><text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>"
        "<text class=\"soft\" x=\"{:.1f}\" y=\"{:.0f}\" "
        "text-anchor=\"middle\">{}</text>",
        middle, y - 6, ShareText(row["with_models"]), middle, kHeight - 6,
        HtmlText(name));
    middle += step;
  }
  return svg + "</svg>\n";
}

std::string Cell(std::string_view text) {
  return fmt::format("<td class=\"n\">{}</td>", text);
}

std::string RowHtml(std::string_view name, const JsonValue& row) {
  const int64_t all = LinesOf(row["lines"]);
  std::string html = "<tr><td>" + HtmlText(name) + "</td><td class=\"bar\">";
  if (all > 0) {
    html +=
        "<svg viewBox=\"0 0 200 12\" preserveAspectRatio=\"none\" "
        "height=\"12\" role=\"img\">" +
        Bar(row["lines"], 0, 0, 12, 200 / static_cast<double>(all),
            TitleOf(name, row)) +
        "</svg>";
  }
  html += "</td>" + Cell(Grouped(all));
  html += Cell(all == 0 ? "-" : ShareText(row["with_models"]));
  html += Cell(EngineersText(row));
  const auto survival = row["survival"].Double();
  html += Cell(survival ? fmt::format("{:.0f} %", *survival * 100) : "-");
  html += Cell(Grouped(all - LinesOf(row["settled"])));
  const auto tokens = row["tokens_per_line"].Double();
  html +=
      Cell(tokens ? Grouped(static_cast<int64_t>(std::lround(*tokens))) : "-");
  const auto cost = row["micro_dollars_per_line"].Double();
  html += Cell(cost ? fmt::format("${:.4f}", *cost / 1e6) : "-");
  return html + "</tr>\n";
}

std::string GroupTable(const std::string& by, const JsonDocument& report) {
  std::string html = fmt::format(
      "<div class=\"wide\"><table><tr><th>{}</th><th>lines by who wrote "
      "them</th><th class=\"n\">lines</th><th class=\"n\">with models</th><th "
      "class=\"n\">engineers ≥ {} %</th><th class=\"n\">alive 30 days</th><th "
      "class=\"n\">too young</th><th class=\"n\">tokens/line</th><th "
      "class=\"n\">cost/line</th></tr>\n",
      by, Number(report["threshold"]));
  std::vector<JsonValue> rows = report["rows"].Elements();
  if (by != "month") {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const JsonValue& a, const JsonValue& b) {
                       return LinesOf(a["lines"]) > LinesOf(b["lines"]);
                     });
  }
  const size_t shown = std::min(rows.size(), kBarsMax);
  for (size_t i = 0; i < shown; ++i) {
    html += RowHtml(NameOf(rows[i], by), rows[i]);
  }
  if (report["folded"].present()) {
    html += RowHtml("(groups under 5)", report["folded"]);
  }
  html += "</table></div>\n";
  if (rows.size() > shown) {
    html +=
        fmt::format("<p class=\"soft\">and {} more</p>\n", rows.size() - shown);
  }
  return html;
}

std::string Sums(const JsonDocument& report) {
  const JsonValue total = report["total"];
  const auto survival = total["survival"].Double();
  const auto cost = total["micro_dollars_per_line"].Double();
  const auto tokens = total["tokens_per_line"].Double();
  // What is not known is left out: the tables say so.
  const auto sum = [](std::string_view value, std::string_view words) {
    if (value == "-") return std::string();
    return fmt::format("<div><b>{}</b><span>{}</span></div>", value, words);
  };
  const int64_t all = LinesOf(total["lines"]);
  return "<section><div class=\"sums\">" +
         sum(Grouped(all), "lines committed") +
         sum(all == 0 ? "-" : ShareText(total["with_models"]),
             "written with models") +
         sum(EngineersText(total),
             fmt::format("engineers write at least {} % with models",
                         Number(report["threshold"]))) +
         sum(survival ? fmt::format("{:.0f} %", *survival * 100) : "-",
             "of models' lines alive after 30 days") +
         sum(tokens ? Grouped(static_cast<int64_t>(std::lround(*tokens))) : "-",
             "tokens per surviving line") +
         sum(cost ? fmt::format("${:.4f}", *cost / 1e6) : "-",
             "per surviving line") +
         "</div></section>\n";
}

std::string Key() {
  std::string key = "<div class=\"key\">";
  for (const Class& part : kClasses) {
    key += fmt::format("<span><i class=\"{}\"></i>{}: {}</span>", part.name,
                       part.name, part.words);
  }
  return key + "</div>\n";
}

}  // namespace

std::string ShareText(const JsonValue& range) {
  const double least = std::round(range["least"].Double().value_or(0) * 100);
  const double most = std::round(range["most"].Double().value_or(0) * 100);
  if (least == most) return fmt::format("{:.0f} %", least);
  return fmt::format("{:.0f}–{:.0f} %", least, most);
}

std::string EngineersText(const JsonValue& row) {
  const int64_t engineers = Number(row["engineers"]);
  if (engineers == 0) return "-";
  const int64_t least = Number(row["engineers_above"]["least"]);
  const int64_t most = Number(row["engineers_above"]["most"]);
  if (engineers == 1) return least == 1 ? "yes" : most == 0 ? "no" : "perhaps";
  if (least == most) return fmt::format("{} of {}", least, engineers);
  return fmt::format("{}–{} of {}", least, most, engineers);
}

std::vector<std::string> AdoptionWords(const JsonDocument& report) {
  const JsonValue total = report["total"];
  const int64_t all = LinesOf(total["lines"]);
  const int64_t engineers = Number(total["engineers"]);
  std::vector<std::string> words;
  words.push_back(fmt::format(
      "{} to {}, UTC, by the day a commit was authored.",
      report["from"].StringOrEmpty(), report["to"].StringOrEmpty()));
  if (all == 0) {
    words.emplace_back("No lines of that time are recorded or may be shown.");
  } else if (engineers == 1) {
    words.push_back(
        fmt::format("One engineer writes {} of the lines with "
                    "models.",
                    ShareText(total["with_models"])));
  } else if (engineers > 1) {
    const auto percent = [&](const char* bound) {
      return std::round(
          100.0 * static_cast<double>(Number(total["engineers_above"][bound])) /
          static_cast<double>(engineers));
    };
    const std::string share =
        percent("least") == percent("most")
            ? fmt::format("{:.0f} %", percent("least"))
            : fmt::format("{:.0f} % to {:.0f} %", percent("least"),
                          percent("most"));
    words.push_back(fmt::format(
        "{} of {} engineers write at least {} % of their committed lines with "
        "models; of all lines it is {}.",
        share, Grouped(engineers), Number(report["threshold"]),
        ShareText(total["with_models"])));
  }
  if (Number(total["lines"]["unknown"]) > 0) {
    words.push_back(fmt::format(
        "Of {} lines nobody knows who wrote them, which is not the same as a "
        "person: where there are two bounds, the lower one counts none of them "
        "as a model's, the upper one all.",
        Grouped(Number(total["lines"]["unknown"]))));
  }
  words.emplace_back(
      "with models: model and mixed. alive 30d: of those, what stood in the "
      "main branch 30 days after it came; young: lines that have not had the "
      "time. tokens, cost: of months that have, per line alive.");
  std::string left_out;
  if (Number(total["left_out"]) > 0) {
    left_out += fmt::format("{} lines of generated and vendored files",
                            Grouped(Number(total["left_out"])));
  }
  if (Number(total["again"]) > 0) {
    if (!left_out.empty()) left_out += ", ";
    left_out += fmt::format("{} lines that an earlier commit had brought",
                            Grouped(Number(total["again"])));
  }
  if (!left_out.empty()) words.push_back("Left out: " + left_out + ".");
  if (Number(report["unknown_authors"]) > 0) {
    words.push_back(fmt::format(
        "Authors whom person list does not have: {}; .mailmap and person add "
        "tell who they are.",
        Grouped(Number(report["unknown_authors"]))));
  }
  if (report["folded"].present() || report["withheld"].Bool().value_or(false)) {
    words.emplace_back(
        "Groups of fewer than five people, and what would give them away, are "
        "not shown by themselves; [privacy] individuals = true tells them "
        "apart.");
  }
  if (Number(report["imported_exchanges"]) > 0) {
    words.push_back(
        fmt::format("Not in the cost: {} exchanges from transcripts.",
                    Grouped(Number(report["imported_exchanges"]))));
  }
  return words;
}

void AdoptionPage::Add(std::string by, JsonDocument report) {
  reports_.emplace_back(std::move(by), std::move(report));
}

std::string AdoptionPage::Html() const {
  CHECK(!reports_.empty());
  const JsonDocument& first = reports_.front().second;
  const std::string hash = ToBase64(seal::Sha256(kStyle), Base64::kStandard);
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n"
      "<title>Adoption {} to {}</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<main>\n<header><h1>Code written with models</h1>\n<p "
      "class=\"soft\">{} to {}",
      hash, first["from"].StringOrEmpty(), first["to"].StringOrEmpty(), kStyle,
      first["from"].StringOrEmpty(), first["to"].StringOrEmpty());
  for (const JsonValue& repo : first["repos"].Elements()) {
    html += " · " + HtmlText(repo["repo"].StringOrEmpty());
  }
  html += "</p></header>\n" + Sums(first);
  for (const auto& [by, report] : reports_) {
    html += fmt::format("<section><h2>By {}</h2>\n", by);
    if (by == "month") html += MonthChart(report) + Key();
    html += GroupTable(by, report) + "</section>\n";
  }
  html += "<section><h2>What the numbers say</h2>\n";
  for (const std::string& words : AdoptionWords(first)) {
    html += "<p>" + HtmlText(words) + "</p>\n";
  }
  return html + "</section>\n</main>\n</body>\n</html>\n";
}

}  // namespace cofferdam::cli
