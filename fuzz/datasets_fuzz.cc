// Files of datasets, and any text as a path of one.

#include "evidence/dataset_catalogue.h"
#include "policy/terms.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace evidence = cofferdam::evidence;
  const std::string_view text = cofferdam::FuzzText(data, size);
  auto parsed = evidence::DatasetCatalogue::Parse(
      text, "f", cofferdam::policy::TermsTable::BuiltIn(), 0);
  if (!parsed.ok()) return 0;
  for (const auto& dataset : parsed->datasets()) {
    for (const std::string& name : dataset->match) {
      static_cast<void>(parsed->OfPath("a/" + name + "/b.jsonl"));
      static_cast<void>(parsed->OfName(name));
      static_cast<void>(parsed->OfModel(name));
    }
  }
  return 0;
}
