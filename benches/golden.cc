#include "benches/golden.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "benches/process.h"

namespace cofferdam::bench {
namespace {

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) Fail("read " + path);
  return text.str();
}

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) {
    parts.push_back(part);
  }
  return parts;
}

GoldenLines ReadLines(const std::string& path) {
  GoldenLines lines;
  for (const std::string& row : Split(ReadWhole(path), '\n')) {
    const std::vector<std::string> fields = Split(row, '\t');
    if (fields.size() != 6) Fail(path + ": a row without six fields");
    GoldenLine line;
    line.hand = fields[2] == "model"   ? Hand::kModel
                : fields[2] == "mixed" ? Hand::kMixed
                                       : Hand::kHuman;
    if (fields[3] != "-") {
      for (const std::string& run : Split(fields[3], ',')) {
        line.runs.push_back(std::stoul(run));
      }
    }
    line.by_trailer = fields[4] == "model";
    line.by_note = fields[5] == "model";
    lines[{fields[0], std::stoll(fields[1])}] = std::move(line);
  }
  return lines;
}

}  // namespace

Golden ReadGolden(const std::string& folder) {
  Golden golden{.folder = folder};
  const std::string path = folder + "/golden.json";
  auto document = JsonDocument::Parse(ReadWhole(path));
  if (!document.ok()) Fail(path + ": " + document.error().message());
  golden.config = (*document)["config"].StringOrEmpty();
  for (const JsonValue& run : (*document)["runs"].Elements()) {
    golden.runs.push_back({std::string(run["tool"].StringOrEmpty()),
                           std::string(run["model"].StringOrEmpty())});
  }
  for (const auto& [id, run] : (*document)["exchanges"].Members()) {
    golden.run_of_exchange[std::string(id)] =
        static_cast<size_t>(run.Int().value_or(0));
  }
  for (const JsonValue& stage : (*document)["stages"].Elements()) {
    const std::string name(stage.StringOrEmpty());
    const std::string at = fmt::format("{}/{}", folder, name);
    golden.stages.push_back({name, at + "/real", ReadLines(at + "/truth.tsv")});
  }
  return golden;
}

double Told::Precision() const {
  return said == 0 ? 0 : static_cast<double>(right) / static_cast<double>(said);
}

double Told::Recall() const {
  return there == 0 ? 0
                    : static_cast<double>(found) / static_cast<double>(there);
}

void Told::Count(bool is, bool is_said) {
  there += is;
  said += is_said;
  right += is && is_said;
  found += is && is_said;
}

}  // namespace cofferdam::bench
