// Request lines: "METHOD PATH?QUERY". What is found can be told back from the
// path, and no name of a model needs decoding.

#include <algorithm>
#include <string>

#include "base/check.h"
#include "target.h"
#include "wire/endpoint.h"
#include "wire/model_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::wire::Endpoint;
  using cofferdam::wire::FindEndpoint;
  using cofferdam::wire::FindModelList;
  using cofferdam::wire::Protocol;
  using cofferdam::wire::ProtocolNear;
  std::string_view line = cofferdam::FuzzText(data, size);
  const size_t space = std::min(line.find(' '), line.size());
  const std::string_view method = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  const size_t mark = std::min(line.find('?'), line.size());
  const std::string_view path = line.substr(0, mark);
  const std::string_view query = line.substr(std::min(mark + 1, line.size()));
  FindModelList({.method = method, .path = path, .query = query});
  const auto near = ProtocolNear(path);
  const auto found = FindEndpoint(method, path, query);
  if (!found) return 0;
  CHECK(method == "POST" && near == found->protocol);
  CHECK(path.find('%') == std::string_view::npos);
  const bool is_gemini = found->protocol == Protocol::kGemini;
  CHECK(found->model.empty() == !is_gemini);
  CHECK(found->model.size() <= Endpoint::kModelBytesMax);
  CHECK(!found->array_form || found->stream);
  CHECK(!found->stream || is_gemini);
  CHECK(!is_gemini ||
        path.find("/models/" + found->model + ":") != std::string_view::npos);
  return 0;
}
