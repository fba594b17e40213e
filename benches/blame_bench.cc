// ./bench blame: how well `cofferdam blame` tells models' lines from people's
// on the golden history, at every stage of what git did to it, beside what
// trailers and notes alone would tell; and how long it takes beside git blame.

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "benches/blamed.h"
#include "benches/figures.h"
#include "benches/golden.h"
#include "benches/process.h"

namespace cofferdam::bench {
namespace {

constexpr double kPrecisionTarget = 0.98;
constexpr double kRecallTarget = 0.97;
constexpr double kTimesGitBlameTarget = 2;
constexpr double kCheckMsTarget = 150;
constexpr int kRounds = 3;
constexpr int kChecks = 15;
constexpr int kCores = 2;

// What was said of the lines of one stage.
struct StageFigures {
  std::string name;
  size_t lines = 0;
  // A line that both had a hand in counts as the model's, on both sides.
  Told blame;
  Told content;  // without what notes, records and trailers claim
  // Only lines that are the model's alone count, on both sides.
  Told blame_alone;
  Told trailers;
  Told notes;
  // Of models' lines that were found, those whose model is named rightly.
  size_t named = 0;
  size_t people = 0;
  size_t people_said_human = 0;
  size_t people_said_unknown = 0;
  // Lines of the truth that the answer has no word on.
  size_t missing = 0;

  double NamedShare() const {
    return blame.found == 0
               ? 0
               : static_cast<double>(named) / static_cast<double>(blame.found);
  }
};

bool IsOneOf(const Golden& golden, const std::vector<size_t>& runs,
             const std::string& model) {
  return std::any_of(runs.begin(), runs.end(), [&](size_t run) {
    return golden.runs[run].model == model;
  });
}

bool IsModels(const BlamedLines& blamed, const BlamedLines::key_type& place) {
  const auto found = blamed.find(place);
  return found != blamed.end() &&
         (found->second.as == "model" || found->second.as == "mixed");
}

StageFigures Judge(const Golden& golden, const GoldenStage& stage,
                   const BlamedLines& blamed, const BlamedLines& content) {
  StageFigures figures{.name = stage.name, .lines = stage.lines.size()};
  for (const auto& [place, line] : stage.lines) {
    const auto found = blamed.find(place);
    figures.missing += found == blamed.end();
    const BlamedAs said = found == blamed.end() ? BlamedAs{} : found->second;
    const bool is = line.hand != Hand::kHuman;
    const bool is_said = IsModels(blamed, place);
    figures.blame.Count(is, is_said);
    figures.content.Count(is, IsModels(content, place));
    figures.blame_alone.Count(line.hand == Hand::kModel, said.as == "model");
    figures.trailers.Count(is, line.by_trailer);
    figures.notes.Count(is, line.by_note);
    figures.named += is && is_said && IsOneOf(golden, line.runs, said.model);
    figures.people += !is;
    figures.people_said_human += !is && said.as == "human";
    figures.people_said_unknown += !is && said.as == "unknown";
  }
  return figures;
}

double Share(size_t part, size_t of) {
  return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  void Run() {
    const Golden golden = ReadGolden(MakeGolden());
    Say("Lines of models, told by each: precision and recall (a line that a "
        "person changed counts as a model's)\n"
        "  {:<14}{:>7}{:>15}{:>15}{:>15}{:>15}{:>15}{:>8}\n",
        "", "lines", "blame", "no claims", "strictly", "trailers", "notes",
        "model");
    std::vector<StageFigures> stages;
    for (const GoldenStage& stage : golden.stages) {
      stages.push_back(Judge(golden, stage, Blame(golden, stage, {}),
                             Blame(golden, stage, {"--no-claims"})));
      Print(stages.back());
    }
    People(stages);
    Speed(golden);
    Check(golden);
    if (options_.json) {
      PrintFigures("blame", kBaseline, figures_, options_);
    } else {
      Summary();
    }
  }

 private:
  static constexpr const char* kBaseline =
      "trailers and notes alone; git blame over the same files";

  template <typename... Words>
  void Say(fmt::format_string<Words...> format, Words&&... words) const {
    if (options_.json) return;
    fmt::print(format, std::forward<Words>(words)...);
    std::fflush(stdout);
  }

  static BlamedLines Blame(const Golden& golden, const GoldenStage& stage,
                           const std::vector<std::string>& more) {
    std::vector<std::string> command = {
        CofferdamBinary(), "--config", golden.config,   "blame",
        "--json",          "--lines",  stage.repository};
    command.insert(command.end(), more.begin(), more.end());
    return ReadBlamed(Output(command, 0, golden.folder + "/blame.log"));
  }

  std::string MakeGolden() const {
    std::vector<std::string> command = {"/usr/bin/python3",
                                        "benches/golden_history.py"};
    if (options_.quick) command.push_back("--quick");
    std::string folder = Output(command);
    while (!folder.empty() && folder.back() == '\n') folder.pop_back();
    return folder;
  }

  void Add(const std::string& name, double value, const std::string& unit,
           Better better = Better::kHigher,
           std::optional<double> target = std::nullopt) {
    figures_.push_back({name, value, unit, better, target});
  }

  void Print(const StageFigures& stage) {
    const auto pair = [](const Told& told) {
      return fmt::format("{:.3f} {:.3f}", told.Precision(), told.Recall());
    };
    Say("  {:<14}{:>7}{:>15}{:>15}{:>15}{:>15}{:>15}{:>8.3f}\n", stage.name,
        stage.lines, pair(stage.blame), pair(stage.content),
        pair(stage.blame_alone), pair(stage.trailers), pair(stage.notes),
        stage.NamedShare());
    const std::string& name = stage.name;
    Add(name + ".precision", stage.blame.Precision(), "share", Better::kHigher,
        kPrecisionTarget);
    Add(name + ".recall", stage.blame.Recall(), "share", Better::kHigher,
        kRecallTarget);
    const std::pair<const char*, const Told*> others[] = {
        {"no_claims", &stage.content},
        {"strict", &stage.blame_alone},
        {"trailers", &stage.trailers},
        {"notes", &stage.notes}};
    for (const auto& [what, told] : others) {
      Add(fmt::format("{}.{}_precision", name, what), told->Precision(),
          "share");
      Add(fmt::format("{}.{}_recall", name, what), told->Recall(), "share");
    }
    Add(name + ".model_named", stage.NamedShare(), "share");
    Add(name + ".lines_missing", static_cast<double>(stage.missing), "lines",
        Better::kLower, 0);
  }

  void People(const std::vector<StageFigures>& stages) {
    Say("\nLines of people, by what blame says of them\n"
        "  {:<14}{:>7}{:>9}{:>9}{:>15}\n",
        "", "lines", "human", "unknown", "model, mixed");
    for (const StageFigures& stage : stages) {
      const size_t wrong =
          stage.people - stage.people_said_human - stage.people_said_unknown;
      Say("  {:<14}{:>7}{:>9.3f}{:>9.3f}{:>15.3f}\n", stage.name, stage.people,
          Share(stage.people_said_human, stage.people),
          Share(stage.people_said_unknown, stage.people),
          Share(wrong, stage.people));
      Add(stage.name + ".people_said_human",
          Share(stage.people_said_human, stage.people), "share");
    }
  }

  static double Seconds(const std::vector<std::string>& command) {
    const auto begin = std::chrono::steady_clock::now();
    Output(command);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         begin)
        .count();
  }

  // Both take turns, so that a busy machine is busy for both.
  void Speed(const Golden& golden) {
    const std::string repository = golden.folder + "/large";
    std::vector<double> git;
    std::vector<double> ours;
    std::vector<double> ratios;
    for (int round = 0; round < kRounds; ++round) {
      git.push_back(Seconds(
          {"sh", "-c",
           fmt::format("cd '{}' && git ls-files -z | xargs -0 -P{} -n1 git "
                       "blame --porcelain HEAD -- >blame.out",
                       repository, kCores)}));
      std::filesystem::remove(repository + "/blame.out");
      ours.push_back(Seconds({CofferdamBinary(), "--config", golden.config,
                              "blame", "--json", "--lines", repository}));
      ratios.push_back(ours.back() / git.back());
    }
    Say("\n{} lines, {} commits, {} cores, median of {}\n",
        Count(repository, "git ls-files -z | xargs -0 cat | wc -l"),
        Count(repository, "git rev-list --count HEAD"), kCores, kRounds);
    Line("git_blame", "git blame, file by file", Median(git), "s",
         std::nullopt);
    Line("blame", "cofferdam blame", Median(ours), "s", std::nullopt);
    Line("times_git_blame", "cofferdam blame in times of git blame",
         Median(ratios), "x", kTimesGitBlameTarget);
  }

  void Check(const Golden& golden) {
    WriteFile(std::filesystem::path(golden.config)
                  .replace_filename("policy.toml")
                  .string(),
              "[[protect]]\npaths = [\"training/\"]\npurpose = \"training\"\n");
    // It finds the models' lines, so exit 1 is what a hook would see.
    const std::string command = fmt::format(
        "cd '{}/staged' && '{}' --config '{}' check --staged >{} "
        "2>&1; test $? -eq 1",
        golden.folder, CofferdamBinary(), golden.config,
        golden.folder + "/check.log");
    std::vector<double> ms;
    for (int i = 0; i < kChecks; ++i) {
      ms.push_back(1000 * Seconds({"sh", "-c", command}));
    }
    Say("\nA commit of 20 files of 60 lines, median of {}\n", kChecks);
    Line("check_staged", "cofferdam check --staged", Median(ms), "ms",
         kCheckMsTarget);
  }

  static std::string Count(const std::string& repository,
                           const std::string& command) {
    std::string text =
        Output({"sh", "-c", fmt::format("cd '{}' && {}", repository, command)});
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  void Line(const std::string& name, const std::string& title, double value,
            const std::string& unit, std::optional<double> target) {
    Add(name, value, unit, Better::kLower, target);
    Say("  {:<42}{:>10.2f} {}{}\n", title, value, unit,
        target ? fmt::format("  target <= {:g}: {}", *target,
                             value <= *target ? "met" : "NOT met")
               : "");
  }

  void Summary() const {
    size_t judged = 0;
    size_t met = 0;
    for (const Figure& figure : figures_) {
      if (!figure.target) continue;
      ++judged;
      const bool holds = figure.better == Better::kLower
                             ? figure.value <= *figure.target
                             : figure.value >= *figure.target;
      met += holds;
      if (!holds) {
        Say("  not met: {} {:.3f}, target {:g}\n", figure.name, figure.value,
            *figure.target);
      }
    }
    Say("\n{} of {} targets met{}\n", met, judged,
        options_.quick ? " (quick: too small to judge)" : "");
  }

  const Options& options_;
  std::vector<Figure> figures_;
};

// This process and what it starts use no more cores than the target names.
void StayOnCores() {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof(all), &all) != 0) return;
  cpu_set_t few;
  CPU_ZERO(&few);
  int taken = 0;
  for (int core = 0; core < CPU_SETSIZE && taken < kCores; ++core) {
    if (!CPU_ISSET(core, &all)) continue;
    CPU_SET(core, &few);
    ++taken;
  }
  sched_setaffinity(0, sizeof(few), &few);
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  const auto options = cofferdam::bench::ParseOptions(argc, argv);
  cofferdam::bench::StayOnCores();
  cofferdam::bench::Bench(options).Run();
  return 0;
}
