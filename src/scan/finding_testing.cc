#include "scan/finding_testing.h"

namespace cofferdam::scan {

evidence::Finding SampleFinding() {
  evidence::Finding finding;
  finding.place.path = "src/a.py";
  finding.language = fingerprint::Language::kPython;
  finding.lines = {3, 4};
  finding.verdict = policy::Verdict::kForbidden;
  finding.why = "because";
  finding.tokens = 50;
  finding.tokens_matched = 40;
  finding.text = "ours = 1\nours += 2\n";
  evidence::FoundOrigin found;
  found.origin.exchange = "01J0000000000000000000000A";
  found.origin.part = 2;
  found.origin.model = "claude-sample";
  found.origin.provider = "anthropic";
  found.origin.contract = "anthropic";
  found.origin.terms_class = policy::TermsClass::kForbidCompete;
  found.origin.person = "p_1";
  found.origin.team = "applied-ai";
  found.origin.repo = "example.com/team/app";
  found.output_lines = {2, 3};
  found.content.tokens = 40;
  found.content.echoed_tokens = 10;
  found.content.token_bits = 300;
  finding.origins = {found};
  return finding;
}

evidence::Finding SampleMarked() {
  evidence::Finding finding;
  finding.kind = evidence::FindingKind::kMarked;
  finding.place.path = "data/chat.jsonl";
  finding.place.record = 7;
  finding.place.record_begin = 1200;
  finding.place.record_end = 1500;
  finding.place.field = "messages[1].content";
  finding.lines = {1, 2};
  finding.verdict = policy::Verdict::kAmbiguous;
  finding.why = "it says so itself";
  evidence::FoundMark mark;
  mark.name = "as-an-ai";
  mark.kind = "phrase";
  mark.words = "says that a model wrote it";
  finding.marks = {mark};
  return finding;
}

Result<std::string> SampleOutputText(std::string_view exchange, uint32_t part) {
  if (exchange != "01J0000000000000000000000A" || part != 2)
    return Error(Code::kNotFound, "no such output");
  return std::string("first\ntheirs = 1\ntheirs += 2\nlast\n");
}

ScanReport SampleReport() {
  ScanReport report;
  report.covered_sequence = 42;
  report.files = 1;
  report.records = 1;
  report.bytes = 12'345;
  report.verdicts.Add(SampleFinding());
  report.origins.Add(SampleFinding());
  return report;
}

}  // namespace cofferdam::scan
