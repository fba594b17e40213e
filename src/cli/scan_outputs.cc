#include "cli/scan_outputs.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "cli/context.h"
#include "scan/html_report.h"
#include "scan/report.h"
#include "scan/sarif_report.h"

namespace fs = std::filesystem;

namespace cofferdam::cli {
namespace {

using Landing = scan::ReportFile::Landing;
using Takes = Flag::Takes;

std::unique_ptr<scan::Sink> ForPeople(const ScanWords& words) {
  scan::PeopleReport::Options options;
  options.colour =
      isatty(STDOUT_FILENO) ? scan::Colour::kAlways : scan::Colour::kNever;
  options.width = TerminalColumns(STDOUT_FILENO);
  options.fetch_text = words.fetch_text;
  options.person_name = words.person_name;
  return std::make_unique<scan::PeopleReport>(words.print, options);
}

// Looks at files after each finding.
class FileWatch final : public scan::Sink {
 public:
  FileWatch(std::vector<const scan::ReportFile*> files,
            std::function<void()> stop)
      : files_(std::move(files)), stop_(std::move(stop)) {}
  void OnFinding(const evidence::Finding&) override { Look(); }
  void OnPassedOver(const corpus::PassedOver&) override { Look(); }

 private:
  void Look() {
    for (const scan::ReportFile* file : files_) {
      if (!file->status().ok()) stop_();
    }
  }

  std::vector<const scan::ReportFile*> files_;
  std::function<void()> stop_;
};

}  // namespace

size_t WindowColumns(int descriptor) {
  constexpr size_t kNone = 120;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return kNone;
  return size.ws_col;
}

size_t TerminalColumns(int descriptor) {
  constexpr size_t kMin = 60;
  constexpr size_t kMax = 200;
  return std::clamp(WindowColumns(descriptor), kMin, kMax);
}

std::vector<Flag> ScanOutputFlags() {
  return {
      {"--json", Takes::kNothing, "print one JSON object"},
      {"--jsonl", Takes::kText,
       "write a line of JSON for each finding, as they come (- prints)"},
      {"--sarif", Takes::kText, "write a SARIF 2.1.0 log for code scanning"},
      {"--html", Takes::kText, "write a page that opens offline"},
  };
}

Status CheckScanFiles(const Invocation& call) {
  std::error_code ignored;
  std::map<fs::path, const char*> named;
  for (const char* flag :
       {"--jsonl", "--sarif", "--html", "--attest", "--resume", "--write"}) {
    const std::string file = call.Text(flag);
    if (file.empty() || file == "-") continue;
    const fs::path to = fs::weakly_canonical(fs::absolute(file), ignored);
    if (const auto [at, added] = named.emplace(to, flag); !added) {
      return Error(Code::kInvalid, fmt::format("{} and {} both name {}",
                                               at->second, flag, file));
    }
    for (const std::string& path : call.positionals()) {
      if (fs::is_regular_file(path, ignored) &&
          fs::equivalent(path, file, ignored)) {
        return Error(Code::kInvalid,
                     fmt::format("{} {}: is a file of the corpus, which it "
                                 "would replace",
                                 flag, file));
      }
      if (flag != std::string_view("--attest") || call.Has("--rev") ||
          !fs::is_directory(path, ignored))
        continue;
      const fs::path folder = fs::canonical(path, ignored);
      if (std::mismatch(folder.begin(), folder.end(), to.begin(), to.end())
              .first == folder.end()) {
        return Error(Code::kInvalid,
                     fmt::format("--attest {}: lies within {}, which would "
                                 "then be another than it states",
                                 file, path));
      }
    }
  }
  return {};
}

bool ShowsLines(const Invocation& call) {
  return call.Has("--show") || call.Has("--html");
}

void ScanOutputs::Add(std::unique_ptr<scan::Sink> sink) {
  sinks_->Add(sink.get());
  owned_.push_back(std::move(sink));
}

Result<scan::Write> ScanOutputs::Target(const std::string& path,
                                        Landing landing) {
  if (path == "-") {
    if (std::exchange(stdout_taken_, true)) {
      return Error(Code::kInvalid,
                   "only one report can be printed; name a file for the other");
    }
    return print_;
  }
  TRY_ASSIGN(auto file, scan::ReportFile::Create(path, landing));
  scan::ReportFile* to = file.get();
  files_.push_back(std::move(file));
  return scan::Write([to](std::string_view bytes) { to->Append(bytes); });
}

Status ScanOutputs::AddFiles(const Invocation& call, const ScanWords& words) {
  if (call.Has("--jsonl")) {
    TRY_ASSIGN(scan::Write write,
               Target(call.Text("--jsonl"), Landing::kAsItComes));
    Add(std::make_unique<scan::JsonlReport>(
        write, scan::JsonOptions{words.fetch_text, words.person_name}));
  }
  if (call.Has("--sarif")) {
    TRY_ASSIGN(scan::Write write,
               Target(call.Text("--sarif"), Landing::kWhole));
    Add(std::make_unique<scan::SarifReport>(
        write,
        scan::SarifReport::Options{COFFERDAM_VERSION, words.person_name}));
  }
  if (call.Has("--html")) {
    TRY_ASSIGN(scan::Write write, Target(call.Text("--html"), Landing::kWhole));
    Add(std::make_unique<scan::HtmlReport>(
        write, scan::HtmlReport::Options{.corpus = words.corpus,
                                         .purpose = words.purpose,
                                         .version = COFFERDAM_VERSION,
                                         .time = words.time,
                                         .fetch_text = words.fetch_text,
                                         .person_name = words.person_name}));
  }
  return {};
}

Result<ScanOutputs> ScanOutputs::Open(const Invocation& call,
                                      const ScanWords& words) {
  ScanOutputs outputs(words.print);
  if (call.json()) {
    outputs.stdout_taken_ = true;
    outputs.Add(std::make_unique<scan::JsonReport>(
        words.print, scan::JsonOptions{words.fetch_text, words.person_name}));
  }
  TRY(outputs.AddFiles(call, words));
  if (!outputs.stdout_taken_) outputs.Add(ForPeople(words));
  return outputs;
}

void ScanOutputs::WatchFiles(std::function<void()> stop) {
  std::vector<const scan::ReportFile*> files;
  for (const auto& file : files_) files.push_back(file.get());
  Add(std::make_unique<FileWatch>(std::move(files), std::move(stop)));
}

Status ScanOutputs::FilesStatus() const {
  for (const auto& file : files_) TRY(file->status());
  return {};
}

Status ScanOutputs::Close(const scan::ScanReport& report) {
  sinks_->Finish(report);
  Status first;
  for (auto& file : files_) {
    Status status = file->Close();
    if (first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace cofferdam::cli
