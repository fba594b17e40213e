// What the gate costs: the same requests straight to a provider double and
// through the gate, in turns, in one run. The double and the gate are processes
// of their own; the gate checks keys, meters, and records durably, as always.

#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/json.h"
#include "benches/figures.h"
#include "benches/process.h"
#include "http/client.h"
#include "http/loop.h"
#include "http/server.h"
#include "http/url.h"

namespace cofferdam::bench {
namespace {

constexpr int kFrames = 64;

// --- The provider double ----------------------------------------------------

std::string StreamOf(uint64_t number) {
  std::string text = fmt::format(
      "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":"
      "{{\"id\":\"msg_{}\",\"type\":\"message\",\"role\":\"assistant\","
      "\"model\":\"bench-model\",\"content\":[],\"usage\":{{\"input_tokens\":"
      "1200,\"output_tokens\":1}}}}}}\n\n"
      "event: content_block_start\ndata: {{\"type\":\"content_block_start\","
      "\"index\":0,\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
      number);
  for (int i = 0; i < kFrames - 5; ++i) {
    text += fmt::format(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\","
        "\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"word {} of "
        "the answer \"}}}}\n\n",
        i);
  }
  text +=
      "event: content_block_stop\ndata: {\"type\":\"content_block_stop\","
      "\"index\":0}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
      "{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":180}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  return text;
}

std::string MessageOf(uint64_t number) {
  return fmt::format(
      "{{\"id\":\"msg_{}\",\"type\":\"message\",\"role\":\"assistant\","
      "\"model\":\"bench-model\",\"content\":[{{\"type\":\"text\",\"text\":"
      "\"Done.\"}}],\"stop_reason\":\"end_turn\",\"usage\":{{\"input_tokens\":"
      "1200,\"output_tokens\":5}}}}",
      number);
}

http::Task<void> Answer(http::ServerExchange& client,
                        std::atomic<uint64_t>* numbers) {
  auto body = co_await client.ReadBody(64 << 20);
  if (!body.ok()) co_return;
  uint64_t number = ++*numbers;
  bool stream = body->find("\"stream\":true") != std::string::npos;
  http::ResponseHead head;
  head.headers.Add("content-type",
                   stream ? "text/event-stream" : "application/json");
  if (!stream) {
    std::string text = MessageOf(number);
    Status sent = co_await client.Respond(std::move(head), text);
    static_cast<void>(sent);
    co_return;
  }
  // Frame by frame, as a provider writes them.
  std::string text = StreamOf(number);
  Status sent = co_await client.StartResponse(std::move(head), std::nullopt);
  for (size_t at = 0; at < text.size() && sent.ok();) {
    size_t end = text.find("\n\n", at) + 2;
    sent = co_await client.Write(std::string_view(text).substr(at, end - at));
    at = end;
  }
  if (sent.ok()) sent = co_await client.Finish();
}

int RunDouble() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  http::LoopPool loops(1);
  // Ids must differ from run to run of one ledger; each run has its own.
  std::atomic<uint64_t> numbers = 0;
  auto server = http::Server::Listen(
      loops, "127.0.0.1:0", {},
      [&](http::ServerExchange& client) { return Answer(client, &numbers); });
  if (!server.ok()) Fail(server.error().message());
  fmt::print("{}\n", (*server)->url());
  std::fflush(stdout);
  int number = 0;
  sigwait(&signals, &number);
  (*server)->Stop();
  return 0;
}

// --- The load ---------------------------------------------------------------

struct Load {
  int connections = 1;
  int requests = 1000;
  std::string body;
};

struct Measured {
  std::vector<double> total_us;
  std::vector<double> first_us;  // to the first byte of the body
  double seconds = 0;
  int failed = 0;

  void Add(const Measured& other) {
    total_us.insert(total_us.end(), other.total_us.begin(),
                    other.total_us.end());
    first_us.insert(first_us.end(), other.first_us.begin(),
                    other.first_us.end());
    seconds += other.seconds;
    failed += other.failed;
  }
};

struct Run {
  http::ClientPool* pool;
  const http::RequestHead* head;
  const Load* load;
  std::atomic<int> left;
  Measured measured;
  std::unique_ptr<std::latch> done;
};

http::Task<void> Send(http::Loop& loop, Run* run) {
  const Clock& clock = SystemClock();
  while (run->left.fetch_sub(1) > 0) {
    int64_t begin = clock.SteadyMicros();
    auto exchange = co_await run->pool->Send(loop, *run->head, run->load->body);
    bool ok = exchange.ok() && (*exchange)->head().status == 200;
    int64_t first = 0;
    while (ok) {
      auto piece = co_await (*exchange)->Read();
      ok = piece.ok();
      if (first == 0) first = clock.SteadyMicros();
      if (!ok || piece->empty() || (*exchange)->complete()) break;
    }
    if (!ok) {
      ++run->measured.failed;
      continue;
    }
    run->measured.total_us.push_back(
        static_cast<double>(clock.SteadyMicros() - begin));
    run->measured.first_us.push_back(static_cast<double>(first - begin));
  }
  run->done->count_down();
}

Measured Drive(const std::string& url, const std::string& key,
               const Load& load) {
  http::LoopPool loops(1);
  auto parsed = http::Url::Parse(url);
  if (!parsed.ok()) Fail(parsed.error().message());
  auto pool = http::ClientPool::Create(
      loops, http::Upstream::FromUrl(*parsed, ""), http::ClientOptions{});
  if (!pool.ok()) Fail(pool.error().message());
  http::RequestHead head;
  head.method = "POST";
  head.target = "/v1/messages";
  head.headers.Add("content-type", "application/json");
  head.headers.Add("x-api-key", key);
  Run run{pool->get(), &head, &load, load.requests, {}, nullptr};
  run.done = std::make_unique<std::latch>(load.connections);
  int64_t begin = SystemClock().SteadyMicros();
  for (int i = 0; i < load.connections; ++i) {
    loops.at(0).Spawn(Send(loops.at(0), &run));
  }
  run.done->wait();
  run.measured.seconds =
      static_cast<double>(SystemClock().SteadyMicros() - begin) / 1e6;
  loops.Stop();
  return std::move(run.measured);
}

// --- The bench --------------------------------------------------------------

class GateBench {
 public:
  explicit GateBench(const Options& options)
      : options_(options),
        double_({"/proc/self/exe", "--double"}, folder_.path() + "/double.log"),
        gate_(StartGate()) {
    auto ready = JsonDocument::Parse(gate_->first_line());
    if (!ready.ok()) Fail("the gate's ready line: " + gate_->first_line());
    gate_url_ = (*ready)["agents"].StringOrEmpty();
    idle_bytes_ = gate_->ResidentBytes();
    Command({"person", "add", "bench@example.com", "--team", "bench"});
    key_ = Command({"key", "create", "--person", "bench@example.com"});
    key_.erase(key_.find_last_not_of('\n') + 1);
  }

  int Main() {
    Compare("c1", {1, Count(4000), Body(2'000, false)});
    Compare("c64", {64, Count(40'000), Body(2'000, false)});
    Compare("stream_c1", {1, Count(1500), Body(2'000, true)});
    Compare("prompt_300k_c1", {1, Count(600), Body(300'000, false)});
    CheckRecords();
    Add("memory_idle", static_cast<double>(idle_bytes_) / (1 << 20), "MiB");
    Add("memory_after", static_cast<double>(gate_->ResidentBytes()) / (1 << 20),
        "MiB");
    PrintFigures("gate", "direct to the provider double", figures_, options_);
    return 0;
  }

 private:
  std::unique_ptr<Process> StartGate() {
    std::string config = folder_.path() + "/cofferdam.toml";
    WriteFile(config, fmt::format("[gate]\nlisten = \"127.0.0.1:0\"\n"
                                  "admin = \"127.0.0.1:0\"\n"
                                  "[contract.bench]\nclass = \"allow\"\n"
                                  "[upstream.bench]\n"
                                  "protocol = \"anthropic-messages\"\n"
                                  "url = \"{}\"\ncontract = \"bench\"\n",
                                  double_.first_line()));
    return std::make_unique<Process>(
        std::vector<std::string>{CofferdamBinary(), "serve", "--config", config,
                                 "--data", folder_.path() + "/data"},
        folder_.path() + "/gate.log");
  }

  std::string Command(std::vector<std::string> words) {
    words.insert(words.begin(), CofferdamBinary());
    words.insert(words.end(), {"--data", folder_.path() + "/data", "--config",
                               folder_.path() + "/cofferdam.toml"});
    return Output(words);
  }

  int Count(int full) const { return options_.quick ? full / 20 : full; }

  static std::string Body(size_t bytes, bool stream) {
    std::string text;
    while (text.size() < bytes) text += "Please look at line 17 of the file. ";
    return fmt::format(
        "{{\"model\":\"bench-model\",\"max_tokens\":1000,\"stream\":{},"
        "\"messages\":[{{\"role\":\"user\",\"content\":\"{}\"}}]}}",
        stream ? "true" : "false", text);
  }

  void Add(std::string name, double value, std::string unit,
           Better better = Better::kLower,
           std::optional<double> target = std::nullopt) {
    figures_.push_back(
        {std::move(name), value, std::move(unit), better, target});
  }

  // Both in turns, so that a machine that slows down slows both.
  void Compare(const std::string& name, Load load) {
    constexpr int kTurns = 5;
    load.requests = std::max(load.connections, load.requests / kTurns);
    Measured direct;
    Measured gated;
    Drive(double_.first_line(), key_,
          {load.connections, load.connections * 4, load.body});
    Drive(gate_url_, key_, {load.connections, load.connections * 4, load.body});
    sent_ += static_cast<uint64_t>(load.connections) * 4;
    int64_t cpu = 0;
    for (int turn = 0; turn < kTurns; ++turn) {
      direct.Add(Drive(double_.first_line(), key_, load));
      int64_t before = gate_->CpuMicros();
      gated.Add(Drive(gate_url_, key_, load));
      cpu += gate_->CpuMicros() - before;
      sent_ += static_cast<uint64_t>(load.requests);
    }
    failed_ += gated.failed;
    double requests = static_cast<double>(load.requests) * kTurns;
    double direct_p50 = Percentile(&direct.total_us, 0.5);
    double gated_p50 = Percentile(&gated.total_us, 0.5);
    Add(name + "_direct_p50", direct_p50, "us");
    Add(name + "_added_p50", gated_p50 - direct_p50, "us");
    Add(name + "_added_p99",
        Percentile(&gated.total_us, 0.99) - Percentile(&direct.total_us, 0.99),
        "us");
    if (load.body.find("\"stream\":true") != std::string::npos) {
      Add(name + "_added_first_byte_p50",
          Percentile(&gated.first_us, 0.5) - Percentile(&direct.first_us, 0.5),
          "us");
    }
    Add(name + "_rate", requests / gated.seconds, "req/s", Better::kHigher);
    Add(name + "_rate_of_direct", direct.seconds / gated.seconds, "ratio",
        Better::kHigher);
    Add(name + "_gate_cpu", static_cast<double>(cpu) / requests, "us/req");
  }

  void CheckRecords() {
    std::string text = Command({"ledger", "stat", "--json"});
    auto stat = JsonDocument::Parse(text);
    if (!stat.ok()) Fail("ledger stat: " + text);
    int64_t recorded = (*stat)["exchanges"].Int().value_or(0);
    Add("requests_failed", failed_, "requests", Better::kLower, 0);
    Add("requests_unrecorded",
        static_cast<double>(static_cast<int64_t>(sent_) - recorded), "requests",
        Better::kLower, 0);
  }

  Options options_;
  TemporaryFolder folder_;
  Process double_;
  std::unique_ptr<Process> gate_;
  std::string gate_url_;
  std::string key_;
  int64_t idle_bytes_ = 0;
  uint64_t sent_ = 0;
  int failed_ = 0;
  std::vector<Figure> figures_;
};

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--double") == 0)
    return cofferdam::bench::RunDouble();
  signal(SIGPIPE, SIG_IGN);
  return cofferdam::bench::GateBench(cofferdam::bench::ParseOptions(argc, argv))
      .Main();
}
