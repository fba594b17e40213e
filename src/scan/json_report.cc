#include <utility>

#include "scan/report.h"
#include "scan/text_columns.h"

namespace cofferdam::scan {
namespace {

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

}  // namespace

JsonReport::JsonReport(Write write, Options options)
    : write_(std::move(write)), options_(std::move(options)) {}

void JsonReport::OnFinding(const evidence::Finding& finding) {
  JsonWriter writer;
  BeginFindingJson(finding, options_.person_name, &writer);
  if (options_.fetch_text) WriteTexts(finding, options_.fetch_text, &writer);
  writer.EndObject();
  write_(findings_++ == 0 ? "{\"findings\":[" : ",");
  write_(writer.text());
}

void JsonReport::OnPassedOver(const corpus::PassedOver& passed) {
  passed_over_.push_back(passed);
}

void JsonReport::Finish(const ScanReport& report) {
  // What has been written is the beginning of this object.
  JsonWriter writer;
  writer.BeginObject().Key("passed_over").BeginArray();
  for (const corpus::PassedOver& passed : passed_over_) {
    writer.BeginObject()
        .Field("path", passed.path)
        .Field("reason", corpus::ReasonName(passed.reason))
        .FieldIfSet("detail", passed.detail)
        .EndObject();
  }
  writer.EndArray().Key("notices").BeginArray();
  for (const std::string& notice : report.notices) writer.String(notice);
  writer.EndArray()
      .Field("covered_sequence", report.covered_sequence)
      .Field("files", report.files)
      .Field("bytes", report.bytes)
      .Field("tokens", report.tokens);
  writer.Key("lines")
      .BeginObject()
      .Field("allowed", report.allowed.lines)
      .Field("ambiguous", report.ambiguous.lines)
      .Field("forbidden", report.forbidden.lines)
      .EndObject();
  WriteWork(report.work, &writer);
  writer.EndObject();
  write_(findings_ == 0 ? "{\"findings\":[]," : "],");
  write_(std::string_view(writer.text()).substr(1));
  write_("\n");
}

}  // namespace cofferdam::scan
