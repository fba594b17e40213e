#include "benches/recall_report.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace cofferdam::bench {
namespace {

constexpr const char* kBaseline = "a prototype's shares, as targets";

bool Met(double value, double target, Better better) {
  return better == Better::kHigher ? value >= target : value <= target;
}

// "python (stand-in)" as part of a figure's name: "python_standin".
std::string FigurePart(std::string_view name) {
  std::string part;
  for (const char c : name) {
    if (c == ' ') {
      part += '_';
    } else if (c != '(' && c != ')' && c != '-') {
      part += c;
    }
  }
  return part;
}

}  // namespace

void RecallReport::Add(const ShareTable& table) {
  for (size_t row = 0; row < table.rows.size(); ++row) {
    if (table.counted != "pieces") {
      figures_.push_back({table.figure + "_" + table.counted + "." +
                              FigurePart(table.rows[row].name),
                          static_cast<double>(table.rows[row].count),
                          table.counted, table.better, std::nullopt});
    }
    for (size_t i = 0; i < table.columns.size(); ++i) {
      std::string name = table.figure;
      if (table.columns.size() > 1) name += "_" + table.columns[i];
      if (row > 0 || table.counted != "pieces")
        name += "." + FigurePart(table.rows[row].name);
      std::optional<double> target;
      if (row == 0 && i < table.targets.size()) target = table.targets[i];
      figures_.push_back(
          {name, table.rows[row].shares[i], "share", table.better, target});
    }
  }
  if (options_.json) return;
  fmt::print("\n{}\n  {:<28}{:>8}", table.title, "", table.counted);
  for (const std::string& column : table.columns)
    fmt::print("{:>8}", column + table.column_unit);
  fmt::print("\n");
  for (const ShareRow& row : table.rows) {
    fmt::print("  {:<28}{:>8}", row.name, row.count);
    for (const double share : row.shares) fmt::print("{:>8.3f}", share);
    fmt::print("\n");
    if (&row != &table.rows.front() || table.targets.empty()) continue;
    fmt::print("  {:<28}{:>8}", "target", "");
    for (const double target : table.targets) fmt::print("{:>8.3f}", target);
    fmt::print("\n  {:<28}{:>8}", "met", "");
    for (size_t i = 0; i < table.targets.size(); ++i) {
      fmt::print("{:>8}", Met(row.shares[i], table.targets[i], table.better)
                              ? "yes"
                              : "NO");
    }
    fmt::print("\n");
  }
  std::fflush(stdout);
}

void RecallReport::Add(const Figure& figure, const std::string& title) {
  figures_.push_back(figure);
  if (options_.json) return;
  std::string judged;
  if (figure.target) {
    judged = fmt::format(
        "  target {} {:g}: {}",
        figure.better == Better::kLower ? "<=" : ">=", *figure.target,
        Met(figure.value, *figure.target, figure.better) ? "met" : "NOT met");
  }
  fmt::print("  {:<58}{:>12.6g} {}{}\n", title, figure.value, figure.unit,
             judged);
  std::fflush(stdout);
}

void RecallReport::Say(const std::string& line) {
  if (!options_.json) fmt::print("{}\n", line);
}

void RecallReport::Finish() const {
  if (options_.json) {
    PrintFigures("recall", kBaseline, figures_, options_);
    return;
  }
  size_t judged = 0;
  size_t met = 0;
  for (const Figure& figure : figures_) {
    if (!figure.target) continue;
    ++judged;
    met += Met(figure.value, *figure.target, figure.better);
  }
  fmt::print("\n{} of {} targets met{}\n", met, judged,
             options_.quick ? " (quick: a sample, too small to judge)" : "");
}

}  // namespace cofferdam::bench
