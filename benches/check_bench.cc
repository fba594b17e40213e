// How long a commit waits for its pre-commit hook: `check --staged` from start
// to end, of 20 files that a policy protects, in a repository of 1,000 files,
// beside `git diff --cached` on the same.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "benches/figures.h"
#include "benches/process.h"

namespace cofferdam::bench {
namespace {

constexpr int kStagedFiles = 20;
constexpr int kLinesOfFile = 200;

// A file of Python that no two numbers give alike.
std::string MadeUpFile(int number) {
  std::string text = fmt::format("# Part {} of a made-up program.\n", number);
  for (int line = 1; line < kLinesOfFile; line += 4) {
    const unsigned mixed = (number * 7919u + line * 104729u) % 1'000'003u;
    text += fmt::format(
        "def step_{0}_{1}(width, rows):\n    total = rows[{2}] * {0} + {1}\n"
        "    return total - width * {3} % {2}\n\n",
        number, line, mixed, mixed / 3);
  }
  return text;
}

// A person's file: other words in another order, so that it follows no output.
std::string OwnFile(int number) {
  constexpr const char* kWords[] = {"bee",   "hive",  "comb",  "wax",
                                    "swarm", "queen", "frame", "smoke"};
  std::string text = fmt::format("# Notes on yard {}.\n", number);
  uint32_t state = static_cast<uint32_t>(number) * 2654435761u + 1;
  const auto next = [&state](uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
  };
  for (int line = 1; line < kLinesOfFile; ++line) {
    text += fmt::format("{}_{}", kWords[next(8)], next(1000));
    for (uint32_t i = 0, parts = 1 + next(5); i < parts; ++i) {
      constexpr const char* kJoints[] = {" = ",  ".",   " + ", "[0] - ",
                                         " if ", " % ", ", "};
      text += kJoints[next(7)];
      text += fmt::format("{}_{}", kWords[next(8)], next(1000));
    }
    text += "\n";
  }
  return text;
}

void MakeFolderAt(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0) Fail("mkdir " + path);
}

// The milliseconds of some runs, by falling luck.
std::vector<double> Time(int runs, const std::vector<std::string>& command,
                         int accepted) {
  std::vector<double> samples;
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    (void)Output(command, accepted);
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - begin;
    samples.push_back(spent.count());
  }
  return samples;
}

class Stage {
 public:
  Stage(const std::string& root, int outputs, int files)
      : root_(root), repository_(root + "/repository") {
    WriteFile(root + "/cofferdam.toml", "[store]\ndata = \"data\"\n");
    WriteFile(root + "/policy.toml",
              "ask = \"ask us\"\n[[protect]]\npaths = \"training/\"\n"
              "purpose = \"training\"\n");
    Import(0, outputs);
    (void)Cofferdam({"index", "build"});
    MakeFolderAt(repository_);
    MakeFolderAt(repository_ + "/training");
    MakeFolderAt(repository_ + "/src");
    (void)Git({"init", "-q"});
    for (int i = 0; i < files; ++i)
      WriteFile(fmt::format("{}/src/f{}.py", repository_, i),
                OwnFile(1'000'000 + i));
    (void)Git({"add", "."});
    (void)Git({"-c", "user.name=Ann", "-c", "user.email=ann@example.com",
               "commit", "-qm", "Begin"});
  }

  // Twenty files, the first `written` of which an output is of.
  void StageFiles(int written) {
    for (int i = 0; i < kStagedFiles; ++i)
      WriteFile(fmt::format("{}/training/t{}.py", repository_, i),
                i < written ? MadeUpFile(i) : OwnFile(2'000'000 + i));
    (void)Git({"add", "."});
  }
  void Import(int first, int count) {
    std::string lines;
    for (int i = first; i < first + count; ++i) {
      std::string text;
      for (const char c : MadeUpFile(i)) {
        if (c == '\n')
          text += "\\n";
        else
          text += c;
      }
      lines += fmt::format(
          "{{\"text\":\"{}\",\"path\":\"a.py\",\"id\":\"m{}\",\"provider\":"
          "\"anthropic\",\"model\":\"claude-sample\",\"contract\":\"old\"}}\n",
          text, i);
    }
    const std::string path = root_ + "/outputs.jsonl";
    WriteFile(path, lines);
    (void)Cofferdam({"import", "jsonl", path, "--terms-class", "forbid_any"});
  }

  std::vector<std::string> CheckCommand() const {
    return {CofferdamBinary(),        "check",     "--staged",
            "--repository",           repository_, "--config",
            root_ + "/cofferdam.toml"};
  }
  std::vector<std::string> DiffCommand() const {
    return {"/usr/bin/git", "-C", repository_, "diff", "--cached", "--stat"};
  }

 private:
  std::string Cofferdam(std::vector<std::string> words) {
    words.insert(words.begin(), CofferdamBinary());
    words.push_back("--config");
    words.push_back(root_ + "/cofferdam.toml");
    return Output(words, 0, root_ + "/log");
  }
  std::string Git(std::vector<std::string> words) {
    words.insert(words.begin(), {"/usr/bin/git", "-C", repository_});
    return Output(words, 0, root_ + "/log");
  }

  std::string root_;
  std::string repository_;
};

int Main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  const int runs = options.quick ? 5 : 25;
  const TemporaryFolder folder;
  Stage stage(folder.path(), options.quick ? 200 : 2000,
              options.quick ? 100 : 1000);
  stage.StageFiles(0);
  (void)Output(stage.CheckCommand());
  std::vector<double> clean = Time(runs, stage.CheckCommand(), 0);
  std::vector<double> diff = Time(runs, stage.DiffCommand(), 0);
  stage.StageFiles(5);
  std::vector<double> found = Time(runs, stage.CheckCommand(), 1);
  stage.Import(5'000'000, 1);
  const double first = Time(1, stage.CheckCommand(), 1).front();
  const double middle = Median(clean);
  PrintFigures(
      "check", "git diff --cached --stat of the same 20 files",
      {{"check_staged_median", middle, "ms", Better::kLower, 150.0},
       {"check_staged_p95", Percentile(&clean, 0.95), "ms", Better::kLower, {}},
       {"check_staged_5_of_20_forbidden", Median(found), "ms", Better::kLower,
        150.0},
       {"check_staged_after_new_outputs", first, "ms", Better::kLower, {}},
       {"git_diff_cached_median", Median(diff), "ms", Better::kLower, {}}},
      options);
  return 0;
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) { return cofferdam::bench::Main(argc, argv); }
