#include "wire/endpoint.h"

#include <algorithm>

namespace cofferdam::wire {
namespace {

struct PathRow {
  std::string_view path;
  Protocol protocol;
  Operation operation;
};

constexpr PathRow kPaths[] = {
    {"/v1/messages", Protocol::kAnthropicMessages, Operation::kGenerate},
    {"/v1/messages/count_tokens", Protocol::kAnthropicMessages,
     Operation::kCountTokens},
    {"/v1/responses", Protocol::kOpenAiResponses, Operation::kGenerate},
    {"/v1/chat/completions", Protocol::kOpenAiChat, Operation::kGenerate},
};

constexpr std::string_view kGeminiFolders[] = {"/v1beta/models/", "/v1/models/",
                                               "/v1alpha/models/"};

struct MethodRow {
  std::string_view name;
  Operation operation;
  bool stream;
};

constexpr MethodRow kGeminiMethods[] = {
    {"generateContent", Operation::kGenerate, false},
    {"streamGenerateContent", Operation::kGenerate, true},
    {"countTokens", Operation::kCountTokens, false},
};

bool IsModelName(std::string_view name) {
  return !name.empty() && name.size() <= Endpoint::kModelBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                  c == ':' || c == '@' || c == '+';
         });
}

// Whether the query asks for server-sent events; the first `alt` counts, as it
// does for Google's front ends.
bool AsksForEvents(std::string_view query) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    if (name == "alt" || name == "$alt") return pair.substr(equals) == "=sse";
  }
  return false;
}

std::optional<Endpoint> FindGemini(std::string_view path,
                                   std::string_view query) {
  for (std::string_view folder : kGeminiFolders) {
    if (!path.starts_with(folder)) continue;
    const std::string_view name = path.substr(folder.size());
    const size_t colon = name.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    for (const MethodRow& method : kGeminiMethods) {
      if (name.substr(colon + 1) != method.name) continue;
      if (!IsModelName(name.substr(0, colon))) return std::nullopt;
      Endpoint endpoint;
      endpoint.protocol = Protocol::kGemini;
      endpoint.operation = method.operation;
      endpoint.model = name.substr(0, colon);
      endpoint.stream = method.stream;
      endpoint.array_form = method.stream && !AsksForEvents(query);
      return endpoint;
    }
  }
  return std::nullopt;
}

// `path` is `folder` or lies in it.
bool IsWithin(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

std::optional<Endpoint> FindEndpoint(std::string_view method,
                                     std::string_view path,
                                     std::string_view query) {
  if (method != "POST") return std::nullopt;
  for (const PathRow& row : kPaths) {
    if (row.path != path) continue;
    Endpoint endpoint;
    endpoint.protocol = row.protocol;
    endpoint.operation = row.operation;
    return endpoint;
  }
  return FindGemini(path, query);
}

std::optional<Protocol> ProtocolNear(std::string_view path) {
  if (IsWithin(path, "/v1/messages")) return Protocol::kAnthropicMessages;
  if (IsWithin(path, "/v1/responses")) return Protocol::kOpenAiResponses;
  if (IsWithin(path, "/v1/chat") || IsWithin(path, "/v1/completions") ||
      IsWithin(path, "/v1/embeddings")) {
    return Protocol::kOpenAiChat;
  }
  if (IsWithin(path, "/v1beta") || IsWithin(path, "/v1alpha") ||
      IsWithin(path, "/v1beta1")) {
    return Protocol::kGemini;
  }
  // /v1/models/MODEL:method is Gemini's, /v1/models and /v1/models/MODEL are
  // OpenAI's.
  if (path.starts_with("/v1/models/") &&
      path.find(':') != std::string_view::npos) {
    return Protocol::kGemini;
  }
  if (IsWithin(path, "/v1/models")) return Protocol::kOpenAiChat;
  return std::nullopt;
}

}  // namespace cofferdam::wire
