#include "agent/engine/http_engine.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "agent/engine/answer_body.h"
#include "agent/engine/answer_pipe.h"
#include "agent/engine/answer_reader.h"
#include "agent/engine/engine_facts.h"
#include "agent/engine/fault_reader.h"
#include "agent/engine/request_body.h"
#include "base/json.h"
#include "http/client.h"
#include "http/loop.h"
#include "http/url.h"

namespace cofferdam::agent {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// After the answer's last word, for the end of its body; longer where usage
// may still come.
constexpr milliseconds kEndWait{500};
constexpr milliseconds kUsageWait{5'000};
// Of an answer to a question for facts.
constexpr size_t kFactBytesMax = size_t{4} << 20;

http::Task<Status> ReadInto(http::ClientPool& clients, http::Loop& loop,
                            const http::RequestHead& head,
                            std::string_view body, AnswerPipe& pipe) {
  CO_TRY_ASSIGN(auto exchange,
                co_await clients.Send(loop, head, body, &pipe.canceller()));
  pipe.SetHead(exchange->head());
  while (true) {
    CO_TRY_ASSIGN(const std::string_view piece, co_await exchange->Read());
    if (piece.empty()) co_return Status();
    co_await pipe.Push(loop, piece);
  }
}

// `pipe` outlives the caller, who has gone once it has seen the end.
http::Task<void> Carry(http::ClientPool& clients, http::Loop& loop,
                       const http::RequestHead& head, std::string_view body,
                       std::shared_ptr<AnswerPipe> pipe) {
  Status status = co_await ReadInto(clients, loop, head, body, *pipe);
  pipe->End(std::move(status));
}

// Where the API stands, from what the user gave.
std::string ApiPath(const http::Url& url, EngineApi api) {
  const std::string_view own =
      api == EngineApi::kChat ? "/chat/completions" : "/responses";
  if (url.base_path.ends_with(own)) return url.base_path;
  return fmt::format("{}{}", url.base_path.empty() ? "/v1" : url.base_path,
                     own);
}

// Where the API's own paths begin ("/v1"), and where the engine's others do.
struct Roots {
  std::string api;
  std::string engine;
};
Roots RootsOf(std::string_view api_path, EngineApi api) {
  Roots roots;
  roots.api = api_path.substr(
      0, api_path.size() - (api == EngineApi::kChat
                                ? std::string_view("/chat/completions")
                                : std::string_view("/responses"))
                               .size());
  roots.engine = roots.api;
  constexpr std::string_view kVersion = "/v1";
  if (roots.engine.ends_with(kVersion)) {
    roots.engine.resize(roots.engine.size() - kVersion.size());
  }
  return roots;
}

class HttpEngine : public Engine {
 public:
  HttpEngine(EngineOptions options, const http::Url& url)
      : options_(std::move(options)), url_(url) {
    const std::string path = ApiPath(url_, options_.api);
    roots_ = RootsOf(path, options_.api);
    head_.method = "POST";
    head_.target = path;
    http::Headers& headers = head_.headers;
    headers.Add("host", url_.authority());
    headers.Add("content-type", "application/json");
    headers.Add("accept", "text/event-stream, application/json");
    headers.Add("user-agent", "cofferdam-code");
    if (!options_.key.empty()) {
      headers.Add("authorization", "Bearer " + options_.key);
    }
    for (const auto& [name, value] : options_.headers) {
      headers.Set(name, value);
    }
  }

  ~HttpEngine() override {
    // Coroutines that still run refer to the clients.
    if (loops_) loops_->Stop();
  }

  const http::RequestHead& head() const { return head_; }

  Reply Complete(const EngineRequest& request, AnswerListener& listener,
                 std::stop_token stop) override {
    const auto reader = AnswerReader::Make(options_.api, listener);
    AnswerBuilder& so_far = reader->so_far();
    if (!body_) NameModel(stop);
    const std::string_view body = body_->Write(request);
    if (body.size() > kRequestBytesMax) {
      so_far.Fail({.kind = EngineFault::Kind::kContextTooLong,
                   .message = fmt::format("a request of {} bytes is longer "
                                          "than {}, and was not sent",
                                          body.size(), kRequestBytesMax)});
      return so_far.Take();
    }
    if (Status ready = Open(); !ready.ok()) {
      so_far.Fail({.kind = EngineFault::Kind::kBadRequest,
                   .message = ready.error().message()});
      return so_far.Take();
    }
    Ask(head_, body, *reader, stop);
    // Some say that the model stopped where they cut it off.
    EngineAnswer& answer = so_far.answer();
    const bool is_cut =
        request.output_tokens_max &&
        answer.usage.output_tokens >= *request.output_tokens_max;
    if (is_cut && answer.finish != Finish::kFiltered) {
      answer.finish = Finish::kLength;
    }
    return so_far.Take();
  }

  std::vector<std::string> Models(std::stop_token stop) override {
    if (!Open().ok()) return {};
    return AskModels(Asker(stop));
  }

  const EngineFacts& Facts(std::stop_token stop) override {
    if (facts_) return *facts_;
    EngineFacts facts;
    if (Open().ok()) facts = AskFacts(Asker(stop), options_.model);
    // A user who interrupts has not been told anything.
    if (stop.stop_requested()) return unknown_;
    facts_ = std::move(facts);
    return *facts_;
  }

 private:
  // How one request went, beside what its reader knows.
  struct Way {
    std::optional<http::ResponseHead> head;
    std::optional<Status> end;
    std::string error_body;
    bool stopped = false;
    // Ended by us since all had been said.
    bool enough = false;
  };

  // Some engines take no request without a model's name; where none was given,
  // the engine's own first is it.
  void NameModel(std::stop_token stop) {
    std::string model = options_.model;
    if (model.empty()) model = Facts(stop).model;
    body_.emplace(options_.api, std::move(model), options_.quirks);
  }

  Status Open() {
    if (clients_) return {};
    if (!loops_) loops_ = std::make_unique<http::LoopPool>(1);
    http::ClientOptions client;
    client.connect_timeout_ms = options_.connect_timeout_ms;
    client.first_byte_timeout_ms = options_.first_byte_timeout_ms;
    client.idle_timeout_ms = options_.idle_timeout_ms;
    client.idle_connections_max = 1;
    TRY_ASSIGN(
        clients_,
        http::ClientPool::Create(
            *loops_, http::Upstream::FromUrl(url_, options_.ca_file), client));
    return {};
  }

  std::shared_ptr<AnswerPipe> Start(const http::RequestHead& head,
                                    std::string_view body) {
    auto pipe = std::make_shared<AnswerPipe>();
    http::Loop& loop = loops_->at(0);
    loop.Spawn(Carry(*clients_, loop, head, body, pipe));
    return pipe;
  }

  // Closes the connection; the pipe's end follows.
  void Cancel(const std::shared_ptr<AnswerPipe>& pipe) {
    loops_->at(0).Post([pipe] { pipe->canceller().Cancel(); });
  }

  void Ask(const http::RequestHead& head, std::string_view body,
           AnswerReader& reader, std::stop_token stop) {
    const auto began = SteadyClock::now();
    const std::shared_ptr<AnswerPipe> pipe = Start(head, body);
    const std::stop_callback on_stop(stop, [&] { pipe->Wake(); });
    AnswerBody answer(reader);
    Way way;
    bool cancelled = false;
    while (!way.end) {
      const auto until = cancelled ? SteadyClock::time_point::max()
                                   : DeadlineOf(reader.so_far());
      AnswerPipe::Came came = pipe->Wait(until);
      if (came.head) way.head = std::move(came.head);
      if (came.end) way.end = std::move(came.end);
      if (!cancelled && stop.stop_requested()) way.stopped = true;
      if (!cancelled && !way.stopped) {
        if (came.empty()) way.enough = reader.so_far().ended();
        Take(came.bytes, &way, answer);
      }
      const bool enough = way.stopped || way.enough ||
                          reader.so_far().failed() ||
                          way.error_body.size() >= kErrorBytesMax;
      if (!cancelled && !way.end && enough) {
        cancelled = true;
        Cancel(pipe);
      }
    }
    Judge(began, way, answer, reader.so_far());
  }

  static SteadyClock::time_point DeadlineOf(const AnswerBuilder& so_far) {
    if (!so_far.ended()) return SteadyClock::time_point::max();
    return SteadyClock::now() + (so_far.done() ? kEndWait : kUsageWait);
  }

  static bool IsFine(const Way& way) {
    return way.head && way.head->status >= 200 && way.head->status < 300;
  }

  static void Take(std::string_view bytes, Way* way, AnswerBody& answer) {
    if (bytes.empty()) return;
    if (IsFine(*way)) {
      answer.Feed(bytes);
    } else {
      way->error_body +=
          bytes.substr(0, kErrorBytesMax - way->error_body.size());
    }
  }

  // What came of it, once it is over.
  void Judge(SteadyClock::time_point began, const Way& way, AnswerBody& answer,
             AnswerBuilder& so_far) {
    using Kind = EngineFault::Kind;
    if (way.head) {
      so_far.answer().exchange =
          way.head->headers.GetOrEmpty("x-cofferdam-exchange");
    }
    if (way.stopped) {
      so_far.Fail({.kind = Kind::kCancelled, .message = "interrupted"});
    } else if (way.head && !IsFine(way)) {
      so_far.Fail(
          FaultOfStatus(way.head->status, way.head->headers, way.error_body));
    } else if (!way.enough && !so_far.failed() && !way.end->ok()) {
      if (!so_far.ended()) so_far.Fail(Lost(began, way));
    } else if (!so_far.failed()) {
      answer.End();
      if (!so_far.failed() && !so_far.ended()) JudgeUnmarked(so_far);
    }
    if (so_far.ended()) marks_ends_ = true;
  }

  // A body that ended as it should, while nothing said that the answer had.
  // Mostly a proxy that hides a lost stream; an engine that never says so is
  // believed the second time.
  void JudgeUnmarked(AnswerBuilder& so_far) {
    if (!marks_ends_ && std::exchange(was_unmarked_, true)) return;
    so_far.Fail({.kind = EngineFault::Kind::kDropped,
                 .message = "the answer broke off: nothing marked its end"});
  }

  EngineFault Lost(SteadyClock::time_point began, const Way& way) const {
    using Kind = EngineFault::Kind;
    const Error& error = way.end->error();
    EngineFault fault;
    fault.message = error.message();
    if (way.head) {
      fault.kind =
          error.code() == Code::kDeadline ? Kind::kStalled : Kind::kDropped;
      return fault;
    }
    const bool waited = SteadyClock::now() - began >=
                        milliseconds(options_.first_byte_timeout_ms);
    switch (error.code()) {
      case Code::kDeadline:
        fault.kind = waited ? Kind::kStalled : Kind::kUnreachable;
        break;
      case Code::kCorrupt:
        fault.kind = Kind::kBadAnswer;
        break;
      case Code::kDenied:
      case Code::kInvalid:
        fault.kind = Kind::kBadRequest;
        break;
      default:
        fault.kind = Kind::kUnreachable;
        break;
    }
    return fault;
  }

  // For questions that belong together, before one deadline.
  AskEngine Asker(std::stop_token stop) {
    const auto deadline =
        SteadyClock::now() + milliseconds(options_.facts_timeout_ms);
    return
        [this, stop, deadline](std::string_view method, std::string_view target,
                               std::string_view body) {
          return Fetch(method, target, body, deadline, stop);
        };
  }

  // The body of an answer with status 200; none for anything else.
  std::optional<std::string> Fetch(std::string_view method,
                                   std::string_view target,
                                   std::string_view body,
                                   SteadyClock::time_point deadline,
                                   std::stop_token stop) {
    if (SteadyClock::now() >= deadline || stop.stop_requested()) return {};
    http::RequestHead head = head_;
    head.method = method;
    head.target = roots_.engine + std::string(target);
    if (target == kModelsTarget) head.target = roots_.api + "/models";
    head.headers.Set("accept", "application/json");
    const std::shared_ptr<AnswerPipe> pipe = Start(head, body);
    const std::stop_callback on_stop(stop, [&] { pipe->Wake(); });
    std::string all;
    std::optional<http::ResponseHead> got;
    bool cancelled = false;
    while (true) {
      AnswerPipe::Came came =
          pipe->Wait(cancelled ? SteadyClock::time_point::max() : deadline);
      if (came.head) got = std::move(came.head);
      all += came.bytes;
      if (came.end) {
        if (cancelled || !came.end->ok() || !got || got->status != 200) {
          return {};
        }
        return all;
      }
      const bool late = SteadyClock::now() >= deadline;
      if (!cancelled &&
          (late || stop.stop_requested() || all.size() > kFactBytesMax)) {
        cancelled = true;
        Cancel(pipe);
      }
    }
  }

  const EngineOptions options_;
  const http::Url url_;
  Roots roots_;
  http::RequestHead head_;
  std::optional<RequestBody> body_;
  std::unique_ptr<http::LoopPool> loops_;
  std::unique_ptr<http::ClientPool> clients_;
  std::optional<EngineFacts> facts_;
  const EngineFacts unknown_;
  bool marks_ends_ = false;
  bool was_unmarked_ = false;
};

}  // namespace

std::string_view EngineApiName(EngineApi api) {
  return api == EngineApi::kChat ? "chat" : "responses";
}

std::optional<EngineApi> ParseEngineApi(std::string_view name) {
  for (EngineApi api : {EngineApi::kChat, EngineApi::kResponses}) {
    if (name == EngineApiName(api)) return api;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Engine>> MakeEngine(const EngineOptions& options) {
  auto url = http::Url::Parse(options.url);
  if (!url.ok()) return std::move(url).error().Within("engine " + options.url);
  EngineOptions own = options;
  if (!own.quirks.extra.empty()) {
    auto extra = JsonDocument::Parse(own.quirks.extra);
    if (!extra.ok() || !extra->root().is_object()) {
      return Error(Code::kInvalid, "engine: extra must be a JSON object");
    }
    own.quirks.extra = JsonWriter().Value(extra->root()).text();
  }
  auto engine = std::make_unique<HttpEngine>(std::move(own), *url);
  std::string head;
  if (Status fit = http::AppendRequestHead(engine->head(), &head); !fit.ok()) {
    return std::move(fit).error().Within("engine " + options.url);
  }
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace cofferdam::agent
