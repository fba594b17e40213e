#include <utility>

#include "scan/report.h"
#include "scan/text_columns.h"

namespace cofferdam::scan {
namespace {

// Rows of the table of origins in a summary.
constexpr size_t kOriginsCountedMax = 100;

void WriteTexts(const evidence::Finding& finding, const FetchText& fetch_text,
                JsonWriter* writer) {
  writer->Key("text").BeginObject();
  writer->Field("document", finding.text.value_or(""));
  writer->Key("outputs").BeginArray();
  for (const evidence::FoundOrigin& found : finding.origins) {
    const evidence::Origin& origin = found.origin;
    writer->BeginObject()
        .Field("exchange", origin.exchange)
        .Field("part", uint64_t{origin.part});
    Result<std::string> text = fetch_text(origin.exchange, origin.part);
    if (text.ok()) {
      writer->Field("text", LinesOf(*text, found.output_lines.begin,
                                    found.output_lines.end));
    } else {
      writer->Field("error", text.error().message());
    }
    writer->EndObject();
  }
  writer->EndArray().EndObject();
}

void WriteWork(const evidence::MatchCounts& work, JsonWriter* writer) {
  writer->Key("work")
      .BeginObject()
      .Field("fingerprints", work.fingerprints)
      .Field("seeds", work.seeds)
      .Field("outputs", work.outputs)
      .Field("runs", work.runs)
      .Field("dropped", work.dropped())
      .EndObject();
}

std::string FindingText(const evidence::Finding& finding,
                        const JsonOptions& options) {
  JsonWriter writer;
  BeginFindingJson(finding, options.person_name, &writer);
  if (options.fetch_text) WriteTexts(finding, options.fetch_text, &writer);
  writer.EndObject();
  return std::move(writer).Take();
}

void WritePassedOver(const corpus::PassedOver& passed, JsonWriter* writer) {
  writer->Field("path", passed.path)
      .Field("reason", corpus::ReasonName(passed.reason))
      .FieldIfSet("detail", passed.detail);
  if (passed.record == 0) return;
  writer->Field("record", passed.record).Field("records", passed.records);
}

void WriteOrigins(const OriginTable& origins, JsonWriter* writer) {
  writer->Key("origins").BeginArray();
  for (const OriginTable::Row& row : origins.Top(kOriginsCountedMax)) {
    writer->BeginObject()
        .Field("origin", row.label)
        .Field("forbidden", row.tally.forbidden.findings)
        .Field("ambiguous", row.tally.ambiguous.findings)
        .Field("allowed", row.tally.allowed.findings)
        .EndObject();
  }
  writer->EndArray();
}

// The sums, as members of an object that is open.
void WriteSums(const ScanReport& report, JsonWriter* writer) {
  writer->Key("notices").BeginArray();
  for (const std::string& notice : report.notices) writer->String(notice);
  writer->EndArray()
      .Field("covered_sequence", report.covered_sequence)
      .Field("files", report.files)
      .Field("records", report.records)
      .Field("bytes", report.bytes)
      .Field("tokens", report.tokens);
  const VerdictTally& all = report.verdicts;
  writer->Key("verdicts")
      .BeginObject()
      .Field("allowed", all.allowed.findings)
      .Field("ambiguous", all.ambiguous.findings)
      .Field("forbidden", all.forbidden.findings)
      .EndObject();
  writer->Key("lines")
      .BeginObject()
      .Field("allowed", all.allowed.lines)
      .Field("ambiguous", all.ambiguous.lines)
      .Field("forbidden", all.forbidden.lines)
      .EndObject();
  WriteOrigins(report.origins, writer);
  if (report.written) {
    writer->Key("written")
        .BeginObject()
        .Field("to", report.written->to)
        .Field("kept", report.written->kept)
        .Field("dropped", report.written->dropped)
        .Field("cut", report.written->cut)
        .Field("bytes", report.written->bytes)
        .EndObject();
  }
  WriteWork(report.work, writer);
}

}  // namespace

JsonReport::JsonReport(Write write, JsonOptions options)
    : write_(std::move(write)), options_(std::move(options)) {}

void JsonReport::OnFinding(const evidence::Finding& finding) {
  write_(findings_++ == 0 ? "{\"findings\":[" : ",");
  write_(FindingText(finding, options_));
}

void JsonReport::OnPassedOver(const corpus::PassedOver& passed) {
  if (passed_over_.size() < kPassedOverMax) {
    passed_over_.push_back(passed);
  } else {
    ++passed_over_left_out_;
  }
}

void JsonReport::Finish(const ScanReport& report) {
  // What has been written is the beginning of this object.
  JsonWriter writer;
  writer.BeginObject().Key("passed_over").BeginArray();
  for (const corpus::PassedOver& passed : passed_over_) {
    writer.BeginObject();
    WritePassedOver(passed, &writer);
    writer.EndObject();
  }
  writer.EndArray();
  if (passed_over_left_out_ > 0)
    writer.Field("passed_over_left_out", passed_over_left_out_);
  WriteSums(report, &writer);
  writer.EndObject();
  write_(findings_ == 0 ? "{\"findings\":[]," : "],");
  write_(std::string_view(writer.text()).substr(1));
  write_("\n");
}

JsonlReport::JsonlReport(Write write, JsonOptions options)
    : write_(std::move(write)), options_(std::move(options)) {}

void JsonlReport::OnFinding(const evidence::Finding& finding) {
  write_(FindingText(finding, options_) + "\n");
}

void JsonlReport::OnPassedOver(const corpus::PassedOver& passed) {
  JsonWriter writer;
  writer.BeginObject().Field("kind", "passed_over");
  WritePassedOver(passed, &writer);
  writer.EndObject();
  write_(writer.text() + "\n");
}

void JsonlReport::Finish(const ScanReport& report) {
  JsonWriter writer;
  writer.BeginObject()
      .Field("kind", "summary")
      .Field("passed_over", report.passed_over);
  WriteSums(report, &writer);
  writer.EndObject();
  write_(writer.text() + "\n");
}

}  // namespace cofferdam::scan
