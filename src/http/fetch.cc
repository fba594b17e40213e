#include <future>
#include <utility>

#include "http/client.h"

namespace cofferdam::http {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Task<Result<Response>> SendAndRead(ClientPool& clients, Loop& loop,
                                   const RequestHead& head,
                                   std::string_view body,
                                   const FetchOptions& options) {
  Canceller canceller;
  bool late = false;
  Timer timer(loop);
  timer.Start(options.timeout_ms, [&] {
    late = true;
    canceller.Cancel();
  });
  auto exchange = co_await clients.Send(loop, head, body, &canceller);
  if (!exchange.ok()) {
    if (!late) co_return std::move(exchange).error();
    co_return Error(Code::kDeadline, "no answer in time");
  }
  auto all = co_await (*exchange)->ReadAll(options.response_bytes_max);
  if (!all.ok()) {
    if (!late) co_return std::move(all).error();
    co_return Error(Code::kDeadline, "no whole answer in time");
  }
  co_return Response{(*exchange)->head(), *std::move(all)};
}

}  // namespace

Result<Response> Fetch(const std::string& server, const RequestHead& head,
                       std::string_view body, const FetchOptions& options) {
  Upstream upstream;
  RequestHead sent = head;
  if (server.starts_with(kUnixPrefix)) {
    upstream.transport = Upstream::Transport::kUnix;
    upstream.unix_path = server.substr(kUnixPrefix.size());
  } else {
    TRY_ASSIGN(const Url url, Url::Parse(server));
    upstream = Upstream::FromUrl(url, options.ca_file);
    sent.target = url.base_path + head.target;
  }
  LoopPool loops(1);
  ClientOptions client_options;
  client_options.idle_connections_max = 0;
  TRY_ASSIGN(std::unique_ptr<ClientPool> clients,
             ClientPool::Create(loops, upstream, client_options));

  std::promise<Result<Response>> answered;
  // The coroutine is a function of its arguments, so that nothing of a lambda
  // that has gone is used.
  constexpr auto kRun = [](ClientPool& pool, Loop& loop,
                           const RequestHead& request, std::string_view bytes,
                           const FetchOptions& how,
                           std::promise<Result<Response>>& out) -> Task<void> {
    auto response = co_await SendAndRead(pool, loop, request, bytes, how);
    out.set_value(std::move(response));
  };
  loops.at(0).Spawn(kRun(*clients, loops.at(0), sent, body, options, answered));
  auto response = answered.get_future().get();
  loops.Stop();
  return response;
}

}  // namespace cofferdam::http
