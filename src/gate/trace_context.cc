#include "gate/trace_context.h"

#include "base/encoding.h"

namespace cofferdam::gate {
namespace {

bool IsLowerHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string TraceContext::Header() const {
  return "00-" + trace_id + "-" + span_id + "-" + flags;
}

std::optional<TraceContext> ReadTraceContext(std::string_view traceparent,
                                             Random& random) {
  constexpr size_t kSize = 55;
  if (traceparent.size() < kSize) return std::nullopt;
  std::string_view version = traceparent.substr(0, 2);
  std::string_view trace_id = traceparent.substr(3, 32);
  std::string_view parent_id = traceparent.substr(36, 16);
  std::string_view flags = traceparent.substr(53, 2);
  bool whole = traceparent.size() == kSize ||
               (version != "00" && traceparent[kSize] == '-');
  bool dashes =
      traceparent[2] == '-' && traceparent[35] == '-' && traceparent[52] == '-';
  if (!whole || !dashes || !IsLowerHex(version) || version == "ff" ||
      !IsLowerHex(trace_id) || IsZero(trace_id) || !IsLowerHex(parent_id) ||
      IsZero(parent_id) || !IsLowerHex(flags)) {
    return std::nullopt;
  }
  TraceContext context;
  context.trace_id = trace_id;
  context.parent_id = parent_id;
  context.flags = flags;
  if (version != "00") {
    // Of a later version only the flag that is known here: the last bit.
    bool sampled =
        std::string_view("13579bdf").find(flags[1]) != std::string_view::npos;
    context.flags = sampled ? "01" : "00";
  }
  uint8_t bytes[8];
  do {
    random.Fill(bytes);
    context.span_id = ToHex(bytes);
  } while (IsZero(context.span_id));
  return context;
}

}  // namespace cofferdam::gate
