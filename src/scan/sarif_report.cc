#include "scan/sarif_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "scan/uri.h"

namespace cofferdam::scan {
namespace {

using evidence::Finding;
using policy::Verdict;

constexpr std::string_view kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/"
    "sarif-schema-2.1.0.json";
constexpr std::string_view kFingerprintName = "cofferdamMatch/v1";

struct Rule {
  Verdict verdict;
  std::string_view id;
  std::string_view level;
  std::string_view title;
  std::string_view help;
};
constexpr std::array<Rule, 3> kRules = {{
    {Verdict::kForbidden, "forbidden-output", "error",
     "Text of a model whose terms forbid this use",
     "This text follows an output of a model, or says itself that a model "
     "wrote it, and the contract's terms forbid what the scan is for. Take it "
     "out, or have it written anew by a person who has not seen the output."},
    {Verdict::kAmbiguous, "ambiguous-output", "warning",
     "Text that may be a model's, or whose origins disagree",
     "A person could well have written the same, or the outputs that fit stand "
     "under different terms. Somebody has to look at it."},
    {Verdict::kAllowed, "allowed-output", "note",
     "Text of a model whose terms allow this use",
     "The terms of its origin allow what the scan is for, perhaps with a duty "
     "that the finding names."},
}};

size_t RuleIndex(Verdict verdict) {
  for (size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].verdict == verdict) return i;
  }
  return 0;
}

// Cut at a character.
std::string_view Cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// What a service resolves against the repository's root, where there is one.
const std::string& PathOf(const Finding& finding) {
  const evidence::FindingPlace& place = finding.place;
  return place.path_in_repository.empty() ? place.path
                                          : place.path_in_repository;
}

// "record 7, messages[2].content"; empty for a whole file.
std::string RecordText(const evidence::FindingPlace& place) {
  std::string text;
  if (place.record > 0) text = fmt::format("record {}", place.record);
  if (!place.field.empty())
    text += (text.empty() ? "field " : ", ") + place.field;
  return text;
}

std::string LocationJson(const Finding& finding) {
  const evidence::FindingPlace& place = finding.place;
  JsonWriter writer;
  writer.BeginObject().Key("physicalLocation").BeginObject();
  writer.Key("artifactLocation")
      .BeginObject()
      .Field("uri", UriOfPath(PathOf(finding)))
      .EndObject();
  writer.Key("region").BeginObject();
  if (place.record == 0 && place.field.empty()) {
    writer.Field("startLine", uint64_t{finding.lines.begin})
        .Field("endLine", uint64_t{finding.lines.end});
  } else {
    // Lines of a field are no lines of the file; the record's bytes are. A line
    // must be named all the same: in JSONL it is the record's number.
    writer.Field("startLine", std::max<uint64_t>(place.record, 1))
        .Field("byteOffset", place.record_begin)
        .Field("byteLength", place.record_end - place.record_begin);
  }
  writer.EndObject().EndObject();
  if (std::string record = RecordText(place); !record.empty()) {
    if (finding.lines.begin > 0) {
      record += fmt::format(", lines {} to {}", finding.lines.begin,
                            finding.lines.end);
    }
    writer.Key("message").BeginObject().Field("text", record).EndObject();
  }
  writer.EndObject();
  return std::move(writer).Take();
}

// Ends in the middle of the result, so that a caller can add members.
void BeginResult(Verdict verdict, std::string_view message,
                 JsonWriter* writer) {
  const Rule& rule = kRules[RuleIndex(verdict)];
  writer->BeginObject()
      .Field("ruleId", rule.id)
      .Field("ruleIndex", uint64_t{RuleIndex(verdict)})
      .Field("level", rule.level)
      .Key("message")
      .BeginObject()
      .Field("text", Cut(message, SarifReport::kMessageBytesMax))
      .EndObject();
}

void WriteRules(JsonWriter* writer) {
  writer->Key("rules").BeginArray();
  for (const Rule& rule : kRules) {
    writer->BeginObject().Field("id", rule.id).Field("name", rule.title);
    writer->Key("shortDescription")
        .BeginObject()
        .Field("text", rule.title)
        .EndObject();
    writer->Key("fullDescription")
        .BeginObject()
        .Field("text", rule.help)
        .EndObject();
    writer->Key("help").BeginObject().Field("text", rule.help).EndObject();
    writer->Key("defaultConfiguration")
        .BeginObject()
        .Field("level", rule.level)
        .EndObject();
    writer->Key("properties").BeginObject().Key("tags").BeginArray();
    writer->String("provenance").EndArray().EndObject();
    writer->EndObject();
  }
  writer->EndArray();
}

}  // namespace

SarifReport::SarifReport(Write write, Options options)
    : write_(std::move(write)), options_(std::move(options)) {}

// Stays the same when lines move: the match, where it stands, and which copy of
// it this is.
std::string SarifReport::Fingerprint(const Finding& finding) {
  std::string key = PathOf(finding) + '\n' + finding.place.field + '\n';
  if (!finding.origins.empty()) {
    const evidence::FoundOrigin& best = finding.origins.front();
    key += fmt::format("{} {} {}", best.origin.exchange, best.origin.part,
                       best.output_lines.begin);
  }
  for (const evidence::FoundMark& mark : finding.marks) key += mark.name + '\n';
  uint64_t hash = Hash64(key);
  return fmt::format("{:016x}:{}", hash, ++seen_[hash]);
}

void SarifReport::AddTo(const Finding& finding, const std::string& what,
                        std::string_view location, Groups* groups) {
  auto [at, added] =
      groups->try_emplace({static_cast<int>(finding.verdict), what});
  Group& group = at->second;
  group.verdict = finding.verdict;
  group.what = what;
  ++group.findings;
  if (finding.lines.begin > 0)
    group.lines += finding.lines.end - finding.lines.begin + 1;
  if (group.locations.size() < kLocationsMax)
    group.locations.emplace_back(location);
}

void SarifReport::OnFinding(const Finding& finding) {
  std::string location = LocationJson(finding);
  if (++findings_ <= kResultsMax) {
    JsonWriter writer;
    BeginResult(finding.verdict, finding.why, &writer);
    writer.Key("locations").BeginArray().Raw(location).EndArray();
    writer.Key("partialFingerprints")
        .BeginObject()
        .Field(kFingerprintName, Fingerprint(finding))
        .EndObject();
    JsonWriter whole;
    if (finding.origins.size() <= kOriginsMax) {
      BeginFindingJson(finding, options_.person_name, &whole);
    } else {
      Finding cut = finding;
      cut.origins_left_out += cut.origins.size() - kOriginsMax;
      cut.origins.resize(kOriginsMax);
      BeginFindingJson(cut, options_.person_name, &whole);
    }
    whole.EndObject();
    writer.Key("properties")
        .BeginObject()
        .Key("cofferdam")
        .Raw(whole.text())
        .EndObject()
        .EndObject();
    results_.push_back(std::move(writer).Take());
  } else {
    results_.clear();
    results_.shrink_to_fit();
    seen_.clear();
  }
  if (files_told_) {
    AddTo(finding, PathOf(finding), location, &files_);
    if (files_.size() > kResultsMax) {
      files_.clear();
      files_told_ = false;
    }
  }
  std::string origin = OriginLabels(finding).front();
  if (origins_.size() >= kResultsMax) origin = "others";
  AddTo(finding, origin, location, &origins_);
}

void SarifReport::OnPassedOver(const corpus::PassedOver& passed) {
  if (notifications_.size() == kNotificationsMax) return;
  JsonWriter writer;
  const std::string text = "passed over " + corpus::PassedOverText(passed);
  writer.BeginObject().Field("level", "note").Key("message");
  writer.BeginObject().Field("text", Cut(text, kMessageBytesMax)).EndObject();
  writer.EndObject();
  notifications_.push_back(std::move(writer).Take());
}

void SarifReport::WriteGroups(const Groups& groups, std::string_view noun) {
  bool first = true;
  for (const auto& [key, group] : groups) {
    JsonWriter writer;
    BeginResult(group.verdict,
                fmt::format("{} {} {} ({} lines) {} {}", group.findings,
                            policy::VerdictName(group.verdict),
                            group.findings == 1 ? "finding" : "findings",
                            group.lines, noun, group.what),
                &writer);
    writer.Key("locations").BeginArray();
    for (const std::string& location : group.locations) writer.Raw(location);
    writer.EndArray();
    writer.Key("partialFingerprints")
        .BeginObject()
        .Field(kFingerprintName,
               fmt::format("{:016x}:{}",
                           Hash64(fmt::format("{} {}", noun, group.what)),
                           policy::VerdictName(group.verdict)))
        .EndObject();
    writer.Key("properties")
        .BeginObject()
        .Field("findings", group.findings)
        .Field("lines", group.lines)
        .EndObject()
        .EndObject();
    write_(first ? "" : ",");
    write_(writer.text());
    first = false;
  }
}

void SarifReport::NoteGroups() {
  if (findings_ <= kResultsMax) return;
  JsonWriter writer;
  writer.BeginObject().Field("level", "note").Key("message");
  writer.BeginObject()
      .Field(
          "text",
          fmt::format("{} findings are {} results, one for {} and verdict: "
                      "services show {} results of a run and {} places of "
                      "a result",
                      findings_, files_told_ ? files_.size() : origins_.size(),
                      files_told_ ? "each file" : "each origin", kResultsMax,
                      kLocationsMax))
      .EndObject()
      .EndObject();
  notifications_.insert(notifications_.begin(), std::move(writer).Take());
}

void SarifReport::Finish(const ScanReport& report) {
  NoteGroups();
  JsonWriter driver;
  driver.BeginObject()
      .Field("name", "cofferdam")
      .Field("version", options_.version);
  WriteRules(&driver);
  driver.EndObject();
  write_(
      fmt::format("{{\"$schema\":\"{}\",\"version\":\"2.1.0\",\"runs\":[{{"
                  "\"tool\":{{\"driver\":{}}},\"invocations\":[{{"
                  "\"executionSuccessful\":true,"
                  "\"toolExecutionNotifications\":[",
                  kSchema, driver.text()));
  for (size_t i = 0; i < notifications_.size(); ++i) {
    write_(i == 0 ? "" : ",");
    write_(notifications_[i]);
  }
  JsonWriter sums;
  sums.BeginObject()
      .Field("findings", findings_)
      .Field("files", report.files)
      .Field("records", report.records)
      .Field("bytes", report.bytes)
      .Field("passedOver", report.passed_over)
      .Field("coveredSequence", report.covered_sequence)
      .EndObject();
  write_(
      fmt::format("]}}],\"columnKind\":\"unicodeCodePoints\","
                  "\"properties\":{},\"results\":[",
                  sums.text()));
  if (findings_ <= kResultsMax) {
    for (size_t i = 0; i < results_.size(); ++i) {
      write_(i == 0 ? "" : ",");
      write_(results_[i]);
    }
  } else if (files_told_) {
    WriteGroups(files_, "in");
  } else {
    WriteGroups(origins_, "of");
  }
  write_("]}]}\n");
}

}  // namespace cofferdam::scan
