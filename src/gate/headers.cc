#include "gate/headers.h"

#include <algorithm>
#include <initializer_list>

namespace cofferdam::gate {
namespace {

std::string Lower(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsOneOf(std::string_view name,
             std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool StartsWithOneOf(std::string_view name,
                     std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view p) { return name.starts_with(p); });
}

bool DroppedOnTheWayIn(std::string_view name) {
  return IsOneOf(name, {"http2-settings",
                        "content-length",
                        "host",
                        "authorization",
                        "x-api-key",
                        "api-key",
                        "x-goog-api-key",
                        "proxy-authorization",
                        "cookie",
                        "cookie2",
                        "forwarded",
                        "x-real-ip",
                        "x-client-ip",
                        "true-client-ip",
                        "cf-connecting-ip",
                        "via",
                        "x-codex-turn-metadata",
                        "traceparent",
                        "accept-encoding",
                        "expect",
                        "origin",
                        "referer"}) ||
         StartsWithOneOf(
             name, {"x-cofferdam-", "x-forwarded-", "x-original-", "sec-"});
}

bool DroppedOnTheWayOut(std::string_view name) {
  return IsOneOf(name, {"content-length", "proxy-authenticate", "set-cookie",
                        "set-cookie2", "alt-svc", "strict-transport-security",
                        "public-key-pins"}) ||
         name.starts_with("x-cofferdam-");
}

}  // namespace

http::Headers UpstreamHeaders(const http::Headers& client, UpstreamAuth auth,
                              std::string_view credential,
                              const std::optional<TraceContext>& trace) {
  http::Headers end_to_end = client;
  http::RemoveHopByHop(&end_to_end);
  http::Headers headers;
  for (http::Headers::Field field : end_to_end) {
    const std::string name = Lower(field.name);
    if (DroppedOnTheWayIn(name)) continue;
    if (name == "tracestate" && !trace) continue;
    headers.Add(field.name, field.value);
  }
  if (trace) headers.Add("traceparent", trace->Header());
  headers.Add("accept-encoding", "identity");
  if (credential.empty()) return headers;
  if (auth == UpstreamAuth::kBearer) {
    std::string value = "Bearer ";
    value += credential;
    headers.Add("authorization", value);
  } else {
    headers.Add(UpstreamAuthName(auth), credential);
  }
  return headers;
}

http::Headers ClientHeaders(const http::Headers& upstream,
                            std::string_view exchange_id) {
  http::Headers end_to_end = upstream;
  http::RemoveHopByHop(&end_to_end);
  http::Headers headers;
  for (http::Headers::Field field : end_to_end) {
    if (DroppedOnTheWayOut(Lower(field.name))) continue;
    headers.Add(field.name, field.value);
  }
  if (!exchange_id.empty()) headers.Add("x-cofferdam-exchange", exchange_id);
  return headers;
}

http::ResponseHead RefusalHead(const wire::Refusal& refusal) {
  http::ResponseHead head;
  head.status = refusal.status;
  head.headers.Add("content-type", refusal.content_type);
  for (const auto& [name, value] : refusal.headers) {
    head.headers.Add(name, value);
  }
  return head;
}

std::string UpstreamTarget(std::string_view base_path, std::string_view asked) {
  const size_t path_end = std::min(asked.find('?'), asked.size());
  std::string target(base_path);
  target += asked.substr(0, path_end);
  char separator = '?';
  std::string_view query = asked.substr(std::min(path_end + 1, asked.size()));
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair == "key" || pair.starts_with("key=")) continue;
    target += separator;
    target += pair;
    separator = '&';
  }
  return target;
}

}  // namespace cofferdam::gate
