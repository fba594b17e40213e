#include "benches/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/json.h"

namespace cofferdam::bench {
namespace {

bool Met(const Figure& figure) {
  return figure.better == Better::kLower ? figure.value <= *figure.target
                                         : figure.value >= *figure.target;
}

std::string AsJson(const std::string& bench, const std::string& baseline,
                   const std::vector<Figure>& figures) {
  JsonWriter json;
  json.BeginObject()
      .Field("bench", bench)
      .Field("baseline", baseline)
      .Key("figures")
      .BeginObject();
  for (const Figure& figure : figures) {
    json.Key(figure.name)
        .BeginObject()
        .Field("value", figure.value)
        .Field("unit", figure.unit)
        .Key("target");
    if (figure.target) {
      json.Double(*figure.target);
    } else {
      json.Null();
    }
    json.Field("better", figure.better == Better::kLower ? "lower" : "higher")
        .Key("met");
    if (figure.target) {
      json.Bool(Met(figure));
    } else {
      json.Null();
    }
    json.EndObject();
  }
  json.EndObject().EndObject();
  return std::move(json).Take();
}

}  // namespace

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--json") {
      options.json = true;
    } else if (word == "--quick") {
      options.quick = true;
    } else {
      fmt::print(stderr,
                 "bench: unknown option {}; there are --json and "
                 "--quick\n",
                 word);
      std::exit(2);
    }
  }
  return options;
}

void PrintFigures(const std::string& bench, const std::string& baseline,
                  const std::vector<Figure>& figures, const Options& options) {
  if (options.json) {
    fmt::print("{}\n", AsJson(bench, baseline, figures));
    return;
  }
  fmt::print("bench {} (baseline: {}){}\n", bench, baseline,
             options.quick ? ", quick: too short to judge" : "");
  for (const Figure& figure : figures) {
    std::string target;
    if (figure.target) {
      target = fmt::format("target {} {:g}: {}",
                           figure.better == Better::kLower ? "<=" : ">=",
                           *figure.target, Met(figure) ? "met" : "NOT met");
    }
    fmt::print("  {:<34} {:>12.2f} {:<10} {}\n", figure.name, figure.value,
               figure.unit, target);
  }
}

double Median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  auto middle =
      samples.begin() + static_cast<ptrdiff_t>(samples.size() - 1) / 2;
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

double Percentile(std::vector<double>* samples, double share) {
  if (samples->empty()) return 0;
  std::sort(samples->begin(), samples->end());
  size_t at = static_cast<size_t>(share * static_cast<double>(samples->size()));
  return (*samples)[std::min(at, samples->size() - 1)];
}

}  // namespace cofferdam::bench
