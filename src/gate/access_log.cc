#include "gate/access_log.h"

#include "base/json.h"

namespace cofferdam::gate {
namespace {

// A path is the client's and may be long.
constexpr size_t kPathBytesMax = 256;

void NumberIfSet(std::string_view name, int64_t value, JsonWriter* json) {
  if (value != 0) json->Field(name, value);
}

}  // namespace

void WriteAccess(const AccessLine& line, LineWriter* log) {
  if (log == nullptr) return;
  JsonWriter json;
  json.BeginObject()
      .Field("time", line.time)
      .Field("event", "request")
      .Field("exchange", line.exchange)
      .Field("method", line.method)
      .Field("path", line.path.substr(0, kPathBytesMax))
      .FieldIfSet("peer", line.peer)
      .Field("status", line.status)
      .Field("outcome", line.outcome)
      .FieldIfSet("reason", line.reason)
      .FieldIfSet("upstream", line.upstream)
      .FieldIfSet("model", line.model)
      .FieldIfSet("person", line.person)
      .FieldIfSet("team", line.team)
      .FieldIfSet("tool", line.tool)
      .FieldIfSet("tool_version", line.tool_version);
  NumberIfSet("request_bytes", static_cast<int64_t>(line.request_bytes), &json);
  NumberIfSet("response_bytes", static_cast<int64_t>(line.response_bytes),
              &json);
  json.Field("micros", line.micros);
  NumberIfSet("first_byte_micros", line.first_byte_micros, &json);
  NumberIfSet("input_tokens", line.input_tokens, &json);
  NumberIfSet("output_tokens", line.output_tokens, &json);
  json.FieldIfSet("usage_source", line.usage_source)
      .FieldIfSet("trace_id", line.trace_id)
      .FieldIfSet("span_id", line.span_id)
      .EndObject();
  log->Write(json.text());
}

}  // namespace cofferdam::gate
