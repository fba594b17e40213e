#include "scan/statement.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "base/rfc3339.h"

namespace cofferdam::scan {
namespace {

Error Wrong(std::string_view what) {
  return Error(Code::kInvalid, fmt::format("statement: {}", what));
}

void WriteDigests(std::string_view name, const std::vector<PathDigest>& digests,
                  JsonWriter* writer) {
  writer->Key(name).BeginArray();
  for (const PathDigest& digest : digests) {
    writer->BeginObject().Field("name", digest.name).Key("digest");
    writer->BeginObject().Field(digest.algorithm, digest.hex).EndObject();
    writer->EndObject();
  }
  writer->EndArray();
}

Result<std::vector<PathDigest>> ReadDigests(const JsonValue& list) {
  std::vector<PathDigest> digests;
  for (const JsonValue& one : list.Elements()) {
    if (digests.size() == kStatementSubjectsMax) {
      return Error(Code::kTooLarge, fmt::format("statement: over {} subjects",
                                                kStatementSubjectsMax));
    }
    const auto members = one["digest"].Members();
    if (members.empty()) return Wrong("a subject has no digest");
    digests.push_back({std::string(one["name"].StringOrEmpty()),
                       std::string(members.front().first),
                       std::string(members.front().second.StringOrEmpty())});
  }
  return digests;
}

void WriteResult(const Statement& statement, JsonWriter* writer) {
  writer->Key("cofferdam")
      .BeginObject()
      .Field("purpose", statement.purpose)
      .Field("coveredSequence", statement.covered_sequence)
      .Field("files", statement.files)
      .Field("records", statement.records)
      .Field("bytes", statement.bytes)
      .Field("passedOver", statement.passed_over);
  writer->Key("findings")
      .BeginObject()
      .Field("forbidden", statement.forbidden)
      .Field("ambiguous", statement.ambiguous)
      .Field("allowed", statement.allowed)
      .EndObject();
  writer->FieldIfSet("ledgerCheckpoint", statement.ledger_checkpoint);
  if (!statement.made_from.empty())
    WriteDigests("madeFrom", statement.made_from, writer);
  writer->EndObject();
}

uint64_t Count(const JsonValue& of, std::string_view name) {
  return static_cast<uint64_t>(of[name].Int().value_or(0));
}

}  // namespace

std::vector<std::string> PropertiesOf(const ScanReport& report,
                                      policy::ScanPurpose purpose) {
  std::vector<std::string> properties;
  properties.emplace_back(purpose == policy::ScanPurpose::kEvaluation
                              ? kScannedForEvaluation
                              : kScannedForTraining);
  if (report.written) properties.emplace_back(kForbiddenRemoved);
  if (report.verdicts.forbidden.findings == 0) {
    properties.emplace_back(kNoForbidden);
    if (report.verdicts.ambiguous.findings == 0)
      properties.emplace_back(kNoAmbiguous);
  }
  if (report.passed_over == 0) properties.emplace_back(kNothingPassedOver);
  return properties;
}

void TakeReport(const ScanReport& report, Statement* statement) {
  statement->covered_sequence = report.covered_sequence;
  statement->files = report.files;
  statement->records = report.records;
  statement->bytes = report.bytes;
  statement->passed_over = report.passed_over;
  statement->forbidden = report.verdicts.forbidden.findings;
  statement->ambiguous = report.verdicts.ambiguous.findings;
  statement->allowed = report.verdicts.allowed.findings;
}

std::string WriteStatement(const Statement& statement) {
  JsonWriter writer;
  writer.BeginObject().Field("_type", kStatementType);
  WriteDigests("subject", statement.subjects, &writer);
  writer.Field("predicateType", kSvrType).Key("predicate").BeginObject();
  writer.Key("verifier")
      .BeginObject()
      .Field("id", statement.verifier)
      .Key("policies")
      .BeginArray();
  for (const StatementPolicy& policy : statement.policies) {
    writer.BeginObject().Field("name", policy.name).Key("digest");
    writer.BeginObject().Field("sha256", policy.sha256).EndObject();
    writer.EndObject();
  }
  writer.EndArray().EndObject();
  writer.Field("timeCreated", FormatTime(statement.time));
  writer.Key("properties").BeginArray();
  for (const std::string& property : statement.properties)
    writer.String(property);
  writer.EndArray();
  WriteResult(statement, &writer);
  writer.EndObject().EndObject();
  return std::move(writer).Take();
}

Result<Statement> ParseStatement(std::string_view json) {
  auto document = JsonDocument::Parse(json);
  if (!document.ok()) return std::move(document).error().Within("statement");
  if ((*document)["_type"].String() != kStatementType)
    return Wrong("is not of in-toto's version 1");
  if ((*document)["predicateType"].String() != kSvrType)
    return Wrong("its predicate is no Simple Verification Result v0.2");
  const JsonValue predicate = (*document)["predicate"];
  const JsonValue verifier = predicate["verifier"];
  if (verifier["id"].StringOrEmpty().empty() ||
      !verifier["policies"].is_array() || !predicate["properties"].is_array()) {
    return Wrong("lacks verifier, policies or properties");
  }
  Statement statement;
  TRY_ASSIGN(statement.subjects, ReadDigests((*document)["subject"]));
  if (statement.subjects.empty()) return Wrong("names no subject");
  statement.verifier = verifier["id"].StringOrEmpty();
  for (const JsonValue& policy : verifier["policies"].Elements()) {
    statement.policies.push_back(
        {std::string(policy["name"].StringOrEmpty()),
         std::string(policy["digest"]["sha256"].StringOrEmpty())});
  }
  auto time = ParseRfc3339(predicate["timeCreated"].StringOrEmpty());
  if (!time.ok())
    return std::move(time).error().Within("statement: timeCreated");
  statement.time = *time;
  for (const JsonValue& property : predicate["properties"].Elements())
    statement.properties.emplace_back(property.StringOrEmpty());
  const JsonValue result = predicate["cofferdam"];
  statement.purpose = result["purpose"].StringOrEmpty();
  statement.covered_sequence = Count(result, "coveredSequence");
  statement.files = Count(result, "files");
  statement.records = Count(result, "records");
  statement.bytes = Count(result, "bytes");
  statement.passed_over = Count(result, "passedOver");
  statement.forbidden = Count(result["findings"], "forbidden");
  statement.ambiguous = Count(result["findings"], "ambiguous");
  statement.allowed = Count(result["findings"], "allowed");
  statement.ledger_checkpoint = result["ledgerCheckpoint"].StringOrEmpty();
  TRY_ASSIGN(statement.made_from, ReadDigests(result["madeFrom"]));
  return statement;
}

}  // namespace cofferdam::scan
