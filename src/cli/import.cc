#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/line_reader.h"
#include "console/import_line.h"

// Outputs that did not pass the gate (docs/formats/import.md).
namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

// Lines of one call, in bytes; a longer line goes alone.
constexpr size_t kBatchBytes = size_t{4} << 20;
// Bad lines that stand in --json, and that people are shown.
constexpr size_t kBadKeptMax = 1000;
constexpr size_t kBadShownMax = 20;

// Flags that say the same of every output.
constexpr const char* kDefaults[] = {
    "provider", "model",   "contract", "kind", "language", "person",
    "repo",     "purpose", "tool",     "time", "session"};

struct BadLine {
  std::string file;
  int64_t number = 0;
  std::string message;
};

struct Summary {
  uint64_t lines = 0;
  uint64_t added = 0;
  uint64_t already = 0;
  uint64_t bytes = 0;
  uint64_t persons_unknown = 0;
  int64_t last_sequence = 0;
  uint64_t bad = 0;
  std::vector<BadLine> bad_lines;
  bool stopped = false;
};

// Sends the lines of one file after another.
class Importer {
 public:
  Importer(const Invocation& call, console::Admin& admin)
      : admin_(admin), strict_(call.Has("--strict")) {
    JsonWriter defaults;
    defaults.BeginObject();
    for (const char* name : kDefaults) {
      defaults.FieldIfSet(name, call.Text(std::string("--") + name));
    }
    defaults.EndObject();
    head_ = ",\"defaults\":" + std::move(defaults).Take();
    JsonWriter terms;
    terms.BeginObject();
    for (const char* name : {"class", "product", "plan", "weights"}) {
      terms.FieldIfSet(name, call.Text(std::string("--terms-") + name));
    }
    terms.EndObject();
    if (terms.text() != "{}") head_ += ",\"terms\":" + terms.text();
    if (strict_) head_ += ",\"strict\":true";
  }

  Status Read(const std::string& file) {
    file_ = file;
    const size_t bad_before = summary_.bad_lines.size();
    TRY_ASSIGN(LineReader reader, LineReader::Open(file));
    while (!summary_.stopped) {
      TRY_ASSIGN(const auto line, reader.Next(console::kImportLineBytesMax));
      if (!line) break;
      TRY(Take(*line));
    }
    if (!summary_.stopped) TRY(Send());
    // Lines that are no JSON are known earlier than others.
    std::sort(
        summary_.bad_lines.begin() + static_cast<std::ptrdiff_t>(bad_before),
        summary_.bad_lines.end(),
        [](const BadLine& a, const BadLine& b) { return a.number < b.number; });
    return {};
  }

  const Summary& summary() const { return summary_; }

 private:
  Status Take(const LineReader::Line& line) {
    if (line.text.find_first_not_of(" \t\r") == std::string_view::npos &&
        !line.cut) {
      return {};
    }
    ++summary_.lines;
    if (line.cut) {
      return Refuse(line.number, fmt::format("longer than {} bytes",
                                             console::kImportLineBytesMax));
    }
    // The call would be refused as a whole.
    auto parsed = JsonDocument::Parse(line.text);
    if (!parsed.ok()) return Refuse(line.number, parsed.error().message());
    if (!parsed->root().is_object()) {
      return Refuse(line.number, "must be a JSON object");
    }
    if (!batch_.empty() && batch_.size() + line.text.size() > kBatchBytes) {
      TRY(Send());
      if (summary_.stopped) return {};
    }
    batch_ += fmt::format("{}{{\"number\":{},\"output\":{}}}",
                          batch_.empty() ? "" : ",", line.number, line.text);
    return {};
  }

  // What stands before a bad line is sent first, so that lines are told of in
  // their order.
  Status Refuse(int64_t number, std::string message) {
    if (strict_) {
      TRY(Send());
      if (summary_.stopped) return {};
    }
    NoteBad({file_, number, std::move(message)});
    ++summary_.bad;
    summary_.stopped = strict_;
    return {};
  }

  void NoteBad(BadLine line) {
    if (summary_.bad_lines.size() == kBadKeptMax) return;
    summary_.bad_lines.push_back(std::move(line));
  }

  Status Send() {
    if (batch_.empty()) return {};
    JsonWriter file;
    file.BeginObject()
        .Field("file", file_)
        .Field("reason", "import jsonl " + file_.substr(0, kReasonFileBytes))
        .EndObject();
    std::string body = std::move(file).Take();
    body.pop_back();
    body += head_ + ",\"lines\":[" + batch_ + "]}";
    batch_.clear();
    auto answer = admin_.Call("POST", "ledger/import", body);
    if (!answer.ok()) {
      return std::move(answer).error().Within(
          fmt::format("import {}: {} outputs are in the ledger, and again adds "
                      "none of them twice",
                      file_, summary_.added + summary_.already));
    }
    TRY_ASSIGN(const JsonDocument json, JsonDocument::Parse(*answer));
    AddUp(json);
    return {};
  }

  void AddUp(const JsonDocument& answer) {
    const auto number = [&](std::string_view name) {
      return static_cast<uint64_t>(answer[name].Int().value_or(0));
    };
    summary_.added += number("added");
    summary_.already += number("already");
    summary_.bytes += number("bytes");
    summary_.persons_unknown += number("persons_unknown");
    summary_.bad += number("bad_count");
    summary_.last_sequence = answer["last_sequence"].Int().value_or(0);
    summary_.stopped |= answer["stopped"].Bool().value_or(false);
    for (const JsonValue& bad : answer["bad"].Elements()) {
      NoteBad({file_, bad["line"].Int().value_or(0),
               std::string(bad["message"].StringOrEmpty())});
    }
  }

  static constexpr size_t kReasonFileBytes = 400;

  console::Admin& admin_;
  const bool strict_;
  std::string head_;
  std::string file_;
  std::string batch_;
  Summary summary_;
};

void PrintJson(const Summary& summary) {
  JsonWriter json;
  json.BeginObject()
      .Field("lines", summary.lines)
      .Field("added", summary.added)
      .Field("already", summary.already)
      .Field("bad", summary.bad)
      .Field("bytes", summary.bytes)
      .Field("persons_unknown", summary.persons_unknown)
      .Field("last_sequence", summary.last_sequence)
      .Field("stopped", summary.stopped)
      .Key("bad_lines")
      .BeginArray();
  for (const BadLine& bad : summary.bad_lines) {
    json.BeginObject()
        .Field("file", bad.file)
        .Field("line", bad.number)
        .Field("message", bad.message)
        .EndObject();
  }
  json.EndArray().EndObject();
  PrintLine(json.text());
}

void SayBadLines(const Summary& summary) {
  const size_t shown = std::min(kBadShownMax, summary.bad_lines.size());
  for (size_t i = 0; i < shown; ++i) {
    const BadLine& bad = summary.bad_lines[i];
    Say(fmt::format("cofferdam: {}:{}: {}", bad.file, bad.number, bad.message));
  }
  if (summary.bad > shown) {
    Say(fmt::format("cofferdam: and {} more bad lines{}", summary.bad - shown,
                    " (--json names up to 1000)"));
  }
}

void PrintSummary(const Summary& summary) {
  PrintLine(fmt::format(
      "{} lines: {} outputs added ({} bytes of text), {} were there already, "
      "{} bad; the ledger goes up to sequence {}",
      summary.lines, summary.added, summary.bytes, summary.already, summary.bad,
      summary.last_sequence));
  if (summary.persons_unknown > 0) {
    PrintLine(
        fmt::format("{} name a person whom nobody here knows, and were "
                    "taken without; `cofferdam person add` makes one",
                    summary.persons_unknown));
  }
}

Result<int> ImportJsonl(const Invocation& call) {
  const std::vector<std::string>& files = call.positionals();
  if (std::count(files.begin(), files.end(), "-") > 1) {
    return Error(Code::kInvalid, "import jsonl: - (stdin) can be read once");
  }
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  Importer importer(call, *admin);
  for (const std::string& file : files) {
    TRY(importer.Read(file));
    if (importer.summary().stopped) break;
  }
  TRY(admin->Close());
  const Summary& summary = importer.summary();
  SayBadLines(summary);
  if (call.json()) {
    PrintJson(summary);
  } else {
    PrintSummary(summary);
  }
  if (summary.stopped) {
    return Error(Code::kInvalid,
                 "import jsonl --strict: stopped at the line above; those "
                 "before it are in the ledger, and again adds none of them "
                 "twice");
  }
  return summary.bad == 0 ? 0 : 1;
}

}  // namespace

std::vector<Command> ImportCommands() {
  std::vector<Command> commands = ImportHistoryCommands();
  commands.push_back(
      {"import jsonl",
       "add outputs from files of one JSON object a line to the ledger",
       {{"FILE", Count::kMany, "files, or - for stdin"}},
       {{"--provider", Takes::kText, "whose model, where a line says nothing"},
        {"--model", Takes::kText, "which model, where a line says nothing"},
        {"--contract", Takes::kText, "under which contract, the same"},
        {"--kind", Takes::kText,
         "what the texts are: text, thinking, file, edit, patch, command"},
        {"--language", Takes::kText, "the texts' language, as python"},
        {"--person", Takes::kText, "who had them written: an address"},
        {"--repo", Takes::kText, "in which repository"},
        {"--purpose", Takes::kText, "what for, as product or research"},
        {"--tool", Takes::kText, "with which tool"},
        {"--time", Takes::kText, "when, as 2026-01-31 or RFC 3339"},
        {"--session", Takes::kText, "in which session of the tool"},
        {"--terms-class", Takes::kText,
         "what the outputs may be used for, of contracts that the "
         "configuration does not have: forbid_compete, allow, …"},
        {"--terms-product", Takes::kText, "or the product in the terms' table"},
        {"--terms-plan", Takes::kText, "and its plan"},
        {"--terms-weights", Takes::kText, "or the weights, as meta/llama-3.1"},
        {"--strict", Takes::kNothing, "stop at the first bad line"},
        {"--json", Takes::kNothing, "print JSON"}},
       false,
       ImportJsonl});
  return commands;
}

}  // namespace cofferdam::cli
