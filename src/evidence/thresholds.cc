#include "evidence/thresholds.h"

#include <optional>

#include "base/check.h"
#include "base/toml.h"

namespace cofferdam::evidence {
namespace {

constexpr double kMillion = 1e6;
constexpr auto kBitsMax = static_cast<int64_t>(kThresholdBitsMax * kMillion);

std::optional<double> Number(TomlTable* table, std::string_view key,
                             int64_t min) {
  if (!table->Has(key)) {
    table->Missing(key);
    return std::nullopt;
  }
  std::optional<int64_t> millionths = table->Millionths(key, min, kBitsMax);
  if (!millionths) return std::nullopt;
  return static_cast<double>(*millionths) / kMillion;
}

// What a calibration notes for people and reads nowhere.
void PassOver(TomlTable* table) {
  for (std::string_view count : {"files", "flagged"})
    if (table->Has(count)) table->Int(count, 0, INT64_MAX);
  for (std::string_view bits : {"highest", "others_highest", "highest_long"})
    if (table->Has(bits)) table->Millionths(bits, 0, kBitsMax);
}

}  // namespace

const Thresholds& Thresholds::BuiltIn() {
  // A test parses it, so that this cannot fail.
  static const Thresholds built_in = [] {
    Result<Thresholds> parsed =
        Parse(BuiltInThresholdsText(), "data/thresholds.toml");
    CHECK_OK(parsed);
    return *std::move(parsed);
  }();
  return built_in;
}

Result<Thresholds> Thresholds::Parse(std::string_view text,
                                     std::string_view file_name) {
  TomlDocument document = TomlDocument::Parse(text);
  Thresholds thresholds;
  if (document.issues().empty()) {
    TomlTable root = document.root();
    Number(&root, "margin", static_cast<int64_t>(kMillion));
    std::optional<TomlTable> families = root.Table("family");
    if (!families) root.Missing("family");
    for (int i = 0; families && i < kFamilyCount; ++i) {
      auto family = static_cast<Family>(i);
      std::optional<TomlTable> row = families->Table(FamilyName(family));
      if (!row) {
        families->Missing(FamilyName(family));
        continue;
      }
      std::optional<double> weak = Number(&*row, "weak", 0);
      std::optional<double> strong = Number(&*row, "strong", 0);
      std::optional<double> of_long = Number(&*row, "long", 0);
      PassOver(&*row);
      if (weak && strong && *strong < *weak)
        row->Complain("strong", "must not be below weak");
      if (weak && of_long && *of_long < *weak)
        row->Complain("long", "must not be below weak");
      if (strong && of_long && *of_long > *strong)
        row->Complain("long", "must not be above strong");
      if (!row->Has("tokens")) row->Missing("tokens");
      std::optional<int64_t> tokens = row->Int("tokens", 0, kStrongTokensMax);
      thresholds.Set(
          family, {.weak_bits = weak.value_or(0),
                   .strong_bits = strong.value_or(0),
                   .long_bits = of_long.value_or(0),
                   .strong_tokens = static_cast<uint32_t>(tokens.value_or(0))});
      row->Finish();
    }
    if (families) families->Finish();
    root.Finish();
  }
  if (std::vector<TomlIssue> issues = document.issues(); !issues.empty())
    return Error(Code::kInvalid, FormatIssues(file_name, issues));
  return thresholds;
}

}  // namespace cofferdam::evidence
