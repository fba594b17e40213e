// What a scan finds of outputs that people worked on, and whom it accuses.
//
//   ./bench recall [--json] [--quick] [--prompts] [--data DIR] [--material DIR]
//                  [--background FILE] [--calibration-ledger FILE]
//                  [--findings FILE]
//
// --data holds answers of models and plagiarism pairs (by default
// ../shared/data), --material what tools/bench_data.py fetched (build/data).
// What is missing is named. --quick takes a sample, or code that the bench
// makes up where nothing was fetched, and judges nothing. --prompts measures
// the rows with prompts alone. --calibration-ledger measures nothing and writes
// what thresholds are calibrated against. --findings writes what each finding
// of human files and of the pieces of the tables rests on, one JSON object a
// line.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "benches/ancestry.h"
#include "benches/figures.h"
#include "benches/process.h"
#include "benches/recall_context.h"
#include "benches/recall_human.h"
#include "benches/recall_ledger.h"
#include "benches/recall_material.h"
#include "benches/recall_models.h"
#include "benches/recall_pieces.h"
#include "benches/recall_report.h"
#include "benches/recall_sheet.h"

namespace cofferdam::bench {
namespace {

constexpr size_t kTokensMin = 120;
constexpr size_t kPromptBytes = 100'000;
constexpr double kPromptTolerance = 0.005;
constexpr double kAmbiguousFilesMax = 0.01;
constexpr size_t kHumanFilesShown = 12;

// Shares of a prototype, which the scan has to reach (facts of the project).
const std::vector<double> kForbidden30 = {.95, .90, .83, .70, .55};
const std::vector<double> kFlagged30 = {.99, .98, .97, .93, .87};
const std::vector<double> kForbidden60 = {.97, .96, .94, .88, .78};
const std::vector<double> kProse = {1.0, .99, .97, .85};

class Bench {
 public:
  // `background` may be null.
  Bench(const Options& options, Material material,
        const evidence::Background* background)
      : options_(options),
        background_(background),
        material_(std::move(material)),
        sheet_(options) {}

  void WriteFindings(const std::string& path) { sheet_.WriteFindings(path); }

  // The rows with prompts alone.
  void RunPrompts() {
    TakeOutAncestry();
    human_lines_ = ReadHumanLines(material_.human);
    base_ = ExaminePieces(RecallLedger(background_, outputs_), outputs_,
                          pieces_from_, human_lines_, Thirty());
    Prompts();
    report().Finish();
  }

  void Run() {
    TakeOutAncestry();
    const RecallLedger ledger(background_, outputs_);
    DescribeLedger(ledger);
    human_lines_ = ReadHumanLines(material_.human);
    Human(ledger);
    Pieces(ledger);
    Prose(ledger);
    Prompts();
    Models();
    Plagiarism();
    report().Finish();
  }

 private:
  RecallReport& report() { return sheet_.report(); }
  ContextMaterial Context() const {
    return {.background = background_,
            .outputs = outputs_,
            .pieces_from = pieces_from_,
            .human_lines = human_lines_,
            .pieces = PieceCount()};
  }
  size_t PieceCount() const { return options_.quick ? 12 : 300; }
  PieceOptions Thirty() const {
    return {.lines = 30, .tokens_min = kTokensMin, .count = PieceCount()};
  }

  void Note(std::string_view what) const {
    fmt::print(stderr, "bench: {:6.1f} s  {}\n",
               static_cast<double>(SystemClock().SteadyMicros() - begin_) / 1e6,
               what);
  }

  // The ledger: all answers, and the stand-ins that share no ancestry with the
  // human files.
  void TakeOutAncestry() {
    for (const std::string& missing : material_.missing)
      fmt::print(stderr, "bench: missing: {}\n", missing);
    Note("look for shared ancestry");
    const std::vector<bool> shares =
        SharesAncestry(material_.standins, AllHuman());
    uint64_t bytes = 0;
    size_t taken_out = 0;
    for (size_t i = 0; i < shares.size(); ++i) {
      if (shares[i]) {
        ++taken_out;
        bytes += material_.standins[i].text.size();
        continue;
      }
      pieces_from_.push_back(outputs_.size());
      outputs_.push_back(material_.standins[i]);
    }
    for (const ModelOutput& answer : material_.answers) {
      answers_from_.push_back(outputs_.size());
      outputs_.push_back(answer);
    }
    report().Say(material_.made_up ? "Material: made up by the bench"
                                   : "Material");
    sheet_.Print("standins", "outputs of stand-ins",
                 static_cast<double>(shares.size()), "outputs");
    sheet_.Print(
        "standins_shared_ancestry",
        fmt::format("  taken out: {} raw tokens or more of a human file, in "
                    "runs of {} or more",
                    kAncestryTokens, kAncestryRunTokens),
        static_cast<double>(taken_out), "outputs");
    sheet_.Print("standins_shared_ancestry_bytes", "  bytes of those",
                 static_cast<double>(bytes) / 1e6, "MB");
  }

  std::vector<HumanFile> AllHuman() const {
    std::vector<HumanFile> all = material_.human;
    all.insert(all.end(), material_.human_prose.begin(),
               material_.human_prose.end());
    return all;
  }

  void DescribeLedger(const RecallLedger& ledger) {
    sheet_.Print("ledger_outputs", "outputs in the ledger",
                 static_cast<double>(outputs_.size()), "outputs");
    sheet_.Print("ledger_megabytes", "  their text", ledger.megabytes(), "MB");
    sheet_.Print(
        "ledger_fingerprints", "  their fingerprints",
        static_cast<double>(ledger.index().counts().fingerprints) / 1e6, "M");
  }

  void Human(const RecallLedger& ledger) {
    if (!material_.human_prose.empty()) HumanProse(ledger);
    Note("scan what people wrote");
    human_ = ScanHuman(ledger, material_.human);
    const double files = static_cast<double>(material_.human.size());
    report().Say(
        "\nFiles that people wrote before 2021, names of a repository "
        "unknown");
    sheet_.Print("human_megabytes", "read",
                 static_cast<double>(human_.bytes) / 1e6, "MB");
    sheet_.Print("human_files", "files", files, "files");
    sheet_.Print("human_rate", "rate, all threads",
                 static_cast<double>(human_.bytes) / 1e6 / human_.seconds,
                 "MB/s");
    sheet_.Judge("human_forbidden", "files with a forbidden finding",
                 static_cast<double>(human_.Forbidden()), "files",
                 Better::kLower, 0);
    sheet_.Judge("human_ambiguous_share", "share with an ambiguous one",
                 static_cast<double>(human_.Ambiguous()) / std::max(1.0, files),
                 "share", Better::kLower, kAmbiguousFilesMax);
    HumanByGroup();
    ShowHuman(human_, material_.human);
    for (const HumanSeen& one : human_.found)
      sheet_.Keep({.row = "human",
                   .what = material_.human[one.file].path,
                   .group = material_.human[one.file].group},
                  one.seen);
  }

  void HumanProse(const RecallLedger& ledger) {
    Note("scan what people wrote in comments");
    const HumanScan scan = ScanHuman(ledger, material_.human_prose);
    const double files = static_cast<double>(material_.human_prose.size());
    report().Say(
        "\nThe comments of those files, of 100 words or more, as prose");
    sheet_.Print("human_prose_megabytes", "read",
                 static_cast<double>(scan.bytes) / 1e6, "MB");
    sheet_.Print("human_prose_files", "files", files, "files");
    sheet_.Judge("human_prose_forbidden", "files with a forbidden finding",
                 static_cast<double>(scan.Forbidden()), "files", Better::kLower,
                 0);
    sheet_.Judge("human_prose_ambiguous_share", "share with an ambiguous one",
                 static_cast<double>(scan.Ambiguous()) / files, "share",
                 Better::kLower, kAmbiguousFilesMax);
    ShowHuman(scan, material_.human_prose);
  }

  void ShowHuman(const HumanScan& scan, const std::vector<HumanFile>& files) {
    if (options_.json) return;
    for (size_t i = 0; i < std::min(kHumanFilesShown, scan.found.size()); ++i) {
      const HumanSeen& one = scan.found[i];
      fmt::print("    {:7.1f} bits  {:<10} {}\n        {}\n", one.seen.bits,
                 policy::VerdictName(one.seen.verdict), files[one.file].path,
                 one.seen.why);
    }
  }

  void HumanByGroup() {
    struct Count {
      size_t files = 0;
      size_t ambiguous = 0;
      size_t forbidden = 0;
    };
    std::vector<Count> counts(kGroupCount + 1);
    for (const HumanFile& file : material_.human)
      ++counts[static_cast<size_t>(file.group)].files;
    for (const HumanSeen& one : human_.found) {
      Count& count =
          counts[static_cast<size_t>(material_.human[one.file].group)];
      count.forbidden += one.seen.forbidden();
      count.ambiguous += one.seen.verdict == policy::Verdict::kAmbiguous;
    }
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i].files == 0) continue;
      const std::string name(GroupName(static_cast<Group>(i)));
      sheet_.Print(
          "human_forbidden." + name,
          fmt::format("  {}: forbidden of {} files", name, counts[i].files),
          static_cast<double>(counts[i].forbidden), "files");
      sheet_.Print("human_ambiguous." + name,
                   fmt::format("  {}: ambiguous", name),
                   static_cast<double>(counts[i].ambiguous), "files");
    }
  }

  void Pieces(const RecallLedger& ledger) {
    Note("pieces of 30 lines");
    base_ =
        ExaminePieces(ledger, outputs_, pieces_from_, human_lines_, Thirty());
    const std::string how =
        "all names changed, comments stripped, reformatted, lines edited";
    sheet_.Table(
        "renamed_30_forbidden",
        "Pieces of 30 lines and at least 120 tokens, " + how + ": forbidden",
        base_, Forbidden, kForbidden30);
    sheet_.Table("renamed_30_flagged",
                 "The same pieces: forbidden or ambiguous", base_, Flagged,
                 kFlagged30);
    sheet_.Table(
        "renamed_30_named",
        "The same pieces: flagged, and the output they are from is named",
        base_, Named, {});
    Curve();

    Note("pieces of 60 and 10 lines");
    const auto sixty =
        ExaminePieces(ledger, outputs_, pieces_from_, human_lines_,
                      {.lines = 60, .count = PieceCount()});
    sheet_.Table("renamed_60_forbidden",
                 "Pieces of 60 lines, " + how + ": forbidden", sixty, Forbidden,
                 kForbidden60);
    const auto any = ExaminePieces(ledger, outputs_, pieces_from_, human_lines_,
                                   {.lines = 30, .count = PieceCount()});
    sheet_.Table(
        "renamed_any_30_forbidden",
        "Pieces of 30 lines of any number of tokens, " + how + ": forbidden",
        any, Forbidden, {});
    ReportContext(Context(), ledger, how, &sheet_);
    Note("persons' pieces in the repositories of the outputs");
    ReportPersons(Context(), &sheet_);

    Note("pieces as they stand");
    const auto verbatim =
        ExamineVerbatim(ledger, outputs_, pieces_from_, Thirty());
    sheet_.One(
        "verbatim_30_forbidden",
        "Pieces of 30 lines and at least 120 tokens, unedited, names kept: "
        "forbidden",
        verbatim, Forbidden, {.99});
    if (answers_from_.empty()) return;
    const auto answers =
        ExaminePieces(ledger, outputs_, answers_from_, human_lines_,
                      {.lines = 20, .count = PieceCount()});
    sheet_.Table(
        "answers_20_forbidden",
        "Pieces of 20 lines of models' own answers (which coincide), " + how +
            ": forbidden",
        answers, Forbidden, {});
    sheet_.Table("answers_20_flagged", "The same: forbidden or ambiguous",
                 answers, Flagged, {});
  }

  // How much is found at each number of bits, and what of people's files.
  void Curve() {
    constexpr double kBits[] = {40,  60,  80,  100, 120, 140, 160, 180,
                                200, 220, 250, 300, 400, 500, 600};
    ShareTable table{.figure = "curve",
                     .title =
                         "The curve: human files, and share of the same "
                         "pieces, with at least so many bits, whatever "
                         "the verdict",
                     .counted = "files",
                     .columns = EditColumns()};
    for (const double bits : kBits) {
      table.rows.push_back(
          RowOf(fmt::format("{:g} bits", bits), base_,
                [bits](const Seen& seen) { return seen.bits >= bits; }));
      table.rows.back().count = human_.AtLeast(bits);
    }
    report().Add(table);
  }

  void Prose(const RecallLedger& ledger) {
    Note("prose");
    const auto pieces = ExamineProse(ledger, outputs_, 100, PieceCount() * 2);
    if (pieces.empty()) return;
    const auto table = [&](const std::string& figure, const std::string& title,
                           const SeenCounts& counts,
                           const std::vector<double>& targets) {
      ShareTable shares{.figure = figure,
                        .title = title,
                        .columns = {"0", "10", "20", "35"},
                        .targets = targets};
      shares.rows.push_back(RowOf("all", pieces, counts));
      shares.rows.back().shares.resize(kWordEdits.size());
      report().Add(shares);
    };
    table("prose_flagged",
          "Prose, pieces of 100 words, words edited: forbidden or ambiguous",
          Flagged, kProse);
    table("prose_forbidden", "The same: forbidden", Forbidden, {});
  }

  // The base rows again, each output after a prompt of its package's files.
  void Prompts() {
    Note("ledger with prompts");
    std::map<std::string, std::vector<size_t>> packages;
    for (size_t i = 0; i < outputs_.size(); ++i)
      packages[outputs_[i].package].push_back(i);
    const RecallLedger ledger(background_, outputs_, [&](size_t i) {
      if (outputs_[i].provider != "stand-in" && !material_.made_up)
        return std::string();
      const auto& same = packages.at(outputs_[i].package);
      const auto at = static_cast<size_t>(
          std::lower_bound(same.begin(), same.end(), i) - same.begin());
      std::string prompt;
      for (size_t next = 1; next < same.size() && prompt.size() < kPromptBytes;
           ++next)
        prompt += outputs_[same[(at + next) % same.size()]].text + "\n";
      prompt.resize(std::min(prompt.size(), kPromptBytes));
      return prompt;
    });
    const auto pieces =
        ExaminePieces(ledger, outputs_, pieces_from_, human_lines_, Thirty());
    sheet_.Table(
        "prompt_30_forbidden",
        "Pieces of 30 lines and at least 120 tokens, after a prompt of 100 "
        "KB of the same repository: forbidden",
        pieces, Forbidden, {});
    sheet_.Table("prompt_30_flagged", "The same: forbidden or ambiguous",
                 pieces, Flagged, {});
    sheet_.Print("prompt_quoted",
                 "  tokens that stand in the prompt as they are",
                 ledger.quoted_share(), "share");
    sheet_.Print("prompt_echoed",
                 "  tokens that stand there but for their names",
                 ledger.echoed_share(), "share");
    for (const auto& [name, counts] :
         {std::pair<std::string, SeenCounts>{"forbidden", Forbidden},
          {"flagged", Flagged}}) {
      const ShareRow without = RowOf("", base_, counts);
      const ShareRow with = RowOf("", pieces, counts);
      double most = 0;
      for (size_t i = 0; i < kEdits.size(); ++i)
        most = std::max(most, without.shares[i] - with.shares[i]);
      sheet_.Judge("prompt_30_loss_" + name,
                   "  largest loss by the prompt, " + name, most, "share",
                   Better::kLower, kPromptTolerance);
    }
    Note("texts of persons in prompts");
    const auto persons =
        ExamineEchoes(background_, outputs_, pieces_from_, human_lines_,
                      {.lines = 60, .count = PieceCount()});
    sheet_.Table(
        "echo_60_forbidden",
        "Texts of persons of 60 lines, sent in a prompt and answered with all "
        "names changed and lines edited: the persons' texts forbidden",
        persons, Forbidden, {});
    const ShareRow row = RowOf("", persons, Forbidden);
    sheet_.Judge("echo_60_accused", "  largest share",
                 *std::max_element(row.shares.begin(), row.shares.end()),
                 "share", Better::kLower, 0);
  }

  void Models() {
    if (material_.answers.empty()) return;
    Note("models' answers to the same tasks");
    const ModelsSeen seen = ExamineModels(background_, material_.answers);
    report().Say(
        "\nAnswers of models to the same tasks: share with a forbidden "
        "/ any finding (rows: in the ledger, columns: scanned)");
    PairSeen sum;
    for (size_t row = 0; row < seen.models.size(); ++row) {
      std::string line = fmt::format("  {:<28}", seen.models[row]);
      for (size_t column = 0; column < seen.models.size(); ++column) {
        const PairSeen& pair = seen.pairs[row][column];
        const double of =
            std::max<double>(1, static_cast<double>(pair.answers));
        line += fmt::format(" {:.2f}/{:.2f}",
                            static_cast<double>(pair.forbidden) / of,
                            static_cast<double>(pair.flagged) / of);
        if (row == column) continue;
        sum.answers += pair.answers;
        sum.flagged += pair.flagged;
        sum.forbidden += pair.forbidden;
        sum.short_forbidden += pair.short_forbidden;
      }
      report().Say(line);
    }
    const double of = std::max<double>(1, static_cast<double>(sum.answers));
    sheet_.Print("models_flagged", "another model's answers: flagged",
                 static_cast<double>(sum.flagged) / of, "share");
    sheet_.Print("models_forbidden", "another model's answers: forbidden",
                 static_cast<double>(sum.forbidden) / of, "share");
    sheet_.Judge("models_short_forbidden",
                 fmt::format("  forbidden with no finding above {} tokens",
                             kShortTokens),
                 static_cast<double>(sum.short_forbidden), "answers",
                 Better::kLower, 0);
    sheet_.Print("models_findings", "findings with all answers in the ledger",
                 static_cast<double>(seen.findings), "findings");
    sheet_.Judge("models_named_alone",
                 "  naming one model where another's answer fits as well",
                 static_cast<double>(seen.named_alone), "findings",
                 Better::kLower, 0);
  }

  void Plagiarism() {
    if (material_.plagiarism_zip.empty()) return;
    Note("plagiarism pairs");
    // The best of three tools at 5 % false positives a pair; of the levels
    // without a figure, nothing is known.
    const std::map<std::string, double> best = {
        {"L1", .78}, {"L2", .66}, {"L3", .28}};
    report().Say(
        "\nIR-Plag: files flagged, each against the original of its "
        "case (best of three tools: L1 .78, L2 .66, L3 .28, L4 .05, "
        "L5 and L6 0)");
    for (const auto& [level, seen] :
         ExaminePlagiarism(background_, material_.plagiarism_zip)) {
      const double of = static_cast<double>(seen.files);
      const std::string title = fmt::format("{} ({} files)", level, seen.files);
      const auto target = best.find(level);
      report().Add(
          {"irplag_" + level, static_cast<double>(seen.flagged) / of, "share",
           level == "independent" ? Better::kLower : Better::kHigher,
           target == best.end() ? std::nullopt : std::optional(target->second)},
          title + ": forbidden or ambiguous");
      sheet_.Print("irplag_" + level + "_forbidden", title + ": forbidden",
                   static_cast<double>(seen.forbidden) / of, "share");
    }
  }

  const Options& options_;
  const evidence::Background* background_;
  const int64_t begin_ = SystemClock().SteadyMicros();
  Material material_;
  RecallSheet sheet_;
  std::vector<ModelOutput> outputs_;
  // Places in outputs_.
  std::vector<size_t> pieces_from_;
  std::vector<size_t> answers_from_;
  HumanLines human_lines_;
  HumanScan human_;
  std::vector<PieceSeen> base_;
};

// Writes the stand-ins that share no ancestry with the calibration's files to
// `path`, for `cofferdam import jsonl`.
void WriteCalibrationLedger(const Material& material, const std::string& data,
                            const std::string& path) {
  std::vector<HumanFile> files = ListHuman(data + "/calibration");
  const auto prose = ListHuman(data + "/calibration-prose");
  files.insert(files.end(), prose.begin(), prose.end());
  const std::vector<bool> shares = SharesAncestry(material.standins, files);
  std::string lines;
  for (size_t i = 0; i < shares.size(); ++i) {
    const ModelOutput& output = material.standins[i];
    if (shares[i]) {
      fmt::print(stderr, "bench: shares ancestry: {} {}\n", output.package,
                 output.path);
      continue;
    }
    JsonWriter writer;
    writer.BeginObject()
        .Field("provider", output.provider)
        .Field("model", output.model)
        .Field("contract", output.provider)
        .Field("kind", "file")
        .Field("language", output.language)
        .Field("path", output.path)
        .Field("session", output.package + "/" + output.path)
        .Field("text", output.text)
        .EndObject();
    lines += std::move(writer).Take() + "\n";
  }
  WriteFile(path, lines);
}

int Main(int argc, char** argv) {
  std::string calibration_ledger;
  std::string findings;
  bool prompts_only = false;
  MaterialOptions material;
  material.shared = "../shared/data";
  material.data = "build/data";
  std::string background_file = "data/background.bin";
  std::vector<char*> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--data" && i + 1 < argc) {
      material.shared = argv[++i];
    } else if (word == "--material" && i + 1 < argc) {
      material.data = argv[++i];
    } else if (word == "--prompts") {
      prompts_only = true;
    } else if (word == "--calibration-ledger" && i + 1 < argc) {
      calibration_ledger = argv[++i];
    } else if (word == "--findings" && i + 1 < argc) {
      findings = argv[++i];
    } else if (word == "--background" && i + 1 < argc) {
      background_file = argv[++i];
    } else {
      rest.push_back(argv[i]);
    }
  }
  const Options options =
      ParseOptions(static_cast<int>(rest.size()), rest.data());
  const TemporaryFolder scratch;
  material.scratch = scratch.path();
  material.quick = options.quick;
  if (!calibration_ledger.empty()) {
    WriteCalibrationLedger(ReadMaterial(material), material.data,
                           calibration_ledger);
    return 0;
  }
  std::optional<evidence::Background> background;
  if (std::filesystem::exists(background_file)) {
    auto opened = evidence::Background::Open(std::span(&background_file, 1));
    if (!opened.ok()) Fail(opened.error().message());
    background = *std::move(opened);
  } else {
    fmt::print(stderr,
               "bench: missing: {}: nothing is known of what people "
               "write (--background FILE)\n",
               background_file);
  }
  Bench bench(options, ReadMaterial(material),
              background ? &*background : nullptr);
  if (!findings.empty()) bench.WriteFindings(findings);
  prompts_only ? bench.RunPrompts() : bench.Run();
  return 0;
}

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) { return cofferdam::bench::Main(argc, argv); }
