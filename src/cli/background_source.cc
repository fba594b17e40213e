#include "cli/background_source.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "cli/context.h"
#include "corpus/commits.h"
#include "corpus/record.h"
#include "corpus/source.h"

namespace cofferdam::cli {
namespace {

using evidence::BackgroundBuilder;

// Which texts carry a finding.
class FlaggedTexts final : public scan::Sink {
 public:
  explicit FlaggedTexts(int64_t before_micros)
      : before_micros_(before_micros) {}

  void OnFinding(const evidence::Finding& finding) override {
    if (IsLater(finding)) return;
    const evidence::FindingPlace& place = finding.place;
    flagged_.emplace(place.path, place.record, place.field);
  }
  void OnPassedOver(const corpus::PassedOver&) override {}

  // A finding without a field is about all of its record.
  bool Has(const corpus::Record& record, const corpus::Field& field) const {
    if (flagged_.empty()) return false;
    const std::string& path = record.file->path;
    return flagged_.contains({path, record.number, std::string(field.name)}) ||
           flagged_.contains({path, record.number, std::string()});
  }

 private:
  // All of the text is older than the layer, so it cannot come from outputs
  // that are younger, whether its place says when it was written or not.
  bool IsLater(const evidence::Finding& finding) const {
    return finding.kind == evidence::FindingKind::kMatch &&
           finding.origins_left_out == 0 &&
           std::ranges::all_of(finding.origins, [&](const auto& found) {
             return found.origin.time >= before_micros_;
           });
  }

  const int64_t before_micros_;
  std::set<std::tuple<std::string, uint64_t, std::string>> flagged_;
};

Status Add(std::string_view path, std::string_view text,
           BackgroundBuilder* builder, BackgroundSourceCounts* counts) {
  TRY_ASSIGN(const BackgroundBuilder::Added added,
             builder->AddDocument(path, text));
  switch (added) {
    case BackgroundBuilder::Added::kAdded:
      ++counts->added;
      break;
    case BackgroundBuilder::Added::kTooShort:
      ++counts->too_short;
      break;
    case BackgroundBuilder::Added::kTable:
      ++counts->tables;
      break;
    case BackgroundBuilder::Added::kDuplicate:
      ++counts->duplicates;
      break;
  }
  return {};
}

}  // namespace

Status BackgroundSource::Read(const std::string& path,
                              BackgroundBuilder* builder,
                              BackgroundSourceCounts* counts) const {
  TRY(builder->BeginProject());
  corpus::SourceOptions options;
  if (options_.dates == BackgroundSourceOptions::Dates::kOfCommits) {
    TRY_ASSIGN(options.revision,
               corpus::CommitBefore(path, options_.before_micros));
  }
  FlaggedTexts flagged(options_.before_micros);
  if (options_.scan) {
    scan::ScanOptions scan = *options_.scan;
    scan.source = options;
    TRY(scan::Scan({path}, scan, &flagged));
  }
  TRY_ASSIGN(const auto source, corpus::OpenSource({path}, options));
  corpus::ChunkReader reader(options);
  Status status;
  const auto on_record = [&](const corpus::Record& record) {
    for (const corpus::Field& field : record.fields) {
      if (!status.ok()) return;
      if (flagged.Has(record, field)) {
        ++counts->with_findings;
      } else {
        status = Add(record.path_hint, field.text, builder, counts);
      }
    }
  };
  const auto on_passed = [&](const corpus::PassedOver& passed) {
    counts->passed_over += std::max<uint64_t>(passed.records, 1);
  };
  while (true) {
    TRY_ASSIGN(std::optional<corpus::Chunk> chunk, source->Next());
    if (!chunk) break;
    TRY(reader.Read(*chunk, on_record, on_passed));
    TRY(std::move(status));
  }
  for (const std::string& notice : source->notices()) {
    Say("cofferdam: " + notice);
  }
  return {};
}

}  // namespace cofferdam::cli
