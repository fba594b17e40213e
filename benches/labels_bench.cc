// What it costs to look for a label's material in the prompts of an agent, as
// the gate does it where a rule asks. The label is this project's own code; the
// prompts are a session that grows, none of whose files are in the label, once
// with what was found of earlier texts kept, once with all texts new.

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "benches/figures.h"
#include "benches/growing_session.h"
#include "evidence/label_index.h"
#include "evidence/prompt_labels.h"
#include "wire/request.h"

namespace cofferdam::bench {
namespace {

namespace fs = std::filesystem;
using evidence::LabelBuilder;
using evidence::PromptLabels;

constexpr auto kProtocol = wire::Protocol::kAnthropicMessages;

// A label of all sources, in a folder that goes with it.
class Label {
 public:
  Label() {
    std::string folder = fs::temp_directory_path() / "labels_bench_XXXXXX";
    CHECK(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    auto builder =
        LabelBuilder::Open(folder_, "own", LabelBuilder::Mode::kReplace);
    CHECK_OK(builder);
    for (const auto& entry :
         fs::recursive_directory_iterator(COFFERDAM_SOURCES)) {
      if (!entry.is_regular_file()) continue;
      auto text = ReadFile(entry.path(), 1 << 24);
      CHECK_OK(text);
      CHECK_OK(builder->AddFile(entry.path().string(), *text));
    }
    auto info = builder->Finish({"src"}, 0);
    CHECK_OK(info);
    tokens_ = static_cast<double>(info->tokens);
  }
  ~Label() { fs::remove_all(folder_); }
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;

  const std::string& folder() const { return folder_; }
  double tokens() const { return tokens_; }

 private:
  std::string folder_;
  double tokens_ = 0;
};

double Millis(int64_t begin_micros) {
  return static_cast<double>(SystemClock().SteadyMicros() - begin_micros) / 1e3;
}

struct Cost {
  double kb = 0;
  double read_ms = 0;  // of the body, without any search
  double new_ms = 0;   // all texts new
  double seen_ms = 0;  // of the requests after the first of a session
  size_t found = 0;
};

Cost Measure(const Label& label, size_t sessions) {
  const std::string shared = GrowingSession::MakeShared(1);
  PromptLabels keeps(label.folder(), SystemClock(), SystemRandom());
  std::vector<double> kb, read, all_new, seen;
  Cost cost;
  for (size_t i = 0; i < sessions; ++i) {
    GrowingSession session(i + 1, shared);
    for (size_t turn = 0; turn < 8; ++turn) {
      const std::string body = session.Next().body;
      int64_t begin = SystemClock().SteadyMicros();
      CHECK_OK(wire::ReadPrompt(kProtocol, body));
      read.push_back(Millis(begin));
      begin = SystemClock().SteadyMicros();
      auto answer = keeps.Search({"own"}, 1, kProtocol, body);
      if (turn > 0) seen.push_back(Millis(begin));
      CHECK_OK(answer);
      cost.found += answer->labels;
      // Opened before it is measured, and empty.
      PromptLabels fresh(label.folder(), SystemClock(), SystemRandom());
      CHECK_OK(fresh.Search({"own"}, 1, wire::Prompt{.texts = {"x"}}));
      begin = SystemClock().SteadyMicros();
      CHECK_OK(fresh.Search({"own"}, 1, kProtocol, body));
      all_new.push_back(Millis(begin));
      kb.push_back(static_cast<double>(body.size()) / 1e3);
    }
  }
  cost.kb = Median(kb);
  cost.read_ms = Median(read);
  cost.new_ms = Median(all_new);
  cost.seen_ms = Median(seen);
  return cost;
}

// The share of pieces of so many lines of the label's files, pasted into a
// question, that are found.
double FoundShare(const Label& label, size_t lines, size_t pieces_max) {
  PromptLabels labels(label.folder(), SystemClock(), SystemRandom());
  SeededRandom random(lines);
  size_t pieces = 0, found = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(COFFERDAM_SOURCES)) {
    if (entry.path().extension() != ".cc") continue;
    auto text = ReadFile(entry.path(), 1 << 24);
    CHECK_OK(text);
    std::vector<size_t> begins = {0};
    for (size_t i = 0; i < text->size(); ++i) {
      if ((*text)[i] == '\n') begins.push_back(i + 1);
    }
    if (begins.size() < lines + 1 || pieces == pieces_max) continue;
    const size_t first = random.Below(begins.size() - lines);
    const std::string piece =
        text->substr(begins[first], begins[first + lines] - begins[first]);
    auto answer = labels.Search(
        {"own"}, 1, wire::Prompt{.texts = {"What does this do?\n\n" + piece}});
    CHECK_OK(answer);
    ++pieces;
    found += answer->labels;
  }
  return pieces == 0 ? 0 : static_cast<double>(found) / pieces;
}

int Main(const Options& options) {
  Label label;
  const Cost cost = Measure(label, options.quick ? 4 : 64);
  std::vector<Figure> figures;
  const auto add = [&](std::string name, double value, std::string unit,
                       std::optional<double> target = {}) {
    figures.push_back(
        {std::move(name), value, std::move(unit), Better::kLower, target});
  };
  add("label_tokens", label.tokens() / 1e3, "thousand");
  add("prompt_bytes", cost.kb, "KB");
  add("prompt_read_alone", cost.read_ms, "ms");
  add("prompt_all_new", cost.new_ms, "ms", 5);
  add("prompt_of_a_session_that_goes_on", cost.seen_ms, "ms", 0.5);
  add("prompts_that_fired", static_cast<double>(cost.found), "prompts", 0);
  const size_t pieces = options.quick ? 100 : 1'000;
  for (size_t lines : {10, 20, 30, 50}) {
    figures.push_back({fmt::format("found_of_{}_pasted_lines", lines),
                       FoundShare(label, lines, pieces) * 100, "%",
                       Better::kHigher, std::nullopt});
  }
  PrintFigures("labels", "every text of the prompt new", figures, options);
  return 0;
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  return cofferdam::bench::Main(cofferdam::bench::ParseOptions(argc, argv));
}
