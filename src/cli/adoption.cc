#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "account/date.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "blame/repository_blame.h"
#include "cli/adoption_page.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/outcome_maker.h"
#include "cli/shipped_background.h"
#include "cli/table.h"
#include "corpus/authorship.h"
#include "corpus/main_branch.h"
#include "fingerprint/file_language.h"
#include "fingerprint/index.h"
#include "ledger/outcome.h"

// How much of the committed code is written with models (docs/formats/
// adoption.md): reads repositories, records what came of outputs, reports.
namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;
using Align = TextTable::Align;

// Months before this one that are reported if nobody says since when.
constexpr int kMonthsBefore = 5;
// Commits and bytes of one call.
constexpr size_t kCommitsPerCall = 2'000;
constexpr size_t kBytesPerCall = size_t{8} << 20;
constexpr int64_t kThreadsMax = 8;
// Of what went wrong in one repository.
constexpr size_t kNoticesSaid = 5;
constexpr int64_t kThreadsUsual = 2;

struct Period {
  int32_t from_day = 0;
  int32_t to_day = 0;
};

Result<Period> PeriodOf(const Invocation& call) {
  Period period;
  period.to_day = account::DayOfTime(SystemClock().WallMicros());
  const auto day = [&](const char* flag, int32_t* out) -> Status {
    if (!call.Has(flag)) return {};
    auto parsed = account::ParseDay(call.Text(flag));
    if (!parsed.ok()) return std::move(parsed).error().Within(flag);
    *out = *parsed;
    return {};
  };
  TRY(day("--until", &period.to_day));
  period.from_day = account::StartOfMonth(period.to_day);
  for (int i = 0; i < kMonthsBefore; ++i) {
    period.from_day = account::StartOfMonth(period.from_day - 1);
  }
  TRY(day("--since", &period.from_day));
  if (period.to_day < period.from_day) {
    return Error(Code::kInvalid, "--until is before --since");
  }
  return period;
}

// What blame needs of this machine, for all repositories.
struct Evidence {
  evidence::Background background;
  evidence::BackgroundModel model;
  fingerprint::Index index;

  Evidence(evidence::Background words, fingerprint::Index outputs)
      : background(std::move(words)),
        model(background, evidence::kHumanBeforeMicros),
        index(std::move(outputs)) {}
};

Result<std::unique_ptr<Evidence>> OpenEvidence(const Invocation& call,
                                               console::Admin& admin) {
  TRY_ASSIGN(const Config config, LoadConfigFor(call));
  TRY_ASSIGN(const std::string answer, admin.Call("POST", "index/build"));
  TRY_ASSIGN(const JsonDocument built, JsonDocument::Parse(answer));
  const std::string folder(built["folder"].StringOrEmpty());
  struct stat status;
  if (stat(folder.c_str(), &status) != 0) {
    return Error(Code::kUnavailable,
                 fmt::format("the index, {}, is on the machine that holds the "
                             "ledger: run this there, or without a repository "
                             "to print what was recorded",
                             folder));
  }
  TRY_ASSIGN(evidence::Background background, LoadBackground(config));
  TRY_ASSIGN(fingerprint::Index index, fingerprint::Index::Open(folder));
  return std::make_unique<Evidence>(std::move(background), std::move(index));
}

// The first of them, and how many more there are.
void SayNotices(const std::string& path,
                const std::vector<std::string>& notices) {
  const size_t said = std::min(notices.size(), kNoticesSaid);
  for (size_t i = 0; i < said; ++i) {
    Say(fmt::format("{}: {}", path, notices[i]));
  }
  if (notices.size() > said) {
    Say(fmt::format("{}: and {} more of that kind.", path,
                    notices.size() - said));
  }
}

using ClaimsByCommit = std::map<std::string, std::vector<corpus::LineClaim>>;

ClaimsByCommit ReadClaims(const std::string& path,
                          const corpus::MainBranch& branch) {
  ClaimsByCommit claims;
  auto authorship = corpus::Authorship::Open(path);
  if (!authorship.ok()) {
    Say(fmt::format("{}: what commits say of themselves is not read: {}", path,
                    authorship.error().message()));
    return claims;
  }
  for (const corpus::BroughtCommit& commit : branch.commits()) {
    auto of_commit = authorship->Of(commit.id);
    if (of_commit.ok()) claims[commit.id] = *std::move(of_commit);
  }
  SayNotices(path, authorship->notices());
  return claims;
}

Result<std::vector<AttributedLine>> BlameLines(
    blame::Blamer* blamer, const ClaimsByCommit& claims,
    const corpus::BroughtCommit& commit, const corpus::BroughtFile& file,
    std::string_view text) {
  // As if all of the file had come with the commit: of the other lines nobody
  // asks.
  corpus::LineHistory history;
  corpus::HistoryCommit source;
  source.id = commit.id;
  source.authored_micros = commit.authored_micros;
  source.committed_micros = commit.committed_micros;
  history.commits = {source};
  history.paths = {file.path};
  corpus::FileLines lines;
  lines.path = file.path;
  lines.former_paths = {0};
  const auto newlines =
      static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
  const uint32_t count =
      newlines + (text.empty() || text.back() == '\n' ? 0 : 1);
  for (uint32_t i = 1; i <= count; ++i) lines.lines.push_back({0, 0, i});
  const auto said = claims.find(commit.id);
  blame::BlamedText asked = {
      .text = text,
      .path = file.path,
      .language = fingerprint::LanguageOfFile(file.path, text),
      .history = &history,
      .file = &lines,
      .claims = [&](uint32_t) -> std::span<const corpus::LineClaim> {
        if (said == claims.end()) return {};
        return said->second;
      }};
  TRY_ASSIGN(const blame::BlamedFile blamed, blamer->Blame(asked));
  std::vector<AttributedLine> attributed;
  for (const blame::BlamedLine& line : blamed.lines) {
    AttributedLine made;
    made.line_class = line.line_class;
    // That the ledger had not begun tells nothing of who wrote a line, once
    // there were models.
    if (line.basis == blame::Basis::kTime &&
        commit.committed_micros >= evidence::kHumanBeforeMicros) {
      made.line_class = blame::LineClass::kUnknown;
    }
    const bool written = line.line_class == blame::LineClass::kModel ||
                         line.line_class == blame::LineClass::kMixed;
    if (written && line.origin != blame::kNone) {
      const evidence::Origin& origin = blamed.origins[line.origin].origin;
      auto id = Ulid::Parse(origin.exchange);
      if (id.ok()) {
        made.exchange = *id;
        made.part = origin.part;
      }
    }
    attributed.push_back(made);
  }
  return attributed;
}

Result<EarlierLines> ReadEarlier(const std::string& repo, int64_t before,
                                 console::Admin& admin) {
  JsonWriter body;
  body.BeginObject().Field("repo", repo).Field("before", before).EndObject();
  TRY_ASSIGN(const std::string answer,
             admin.Call("POST", "outcome/lines", body.text()));
  TRY_ASSIGN(const JsonDocument listed, JsonDocument::Parse(answer));
  EarlierLines earlier;
  for (const JsonValue& source : listed["sources"].Elements()) {
    TRY_ASSIGN(const Ulid id, Ulid::Parse(source["exchange"].StringOrEmpty()));
    auto& lines =
        earlier[{id, static_cast<uint32_t>(source["part"].Int().value_or(0))}];
    for (const JsonValue& range : source["lines"].Elements()) {
      lines.push_back({static_cast<uint64_t>(range.At(0).Int().value_or(0)),
                       static_cast<uint64_t>(range.At(1).Int().value_or(0))});
    }
  }
  return earlier;
}

// One repository's commits of the period, attributed.
struct Statement {
  std::string repo;
  std::string head;
  int64_t head_micros = 0;
  std::vector<ledger::CommitOutcome> outcomes;  // by time
};

Result<Statement> ReadRepository(const std::string& path,
                                 const Invocation& call, const Period& period,
                                 const Evidence& known, console::Admin& admin) {
  corpus::MainBranchOptions options;
  options.branch = call.Text("--branch");
  options.from_micros = account::StartOfDay(period.from_day);
  options.end_micros = account::StartOfDay(period.to_day + 1);
  TRY_ASSIGN(const corpus::MainBranch branch,
             corpus::MainBranch::Read(path, options));
  SayNotices(path, branch.notices());
  Statement statement;
  const corpus::Repository& repository = branch.repository();
  statement.repo = blame::LedgerName(repository);
  statement.head = branch.head();
  statement.head_micros = branch.head_micros();
  TRY_ASSIGN(const blame::RepositoryOutputs outputs,
             blame::RepositoryOutputs::List(known.index, statement.repo,
                                            repository.root));
  const ClaimsByCommit claims = ReadClaims(path, branch);
  blame::BlamerOptions blamer_options;
  blamer_options.repository = statement.repo;
  blamer_options.background = &known.background;
  blamer_options.token_model = &known.model;
  const auto attributes = [&]() -> Attribute {
    auto blamer =
        std::make_shared<blame::Blamer>(known.index, outputs, blamer_options);
    return [blamer, &claims](const corpus::BroughtCommit& commit,
                             const corpus::BroughtFile& file,
                             std::string_view text) {
      return BlameLines(blamer.get(), claims, commit, file, text);
    };
  };
  const int64_t threads = call.Number("--threads").value_or(kThreadsUsual);
  TRY_ASSIGN(const EarlierLines earlier,
             ReadEarlier(statement.repo, options.from_micros, admin));
  TRY_ASSIGN(
      statement.outcomes,
      MakeOutcomes(branch, statement.repo, earlier, attributes,
                   static_cast<size_t>(threads), SystemClock().WallMicros()));
  std::stable_sort(
      statement.outcomes.begin(), statement.outcomes.end(),
      [](const auto& a, const auto& b) { return a.time < b.time; });
  Say(fmt::format(
      "{}: {} commits to {} of {}, up to {} of {}.", path,
      Grouped(static_cast<int64_t>(statement.outcomes.size())), branch.branch(),
      statement.repo, statement.head.substr(0, 10),
      account::FormatDay(account::DayOfTime(statement.head_micros))));
  return statement;
}

// States the whole period, in stretches that a call can hold.
Status Record(const Statement& statement, const Period& period,
              console::Admin& admin) {
  const int64_t end = account::StartOfDay(period.to_day + 1);
  int64_t from = account::StartOfDay(period.from_day);
  size_t at = 0;
  const auto& all = statement.outcomes;
  while (from < end) {
    JsonWriter commits;
    commits.BeginArray();
    size_t taken = 0;
    int64_t until = end;
    for (; at < all.size(); ++at, ++taken) {
      // A stretch ends between two times.
      const bool full =
          taken >= kCommitsPerCall || commits.text().size() >= kBytesPerCall;
      if (full && all[at].time > all[at - 1].time) {
        until = all[at].time;
        break;
      }
      commits.Raw(ledger::ToJson(all[at]));
    }
    commits.EndArray();
    JsonWriter body;
    body.BeginObject()
        .Field("repo", statement.repo)
        .Field("head", statement.head)
        .Field("head_time", statement.head_micros)
        .Field("from", from)
        .Field("end", until);
    body.Key("commits").Raw(commits.text()).EndObject();
    TRY_ASSIGN(const std::string answer,
               admin.Call("POST", "outcome", body.text()));
    TRY_ASSIGN(const JsonDocument receipt, JsonDocument::Parse(answer));
    if (!receipt["recorded"].Bool().value_or(false)) {
      Say(fmt::format(
          "{}: the ledger knows the main branch up to {} of {}, which is newer "
          "than this clone: nothing was recorded; fetch, and run this again.",
          statement.repo, receipt["newer_head"].StringOrEmpty().substr(0, 10),
          receipt["newer_head_day"].StringOrEmpty()));
      return {};
    }
    from = until;
  }
  return {};
}

std::string BodyOf(const Invocation& call, const Period& period,
                   const std::set<std::string>& repos, std::string_view by) {
  JsonWriter body;
  body.BeginObject()
      .Field("by", by)
      .Field("from", account::FormatDay(period.from_day))
      .Field("to", account::FormatDay(period.to_day))
      .FieldIfSet("threshold", call.Number("--threshold"));
  if (!repos.empty()) {
    body.Key("repos").BeginArray();
    for (const std::string& repo : repos) body.String(repo);
    body.EndArray();
  }
  body.EndObject();
  return std::move(body).Take();
}

int64_t LinesOf(const JsonValue& lines) {
  int64_t all = 0;
  for (const char* name : {"model", "mixed", "human", "unknown"}) {
    all += lines[name].Int().value_or(0);
  }
  return all;
}

std::string PercentOf(int64_t part, int64_t all) {
  if (all == 0) return "-";
  return fmt::format(
      "{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(all));
}

std::string CostCell(const JsonValue& row) {
  const auto cost = row["micro_dollars_per_line"].Double();
  return cost ? fmt::format("${:.4f}", *cost / 1e6) : "-";
}

std::vector<std::string> SumCells(const JsonValue& row) {
  const JsonValue lines = row["lines"];
  const int64_t all = LinesOf(lines);
  const auto count = [&](const char* name) {
    return lines[name].Int().value_or(0);
  };
  std::vector<std::string> cells = {Grouped(all)};
  for (const char* name : {"model", "mixed", "human", "unknown"}) {
    cells.push_back(PercentOf(count(name), all));
  }
  cells.push_back(all == 0 ? "-" : ShareText(row["with_models"]));
  cells.push_back(EngineersText(row));
  const auto survival = row["survival"].Double();
  cells.push_back(survival ? fmt::format("{:.0f} %", *survival * 100) : "-");
  cells.push_back(Grouped(all - LinesOf(row["settled"])));
  const auto tokens = row["tokens_per_line"].Double();
  cells.push_back(tokens ? Grouped(static_cast<int64_t>(*tokens + 0.5)) : "-");
  cells.push_back(CostCell(row));
  return cells;
}

void PrintAdoption(const JsonDocument& report) {
  TextTable table;
  const auto by = report["by"].Elements();
  for (const JsonValue& name : by) {
    const std::string_view title = name.StringOrEmpty();
    table.Column(title == "person" ? "engineer" : std::string(title),
                 Align::kLeft);
  }
  if (by.empty()) table.Column("", Align::kLeft);
  for (const std::string& title :
       {std::string("lines"), std::string("model"), std::string("mixed"),
        std::string("human"), std::string("unknown"),
        std::string("with models"),
        fmt::format("engineers ≥ {} %", report["threshold"].Int().value_or(0)),
        std::string("alive 30d"), std::string("young"),
        std::string("tokens/line"), std::string("cost/line")}) {
    table.Column(title, Align::kRight);
  }
  const auto add = [&](std::vector<std::string> cells, const JsonValue& row) {
    for (std::string& cell : SumCells(row)) cells.push_back(std::move(cell));
    table.Row(std::move(cells));
  };
  const auto named = [&](std::string_view name) {
    std::vector<std::string> cells(std::max<size_t>(1, by.size()));
    cells.front() = name;
    return cells;
  };
  for (const JsonValue& row : report["rows"].Elements()) {
    std::vector<std::string> cells;
    for (const JsonValue& name : by) {
      const std::string_view value = row[name.StringOrEmpty()].StringOrEmpty();
      cells.emplace_back(value.empty() ? "(none)" : value);
    }
    add(std::move(cells), row);
  }
  if (report["folded"].present()) {
    add(named("(groups under 5)"), report["folded"]);
  }
  if (!by.empty()) table.Rule();
  add(named("total"), report["total"]);
  Print(table.Text());
  for (const std::string& line : AdoptionWords(report)) Say(line);
}

Result<std::string> PageOf(const Invocation& call, const Period& period,
                           const std::set<std::string>& repos,
                           console::Admin& admin) {
  AdoptionPage page;
  for (const char* by : {"month", "team", "repo", "engineer"}) {
    auto answer =
        admin.Call("POST", "adoption", BodyOf(call, period, repos, by));
    // Where people are not told apart, the page has no engineers.
    if (!answer.ok() && answer.error().code() == Code::kDenied &&
        std::string_view(by) == "engineer") {
      continue;
    }
    if (!answer.ok()) return std::move(answer).error();
    TRY_ASSIGN(JsonDocument report, JsonDocument::Parse(*answer));
    page.Add(by, std::move(report));
  }
  return page.Html();
}

Status CheckFlags(const Invocation& call) {
  if (call.json() && call.Has("--html")) {
    return Error(Code::kInvalid, "report adoption: either --json or --html");
  }
  const int64_t threads = call.Number("--threads").value_or(kThreadsUsual);
  if (threads < 1 || threads > kThreadsMax) {
    return Error(Code::kInvalid,
                 fmt::format("--threads: must be 1 to {}", kThreadsMax));
  }
  return {};
}

Result<int> Adoption(const Invocation& call) {
  TRY(CheckFlags(call));
  TRY_ASSIGN(const Period period, PeriodOf(call));
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  // What cannot be answered is said before anything is read.
  TRY(admin->Call("POST", "adoption",
                  BodyOf(call, period, {}, call.Text("--by"))));
  std::set<std::string> repos;
  if (!call.positionals().empty()) {
    TRY_ASSIGN(const auto known, OpenEvidence(call, *admin));
    for (const std::string& path : call.positionals()) {
      auto statement = ReadRepository(path, call, period, *known, *admin);
      if (!statement.ok()) {
        return std::move(statement).error().Within("report adoption");
      }
      repos.insert(statement->repo);
      TRY(Record(*statement, period, *admin));
    }
  }
  if (call.Has("--html")) {
    TRY_ASSIGN(const std::string html, PageOf(call, period, repos, *admin));
    TRY(admin->Close());
    const std::string file = call.Text("--html");
    TRY(WriteFileAtomically(file, html, 0600));
    Say(fmt::format("Written to {}.", file));
    return 0;
  }
  TRY_ASSIGN(const std::string answer,
             admin->Call("POST", "adoption",
                         BodyOf(call, period, repos, call.Text("--by"))));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(const JsonDocument report, JsonDocument::Parse(answer));
  PrintAdoption(report);
  return 0;
}

}  // namespace

std::vector<Command> AdoptionCommands() {
  return {
      {"report adoption",
       "tell how much of the committed code is written with models, what of it "
       "survives and what that cost",
       {{"REPO", Count::kAny,
         "repositories whose main branches are read and recorded; without one, "
         "what was recorded before"}},
       {{"--since", Takes::kText,
         "first day of commits (default: five months before this one)"},
        {"--until", Takes::kText, "last day (default: today)"},
        {"--by", Takes::kText,
         "names with commas between, of engineer, team, repo, month"},
        {"--threshold", Takes::kNumber,
         "percent of their lines that engineers write with models, for their "
         "share (default 75)"},
        {"--branch", Takes::kText,
         "the main branch (default: origin/HEAD's, main, master or HEAD)"},
        {"--html", Takes::kText, "write a page with charts to this file"},
        {"--threads", Takes::kNumber, "threads that blame, 1 to 8 (default 2)"},
        {"--json", Takes::kNothing, "print JSON"}},
       false,
       Adoption},
  };
}

}  // namespace cofferdam::cli
