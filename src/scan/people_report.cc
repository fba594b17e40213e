#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "scan/chart.h"
#include "scan/report.h"
#include "scan/text_columns.h"

namespace cofferdam::scan {
namespace {

using policy::Verdict;

std::string_view ColourOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kForbidden:
      return "\x1b[31m";
    case Verdict::kAmbiguous:
      return "\x1b[33m";
    case Verdict::kAllowed:
    case Verdict::kClean:
      return "\x1b[32m";
  }
  return "";
}

std::string Lines(evidence::LineRange lines) {
  return lines.begin == lines.end
             ? fmt::format("{}", lines.begin)
             : fmt::format("{}-{}", lines.begin, lines.end);
}

// "1 finding", "2 findings".
std::string Number(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string Size(uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.0f} kB", bytes / 1e3);
  if (bytes < 10'000'000'000) return fmt::format("{:.0f} MB", bytes / 1e6);
  return fmt::format("{:.1f} GB", bytes / 1e9);
}

// What is known, joined by middle dots.
class Facts {
 public:
  void Add(std::string fact) {
    if (fact.empty()) return;
    if (!text_.empty()) text_ += " · ";
    text_ += fact;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// "a.py:3-9", "a.jsonl record 7 text:3-9".
std::string PlaceText(const evidence::Finding& finding) {
  const evidence::FindingPlace& place = finding.place;
  std::string text = place.path;
  if (place.record > 0) text += fmt::format(" record {}", place.record);
  if (!place.field.empty()) text += " " + place.field;
  // A finding about a whole record has no lines.
  if (finding.lines.begin == 0) return text;
  return fmt::format("{}:{}", text, Lines(finding.lines));
}

std::string Model(const evidence::Origin& origin) {
  auto known = [](const std::string& name) {
    return name.empty() ? std::string("unknown") : name;
  };
  return fmt::format("{} ({}, contract {}: {})", known(origin.model),
                     known(origin.provider), known(origin.contract),
                     policy::TermsClassName(origin.terms_class));
}

}  // namespace

PeopleReport::PeopleReport(Write write, Options options)
    : write_(std::move(write)), options_(std::move(options)) {}

void PeopleReport::OnFinding(const evidence::Finding& finding) {
  ++findings_;
  const bool forbidden = finding.verdict == Verdict::kForbidden;
  if (shown_ >= kFindingsShownMax + (forbidden ? kForbiddenShownMore : 0))
    return;
  ++shown_;
  bool colour = options_.colour == Colour::kAlways;
  write_(fmt::format(
      "{}: {}{}{}\n", Printable(PlaceText(finding), LineEnds::kReplace),
      colour ? ColourOf(finding.verdict) : "",
      policy::VerdictName(finding.verdict), colour ? "\x1b[0m" : ""));
  write_("  " + Printable(finding.why, LineEnds::kReplace) + "\n");
  size_t shown = std::min(finding.origins.size(), kOriginsShownMax);
  for (size_t i = 0; i < shown; ++i) WriteOrigin(finding.origins[i]);
  size_t more = finding.origins.size() - shown + finding.origins_left_out;
  if (more > 0) write_(fmt::format("  and {} more\n", Number(more, "origin")));
  if (options_.fetch_text && !finding.origins.empty()) WriteTexts(finding);
  write_("\n");
}

void PeopleReport::WriteOrigin(const evidence::FoundOrigin& found) {
  const evidence::Origin& origin = found.origin;
  std::string person =
      options_.person_name ? options_.person_name(origin.person) : "";
  if (person.empty()) person = origin.person;
  if (!person.empty() && !origin.team.empty()) person += ", " + origin.team;
  std::string tool = origin.tool;
  if (!origin.tool_version.empty()) tool += " " + origin.tool_version;
  Facts facts;
  facts.Add(Model(origin));
  facts.Add(tool);
  facts.Add(person);
  facts.Add(origin.repo);
  facts.Add(origin.path);
  facts.Add(origin.purpose.empty() ? "" : "for " + origin.purpose);
  if (origin.time != 0) facts.Add(FormatTime(origin.time).substr(0, 19) + "Z");
  facts.Add(fmt::format("exchange {} part {}, lines {}", origin.exchange,
                        origin.part, Lines(found.output_lines)));
  facts.Add(fmt::format("{:.0f} bits", found.bits()));
  if (found.content.echoed_tokens > 0)
    facts.Add(fmt::format("{:.0f} % echoed", 100 * found.echo()));
  write_("  " + Printable(facts.text(), LineEnds::kReplace) + "\n");
}

void PeopleReport::WriteTexts(const evidence::Finding& finding) {
  const evidence::FoundOrigin& best = finding.origins.front();
  Result<std::string> output =
      options_.fetch_text(best.origin.exchange, best.origin.part);
  if (!output.ok()) {
    write_(fmt::format("  text of the output: {}\n", output.error().message()));
    return;
  }
  evidence::LineRange lines = best.output_lines;
  write_(SideBySide({finding.text.value_or(""), finding.lines.begin},
                    {LinesOf(*output, lines.begin, lines.end), lines.begin},
                    options_.width, kLinesShownMax));
}

void PeopleReport::OnPassedOver(const corpus::PassedOver& passed) {
  reasons_[corpus::ReasonName(passed.reason)] +=
      std::max<uint64_t>(passed.records, 1);
  ++passed_over_calls_;
  if (passed_over_.size() < kPassedOverShownMax) passed_over_.push_back(passed);
}

void PeopleReport::WritePassedOver(const ScanReport& report) {
  for (const corpus::PassedOver& passed : passed_over_) {
    write_(Printable("passed over " + corpus::PassedOverText(passed),
                     LineEnds::kReplace) +
           "\n");
  }
  if (passed_over_calls_ > passed_over_.size()) {
    std::string reasons;
    for (const auto& [reason, count] : reasons_)
      reasons += fmt::format(" {} {}", reason, count);
    write_(
        fmt::format("passed over {} in all:{}\n", report.passed_over, reasons));
  }
}

void PeopleReport::Finish(const ScanReport& report) {
  if (findings_ > shown_) {
    write_(fmt::format("and {} more, not shown here\n\n",
                       Number(findings_ - shown_, "finding")));
  }
  WritePassedOver(report);
  write_(OriginChart(report.origins, {.rows = kChartRowsMax,
                                      .width = options_.width,
                                      .colour = options_.colour}));
  auto tally = [](const Tally& part, Verdict verdict) {
    return fmt::format("{} {} ({})", part.findings,
                       policy::VerdictName(verdict),
                       Number(part.lines, "line"));
  };
  std::string read = Number(report.files, "file");
  if (report.records > report.files)
    read += ", " + Number(report.records, "record");
  write_(fmt::format("{}, {} read: {}, {}, {}\n", read, Size(report.bytes),
                     tally(report.verdicts.forbidden, Verdict::kForbidden),
                     tally(report.verdicts.ambiguous, Verdict::kAmbiguous),
                     tally(report.verdicts.allowed, Verdict::kAllowed)));
  if (report.written) {
    write_(fmt::format("Written to {}: {} as they were, {} dropped, {} cut.\n",
                       Printable(report.written->to, LineEnds::kReplace),
                       Number(report.written->kept, "record"),
                       report.written->dropped, report.written->cut));
  }
  write_(report.covered_sequence == 0
             ? "The index is empty: there was nothing to compare with.\n"
             : fmt::format("The index covers the ledger up to sequence {}.\n",
                           report.covered_sequence));
  if (uint64_t dropped = report.work.dropped(); dropped > 0) {
    write_(fmt::format("Limits left out {}; more could have been found.\n",
                       Number(dropped, "candidate")));
  }
}

}  // namespace cofferdam::scan
