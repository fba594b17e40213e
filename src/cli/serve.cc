#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/json.h"
#include "base/workers.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "console/server.h"
#include "console/stores.h"
#include "gate/gate.h"
#include "http/loop.h"

namespace cofferdam::cli {
namespace {

// What touches the disk for the gate and the console: a few threads, since
// the store behind them writes with one.
constexpr size_t kWorkerThreads = 4;
constexpr size_t kWorkerQueueMax = 1024;
constexpr int64_t kConsoleDrainMs = 5'000;

// SIGTERM and SIGINT are waited for, by this thread alone; a peer that closes
// is an error of a write, not a signal.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
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

Result<int> Serve(const Invocation& call) {
  TRY_ASSIGN(Config config, LoadConfigFor(call));
  TRY_ASSIGN(policy::TermsTable terms, LoadTerms(config));
  sigset_t signals = BlockSignals();
  const Logger logger(LogLevel::kInfo);
  const Clock& clock = SystemClock();

  // Destroyed last: ledger and workers call back into the loops.
  http::LoopPool loops(static_cast<size_t>(config.threads));
  TRY_ASSIGN(auto stores, console::Stores::Open(StoresOptionsOf(config), clock,
                                                SystemRandom(), logger));
  Workers workers(kWorkerThreads, kWorkerQueueMax);
  TRY_ASSIGN(auto gate,
             gate::Gate::Start(config.gate, {loops, workers, stores->policy(),
                                             stores->ledger(), terms, clock,
                                             SystemRandom(), logger}));
  TRY_ASSIGN(auto server, console::Server::Start(config.admin_listen, *stores,
                                                 loops, workers, clock));
  PrintReady(*gate, *server, config.data_folder);
  logger.Info("serving", {{"agents", gate->url()}, {"admin", server->url()}});

  int number = 0;
  sigwait(&signals, &number);
  logger.Info("draining", {{"signal", int64_t{number}}});
  size_t cut = gate->Drain();
  server->Drain(kConsoleDrainMs);
  loops.Stop();
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
