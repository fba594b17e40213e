// What the law costs a request.

#include "benches/decision_figures.h"
#include "benches/figures.h"

int main(int argc, char** argv) {
  namespace bench = cofferdam::bench;
  const bench::Options options = bench::ParseOptions(argc, argv);
  bench::PrintFigures("policy", "going through the rules one by one",
                      bench::DecisionFigures(options), options);
  return 0;
}
