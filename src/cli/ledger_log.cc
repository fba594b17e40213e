#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "account/date.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "console/checkpoints.h"
#include "http/client.h"
#include "seal/note.h"

// The ledger's and the audit's logs: checkpoint, verify, purge.
namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};
constexpr std::string_view kPublished = "checkpoint-";

Result<int> PrintCheckpoint(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("GET", "ledger/checkpoint"));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(answer));
  if (call.Has("--key")) {
    PrintLine(json["key"].StringOrEmpty());
  } else {
    Print(json["checkpoint"].StringOrEmpty());
  }
  return 0;
}

Result<std::string> FetchNote(const std::string& url) {
  const size_t host = url.find("://") + 3;
  const size_t slash = url.rfind('/');
  const bool has_path = slash != std::string::npos && slash >= host;
  http::RequestHead head;
  head.method = "GET";
  head.target = has_path ? url.substr(slash) : "/";
  http::FetchOptions options;
  options.response_bytes_max = seal::Note::kBytesMax;
  TRY_ASSIGN(http::Response response,
             http::Fetch(url.substr(0, has_path ? slash : url.size()), head, "",
                         options));
  if (response.head.status != 200) {
    return Error(Code::kUnavailable,
                 fmt::format("answered {}", response.head.status));
  }
  return std::move(response.body);
}

// The checkpoints that a folder was published to.
Result<std::vector<std::string>> ReadFolder(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().filename().string().starts_with(kPublished)) {
      paths.push_back(entry.path().string());
    }
  }
  if (failed) return Error::FromErrno(failed.value(), folder);
  std::sort(paths.begin(), paths.end());
  // So many of them, the newest and the oldest among them.
  if (paths.size() > console::Checkpoints::kAgainstMax) {
    const size_t count = console::Checkpoints::kAgainstMax;
    std::vector<std::string> some;
    for (size_t i = 0; i < count; ++i) {
      some.push_back(paths[i * (paths.size() - 1) / (count - 1)]);
    }
    paths = std::move(some);
  }
  std::vector<std::string> notes;
  for (const std::string& path : paths) {
    TRY_ASSIGN(std::string note, ReadFile(path, seal::Note::kBytesMax));
    notes.push_back(std::move(note));
  }
  if (notes.empty()) {
    return Error(Code::kNotFound,
                 fmt::format("{}: holds no {}*", folder, kPublished));
  }
  return notes;
}

Result<std::vector<std::string>> ReadAgainst(const std::string& from) {
  if (from.starts_with("http://") || from.starts_with("https://")) {
    auto note = FetchNote(from);
    if (!note.ok()) return std::move(note).error().Within(from);
    return std::vector<std::string>{*std::move(note)};
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(from, ignored)) return ReadFolder(from);
  TRY_ASSIGN(std::string note, ReadFile(from, seal::Note::kBytesMax));
  return std::vector<std::string>{std::move(note)};
}

// A key as text, or the file that holds it.
Result<std::string> ReadKey(const std::string& from) {
  if (from.find('+') != std::string::npos) return from;
  TRY_ASSIGN(std::string text, ReadFile(from, seal::Note::kBytesMax));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<std::string> VerifyBody(const Invocation& call) {
  JsonWriter body;
  body.BeginObject();
  if (call.Has("--against")) {
    auto notes = ReadAgainst(call.Text("--against"));
    if (!notes.ok()) return std::move(notes).error().Within("--against");
    body.Key("against").BeginArray();
    for (const std::string& note : *notes) body.String(note);
    body.EndArray();
  }
  if (call.Has("--key")) {
    auto key = ReadKey(call.Text("--key"));
    if (!key.ok()) return std::move(key).error().Within("--key");
    body.Field("key", *key);
  }
  body.Field("without_texts", call.Has("--without-texts")).EndObject();
  return std::move(body).Take();
}

void PrintDifferences(const JsonValue& of) {
  for (const JsonValue& difference : of["differences"].Elements()) {
    PrintLine(fmt::format("DIFFERS  {}", difference.StringOrEmpty()));
  }
  const int64_t count = of["differences_count"].Int().value_or(0);
  const auto shown = static_cast<int64_t>(of["differences"].Elements().size());
  if (count > shown)
    PrintLine(fmt::format("         and {} more", count - shown));
}

void PrintReport(const JsonDocument& report) {
  const JsonValue ledger = report["ledger"];
  const JsonValue audit = report["audit"];
  const auto number = [](const JsonValue& of, std::string_view name) {
    return of[name].Int().value_or(0);
  };
  PrintLine(fmt::format("ledger   {} leaves, root {}", number(ledger, "size"),
                        ledger["root"].StringOrEmpty()));
  PrintLine(fmt::format("         {} exchanges ({} earlier versions), {} texts",
                        number(ledger, "exchanges"), number(ledger, "replaced"),
                        number(ledger, "texts")));
  if (number(ledger, "purged_texts") + number(ledger, "purged_records") > 0) {
    PrintLine(fmt::format("         purged: texts of {}, records of {}",
                          number(ledger, "purged_texts"),
                          number(ledger, "purged_records")));
  }
  PrintDifferences(ledger);
  PrintLine(fmt::format("audit    {} leaves, root {}", number(audit, "size"),
                        audit["root"].StringOrEmpty()));
  PrintDifferences(audit);
  bool differed = false;
  for (const JsonValue& one : report["against"].Elements()) {
    const bool ok = one["ok"].Bool().value_or(false);
    // All after the first that does not hold would say the same.
    if (differed) break;
    differed = !ok;
    PrintLine(fmt::format(
        "{}  checkpoint of {} ({} leaves, {} of the audit){}",
        ok ? "holds  " : "DIFFERS", one["time"].StringOrEmpty(),
        number(one, "ledger_size"), number(one, "audit_size"),
        ok ? "" : fmt::format(": {}", one["difference"].StringOrEmpty())));
  }
  PrintDifferences(report.root());
  PrintLine(report["ok"].Bool().value_or(false)
                ? "ok       nothing was changed or removed"
                : "DIFFERS  something was changed or removed");
}

Result<int> Verify(const Invocation& call) {
  TRY_ASSIGN(const std::string body, VerifyBody(call));
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("POST", "ledger/verify", body));
  TRY(admin->Close());
  TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(answer));
  if (call.json()) {
    PrintLine(answer);
  } else {
    PrintReport(report);
  }
  return report["ok"].Bool().value_or(false) ? 0 : 1;
}

Result<int> Purge(const Invocation& call) {
  JsonWriter body;
  body.BeginObject()
      .FieldIfSet("exchange", call.Text("--exchange"))
      .FieldIfSet("person", call.Text("--person"))
      .Field("reason", call.Text("--reason"))
      .Field("records", call.Has("--records"));
  if (call.Has("--before")) {
    auto day = account::ParseDay(call.Text("--before"));
    if (!day.ok()) return std::move(day).error().Within("--before");
    body.Field("before_micros", account::StartOfDay(*day));
  }
  body.EndObject();
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer,
             admin->Call("POST", "ledger/purge", body.text()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(answer));
  PrintLine(fmt::format("purged   {} of {} exchanges, {} texts (audit row {})",
                        call.Has("--records") ? "records" : "texts",
                        report["exchanges"].Int().value_or(0),
                        report["texts"].Int().value_or(0),
                        report["audit"].StringOrEmpty()));
  const int64_t already = report["already"].Int().value_or(0);
  if (already > 0) {
    PrintLine(fmt::format("already  {} exchanges had been purged", already));
  }
  return 0;
}

}  // namespace

std::vector<Command> LedgerLogCommands() {
  return {
      {"ledger checkpoint",
       "print a signed checkpoint of the ledger's and the audit's logs",
       {},
       {{"--key", Takes::kNothing,
         "print the public key instead: keep it where the data are not"},
        kJson},
       false,
       PrintCheckpoint},
      {"ledger verify",
       "prove that nothing was changed or removed (exit 1: something was)",
       {},
       {{"--against", Takes::kText,
         "a checkpoint made earlier: a file, a URL, or a folder of published "
         "ones; today's logs must go on from it"},
        {"--key", Takes::kText,
         "the public key, or its file, that must have signed it (default: that "
         "of the data folder)"},
        {"--without-texts", Takes::kNothing,
         "do not read the texts: quicker, and a changed text is not found"},
        kJson},
       false,
       Verify},
      {"ledger purge",
       "take texts, or whole records, out of the ledger for good",
       {},
       {{"--exchange", Takes::kText, "of this exchange"},
        {"--person", Takes::kText, "of this person: id or address"},
        {"--before", Takes::kText,
         "received before this day, YYYY-MM-DD in UTC"},
        {"--records", Takes::kNothing,
         "the records too, but for what was used of which model"},
        {"--reason", Takes::kText, "why; the audit keeps it", true},
        kJson},
       false,
       Purge},
  };
}

}  // namespace cofferdam::cli
