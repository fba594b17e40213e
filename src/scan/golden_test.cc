#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/json.h"
#include "corpus/folder_testing.h"
#include "evidence/sample_testing.h"
#include "scan/scan.h"

// Runs every folder of tests/golden/scan: an index is made of the outputs that
// its case.json names, its input is copied elsewhere and scanned, and the lines
// of `expected` are what must come of it.
namespace cofferdam::scan {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// One line for each finding: verdict, place, and the contracts of all origins.
class Summary : public Sink {
 public:
  explicit Summary(std::string root) : root_(std::move(root)) {}

  void OnFinding(const evidence::Finding& finding) override {
    std::set<std::string> contracts;
    for (const evidence::FoundOrigin& found : finding.origins)
      contracts.insert(found.origin.contract);
    text_ +=
        fmt::format("{} {}:{}-{} {}\n", policy::VerdictName(finding.verdict),
                    Below(finding.place.path), finding.lines.begin,
                    finding.lines.end, fmt::join(contracts, ","));
    why_ += finding.why + "\n";
  }
  void OnPassedOver(const corpus::PassedOver& passed) override {
    text_ += fmt::format("passed over {}: {}\n", Below(passed.path),
                         corpus::ReasonName(passed.reason));
  }
  const std::string& text() const { return text_; }
  const std::string& why() const { return why_; }

 private:
  std::string Below(const std::string& path) const {
    return path.substr(root_.size() + 1);
  }
  std::string root_;
  std::string text_;
  std::string why_;
};

evidence::SampleOutput ReadOutput(const fs::path& folder,
                                  const JsonValue& json) {
  evidence::SampleOutput output;
  auto set = [&](std::string* member, std::string_view name) {
    if (json[name].present()) *member = json[name].StringOrEmpty();
  };
  output.text = ReadAll(folder / json["text"].StringOrEmpty());
  if (json["prompt"].present())
    output.prompt = ReadAll(folder / json["prompt"].StringOrEmpty());
  output.part = static_cast<int>(json["part"].Int().value_or(0));
  set(&output.exchange, "exchange");
  set(&output.kind, "kind");
  set(&output.path, "path");
  set(&output.provider, "provider");
  set(&output.model, "model");
  set(&output.contract, "contract");
  set(&output.terms_class, "terms_class");
  set(&output.repo, "repo");
  return output;
}

class GoldenScan : public testing::TestWithParam<std::string> {};

TEST_P(GoldenScan, FindsWhatIsExpected) {
  fs::path folder = fs::path(COFFERDAM_GOLDEN_SCAN) / GetParam();
  auto json = JsonDocument::Parse(ReadAll(folder / "case.json"));
  ASSERT_TRUE(json.ok());
  std::vector<evidence::SampleOutput> outputs;
  for (const JsonValue& output : (*json)["outputs"].Elements())
    outputs.push_back(ReadOutput(folder, output));
  evidence::SampleIndex index(outputs);

  corpus::TestFolder copy;
  fs::copy(folder / "input", copy.path(), fs::copy_options::recursive);
  if (auto remote = (*json)["remote"].String()) {
    copy.InitGit("");
    copy.SetOrigin("", std::string(*remote));
  }
  ScanOptions options;
  options.index_folder = index.folder();
  options.judgement.organisation_trains_models =
      (*json)["trains_models"].Bool().value_or(true);
  if ((*json)["purpose"].StringOrEmpty() == "evaluation")
    options.judgement.purpose = policy::ScanPurpose::kEvaluation;
  Summary summary(copy.path());
  auto report = Scan({copy.path()}, options, &summary);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(summary.text(), ReadAll(folder / "expected")) << summary.why();
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(COFFERDAM_GOLDEN_SCAN))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenScan, testing::ValuesIn(Cases()),
                         [](const auto& info) { return "Case" + info.param; });

}  // namespace
}  // namespace cofferdam::scan
