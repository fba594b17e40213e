#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/endpoint.h"
#include "wire/request_media.h"
#include "wire/types.h"

namespace cofferdam::wire {

// What the gate needs of a request before it can forward it. Strings are as
// the client sent them, cut to RequestHead::kNameBytesMax.
struct RequestHead {
  static constexpr size_t kNameBytesMax = 256;

  std::string model;
  bool stream = false;
  // The client's bound on what it gets, positive and at most 2^50: max_tokens,
  // max_output_tokens, max_completion_tokens, maxOutputTokens; times the
  // number of answers it asks for (n, candidateCount). Where a request names
  // several, the greatest.
  std::optional<int64_t> output_tokens_max;
  // How many answers it asks for (n, candidateCount): a bound that the model or
  // contract sets counts for each.
  int64_t answers = 1;
  // How it wants to be served, which may cost more or less: service_tier, or
  // Anthropic's `speed` where that is "fast". Empty: as usual.
  std::string service_tier;
  // Prompts shall be kept in the provider's cache for an hour, not 5 minutes
  // (Anthropic).
  bool caches_1h = false;
  // What makes the input more than its bytes say.
  RequestMedia media;
  // The model may reason where the answer does not show it: Anthropic's
  // `thinking` is on; for the others, reasoning is not switched off (effort
  // "none", a thinking budget of 0), since many models reason unasked.
  bool may_reason_unseen = false;
  // Chat Completions only: stream_options.include_usage.
  bool include_usage = false;
  // The agent's own name for its session: session_id of Anthropic's
  // metadata.user_id (JSON text, or the older user_…_session_<uuid>),
  // prompt_cache_key of Responses. A claim of the client. Empty if unknown.
  std::string session_hint;
  // Responses only: the answer that this request continues.
  std::string previous_response_id;
  // Assistant turns in the request, numbered as ReadPrompt does.
  int64_t assistant_turns = 0;
};

// Reads the head of a request body: one pass of the JSON parser, one copy of
// the body. Gemini's model and streaming come from `endpoint`. kInvalid when
// the body is not a JSON object, has a member twice or names no model;
// kTooLarge when it nests deeper than JsonDocument reads. Lone surrogate
// escapes and numbers beyond 64 bits are no errors.
Result<RequestHead> ReadRequestHead(const Endpoint& endpoint,
                                    std::string_view body);

// One assistant turn that a client sent back as context.
struct PromptTurn {
  // Its number among the assistant turns of the prompt, from 0. A turn is one
  // assistant message, or one content of Gemini's role "model"; a Responses
  // turn is a run of output items without an input item between them.
  size_t number = 0;
  std::vector<Part> parts;
  // How many of Prompt::texts came before the turn ended: only those can it
  // have quoted, for later ones may show what it wrote.
  size_t texts_before = 0;
};

// Everything a model was given. Bounded by the body it was read from: texts
// together are at most four times its size.
struct Prompt {
  // Texts outside assistant turns, in order: system and instructions,
  // descriptions of tools, what the user said, results of tools (those of
  // server tools too, though they stand in an assistant turn). A text that is
  // JSON is followed by its strings, one whose lines are numbered (see
  // StripLineNumbers) by the same text without the numbers. No ids,
  // signatures or base64.
  std::vector<std::string> texts;
  // Turns without any part are left out, but keep their number.
  std::vector<PromptTurn> turns;
};

// Reads the whole body; errors as for ReadRequestHead. Parts are what Meter
// would have made of the same answer, so that ClaimText agrees.
Result<Prompt> ReadPrompt(Protocol protocol, std::string_view body);

// `text` without the line numbers that tools put before lines: runs of lines
// whose numbers grow, as Claude Code's Read ("   12→", "   12\t"), nl, cat -n
// ("12: ", "12|"), grep -n ("12:", "12-", "path:12:") print them. Blank lines
// do not end a run; other lines stay as they are. None when there is no run.
std::optional<std::string> StripLineNumbers(std::string_view text);

}  // namespace cofferdam::wire
