#include <cmath>

#include "base/clock.h"
#include "evidence/finding.h"

namespace cofferdam::evidence {
namespace {

double Tenths(double value) { return std::round(value * 10) / 10; }
double Thousandths(double value) { return std::round(value * 1000) / 1000; }

std::string_view StrengthName(Strength strength) {
  return strength == Strength::kStrong ? "strong" : "weak";
}

void WriteOrigin(const FoundOrigin& found, const NameOf& person_name,
                 JsonWriter* writer) {
  const Origin& origin = found.origin;
  writer->BeginObject()
      .Field("exchange", origin.exchange)
      .Field("sequence", origin.sequence)
      .Field("part", uint64_t{origin.part})
      .Field("kind", origin.kind)
      .Field("provider", origin.provider)
      .Field("model", origin.model)
      .Field("contract", origin.contract)
      .Field("terms_class", policy::TermsClassName(origin.terms_class))
      .Field("tool", origin.tool)
      .Field("tool_version", origin.tool_version)
      .Field("person", origin.person);
  if (person_name)
    writer->FieldIfSet("person_name", person_name(origin.person));
  writer->Field("team", origin.team)
      .Field("repo", origin.repo)
      .FieldIfSet("commit", origin.commit)
      .Field("purpose", origin.purpose)
      .Field("time", origin.time == 0 ? "" : FormatTime(origin.time))
      .Field("path", origin.path)
      .Field("route", origin.route)
      .Field("identity", origin.identity)
      .Field("tokens", uint64_t{found.tokens})
      .Field("output_line_begin", uint64_t{found.output_lines.begin})
      .Field("output_line_end", uint64_t{found.output_lines.end})
      .Field("echo", Thousandths(found.echo()))
      .Field("verdict", policy::VerdictName(found.verdict))
      .FieldIfSet("duty", found.duty)
      .Field("strength", StrengthName(found.strength));
  writer->Key("match")
      .BeginObject()
      .Field("line_begin", uint64_t{found.document_lines.begin})
      .Field("line_end", uint64_t{found.document_lines.end})
      .Field("tokens", uint64_t{found.content.tokens})
      .Field("bits", Tenths(found.bits()))
      .Field("token_bits", Tenths(found.content.token_bits))
      .Field("name_bits", Tenths(found.content.name_bits))
      .Field("context_bits", Tenths(found.context_bits))
      .Field("context", ContextName(found.context))
      .Field("names_kept", Thousandths(found.content.kept_share))
      .EndObject();
  writer->EndObject();
}

void WriteMarks(const std::vector<FoundMark>& marks, JsonWriter* writer) {
  writer->Key("marks").BeginArray();
  for (const FoundMark& mark : marks) {
    writer->BeginObject()
        .Field("name", mark.name)
        .Field("kind", mark.kind)
        .Field("words", mark.words)
        .FieldIfSet("model", mark.model)
        .Field("weight", mark.weight == MarkWeight::kStrong ? "strong" : "weak")
        .EndObject();
  }
  writer->EndArray();
}

}  // namespace

void BeginFindingJson(const Finding& finding, const NameOf& person_name,
                      JsonWriter* writer) {
  const FindingPlace& place = finding.place;
  writer->BeginObject()
      .Field("kind", FindingKindName(finding.kind))
      .Field("path", place.path)
      .FieldIfSet("repository", place.repository)
      .FieldIfSet("path_in_repository", place.path_in_repository)
      .FieldIfSet("commit", place.commit);
  if (place.record > 0) {
    writer->Field("record", place.record)
        .Field("record_begin", place.record_begin)
        .Field("record_end", place.record_end);
  }
  writer->FieldIfSet("field", place.field)
      .Field("language", fingerprint::LanguageName(finding.language))
      .Field("byte_begin", finding.byte_begin)
      .Field("byte_end", finding.byte_end)
      .Field("line_begin", uint64_t{finding.lines.begin})
      .Field("line_end", uint64_t{finding.lines.end})
      .Field("verdict", policy::VerdictName(finding.verdict))
      .Field("why", finding.why);
  if (!finding.marks.empty()) WriteMarks(finding.marks, writer);
  writer->Key("evidence")
      .BeginObject()
      .Field("tokens", uint64_t{finding.tokens_matched})
      .Field("bits", Tenths(finding.bits()))
      .Field("matched_share", Thousandths(finding.matched_share()))
      .EndObject();
  writer->Key("origins").BeginArray();
  for (const FoundOrigin& found : finding.origins)
    WriteOrigin(found, person_name, writer);
  writer->EndArray();
  if (finding.origins_left_out > 0)
    writer->Field("origins_left_out", uint64_t{finding.origins_left_out});
}

}  // namespace cofferdam::evidence
