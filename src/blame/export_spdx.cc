#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/json.h"
#include "blame/export.h"
#include "blame/line_runs_internal.h"
#include "seal/sha1.h"

namespace cofferdam::blame {
namespace {

constexpr std::string_view kNoAssertion = "NOASSERTION";

// Bytes of lines from 1, as SPDX counts them: from 1, both included.
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};
ByteRange BytesOf(std::string_view text, const evidence::LineRange& lines) {
  size_t begin = 0;
  for (uint32_t line = 1; line < lines.begin; ++line)
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  size_t end = begin;
  for (uint32_t line = lines.begin; line <= lines.end && end < text.size();
       ++line)
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return {begin + 1, std::max(end, begin + 1)};
}

std::string Words(const BlamedFile& file, const LineRun& run) {
  std::string words = fmt::format("{} by {}", LineClassName(run.line_class),
                                  BasisName(run.basis));
  const evidence::Origin* origin = OriginOf(file, run.origin);
  if (origin == nullptr) return words;
  if (!origin->model.empty()) words += "; model " + ModelId(*origin);
  if (!origin->tool.empty()) words += "; tool " + origin->tool;
  if (!origin->contract.empty()) words += "; contract " + origin->contract;
  if (!origin->exchange.empty()) words += "; exchange " + origin->exchange;
  return words;
}

void WritePointers(std::string_view file, std::string_view unit, uint64_t begin,
                   uint64_t end, JsonWriter* json) {
  json->BeginObject();
  for (const auto& [name, value] :
       {std::pair<std::string_view, uint64_t>("startPointer", begin),
        std::pair<std::string_view, uint64_t>("endPointer", end)}) {
    json->Key(name)
        .BeginObject()
        .Field("reference", file)
        .Field(unit, value)
        .EndObject();
  }
  json->EndObject();
}

class Document {
 public:
  Document(const RepositoryBlame& blame, const ExportOptions& options)
      : blame_(blame),
        creator_("Tool: cofferdam-" + options.version),
        time_(FormatTime(options.now_micros).substr(0, 19) + "Z") {
    files_.BeginArray();
    snippets_.BeginArray();
    described_.BeginArray();
  }

  void AddFile(const BlamedFile& file, const std::string& text) {
    const std::vector<LineRun> runs = RunsOf(file);
    if (runs.empty()) return;
    const std::string id = fmt::format("SPDXRef-File-{}", ++file_count_);
    described_.String(id);
    files_.BeginObject()
        .Field("SPDXID", id)
        .Field("fileName", "./" + file.path)
        .Key("checksums")
        .BeginArray()
        .BeginObject()
        .Field("algorithm", "SHA1")
        .Field("checksumValue", seal::Sha1Hex(text))
        .EndObject()
        .EndArray()
        .Field("licenseConcluded", kNoAssertion)
        .Key("licenseInfoInFiles")
        .BeginArray()
        .String(kNoAssertion)
        .EndArray()
        .Field("copyrightText", kNoAssertion)
        .EndObject();
    for (const LineRun& run : runs) AddSnippet(file, text, id, run);
  }

  std::string Finish() {
    files_.EndArray();
    snippets_.EndArray();
    described_.EndArray();
    const std::string content =
        seal::Sha1Hex(files_.text() + snippets_.text() + time_);
    JsonWriter json;
    json.BeginObject()
        .Field("spdxVersion", "SPDX-2.3")
        .Field("dataLicense", "CC0-1.0")
        .Field("SPDXID", "SPDXRef-DOCUMENT")
        .Field("name",
               blame_.repository.empty() ? "repository" : blame_.repository)
        .Field("documentNamespace", "urn:cofferdam:blame:" + content)
        .Key("creationInfo")
        .BeginObject()
        .Field("created", time_)
        .Key("creators")
        .BeginArray()
        .String(creator_)
        .EndArray()
        .EndObject()
        .FieldIfSet("comment",
                    "revision " + blame_.history.repository.head_commit)
        .Key("documentDescribes")
        .Raw(described_.text())
        .Key("files")
        .Raw(files_.text())
        .Key("snippets")
        .Raw(snippets_.text())
        .EndObject();
    return std::move(json).Take() + "\n";
  }

 private:
  void AddSnippet(const BlamedFile& file, const std::string& text,
                  const std::string& file_id, const LineRun& run) {
    const ByteRange bytes = BytesOf(text, run.lines);
    snippets_.BeginObject()
        .Field("SPDXID", fmt::format("SPDXRef-Snippet-{}", ++snippet_count_))
        .Field("snippetFromFile", file_id)
        .Key("ranges")
        .BeginArray();
    WritePointers(file_id, "offset", bytes.begin, bytes.end, &snippets_);
    WritePointers(file_id, "lineNumber", run.lines.begin, run.lines.end,
                  &snippets_);
    snippets_.EndArray()
        .Field("licenseConcluded", kNoAssertion)
        .Key("licenseInfoInSnippets")
        .BeginArray()
        .String(kNoAssertion)
        .EndArray()
        .Field("copyrightText", kNoAssertion)
        .Key("annotations")
        .BeginArray()
        .BeginObject()
        .Field("annotationDate", time_)
        .Field("annotationType", "OTHER")
        .Field("annotator", creator_)
        .Field("comment", Words(file, run))
        .EndObject()
        .EndArray()
        .EndObject();
  }

  const RepositoryBlame& blame_;
  std::string creator_;
  std::string time_;
  JsonWriter files_;
  JsonWriter snippets_;
  JsonWriter described_;
  size_t file_count_ = 0;
  size_t snippet_count_ = 0;
};

}  // namespace

std::string ExportSpdx(const RepositoryBlame& blame,
                       const ExportOptions& options) {
  Document document(blame, options);
  for (size_t i = 0; i < blame.files.size(); ++i)
    document.AddFile(blame.files[i], blame.history.files[i].text);
  return document.Finish();
}

}  // namespace cofferdam::blame
