// Texts with marks of models, cut anywhere, and paths and names of datasets.

#include <algorithm>
#include <string>

#include "base/check.h"
#include "evidence/dataset_catalogue.h"
#include "evidence/marks.h"
#include "evidence/text_manifest.h"
#include "target.h"

namespace cofferdam::evidence {
namespace {

void CheckText(std::string_view text) {
  static MarkFinder finder(DatasetCatalogue::BuiltIn());
  const size_t half = text.size() / 2;
  corpus::FilePlace file;
  file.path = text.substr(0, std::min<size_t>(half, 100));
  const corpus::Field fields[] = {{"text", text, ""},
                                  {text.substr(0, half), text, ""}};
  const corpus::Claim claims[] = {{"model", text.substr(half)},
                                  {"source", text.substr(0, half)},
                                  {text.substr(half), text}};
  for (uint64_t number : {0, 1}) {
    corpus::Record record;
    record.file = &file;
    record.number = number;
    record.fields = fields;
    record.claims = claims;
    const auto marks = finder.Find(record);
    for (const Mark& mark : marks) {
      CHECK(mark.begin <= mark.end && mark.end <= text.size());
      CHECK(!mark.found.name.empty() && !mark.found.kind.empty());
    }
    for (const Finding& finding : MakeMarkedFindings(
             record, marks, {}, KeepText::kYes, LoneMarks::kTell)) {
      CHECK(finding.byte_begin <= finding.byte_end &&
            finding.byte_end <= text.size());
      CHECK(!finding.marks.empty() && !finding.why.empty());
    }
  }
}

// Whatever is hidden is read back.
void CheckManifest(std::string_view bytes) {
  const std::string hidden = WriteTextManifest(bytes);
  const auto read = ReadTextManifest(hidden, 3);
  CHECK(read && read->complete && read->bytes == bytes.size());
  CHECK(read->begin == 0 && read->end == hidden.size());
}

}  // namespace
}  // namespace cofferdam::evidence

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = cofferdam::FuzzText(data, size);
  cofferdam::evidence::CheckText(text);
  cofferdam::evidence::CheckManifest(text.substr(0, 1 << 16));
  return 0;
}
