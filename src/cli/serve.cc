#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/line_writer.h"
#include "base/workers.h"
#include "cli/account_serving.h"
#include "cli/commands.h"
#include "cli/config_watch.h"
#include "cli/context.h"
#include "cli/law_file.h"
#include "console/history_intake.h"
#include "console/publisher.h"
#include "console/server.h"
#include "console/stores.h"
#include "evidence/label_index.h"
#include "gate/gate.h"
#include "http/loop.h"

namespace cofferdam::cli {
namespace {

// What touches the disk for the gate and the console: a few threads, since
// the store behind them writes with one.
constexpr size_t kWorkerThreads = 4;
constexpr size_t kWorkerQueueMax = 1024;
constexpr int64_t kConsoleDrainMs = 5'000;
// Between two looks at the configuration's files.
constexpr timespec kWatchEvery = {1, 0};

// Signals are waited for, by this thread alone; a peer that closes is an error
// of a write, not a signal.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A stream takes two descriptors; systems give a process few at first.
void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  // As many as we get.
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

void PrintReady(const gate::Gate& gate, const console::Server& server,
                const std::string& folder) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(folder, error).string();
  JsonWriter json;
  json.BeginObject()
      .Field("ready", true)
      .Field("agents", gate.url())
      .Field("admin", server.url())
      .Field("socket", console::SocketPath(absolute))
      .Field("data", absolute)
      .Field("pid", int64_t{getpid()})
      .EndObject();
  PrintLine(json.text());
  std::fflush(stdout);
}

// Takes up changes of the configuration while the gate runs.
class Reloader {
 public:
  Reloader(const Invocation& call, Config config, gate::Gate& gate,
           console::Stores& stores, policy::SingleSignOn& sso,
           const Logger& logger)
      : call_(call),
        running_(std::move(config)),
        law_(running_.gate.law),
        watch_(running_),
        gate_(gate),
        stores_(stores),
        sso_(sso),
        logger_(logger) {}

  bool Changed() { return watch_.Changed(); }

  void Reload() {
    Result<Config> config = LoadConfigFor(call_);
    Status taken = config.ok() ? TakeUp(&*config) : Status(config.error());
    if (taken.ok()) return;
    gate_.NoteBrokenReload();
    logger_.Error("config_not_taken_up",
                  {{"reason", taken.error().message()},
                   {"in_force", "the configuration from before"}});
  }

 private:
  Status TakeUp(Config* config) {
    TRY_ASSIGN(policy::TermsTable terms, LoadTerms(*config));
    config->gate.terms =
        std::make_shared<const policy::TermsTable>(std::move(terms));
    TRY_ASSIGN(config->gate.law, LoadLaw(*config, law_.get()));
    TRY_ASSIGN(Prices prices, PricesOf(*config));
    config->gate.prices = std::move(prices.table);
    config->gate.pricing = prices.pricing;
    TRY_ASSIGN(std::vector<std::string> later, gate_.Reload(config->gate));
    law_ = config->gate.law;
    stores_.policy().caps().SetDefault(config->person_month_dollars *
                                       policy::kMicrosPerDollar);
    Status priced = stores_.rollup().SetPricing(std::move(prices.pricing));
    if (!priced.ok()) {
      logger_.Error("usage_not_repriced",
                    {{"reason", priced.error().message()}});
    }
    stores_.SetContracts(std::make_shared<const console::Contracts>(
        console::Contracts{config->contracts, config->gate.terms}));
    sso_.SetOptions(config->sso);
    AddOnlyAtStart(*config, &later);
    std::string names;
    for (const std::string& name : later) {
      names += names.empty() ? name : ", " + name;
    }
    logger_.Info("config_taken_up", {{"file", config->file},
                                     {"law", law_->version()},
                                     {"at_next_start", names}});
    watch_.Watch(*config);
    return {};
  }

  void AddOnlyAtStart(const Config& config,
                      std::vector<std::string>* names) const {
    auto compare = [&](std::string_view name, bool same) {
      if (!same) names->emplace_back(name);
    };
    compare("store.data", running_.data_folder == config.data_folder);
    compare("privacy.individuals", running_.individuals == config.individuals);
    compare("budget.person_month_dollars",
            running_.person_month_dollars == config.person_month_dollars);
    compare("alerts.webhook", running_.alerts_webhook == config.alerts_webhook);
    compare("gate.admin", running_.admin_listen == config.admin_listen);
    compare("gate.threads", running_.threads == config.threads);
    compare("gate.access_log", running_.access_log == config.access_log);
    compare("ledger.sync",
            running_.ledger_sync_each == config.ledger_sync_each);
    compare("ledger.sync_interval_ms",
            running_.ledger_sync_interval_ms == config.ledger_sync_interval_ms);
    compare("checkpoint.publish",
            running_.checkpoint_publish == config.checkpoint_publish);
    compare("checkpoint.every_s",
            running_.checkpoint_every_s == config.checkpoint_every_s);
    compare("ledger.pending_bytes_max", running_.ledger_pending_bytes_max ==
                                            config.ledger_pending_bytes_max);
  }

  const Invocation& call_;
  const Config running_;  // as it was at the start
  std::shared_ptr<const policy::Law> law_;
  ConfigWatch watch_;
  gate::Gate& gate_;
  console::Stores& stores_;
  policy::SingleSignOn& sso_;
  const Logger& logger_;
};

// Until a signal ends the server; which one.
int WaitForEnd(const sigset_t& signals, Reloader* reloader,
               const std::vector<LineWriter*>& logs) {
  while (true) {
    const int number = sigtimedwait(&signals, nullptr, &kWatchEvery);
    if (number == SIGHUP) {
      for (LineWriter* log : logs) {
        Status reopened = log->Reopen();
        static_cast<void>(reopened);  // lines go on to the old file
      }
      reloader->Reload();
    } else if (number > 0) {
      return number;
    } else if (reloader->Changed()) {
      reloader->Reload();
    }
  }
}

// Where access lines go; null for "off".
Result<LineWriter*> OpenAccessLog(const Config& config, LineWriter* stderr_log,
                                  std::unique_ptr<LineWriter>* file) {
  if (config.access_log == "off") return nullptr;
  if (config.access_log == "stderr") return stderr_log;
  TRY_ASSIGN(*file, LineWriter::ToFile(config.access_log));
  return file->get();
}

// Null where the configuration names no place to publish to.
std::unique_ptr<console::Publisher> StartPublisher(const Config& config,
                                                   console::Stores& stores,
                                                   const Logger& logger) {
  if (config.checkpoint_publish.empty()) return nullptr;
  console::PublisherOptions options;
  options.target = config.checkpoint_publish;
  options.every_s = config.checkpoint_every_s;
  return std::make_unique<console::Publisher>(
      std::move(options), stores.checkpoints(), SystemClock(), logger);
}

std::unique_ptr<policy::SingleSignOn> OpenSso(const Config& config,
                                              console::Stores& stores,
                                              const Logger& logger) {
  auto sso = std::make_unique<policy::SingleSignOn>(
      stores.policy(), SystemClock(), SystemRandom(), logger);
  sso->SetOptions(config.sso);
  return sso;
}

// Of the person whose key was shown, whatever the history says.
Result<std::string> TakeHistory(console::Stores& stores,
                                const policy::Principal& who,
                                std::string_view body) {
  auto json = JsonDocument::Parse(body);
  if (!json.ok()) return std::move(json).error().Within("request body");
  console::HistoryBearer bearer;
  bearer.person = who.person_id;
  bearer.team = who.team;
  bearer.key = who.key_id;
  return console::TakeHistories(stores, bearer, *json);
}

Result<int> Serve(const Invocation& call) {
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  config.gate.terms =
      std::make_shared<const policy::TermsTable>(std::move(terms));
  TRY_ASSIGN(config.gate.law, LoadLaw(config, nullptr));
  sigset_t signals = BlockSignals();
  RaiseDescriptorLimit();
  auto stderr_log = LineWriter::ToStderr();
  std::unique_ptr<LineWriter> access_file;
  TRY_ASSIGN(LineWriter* const access_log,
             OpenAccessLog(config, stderr_log.get(), &access_file));
  const Logger logger(LogLevel::kInfo, [&stderr_log](std::string_view line) {
    stderr_log->Write(line.substr(0, line.size() - 1));
  });
  const Clock& clock = SystemClock();

  // Destroyed last: ledger and workers call back into the loops.
  http::LoopPool loops(static_cast<size_t>(config.threads));
  std::unique_ptr<account::Webhook> webhook;  // outlives what warns
  TRY_ASSIGN(Prices prices, PricesOf(config));
  config.gate.prices = prices.table;
  config.gate.pricing = prices.pricing;
  TRY_ASSIGN(console::StoresOptions opening, StoresOptionsOf(config));
  opening.follow = account::Follow::kBackground;
  TRY_ASSIGN(auto stores,
             console::Stores::Open(opening, clock, SystemRandom(), logger));
  TRY(stores->OpenBook());
  TRY_ASSIGN(webhook, StartAlerts(config, *stores, clock, logger));
  Workers workers(kWorkerThreads, kWorkerQueueMax);
  auto sso = OpenSso(config, *stores, logger);
  TRY_ASSIGN(
      auto gate,
      gate::Gate::Start(
          config.gate,
          {loops, workers, stores->policy(), stores->ledger(), stores->book(),
           stores->holds(), clock, SystemRandom(), logger,
           evidence::LabelsFolder(config.data_folder), access_log, sso.get(),
           [&stores](const policy::Principal& who, std::string_view body) {
             return TakeHistory(*stores, who, body);
           }}));
  stores->policy().measures().SetKillListener(
      [&gate](const policy::Measure& measure) { gate->Kill(measure); });
  console::ServerOptions admin;
  admin.listen = config.admin_listen;
  auto publisher_owner = StartPublisher(config, *stores, logger);
  console::Publisher* const publisher = publisher_owner.get();
  admin.metrics = [&, publisher] {
    return gate->MetricsText() + AccountMetrics(*stores, webhook.get()) +
           (publisher ? publisher->MetricsText() : "");
  };
  admin.sso = sso.get();
  TRY_ASSIGN(auto server,
             console::Server::Start(admin, *stores, loops, workers, clock));
  PrintReady(*gate, *server, config.data_folder);
  logger.Info("serving", {{"agents", gate->url()}, {"admin", server->url()}});

  Reloader reloader(call, std::move(config), *gate, *stores, *sso, logger);
  std::vector<LineWriter*> logs;
  if (access_file) logs.push_back(access_file.get());
  const int number = WaitForEnd(signals, &reloader, logs);
  logger.Info("draining", {{"signal", int64_t{number}}});
  size_t cut = gate->Drain();
  server->Drain(kConsoleDrainMs);
  loops.Stop();
  publisher_owner.reset();
  sso.reset();
  Status closed = stores->Close();
  logger.Info("stopped", {{"exchanges_cut", static_cast<int64_t>(cut)}});
  TRY(closed);
  return 0;
}

}  // namespace

std::vector<Command> ServeCommands() {
  return {
      {"serve",
       "run the gate and the administration, and hold the stores",
       {},
       {},
       false,
       Serve},
  };
}

}  // namespace cofferdam::cli
