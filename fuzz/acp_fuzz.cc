// Messages of the Agent Client Protocol: however the bytes are cut, the lines
// are the same, and those of a reader that takes them whole; what is read of a
// line can be written as a line again.

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/acp/json_rpc.h"
#include "agent/acp/line_splitter.h"
#include "agent/acp/prompt_text.h"
#include "base/check.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

using Lines = std::vector<std::string>;
constexpr std::string_view kTooLong = "\n";

Lines ReadInPieces(std::string_view bytes, size_t piece, size_t bytes_max) {
  LineSplitter splitter(bytes_max);
  Lines lines;
  const LineSplitter::Sink sink = [&](LineSplitter::Line kind,
                                      std::string_view text) {
    lines.emplace_back(kind == LineSplitter::Line::kTooLong ? kTooLong : text);
  };
  while (!bytes.empty()) {
    // A copy of its own, so that a view kept too long is seen.
    const std::string copy(bytes.substr(0, piece));
    splitter.Feed(copy, sink);
    bytes.remove_prefix(copy.size());
  }
  splitter.End(sink);
  return lines;
}

Lines ReadPlainly(std::string_view bytes, size_t bytes_max) {
  Lines lines;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line.size() > bytes_max) {
      lines.emplace_back(kTooLong);
      continue;
    }
    const auto blank = [](char c) {
      return c == ' ' || c == '\t' || c == '\r';
    };
    while (!line.empty() && blank(line.front())) line.remove_prefix(1);
    while (!line.empty() && blank(line.back())) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

void CheckMessage(std::string_view line) {
  const RpcLine read = ReadRpcLine(line);
  if (const auto* request = std::get_if<RpcRequest>(&read.message)) {
    std::string params = "null";
    if (request->params.present())
      params = std::move(JsonWriter().Value(request->params)).Take();
    const std::string again =
        RpcRequestLine(request->id, request->method, params);
    CHECK(again.find('\n') == std::string::npos);
    const RpcLine second = ReadRpcLine(again);
    const auto* same = std::get_if<RpcRequest>(&second.message);
    CHECK(same != nullptr && same->id == request->id &&
          same->method == request->method);
    const auto text = PromptText(request->params["prompt"], "/repo");
    CHECK(!text.ok() || !text->empty());
  } else if (const auto* bad = std::get_if<RpcBadMessage>(&read.message)) {
    const std::string answer = RpcErrorLine(bad->id, bad->error);
    CHECK(answer.find('\n') == std::string::npos);
    CHECK_OK(JsonDocument::Parse(answer));
  }
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::agent::ReadInPieces;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  const auto lines = ReadInPieces(bytes, size, size);
  for (const size_t bytes_max : {size, size_t{16}}) {
    const auto plain = cofferdam::agent::ReadPlainly(bytes, bytes_max);
    for (size_t piece = 1; piece <= 5; ++piece)
      CHECK(ReadInPieces(bytes, piece, bytes_max) == plain);
  }
  for (const std::string& line : lines) cofferdam::agent::CheckMessage(line);
  return 0;
}
