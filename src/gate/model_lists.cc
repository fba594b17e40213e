#include "gate/model_lists.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/ulid.h"
#include "gate/access_log.h"
#include "gate/headers.h"
#include "gate/identity.h"
#include "wire/refusal.h"

namespace cofferdam::gate {
namespace {

constexpr size_t kListBytesMax = size_t{8} << 20;

using Shape = wire::ModelListShape;

bool Lists(Shape shape, wire::Protocol protocol) {
  switch (shape) {
    case Shape::kAnthropic:
      return protocol == wire::Protocol::kAnthropicMessages;
    case Shape::kOpenAi:
      return protocol == wire::Protocol::kOpenAiResponses ||
             protocol == wire::Protocol::kOpenAiChat;
    case Shape::kCodex:
      return protocol == wire::Protocol::kOpenAiResponses;
    case Shape::kGemini:
      return protocol == wire::Protocol::kGemini;
  }
  return false;
}

wire::Protocol ProtocolOf(Shape shape) {
  switch (shape) {
    case Shape::kAnthropic:
      return wire::Protocol::kAnthropicMessages;
    case Shape::kOpenAi:
    case Shape::kCodex:
      return wire::Protocol::kOpenAiResponses;
    case Shape::kGemini:
      return wire::Protocol::kGemini;
  }
  return wire::Protocol::kOpenAiResponses;
}

bool IsGlob(const std::string& name) {
  return name.find('*') != std::string::npos;
}

bool NamesItsModels(const UpstreamOptions& options) {
  return !std::any_of(options.models.begin(), options.models.end(), IsGlob);
}

std::vector<wire::ListedModel> Named(
    const std::vector<const Upstream*>& upstreams) {
  std::vector<wire::ListedModel> models;
  for (const Upstream* upstream : upstreams) {
    for (const std::string& name : upstream->options().models) {
      if (IsGlob(name)) continue;
      wire::ListedModel model;
      model.id = name;
      model.owner = upstream->options().provider;
      models.push_back(std::move(model));
    }
  }
  return models;
}

}  // namespace

std::optional<Shape> ModelLists::ShapeOf(const http::RequestHead& request) {
  wire::ModelListRequest asked;
  asked.method = request.method;
  asked.path = request.path();
  asked.query = request.query();
  asked.anthropic_version = request.headers.GetOrEmpty("anthropic-version");
  asked.x_goog_api_key = request.headers.GetOrEmpty("x-goog-api-key");
  return wire::FindModelList(asked);
}

http::Task<void> ModelLists::Handle(
    http::ServerExchange& client, Shape shape,
    std::shared_ptr<const Routes> routes) const {
  const int64_t begun = rooms_.clock.WallMicros();
  Result<Reply> reply = co_await Answer(client, shape, *routes);
  if (!reply.ok()) {
    wire::RefusalFor reader;
    reader.protocol = ProtocolOf(shape);
    reader.agent = wire::AgentOf(ToolOf(client.request().headers));
    wire::Refusal refusal = wire::MakeRefusal(
        reader, reply.error(),
        UlidGenerator(rooms_.clock, rooms_.random).Next().ToString());
    Reply refused;
    refused.head = RefusalHead(refusal);
    refused.body = std::move(refusal.body);
    reply = std::move(refused);
  }
  const std::string time = FormatTime(begun);
  AccessLine line;
  line.time = time;
  line.method = client.request().method;
  line.path = client.request().path();
  line.peer = client.peer();
  line.status = reply->head.status;
  line.outcome = reply->head.status < 400 ? "listed" : "refused";
  line.upstream = reply->upstream;
  line.response_bytes = reply->body.size();
  line.micros = rooms_.clock.WallMicros() - begun;
  WriteAccess(line, rooms_.access_log);
  Status sent = co_await client.Respond(std::move(reply->head), reply->body);
  static_cast<void>(sent);  // a client that has gone needs no answer
}

http::Task<Result<ModelLists::Reply>> ModelLists::Answer(
    http::ServerExchange& client, Shape shape, const Routes& routes) const {
  CO_TRY_ASSIGN(std::string credential, ReadCredential(client.request()));
  CO_TRY(rooms_.policy.directory()->Authenticate(credential,
                                                 rooms_.clock.WallMicros()));
  std::vector<const Upstream*> upstreams;
  for (const auto& routed : routes.upstreams()) {
    if (Lists(shape, routed->upstream().options().protocol)) {
      upstreams.push_back(&routed->upstream());
    }
  }
  if (upstreams.size() == 1 && !NamesItsModels(upstreams[0]->options())) {
    co_return co_await Ask(client, *upstreams[0]);
  }
  Reply reply;
  reply.head.headers.Add("content-type", "application/json");
  reply.body = wire::RenderModelList(shape, Named(upstreams));
  co_return reply;
}

http::Task<Result<ModelLists::Reply>> ModelLists::Ask(
    http::ServerExchange& client, const Upstream& upstream) const {
  CO_TRY_ASSIGN(Credential::Value credential,
                co_await upstream.credential().Get(client.loop()));
  http::Canceller canceller;
  client.OnClientGone([&canceller] { canceller.Cancel(); });
  http::RequestHead head;
  head.method = client.request().method;
  head.target = UpstreamTarget(upstream.base_path(), client.request().target);
  head.headers = UpstreamHeaders(client.request().headers,
                                 upstream.options().auth, *credential);
  CO_TRY_ASSIGN(auto exchange, co_await upstream.pool().Send(
                                   client.loop(), head, {}, &canceller));
  const int status = exchange->head().status;
  if (status >= 300 && status < 400) {
    co_return Error(Code::kUnavailable,
                    "upstream \"" + upstream.options().name +
                        "\" answered with a redirect, which is not followed");
  }
  Reply reply;
  reply.upstream = upstream.options().name;
  CO_TRY_ASSIGN(reply.body, co_await exchange->ReadAll(kListBytesMax));
  reply.head.status = status;
  reply.head.reason = exchange->head().reason;
  reply.head.headers = ClientHeaders(exchange->head().headers, {});
  co_return reply;
}

}  // namespace cofferdam::gate
