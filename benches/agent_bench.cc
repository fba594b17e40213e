// ./bench agent: the in-house agent beside others, each before the same
// scripted engine: what it makes of imperfect calls and edits.

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "benches/figures.h"
#include "benches/process.h"

namespace cofferdam::bench {
namespace {

// Programs that measure a part and print {"baseline","text","figures"}.
constexpr std::string_view kParts[] = {"benches/agent/reliability.py",
                                       "benches/agent/sandbox_start.py",
                                       "benches/agent_speed.py"};

Figure ReadFigure(const JsonValue& row) {
  Figure figure;
  figure.name = row["name"].StringOrEmpty();
  figure.value = row["value"].Double().value_or(0);
  figure.unit = row["unit"].StringOrEmpty();
  figure.better = row["better"].StringOrEmpty() == "higher" ? Better::kHigher
                                                            : Better::kLower;
  figure.target = row["target"].Double();
  return figure;
}

void Run(const Options& options) {
  if (!options.quick) Output({"benches/agent/install_rivals.sh"});
  std::vector<Figure> figures;
  std::string baseline;
  for (std::string_view part : kParts) {
    std::vector<std::string> command = {"/usr/bin/python3", std::string(part)};
    if (options.quick) command.push_back("--quick");
    const Result<JsonDocument> said = JsonDocument::Parse(Output(command));
    if (!said.ok()) Fail(fmt::format("{}: {}", part, said.error().message()));
    for (const JsonValue& row : (*said)["figures"].Elements())
      figures.push_back(ReadFigure(row));
    if (!baseline.empty()) baseline += "; ";
    baseline += (*said)["baseline"].StringOrEmpty();
    if (!options.json) {
      fmt::print("{}", (*said)["text"].StringOrEmpty());
      std::fflush(stdout);
    }
  }
  PrintFigures("agent", baseline, figures, options);
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  cofferdam::bench::Run(cofferdam::bench::ParseOptions(argc, argv));
  return 0;
}
