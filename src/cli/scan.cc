#include "scan/scan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/scan_outputs.h"
#include "console/stores.h"
#include "policy/verdict.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

// Seals what is recorded, so that the index covers it; the folder.
Result<std::string> RefreshIndex(console::Admin& admin) {
  TRY_ASSIGN(std::string answer, admin.Call("POST", "index/build"));
  TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(answer));
  return std::string(report["folder"].StringOrEmpty());
}

// Addresses of people by their opaque ids.
Result<std::map<std::string, std::string>> PersonNames(console::Admin& admin) {
  TRY_ASSIGN(std::string answer, admin.Call("GET", "person"));
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  std::map<std::string, std::string> names;
  for (const JsonValue& row : list["persons"].Elements()) {
    names.emplace(row["id"].StringOrEmpty(), row["email"].StringOrEmpty());
  }
  return names;
}

scan::FetchText TextFetcher(console::Admin* admin, const std::string& reason) {
  return [admin, reason](std::string_view exchange,
                         uint32_t part) -> Result<std::string> {
    JsonWriter body;
    body.BeginObject()
        .Field("exchange", exchange)
        .Field("part", int64_t{part})
        .Field("reason", reason)
        .EndObject();
    TRY_ASSIGN(std::string answer,
               admin->Call("POST", "ledger/text", body.text()));
    TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(answer));
    return std::string(json["text"].StringOrEmpty());
  };
}

Result<scan::ScanOptions> OptionsFor(const Invocation& call,
                                     const Config& config) {
  scan::ScanOptions options;
  options.judgement.organisation_trains_models = config.trains_models;
  if (call.Has("--for")) {
    auto purpose = policy::ParseScanPurpose(call.Text("--for"));
    if (!purpose) {
      return Error(Code::kInvalid,
                   fmt::format("--for: unknown \"{}\", must be training or "
                               "evaluation",
                               call.Text("--for")));
    }
    options.judgement.purpose = *purpose;
  }
  if (ShowsLines(call)) options.keep_text = evidence::KeepText::kYes;
  return options;
}

Result<int> Scan(const Invocation& call) {
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  TRY_ASSIGN(scan::ScanOptions options, OptionsFor(call, config));
  // A path that is not there is said before anything is opened.
  for (const std::string& path : call.positionals()) {
    if (access(path.c_str(), F_OK) != 0) {
      return Error(Code::kNotFound, fmt::format("scan {}: no such file or "
                                                "folder",
                                                path));
    }
  }
  TRY_ASSIGN(console::StoresOptions stores, StoresOptionsOf(config));
  TRY_ASSIGN(auto admin, console::Admin::Open(stores, CommandLogger()));
  TRY_ASSIGN(options.index_folder, RefreshIndex(*admin));
  TRY_ASSIGN(auto names, PersonNames(*admin));
  scan::PersonName person_name = [&names](std::string_view id) {
    auto found = names.find(std::string(id));
    return found == names.end() ? std::string() : found->second;
  };
  scan::FetchText fetch;
  if (call.Has("--show")) {
    std::string reason =
        call.Has("--reason") ? call.Text("--reason") : "scan --show";
    fetch = TextFetcher(admin.get(), reason);
  }

  ScanWords words = {
      .corpus = fmt::format("{}", fmt::join(call.positionals(), " ")),
      .purpose =
          std::string(policy::ScanPurposeName(options.judgement.purpose)),
      .time = SystemClock().WallMicros(),
      .fetch_text = fetch,
      .person_name = person_name};
  TRY_ASSIGN(ScanOutputs outputs, ScanOutputs::Open(call, words));
  TRY_ASSIGN(scan::ScanReport report,
             scan::Scan(call.positionals(), options, outputs.sink()));
  TRY(outputs.Close(report));
  TRY(admin->Close());
  for (const std::string& notice : report.notices) {
    Say("cofferdam: " + notice);
  }
  return report.NotAllowed() ? 1 : 0;
}

}  // namespace

std::vector<Command> ScanCommands() {
  Command command = {
      "scan",
      "find what models wrote in files, with every origin; exit 1 if any may "
      "not be used",
      {{"PATH", Count::kMany, "files and folders"}},
      {{"--for", Takes::kText, "training (default) or evaluation"},
       {"--show", Takes::kNothing, "show the matching text of both sides"},
       {"--reason", Takes::kText,
        "with --show: why the text is read; the audit keeps it"}},
      false,
      Scan};
  for (Flag& flag : ScanOutputFlags()) command.flags.push_back(std::move(flag));
  return {std::move(command)};
}

}  // namespace cofferdam::cli
