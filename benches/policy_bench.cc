// What the gate's law and money cost a request.

#include <utility>
#include <vector>

#include "benches/budget_load.h"
#include "benches/decision_figures.h"
#include "benches/figures.h"

int main(int argc, char** argv) {
  namespace bench = cofferdam::bench;
  const bench::Options options = bench::ParseOptions(argc, argv);
  std::vector<bench::Figure> figures = bench::DecisionFigures(options);
  for (bench::Figure& figure : bench::BudgetFigures(options)) {
    figures.push_back(std::move(figure));
  }
  for (bench::Figure& figure : bench::AgentDayFigures(options)) {
    figures.push_back(std::move(figure));
  }
  bench::PrintFigures("policy",
                      "going through the rules one by one; one thread alone",
                      figures, options);
  return 0;
}
