#pragma once

#include <optional>
#include <string>
#include <vector>

// What a bench prints: a table for people, or one JSON object
// {"bench","baseline","figures":{NAME:{"value","unit","target","better","met"}}}.
namespace cofferdam::bench {

enum class Better { kLower, kHigher };

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  Better better = Better::kLower;
  // None: printed only, judged by nobody yet.
  std::optional<double> target;
};

struct Options {
  bool json = false;
  bool quick = false;
};

// Reads --json and --quick; exits with 2 on anything else.
Options ParseOptions(int argc, char** argv);

void PrintFigures(const std::string& bench, const std::string& baseline,
                  const std::vector<Figure>& figures, const Options& options);

// Of an even number, the lower of the two in the middle; 0 of none.
double Median(std::vector<double> samples);
// The value below which `share` (0..1) of the samples lie. Sorts them.
double Percentile(std::vector<double>* samples, double share);

}  // namespace cofferdam::bench
