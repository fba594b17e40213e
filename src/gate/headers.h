#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gate/options.h"
#include "gate/trace_context.h"
#include "http/message.h"
#include "wire/refusal.h"

// What the gate does with each header: docs/formats/headers.md is the table.
namespace cofferdam::gate {

// The client's headers as the upstream gets them: without what concerns one
// connection, credentials and addresses; with the upstream's own credential.
// `trace` is what the client's traceparent was read as; without it neither that
// nor tracestate goes on.
http::Headers UpstreamHeaders(const http::Headers& client, UpstreamAuth auth,
                              std::string_view credential,
                              const std::optional<TraceContext>& trace = {});

// The upstream's headers as the client gets them.
http::Headers ClientHeaders(const http::Headers& upstream,
                            std::string_view exchange_id);

// The head of an answer of our own.
http::ResponseHead RefusalHead(const wire::Refusal& refusal);

// The target for the upstream: its base path before the client's target, the
// query parameter `key` taken out.
std::string UpstreamTarget(std::string_view base_path, std::string_view target);

}  // namespace cofferdam::gate
