#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/background_measure.h"
#include "cli/background_source.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/index_refresh.h"
#include "cli/shipped_background.h"
#include "cli/table.h"
#include "cli/times.h"
#include "corpus/source.h"
#include "evidence/background.h"
#include "evidence/background_builder.h"
#include "evidence/dataset_catalogue.h"
#include "fingerprint/index.h"
#include "scan/scan.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;
using evidence::Background;
using evidence::BackgroundBuilder;
using evidence::BackgroundInfo;

constexpr int64_t kGainMax = 10'000;
constexpr int kFileMode = 0644;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};

void AddInfoJson(const BackgroundInfo& info, JsonWriter* json) {
  json->Field("name", info.name)
      .Field("before", FormatTime(info.date_micros))
      .Field("projects", info.projects)
      .Field("documents", info.documents)
      .Field("tokens", info.tokens)
      .Field("common_grams", info.common_grams)
      .Field("prior_grams", info.prior_grams)
      .Field("model_grams", info.model_grams)
      .Field("bytes", info.bytes)
      .Field("digest", fmt::format("{:016x}", info.digest));
}

std::string InfoText(const std::vector<BackgroundInfo>& layers) {
  using Align = TextTable::Align;
  TextTable table;
  table.Column("layer", Align::kLeft)
      .Column("older than", Align::kLeft)
      .Column("projects", Align::kRight)
      .Column("documents", Align::kRight)
      .Column("tokens", Align::kRight)
      .Column("common k-grams", Align::kRight)
      .Column("prior grams", Align::kRight)
      .Column("model grams", Align::kRight)
      .Column("bytes", Align::kRight)
      .Column("digest", Align::kLeft);
  for (const BackgroundInfo& info : layers) {
    table.Row(
        {info.name, TimeText(FormatTime(info.date_micros)),
         fmt::format("{}", info.projects), fmt::format("{}", info.documents),
         fmt::format("{}", info.tokens), fmt::format("{}", info.common_grams),
         fmt::format("{}", info.prior_grams),
         fmt::format("{}", info.model_grams), fmt::format("{}", info.bytes),
         fmt::format("{:016x}", info.digest)});
  }
  return table.Text();
}

Result<evidence::BackgroundLimits> LimitsOf(const Invocation& call) {
  evidence::BackgroundLimits limits;
  if (const auto gain = call.Number("--gain")) {
    if (*gain < 1 || *gain > kGainMax) {
      return Error(Code::kInvalid,
                   fmt::format("--gain: from 1 to {} bits", kGainMax));
    }
    limits.model.gain_bits_min = static_cast<double>(*gain);
  }
  return limits;
}

// What a scan of the text needs, where there are outputs that it may come from.
struct FindingSearch {
  std::optional<evidence::DatasetCatalogue> catalogue;
  std::optional<Background> shipped;
  std::optional<evidence::BackgroundModel> model;
};

// The ledger's outputs until now, and marks. Not with the configuration's own
// layers: a layer must not clear the text that it is made of anew.
Result<scan::ScanOptions> SearchBy(const Config& config,
                                   FindingSearch* search) {
  scan::ScanOptions options;
  TRY_ASSIGN(options.index_folder, RefreshedIndex(config));
  TRY_ASSIGN(search->shipped, Background::OpenWith(ShippedBackground(), {}));
  search->model.emplace(*search->shipped, evidence::kHumanBeforeMicros);
  search->catalogue = evidence::DatasetCatalogue::BuiltInBy(
      std::nullopt, SystemClock().WallMicros());
  options.background = options.judgement.background = &*search->shipped;
  options.token_model = &*search->model;
  options.datasets = &*search->catalogue;
  TRY_ASSIGN(const fingerprint::Index index,
             fingerprint::Index::Open(options.index_folder));
  if (index.covered() == 0) {
    Say("cofferdam: the index is empty, so no text is left out for what it "
        "shares with recorded outputs");
  }
  return options;
}

// Text from before models wrote is nobody's output: nothing is looked for.
Result<BackgroundSourceOptions> SourceOf(const Invocation& call,
                                         FindingSearch* search) {
  BackgroundSourceOptions options;
  if (call.Has("--before")) {
    TRY_ASSIGN(options.before_micros,
               ParseDay("--before", call.Text("--before")));
  } else {
    if (call.Has("--undated")) {
      return Error(Code::kInvalid,
                   "background build: --undated needs --before: say which day "
                   "all of the text is older than");
    }
    options.before_micros = SystemClock().WallMicros();
  }
  if (call.Has("--undated")) {
    options.dates = BackgroundSourceOptions::Dates::kVouchedFor;
  }
  if (options.before_micros > evidence::kHumanBeforeMicros) {
    TRY_ASSIGN(const Config config, LoadConfigFor(call));
    TRY_ASSIGN(options.scan, SearchBy(config, search));
  }
  return options;
}

void PrintBuilt(const BackgroundInfo& info,
                const BackgroundSourceCounts& counts, bool as_json) {
  if (as_json) {
    JsonWriter json;
    json.BeginObject();
    AddInfoJson(info, &json);
    json.Key("left_out")
        .BeginObject()
        .Field("too_short", counts.too_short)
        .Field("tables", counts.tables)
        .Field("duplicates", counts.duplicates)
        .Field("with_findings", counts.with_findings)
        .Field("passed_over", counts.passed_over)
        .EndObject()
        .EndObject();
    PrintLine(json.text());
    return;
  }
  Print(InfoText({info}));
  PrintLine(fmt::format(
      "left out: {} shorter than {} tokens, {} mostly numbers and strings, {} "
      "seen before, {} that carry findings, {} not text or not readable",
      counts.too_short, evidence::kPriorGram, counts.tables, counts.duplicates,
      counts.with_findings, counts.passed_over));
}

// What would fail at the end of a long build is said before it.
Status CheckFiles(const Invocation& call) {
  for (const std::string& path : call.positionals()) {
    if (path.find("://") == std::string::npos &&
        access(path.c_str(), F_OK) != 0) {
      return Error::FromErrno(errno, "background build " + path);
    }
    if (corpus::IsPipe(path)) {
      return Error(
          Code::kInvalid,
          fmt::format("background build {}: a pipe is read but once; name a "
                      "file",
                      path));
    }
  }
  const std::filesystem::path out = call.Text("--out");
  std::error_code failed;
  if (out.empty() || std::filesystem::is_directory(out, failed)) {
    return Error(Code::kInvalid,
                 fmt::format("--out \"{}\": name a file", out.string()));
  }
  const std::string folder =
      out.has_parent_path() ? out.parent_path().string() : ".";
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    return Error::FromErrno(errno, "--out " + out.string());
  return {};
}

Result<int> Build(const Invocation& call) {
  TRY_ASSIGN(const evidence::BackgroundLimits limits, LimitsOf(call));
  TRY(CheckFiles(call));
  FindingSearch search;
  TRY_ASSIGN(BackgroundSourceOptions options, SourceOf(call, &search));
  std::string sources;
  if (call.Has("--sources")) {
    TRY_ASSIGN(sources,
               ReadFile(call.Text("--sources"), evidence::kSourcesBytesMax));
  }
  BackgroundBuilder builder(options.before_micros, limits);
  const BackgroundSource source(std::move(options));
  BackgroundSourceCounts counts;
  for (const std::string& path : call.positionals()) {
    TRY(source.Read(path, &builder, &counts));
  }
  if (counts.added == 0) {
    return Error(Code::kInvalid,
                 "background build: no text of at least 20 tokens was found");
  }
  TRY_ASSIGN(const std::string bytes, std::move(builder).Finish(sources));
  const std::string out = call.Text("--out");
  TRY(WriteFileAtomically(out, bytes, kFileMode));
  const std::vector<std::string> files = {out};
  TRY_ASSIGN(const Background built,
             Background::Open(files, Background::Verify::kContents));
  PrintBuilt(built.info(0), counts, call.json());
  return 0;
}

// Those that the call names, else those that the configuration uses.
Result<Background> LayersOf(const Invocation& call) {
  if (!call.positionals().empty()) {
    return Background::Open(call.positionals(), Background::Verify::kContents);
  }
  TRY_ASSIGN(const Config config, LoadConfigFor(call));
  return LoadBackground(config);
}

Result<int> Show(const Invocation& call) {
  TRY_ASSIGN(const Background background, LayersOf(call));
  if (call.Has("--measure")) {
    TRY_ASSIGN(const BackgroundMeasure measure,
               MeasureBackground(background, call.Text("--measure")));
    call.json() ? PrintLine(MeasureJson(measure)) : Print(MeasureText(measure));
    return 0;
  }
  if (call.Has("--sources")) {
    for (size_t i = 0; i < background.layers(); ++i) {
      Print(background.sources(i));
    }
    return 0;
  }
  std::vector<BackgroundInfo> layers;
  for (size_t i = 0; i < background.layers(); ++i) {
    layers.push_back(background.info(i));
  }
  if (!call.json()) {
    Print(InfoText(layers));
    return 0;
  }
  JsonWriter json;
  json.BeginObject().Key("layers").BeginArray();
  for (const BackgroundInfo& info : layers) {
    json.BeginObject();
    AddInfoJson(info, &json);
    json.EndObject();
  }
  json.EndArray().EndObject();
  PrintLine(json.text());
  return 0;
}

}  // namespace

std::vector<Command> BackgroundCommands() {
  return {
      {"background build",
       "learn from people's text what is common and what is prior art",
       {{"PATH", Count::kMany,
         "git work trees, each one project; with --undated whatever a scan "
         "reads: folders, archives, JSONL, tables"}},
       {{"--out", Takes::kText, "the file to write", true},
        {"--before", Takes::kText,
         "take what was committed before this day, such as 2021-01-01; "
         "otherwise before now"},
        {"--undated", Takes::kNothing,
         "take the text as it is; you vouch that it is older than "
         "--before"},
        {"--sources", Takes::kText,
         "a file that says where the text is from, to be kept in the layer"},
        {"--gain", Takes::kNumber,
         "how many bits a gram must save to be kept; fewer make a larger file"},
        kJson},
       false,
       Build},
      {"background show",
       "describe layers of the background",
       {{"FILE", Count::kAny,
         "files that background build wrote; otherwise the layer in this "
         "binary and those of the configuration"}},
       {{"--sources", Takes::kNothing, "print where their text is from"},
        {"--measure", Takes::kText,
         "print what they say of the text under this path, by language"},
        kJson},
       false,
       Show},
  };
}

}  // namespace cofferdam::cli
