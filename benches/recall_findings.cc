#include "benches/recall_findings.h"

#include <utility>

#include "base/json.h"
#include "benches/process.h"

namespace cofferdam::bench {

FindingsFile::FindingsFile(const std::string& path) : file_(path) {
  if (!file_) Fail(path + " cannot be written");
}

void FindingsFile::Write(const FindingsOf& of, const Seen& seen) {
  JsonWriter json;
  json.BeginObject()
      .Field("row", of.row)
      .Field("what", of.what)
      .Field("group", GroupName(of.group))
      .Field("edited", of.edited)
      .Field("verdict", policy::VerdictName(seen.verdict))
      .Field("names_it", seen.names_it);
  json.Key("findings").BeginArray();
  for (const evidence::FoundOrigin& one : seen.rests_on) {
    const evidence::ContentEvidence& content = one.content;
    const std::pair<std::string_view, double> members[] = {
        {"tokens", content.tokens},
        {"tokens_on_lines", one.tokens},
        {"echoed_tokens", content.echoed_tokens},
        {"prior_tokens", content.prior_tokens},
        {"shared_tokens", content.shared_tokens},
        {"novel_tokens", content.novel_tokens},
        {"bits", content.bits()},
        {"decisive_bits", content.decisive_bits()},
        {"novel_token_bits", content.novel_token_bits},
        {"novel_name_bits", content.novel_name_bits},
        {"context_bits", one.context_bits},
        {"kept_share", content.kept_share},
        {"contradictions", content.contradictions},
        {"exact_tokens", content.exact_tokens},
        {"exact_novel_tokens", content.exact_novel_tokens},
        {"exact_names", content.exact_names},
        {"exact_bits", content.exact_bits},
    };
    json.BeginObject();
    for (const auto& [name, value] : members) json.Field(name, value);
    json.EndObject();
  }
  json.EndArray().EndObject();
  file_ << std::move(json).Take() << '\n';
  if (!file_) Fail("findings cannot be written");
}

}  // namespace cofferdam::bench
